"""The distance between floating-point numbers, counted in floating-point numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating[Any]]


def ulps(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """How many units in the last place lie between `a` and `b`, element by element.

    The distance is the number of steps from one to the other through the numbers that their
    type can represent: neighbours are 1 apart, also where the exponent changes, and across
    zero every number on the way counts. 0.0 and -0.0 are the same number, 0 apart; infinity
    is 1 from the largest finite number; two NaNs are 0 apart, and NaN is infinitely far from
    everything else.

    Args:
        a, b: float32 or float64, of one dtype and shape.

    Returns:
        float64, of the same shape; exact up to 2**53.

    Raises:
        TypeError: the dtypes differ, or are neither float32 nor float64.
        ValueError: the shapes differ.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.dtype not in (np.float32, np.float64):
        raise TypeError(f"ulps() needs two float32 or two float64, but got {a.dtype}, {b.dtype}")
    if a.shape != b.shape:
        raise ValueError(f"ulps() needs one shape, but got {a.shape} and {b.shape}")
    # Flat, because NumPy's 0-d results are scalars, and theirs complain when integers wrap.
    x, y = a.ravel(), b.ravel()
    i, j = ranks(x), ranks(y)
    # A difference may be too big for int64, but not for uint64, which wraps to the right value.
    distance = np.maximum(i, j).astype(np.uint64) - np.minimum(i, j).astype(np.uint64)
    lost = np.isnan(x), np.isnan(y)
    result = np.where(lost[0] & lost[1], 0.0, distance.astype(np.float64))
    return np.where(lost[0] ^ lost[1], np.inf, result).reshape(a.shape)


def ranks(x: FloatArray) -> NDArray[np.int64]:
    """The place of each number in the order of its type: 0 for both zeros, 1 for the next up."""
    integer = np.int32 if x.dtype == np.float32 else np.int64
    bits = x.view(integer).astype(np.int64)
    # A float is sign and magnitude: below zero the bits grow away from it, so turn them around.
    return np.where(bits < 0, np.iinfo(integer).min - bits, bits)


def same_bits(a: FloatArray, b: FloatArray) -> bool:
    """Whether two arrays hold the same bits, signs of zeros included; any NaN equals any NaN."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.tobytes() == b.tobytes():
        return True
    same = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(same | (np.isnan(a) & np.isnan(b))))
