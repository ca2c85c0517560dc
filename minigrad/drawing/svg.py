"""A laid-out diagram as SVG: text only, no fonts, no scripts, for light and dark."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from html import escape

from minigrad.drawing.diagram import Box, Diagram
from minigrad.drawing.layout import CHARACTER, LINE, PAD, Frame, Placed, Route, lay_out, size_of

__all__ = ["svg"]

EDGE = 14.0  # around everything
LEGEND = 30.0
serial = itertools.count(1)  # two pictures in one page must not share the id of their arrow

# What is where: background, frame, frame's edge, box, box's edge, parameter, its edge, text, quiet
# text, data, gradient, lines.
LIGHT = ("#ffffff", "#6366f10d", "#a5b4fc", "#ffffff", "#cbd5e1", "#eff6ff", "#93c5fd",
         "#0f172a", "#64748b", "#1d4ed8", "#c2410c", "#94a3b8")  # fmt: skip
DARK = ("#0f172a", "#818cf81a", "#6366f1", "#1e293b", "#475569", "#172554", "#3b82f6",
        "#f1f5f9", "#94a3b8", "#93c5fd", "#fdba74", "#64748b")  # fmt: skip

RULES = """\
{s} .paper{{fill:{0}}}
{s} .frame{{fill:{1};stroke:{2}}}
{s} .label{{fill:{8};font-weight:600;paint-order:stroke;stroke:{0};stroke-width:4px}}
{s} .box{{fill:{3};stroke:{4};stroke-width:1.2}}
{s} .leaf .box{{fill:{5};stroke:{6}}}
{s} .constant .box{{stroke-dasharray:4 3}}
{s} .result .box{{stroke:{7};stroke-width:2}}
{s} .title{{fill:{7};font-weight:600}}
{s} .shape{{fill:{8}}}
{s} .data{{fill:{9}}}
{s} .gradient{{fill:{10}}}
{s} .missing{{fill:{8};font-style:italic}}
{s} .edge{{fill:none;stroke:{11};stroke-width:1.4}}
{s} .arrow{{fill:{11}}}"""
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"


def svg(diagram: Diagram) -> str:
    """The diagram as an SVG document that also stands inside of HTML as it is."""
    name = f"minigrad-{next(serial)}"
    frame = lay_out(diagram)
    width = max(frame.width, 330.0) + 2 * EDGE
    height = frame.height + 2 * EDGE + LEGEND
    shift = (width - frame.width) / 2
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="img" '
            f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'font-family="{FONT}" font-size="12" xml:space="preserve">',
            f"<title>{escape(diagram.title)}</title>",
            f"<desc>{escape(description(diagram))}</desc>",
            f"<style>\n{style('.' + name)}\n</style>",
            arrow(name),
            '<rect class="paper" width="100%" height="100%" rx="10"/>',
            f'<g transform="translate({shift:.1f},{EDGE})">',
            *of_frame(frame, name),
            "</g>",
            *legend(diagram, height),
            "</svg>",
        ]
    )


def style(selector: str) -> str:
    light, dark = (RULES.format(*colours, s=selector) for colours in (LIGHT, DARK))
    fit = f"@media screen{{svg{selector}{{max-width:100%;height:auto}}}}"  # converters stumble here
    return f"{light}\n{fit}\n@media (prefers-color-scheme:dark){{\n{dark}\n}}"


def arrow(name: str) -> str:
    return (
        f'<defs><marker id="{name}-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="arrow" d="M0,0.5 L8,4 L0,7.5 Z"/></marker>'
        "</defs>"
    )


def description(diagram: Diagram) -> str:
    """For who cannot see it: every box, and where it leads."""
    following: dict[str, list[str]] = {}
    for source, target in diagram.edges:
        following.setdefault(source, []).append(diagram.boxes[target].title)
    return "; ".join(
        ", ".join(line.text for line in box.lines)
        + (f", to {' and '.join(following[box.id])}" if box.id in following else "")
        for box in diagram.boxes.values()
    )


def of_frame(frame: Frame, name: str) -> Iterator[str]:
    """What is in a frame: frames, then edges over them, then boxes."""
    for placed in frame.placed:
        if isinstance(placed.what, Frame):
            yield from of_inner(placed, placed.what, name)
    for route in frame.routes:
        yield of_route(route, name)
    for placed in frame.placed:
        if isinstance(placed.what, Box):
            yield from of_box(placed, placed.what)


def of_inner(placed: Placed, frame: Frame, name: str) -> Iterator[str]:
    yield f'<g transform="translate({placed.x:.1f},{placed.y:.1f})">'
    yield f'<rect class="frame" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="9"/>'
    yield from of_frame(frame, name)
    yield f'<text class="label" x="{PAD}" y="16">{escape(frame.label)}</text>'
    yield "</g>"


def of_route(route: Route, name: str) -> str:
    (x, y), *rest = route.points
    path = [f"M{x:.1f},{y:.1f}"]
    for a, b in rest:
        if max(abs(a - x), abs(b - y)) < 0.05:
            continue  # an end without a direction would turn the arrow to the right
        if abs(a - x) < 0.05:
            path.append(f"V{b:.1f}")
        else:
            half = (y + b) / 2
            path.append(f"C{x:.1f},{half:.1f} {a:.1f},{half:.1f} {a:.1f},{b:.1f}")
        x, y = a, b
    end = f' marker-end="url(#{name}-arrow)"' if route.ends else ""
    return f'<path class="edge" d="{"".join(path)}"{end}/>'


def of_box(placed: Placed, box: Box) -> Iterator[str]:
    yield (
        f'<g class="{box.kind}" data-box="{escape(box.id)}" '
        f'transform="translate({placed.x:.1f},{placed.y:.1f})">'
    )
    if box.more:
        yield f"<title>{escape(box.more)}</title>"
    width, height = size_of(box)
    yield f'<rect class="box" width="{width:.1f}" height="{height:.1f}" rx="7"/>'
    for i, line in enumerate(box.lines):
        y = PAD + 9 + i * LINE
        yield f'<text class="{line.role}" x="{PAD}" y="{y:.1f}">{escape(line.text)}</text>'
    yield "</g>"


def legend(diagram: Diagram, height: float) -> Iterator[str]:
    """What the colours say."""
    used = {line.role for box in diagram.boxes.values() for line in box.lines}
    x = EDGE
    for role, text in (
        ("data", "data"),
        ("gradient", "gradient"),
        ("missing", "gradient that is not there"),
    ):
        if role in used:
            yield f'<text class="{role}" x="{x:.0f}" y="{height - 12:.0f}">■ {text}</text>'
            x += (len(text) + 4) * CHARACTER
