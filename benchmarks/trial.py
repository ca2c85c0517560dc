"""A contestant that stands ready to run a problem, and how its cost is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.data import Array

__all__ = ["Laps", "Missing", "Step", "Trial", "wall"]

Step = Callable[..., Any]


class Missing(Exception):
    """A contestant that cannot run here, and why."""


def wall(step: Step, arguments: tuple[Any, ...], count: int) -> float:
    """The seconds that a step takes, of this many, by the clock on the wall."""
    begin = perf_counter()
    for _ in repeat(None, count):
        step(*arguments)
    return (perf_counter() - begin) / count


class Laps:
    """How the time of a step is shared among its parts."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.clear()

    def clear(self) -> None:
        """Forget the steps so far."""
        self.spent = [0.0] * len(self.names)
        self.count = 0

    def note(self, *times: float) -> None:
        """Take down a step: when it began, and when each part was done."""
        self.count += 1
        for i, (begin, end) in enumerate(pairwise(times)):
            self.spent[i] += end - begin

    def take(self) -> dict[str, float]:
        """The seconds that each part of a step takes; start again."""
        means = {n: s / max(self.count, 1) for n, s in zip(self.names, self.spent, strict=True)}
        self.clear()
        return means


@dataclass
class Trial:
    """A contestant that stands ready to run a problem.

    step       does what is measured, with `arguments`
    state      what there is to be checked after a step, by name, given what the step returned
    start      tells what of that was there before: the change is checked, not the sum
    begun      how many steps have been made already
    measure    the cost of a step, as the mean of so many
    once       a turn is one step, and needs no warming up: it is a process of its own
    """

    step: Step
    arguments: tuple[Any, ...] = ()
    state: Callable[[Any], Mapping[str, Array]] = lambda result: {}
    start: Callable[[], Mapping[str, Array]] = dict
    begun: int = 0
    measure: Callable[[Step, tuple[Any, ...], int], float] = wall
    laps: Laps = field(default_factory=Laps)
    once: bool = False

    def cost(self, count: int = 1) -> float:
        """The cost of a step, as the mean of this many."""
        return self.measure(self.step, self.arguments, count)
