"""Who runs: minigrad, PyTorch in all its ways, hand-written NumPy, and other engines.

A contestant is a name and a function that imports what it needs and returns its programs, by kind
of workload, or raises Missing and says what is missing. To enter another engine, write a file in
`entrants` and a line here.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any, cast

from benchmarks.trial import Missing, Step, Trial

__all__ = ["CONTESTANTS", "OURS", "Contestant", "Programs"]

Programs = Mapping[str, Callable[..., Trial]]

GRAPHS = ("training", "elementwise", "math", "second_order")
ALL = (*GRAPHS, "chain", "load", "peak", "growth")

COMPILING = 180  # seconds that torch.compile gets for its first function


@dataclass(frozen=True)
class Contestant:
    """Somebody who may run.

    enter  returns its programs
    kinds  of workloads in whose tables it has a row even if it is missing
    """

    name: str
    about: str
    enter: Callable[[], Programs]
    kinds: tuple[str, ...] = ()


def needed(module: str) -> Any:
    """A module that may not be installed.

    Raises:
        Missing: it is not.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise Missing(f"{error.name or module} is not installed") from error


# ---- minigrad and PyTorch -----------------------------------------------------------------------


def torch_like(torch: Any, **where: Any) -> dict[str, Callable[..., Trial]]:
    """The programs that minigrad and PyTorch have in common."""
    programs = needed("benchmarks.entrants.torch_like").PROGRAMS
    return {kind: partial(program, torch, **where) for kind, program in programs.items()}


def compiled(programs: Programs, compile: Callable[[Step], Step]) -> Programs:
    """Programs whose step is compiled; a chain of 100,000 operations is no use to a compiler."""

    def compiling(program: Callable[..., Trial], problem: Any) -> Trial:
        trial = program(problem)
        return replace(trial, step=compile(trial.step))

    return {kind: partial(compiling, p) for kind, p in programs.items() if kind != "chain"}


def minigrad() -> Programs:
    """As it is."""
    import minigrad
    from benchmarks.entrants.scalars import scalar
    from benchmarks.processes import LOAD, MEMORY

    mine = {"scalar": partial(scalar, minigrad.Scalar)}
    return torch_like(minigrad) | mine | named("minigrad", LOAD | MEMORY)


def minigrad_compile() -> Programs:
    """The step recorded once, then run as a program."""
    import minigrad
    from benchmarks.processes import MEMORY

    return {**compiled(torch_like(minigrad), minigrad.compile), **named("minigrad-compile", MEMORY)}


def torch() -> Programs:
    """On the CPU."""
    from benchmarks.processes import LOAD, MEMORY

    return torch_like(needed("torch")) | named("torch", LOAD | MEMORY)


def torch_compile() -> Programs:
    """Through torch.compile, if that finds a compiler for C++ and is done in time."""
    # Workers that compile in the background would take their time from the others.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    torch = needed("torch")
    probe = "import torch; torch.compile(lambda x: (x * 2).sin())(torch.ones(4))"
    try:
        subprocess.run(
            [sys.executable, "-c", probe],
            timeout=COMPILING,
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired as late:
        raise Missing(f"torch.compile is not done after {COMPILING} seconds") from late
    except subprocess.CalledProcessError as failed:
        raise Missing(f"torch.compile does not work here: {last_line(failed.stderr)}") from failed
    torch._logging.set_logs(all=logging.ERROR)
    return compiled(torch_like(torch), partial(from_scratch, torch))


def from_scratch(torch: Any, step: Step) -> Step:
    """Compile a step as a fresh process would; after a few it would give up and run eagerly."""
    torch.compiler.reset()
    return cast(Step, torch.compile(step))


def last_line(text: str) -> str:
    """What a traceback ends with, shortened."""
    lines = [line for line in text.splitlines() if "Error" in line or "Exception" in line]
    return (lines or ["no reason given"])[-1][:120]


def cuda() -> Any:
    """PyTorch, with a GPU.

    Raises:
        Missing: there is none, or PyTorch cannot use it.
    """
    torch = needed("torch")
    if torch.version.cuda is None:
        raise Missing(f"PyTorch {torch.__version__} is built without CUDA")
    if not torch.cuda.is_available():
        raise Missing("no CUDA device here")
    return torch


def torch_cuda() -> Programs:
    """On the GPU, operation by operation."""
    return cast(Programs, needed("benchmarks.entrants.cuda").eager(cuda()))


def torch_cuda_graph() -> Programs:
    """On the GPU, the step captured as a graph."""
    return cast(Programs, needed("benchmarks.entrants.cuda").captured(cuda()))


# ---- NumPy by hand ------------------------------------------------------------------------------


def numpy() -> Programs:
    """With a buffer for everything."""
    from benchmarks.processes import LOAD, MEMORY

    return entrant("numpy_buffers") | named("numpy", LOAD | MEMORY)


def numpy_plain() -> Programs:
    """As one writes it down."""
    from benchmarks.processes import MEMORY

    return entrant("numpy_plain") | named("numpy-plain", MEMORY)


def entrant(file: str) -> dict[str, Callable[..., Trial]]:
    """The programs in a file of `entrants`."""
    return dict(needed(f"benchmarks.entrants.{file}").PROGRAMS)


def named(name: str, programs: Mapping[str, Callable[..., Trial]]) -> dict[str, Any]:
    """Programs that run in other processes, and have to be told who they are."""
    return {kind: partial(program, name) for kind, program in programs.items()}


# ---- others -------------------------------------------------------------------------------------


def micrograd() -> Programs:
    """The engine of numbers that everybody learned from."""
    from benchmarks.entrants.scalars import scalar

    return {"scalar": partial(scalar, needed("micrograd.engine").Value)}


OURS = ("minigrad", "minigrad-compile")

CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("minigrad", "eager", minigrad, (*ALL, "scalar")),
        Contestant("minigrad-compile", "minigrad.compile", minigrad_compile, GRAPHS),
        Contestant("torch", "PyTorch, eager", torch, ALL),
        Contestant("torch-compile", "torch.compile", torch_compile, GRAPHS),
        Contestant("torch-cuda", "PyTorch on a GPU, eager", torch_cuda, (*GRAPHS, "chain")),
        Contestant("torch-cuda-graph", "PyTorch on a GPU, a graph", torch_cuda_graph, GRAPHS),
        Contestant("numpy", "NumPy by hand, with buffers", numpy),
        Contestant("numpy-plain", "NumPy by hand, plainly", numpy_plain),
        Contestant("jax", "JAX, jit", partial(entrant, "jax_jit")),
        Contestant("autograd", "HIPS autograd", partial(entrant, "hips_autograd")),
        Contestant("mygrad", "MyGrad", partial(entrant, "my_grad")),
        Contestant("tinygrad", "tinygrad, TinyJit", partial(entrant, "tiny_grad")),
        Contestant("micrograd", "micrograd", micrograd, ("scalar",)),
    )
}
