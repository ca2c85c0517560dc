"""What networks add to calculus: activations with a kink, and a loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.autograd.op import Array, op
from minigrad.ops.constants import ZERO, number
from minigrad.ops.elementwise import zero
from minigrad.ops.select import above_zero, choose
from minigrad.ops.sums import total

ndarray = np.ndarray
SMALLEST = 1e-45  # a slope that float32 rounds to 0 makes NaN of infinity
FEW = 128  # elements: up to here it is the calls of NumPy that count, not what they compute


@op
def relu(x: Array, /) -> Array:
    """max(0, x). NaN stays NaN, and -0. stays -0."""
    return above_zero(x)


relu.derivative(x=lambda g, out: gate(g, out))


@op(label="ThresholdBackwardBackward0")
def gate(x: Array, y: Array, /) -> Array:
    """x where y, the result of a relu, is above 0 or NaN, else 0: at the kink, too, it is 0."""
    return choose(y <= ZERO[y.dtype], 0.0, x)


gate.derivative(x=lambda g, y: gate(g, y), y=lambda g, y: zero(y))  # y's derivative is 0


def leak(x: Array, slope: float) -> Array:
    scaled = x * number(slope, x.dtype)
    if SMALLEST < slope <= 1:
        return np.maximum(x, scaled)
    return choose(x > ZERO[x.dtype], x, scaled, is_spare=True)


@op
def leaky_relu(x: Array, /, slope: float) -> Array:
    """x above 0, slope * x at 0 and below."""
    return leak(x, slope)


leaky_relu.derivative(x=lambda g, x, slope: leaky_gate(g, x, slope))


@op(label="LeakyReluBackward1")
def leaky_relu_in_place(x: Array, /, slope: float) -> Array:
    """The same, for memory that is overwritten: the derivative looks at the result's sign."""
    return leak(x, slope)


leaky_relu_in_place.derivative(x=lambda g, out, slope: leaky_gate(g, out, slope))


@op(label="LeakyReluBackwardBackward0")
def leaky_gate(x: Array, y: Array, /, slope: float) -> Array:
    """x where y is above 0, slope * x elsewhere: at the kink, too, it is the slope that counts."""
    if x.size < FEW and 0 < slope <= 1 and type(x) is ndarray:  # x times 1 or the slope
        return x * np.fmax(np.heaviside(y, ZERO[y.dtype]), number(slope, x.dtype))
    return choose(y > ZERO[y.dtype], x, x * number(slope, x.dtype), is_spare=True)


leaky_gate.derivative(x=lambda g, y, slope: leaky_gate(g, y, slope), y=lambda g, y: zero(y))


@op
def mse_loss(x: Array, y: Array, /, reduction: str) -> Array:
    """(x - y)², its mean or its sum."""
    difference = x - y
    squares = difference * difference
    if reduction == "none":
        return squares
    if squares.size == 1 and type(squares) is ndarray:  # a subclass gets to see that they are added
        return squares.reshape(())
    summed = total(squares)
    return summed / math.prod(x.shape) if reduction == "mean" else summed


mse_loss.derivative(
    x=lambda g, x, y, reduction: (x - y) * steepness(x, reduction) * g,
    y=lambda g, x, y, reduction: (y - x) * steepness(x, reduction) * g,
)


def steepness(x: Any, reduction: str) -> Any:
    """The derivative of one square is twice its root; a mean counts each by 1/n."""
    slope = 2 / (math.prod(x.shape) or 1) if reduction == "mean" else 2.0
    return number(slope, x.dtype) if isinstance(x, ndarray) else slope
