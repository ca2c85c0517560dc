"""Trials that run in processes of their own, because they are about a library as a whole."""

import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.problems import Net, Nothing
from benchmarks.trial import Missing, Step, Trial

__all__ = ["LOAD", "MEMORY"]

ROOT = Path(__file__).parents[1]

# Nothing is imported on top that the library would import itself.
IMPORT = """
from time import perf_counter
begin = perf_counter()
import {}
print(perf_counter() - begin)
"""


def load(name: str, problem: Nothing) -> Trial:
    """The seconds that an import takes once the library has been compiled to bytecode.

    An installed library has been. One that is worked on may not: then its sources would be
    compiled each time, and that would be measured.
    """
    folder = mkdtemp(prefix="bytecode-")
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    trial = asking(1.0, "-c", IMPORT.format(name), env=environment)
    weakref.finalize(trial, shutil.rmtree, folder)
    trial.cost()  # writes the bytecode
    return trial


def peak(name: str, net: Net) -> Trial:
    """The memory that a net takes beyond its parameters, in times their size."""
    return asking(4.0 * net.parameters, "-m", "benchmarks.footprint", "peak", name)


def growth(name: str, net: Net) -> Trial:
    """The KiB by which training grows a process."""
    return asking(1024.0, "-m", "benchmarks.footprint", "growth", name)


def asking(unit: float, *words: str, env: dict[str, str] | None = None) -> Trial:
    """A trial whose cost is the number that a Python with these arguments prints."""

    def measure(step: Step, arguments: tuple[Any, ...], count: int) -> float:
        return ask(words, env) / unit

    return Trial(nothing, measure=measure, once=True)


def nothing() -> None:
    """There is nothing to be done in this process."""


def ask(words: Sequence[str], env: dict[str, str] | None) -> float:
    """Run a Python with these arguments; return the number that it prints.

    Raises:
        Missing: it could not do it; the message is the last line of its complaint.
    """
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing((done.stderr.strip().splitlines() or ["it failed without a word"])[-1])
    return float(done.stdout)


LOAD = {"load": load}
MEMORY = {"peak": peak, "growth": growth}
