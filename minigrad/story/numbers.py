"""Numbers as text: small arrays whole, with all of their digits; large ones in a line about them.

A float is written with the fewest digits that name it and no other, so what is read back from the
text is the very same number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd.function import Parts

__all__ = ["SMALL", "array_text", "is_small", "number_text", "shape_text"]

SMALL = 16  # the most elements of an array that is written whole


def array_text(value: Any) -> str:
    """An array, or a number, as one line of text; like Python's lists, in full or in short.

    The gradients of a user's Function with several results come in parts, one for each.
    """
    if value is None:
        return "nothing"
    if isinstance(value, Parts):
        parts = sorted(value.parts.items())
        return ", ".join(f"{array_text(part)} of output {i}" for i, part in parts)
    array = np.asarray(value)
    if not is_small(array):
        return summary(array)
    return listed(array)


def is_small(value: Any) -> bool:
    """Whether the text of this array holds every element."""
    return np.asarray(value).size <= SMALL


def listed(array: np.ndarray[Any, Any]) -> str:
    if array.ndim == 0:
        return number_text(array[()])
    return f"[{', '.join(map(listed, array))}]" if array.ndim > 1 else bracketed(array)


def bracketed(row: np.ndarray[Any, Any]) -> str:
    return f"[{', '.join(map(number_text, row))}]"


def number_text(value: Any) -> str:
    """The shortest decimal that is this number in its own precision: 0.1 for the float32 0.1."""
    return str(value)


def summary(array: np.ndarray[Any, Any]) -> str:
    """What can be said about many elements: the shape, and from where to where they go."""
    shape = shape_text(array.shape)
    if array.dtype.kind != "f":
        return f"<{shape}>"
    low, high = np.min(array), np.max(array)
    if low == high:
        return f"<{shape}, all {number_text(low)}>"
    zeros = array.size - np.count_nonzero(array)
    some = f", {zeros} of {array.size} are 0" if zeros else ""
    return f"<{shape}, from {float(low):.4g} to {float(high):.4g}{some}>"


def shape_text(shape: tuple[int, ...]) -> str:
    """3x2 for a matrix of three rows; what has no dims is a number."""
    return "x".join(map(str, shape)) if shape else "a number"
