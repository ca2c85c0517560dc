"""Ops that move elements and change none. A derivative here is the movement undone.

`@view` ops return a view where NumPy can: result and argument then share memory, and their stamp.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd.graph import Node
from minigrad.autograd.op import Array, Op, op, view
from minigrad.ops.constants import ZERO
from minigrad.ops.sums import total

Shape = tuple[int, ...]


def in_order(x: Array) -> Array:
    """The elements one after the other in memory, which is not how NumPy leaves each result."""
    return x if x.flags.c_contiguous else x.copy("C")


# ---- the same elements under another shape ------------------------------------------------------


@view(label="ViewBackward0")
def reshape(x: Array, /, shape: Shape) -> Array:
    return x.reshape(shape)


reshape.derivative(x=lambda g, x_shape: reshape(g, x_shape))


@view(label="ReshapeAliasBackward0")
def reshape_alias(x: Array, /, shape: Shape) -> Array:
    """The same, of elements that do not lie in order but still allow a view."""
    return x.reshape(shape)


reshape_alias.derivative(x=lambda g, x_shape: reshape(g, x_shape))


@op(label="UnsafeViewBackward0")
def reshape_copy(x: Array, /, shape: Shape) -> Array:
    return x.reshape(shape)


reshape_copy.derivative(x=lambda g, x_shape: reshape(g, x_shape))


@view()
def alias(x: Array, /) -> Array:
    """The same elements, seen by another tensor."""
    return x.view()


alias.derivative(x=lambda g: g)


@view(label="UnsqueezeBackward0")
def unsqueeze(x: Array, /, shape: Shape) -> Array:
    return x.reshape(shape)


unsqueeze.derivative(x=lambda g, x_shape: reshape(g, x_shape))


@view(label=lambda node: f"SqueezeBackward{node.saved[1]}" if node.saved else "SqueezeBackward0")
def squeeze(x: Array, /, shape: Shape, form: int) -> Array:
    """`form` is 0 for all dims, 1 for one, 2 for several: PyTorch names the node after it."""
    return x.reshape(shape)


squeeze.derivative(x=lambda g, x_shape, form: reshape(g, x_shape))


# ---- another order of the dims ------------------------------------------------------------------


@view(label="TBackward0")
def t(x: Array, /) -> Array:
    return x.T


t.derivative(x=lambda g: t(g))


@view()
def permute(x: Array, /, dims: Shape) -> Array:
    return x.transpose(dims)


permute.derivative(x=lambda g, dims: permute(g, inverse(dims)))


@view()
def transpose(x: Array, /, dim0: int, dim1: int) -> Array:
    return x.swapaxes(dim0, dim1) if x.ndim else x


transpose.derivative(x=lambda g, dim0, dim1: transpose(g, dim0, dim1))


def inverse(dims: Shape) -> Shape:
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


# ---- broadcasting, and its transpose ------------------------------------------------------------


@view()
def expand(x: Array, /, shape: Shape) -> Array:
    if x.size == 1 and type(x) is np.ndarray:  # in a tenth of the time
        return np.ndarray(shape, x.dtype, x, strides=(0,) * len(shape))
    out = np.broadcast_to(x, shape)
    out.flags.writeable = x.flags.writeable  # NumPy would protect what is one element several times
    return out


expand.derivative(x=lambda g: g)


@op(label="SumBackward1")
def sum_to(x: Array, /, shape: Shape) -> Array:
    """The sum over everything that broadcasting from `shape` had repeated."""
    if x.ndim > 1 and len(x) == 1 and x.shape[1:] == shape:
        return x[0] + ZERO[x.dtype]  # a sum starts at 0: a lone -0. becomes 0
    lead = x.ndim - len(shape)
    if x.shape[lead:] == shape:
        return total(x, 0 if lead == 1 else tuple(range(lead)))
    repeated = [i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1]
    summed = total(x, (*range(lead), *repeated))
    return summed if summed.shape == shape else summed.reshape(shape)


sum_to.derivative(x=lambda g, x_shape: expand(reshape(g, aligned(g.shape, x_shape)), x_shape))


def aligned(shape: Shape, target: Shape) -> Shape:
    return (1,) * (len(target) - len(shape)) + tuple(shape)


# ---- picking ------------------------------------------------------------------------------------


def index_label(node: Node) -> str:
    """PyTorch indexes step by step, skips dims that are taken whole, and names the last step."""
    index = node.saved[0] if node.saved else ()
    steps = [item for item in index if item is not Ellipsis and item != slice(None)]
    if not steps:
        return "SliceBackward0" if index == (slice(None),) else "AliasBackward0"
    if isinstance(steps[-1], int):
        return "SelectBackward0"
    return "UnsqueezeBackward0" if steps[-1] is None else "SliceBackward0"


@view(label=index_label)
def getitem(x: Array, /, index: tuple[Any, ...]) -> Array:
    """x[index] with integers, slices, None and an ellipsis: a view."""
    return x[(*index, ...)] if Ellipsis not in index else x[index]


getitem.derivative(x=lambda g, index, x_shape: scatter(g, index, x_shape))


def piece(label: str) -> Op:
    """getitem under another name: PyTorch calls the node after the function that cut the piece."""

    @view(label=label)
    def getitem_of(x: Array, /, index: tuple[Any, ...]) -> Array:
        return x[(*index, ...)]  # the ellipsis keeps a single element a view

    getitem_of.derivative(**getitem.derivatives)
    return getitem_of


unbind = piece("UnbindBackward0")
split = piece("SplitBackward0")
split_with_sizes = piece("SplitWithSizesBackward0")


@op
def scatter(x: Array, /, index: tuple[Any, ...], shape: Shape) -> Array:
    """Zeros of a shape, with x at `index`."""
    out = np.zeros(shape, x.dtype, like=np.asanyarray(x))
    out[index] = x
    return out


scatter.derivative(x=lambda g, index: getitem(g, index))


@op(label="IndexBackward0")
def take(x: Array, index: tuple[Any, ...], /) -> Array:
    """x[index] where some of the indices are arrays: a copy."""
    return in_order(x[index])


take.derivative(x=lambda g, index, x_shape: scatter_add(g, index, x_shape))


@op
def scatter_add(x: Array, index: tuple[Any, ...], /, shape: Shape) -> Array:
    """Zeros of a shape, with x added at `index`: repeated places receive several."""
    out = np.zeros(shape, x.dtype, like=np.asanyarray(x))
    np.add.at(out, index, x)
    return out


scatter_add.derivative(x=lambda g, index: take(g, index))


# ---- joining ------------------------------------------------------------------------------------


@op
def cat(dim: int, /, *xs: Array) -> Array:
    return in_order(np.concatenate(xs, dim))


cat.derivative(xs=lambda g, dim, xs_shape, i: getitem(g, section(dim, xs_shape, i)))


def section(dim: int, shapes: tuple[Shape, ...], i: int) -> tuple[Any, ...]:
    """Where the i-th of the joined arrays lies in the result."""
    start = sum(shape[dim] for shape in shapes[:i])
    return (slice(None),) * dim + (slice(start, start + shapes[i][dim]),)


@op
def stack(dim: int, /, *xs: Array) -> Array:
    return in_order(np.stack(xs, dim))


stack.derivative(xs=lambda g, dim, i: getitem(g, (slice(None),) * dim + (i,)))
