"""Curves as SVG, made in Python alone: as much of a plot as a page of the course needs."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

__all__ = ["Plot", "plot"]

WIDTH, HEIGHT = 640.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 68.0, 620.0, 44.0, 288.0  # where the curves are drawn
LETTER = 7.3  # the width of a letter of the legend
CURVES = 5  # as many colours there are

# Background, lines of the grid, axes, text, and the curves.
LIGHT = ("#ffffff", "#e2e8f0", "#64748b", "#334155",
         "#1d4ed8", "#c2410c", "#15803d", "#7e22ce", "#64748b")  # fmt: skip
DARK = ("#0f172a", "#1e293b", "#94a3b8", "#cbd5e1",
        "#93c5fd", "#fdba74", "#86efac", "#d8b4fe", "#94a3b8")  # fmt: skip

Numbers = Sequence[float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """Where a value lies in the picture, between the places of the smallest and the largest."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (
            map(math.log10, (self.low, self.high, value))
            if self.log
            else (self.low, self.high, value)
        )
        return self.begin + (at - low) / (high - low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Some five round values between the ends; powers of ten on a logarithmic scale."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers[:: math.ceil(len(powers) / 7) or 1]]
        step = round_step((self.high - self.low) / 5)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def round_step(rough: float) -> float:
    """The next of 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** math.floor(math.log10(rough))
    return next((unit * round for round in (1, 2, 5) if unit * round >= rough), unit * 10)


@dataclass(frozen=True)
class Plot:
    """Curves over a plane. A notebook shows it; `save` writes it as an SVG file.

    curves  the points of each curve, by its name
    marks   single points, by what is written beside them
    dots    the names of the curves that are drawn as dots, one for each point
    x, y    what the axes are called
    log     whether y goes by powers of ten
    """

    curves: Mapping[str, Sequence[Point]]
    marks: Mapping[str, Point] = field(default_factory=dict)
    dots: Collection[str] = ()
    x: str = ""
    y: str = ""
    log: bool = False

    @property
    def svg(self) -> str:
        """The picture as an SVG document, for light and dark."""
        return "\n".join(
            [
                '<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" '
                f'width="{WIDTH:.0f}" height="{HEIGHT:.0f}" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" '
                'font-family="system-ui,sans-serif" font-size="13">',
                f"<title>{escape(', '.join(self.curves))}</title>",
                f"<style>\n{style()}\n</style>",
                '<rect class="paper" width="100%" height="100%" rx="10"/>',
                *self.elements(),
                "</svg>",
            ]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the SVG to a file."""
        Path(path).write_text(self.svg + "\n", encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<a plot of {', '.join(self.curves)}>"

    def scales(self) -> tuple[Scale, Scale]:
        """How far the axes reach: all points, and a little more in y."""
        points = [*self.marks.values(), *(p for curve in self.curves.values() for p in curve)]
        left, right = ends([x for x, _ in points])
        low, high = ends([y for _, y in points])
        if not self.log:
            low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)
        return Scale(left, right, LEFT, RIGHT), Scale(low, high, BOTTOM, TOP, self.log)

    def elements(self) -> Iterator[str]:
        across, up = self.scales()
        for value in across.ticks():
            yield line(across(value), TOP, across(value), BOTTOM, axis_or_grid(value))
            yield text(across(value), BOTTOM + 18, f"{value:g}", "middle")
        for value in up.ticks():
            yield line(LEFT, up(value), RIGHT, up(value), axis_or_grid(value))
            yield text(LEFT - 8, up(value) + 4, f"{value:g}", "end")
        yield text((LEFT + RIGHT) / 2, HEIGHT - 12, self.x, "middle")
        yield text(12, 26, self.y, "start")
        place = RIGHT - sum(32 + LETTER * len(name) for name in self.curves)
        for number, (name, points) in enumerate(self.curves.items()):
            kind = f"c{number % CURVES}"
            places = [(across(x), up(y)) for x, y in points]
            yield from dotted(places, kind) if name in self.dots else [path(places, kind)]
            yield line(place, 22, place + 16, 22, kind)
            yield text(place + 22, 26, name, "start")
            place += 32 + LETTER * len(name)
        for label, (x, y) in self.marks.items():
            yield f'<circle class="mark" cx="{across(x):.1f}" cy="{up(y):.1f}" r="5"/>'
            side, anchor = (-10, "end") if across(x) > (LEFT + RIGHT) / 2 else (10, "start")
            yield text(across(x) + side, up(y) - 9, label, anchor)


def plot(
    curves: Mapping[str, Numbers | tuple[Numbers, Numbers]],
    *,
    marks: Mapping[str, Point] | None = None,
    dots: Collection[str] = (),
    x: str = "",
    y: str = "",
    log: bool = False,
) -> Plot:
    """A plot of curves: for each name the values of y, over 0, 1, 2, ...; or a pair (xs, ys).

    marks  single points, by what is to be written beside them
    dots   the names of the curves to be drawn as dots, one for each point
    x, y   what the axes are called
    log    y by powers of ten: for losses
    """
    placed = {name: points(curve) for name, curve in curves.items()}
    return Plot(placed, marks or {}, dots, x, y, log)


def points(curve: Numbers | tuple[Numbers, Numbers]) -> list[Point]:
    xs, ys = curve if isinstance(curve, tuple) else (range(len(curve)), curve)
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def ends(values: Numbers) -> Point:
    """The smallest and the largest, apart from each other in any case."""
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def axis_or_grid(value: float) -> str:
    return "axis" if value == 0 else "grid"


def style() -> str:
    def rules(colours: Sequence[str]) -> str:
        paper, grid, axis, words, *curves = colours
        return "\n".join(
            [
                f".plot .paper{{fill:{paper}}} .plot text{{fill:{words}}}",
                f".plot .grid{{stroke:{grid}}} .plot .axis{{stroke:{axis}}}",
                f".plot .mark{{fill:{curves[1]};stroke:{paper};stroke-width:2}}",
                *(
                    f".plot .c{i}{{stroke:{colour};stroke-width:2.2;fill:none}}"
                    for i, colour in enumerate(curves)
                ),
            ]
        )

    return f"{rules(LIGHT)}\n@media (prefers-color-scheme:dark){{\n{rules(DARK)}\n}}"


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def path(places: Sequence[Point], kind: str) -> str:
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path class="{kind}" d="M{steps}" stroke-linejoin="round"/>'


def dotted(places: Sequence[Point], kind: str) -> list[str]:
    return [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places]
