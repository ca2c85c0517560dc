"""c·x + y, rounded once: the processor's fused multiply-add, from NumPy's parts.

PyTorch's `y.add(x, alpha=c)` compiles to one instruction that rounds the exact c·x + y. `c * x + y`
in NumPy rounds the product as well, and in several of a hundred elements the last bit differs.

For float32 the detour over float64 is enough: there the product of two float32 numbers is exact,
and one sum is left to round. (Its result is rounded again, to float32. That is not the same as
rounding once if the first result lies exactly half way between two float32 numbers, which happens
about once in 10⁹ elements.)

For float64 NumPy has nothing wider, so `exact` keeps what each operation loses to rounding, in
about 40 array operations. It gives the nearest number wherever nothing overflows or underflows on
the way (products between about 1e-290 and 1e290); beyond that the product is rounded as well.

Sources: T. J. Dekker, "A floating-point technique for extending the available precision" (1971);
S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
rounding to odd" (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["fma"]

Array = np.ndarray[Any, np.dtype[Any]]

float64 = np.dtype(np.float64)


def fma(c: Array, x: Array, y: Array, out: Array | None = None) -> Array:
    """c·x + y with one rounding, for a 0-d float64 array c and arrays x, y of one float dtype.

    The result is written to `out`, which may be x or y, or to a new array.
    """
    if out is None:
        out = np.empty_like(y)
    if out.itemsize == float64.itemsize:
        out[...] = exact(c, x, y)
    elif out.size == 1 and type(out) is np.ndarray:
        # Python's floats are float64: the same sum, without six calls of NumPy. (A subclass, such
        # as the arrays with which minigrad.compile notes the calls, gets to see them.)
        out.fill(c.item() * x.item() + y.item())
    else:
        wide = x.astype(float64)
        np.multiply(wide, c, wide)
        np.add(wide, y, wide)
        out[...] = wide
    return out


def exact(c: Array, x: Array, y: Array) -> Array:
    """The float64 numbers nearest to c·x + y."""
    product, product_lost = two_product(c, x)
    low, low_lost = two_sum(y, product_lost)
    high, high_lost = two_sum(product, low)
    result = high + sum_to_odd(low_lost, high_lost)
    # Zero has its sign from the plain sum, and what is infinite or NaN lost nothing meaningful.
    return np.where(np.isfinite(result) & (result != 0), result, product + y)


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b, and exactly what its rounding lost."""
    total = a + b
    from_b = total - a
    return total, (a - (total - from_b)) + (b - from_b)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """a·b, and exactly what its rounding lost."""
    product = a * b
    a_high, a_low = halves(a)
    b_high, b_low = halves(b)
    return product, a_low * b_low - (
        ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
    )


def halves(a: Array) -> tuple[Array, Array]:
    """a as the sum of two numbers of 26 bits each, whose products are exact."""
    shifted = a * 134217729.0  # 2**27 + 1
    high = shifted - (shifted - a)
    return high, a - high


def sum_to_odd(a: Array, b: Array) -> Array:
    """a + b; if that is inexact, the one of its two neighbours whose last bit is 1.

    An odd last bit says "not quite this": it keeps the final rounding from taking the number for
    one that lies exactly half way between two others.
    """
    total, lost = two_sum(a, b)
    bits = total.view(np.int64)
    is_inexact_and_even = (lost != 0) & (bits & 1 == 0)
    toward_the_lost = np.where((lost > 0) == (total > 0), 1, -1)
    odd: Array = (bits + is_inexact_and_even * toward_the_lost).view(float64)
    return odd
