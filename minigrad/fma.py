"""c·x + y, rounded once: the processor's fused multiply-add, from NumPy's parts.

PyTorch's `y.add(x, alpha=c)` compiles to one instruction that rounds the exact c·x + y. `c * x + y`
in NumPy rounds the product as well, and in several of a hundred elements the last bit differs. So
it is with a step of SGD, with random values that are scaled, and with evenly spaced ones.

For float32 the detour over float64 is enough: there the product of two float32 numbers is exact,
and one sum is left to round. (Its result is rounded again, to float32. That is not the same as
rounding once if the first result lies exactly half way between two float32 numbers, which happens
about once in 10⁹ elements. `exactly` has no such exception, and costs three times as much.)

For float64 NumPy has nothing wider, so `exact` keeps what each operation loses to rounding, in
about 40 array operations. It gives the nearest number wherever nothing overflows or underflows on
the way (products between about 1e-290 and 1e290); beyond that the product is rounded as well.

Sources: T. J. Dekker, "A floating-point technique for extending the available precision" (1971);
S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
rounding to odd" (2008).
"""

from __future__ import annotations

from _thread import _local  # threading.local, without the time to import threading
from typing import Any

import numpy as np

__all__ = ["BLOCK", "exactly", "fma", "in_scratch"]

Array = np.ndarray[Any, np.dtype[Any]]

# Elements: large arrays are best given in blocks of this size. Smaller blocks would stay in the
# second-level cache with their two float64 intermediates, of 512 KiB each, but need more calls, and
# these cost more than what a large cache behind it takes.
BLOCK = 1 << 16
FEW = 1 << 14  # up to here, new arrays come from the heap, and are faster

float64 = np.dtype(np.float64)


def fma(c: Any, x: Array, y: Any, out: Array | None = None) -> Array:
    """c·x + y with one rounding, in the dtype of x, whose values c and y hold as well.

    c and y are arrays of that dtype or of float64, 0-d ones for a number; they broadcast. The
    result is written to `out`, which may be x or y and then has the shape of both, or returned as
    a new array.
    """
    if x.itemsize == 8:
        return written(exact(c, x, y), out)
    if x.size == 1 and out is not None and type(out) is np.ndarray:
        # Python's floats are float64: the same sum, without six calls of NumPy. (A subclass, such
        # as the arrays with which minigrad.compile notes the calls, gets to see them.)
        out.fill(c.item() * x.item() + y.item())
        return out
    if FEW < x.size <= BLOCK and are_alike(x, y):
        made = np.empty_like(x) if out is None else out
        if type(made) is np.ndarray:
            return in_scratch(c, x, y, made)
    wide = x.astype(float64)
    wide *= c
    if out is None:
        total: Array = wide + y
        return total.astype(x.dtype)
    wide += y.astype(float64)  # in place, and of one dtype: NumPy is slower with two
    out[...] = wide
    return out


class Scratch(_local):
    """Memory of a thread's own for two blocks of float64, which it finds in the cache again.

    New arrays of that size the C library may fetch from the system, page by page, each time.
    """

    def __init__(self) -> None:
        self.memory = np.empty(2 * BLOCK)


scratch = Scratch()


def are_alike(x: Array, y: Any) -> bool:
    """Whether two arrays lie in memory alike, and neither is of a subclass (see above)."""
    return type(x) is type(y) is np.ndarray and x.shape == y.shape and x.strides == y.strides


def in_scratch(c: Any, x: Array, y: Array, out: Array) -> Array:
    """c·x + y of at most BLOCK float32 numbers, written to `out`, without new arrays."""
    wide, other = scratch.memory[: x.size], scratch.memory[x.size : 2 * x.size]
    if x.ndim != 1:
        wide, other = wide.reshape(x.shape), other.reshape(x.shape)
    wide[...] = x
    np.multiply(wide, c, wide)
    other[...] = y
    np.add(wide, other, wide)
    out[...] = wide
    return out


def written(values: Array, out: Array | None) -> Array:
    if out is None:
        return values
    out[...] = values
    return out


def exactly(c: Any, x: Array, y: Any) -> Array:
    """c·x + y with one rounding, likewise; finite values are expected, and none is an exception."""
    if x.dtype == float64:
        return exact(c, x, y)
    return sum_to_odd(np.multiply(x.astype(float64), c), np.asarray(y, float64)).astype(x.dtype)


# ---- float64 -------------------------------------------------------------------------------------


def exact(c: Any, x: Array, y: Any) -> Array:
    """The float64 numbers nearest to c·x + y."""
    product, product_lost = two_product(c, x)
    low, low_lost = two_sum(y, product_lost)
    high, high_lost = two_sum(product, low)
    result = high + sum_to_odd(low_lost, high_lost)
    # Zero has its sign from the plain sum, and what is infinite or NaN lost nothing meaningful.
    rounded: Array = np.where(np.isfinite(result) & (result != 0), result, product + y)
    return rounded


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """a + b, and exactly what its rounding lost."""
    total = a + b
    from_b = total - a
    return total, (a - (total - from_b)) + (b - from_b)


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """a·b, and exactly what its rounding lost."""
    product = a * b
    a_high, a_low = halves(a)
    b_high, b_low = halves(b)
    return product, a_low * b_low - (
        ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
    )


def halves(a: Any) -> tuple[Any, Any]:
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
