"""Sums and means over all elements or over dims."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes, ops
from minigrad.autograd.errors import noted
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.tensor import Tensor

__all__ = ["mean", "sum"]


def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Σ of the elements, over all of them or over `dim` (an int or several).

    bool and int32 are summed as int64. `keepdim` keeps the summed dims with size 1.
    """
    x = checks.tensor(input, "sum")
    dims = checks.dims(dim, x.array.ndim)
    if dtype is not None:
        x = to(x, dtype)
    elif x.array.dtype.kind != "f":
        x = to(x, dtypes.int64)
    return ops.sum(x, real(dims, x), bool(keepdim))


def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Σ of the elements divided by their number; NaN if there are none."""
    x = checks.tensor(input, "mean")
    dims = checks.dims(dim, x.array.ndim)
    if dtype is not None:
        x = to(x, dtype)
    if x.array.dtype.kind != "f":
        raise noted(
            RuntimeError(
                "mean(): could not infer output dtype. Input dtype must be either a floating "
                f"point or complex dtype. Got: {x.dtype.title}"
            ),
            "The mean of integers is rarely an integer. Write x.float().mean().",
        )
    return ops.mean(x, real(dims, x), bool(keepdim))


def real(dims: tuple[int, ...] | None, x: Tensor) -> tuple[int, ...] | None:
    """The dims that are there: a 0-d tensor may be reduced over dim 0, and has none."""
    return () if x.array.ndim == 0 and dims is not None else dims
