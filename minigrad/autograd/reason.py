"""Why a node's backward gave NaN, in words: the note under the error of anomaly mode.

The formula is read once more, with arrays that witness what is done to them (witness.py), and the
first NaN that came of numbers is the reason: `g / (out * 2)` with g = 0 and out = 0 is 0 / 0. Where
the reason is a zero that came in with g, the steps of the walk tell which op made it: most often a
where that chose its other branch, so that the forward never used the element at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from traceback import StackSummary
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd.graph import Node
from minigrad.autograd.quiet import silence
from minigrad.autograd.witness import Birth, number, spelled, witness
from minigrad.tensor import Tensor

__all__ = ["Failure", "Step", "explained"]

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[int, ...]


class Step(NamedTuple):
    """A node, the gradient that it got, and the one that it sent on."""

    node: Node
    g: Any
    sent: Any


class Failure(NamedTuple):
    """The k-th gradient of a node, with a NaN, and how the walk came there."""

    node: Node
    g: Any
    k: int
    gradient: Array
    steps: Mapping[Any, list[Step]]
    made_at: Mapping[Node, StackSummary]


# ---- the note -----------------------------------------------------------------------------------


def explained(failure: Failure) -> str:
    """The note under the error: what, where, by which line, why."""
    index = tuple(int(i) for i in np.argwhere(np.isnan(failure.gradient))[0])
    if is_function(failure.node):
        lines = [f"Its own backward returned nan{at(failure, index)}."]
        return "\n".join([*lines, line_of(failure)])
    birth = first_birth(failure, index)
    if birth is None:
        first, rest = inherited(failure, index), []
    else:
        here = place(birth, index, failure.gradient.shape)
        first = spelled_with(birth, here)
        rest = [*source_of_zero(failure, index)] if zero_from_g(birth, here) else []
    formula = "" if birth is None else f", where {birth.text} is computed for {name_of(failure)}"
    head = f"{first} in {op_name(failure.node)}'s backward{at(failure, index)}{formula}."
    return "\n".join([head, line_of(failure), *rest])


def at(failure: Failure, index: Index) -> str:
    more = int(np.isnan(failure.gradient).sum()) - 1
    others = f" (and at {more} more)" if more else ""
    return f" at {shown(index)}{others}" if index else ""


def line_of(failure: Failure) -> str:
    if not failure.made_at.get(failure.node):
        return (
            "Which line made it is not known: turn anomaly mode on around the forward as well as "
            "the backward."
        )
    return f"Made by {told(failure.made_at[failure.node])}"


def told(stack: StackSummary) -> str:
    last = stack[-1]
    return f"line {last.lineno} of {last.filename}, in {last.name}: {last.line}"


def inherited(failure: Failure, index: Index) -> str:
    """No operation of the formula made the NaN: it was handed one."""
    for name, value in operands(failure):
        array = array_of(value)
        if isinstance(array, np.ndarray) and array.dtype.kind == "f" and np.isnan(array).any():
            if name == "g":
                return sum_of_gradients(failure, index)
            what = "the result of the forward" if name == "out" else name
            return f"{what} was nan already"
    return "nan"


def sum_of_gradients(failure: Failure, index: Index) -> str:
    """The gradient came in with the NaN: from the user, or as a sum of what several uses sent."""
    sent = [(s.node, array_of(s.sent)) for s in failure.steps.get(failure.node, [])]
    parts = [
        f"{number(a[index])} from {op_name(node)}"
        for node, a in sent
        if isinstance(a, np.ndarray) and a.shape == failure.gradient.shape
    ]
    if len(parts) > 1:
        return f"g, the sum of {' and '.join(parts)}, was nan already"
    return "g, the gradient that came in, was nan already (it was given so, or a hook made it so)"


# ---- where a zero came from ---------------------------------------------------------------------

CHOICES = {
    "where": "The forward never used this branch of where",
    "gate": "This unit of relu was not active",
    "relu": "This unit of relu was not active",
    "clamp": "Clamp had cut this element off",
    "clamp_min": "Clamp had cut this element off",
    "clamp_max": "Clamp had cut this element off",
    "clamp_between": "Clamp had cut this element off",
    "maximum": "Maximum had chosen the other operand",
    "minimum": "Minimum had chosen the other operand",
    "getitem": "The index had not selected this element",
    "take": "The index had not selected this element",
    "mul": "It was multiplied by 0",
}


def source_of_zero(failure: Failure, index: Index) -> Iterator[str]:
    maker = maker_of_zero(failure, index)
    if maker is None:
        return
    name = maker.plan.op.__name__
    reason = CHOICES.get(name, f"The backward of {name} made it 0")
    line = f" ({told(failure.made_at[maker])})" if failure.made_at.get(maker) else ""
    yield f"{reason} there: that is why g is 0{line}."
    if name in CHOICES and name != "mul":
        yield (
            f"0 times a slope that is not finite is nan: choose before {op_name(failure.node)}, "
            "not after it, so that what is not used has a finite slope: "
            f"{op_name(failure.node)}(minigrad.where(is_good, x, 1.0))."
        )


def maker_of_zero(failure: Failure, index: Index) -> Node | None:
    """The op that got something other than 0 for this element, and sent 0 on."""
    node: Any = failure.node
    while True:
        steps = failure.steps.get(node, [])
        if len(steps) != 1 or is_function(steps[0].node):
            return None
        step, g = steps[0], array_of(steps[0].g)
        if not isinstance(g, np.ndarray) or array_of(step.sent).shape != failure.gradient.shape:
            return None
        if g.shape != failure.gradient.shape or g[index] != 0:
            return step.node
        node = step.node


# ---- the reading --------------------------------------------------------------------------------


def operands(failure: Failure) -> list[tuple[str, Any]]:
    """What the formula is handed, by name."""
    return [("g", failure.g), *zip(failure.node.plan.kept, failure.node.saved or (), strict=False)]


def first_birth(failure: Failure, index: Index) -> Birth | None:
    """Read the formula with witnesses; the first NaN that came of numbers, at `index` if it can."""
    log: list[Birth] = []
    values = [witness(array_of(value), name, log) for name, value in operands(failure)]
    formula, wanted = failure.node.plan.formulas[failure.k]
    try:
        silence().run(formula, values[0], *[values[1 + at] for at in wanted])
    except Exception:  # the user's error is the NaN: a kernel that takes no subclass only hides why
        return None
    at_index = [b for b in log if b.is_new.shape == failure.gradient.shape and b.is_new[index]]
    return next(iter(at_index or log), None)


def array_of(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def place(birth: Birth, index: Index, shape: Index) -> Index:
    """The element of the birth to speak of: the gradient's own, where the shapes are equal."""
    if birth.is_new.shape == shape and birth.is_new[index]:
        return index
    return tuple(int(i) for i in np.argwhere(birth.is_new)[0])


