"""Methods that end in an underscore: they write into the tensor and return it."""

from __future__ import annotations

import numbers
from functools import partial
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.functions import checks, elementwise
from minigrad.functions.elementwise import is_operand
from minigrad.functions.scalars import stored
from minigrad.ops.inplace import copied, filled, in_place, refuse
from minigrad.random import default_generator
from minigrad.tensor import Tensor, wrap

__all__ = [
    "add_", "clamp_", "copy_", "div_", "fill_", "mul_", "normal_", "sub_", "uniform_", "zero_",
]  # fmt: skip


def operand(function: str, other: Any) -> Any:
    return other if is_operand(other) else checks.tensor(other, function, "other")


def add_(t: Tensor, other: Any, alpha: Any = 1) -> Tensor:
    return in_place(partial(elementwise.add, alpha=alpha), t, operand("add_", other))


def sub_(t: Tensor, other: Any, alpha: Any = 1) -> Tensor:
    return in_place(partial(elementwise.sub, alpha=alpha), t, operand("sub_", other))


def mul_(t: Tensor, other: Any) -> Tensor:
    return in_place(elementwise.mul, t, operand("mul_", other))


def div_(t: Tensor, other: Any) -> Tensor:
    return in_place(elementwise.div, t, operand("div_", other))


def clamp_(t: Tensor, min: Any = None, max: Any = None) -> Tensor:
    return in_place(elementwise.clamp, t, min, max)


def zero_(t: Tensor) -> Tensor:
    return in_place(ops.zero, t, may_repeat=True)


def fill_(t: Tensor, value: Any) -> Tensor:
    """All elements become `value`, a number or a 0-d tensor (a gradient flows to it)."""
    if isinstance(value, Tensor):
        refuse(t, value)
        if value.array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.array.ndim} dimensions."
            )
        return in_place(filled, t, value)
    if not isinstance(value, numbers.Number | np.generic):
        raise checks.combination("fill_", value)
    return in_place(ops.fill, t, stored(value, t.array.dtype), may_repeat=True)


def copy_(t: Tensor, source: Any) -> Tensor:
    """The source's values, broadcast and converted to the target's dtype."""
    if isinstance(source, numbers.Number | np.generic):
        source = wrap(np.asarray(source))
    source = checks.tensor(source, "copy_", "other")
    refuse(t, source)
    shape = checks.broadcast(t.array.shape, source.array.shape)
    if shape != t.array.shape:
        raise RuntimeError(
            f"output with shape {list(t.array.shape)} doesn't match the broadcast shape "
            f"{list(shape)}"
        )
    return in_place(copied, t, source)


def uniform_(t: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Tensor:
    """Values drawn evenly from [a, b)."""
    refuse(t)
    values = (generator or default_generator).uniform(t.array.shape, t.array.dtype, a, b)
    return in_place(ops.uniform, t, values)


def normal_(t: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Values drawn from the normal distribution."""
    refuse(t)
    values = (generator or default_generator).normal(t.array.shape, t.array.dtype, mean, std)
    return in_place(ops.normal, t, values)
