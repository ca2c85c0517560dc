"""The operands of a line: values of arrays, numbers, and indices with arrays in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.program.errors import refused
from minigrad.program.notation.stack import user_line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Number, Operand
from minigrad.program.recording.marked import Marked, plain, value_of

__all__ = ["indices", "operands"]


def operands(tape: Tape, inputs: Iterable[Any], resolve: Any = None) -> tuple[Any, ...]:
    """The inputs of a line. Python's numbers take the dtype in which NumPy computes with them."""
    values = list(inputs)
    kinds: Any = [None] * len(values)
    if any(is_number(value) for value in values):
        if resolve is np.result_type:
            kinds = [np.result_type(*map(plain, values))] * len(values)
        elif resolve is not None:
            kinds = resolve((*map(kind_of, values), None))
    return tuple(operand(tape, value, kind) for value, kind in zip(values, kinds, strict=False))


def operand(tape: Tape, value: Any, kind: Any) -> Operand:
    if is_number(value):
        return number(value, kind)
    if isinstance(value, Marked) or id(value) in tape.outside:
        known = value_of(tape, value)
        if known.role != "fresh" or known.shape != ():
            return known
    value = np.asarray(plain(value))
    return value_of(tape, value) if value.ndim else number(value.item(), value.dtype)


def kind_of(value: Any) -> Any:
    """What NumPy goes by: the dtype of an array, the type of a number."""
    if is_number(value):
        return np.dtype(bool) if isinstance(value, bool) else type(value)
    return value.dtype


def is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float) and not isinstance(value, np.generic)


def number(value: Any, kind: np.dtype[Any]) -> Number:
    with np.errstate(all="ignore"):
        exact = kind.type(value).item()
    return Number(repr(exact), kind, exact)


def indices(tape: Tape, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """An index, with values for its arrays. Masks are refused: they decide about a shape."""
    found = []
    for item in items:
        if isinstance(item, np.ndarray | list):
            if isinstance(item, Marked) and item.dtype == bool:
                raise refused(
                    "the step picks elements by a mask",
                    "How many there are depends on values, and a program's shapes are fixed. Use "
                    "minigrad.where, or multiply by the mask.",
                    user_line(),
                )
            item = value_of(tape, np.asanyarray(item))
        found.append(item)
    return tuple(found)
