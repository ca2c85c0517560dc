"""Choosing between two arrays, element by element.

`np.where` asks a question at each element, and the processor guesses the answer: on random signs
it guesses wrong half of the time, and pays. On large arrays the choice is made with bit masks
instead, in passes that ask nothing: all ones keep a number as it is, all zeros make it +0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["choose"]

Array = np.ndarray[Any, np.dtype[Any]]

LARGE = 1024
BITS: dict[Any, np.dtype[Any]] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}


def choose(condition: Array, a: Any, b: Any) -> Array:
    """a where the condition holds, b elsewhere; one of them may be the number 0."""
    if condition.size < LARGE:
        return np.where(condition, a, b)
    if is_zero(b) and fits(condition, a):
        return kept(condition, a)
    if is_zero(a) and fits(condition, b):
        return kept(np.logical_not(condition), b)
    if fits(condition, a) and fits(condition, b) and a.dtype == b.dtype:
        return blended(condition, a, b)
    return np.where(condition, a, b)


def is_zero(value: Any) -> bool:
    return type(value) in (int, float) and value == 0 and math.copysign(1, value) > 0


def fits(condition: Array, x: Any) -> bool:
    return type(x) is np.ndarray and x.dtype in BITS and x.shape == condition.shape


def kept(condition: Array, x: Array) -> Array:
    """x where the condition holds, +0 elsewhere."""
    mask = condition.astype(BITS[x.dtype])
    np.negative(mask, mask)  # 1 becomes -1: all bits set
    np.bitwise_and(mask, x.view(mask.dtype), mask)
    return mask.view(x.dtype)


def blended(condition: Array, a: Array, b: Array) -> Array:
    mask = condition.astype(BITS[a.dtype])
    np.negative(mask, mask)
    bits = np.bitwise_and(mask, a.view(mask.dtype))
    np.invert(mask, mask)
    np.bitwise_and(mask, b.view(mask.dtype), mask)
    np.bitwise_or(bits, mask, bits)
    return bits.view(a.dtype)
