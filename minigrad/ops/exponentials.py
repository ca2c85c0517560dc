"""Exponentials in proportion to their sum. The largest is taken out first, so that none overflows.

logsumexp(x) = m + log Σ exp(x - m)     softmax(x) = exp(x - m) / Σ exp(x - m)     m = max x
"""

from __future__ import annotations

import numpy as np

from minigrad.autograd.op import Array, op
from minigrad.ops.elementwise import exp
from minigrad.ops.reduction import Dims, kept, sum
from minigrad.ops.shape import in_order


@op
def logsumexp(x: Array, /, dims: Dims, keepdim: bool) -> Array:
    """log Σ exp(x); an infinite largest is not taken out, for inf - inf is NaN."""
    top = largest(x, dims)
    top = np.where(np.isinf(top), np.asarray(0, x.dtype), top)
    out = np.log(sum.kernel(np.exp(x - top), dims, True)) + top
    return out if keepdim else np.asanyarray(out.squeeze(dims))


logsumexp.derivative(
    x=lambda g, x, x_shape, out, dims: kept(g, x_shape, dims) * exp(x - kept(out, x_shape, dims)),
)


@op
def softmax(x: Array, /, dims: Dims) -> Array:
    """exp(x) / Σ exp(x)."""
    powers = np.exp(x - largest(x, dims))
    return in_order(powers / sum.kernel(powers, dims, True))


softmax.derivative(x=lambda g, out, dims: (g - sum(g * out, dims, True)) * out)


@op
def log_softmax(x: Array, /, dims: Dims) -> Array:
    """x - logsumexp(x): the logarithm of softmax, also where that rounds to 0."""
    moved = x - largest(x, dims)
    return in_order(moved - np.log(sum.kernel(np.exp(moved), dims, True)))


log_softmax.derivative(x=lambda g, out, dims: g - exp(out) * sum(g, dims, True))


def largest(x: Array, dims: Dims) -> Array:
    """The largest elements, with the dims kept; of none, -inf."""
    return np.asanyarray(np.maximum.reduce(x, dims, keepdims=True, initial=-np.inf))
