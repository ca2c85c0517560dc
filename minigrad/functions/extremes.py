"""The largest, the smallest, and where they are. NaN counts as larger and smaller than all."""

from __future__ import annotations

from typing import Any

from minigrad import ops
from minigrad.elsewhere import Later
from minigrad.functions import checks
from minigrad.functions.dims import UNSET, given, one_dim, over
from minigrad.functions.elementwise import maximum, minimum
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["amax", "amin", "argmax", "argmin", "max", "min"]

return_types = Later("minigrad.return_types")


def max(
    input: Any,
    dim: Any = UNSET,
    keepdim: bool = False,
    *,
    other: Any = UNSET,
    axis: Any = UNSET,
    keepdims: bool = False,
) -> Any:
    """The largest element; along a dim, a named tuple (values, indices); of two tensors, maximum.

    Equals share the gradient of max(x) evenly; that of max(x, dim) goes to the element at the
    index, which is the first of them. Any dtype. Of no elements: RuntimeError, IndexError.
    """
    x, second = checks.tensor(input, "max"), dim if other is UNSET else other
    if isinstance(second, Tensor):
        return maximum(x, second)
    dim, keepdim = one_dim(x, "max", dim, keepdim, axis, keepdims)
    if dim is None:
        return ops.max(some(x, "max"))
    indices = found(ops.argmax, "max", x, dim, keepdim)
    return return_types.max((ops.largest(x, indices, dim, keepdim), indices))


def min(
    input: Any,
    dim: Any = UNSET,
    keepdim: bool = False,
    *,
    other: Any = UNSET,
    axis: Any = UNSET,
    keepdims: bool = False,
) -> Any:
    """The smallest element; along a dim, a named tuple (values, indices); of two, minimum.

    Gradients and errors are those of `max`.
    """
    x, second = checks.tensor(input, "min"), dim if other is UNSET else other
    if isinstance(second, Tensor):
        return minimum(x, second)
    dim, keepdim = one_dim(x, "min", dim, keepdim, axis, keepdims)
    if dim is None:
        return ops.min(some(x, "min"))
    indices = found(ops.argmin, "min", x, dim, keepdim)
    return return_types.min((ops.smallest(x, indices, dim, keepdim), indices))


def amax(
    input: Any, dim: Any = (), keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """The largest elements over all dims or over `dim` (an int or several).

    Equals share the gradient evenly; with a NaN among them, all gradients are NaN. Any dtype.
    """
    x = checks.tensor(input, "amax")
    return ops.amax(x, *some_over(x, "amax", dim, keepdim, axis, keepdims))


def amin(
    input: Any, dim: Any = (), keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """The smallest elements over all dims or over `dim` (an int or several); see `amax`."""
    x = checks.tensor(input, "amin")
    return ops.amin(x, *some_over(x, "amin", dim, keepdim, axis, keepdims))


def argmax(
    input: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """The index of the largest element, int64: among all of them, flattened, or along a dim.

    Of equals it is the first; NaN counts as the largest. Not for bools (RuntimeError).
    """
    return index_of(ops.argmax, "argmax", input, *given("argmax", dim, keepdim, axis, keepdims))


def argmin(
    input: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False
) -> Tensor:
    """The index of the smallest element, int64; see `argmax`."""
    return index_of(ops.argmin, "argmin", input, *given("argmin", dim, keepdim, axis, keepdims))


def index_of(op: Any, function: str, input: Any, dim: Any, keepdim: bool) -> Tensor:
    x = checks.tensor(input, function)
    if dim is not None:
        checks.integer(dim, function)
    if x.array.dtype == bool:
        raise noted(
            RuntimeError(f"{function}(): does not support bool input"),
            f"Write x.int().{function}(): then True is 1 and False 0.",
        )
    if dim is not None:
        return found(op, function, x, checks.dim(dim, x.array.ndim, function), keepdim)
    if x.array.size == 0:
        raise noted(
            IndexError(
                f"{function}(): Expected reduction dim to be specified for input.numel() == 0."
            ),
            f"A tensor of shape {list(x.array.shape)} has no elements, so none of them is the "
            "one. Look at x.numel() before.",
        )
    result: Tensor = op(x, None, keepdim)
    return result


def found(op: Any, function: str, x: Tensor, dim: int, keepdim: bool) -> Tensor:
    """The indices along a dim that has elements."""
    refuse_empty(x, function, dim)
    indices: Tensor = op(x, dim if x.array.ndim else None, keepdim)
    return indices


def some(x: Tensor, function: str) -> Tensor:
    """The tensor if it has elements."""
    if x.array.size:
        return x
    raise noted(
        RuntimeError(
            f"{function}(): Expected reduction dim to be specified for input.numel() == 0. Specify "
            "the reduction dim with the 'dim' argument."
        ),
        f"The tensor has the shape {list(x.array.shape)}: without elements there is no largest and "
        "no smallest. Ask x.numel() first.",
    )


def some_over(
    x: Tensor, function: str, dim: Any, keepdim: bool, axis: Any, keepdims: bool
) -> tuple[tuple[int, ...] | None, bool]:
    """The dims to reduce, each of which has elements."""
    dim, keepdim = given(function, dim, keepdim, axis, keepdims)
    named = checks.named_dims(dim, function)
    if not named:
        some(x, function)
    for d in named:
        refuse_empty(x, function, d)
    return over(x, function, dim, keepdim)


def refuse_empty(x: Tensor, function: str, dim: int) -> None:
    """IndexError if there is nothing to choose from along a dim."""
    if x.array.size == 0 and x.array.shape[checks.dim(dim, x.array.ndim, function)] == 0:
        raise noted(
            IndexError(f"{function}(): Expected reduction dim {dim} to have non-zero size."),
            f"Along dim {dim} the shape {list(x.array.shape)} has no elements to choose from.",
        )
