"""Comparisons, questions about each element, and the logic of their answers: bool tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.autograd.quiet import silence
from minigrad.functions import checks
from minigrad.functions.checks import plain
from minigrad.functions.elementwise import binary, both_tensors, checked, promoted
from minigrad.functions.scalars import constant
from minigrad.notes import noted
from minigrad.tensor import Tensor, wrap

__all__ = [
    "allclose", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "eq", "equal", "ge",
    "gt", "isclose", "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not", "logical_or",
    "logical_xor", "lt", "ne",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]


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


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    a, b = both_tensors("equal", input, other)
    return np.array_equal(a.array, b.array)


def isclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """True where |input - other| <= atol + rtol |other|, or where both are the same infinity."""
    a, b = both_tensors("isclose", input, other)
    if a.dtype is not b.dtype:
        raise noted(
            RuntimeError(f"{a.dtype.title} did not match {b.dtype.title}"),
            f"Only tensors of one dtype are compared. Write other.to({a.dtype}).",
        )
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        checks.number(tolerance, "isclose", name)
        if not tolerance >= 0:
            raise noted(
                RuntimeError(
                    f"{name} must be greater than or equal to zero, but got {tolerance:g}"
                ),
                f"{name} says how far apart the two may be. Write {name}=0 for not at all.",
            )
    checks.broadcast(a.array.shape, b.array.shape)
    return wrap(np.asanyarray(silence().run(near, a.array, b.array, rtol, atol, equal_nan)))


def near(a: Array, b: Array, rtol: float, atol: float, equal_nan: bool) -> Any:
    same = (a == b) | (equal_nan & (a != a) & (b != b))
    if a.dtype.kind != "f":
        a, b = a.astype(np.float32), b.astype(np.float32)
    error = np.abs(a - b)
    return same | (np.isfinite(error) & (error <= atol + np.abs(b.dtype.type(rtol) * b)))


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are close: see isclose."""
    both_tensors("allclose", input, other)
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


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


def logical_and(input: Any, other: Any) -> Tensor:
    """True where both elements are other than 0."""
    return binary(ops.logical_and, *both_tensors("logical_and", input, other))


def logical_or(input: Any, other: Any) -> Tensor:
    """True where one of the elements, or both, are other than 0."""
    return binary(ops.logical_or, *both_tensors("logical_or", input, other))


def logical_xor(input: Any, other: Any) -> Tensor:
    """True where one of the elements is other than 0, and the other one is 0."""
    return binary(ops.logical_xor, *both_tensors("logical_xor", input, other))


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
        promoted(plain(b), kind)  # a number that is too large is refused first
        name = dtypes.BY_NUMPY[kind].title
        raise noted(
            NotImplementedError(f"\"{function}_cpu\" not implemented for '{name}'"),
            "Bitwise operations work on bools and integers, and these are "
            f"{dtypes.BY_NUMPY[kind]}. Compare first to combine conditions: (a > 0) & (b > "
            "0).",
        )
    return a, b


def bitwise_not(input: Any) -> Tensor:
    """~input, of bools or integers."""
    x = checks.tensor(input, "bitwise_not")
    if x.array.dtype.kind == "f":
        raise noted(
            NotImplementedError(f"\"bitwise_not_cpu\" not implemented for '{x.dtype.title}'"),
            f"~ turns True and False around, and these are {x.dtype}. Compare first: ~(x > "
            "0); the negative of a number is -x.",
        )
    return ops.bitwise_not(x)
