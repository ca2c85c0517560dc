"""PyTorch on a GPU: the programs of `torch_like`, timed by the GPU's own clock."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import repeat
from typing import Any

from benchmarks.entrants import torch_like
from benchmarks.trial import Step, Trial

__all__ = ["captured", "eager"]

WARMING = 3  # steps before a graph is captured, as PyTorch asks for


def eager(torch: Any) -> Mapping[str, Callable[..., Trial]]:
    """Programs that launch one kernel for each operation."""
    torch.set_float32_matmul_precision("highest")  # the others have all bits of a float32, too
    measure = partial(by_events, torch)

    def on_gpu(program: Callable[..., Trial], problem: Any) -> Trial:
        return replace(program(torch, problem, device="cuda"), measure=measure)

    return {kind: partial(on_gpu, program) for kind, program in torch_like.PROGRAMS.items()}


def by_events(torch: Any, step: Step, arguments: tuple[Any, ...], count: int) -> float:
    """The seconds between two events, before the first and after the last step, by step."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    for _ in repeat(None, count):
        step(*arguments)
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1000 / count


def captured(torch: Any) -> Mapping[str, Callable[..., Trial]]:
    """Programs whose kernels are all launched at once; of a chain, too many to be captured."""

    def capturing(program: Callable[..., Trial], problem: Any) -> Trial:
        return capture(torch, program(problem))

    programs = eager(torch)
    return {kind: partial(capturing, programs[kind]) for kind in programs if kind != "chain"}


def capture(torch: Any, trial: Trial) -> Trial:
    """The same trial, its step a graph that is replayed."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in repeat(None, WARMING):
            trial.step(*trial.arguments)
    torch.cuda.current_stream().wait_stream(side)

    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = trial.step(*trial.arguments)

    def step(*arguments: Any) -> Any:
        graph.replay()
        return result

    return replace(trial, step=step, begun=WARMING)
