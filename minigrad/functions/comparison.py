"""Comparisons, questions about each element, and the logic of their answers: bool tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.functions import checks
from minigrad.functions.checks import plain
from minigrad.functions.elementwise import binary, checked
from minigrad.functions.scalars import constant
from minigrad.tensor import Tensor

__all__ = [
    "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "eq", "ge", "gt", "isfinite",
    "isinf", "isnan", "le", "logical_not", "lt", "ne",
]  # fmt: skip


def eq(input: Any, other: Any) -> Tensor:
    """input == other, elementwise: a bool tensor."""
    checked("eq", input, other)
    return binary(ops.eq, input, other)


def ne(input: Any, other: Any) -> Tensor:
    """input != other, elementwise."""
    checked("ne", input, other)
    return binary(ops.ne, input, other)


def lt(input: Any, other: Any) -> Tensor:
    """input < other, elementwise."""
    checked("lt", input, other)
    return binary(ops.lt, input, other)


def le(input: Any, other: Any) -> Tensor:
    """input <= other, elementwise."""
    checked("le", input, other)
    return binary(ops.le, input, other)


def gt(input: Any, other: Any) -> Tensor:
    """input > other, elementwise."""
    checked("gt", input, other)
    return binary(ops.gt, input, other)


def ge(input: Any, other: Any) -> Tensor:
    """input >= other, elementwise."""
    checked("ge", input, other)
    return binary(ops.ge, input, other)


def isnan(input: Any) -> Tensor:
    """True where the element is NaN."""
    return ops.isnan(checks.tensor(input, "isnan"))


def isinf(input: Any) -> Tensor:
    """True where the element is infinite."""
    return ops.isinf(checks.tensor(input, "isinf"))


def isfinite(input: Any) -> Tensor:
    """True where the element is neither infinite nor NaN."""
    return ops.isfinite(checks.tensor(input, "isfinite"))


def logical_not(input: Any) -> Tensor:
    """True where the element is 0."""
    return ops.eq(checks.tensor(input, "logical_not"), constant(0, input.array.dtype))


def bitwise_and(input: Any, other: Any) -> Tensor:
    """input & other, of bools or integers."""
    return binary(ops.bitwise_and, *integral("bitwise_and", input, other))


def bitwise_or(input: Any, other: Any) -> Tensor:
    """input | other, of bools or integers."""
    return binary(ops.bitwise_or, *integral("bitwise_or", input, other))


def bitwise_xor(input: Any, other: Any) -> Tensor:
    """input ^ other, of bools or integers."""
    return binary(ops.bitwise_xor, *integral("bitwise_xor", input, other))


def integral(function: str, a: Any, b: Any) -> tuple[Any, Any]:
    checked(function, a, b)
    checks.broadcast(np.shape(plain(a)), np.shape(plain(b)))
    kind = dtypes.result_type(plain(a), plain(b))
    if kind.kind == "f":
        name = dtypes.BY_NUMPY[kind].title
        raise NotImplementedError(f"\"{function}_cpu\" not implemented for '{name}'")
    return a, b


def bitwise_not(input: Any) -> Tensor:
    """~input, of bools or integers."""
    x = checks.tensor(input, "bitwise_not")
    if x.array.dtype.kind == "f":
        raise NotImplementedError(f"\"bitwise_not_cpu\" not implemented for '{x.dtype.title}'")
    return ops.bitwise_not(x)
