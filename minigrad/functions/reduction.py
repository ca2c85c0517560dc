"""Sums and means over all elements or over dims."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes, ops
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["mean", "sum"]


def sum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **numpys: Any
) -> Tensor:
    """Σ of the elements, over all of them or over `dim` (an int or several).

    bool and int32 are summed as int64. `keepdim` keeps the summed dims with size 1. NumPy's names
    `axis` and `keepdims` are understood as well.
    """
    x = checks.tensor(input, "sum")
    dims, keepdim = over(x, "sum", dim, keepdim, **numpys)
    if dtype is not None:
        x = to(x, dtype)
    elif x.array.dtype.kind != "f":
        x = to(x, dtypes.int64)
    return ops.sum(x, dims, keepdim)


def mean(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **numpys: Any
) -> Tensor:
    """Σ of the elements divided by their number; NaN if there are none."""
    x = checks.tensor(input, "mean")
    if dtype is not None:
        x = to(x, dtype)
    if x.array.dtype.kind != "f":
        which = "Input" if dtype is None else "Optional"
        raise noted(
            RuntimeError(
                f"mean(): could not infer output dtype. {which} dtype must be either a floating "
                f"point or complex dtype. Got: {x.dtype.title}"
            ),
            "The mean of integers is rarely an integer. Write x.float().mean().",
        )
    dims, keepdim = over(x, "mean", dim, keepdim, **numpys)
    return ops.mean(x, dims, keepdim)


def over(
    x: Tensor, function: str, dim: Any, keepdim: bool, axis: Any = None, keepdims: bool = False
) -> tuple[tuple[int, ...] | None, bool]:
    """The dims to reduce, None if none are named, and whether they stay with size 1."""
    dim, keepdim = dim if axis is None else axis, bool(keepdim or keepdims)
    if dim is None and not keepdim:
        return None, False
    dims = checks.dims(dim, x.array.ndim, function)
    return (dims if x.array.ndim else ()), keepdim  # a 0-d tensor may be reduced over dim 0
