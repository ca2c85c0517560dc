"""Numbers as 0-d arrays: beside an array of the same dtype NumPy computes three times faster
with one than with a Python number, which it would have to convert at each call.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["ZERO", "number"]

Array = np.ndarray[Any, np.dtype[Any]]


class InDtypes(dict[np.dtype[Any], Array]):
    """A number in each dtype that is asked for. Not to be written to."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __missing__(self, dtype: np.dtype[Any]) -> Array:
        made = self[dtype] = np.array(self.value, dtype)
        return made


ZERO = InDtypes(0)


def number(value: float, dtype: np.dtype[Any]) -> Array:
    """The number in the dtype of the array that it is computed with. Not to be written to."""
    if value or type(value) is int:
        return cached(value, dtype)
    return np.array(value, dtype)  # for a cache, 0. and -0. are one


@lru_cache(maxsize=512)
def cached(value: float, dtype: np.dtype[Any]) -> Array:
    return np.array(value, dtype)
