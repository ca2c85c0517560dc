"""Ops that make fewer elements of many. `dims` is a tuple of the dims to go, None for all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.autograd.graph import Node
from minigrad.autograd.op import Array, op
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


def count(shape: Shape, dims: Dims) -> int:
    """How many elements become one."""
    return math.prod(shape if dims is None else (shape[i] for i in dims))


@op(label=numbered("Sum"))
def sum(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    summed = in_order(total(x, dims))
    return summed.reshape(back(x.shape, dims)) if keepdim else summed


sum.derivative(
    x=lambda g, x_shape, dims: expand(reshape(g, back(x_shape, dims)), x_shape),
)


@op(label=numbered("Mean"))
def mean(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    average = np.divide(in_order(total(x, dims)), np.asarray(count(x.shape, dims), x.dtype))
    return average.reshape(back(x.shape, dims)) if keepdim else np.asanyarray(average)


mean.derivative(
    x=lambda g, x_shape, dims: (
        expand(reshape(g, back(x_shape, dims)), x_shape) / count(x_shape, dims)
    ),
)
