"""What is said of a dead unit: why, what it costs, whether it comes back, what would revive it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.doctor.finding import Finding
from minigrad.doctor.moves import Moves, moves
from minigrad.doctor.run import Run
from minigrad.doctor.units import Part, Unit
from minigrad.optim import SGD, Optimizer
from minigrad.story.numbers import number_text

__all__ = ["dead", "dying", "in_words"]

LEAKY = "LeakyReLU in place of ReLU, whose slope below 0 is not 0"


def dead(run: Run, unit: Unit, optimizer: Optimizer | None, originals: dict[str, Any]) -> Finding:
    """The finding about a dead unit."""
    future = moves(unit, run, optimizer, originals) if isinstance(optimizer, SGD) else None
    needed = needed_bias(run, unit)
    details = [
        why(unit),
        costs(unit),
        *([] if optimizer is None else [fate(run, unit, optimizer, future)]),
        remedy(run, unit, needed),
    ]
    return Finding(
        "dead unit",
        unit.name,
        f"{in_words(unit)} is dead: never active on {samples(unit)}",
        tuple(details),
        {
            "unit": unit,
            "misses": unit.misses,
            "silent": unit.silent,
            "bias": needed,
            "moves": future,
        },
    )


def in_words(unit: Unit) -> str:
    """A unit in a sentence: `fc, unit 0`; of a bare relu, all of its input."""
    return unit.name or "the input of relu"


def samples(unit: Unit) -> str:
    return "this sample" if unit.samples == 1 else f"these {unit.samples} samples"


def text(value: float, unit: Unit) -> str:
    """A number with the digits that it has in the precision of the model."""
    return number_text(unit.values.dtype.type(value))


def why(unit: Unit) -> str:
    at = f" ({unit.line.place}: {unit.line.part or unit.line.text})" if unit.line else ""
    if unit.misses == 0:
        return (
            f"Its pre-activation is at most 0{at}, exactly at the kink, where relu's slope is "
            "taken as 0."
        )
    best = "is" if unit.samples == 1 else "is at most"
    return (
        f"Its pre-activation {best} {text(unit.best, unit)}, which misses 0 by "
        f"{text(unit.misses, unit)}; relu is flat there{at}."
    )


def costs(unit: Unit) -> str:
    if not unit.silent:
        return "No gradient gets through it."
    return f"Exactly zero gradient: {', '.join(unit.silent)}."


def fate(run: Run, unit: Unit, optimizer: Optimizer, future: Moves | None) -> str:
    """Whether anything else moves it, and how far."""
    elsewhere = [part.name for part in unit.parts if gets_gradient(run, part)]
    if elsewhere:
        return f"It is used elsewhere too, and moved from there: {', '.join(elsewhere)}."
    if future is None:
        reason = "its layer is not known" if not unit.parts else "that is known of SGD only"
        return f"Whether anything else moves it cannot be told: {reason}."
    still = "" if unit.on_data else ", if the layers before it stay as they are"
    if not future.causes:
        momentum = any(group.get("momentum") for group in optimizer.param_groups)
        no = "its momentum is 0 so far and there is no weight decay"
        return (
            f"Nothing else moves it: {no if momentum else 'no momentum and no weight decay'}. "
            f"It stays as it is{' for good' if unit.on_data else still}."
        )
    causes = " and ".join(future.causes)
    verb = "moves" if len(future.causes) == 1 else "move"
    if future.revived is not None:
        back = f"alive again after step {future.revived}{still}"
        return f"{causes.capitalize()} still {verb} it: {back}."
    return (
        f"{causes.capitalize()} still {verb} it, but not far enough: in the end its pre-activation "
        f"is at most {future.best:.4g}{still}."
    )


def gets_gradient(run: Run, part: Part) -> bool:
    g = run.gradients.get(part.path)
    return g is not None and bool(g[part.index].any())


def needed_bias(run: Run, unit: Unit) -> float:
    """Beyond which bias the unit is active: what it has, and by how much it misses 0."""
    if unit.bias is None:
        return unit.misses
    own = run.parameters[unit.bias.path].array[unit.bias.index]
    return float(np.float64(own) + unit.misses)


def remedy(run: Run, unit: Unit, needed: float) -> str:
    size = text(needed, unit)
    if unit.bias is not None:
        own = number_text(run.parameters[unit.bias.path].array[unit.bias.index])
        return (
            f"What would revive it: {unit.bias.name} of more than {size} (it is {own}), or {LEAKY}."
        )
    if unit.parts:
        return f"What would revive it: a bias of more than {size} (the layer has none), or {LEAKY}."
    return f"What would revive it: more than {text(unit.misses, unit)} added to it, or {LEAKY}."


# ---- units that the next step kills --------------------------------------------------------------


def dying(before: list[Unit], after: list[Unit]) -> Iterator[Finding]:
    """Units that are alive, and will not be after the optimizer's next step."""
    if len(before) != len(after):  # the model computes something else in each call
        return
    for unit, then in zip(before, after, strict=True):
        if unit.dead or not then.dead:
            continue
        yield Finding(
            "dying unit",
            unit.name,
            f"the next step kills {in_words(unit)}: its pre-activation falls from "
            f"{text(unit.best, unit)} to {text(then.best, unit)}",
            ("The step goes too far down: write a smaller lr, or LeakyReLU in place of ReLU.",),
            {"unit": unit, "after": then},
        )
