"""Choosing between two arrays, element by element.

`np.where` asks a question at each element, and the processor guesses the answer: on random signs
it guesses wrong half of the time, and pays. On large arrays the choice is made with bit masks
instead, in passes that ask nothing: all ones keep a number as it is, all zeros make it +0. On
small arrays it is the call that costs, and overwriting a copy costs half of it.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from minigrad.ops.constants import ZERO, number

__all__ = ["above_zero", "choose"]

Array = np.ndarray[Any, np.dtype[Any]]

ndarray = np.ndarray
LARGE, MANY = 1 << 10, 1 << 15
BYTE = np.dtype(np.int8)
BITS: dict[Any, np.dtype[Any]] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}


def choose(condition: Array, a: Any, b: Any, is_spare: bool = False) -> Array:
    """a where the condition holds, b elsewhere; one of them may be the number 0.

    If b is spare, nobody else has it, and its memory may serve for the result.
    """
    if type(a) is type(b) is ndarray:
        if a.shape == b.shape == condition.shape and a.dtype is b.dtype in BITS:
            if b.size >= LARGE:
                return blended(condition, a, b)
            chosen = b if is_spare else b.copy()
            np.putmask(chosen, condition, a)
            return chosen
    elif is_zero(a):
        return without(condition, a, b)
    elif is_zero(b):
        return without(np.logical_not(condition), b, a)
    return np.where(condition, a, b)


def without(condition: Array, nothing: Any, x: Any) -> Array:
    """The number 0 where the condition holds, x elsewhere."""
    if type(x) is not ndarray or x.shape != condition.shape or x.dtype not in BITS:
        return np.where(condition, nothing, x)
    if x.size >= LARGE:
        return dropped(condition, x)
    chosen = x.copy()
    np.putmask(chosen, condition, ZERO[x.dtype])
    return chosen


def above_zero(x: Array) -> Array:
    """The larger of x and 0: of two equals np.maximum takes the second, and np.clip the first.

    Beside a single number np.maximum is not vectorized, beside as many zeros it is.
    """
    if x.size < LARGE or type(x) is not ndarray or x.dtype not in BITS:
        return np.maximum(ZERO[x.dtype], x)
    if x.size <= MANY and x.flags.c_contiguous:  # the result lies as x does, and as the zeros do
        return np.maximum(zeros(x.dtype)[: x.size].reshape(x.shape), x)
    return np.clip(x, ZERO[x.dtype], number(np.inf, x.dtype))


@functools.cache
def zeros(dtype: np.dtype[Any]) -> Array:
    """As many as fit the cache. Not to be written to."""
    return np.zeros(MANY, dtype)


def dropped(condition: Array, x: Array) -> Array:
    """+0 where the condition holds, x elsewhere."""
    # False, a byte of 0, becomes -1: all bits set; and so it stays in a wider number.
    mask = np.subtract(condition.view(BYTE), number(1, BYTE)).astype(BITS[x.dtype])
    np.bitwise_and(mask, x.view(mask.dtype), mask)
    return mask.view(x.dtype)


def is_zero(value: Any) -> bool:
    return type(value) in (int, float) and value == 0 and math.copysign(1, value) > 0


def blended(condition: Array, a: Array, b: Array) -> Array:
    mask = np.negative(condition.view(BYTE)).astype(BITS[a.dtype])
    bits = np.bitwise_and(mask, a.view(mask.dtype))
    np.invert(mask, mask)
    np.bitwise_and(mask, b.view(mask.dtype), mask)
    np.bitwise_or(bits, mask, bits)
    return bits.view(a.dtype)
