"""Python numbers on their way into a tensor.

Beside a tensor in arithmetic a number is converted as C converts it: an integer that is too large
wraps around, a float becomes infinite. Where a number is to be stored as it is (full, fill_, an
item assignment, the bounds of clamp) it must be one of the dtype's values.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.quiet import silence
from minigrad.notes import noted

__all__ = ["constant", "stored"]

Array = np.ndarray[Any, np.dtype[Any]]
Kind = np.dtype[Any]

C_NAMES = {"float32": "float", "float64": "double", "int64": "int64_t", "int32": "int"}


def constant(value: Any, kind: Kind) -> Array:
    """An operand of a dtype as a 0-d array: NumPy computes faster with it, and in its dtype."""
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        check_size(value)
        return np.array(value, np.uint64 if value >= 2**63 else np.int64).astype(kind)
    return silence().run(np.array, value, kind)


def check_size(value: int) -> None:
    """An argument must fit into 64 bits, with or without a sign."""
    if not -(2**63) <= value < 2**64:
        raise noted(
            OverflowError("int too big to convert"),
            f"{value} does not fit into 64 bits. Write float(value), which is near it.",
        )


def stored(value: Any, kind: Kind, name: str | None = None) -> Array:
    """An element of a dtype as a 0-d array; an integer is what stands before a float's point.

    RuntimeError if the dtype has no such value; `name` is what the error calls the dtype.
    """
    if isinstance(value, np.floating | np.bool_):
        value = float(value)
    if type(value) is float and kind.kind == "f":
        array = silence().run(np.array, value, kind)
        if math.isinf(array.item()) is math.isinf(value):
            return array
    if isinstance(value, int):
        check_size(value)
    if kind.kind == "b":
        return np.asarray(bool(value))
    if isinstance(value, numbers.Real) and fits(value, kind):
        return np.asarray(math.trunc(value) if kind.kind == "i" else value, kind)
    raise noted(
        RuntimeError(
            f"value cannot be converted to type {name or C_NAMES[kind.name]} without overflow"
        ),
        f"The tensor holds {dtypes.BY_NUMPY[kind]}, and {value} is not among its values.",
    )


def fits(value: Any, kind: Kind) -> bool:
    if kind.kind == "f":
        return not math.isfinite(value) or abs(value) <= float(np.finfo(kind).max)
    return bool(math.isfinite(value) and np.iinfo(kind).min <= int(value) <= np.iinfo(kind).max)
