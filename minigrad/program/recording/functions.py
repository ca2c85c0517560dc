"""The functions of NumPy that a program knows, beside the ufuncs and the methods of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program.errors import refused
from minigrad.program.notation.stack import user_line
from minigrad.program.notation.tape import Tape
from minigrad.program.recording.marked import plain, unknown, value_of
from minigrad.program.recording.noting import FUNCTIONS, Noting, make, seen
from minigrad.program.recording.operands import operands
from minigrad.program.recording.writes import keep, write

__all__ = ["FUNCTIONS"]


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
    view = np.broadcast_to(plain(array), shape)
    look = "{}" if view.shape == array.shape else f"broadcast_to({{}}, {view.shape})"
    return seen(array, look, view)


def squeeze(tape: Tape, array: Noting, axis: Any = None) -> Any:
    return array.squeeze(axis)


def place_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where the largest or the smallest element is."""

    def note(tape: Tape, array: Noting, axis: Any = None, keepdims: bool = False) -> Any:
        found = function(plain(array), axis, keepdims=keepdims)
        options = {"axis": axis} | ({"keepdims": True} if keepdims else {})
        return make(tape, function.__name__, (value_of(tape, array),), found, options)

    return note


def norm(tape: Tape, array: Noting, order: Any = None) -> Any:
    result = np.linalg.norm(plain(array), order)
    return make(tape, "linalg.norm", (value_of(tape, array),), result, {"ord": order})


def new(tape: Tape, like: Any, value: Any) -> Any:
    """A new array, of one value if there is one."""
    made = make(tape, "empty", (), like)
    if value is not None:
        made[...] = value
    return made


def zeros(tape: Tape, shape: Any, dtype: Any = float, like: Any = None) -> Any:
    return new(tape, np.empty(shape, dtype), 0)


def empty_like(tape: Tape, array: Any, *args: Any, **options: Any) -> Any:
    return new(tape, np.empty_like(plain(array), *args, **options), None)


def zeros_like(tape: Tape, array: Any, **options: Any) -> Any:
    return new(tape, np.empty_like(plain(array), **options), 0)


def ones_like(tape: Tape, array: Any, **options: Any) -> Any:
    return new(tape, np.empty_like(plain(array), **options), 1)


def full_like(tape: Tape, array: Any, value: Any, **options: Any) -> Any:
    return new(tape, np.empty_like(plain(array), **options), value)


def copyto(tape: Tape, target: Noting, source: Any, where: Any = True) -> None:
    keep(target)
    np.copyto(plain(target), plain(source), where=plain(where))
    noted = operands(tape, (source, target), np.result_type)[:1]
    if where is True:
        write(tape, "assign", noted, target)
    else:
        mask = value_of(tape, where)
        write(tape, "putmask", (value_of(tape, target), mask, *noted), target)


def putmask(tape: Tape, target: Any, mask: Any, source: Any) -> None:
    if not isinstance(target, Noting):
        raise unknown("np.putmask into an array that is no tensor's")
    copyto(tape, target, source, mask)


def decided(function: Callable[..., Any]) -> Callable[..., Any]:
    """A question about values: the step could go on by the answer, or have other shapes."""

    def refuse(tape: Tape, *args: Any, **options: Any) -> Any:
        raise refused(
            f"the step asks for the values of a tensor, by np.{function.__name__}",
            "What it does next could depend on the answer, as the shape of x[mask] does, and a "
            "program does the same in every step. Use minigrad.where, or multiply by the mask.",
            user_line(),
        )

    return refuse


def answer(function: Callable[..., Any]) -> Callable[..., Any]:
    """A question about shape or memory, which a program has no need to ask."""
    return lambda tape, *args, **options: function(*plain(args), **options)


FUNCTIONS.update(
    {
        np.where: where,
        np.concatenate: concatenate,
        np.stack: stack,
        np.broadcast_to: broadcast_to,
        np.linalg.norm: norm,
        np.squeeze: squeeze,
        np.argmax: place_of(np.argmax),
        np.argmin: place_of(np.argmin),
        np.zeros: zeros,
        np.zeros_like: zeros_like,
        np.ones_like: ones_like,
        np.empty_like: empty_like,
        np.full_like: full_like,
        np.copyto: copyto,
        np.putmask: putmask,
    }
)
FUNCTIONS.update(
    (question, answer(question))
    for question in (np.shape, np.ndim, np.size, np.may_share_memory, np.shares_memory)
)
FUNCTIONS.update(
    (question, decided(question))
    for question in (np.nonzero, np.array_equal, np.allclose, np.atleast_1d, np.argwhere)
)
