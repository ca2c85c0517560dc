"""minigrad and PyTorch side by side: the same program, compared at every step.

Both libraries train the same network, a step each in turn. After every step the loss, each
gradient and each updated parameter are compared, bit for bit and in units in the last place.
There are two ways to start: from the same `"seed"`, each library drawing its own first
weights, or from the same `"weights"`, PyTorch's, copied. If a pair parts after the first start
only, the random numbers differ; if after both, the training does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch

import minigrad
from minigrad.guide import PROGRAMS
from reference.ulps import FloatArray, same_bits, ulps

STARTS = ("seed", "weights")
KINDS = ("loss", "gradient", "parameter")

Values = Iterator[tuple[str, str, FloatArray]]  # of a step: kind, name, array


@dataclass(frozen=True)
class Parting:
    """Where two trainings first differ, and how far; 0 ulps if only in the sign of a zero."""

    step: int
    kind: str
    name: str
    ulps: float

    def __str__(self) -> str:
        what = {"loss": "the loss", "gradient": f"the gradient of {self.name}"}
        when = f"at step {self.step}" if self.step else "before the first step"
        return f"{when}, in {what.get(self.kind, self.name)}, by {self.ulps:.4g} ulp"


@dataclass
class Result:
    """What a comparison has found.

    Attributes:
        program, start, seed: what was compared.
        steps: the number of steps that were compared.
        largest: the largest difference in ulps, by kind: loss, gradient, parameter.
        parting: where the two first differ in any bit; step 0 is the start.
        alive: whether any gradient was ever different from 0.
    """

    program: str
    start: str
    seed: int
    steps: int = 0
    largest: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    parting: Parting | None = None
    alive: bool = False

    @property
    def equal(self) -> bool:
        """Whether all that was compared is equal, bit for bit."""
        return self.parting is None

    def compare(self, ours: Values, theirs: Values) -> None:
        """Take note of what differs between the values of one step."""
        for (kind, name, a), (twin_kind, twin_name, b) in zip(ours, theirs, strict=True):
            if (kind, name) != (twin_kind, twin_name):
                raise ValueError(f"{kind} {name!r} has no twin, but {twin_kind} {twin_name!r}")
            self.alive = self.alive or (kind == "gradient" and bool(b.any()))
            if not same_bits(a, b):
                self.note(Parting(self.steps, kind, name, distance(a, b)))

    def note(self, difference: Parting) -> None:
        """Keep the first difference, and the largest one of each kind."""
        self.parting = self.parting or difference
        self.largest[difference.kind] = max(self.largest[difference.kind], difference.ulps)


def lockstep(
    name: str,
    start: str = "seed",
    seed: int = 0,
    steps: int | None = None,
    ours: ModuleType | None = None,
    theirs: ModuleType | None = None,
) -> Result:
    """Train a program of the guide in both libraries and compare them at every step.

    Args:
        name: the name of the program.
        start: what both have in common at the start, "seed" or "weights".
        seed: seeds both random generators, which draw weights and samples.
        steps: the number of steps, if not the program's own.
        ours, theirs: the two programs, if not those of `minigrad.guide` and `reference`.
    """
    if start not in STARTS:
        raise ValueError(f"a start is one of {STARTS}, not {start!r}")
    ours = ours or PROGRAMS[name].load()
    theirs = theirs or PROGRAMS[name].load("reference")
    minigrad.manual_seed(seed)
    torch.manual_seed(seed)
    net, twin = ours.Net(), theirs.Net()
    if start == "weights":
        net.load_state_dict(
            {key: minigrad.tensor(w.numpy()) for key, w in twin.state_dict().items()}
        )

    result = Result(name, start, seed)
    result.compare(parameters(net), parameters(twin))
    options = {} if steps is None else {"steps": steps}
    for losses in zip(ours.train(net, **options), theirs.train(twin, **options), strict=True):
        result.steps += 1
        result.compare(values(net, losses[0]), values(twin, losses[1]))
    return result


# These read networks of both libraries, which is what the libraries have in common.


def values(net: Any, loss: Any) -> Values:
    """All that one step has computed."""
    yield "loss", "", loss.detach().numpy()
    yield from gradients(net)
    yield from parameters(net)


def gradients(net: Any) -> Values:
    """The gradients; one that is missing counts as NaN, which equals nothing but its like."""
    for name, p in net.named_parameters():
        yield "gradient", name, np.full(p.shape, np.nan) if p.grad is None else p.grad.numpy()


def parameters(net: Any) -> Values:
    """The parameters as they are now."""
    for name, p in net.named_parameters():
        yield "parameter", name, p.detach().numpy()


def distance(a: FloatArray, b: FloatArray) -> float:
    """The largest difference in ulps; of arrays that cannot be compared, infinity."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return np.inf
    return float(ulps(a, b).max())
