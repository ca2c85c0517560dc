"""The memory that training takes, told by a process that does nothing else.

python -m benchmarks.footprint peak minigrad      bytes that training mlp-large takes at most
python -m benchmarks.footprint growth minigrad    bytes that 1,000 steps of mlp-small leave
"""

import contextlib
import ctypes
import gc
import sys

from benchmarks.contestants import CONTESTANTS
from benchmarks.problems import Net, perceptron
from benchmarks.trial import Trial
from benchmarks.workloads import MLP_LARGE

__all__ = ["growth", "highest", "peak", "resident"]

SMALL = perceptron(64, 128, 64, 10, batch=32)


def peak(name: str) -> float:
    """The bytes that a step of mlp-large takes at most, beyond the net's parameters themselves.

    So gradients, momentum, what the forward pass keeps, the batch, and whatever else. A small
    net's steps come first, so that what a library sets up once is not counted, and some of the
    large one's, in which what is compiled is compiled.
    """
    run(training(name, SMALL), 3)
    before = resident()
    trial = training(name, MLP_LARGE)
    run(trial, 4)
    resident()  # gives back what is free
    forget_highest()
    run(trial, 3)
    return highest() - before - 4 * MLP_LARGE.parameters


def growth(name: str) -> float:
    """The bytes by which 1,000 steps grow the process if no cycle of references is collected."""
    trial = training(name, SMALL)
    gc.disable()
    run(trial, 100)
    before = resident()
    run(trial, 1000)
    return resident() - before


def training(name: str, net: Net) -> Trial:
    """What a contestant does to train a net."""
    return CONTESTANTS[name].enter()["training"](net)


def run(trial: Trial, steps: int) -> None:
    """Make some steps."""
    for _ in range(steps):
        trial.step(*trial.arguments)


def resident() -> int:
    """The bytes of memory that this process occupies, less what it has freed already."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
    return occupied("VmRSS")


def highest() -> int:
    """The most bytes of memory that this process ever occupied."""
    return occupied("VmHWM")


def forget_highest() -> None:
    """Let `highest` begin anew, where Linux allows it."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")


def occupied(line: str) -> int:
    """A number of bytes that Linux tells about a process; elsewhere the most that it occupied.

    That most, `ru_maxrss`, would not do on Linux, where it begins with that of the parent process.
    """
    try:
        with open("/proc/self/status") as status:
            return next(int(text.split()[1]) * 1024 for text in status if text.startswith(line))
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


JOBS = {"peak": peak, "growth": growth}

if __name__ == "__main__":
    print(JOBS[sys.argv[1]](sys.argv[2]))