def at_place(value: Any, index: Index, shape: Index) -> Any:
    return np.broadcast_to(np.asarray(value), shape)[index]


def spelled_with(birth: Birth, at: Index) -> str:
    """The operation with its numbers: 0 / 0; of a product of matrices, the term that is NaN."""
    if birth.operator == "matmul":
        return term_of_product(birth, at)
    shape = birth.is_new.shape
    numbers = [number(at_place(value, at, shape)) for _, value in birth.operands]
    return spelled(birth.operator, numbers)


def term_of_product(birth: Birth, at: Index) -> str:
    (_, a), (_, b) = birth.operands
    row = a[at[:-1]] if a.ndim > 1 else a
    column = b[..., at[-1]] if b.ndim > 1 and at else b
    products = silence().run(np.multiply, row, column)
    if np.isnan(products).any():
        i = int(np.argwhere(np.isnan(products))[0][-1])
        return f"a sum with the term {number(row[..., i])} * {number(column[..., i])}"
    return "a sum with the terms inf and -inf"


def zero_from_g(birth: Birth, at: Index) -> bool:
    """Whether a zero of the operation is g's own."""
    shape = birth.is_new.shape
    return any(
        text.lstrip("-") == "g" and at_place(value, at, shape) == 0
        for text, value in birth.operands
        if birth.operator != "matmul"
    )


def shown(index: tuple[Any, ...]) -> str:
    return f"[{', '.join(str(int(i)) for i in index)}]" if index else ""


def is_function(node: Node) -> bool:
    """Whether it is a user's Function, which has no formula."""
    return node.plan is None


def op_name(node: Node) -> str:
    return node.name().removesuffix("Backward") if is_function(node) else node.plan.op.__name__


def name_of(failure: Failure) -> str:
    return failure.node.plan.inputs[failure.k]
