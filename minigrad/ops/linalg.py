"""Products of vectors and matrices: the derivative of a product is a product."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd.graph import Node
from minigrad.autograd.op import Array, op
from minigrad.ops.shape import reshape, transpose
from minigrad.ops.sums import product, total

# Two formulas of this page serve several ops: for y = x W the gradient of W is xᵀ g, and a vector
# takes part as a matrix of one row.


def row(v: Any) -> Any:
    return v if v.ndim == 2 else reshape(v, (1, -1))


def column(v: Any) -> Any:
    return reshape(v, (-1, 1))


@op
def dot(a: Array, b: Array, /) -> Array:
    """Σ aᵢ bᵢ of two vectors."""
    return total(a * b) if a.size < 4 and a.dtype.kind == "f" else np.asanyarray(a.dot(b))


dot.derivative(a=lambda g, b: g * b, b=lambda g, a: g * a)


@op(label=lambda node: "MmBackward0" if len(node.shape) == 2 else "SqueezeBackward4")
def matmul(a: Array, b: Array, /) -> Array:
    """a b of a matrix, or a row vector, and a matrix."""
    return product(a, b)


matmul.derivative(
    a=lambda g, b: matmul(g, b.T),
    b=lambda g, a: matmul(row(a).T, row(g)),
)


@op
def mv(a: Array, v: Array, /) -> Array:
    """a v of a matrix and a column vector."""
    return product(v, a.T)


mv.derivative(a=lambda g, v: column(g) * v, v=lambda g, a: matmul(g, a))


@op
def bmm(a: Array, b: Array, /) -> Array:
    """a b for each matrix of a batch; batch dims broadcast."""
    return np.matmul(a, b)


bmm.derivative(
    a=lambda g, b: bmm(g, transpose(b, -1, -2)),
    b=lambda g, a: bmm(transpose(a, -1, -2), g),
)


@op
def addmm(c: Array, a: Array, b: Array, /, beta: float, alpha: float) -> Array:
    """beta c + alpha a b; what is taken 0 times does not count, not even NaN."""
    scaled = product(a, b) if alpha == 1 else times(alpha, product(a, b))
    return scaled if beta == 0 else np.add(c if beta == 1 else times(beta, c), scaled)


addmm.derivative(
    c=lambda g, beta: g * beta,
    a=lambda g, b, alpha: matmul(g, b.T) * alpha,
    b=lambda g, a, alpha: matmul(a.T, g) * alpha,
)


def times(factor: float, x: Array) -> Array:
    """factor x; 0 times anything is 0."""
    return np.multiply(x, np.asarray(factor, x.dtype)) if factor else np.zeros_like(x)


def plus(rows: Array, bias: Array) -> Array:
    """The bias added to each row; NumPy takes long to stretch an array, but not a single number.

    The rows are a product that nobody else has: if they are large, their memory serves again.
    """
    if rows.size > 1 << 12:
        return np.add(rows, bias, rows)
    if len(rows) == 1 < rows.ndim:
        return rows + bias.reshape(1, -1)
    return rows + (bias.reshape(()) if len(bias) == 1 < len(rows) else bias)


def linear_label(node: Node) -> str:
    return "AddmmBackward0" if len(node.shape) == 2 else "ViewBackward0"


@op(label=linear_label)
def linear(x: Array, weight: Array, bias: Array, /) -> Array:
    """x Wᵀ + b of a row or of a matrix of rows."""
    return plus(product(x, weight.T), bias)


linear.derivative(
    x=lambda g, weight: matmul(g, weight),
    weight=lambda g, x: matmul(row(g).T, row(x)),
    bias=lambda g: g,
)


@op(label=lambda node: "MmBackward0" if len(node.shape) == 2 else "SqueezeBackward4")
def linear_without_bias(x: Array, weight: Array, /) -> Array:
    """x Wᵀ: a layer without bias."""
    return product(x, weight.T)


linear_without_bias.derivative(
    x=linear.derivatives["x"],
    weight=linear.derivatives["weight"],
)
