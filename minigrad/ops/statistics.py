"""How far the elements of an array lie from their mean, or from 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.autograd.op import Array, op
from minigrad.ops.elementwise import abs, cast, isnan, pow, sign, where, zero
from minigrad.ops.extremes import shared
from minigrad.ops.reduction import Dims, back, count, kept, mean
from minigrad.ops.shape import in_order
from minigrad.ops.sums import length, total

# ---- from the mean ------------------------------------------------------------------------------


@op
def var(x: Array, /, dims: Dims, correction: float, keepdim: bool) -> Array:
    """Σ (x - mean)² / (n - correction), computed in float64."""
    return in_order(variance(x, dims, correction, keepdim).astype(x.dtype))


var.derivative(
    x=lambda g, x, dims, correction: from_variance(kept(g, x.shape, dims), x, dims, correction),
)


@op
def std(x: Array, /, dims: Dims, correction: float, keepdim: bool) -> Array:
    """The root of the variance. Where it is 0, its derivative is 0 as well."""
    return in_order(np.sqrt(variance(x, dims, correction, keepdim)).astype(x.dtype))


std.derivative(
    x=lambda g, x, out, dims, correction: from_variance(
        kept(where(out == 0, 0.0, g / (out * 2)), x.shape, dims), x, dims, correction
    ),
)


def variance(x: Array, dims: Dims, correction: float, keepdim: bool) -> Array:
    n = count(x.shape, dims)
    if n == x.size:  # a single result: PyTorch rounds its mean to x's dtype
        deviation = np.subtract(x, mean.kernel(x, dims, True), dtype=np.float64)
    else:  # measured from an element, so that equal elements have exactly the variance 0
        shift = x[tuple(slice(0, 1) if i in (dims or ()) else slice(None) for i in range(x.ndim))]
        moved = np.subtract(x, shift, dtype=np.float64)
        deviation = moved - np.add.reduce(moved, dims, keepdims=True) / n
    squares = np.add.reduce(deviation * deviation, dims, keepdims=True)
    found = squares / np.float64(max(0, n - correction))
    return np.asanyarray(found if keepdim else np.squeeze(found, dims))


def from_variance(g: Any, x: Any, dims: Dims, correction: float) -> Any:
    """2 (x - mean) / (n - correction) times the gradient of the variance."""
    freedom = count(x.shape, dims) - correction
    average = mean(x, dims, True)
    if freedom <= 0 and dims is None:
        return g * where(x == average, zero(x) + math.nan, math.inf)
    return g * (2 / freedom if freedom else math.inf) * (x - average)


# ---- from 0 -------------------------------------------------------------------------------------


@op(label="LinalgVectorNormBackward0")
def norm(x: Array, /, p: float, dims: Dims, keepdim: bool) -> Array:
    """(Σ |x|ᵖ)^(1/p); for p = inf the largest |x|, for -inf the smallest, for 0 how many are not 0.

    At a norm of 0 the derivative is 0; for p = 0 there is none.
    """
    size = np.asanyarray(size_of(np.abs(x), p, dims))
    return in_order(size).reshape(back(x.shape, dims)) if keepdim else in_order(size)


norm.derivative(
    x=lambda g, x, x_dtype, out, p, dims: from_norm(
        kept(g, x.shape, dims), x, x_dtype, kept(out, x.shape, dims), p, dims
    ),
)


def size_of(x: Array, p: float, dims: Dims) -> Array:
    if p and x.size and all(x.shape[d] == 1 for d in (range(x.ndim) if dims is None else dims)):
        return total(x, dims)  # of one number, which is its own norm, however small or large
    match p:
        case 0:
            return total((x != 0).astype(x.dtype), dims)
        case 1:
            return total(x, dims)
        case 2:
            if x.flags.c_contiguous and (dims is None or len(dims) == x.ndim):
                return length(x.reshape(-1))
            return np.sqrt(total(x * x, dims))
        case math.inf:
            return np.asanyarray(np.maximum.reduce(x, dims))
        case _ if p == -math.inf:
            return np.asanyarray(np.minimum.reduce(x, dims))
    return np.power(total(np.power(x, p), dims), 1 / p)


def from_norm(g: Any, x: Any, x_dtype: Any, y: Any, p: float, dims: Dims) -> Any:
    """sign(x) (|x| / y)ᵖ⁻¹ times the gradient of the norm y."""
    if p == 0:
        return None
    if p == 2:
        return g * where(y == 0, 0.0, x / y)
    if math.isinf(p):
        farthest = cast((abs(x) == y) | isnan(x), x_dtype)
        return sign(x) * shared(g, farthest, dims)
    if p < 1:
        return sign(x) * where(x == 0, 0.0, pow(abs(x), p - 1)) * g * pow(y, 1 - p)
    slope = sign(x) * pow(abs(x), p - 1) if p < 2 else x * pow(abs(x), p - 2)
    return slope * where(y == 0, 0.0, g / pow(y, p - 1))
