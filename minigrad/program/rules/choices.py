"""`where` by cheaper calls: as a copy in which some elements are written, or by bit masks.

On small arrays a call of `where` costs three times as much as others; on large ones it guesses at
each element, and every second guess is wrong. Masks do not guess.
"""

from __future__ import annotations

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Number, Operand, Value
from minigrad.program.rules.floats import is_choice_of_floats
from minigrad.program.rules.rewrite import Rewriter

__all__ = ["chosen"]

LARGE = 1024  # elements: from here on, choices are made with bit masks
BYTE = np.dtype(np.int8)
BITS: dict[np.dtype[np.generic], np.dtype[np.generic]] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}


def chosen(new: Rewriter, line: Line) -> Value | None:
    """where(condition, a, b), all of the result's shape."""
    condition, a, b = line.inputs
    out = line.out
    if not isinstance(condition, Value) or out.dtype not in BITS or not out.is_contiguous:
        return None
    arrays = [v for v in (condition, a, b) if isinstance(v, Value)]
    if any(v.shape != out.shape or not v.is_contiguous for v in arrays):
        return None
    if any(v.dtype != out.dtype for v in (a, b)):
        return None
    if out.size == 1 and is_choice_of_floats(line):
        return None  # Python chooses
    by = written if out.size < LARGE else masked
    return by(new, condition, a, b)


def written(new: Rewriter, condition: Value, a: Operand, b: Operand) -> Value:
    shape, dtype = condition.shape, a.dtype
    if isinstance(a, Number) and isinstance(b, Value):
        return new.add("putmask", (b, condition, a), shape, dtype)
    base = b if isinstance(b, Value) else new.add("assign", (b,), shape, dtype)
    return new.add("putmask", (base, condition, a), shape, dtype)


def masked(new: Rewriter, condition: Value, a: Operand, b: Operand) -> Value | None:
    """All ones keep a number as it is, all zeros make it +0.

    They are made in bytes: -1 has all bits set, and keeps them in a wider number.
    """
    shape, bits = condition.shape, BITS[a.dtype]

    def wide(mask: Value) -> Value:
        return new.add("assign", (mask,), shape, bits)

    byte = new.view(condition, "{}.view(int8)", shape, BYTE)
    if is_zero(a) and isinstance(b, Value):
        mask = wide(new.add("subtract", (byte, Number("1", BYTE, 1)), shape, BYTE))
        choice = new.add("bitwise_and", (mask, bits_of(new, b)), shape, bits)
    elif isinstance(a, Value) and is_zero(b):
        mask = wide(new.add("negative", (byte,), shape, BYTE))
        choice = new.add("bitwise_and", (mask, bits_of(new, a)), shape, bits)
    elif isinstance(a, Value) and isinstance(b, Value):
        mask = wide(new.add("negative", (byte,), shape, BYTE))
        differ = new.add("bitwise_xor", (bits_of(new, a), bits_of(new, b)), shape, bits)
        taken = new.add("bitwise_and", (differ, mask), shape, bits)
        choice = new.add("bitwise_xor", (taken, bits_of(new, b)), shape, bits)
    else:
        return None
    return new.view(choice, f"{{}}.view({a.dtype.name})", shape, a.dtype)


def bits_of(new: Rewriter, value: Value) -> Value:
    bits = BITS[value.dtype]
    return new.view(value, f"{{}}.view({bits.name})", value.shape, bits)


def is_zero(operand: Operand) -> bool:
    return isinstance(operand, Number) and operand.text == "0.0"
