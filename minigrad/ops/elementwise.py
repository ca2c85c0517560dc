"""Ops on each element by itself. What broadcasts is summed back by the engine: no rule says so.

Sorted from arithmetic to functions to choices. The derivatives are written in operators and ops.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from minigrad.autograd.errors import underivable
from minigrad.autograd.op import Array, op
from minigrad.fma import fma
from minigrad.ops.select import choose

# ---- arithmetic ---------------------------------------------------------------------------------


@op
def add(a: Array, b: Array, /) -> Array:
    return np.add(a, b)


add.derivative(a=lambda g: g, b=lambda g: g)


@op
def sub(a: Array, b: Array, /) -> Array:
    return np.subtract(a, b)


sub.derivative(a=lambda g: g, b=lambda g: -g)


@op(label="AddBackward0")
def add_scaled(a: Array, b: Array, /, alpha: float) -> Array:
    """a + alpha * b, rounded once."""
    return scaled_sum(a, b, alpha)


add_scaled.derivative(a=lambda g: g, b=lambda g, alpha: g * alpha)


@op(label="SubBackward0")
def sub_scaled(a: Array, b: Array, /, alpha: float) -> Array:
    """a - alpha * b, likewise."""
    return scaled_sum(a, b, -alpha)


sub_scaled.derivative(a=lambda g: g, b=lambda g, alpha: -g * alpha)


def scaled_sum(a: Array, b: Array, factor: float) -> Array:
    scale = np.asarray(factor, a.dtype)
    if a.dtype.kind != "f":
        return np.add(a, np.multiply(b, scale))
    return fma(scale, b, a)


@op(label="RsubBackward1")
def rsub(a: Array, b: Array, /) -> Array:
    return np.subtract(b, a)


rsub.derivative(a=lambda g: -g, b=lambda g: g)


@op
def mul(a: Array, b: Array, /) -> Array:
    return np.multiply(a, b)


mul.derivative(a=lambda g, b: g * b, b=lambda g, a: g * a)


@op
def div(a: Array, b: Array, /) -> Array:
    return np.divide(a, b)


div.derivative(a=lambda g, b: g / b, b=lambda g, a, b: -g * ((a / b) / b))


@op(label="DivBackward2")
def rounded_div(a: Array, b: Array, /, mode: str | None) -> Array:
    """a / b as it is (None), or rounded to 0 ("trunc") or down ("floor"): then its slope is 0."""
    if mode is None:
        return np.divide(a, b)
    if mode == "floor":
        return np.floor_divide(a, b)
    if a.dtype.kind == "i":
        return np.floor_divide(a - np.fmod(a, b), b)
    return np.trunc(np.divide(a, b))


rounded_div.derivative(
    a=lambda g, b, mode: zero(g) if mode else g / b,
    b=lambda g, a, b, mode: zero(g) if mode else -g * ((a / b) / b),
)


@op(label="NotImplemented")
def floor_divide(a: Array, b: Array, /) -> Array:
    return np.floor_divide(a, b)


floor_divide.derivative(
    a=lambda g: underivable("floor_divide"), b=lambda g: underivable("floor_divide")
)


@op(label="NotImplemented")
def floor_divide_in_place(a: Array, b: Array, /) -> Array:
    """The same, for memory that is overwritten: the error of backward names it otherwise."""
    return np.floor_divide(a, b)


floor_divide_in_place.derivative(
    a=lambda g: underivable("floor_divide_"), b=lambda g: underivable("floor_divide_")
)


@op(label="RemainderBackward1")
def remainder(a: Array, b: Array, /) -> Array:
    """a - b floor(a / b): it has the sign of b; a zero has the sign of a."""
    rest = np.fmod(a, b)
    return choose((rest != 0) & ((rest < 0) != (b < 0)), rest + b, rest)


remainder.derivative(a=lambda g: g, b=lambda g, a, b: -g * rounded_div(a, b, "floor"))


@op(label="RemainderBackward0")
def remainder_by_number(a: Array, /, b: Array) -> Array:
    return remainder.kernel(a, b)


remainder_by_number.derivative(a=lambda g: g)


@op(label="NotImplemented")
def remainder_of_number(b: Array, /, a: Array) -> Array:
    return remainder.kernel(a, b)


remainder_of_number.derivative(b=lambda g: underivable("remainder"))


@op
def neg(x: Array, /) -> Array:
    return np.negative(x)


neg.derivative(x=lambda g: -g)


@op
def reciprocal(x: Array, /) -> Array:
    return np.reciprocal(x)


reciprocal.derivative(x=lambda g, out: -g * (out * out))


# ---- powers -------------------------------------------------------------------------------------


@op
def pow(x: Array, /, n: float) -> Array:
    """x**n for a number n; the common powers are made of exact operations, as in PyTorch."""
    match n:
        case 2:
            return np.multiply(x, x)
        case 3:
            return np.multiply(np.multiply(x, x), x)
        case 0.5:
            return np.sqrt(x)  # keeps the sign of -0., unlike np.power
        case -0.5:
            return np.reciprocal(np.sqrt(x))
        case -1:
            return np.reciprocal(x)
        case -2:
            return np.reciprocal(np.multiply(x, x))
        case _:
            return raised(x, np.asarray(n, x.dtype))


pow.derivative(x=lambda g, x, n: zero(g) if n == 0 else g * (n * pow(x, n - 1)))


@op(label="PowBackward1")
def power(x: Array, y: Array, /) -> Array:
    return raised(x, y)


power.derivative(
    x=lambda g, x, y: where(y == 0, 0.0, g * (y * power(x, y - 1))),
    y=lambda g, x, y, out: g * where((x == 0) & (y >= 0), 0.0, out * log(x)),
)


@op(label="PowBackward2")
def exponential(y: Array, /, base: float) -> Array:
    """base**y for a number base."""
    return raised(np.asarray(base, y.dtype), y)


exponential.derivative(
    y=lambda g, y, base, out: (
        g * (where(y >= 0, 0.0, out * -np.inf) if base == 0 else out * natural_log(base))
    )
)


def raised(x: Array, y: Array) -> Array:
    """x**y; a whole number to a negative power is 0 (1 and -1 are not), as in PyTorch."""
    if x.dtype.kind == "f" or np.all(y >= 0):
        return np.power(x, y)
    return np.where((y < 0) & (np.abs(x) != 1), 0, np.power(x, np.abs(y)))


def natural_log(base: float) -> float:
    return float(np.log(base)) if base > 0 else float("nan")


# ---- functions ----------------------------------------------------------------------------------


@op
def exp(x: Array, /) -> Array:
    return np.exp(x)


exp.derivative(x=lambda g, out: g * out)


@op
def log(x: Array, /) -> Array:
    return np.log(x)


log.derivative(x=lambda g, x: g / x)


@op
def sqrt(x: Array, /) -> Array:
    return np.sqrt(x)


sqrt.derivative(x=lambda g, out: g / (out * 2))


@op
def tanh(x: Array, /) -> Array:
    return np.tanh(x)


tanh.derivative(x=lambda g, out: g * (1 - out * out))


@op
def sigmoid(x: Array, /) -> Array:
    """1 / (1 + exp(-x)): for x far below 0 the exponential is infinite and the result 0."""
    return np.reciprocal(np.add(np.exp(np.negative(x)), np.asarray(1, x.dtype)))


sigmoid.derivative(x=lambda g, out: g * (1 - out) * out)


@op
def sin(x: Array, /) -> Array:
    return np.sin(x)


sin.derivative(x=lambda g, x: g * cos(x))


@op
def cos(x: Array, /) -> Array:
    return np.cos(x)


cos.derivative(x=lambda g, x: g * -sin(x))


@op
def abs(x: Array, /) -> Array:
    return np.abs(x)


abs.derivative(x=lambda g, x: g * sign(x))


@op
def sign(x: Array, /) -> Array:
    """-1, 0 or 1; 0 for NaN, as in PyTorch."""
    return np.subtract(x > 0, x < 0, dtype=x.dtype)


sign.derivative(x=lambda g: zero(g))


# ---- choices: a derivative that selects never multiplies, so that 0 * inf cannot make a NaN -----


@op
def where(condition: Array, a: Array, b: Array, /) -> Array:
    return choose(condition, a, b)


where.derivative(
    a=lambda g, condition: where(condition, g, 0.0),
    b=lambda g, condition: where(condition, 0.0, g),
)


@op
def maximum(a: Array, b: Array, /) -> Array:
    return np.maximum(a, b)


maximum.derivative(
    a=lambda g, a, b: where(a < b, 0.0, where(a == b, g / 2, g)),
    b=lambda g, a, b: where(b < a, 0.0, where(a == b, g / 2, g)),
)


@op
def minimum(a: Array, b: Array, /) -> Array:
    return np.minimum(a, b)


minimum.derivative(
    a=lambda g, a, b: where(a > b, 0.0, where(a == b, g / 2, g)),
    b=lambda g, a, b: where(b > a, 0.0, where(a == b, g / 2, g)),
)


@op(label="ClampBackward1")
def clamp(x: Array, /, low: Any, high: Any) -> Array:
    """min(max(x, low), high) for numbers; a bound of the dtype's own end is no bound.

    Of two equals NumPy takes the second: x, so that -0. keeps its sign at a bound of 0.
    """
    return np.minimum(high, np.maximum(low, x))


clamp.derivative(x=lambda g, x, low, high: where((x >= low) & (x <= high), g, 0.0))


@op(label="ClampBackward0")
def clamp_between(x: Array, low: Array, high: Array, /) -> Array:
    return np.minimum(np.maximum(x, low), high)


clamp_between.derivative(
    x=lambda g, x, low, high: where((x >= low) & (x <= high), g, 0.0),
    low=lambda g, x, low, high: where((x < low) & (low < high), g, 0.0),
    high=lambda g, x, low, high: where((x > high) | (low > high), g, 0.0),
)


@op(label="ClampBackward0")
def clamp_min(x: Array, low: Array, /) -> Array:
    return np.maximum(x, low)


clamp_min.derivative(
    x=lambda g, x, low: where(x >= low, g, 0.0), low=lambda g, x, low: where(x < low, g, 0.0)
)


@op(label="ClampBackward0")
def clamp_max(x: Array, high: Array, /) -> Array:
    return np.minimum(x, high)


clamp_max.derivative(
    x=lambda g, x, high: where(x <= high, g, 0.0), high=lambda g, x, high: where(x > high, g, 0.0)
)


# ---- copies -------------------------------------------------------------------------------------


@op
def clone(x: Array, /, order: Literal["K", "C"] = "K") -> Array:
    """A copy that lies in memory as x does; an expanded x, or order "C", in order."""
    return x.copy("C" if 0 in x.strides else order)


clone.derivative(x=lambda g: g)


@op(label="ToCopyBackward0")
def cast(x: Array, /, dtype: np.dtype[Any]) -> Array:
    return x.astype(dtype, "C" if 0 in x.strides else "K")


cast.derivative(x=lambda g, x_dtype: cast(g, x_dtype))


@op
def zero(x: Array, /) -> Array:
    """An array like x, of zeros: where nothing depends on x, nothing is recorded."""
    return np.zeros_like(x)


@op(label="ZeroBackward0")
def zeroed(x: Array, /) -> Array:
    """What zero_ leaves of x."""
    return np.zeros_like(x)


zeroed.derivative(x=lambda g: zero(g))


@op(label="FillBackward2")
def fill(x: Array, /, value: Any) -> Array:
    """An array like x with other values, which do not depend on it."""
    return np.full_like(x, value)


fill.derivative(x=lambda g: zero(g))


@op(label="UniformBackward0")
def uniform(x: Array, /, values: Array) -> Array:
    """An array like x, drawn at random."""
    return values


uniform.derivative(x=lambda g: zero(g))


@op(label="NormalBackward0")
def normal(x: Array, /, values: Array) -> Array:
    return values


normal.derivative(x=lambda g: zero(g))


# ---- without a derivative: results are bool or integer ------------------------------------------


@op
def eq(a: Array, b: Array, /) -> Array:
    return np.equal(a, b)


@op
def ne(a: Array, b: Array, /) -> Array:
    return np.not_equal(a, b)


@op
def lt(a: Array, b: Array, /) -> Array:
    return np.less(a, b)


@op
def le(a: Array, b: Array, /) -> Array:
    return np.less_equal(a, b)


@op
def gt(a: Array, b: Array, /) -> Array:
    return np.greater(a, b)


@op
def ge(a: Array, b: Array, /) -> Array:
    return np.greater_equal(a, b)


@op
def bitwise_and(a: Array, b: Array, /) -> Array:
    return np.bitwise_and(a, b)


@op
def bitwise_or(a: Array, b: Array, /) -> Array:
    return np.bitwise_or(a, b)


@op
def bitwise_xor(a: Array, b: Array, /) -> Array:
    return np.bitwise_xor(a, b)


@op
def bitwise_not(x: Array, /) -> Array:
    return np.invert(x)


@op
def logical_and(a: Array, b: Array, /) -> Array:
    return np.logical_and(a, b)


@op
def logical_or(a: Array, b: Array, /) -> Array:
    return np.logical_or(a, b)


@op
def logical_xor(a: Array, b: Array, /) -> Array:
    return np.logical_xor(a, b)


@op
def isnan(x: Array, /) -> Array:
    return np.isnan(x)


@op
def isinf(x: Array, /) -> Array:
    return np.isinf(x)


@op
def isfinite(x: Array, /) -> Array:
    return np.isfinite(x)
