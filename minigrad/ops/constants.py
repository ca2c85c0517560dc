"""Numbers as 0-d arrays: beside an array of the same dtype NumPy computes three times faster
with one than with a Python number, which it would have to convert at each call.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["number"]

Array = np.ndarray[Any, np.dtype[Any]]


def number(value: float, dtype: np.dtype[Any]) -> Array:
    """The number in the dtype of the array that it is computed with. Not to be written to."""
    if value == 0 and type(value) is not int:
        return np.array(value, dtype)  # for a cache, 0. and -0. are one
    return cached(value, dtype)


@lru_cache(maxsize=512)
def cached(value: float, dtype: np.dtype[Any]) -> Array:
    return np.array(value, dtype)
