"""Division: true, rounded, and what remains.

Integers that are divided truly become float32; rounded down they stay integers, and there is no
integer for a division by 0 (RuntimeError). Floats have inf and NaN for it.
"""

from __future__ import annotations

import math
from types import EllipsisType
from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.autograd.op import Op
from minigrad.functions import checks
from minigrad.functions.checks import plain
from minigrad.functions.conversion import to
from minigrad.functions.elementwise import (
    REAL,
    binary,
    checked,
    is_operand,
    mul,
    promoted,
    reciprocal,
)
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["div", "floor_divide", "floored", "remainder"]

ndarray = np.ndarray


def div(input: Any, other: Any, *, rounding_mode: str | EllipsisType | None = ...) -> Tensor:
    """input / other, elementwise and broadcast; integers become float32.

    A number divided by a tensor is the number times the tensor's reciprocal, as in PyTorch. The
    quotient may be rounded to 0 (rounding_mode "trunc") or down ("floor"): then integers stay
    integers, and the gradient is 0.
    """
    checked("div", input, other, numbers=True)
    if rounding_mode is not None and rounding_mode is not ...:
        return rounded(input, other, rounding_mode)
    if rounding_mode is None:  # written out, it has a name of its own in PyTorch's graph
        return binary(ops.rounded_div, *floats(input, other), None)
    if isinstance(other, Tensor) and not isinstance(input, Tensor | ndarray):
        return mul(reciprocal(other), input)
    return binary(ops.div, *floats(input, other))


def floats(a: Any, b: Any) -> tuple[Any, Any]:
    """The operands, of which one must hold floats: else what stands left becomes float32."""
    if has_floats(a) or has_floats(b):
        return a, b
    a = to(a, dtypes.float32) if isinstance(a, Tensor) else promoted(a, np.dtype("f"))
    return a, to(b, dtypes.float32) if isinstance(b, Tensor) else b


def has_floats(value: Any) -> bool:
    return isinstance(value, Tensor | ndarray) and plain(value).dtype.kind == "f"


def rounded(input: Any, other: Any, mode: Any) -> Tensor:
    if not isinstance(mode, str):
        raise checks.combination("div", input, other, mode)
    if mode not in ("trunc", "floor"):
        raise noted(
            RuntimeError(
                "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
                f"'{mode}'"
            ),
            "'floor' rounds down, as // does; 'trunc' rounds towards 0; None does not round.",
        )
    check_divisor(f"div_{mode}_cpu", input, other)
    return binary(ops.rounded_div, input, other, mode)


def floor_divide(input: Any, other: Any) -> Tensor:
    """input // other, rounded down; it has no derivative (`div` with rounding_mode has)."""
    if isinstance(input, REAL) and isinstance(other, REAL):
        return rounded(input, other, "floor")
    return floored(ops.floor_divide, input, other)


def floored(op: Op, input: Any, other: Any) -> Tensor:
    check_quotient("floor_divide", "div_floor_cpu", input, other)
    return binary(op, input, other)


def remainder(input: Any, other: Any) -> Tensor:
    """input % other = input - other * floor(input / other), which has the sign of other.

    The derivative by input is 1, by other -floor(input / other).
    """
    check_quotient("remainder", "remainder_cpu", input, other)
    if isinstance(input, Tensor | ndarray) and isinstance(other, Tensor | ndarray):
        return binary(ops.remainder, input, other)
    if isinstance(input, Tensor):
        return by_number(ops.remainder_by_number, input, other)
    return by_number(ops.remainder_of_number, other, input)


def by_number(op: Op, x: Tensor, number: Any) -> Tensor:
    kind = dtypes.result_type(x.array, plain(number))
    return op(promoted(x, kind), promoted(plain(number), kind))


def check_quotient(function: str, loop: str, a: Any, b: Any) -> None:
    """TypeError unless both are operands and one is a tensor; then what the divisor may be."""
    if not (is_operand(a) and is_operand(b) and (isinstance(a, Tensor) or isinstance(b, Tensor))):
        raise checks.combination(function, a, b)
    check_divisor(loop, a, b)


def check_divisor(loop: str, a: Any, b: Any) -> None:
    """An integer has no integer quotient by 0, and bools none at all."""
    checks.not_for_bools(loop, a, b)
    a, b = plain(a), plain(b)
    kind, count = dtypes.result_type(a, b), math.prod(checks.broadcast(np.shape(a), np.shape(b)))
    if kind.kind == "i" and count and not np.all(promoted(b, kind)):
        raise noted(
            RuntimeError("ZeroDivisionError"),
            "Integers have no value for a division by 0. Floats have: x / 0 is inf, -inf or NaN, "
            "and so is x.float() // 0.",
        )
