"""Methods that end in an underscore: they write into the tensor and return it."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import ops
from minigrad.functions import checks, elementwise
from minigrad.functions.elementwise import is_operand
from minigrad.ops.inplace import copied, in_place, refuse
from minigrad.random import default_generator
from minigrad.tensor import Tensor

__all__ = [
    "add_", "clamp_", "copy_", "div_", "fill_", "mul_", "normal_", "sub_", "uniform_", "zero_",
]  # fmt: skip


def operand(function: str, other: Any) -> Any:
    return other if is_operand(other) else checks.tensor(other, function, "other")


def add_(t: Tensor, other: Any, alpha: Any = 1) -> Tensor:
    return in_place(elementwise.add, t, elementwise.scaled(operand("add_", other), alpha))


def sub_(t: Tensor, other: Any, alpha: Any = 1) -> Tensor:
    return in_place(elementwise.sub, t, elementwise.scaled(operand("sub_", other), alpha))


def mul_(t: Tensor, other: Any) -> Tensor:
    return in_place(elementwise.mul, t, operand("mul_", other))


def div_(t: Tensor, other: Any) -> Tensor:
    return in_place(elementwise.div, t, operand("div_", other))


def clamp_(t: Tensor, min: Any = None, max: Any = None) -> Tensor:
    return in_place(elementwise.clamp, t, min, max)


def zero_(t: Tensor) -> Tensor:
    return in_place(ops.zero, t)


def fill_(t: Tensor, value: Any) -> Tensor:
    """All elements become `value`, a number or a 0-d tensor (a gradient flows to it)."""
    if isinstance(value, Tensor):
        if value.array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.array.ndim} dimensions."
            )
        return copy_(t, value)
    return in_place(ops.fill, t, np.asarray(value).astype(t.array.dtype))


def copy_(t: Tensor, source: Any) -> Tensor:
    """The source's values, broadcast and converted to the target's dtype."""
    source = checks.tensor(source, "copy_", "other")
    check_broadcasts(source.array.shape, t.array.shape)
    return in_place(lambda before, s: copied(s, t.array.shape, t.array.dtype), t, source)


def check_broadcasts(source: tuple[int, ...], target: tuple[int, ...]) -> None:
    lead = len(target) - len(source)
    if lead < 0:
        raise RuntimeError(
            f"output with shape {list(target)} doesn't match the broadcast shape {list(source)}"
        )
    for i, n in enumerate(source):
        if n not in (1, target[i + lead]):
            raise RuntimeError(
                f"The size of tensor a ({target[i + lead]}) must match the size of tensor b ({n}) "
                f"at non-singleton dimension {i + lead}"
            )


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
