"""Short sums as additions, in NumPy's own order.

A reduction of small arrays costs as much as four additions, so that a sum of two to four terms is
cheaper term by term. NumPy starts from 0 and adds one term after the other, which matters for a sum
of nothing but -0.: the 0 is added here at the end, to the same effect.
"""

from __future__ import annotations

import functools

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Layout, Number, Value
from minigrad.program.rules.rewrite import Rewriter

__all__ = ["short_sum"]

SMALL = 256  # elements: up to here, a sum is made of additions
MOST = 4  # terms
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def short_sum(new: Rewriter, line: Line) -> Value | None:
    """A sum along one axis of an array that lies in order, or of a transpose of one."""
    (x,) = line.inputs
    axis, out = line.options.get("axis", 0), line.out
    if not isinstance(x, Value) or not isinstance(axis, int) or not x.shape or out.size > SMALL:
        return None
    if line.options.get("keepdims") or x.dtype != out.dtype or x.dtype not in FLOATS:
        return None
    axis %= len(x.shape)
    if x.look == "{}.T" and x.base is not None and len(x.shape) == 2:
        x, axis = x.base, len(x.shape) - 1 - axis
    count = x.shape[axis]
    if not 1 <= count <= MOST or not x.is_contiguous or not adds_in_order(count, x.dtype):
        return None
    total = term(new, x, axis, 0)
    for i in range(1, count):
        total = new.add("add", (total, term(new, x, axis, i)), total.shape, x.dtype)
    zero = Number("0.0", x.dtype, 0.0)
    total = new.add("add", (total, zero), total.shape, x.dtype)
    return new.reshaped(total, out.shape)


def term(new: Rewriter, x: Value, axis: int, i: int) -> Value:
    index = ":, " * axis + str(i) + ", ..." * (len(x.shape) == 1)
    shape, strides = ((*v[:axis], *v[axis + 1 :]) for v in (x.shape, x.strides))
    return new.tape.view(x, f"{{}}[{index}]", Layout(shape, x.dtype, strides))


@functools.cache
def adds_in_order(count: int, dtype: np.dtype[np.generic]) -> bool:
    """Whether this NumPy sums so few terms one after the other, starting from 0."""
    terms = np.array([-0.0, 1e-3, 3.0, -1e3, 1 / 3, 7e4, -0.0, 2 / 7], dtype)
    for start in range(len(terms) - count + 1):
        few = terms[start : start + count]
        total = few[0]
        for term in few[1:]:
            total = total + term
        wide = few.reshape(count, 1).repeat(9, 1)
        sums = (np.add.reduce(few), *np.add.reduce(wide, 0), *np.add.reduce(wide.T.copy(), 1))
        if any(s.tobytes() != (total + dtype.type(0)).tobytes() for s in sums):
            return False
    return True
