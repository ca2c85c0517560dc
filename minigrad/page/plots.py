"""Curves and strips as SVG: the page's script moves a marker along the points that stand here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

from minigrad.page.markup import Markup, tag

__all__ = ["curves", "needs_logarithm", "series", "strip", "ticks"]

WIDTH, HEIGHT = 440.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 20.0, 12.0, 40.0
COLOURS = 8  # of lines; after them the same again, dashed


def needs_logarithm(row: Sequence[float]) -> bool:
    """Whether most of a curve would lie on the floor: none below 0, and most of them tiny."""
    return all(0 <= y < math.inf for y in row) and 1e4 * median(row) < max(row)


def curves(
    label: str, rows: Sequence[Sequence[float]], first: int, logarithmic: bool = False
) -> Markup:
    """A line for each row of numbers; the first of each belongs to training step `first`.

    `logarithmic` is for numbers that are not below 0: each line of the grid is ten times the one
    under it or more, and a 0 stands at the lower edge.
    """
    if logarithmic:
        rows = [[math.log10(y) if y else -math.inf for y in row] for row in rows]
    low, high = span([y for row in rows for y in row])
    steps = max((len(row) for row in rows), default=1)
    across = Scale(first, max(first + steps - 1, first + 1), LEFT, WIDTH - RIGHT)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP)
    return tag(
        "svg",
        *grid(up, logarithmic),
        *steps_axis(across),
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


def grid(up: Scale, logarithmic: bool) -> Iterator[Markup]:
    for y in ticks(up.low, up.high):
        if logarithmic and y != int(y):
            continue
        text, at = f"1e{y:.0f}" if logarithmic else f"{y:.4g}", up(y)
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{at:.1f}", y2=f"{at:.1f}", class_="grid")
        yield tag("text", text, x=LEFT - 6, y=f"{at + 4:.1f}", text_anchor="end")


def steps_axis(across: Scale) -> Iterator[Markup]:
    for x in ticks(across.low, across.high):
        if x == int(x):
            at = f"{across(x):.1f}"
            yield tag("text", f"{x:.0f}", x=at, y=HEIGHT - BOTTOM + 17, text_anchor="middle")
    middle = (across.start + across.end) / 2
    yield tag("text", "training step", x=middle, y=HEIGHT - 4, text_anchor="middle")


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
