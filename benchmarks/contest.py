"""The rules: who computes something else is not timed, and who is timed takes turns.

Every contestant makes some steps, and what they have changed is compared with the same steps of
hand-written NumPy in float64. Then all run round by round, each for a short turn, in an order
that shifts from round to round: a machine that is slow for a while is slow for all of them. A
round for warming up is not counted.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import nan
from textwrap import shorten
from time import perf_counter

import numpy as np

from benchmarks.data import Array
from benchmarks.trial import Missing, Trial

__all__ = ["Pace", "Row", "check", "compete"]

STEPS = 3  # that are checked: the second has momentum, the third a history
COMPILED = 3  # more, and what compiles a step is done with it
TOLERANCE = 1e-4  # of the mean of what has changed; float32 and long sums take about 1e-6
EPSILON = 2.0**-23  # of float32


@dataclass(frozen=True)
class Pace:
    """How long to measure: the rounds, the seconds of a turn, and those that a workload may take.

    A workload whose rounds would take longer makes fewer of them, but `least`.
    """

    rounds: int = 25
    turn: float = 0.02
    budget: float = 25.0
    least: int = 5


@dataclass
class Row:
    """What became of a contestant.

    costs  of a step, one from each round
    count  how many steps made a turn
    error  the largest difference from float64, as a part of what it is a difference of
    parts  of which a cost is made, by name, one from each round
    why    why there are no costs, if there are none
    """

    contestant: str
    costs: list[float] = field(default_factory=list)
    count: int = 0
    error: float = nan
    parts: dict[str, list[float]] = field(default_factory=dict)
    why: str | None = None


def compete(
    trials: Mapping[str, Callable[[], Trial]],
    reference: Callable[[], Trial] | None,
    pace: Pace,
    tell: Callable[[str], None] = lambda text: None,
) -> list[Row]:
    """Check, warm up and time contestants; a row for each, also for those that fail.

    Args:
        trials: contestants by name, not yet ready; getting ready may fail.
        reference: the same problem in float64, if there is something to check.
        pace: how long to measure.
        tell: is told what is being done.
    """
    rows = {name: Row(name) for name in trials}
    ready: dict[str, Trial] = {}
    for name, prepare in trials.items():
        tell(f"{name} gets ready")
        try:
            trial = prepare()
            rows[name].error = check(trial, reference)
            rows[name].count = 1 if trial.once else calibrate(trial, pace.turn)
            ready[name] = trial
        except Exception as error:  # what another engine may raise is not ours to know
            rows[name].why = reason(error)
    with collected():
        take_turns(ready, rows, pace, tell)
    return list(rows.values())


def reason(error: Exception) -> str:
    """How an error begins, in one line; where it is not one of ours, with its class."""
    text = shorten(str(error), 300, placeholder=" ...")
    return text if isinstance(error, (Missing, Wrong)) else f"{type(error).__name__}: {text}"


# ---- the check ----------------------------------------------------------------------------------


class Wrong(Exception):
    """A contestant that computes something else."""


def check(trial: Trial, reference: Callable[[], Trial] | None) -> float:
    """Make some steps and compare what has changed with float64; return the largest difference.

    Raises:
        Wrong: a difference is larger than the rounding of float32 explains.
    """
    found = trial.state(run(trial, STEPS))
    if reference is None:
        return nan
    model = reference()
    expected = model.state(run(model, trial.begun + STEPS))
    start, steps = trial.start(), trial.begun + STEPS
    errors = {
        name: difference(found[name], expected[name], start.get(name), steps) for name in expected
    }
    worst = max(errors, key=lambda name: errors[name])
    if not errors[worst] <= TOLERANCE:
        raise Wrong(f"wrong: its {worst} is {errors[worst]:.1g} of its change off from float64's")
    return errors[worst]


def run(trial: Trial, steps: int) -> object:
    """Make some steps; return what the last one returned."""
    result = None
    for _ in range(steps):
        result = trial.step(*trial.arguments)
    return result


def difference(found: Array, expected: Array, start: Array | None, steps: int) -> float:
    """The mean difference, as a part of the mean of what has changed since the start.

    The mean and not the largest, because a ReLU whose input is 0 but for rounding may go either
    way. From what was added to a parameter, its own rounding is taken off, once for each step.
    """
    if found.shape != expected.shape:
        return np.inf
    rounding = 0.0 if start is None else steps * EPSILON * float(np.mean(np.abs(start)))
    change = float(np.mean(np.abs(expected - (0.0 if start is None else start))))
    apart = float(np.mean(np.abs(found - expected)))
    if np.isnan(apart):
        return np.inf
    return max(0.0, apart - rounding) / max(change, np.finfo(np.float64).tiny)


# ---- the turns ----------------------------------------------------------------------------------


def calibrate(trial: Trial, turn: float) -> int:
    """How many steps take about this many seconds, after those in which a step is compiled."""
    run(trial, COMPILED)
    count = 1
    while (spent := seconds(trial, count)) < turn / 4:
        count *= 4
    return max(1, round(turn / spent * count))


def seconds(trial: Trial, count: int) -> float:
    """How long this many steps keep us waiting."""
    begin = perf_counter()
    trial.cost(count)
    return perf_counter() - begin


def take_turns(
    trials: Mapping[str, Trial], rows: Mapping[str, Row], pace: Pace, tell: Callable[[str], None]
) -> None:
    """Time every contestant in every round, and fill the rows."""
    names = list(trials)
    warm = [name for name in names if not trials[name].once]
    expected = sum(seconds(trials[name], rows[name].count) for name in warm)
    for trial in trials.values():
        trial.laps.take()
    affordable = max(pace.least, int(pace.budget / max(expected, 1e-9)))
    rounds = min(pace.rounds, affordable) if names else 0
    for round in range(rounds):
        tell(f"round {round + 1} of {rounds}")
        for name in order(names, round):
            row, trial = rows[name], trials[name]
            gc.collect()  # nobody clears up after another
            row.costs.append(trial.cost(row.count))
            for part, cost in trial.laps.take().items():
                row.parts.setdefault(part, []).append(cost)


def order(names: list[str], round: int) -> list[str]:
    """The names, beginning with another one in each round."""
    shift = round % max(len(names), 1)
    return names[shift:] + names[:shift]


@contextmanager
def collected() -> Iterator[None]:
    """Hide what is there from the garbage collector, which stays on, as it is in programs.

    It then looks through what a contestant makes, not through all the modules of all the others.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
