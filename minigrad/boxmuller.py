"""Normal values in blocks, with PyTorch's bits: the method of Box and Muller (1958).

Two uniform values u, v give two normal ones, √(-2 log(1 - u)) times the cosine and the sine of 2πv.
PyTorch computes them in blocks of sixteen with its own logarithm, sine and cosine, and so the bits
are a matter of which polynomials, and of where a product and a sum are rounded once.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from minigrad.fma import fma

__all__ = ["BLOCK", "box_muller"]

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK: Final = 16  # from this many normal values on, PyTorch computes them in blocks


def box_muller(u: Array) -> Array:
    """Standard normal values from uniform ones, in blocks of 16: 8 radii, then their 8 angles."""
    u = u.reshape(-1, 2, BLOCK // 2)
    logarithm, sine_cosine = (log32, sincos32) if u.dtype == np.float32 else (log64, sincos64)
    radius = np.sqrt(-2 * logarithm(1 - u[:, 0]))
    sine, cosine = sine_cosine(u.dtype.type(2 * math.pi) * u[:, 1])
    return np.stack([radius * cosine, radius * sine], axis=1).ravel()


def log64(x: Array) -> Array:
    """The C library's logarithm; NumPy's own may differ in the last bit, and so may its sine."""
    return np.array([math.log(value) for value in x.ravel().tolist()]).reshape(x.shape)


def sincos64(x: Array) -> tuple[Array, Array]:
    angles = x.ravel().tolist()
    sine = np.array([math.sin(angle) for angle in angles])
    cosine = np.array([math.cos(angle) for angle in angles])
    return sine.reshape(x.shape), cosine.reshape(x.shape)


# The float32 functions follow Cephes (S. Moshier, "Methods and Programs for Mathematical
# Functions"), whose polynomials and constants PyTorch's vector code uses.

LOG: Final = np.array(
    [
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ],
    np.float32,
)
SINE: Final = np.array([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1], np.float32)
COSINE: Final = np.array(
    [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2], np.float32
)
LN2: Final = np.array([0.693359375, -2.12194440e-4], np.float32)  # ln 2 as a sum
QUARTER_PI: Final = np.array(
    [0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8], np.float32
)
HALF: Final = np.float32(0.5)


def polynomial(coefficients: Array, x: Array) -> Array:
    """Horner's scheme, each step a fused multiply-add."""
    value = fma(coefficients[0], x, coefficients[1])
    for coefficient in coefficients[2:]:
        value = fma(value, x, coefficient)
    return value


def log32(x: Array) -> Array:
    """log(m * 2**e) = log(1 + f) + e * ln 2, with m in [sqrt(1/2), sqrt(2)) and f = m - 1."""
    m, exponent = np.frexp(x)
    small = m < np.float32(math.sqrt(0.5))
    f = np.where(small, m + m, m) - 1
    e = (exponent - small).astype(np.float32)
    square = f * f
    tail = fma(polynomial(LOG, f) * f, square, e * LN2[1]) - square * HALF
    return fma(LN2[0], e, f + tail)


def sincos32(x: Array) -> tuple[Array, Array]:
    """Sine and cosine of x >= 0, from polynomials on [-pi/4, pi/4] around the nearest k * pi/2."""
    octant = (x * np.float32(4 / math.pi)).astype(np.int32)
    octant += octant & 1
    for part in QUARTER_PI:
        x = fma(-part, octant.astype(np.float32), x)
    square = x * x
    cosine = fma(polynomial(COSINE, square) * square, square, square * -HALF) + 1
    sine = fma(polynomial(SINE, square) * square, x, x)
    swapped = octant & 2 != 0
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(octant & 4, -sine, sine), np.where((octant + 2) & 4, -cosine, cosine)
