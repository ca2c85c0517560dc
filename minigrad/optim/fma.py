"""c·x + y, rounded once: the processor's fused multiply-add, from NumPy's parts.

PyTorch's `y.add(x, alpha=c)` compiles to one instruction that rounds the exact c·x + y. `c * x + y`
in NumPy rounds the product as well, and in several of a hundred elements the last bit differs.

For float32 the detour over float64 is enough: there the product of two float32 numbers is exact,
and one sum is left to round. (Its result is rounded again, to float32. That is not the same as
rounding once if the first result lies exactly half way between two float32 numbers, which happens
about once in 10⁹ elements.)

For float64 NumPy has nothing wider. `compensated` adds what the product and the sum lose to
rounding, in about 25 array operations. It misses the nearest number about once in 10¹⁵ elements,
and rounds twice where the product is beyond 1e290 or below 1e-290 and the parts of it overflow or
underflow.

Sources: T. J. Dekker, "A floating-point technique for extending the available precision" (1971);
D. E. Knuth, "The Art of Computer Programming", volume 2, section 4.2.2.
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
        out[...] = compensated(c, x, y)
    elif out.size == 1:  # Python's floats are float64: the same sum, without six calls of NumPy
        out.fill(c.item() * x.item() + y.item())
    else:
        out[...] = c * x.astype(float64) + y.astype(float64)
    return out


def compensated(c: Array, x: Array, y: Array) -> Array:
    """c·x + y in float64, with what rounding the product and the sum lost."""
    product, product_lost = two_product(c, x)
    total, total_lost = two_sum(product, y)
    result = total + (total_lost + product_lost)
    # Zero has its sign from the plain sum, and what is infinite or NaN has no meaningful loss.
    return np.where(np.isfinite(result) & (result != 0), result, total)


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
