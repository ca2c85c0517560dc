"""Medians, spreads, and ratios that a drifting machine leaves alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, log, nan
from statistics import median

__all__ = ["Summary", "crossings", "ratio", "summary"]


@dataclass(frozen=True)
class Summary:
    """The middle of some numbers, and the quarters of them that lie below and above.

    low, high: half of the numbers lie between these two, the quartiles.
    """

    median: float
    low: float
    high: float

    @property
    def vague(self) -> bool:
        """Of a ratio, whether its spread is larger than its difference from 1.

        Both are measured as ratios are: half as much is as far from 1 as twice as much.
        """
        if min(self.low, self.median) <= 0:
            return True
        return log(self.high / self.low) > abs(log(self.median))


def summary(values: Sequence[float]) -> Summary:
    """Median and quartiles; of no values, three times nan."""
    if not values:
        return Summary(nan, nan, nan)
    ordered = sorted(values)
    return Summary(median(ordered), quantile(ordered, 0.25), quantile(ordered, 0.75))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The number below which this share of the numbers lies, on a line between its neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Summary:
    """How many times the one is the other, taken in each round by itself.

    A round is short, so that whatever slows the machine down slows both of its numbers.
    """
    pairs = zip(numerators, denominators, strict=True)
    return summary([n / d if d else inf for n, d in pairs])


def crossings(sizes: Sequence[float], ratios: Sequence[float]) -> list[float]:
    """The sizes at which a ratio passes 1, on lines between its points, log over log."""
    found = []
    for (size, r), (next_size, next_r) in pairwise(zip(sizes, ratios, strict=True)):
        if (r > 1) != (next_r > 1):
            share = log(r) / (log(r) - log(next_r))
            found.append(size * (next_size / size) ** share)
    return found
