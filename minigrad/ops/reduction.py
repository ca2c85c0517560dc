"""Ops that make fewer elements of many. `dims` is a tuple of the dims to go, None for all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.autograd.graph import Node
from minigrad.autograd.op import Array, op
from minigrad.ops.elementwise import where
from minigrad.ops.shape import expand, in_order, reshape
from minigrad.ops.sums import total

Dims = tuple[int, ...] | None
Shape = tuple[int, ...]


def numbered(name: str) -> Any:
    """The node's name: 0 where everything was reduced, 1 where dims were named."""

    def label(node: Node) -> str:
        kept = dict(zip(node.plan.kept, node.saved or (), strict=False))
        return f"{name}Backward{0 if kept.get('dims') is None else 1}"

    return label


def back(shape: Shape, dims: Dims) -> Shape:
    """The shape of a reduction with its dims kept as 1: what spreads back over `shape`."""
    gone = range(len(shape)) if dims is None else dims
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def kept(y: Any, shape: Shape, dims: Dims) -> Any:
    """What was reduced, with its dims as 1, so that it broadcasts over `shape`."""
    return reshape(y, back(shape, dims))


def count(shape: Shape, dims: Dims) -> int:
    """How many elements become one."""
    return math.prod(shape if dims is None else (shape[i] for i in dims))


def reduced(ufunc: np.ufunc, x: Array, dims: Dims, keepdim: bool) -> Array:
    """x reduced by a ufunc of two operands, in x's dtype."""
    return in_order(np.asanyarray(ufunc.reduce(x, dims, x.dtype, keepdims=keepdim)))


@op(label=numbered("Sum"))
def sum(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    summed = in_order(total(x, dims))
    return summed.reshape(back(x.shape, dims)) if keepdim else summed


sum.derivative(
    x=lambda g, x_shape, dims: expand(kept(g, x_shape, dims), x_shape),
)


@op(label=numbered("Mean"))
def mean(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    average = np.divide(in_order(total(x, dims)), np.asarray(count(x.shape, dims), x.dtype))
    return average.reshape(back(x.shape, dims)) if keepdim else np.asanyarray(average)


mean.derivative(
    x=lambda g, x_shape, dims: expand(kept(g, x_shape, dims), x_shape) / count(x_shape, dims),
)


@op(label="ProdBackward0")
def prod(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    return reduced(np.multiply, x, dims, keepdim)


prod.derivative(
    x=lambda g, x, x_shape, dims: kept(g, x_shape, dims) * others(x, dims) if x_shape else g,
)


@op(label="ProdBackward1")
def prod_along(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    """prod over a dim: its node has another name, also when what it saved is gone."""
    return reduced(np.multiply, x, dims, keepdim)


prod_along.derivative(**prod.derivatives)


@op
def others(x: Array, /, dims: Dims) -> Array:
    """For each element the product of all the others: prod / x, if no element is 0."""
    if x.ndim and np.logical_and.reduce(x, None):
        return np.divide(np.multiply.reduce(x, dims, keepdims=True), x)
    along = np.moveaxis(x.reshape(line(x.shape, dims)), axis(dims), 0)
    before, after = np.ones_like(along), np.ones_like(along)
    np.multiply.accumulate(along[:-1], 0, out=before[1:])
    np.multiply.accumulate(along[:0:-1], 0, out=after[-2::-1])
    return in_order(np.moveaxis(before * after, 0, axis(dims))).reshape(x.shape)


others.derivative(x=lambda g, x, dims: other_pairs(g, x, dims))


def other_pairs(g: Any, x: Any, dims: Dims) -> Any:
    """Σᵢ gᵢ ∏ₖ xₖ over all k but i and j, for each j: a table of all pairs."""
    at, shape = axis(dims), line(x.shape, dims)
    n = shape[at]
    diagonal = np.eye(n, dtype=bool).reshape(n, n, *(1,) * len(shape[at + 1 :]))
    rows = (*shape[:at], 1, *shape[at:])
    table = others(where(diagonal, 1.0, reshape(x, rows)), (at + 1,))
    columns = (*shape[: at + 1], 1, *shape[at + 1 :])
    pairs = where(diagonal, 0.0, reshape(g, columns) * table)
    return reshape(sum(pairs, (at,), False), x.shape)


def axis(dims: Dims) -> int:
    return dims[0] if dims else 0


def line(shape: Shape, dims: Dims) -> Shape:
    """The shape in which `axis(dims)` is the one dim to go."""
    return shape if dims else (math.prod(shape),)


# ---- questions, without a derivative ------------------------------------------------------------


@op
def any(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    return reduced(np.logical_or, x.astype(bool), dims, keepdim)


@op
def all(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    return reduced(np.logical_and, x.astype(bool), dims, keepdim)
