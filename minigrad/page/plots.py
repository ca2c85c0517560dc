"""Curves and strips as SVG: the page's script moves a marker along the points that stand here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from minigrad.page.markup import Markup, tag

__all__ = ["curves", "strip", "ticks"]

WIDTH, HEIGHT = 440.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 34.0
COLOURS = 8  # of lines; after them the same again, dashed


def curves(label: str, rows: Sequence[Sequence[float]], first: int) -> Markup:
    """A line for each row of numbers; the first of each belongs to training step `first`."""
    low, high = span([y for row in rows for y in row])
    steps = max((len(row) for row in rows), default=1)
    across = Scale(first, max(first + steps - 1, first + 1), LEFT, WIDTH - RIGHT)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP)
    return tag(
        "svg",
        *axes(across, up),
        *(line(i, row, first, across, up) for i, row in enumerate(rows)),
        *(tag("circle", r=4.5, class_=series(i)) for i in range(len(rows))),
        class_="plot",
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_label=label,
    )


class Scale:
    """From numbers to places on the paper; what is infinite or no number stands at the edge."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        known = self.high if math.isnan(value) else min(max(value, self.low), self.high)
        part = (known - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def span(values: Sequence[float]) -> tuple[float, float]:
    """From where to where an axis goes: over all finite numbers, and a little more."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    margin = 0.05 * (high - low) or abs(high) or 1.0
    return (0.0 if 0 <= low <= 0.2 * high else low - margin), high + margin


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    unit = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    return [n * unit for n in range(math.ceil(low / unit), math.floor(high / unit) + 1)]


def axes(across: Scale, up: Scale) -> Iterator[Markup]:
    for y in ticks(up.low, up.high):
        at = f"{up(y):.1f}"
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at, class_="grid")
        yield tag("text", f"{y:.4g}", x=LEFT - 6, y=f"{up(y) + 4:.1f}", text_anchor="end")
    for x in ticks(across.low, across.high):
        if x == int(x):
            at = f"{across(x):.1f}"
            yield tag("text", f"{x:.0f}", x=at, y=HEIGHT - BOTTOM + 16, text_anchor="middle")
    middle = (across.start + across.end) / 2
    yield tag("text", "training step", x=middle, y=HEIGHT - 3, text_anchor="middle")


def line(i: int, row: Sequence[float], first: int, across: Scale, up: Scale) -> Markup:
    points = " ".join(f"{across(first + n):.1f},{up(y):.1f}" for n, y in enumerate(row))
    return tag("polyline", points=points, class_=series(i))


def series(i: int) -> str:
    return f"series-{i % COLOURS}" + (" dashed" if i // COLOURS % 2 else "")


def strip(states: Sequence[str]) -> Markup:
    """A row of states over the steps, each of its own colour, which CSS gives by the name."""
    rects, at = [], 0
    for state, run in groupby(states):
        length = len(list(run))
        rects.append(tag("rect", x=at, width=length, height=1, class_=state))
        at += length
    return tag("svg", *rects, viewBox=f"0 0 {at} 1", preserveAspectRatio="none", aria_hidden="true")
