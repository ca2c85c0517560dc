"""As much of SVG as a chart needs: elements, and scales of powers of ten."""

from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Any

__all__ = ["Scale", "circle", "line", "path", "rect", "text"]


@dataclass(frozen=True)
class Scale:
    """Where a value lies between two ends of a picture, by its logarithm.

    low, high  the smallest and the largest value
    begin, end where they are drawn
    """

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value."""
        share = log10(value / self.low) / log10(self.high / self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self, *steps: float) -> list[float]:
        """The powers of ten between the ends, times each of these steps, in their order."""
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        values = [step * 10.0**power for power in powers for step in steps]
        return [value for value in values if self.low <= value <= self.high]


def element(name: str, content: str | None = None, **attributes: Any) -> str:
    """An element; `kind` is its class, and an underscore in an attribute's name a hyphen."""
    attributes = {"class": attributes.pop("kind", None)} | attributes
    told = "".join(
        f' {key.replace("_", "-")}="{number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}/>" if content is None else f"<{name}{told}>{content}</{name}>"


def number(value: Any) -> str:
    """A value of an attribute; numbers with one digit behind the point."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, kind: str = "", anchor: str | None = None) -> str:
    """Words, beginning at a point or, with an anchor, ending or centred there."""
    return element("text", escape(words), x=x, y=y, kind=kind or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, kind=kind)


def rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, rx=2, kind=kind)


def circle(x: float, y: float, r: float, kind: str) -> str:
    """A circle."""
    return element("circle", cx=x, cy=y, r=r, kind=kind)


def path(points: list[tuple[float, float]], kind: str) -> str:
    """A line through points."""
    steps = " L ".join(f"{number(float(x))} {number(float(y))}" for x, y in points)
    return element("path", d=f"M {steps}", kind=kind)
