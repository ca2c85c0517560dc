"""The functions of NumPy that a program knows, beside the ufuncs and the methods of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program.noting import (
    Noting,
    make,
    operands,
    plain,
    value_of,
    write,
)
from minigrad.program.tape import Tape

__all__ = ["FUNCTIONS", "QUESTIONS"]

QUESTIONS = frozenset((np.shape, np.ndim, np.size, np.may_share_memory, np.shares_memory))


def where(tape: Tape, condition: Any, *choices: Any) -> Any:
    result = np.where(plain(condition), *map(plain, choices))
    chosen = operands(tape, choices, np.result_type)
    return make(tape, "where", (value_of(tape, condition), *chosen), result)


def concatenate(tape: Tape, arrays: Sequence[Any], axis: int = 0) -> Any:
    result = np.concatenate(plain(arrays), axis)
    return make(tape, "concatenate", operands(tape, arrays), result, {"axis": axis})


def stack(tape: Tape, arrays: Sequence[Any], axis: int = 0) -> Any:
    result = np.stack(plain(arrays), axis)
    return make(tape, "stack", operands(tape, arrays), result, {"axis": axis})


def broadcast_to(tape: Tape, array: Noting, shape: Any) -> Any:
    return array.seen(f"broadcast_to({{}}, {tuple(shape)})", np.broadcast_to(plain(array), shape))


def norm(tape: Tape, array: Noting, order: Any = None) -> Any:
    result = np.linalg.norm(plain(array), order)
    return make(tape, "linalg.norm", (value_of(tape, array),), result, {"ord": order})


def filled(fill: Callable[..., Any], value: Any) -> Callable[..., Any]:
    """A function such as zeros_like: a new array, of one value if there is one."""

    def note(tape: Tape, like: Any, *args: Any, **options: Any) -> Any:
        result = fill(plain(like), **options)
        made = make(tape, "empty", (), result)
        if value is not None:
            made[...] = value
        return made

    return note


def zeros(tape: Tape, shape: Any, dtype: Any = float, **options: Any) -> Any:
    made = make(tape, "empty", (), np.zeros(shape, dtype))
    made[...] = 0
    return made


def full_like(tape: Tape, like: Any, value: Any, **options: Any) -> Any:
    made = make(tape, "empty", (), np.empty_like(plain(like), **options))
    made[...] = value
    return made


def copyto(tape: Tape, target: Noting, source: Any, where: Any = True) -> None:
    np.copyto(plain(target), plain(source), where=plain(where))
    inputs = operands(tape, (source, target), np.result_type)[:1]
    if where is True:
        write(tape, "assign", inputs, target)
    else:
        write(tape, "putmask", (value_of(tape, where), *inputs), target)


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: where,
    np.concatenate: concatenate,
    np.stack: stack,
    np.broadcast_to: broadcast_to,
    np.linalg.norm: norm,
    np.zeros: zeros,
    np.zeros_like: filled(np.zeros_like, 0),
    np.ones_like: filled(np.ones_like, 1),
    np.empty_like: filled(np.empty_like, None),
    np.full_like: full_like,
    np.copyto: copyto,
}
