"""What a plain program has a shorter word for: outer products, vectors, arrays of one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Operand, Value
from minigrad.program.rules.simplify import is_uniform
from minigrad.program.text.page import dtype_name

__all__ = ["factors_of_outer", "is_flat", "is_one_number", "is_whole_product", "option"]


def is_one_number(value: Value) -> bool:
    """Whether a view of a constant shows one number again and again."""
    array = value.root.array
    is_fresh = value.root.kind == "constant" and value.root.role == "fresh"
    return is_fresh and array is not None and array.size > 0 and is_uniform(array)


def is_flat(operand: Operand) -> bool:
    """Whether an operand is a vector, or a matrix in one row."""
    is_vector = isinstance(operand, Value) and len(operand.shape) == 1
    return is_vector and operand.look in ("", "{}.reshape(-1)")  # type: ignore[union-attr]


def factors_of_outer(inputs: tuple[Operand, ...]) -> tuple[Value, Value] | None:
    """The vectors a and b of a product of matrices that is the outer product of a and b."""
    column, row = inputs
    assert isinstance(column, Value)
    assert isinstance(row, Value)
    if column.look != "{}.T" or column.base is None or len(row.shape) != 2 or row.shape[0] != 1:
        return None
    a, b = column.base.base, row.base
    if a is None or b is None or len(a.shape) != 1 or len(b.shape) != 1:
        return None
    is_row = column.base.look.startswith("{}.reshape") and row.look.startswith("{}.reshape")
    return (a, b) if is_row else None


def is_whole_product(view: Value, makers: dict[Value, Line]) -> bool:
    """Whether a view shows a product of matrices in the shape that it has anyway."""
    maker = makers.get(view.base) if view.base is not None else None
    is_reshaped = view.look.startswith("{}.reshape")
    if maker is None or maker.function != "product" or not is_reshaped:
        return False
    a, b = maker.inputs
    assert isinstance(a, Value)
    assert isinstance(b, Value)
    return view.shape == (*a.shape[:-1], *b.shape[1:])


def option(value: Any) -> str:
    if isinstance(value, float) and not np.isfinite(value):
        return f"float('{value}')"
    return dtype_name(value, "np.") if isinstance(value, np.dtype) else repr(value)
