"""What an explanation holds: the steps of a backward pass, as data.

Values are NumPy arrays (numbers, for a Scalar graph) of the engine's own bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minigrad.story.lines import Line

__all__ = ["Contribution", "Gradient", "Place", "Step", "Update"]


@dataclass(frozen=True)
class Place:
    """Where a gradient arrives: the result of another step, or a leaf, where it rests.

    node    the Node, Leaf or Scalar
    name    what the user calls it, or None
    step    the number of the step that passes its gradient on; None for a leaf
    shape   () for a number
    parts   how many contributions arrive here in all
    value   what is known of the value, or None
    """

    node: Any
    name: str | None
    step: int | None
    shape: tuple[int, ...]
    parts: int
    value: Any = None


@dataclass(frozen=True)
class Contribution:
    """What one step adds to the gradient of one of its inputs.

    input    the name of the input in the op, for example "weight"
    place    what it is
    formula  the derivative in the names of the op: "where(out <= 0, 0.0, g)"
    numbers  the same with its numbers
    product  the result of the formula; None if a user's Function returned None
    summed   the product, summed back over what was broadcast; None if its shape fits
    before   what had arrived at the place already, or None
    after    what it has then
    part     this is the part-th of the place's parts, from 1
    late     the place has passed its gradient on already, so that this never gets further: only
             in a walk in the wrong order
    passed   what it passed on, if it is too late
    """

    input: str
    place: Place
    formula: str
    numbers: str
    product: Any
    summed: Any
    before: Any
    after: Any
    part: int
    late: bool = False
    passed: Any = None

    @property
    def added(self) -> Any:
        """What is added: the product, in the shape of the place."""
        return self.product if self.summed is None else self.summed


@dataclass(frozen=True)
class Step:
    """One op on the way back: the gradient of its result, and what becomes of it.

    number         from 1, in the order of the walk
    op             the name of the op; "mul", "linear"
    label          the name that PyTorch gives to the node; "" for a Scalar
    place          the result of the op, whose gradient is passed on
    line           the user's line that made it, if that was recorded
    gradient       of the result, as it is when the step is made
    contributions  to each input that wants a gradient
    notes          sentences on what is worth knowing here: which slope was taken at a kink
    """

    number: int
    op: str
    label: str
    place: Place
    line: Line | None
    gradient: Any
    contributions: list[Contribution] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Gradient:
    """What arrived at a leaf.

    found   by this walk (a Scalar's gradient is added to what was there as it comes in, so that its
            `found` is `after`)
    before  what was in `.grad`, or None
    after   what backward would leave there
    right   what the engine's order finds; the same as `found` unless the order was wrong
    """

    place: Place
    found: Any
    before: Any
    after: Any
    right: Any


@dataclass(frozen=True)
class Update:
    """What the optimizer will make of a parameter.

    lines   (formula, numbers, result) of each line of the rule, in order
    before  the parameter
    after   the parameter after the step
    """

    name: str
    lines: list[tuple[str, str, Any]]
    before: Any
    after: Any
