"""Sums, means and products of many elements, and questions about all of them.

Every function here reduces all elements, or those along `dim`: an int, or several where it says so.
`keepdim` keeps the reduced dims with size 1. NumPy's names `axis` and `keepdims` are understood.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes, ops
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.functions.dims import UNSET, Dims, one_dim, over, over_named, refuse_kept_alone
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["all", "any", "mean", "prod", "sum"]


# ---- sums and products --------------------------------------------------------------------------


def sum(
    input: Any,
    dim: Any = UNSET,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = UNSET,
    keepdims: bool = False,
) -> Tensor:
    """Σ of the elements, over all of them or over `dim` (an int or several).

    bool and int32 are summed as int64.
    """
    x = checks.tensor(input, "sum")
    refuse_kept_alone(x, "sum", dim, keepdim or keepdims, axis)
    dims, keepdim = over_named(x, "sum", dim, keepdim, axis, keepdims)
    return ops.sum(accumulated(x, dtype), dims, keepdim)


def mean(
    input: Any,
    dim: Any = UNSET,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = UNSET,
    keepdims: bool = False,
) -> Tensor:
    """Σ of the elements divided by their number; NaN if there are none. Floats only."""
    x = checks.tensor(input, "mean")
    refuse_kept_alone(x, "mean", dim, keepdim or keepdims, axis)
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
    dims, keepdim = over_named(x, "mean", dim, keepdim, axis, keepdims)
    return ops.mean(x, dims, keepdim)


def prod(
    input: Any,
    dim: Any = UNSET,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    axis: Any = UNSET,
    keepdims: bool = False,
) -> Tensor:
    """∏ of the elements, over all of them or over one dim.

    The derivative by an element is the product of all the others, also where there are zeros. bool
    and int32 are multiplied as int64.
    """
    x = checks.tensor(input, "prod")
    dim, keepdim = one_dim(x, "prod", dim, keepdim, axis, keepdims)
    dims = None if dim is None else (dim,) if x.array.ndim else ()
    if dims is None:
        return ops.prod(accumulated(x, dtype), dims, keepdim)
    return ops.prod_along(accumulated(x, dtype), dims, keepdim)


def accumulated(x: Tensor, dtype: Any) -> Tensor:
    """What is added up: in the dtype that the user asks for, else as floats or int64."""
    if dtype is None:
        return x if x.array.dtype.kind == "f" else to(x, dtypes.int64)
    kind = dtypes.check(dtype, "sum")
    if kind.kind != "f" and ops.cast(x, kind).requires_grad:
        raise noted(
            RuntimeError(f"Autograd not support dtype: {dtypes.BY_NUMPY[kind].title}"),
            f"The input requires grad, and {dtypes.BY_NUMPY[kind]} has no derivatives. Write "
            "x.detach() if no gradient is wanted here.",
        )
    return to(x, kind)


# ---- questions ----------------------------------------------------------------------------------


def any(
    input: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """Whether an element is not 0: over all, or over `dim` (an int or several). NaN is not 0."""
    x = checks.tensor(input, "any")
    return ops.any(x, *asked(x, "any", dim, keepdim, axis, keepdims))


def all(
    input: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """Whether no element is 0: over all, or over `dim` (an int or several)."""
    x = checks.tensor(input, "all")
    return ops.all(x, *asked(x, "all", dim, keepdim, axis, keepdims))


def asked(x: Tensor, function: str, dim: Any, *options: Any) -> tuple[Dims, bool]:
    """As `over`; but () names no dim, and then each element is a question of its own."""
    dims, keepdim = over(x, function, dim, *options)
    return (() if dim == () or dim == [] else dims), keepdim
