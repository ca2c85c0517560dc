"""The largest and the smallest of many, and where they are. NaN is larger and smaller than all.

Where several elements are equal to the largest, PyTorch has three answers to which of them the
gradient goes to: `max` and `amax` share it evenly, `max` along a dim names one element, and that
one has it all. Of NaN, `max` says the same; `amax` gives all elements NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd.op import Array, Op, op
from minigrad.ops.elementwise import cast, isnan, where
from minigrad.ops.reduction import Dims, Shape, kept, reduced, sum
from minigrad.ops.shape import in_order

# ---- of all elements ----------------------------------------------------------------------------


@op(label="MaxBackward1")
def max(x: Array, /) -> Array:
    return reduced(np.maximum, x, None, False)


max.derivative(x=lambda g, x, x_dtype, out: among(g, same(x, out), x_dtype))


@op(label="MinBackward1")
def min(x: Array, /) -> Array:
    return reduced(np.minimum, x, None, False)


min.derivative(x=lambda g, x, x_dtype, out: among(g, same(x, out), x_dtype))


def same(x: Any, y: Any) -> Any:
    return (x == y) | (isnan(x) & isnan(y))


def among(g: Any, mask: Any, dtype: np.dtype[Any]) -> Any:
    """The gradient in equal parts where the mask says so, and 0 elsewhere."""
    return where(mask, g / sum(cast(mask, dtype), None, False), 0.0)


# ---- over dims ----------------------------------------------------------------------------------


@op
def amax(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    return reduced(np.maximum, x, dims, keepdim)


amax.derivative(
    x=lambda g, x, x_dtype, out, dims: shared(
        kept(g, x.shape, dims), cast(x == kept(out, x.shape, dims), x_dtype), dims
    ),
)


@op
def amin(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    return reduced(np.minimum, x, dims, keepdim)


amin.derivative(x=amax.derivatives["x"])


def shared(g: Any, mask: Any, dims: Dims) -> Any:
    """The gradient of each result in equal parts among the elements where the mask is 1."""
    return g * mask / sum(mask, dims, True)


# ---- along one dim: the element at an index -----------------------------------------------------


@op
def argmax(x: Array, /, dim: int | None, keepdim: bool) -> Array:
    """Where the largest element is, the first of several; NaN counts as the largest."""
    return in_order(np.asanyarray(np.argmax(x, dim, keepdims=keepdim)))


@op
def argmin(x: Array, /, dim: int | None, keepdim: bool) -> Array:
    """Where the smallest element is, the first of several; NaN counts as the smallest."""
    return in_order(np.asanyarray(np.argmin(x, dim, keepdims=keepdim)))


def element(label: str) -> Op:
    """x at the indices along a dim, one for each result; named after what found the indices."""

    @op(label=label)
    def pick(x: Array, indices: Array, /, dim: int, keepdim: bool) -> Array:
        return in_order(np.asanyarray(x[places(x.shape, indices, dim, keepdim)]))

    pick.derivative(
        x=lambda g, x_shape, indices, dim, keepdim: place(g, indices, x_shape, dim, keepdim),
    )
    return pick


@op
def place(x: Array, indices: Array, /, shape: Shape, dim: int, keepdim: bool) -> Array:
    """Zeros of a shape, with x at the indices along a dim."""
    out = np.zeros(shape, x.dtype, like=np.asanyarray(x))
    out[places(shape, indices, dim, keepdim)] = x
    return out


largest = element("MaxBackward0")
smallest = element("MinBackward0")

place.derivative(x=lambda g, indices, dim, keepdim: largest(g, indices, dim, keepdim))


def places(shape: Shape, indices: Array, dim: int, keepdim: bool) -> tuple[Array, ...]:
    """An index with an array for each dim: `indices` for the one, and every place for the others.

    With keepdim the others' arrays have that dim as 1, as `indices` have it then.
    """
    if not shape:
        return ()
    every: list[Array] = list(np.indices(indices.shape, sparse=True))
    if keepdim:
        every[dim] = indices
    else:
        every.insert(dim, indices)
    return tuple(every)
