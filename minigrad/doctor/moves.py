"""What SGD still does to a unit whose gradient is exactly 0: momentum and decay, step by step.

With g = 0 the rule of SGD (see `minigrad.optim.SGD`) is a rule about the past: b ← momentum·b and
p ← p - lr·b, which carries p on by momentum·lr·b/(1 - momentum) in all; and with weight decay, g is
weight_decay·p. It is carried out here, in float64, on the unit's own numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.doctor.run import Array, Run
from minigrad.doctor.units import Part, Unit
from minigrad.optim import SGD, Optimizer
from minigrad.tensor import Tensor

__all__ = ["Moves", "group_of", "moves", "number"]

HORIZON, STILL = 10_000, 1e-9  # steps to look ahead; what moves less than this has come to rest


@dataclass(frozen=True)
class Moves:
    """What becomes of a dead unit while nothing but its own past moves it.

    causes   "momentum", "weight decay", both, or nothing
    best     the largest pre-activation on this data when all has come to rest
    revived  the number of the step after which it is above 0, from 1; None if it never is
    """

    causes: tuple[str, ...]
    best: float
    revived: int | None


def number(option: Any) -> float:
    """An option of a group: lr and weight_decay may be tensors."""
    return float(option.item() if isinstance(option, Tensor) else option)


def group_of(optimizer: Optimizer, p: Tensor) -> dict[str, Any] | None:
    """The group in which an optimizer has a parameter."""
    for group in optimizer.param_groups:
        if any(member is p for member in group["params"]):
            return group
    return None


class Mover:
    """Some numbers of a parameter, with their buffer and the options of their group."""

    def __init__(self, p: Array, buffer: Array | None, group: dict[str, Any], input: str) -> None:
        self.p = np.array(p, np.float64)
        self.b = None if buffer is None else np.array(buffer, np.float64)
        self.input = input
        self.lr, self.momentum = number(group["lr"]), group["momentum"]
        self.decay, self.gain = number(group["weight_decay"]), 1 - group["dampening"]
        self.nesterov = group["nesterov"]

    def causes(self) -> set[str]:
        found = set()
        if self.momentum and self.b is not None and self.b.any():
            found.add("momentum")
        if self.decay and self.p.any():
            found.add("weight decay")
        return found if self.lr else set()

    def step(self) -> float:
        """One step of SGD with a gradient of 0; returns how far it went."""
        g = self.decay * self.p
        if self.momentum:
            self.b = g if self.b is None else self.momentum * self.b + self.gain * g
            g = g + self.momentum * self.b if self.nesterov else self.b
        self.p = self.p - self.lr * g
        return float(np.abs(self.lr * g).max(initial=0.0))


def moves(unit: Unit, run: Run, optimizer: SGD, originals: dict[str, Any]) -> Moves | None:
    """What becomes of a dead unit; None if its layer is not known, or nothing of it is trained."""
    if unit.inputs is None or not unit.parts:
        return None
    movers = [mover(part, run, optimizer, originals[part.path]) for part in unit.parts]
    known = [m for m in movers if m is not None]
    causes = tuple(sorted(set().union(*(m.causes() for m in known))))
    if not causes:
        return Moves((), unit.best, None)
    x = unit.inputs.astype(np.float64)
    rest = unit.values.astype(np.float64) - pre_activation(x, known)  # of what nothing moves
    for step in range(1, HORIZON + 1):
        went = max(m.step() for m in known)
        best = float((pre_activation(x, known) + rest).max())
        if best > 0:
            return Moves(causes, best, step)
        if went < STILL:
            break
    return Moves(causes, best, None)


def mover(part: Part, run: Run, optimizer: SGD, original: Any) -> Mover | None:
    group = group_of(optimizer, original)
    if group is None or not original.requires_grad:
        return None
    buffer = optimizer.state.get(original, {}).get("momentum_buffer")
    own = None if buffer is None else buffer.array[part.index]
    return Mover(run.parameters[part.path].array[part.index], own, group, part.input)


def pre_activation(x: Array, movers: list[Mover]) -> Array:
    total: Array = np.zeros(len(x))
    for m in movers:
        total = total + (x @ m.p if m.input == "weight" else m.p)
    return total
