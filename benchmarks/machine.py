"""The machine that measures: its threads, held equal for all, and its description.

A BLAS reads how many threads it may use when it is loaded. So `threads` comes before NumPy is
imported, and this file does not import it. Where threadpoolctl is installed it also sets the
threads of what is loaded already, and tells what came of it.
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["available_memory", "describe", "load", "threads"]

# OpenMP, OpenBLAS, MKL, BLIS, Apple's Accelerate, XLA (for JAX).
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPROC",
)
# What else people set, and what is worth a factor of two in a product of matrices.
TUNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """For the time, let every library, here and in new processes, use this many threads."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(count)))
    control, torch = installed("threadpoolctl"), sys.modules.get("torch")
    used = torch and torch.get_num_threads()
    limits = control and control.threadpool_limits(count)
    if torch:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if limits:
            limits.restore_original_limits()
        if torch:
            torch.set_num_threads(used)
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def installed(module: str) -> Any:
    """A module, or None where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        return None


def describe(count: int) -> dict[str, Any]:
    """The machine, the libraries that are loaded by now, and the threads that they use."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_gib": round(total_memory() / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": versions(),
        "gpu": gpu(),
        "threads": count,
        "pools": pools(),
        "environment": {name: os.environ[name] for name in TUNING if name in os.environ},
    }


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def total_memory() -> int:
    """The bytes of memory of this machine, 0 where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 0


def available_memory() -> int:
    """The bytes of memory that are to be had; where the machine does not tell, half of all."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail"))
    except (OSError, StopIteration):
        return total_memory() // 2


def load() -> float | None:
    """How many programs wanted to run in the last minute, on average."""
    try:
        return round(os.getloadavg()[0], 2)
    except (OSError, AttributeError):
        return None


def versions() -> dict[str, str]:
    """Of the libraries that are measured, those that are loaded."""
    names = ("minigrad", "numpy", "torch", "jax", "autograd", "mygrad", "tinygrad", "micrograd")
    from importlib import metadata

    found = {}
    for name in names:
        if module := sys.modules.get(name):
            version = getattr(module, "__version__", None)
            found[name] = version or metadata.version(name)
    return found


def gpu() -> str | None:
    """The GPU that PyTorch sees, if it does."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"


def pools() -> list[str] | None:
    """The thread pools of the libraries that are loaded; None where threadpoolctl is missing."""
    control, torch = installed("threadpoolctl"), sys.modules.get("torch")
    if control is None:
        return None
    found = [
        " ".join(
            str(part)
            for part in (
                pool["internal_api"],
                pool["version"],
                pool.get("architecture"),
                f"x {pool['num_threads']}",
            )
            if part
        )
        for pool in control.threadpool_info()
    ]
    if torch:
        found.append(f"torch x {torch.get_num_threads()}")
    return found
