"""What a program of the guide has learned, as text: loss and parameters before and after.

`watch` trains a program and keeps what is worth telling; `describe` tells it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

import minigrad
from minigrad import nn
from minigrad.guide import Program

WIDTH = 80
STRIP = 50  # the longest strip of losses, in characters
SHADES = " .:-=+*#%@"
DEAD = "dead: every gradient is exactly 0"

Weights = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Run:
    """One training: the losses, the parameters before and after, and whether anything moved."""

    seed: int
    losses: list[float]
    start: Weights
    end: Weights
    dead: bool


def watch(program: Program, seed: int, tell: Callable[[str], None] = lambda text: None) -> Run:
    """Train a program with its own options from this seed, and report each step to `tell`."""
    module = program.load()
    minigrad.manual_seed(seed)
    net = module.Net()
    start = weights(net)
    losses, dead = [], True
    for loss in module.train(net):
        losses.append(loss.item())
        dead = dead and is_dead(net)
        tell(f"{program.name}: step {len(losses)}, loss {losses[-1]:.4f}")
    return Run(seed, losses, start, weights(net), dead)


def weights(net: nn.Module) -> Weights:
    """A copy of the parameters, by name."""
    return {name: p.detach().numpy().copy() for name, p in net.named_parameters()}


def is_dead(net: nn.Module) -> bool:
    """Whether every gradient is exactly 0, so that a step moves nothing."""
    return not any(p.grad is not None and p.grad.numpy().any() for p in net.parameters())


def describe(program: Program, runs: list[Run]) -> str:
    """Everything there is to say about a program: what it teaches, and a table for each run."""
    command = f"minigrad guide {program.name}"
    lines = [
        f"{program.title.upper():<{WIDTH - len(command)}}{command}",
        f"{program.network}: {program.task}",
        *wrap(program.teaches, WIDTH),
    ]
    for run in runs:
        fate = DEAD if run.dead else "alive" if len(runs) > 1 else ""
        lines += ["", *table(run, fate)]
    return "\n".join(lines)


def table(run: Run, fate: str) -> Iterator[str]:
    """Loss and parameters at the start and at the end, and the losses between them."""
    strip = "loss by step"
    entries = list(rows(run))
    left = max(len(strip), *(len(name) for name, _, _ in entries))
    right = max(len(text) for _, start, end in entries for text in (start, end))
    yield f"  {f'seed {run.seed}':<{left}}  {'start':>{right}}  {'end':>{right}}   {fate}".rstrip()
    for name, start, end in entries:
        yield f"  {name:<{left}}  {start:>{right}}  {end:>{right}}"
    yield f"  {strip:<{left}}  |{shaded(run.losses)}|"


def rows(run: Run) -> Iterator[tuple[str, str, str]]:
    """Name, start and end of the loss and of each parameter: of a matrix, one row a neuron."""
    yield "loss", numbers(run.losses[:1]), numbers(run.losses[-1:])
    for name, start in run.start.items():
        end = run.end[name]
        if start.ndim == 1 or len(start) == 1:
            yield name, numbers(start.ravel()), numbers(end.ravel())
        else:
            for i, (before, after) in enumerate(zip(start, end, strict=True)):
                yield f"{name}[{i}]", numbers(before), numbers(after)


def numbers(values: Iterable[float]) -> str:
    """Numbers side by side, in columns of one width."""
    return " ".join(f"{value:8.4f}" for value in values)


def shaded(losses: list[float]) -> str:
    """Losses as a strip of shades, the darker the larger; the root lifts the small ones."""
    parts = np.array_split(np.sqrt(losses), min(STRIP, len(losses)))
    peaks = np.array([part.max() for part in parts])
    levels = np.ceil(peaks / peaks.max() * (len(SHADES) - 1))
    return "".join(SHADES[int(level)] for level in levels)
