"""From names to results: contestants enter, and workloads are measured one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.contest import Pace, Row, compete
from benchmarks.contestants import CONTESTANTS, OURS, Programs
from benchmarks.entrants import numpy_plain
from benchmarks.results import Table
from benchmarks.trial import Missing, Trial
from benchmarks.workloads import SWEEPS, Workload

__all__ = ["FULL", "QUICK", "Effort", "Entered", "Tell", "enter", "measure", "sweep"]

Tell = Callable[[str], None]

# Who runs in a sweep: each size would be compiled anew by the others.
SWEPT = (*OURS, "torch", "torch-cuda", "torch-cuda-graph", "numpy")


@dataclass(frozen=True)
class Effort:
    """How much time to take: for a workload, for a size of a sweep, and from size to size.

    processes  how many rounds at most if each turn is a process of its own
    factor     from one size to the next
    longest    the seconds of a step at which a sweep ends
    """

    workload: Pace
    size: Pace
    processes: int
    factor: int
    longest: float


FULL = Effort(Pace(), Pace(rounds=11, turn=0.01, budget=2.0), processes=15, factor=2, longest=0.5)
QUICK = Effort(
    Pace(rounds=5, turn=0.005, budget=2.0, least=3),
    Pace(rounds=3, turn=0.002, budget=0.5, least=3),
    processes=2,
    factor=8,
    longest=0.05,
)


@dataclass(frozen=True)
class Entered:
    """The contestants who can run, with their programs, and why the others cannot."""

    programs: Mapping[str, Programs]
    missing: Mapping[str, str]

    def trials(self, workload: Workload, names: Sequence[str]) -> dict[str, Callable[[], Trial]]:
        """Those of them who have a program for a workload."""
        return {
            name: partial(self.programs[name][workload.kind], workload.problem)
            for name in names
            if workload.kind in self.programs.get(name, {})
        }

    def absent(self, workload: Workload, names: Sequence[str]) -> list[Row]:
        """A row for each of those who would have one, but are missing."""
        return [
            Row(name, why=self.missing[name])
            for name in names
            if name in self.missing and workload.kind in CONTESTANTS[name].kinds
        ]


def enter(names: Sequence[str], tell: Tell) -> Entered:
    """Let contestants import what they need."""
    programs, missing = {}, {}
    for name in names:
        tell(f"{name} enters")
        try:
            programs[name] = CONTESTANTS[name].enter()
        except Missing as why:
            missing[name] = str(why)
        except Exception as error:  # an engine that is installed may yet refuse to work
            missing[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    return Entered(programs, missing)


def measure(
    workload: Workload, entered: Entered, names: Sequence[str], effort: Effort, tell: Tell
) -> Table:
    """Let contestants compete in a workload."""
    pace = effort.workload
    if workload.rounds:
        pace = replace(pace, rounds=min(workload.rounds, effort.processes))
    return table_of(workload, entered, names, pace, tell)


def table_of(
    workload: Workload, entered: Entered, names: Sequence[str], pace: Pace, tell: Tell
) -> Table:
    """Check and time the contestants who have a program for a workload."""
    rows = compete(
        entered.trials(workload, names),
        reference(workload),
        pace,
        lambda text: tell(f"{workload.name}: {text}"),
    )
    others = [name for name in names if name not in OURS]
    return Table.of(workload, rows + entered.absent(workload, names), others)


def reference(workload: Workload) -> Callable[[], Trial] | None:
    """The workload in float64, by hand, if it is one that computes."""
    programs: Mapping[str, Any] = numpy_plain.PROGRAMS
    program = programs.get(workload.kind)
    return program and partial(program, workload.problem, dtype=np.float64)


def sweep(
    name: str, entered: Entered, names: Sequence[str], effort: Effort, tell: Tell
) -> Iterator[Table]:
    """Measure ever larger nets, until a step takes too long or the memory is used up."""
    about, net_of = SWEEPS[name]
    swept = [name for name in names if name in SWEPT]
    size, longest = 1, 0.0
    while longest <= effort.longest:
        net = net_of(size)
        if len(swept) * net.memory > machine.available_memory() / 2:
            break
        workload = Workload(f"{name} {size}", about, "training", net)
        table = table_of(workload, entered, swept, effort.size, tell)
        yield replace(table, sweep=name, size=size)
        longest = max((max(row.costs) for row in table.rows if row.costs), default=inf)
        size *= effort.factor
