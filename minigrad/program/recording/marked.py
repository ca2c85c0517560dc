"""Arrays that know their value: what there is to ask of them, and of what contains them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minigrad.program.errors import refused
from minigrad.program.notation.stack import op_under_way, user_line
from minigrad.program.notation.tape import Memory, Tape
from minigrad.program.notation.values import Value

__all__ = [
    "Marked", "answered", "flat", "is_open", "memory_of", "plain", "tape_of", "unknown", "value_of",
]  # fmt: skip


class Marked(np.ndarray[Any, Any]):
    """An array of a step that is being recorded; `memory` knows its value.

    A view knows its `source` and how it looks at it, such as "{}.T". What NumPy makes without
    telling knows nothing, and is refused when it is used.
    """

    tape: Tape | None
    memory: Memory | None
    source: Marked | None
    look: str

    def __array_finalize__(self, source: Any) -> None:
        self.tape = self.memory = self.source = None

    def noted(self) -> Value:
        """The value that the array stands for now."""
        assert self.tape is not None
        return value_of(self.tape, self)


def is_open(array: Marked) -> bool:
    tape = array.__dict__.get("tape")
    return tape is not None and tape.is_open


def tape_of(values: Iterable[Any]) -> Tape | None:
    """The tape that the noting arrays among the values write on, while it is open."""
    for value in values:
        if isinstance(value, Marked):
            if value.tape is None:
                raise unknown("what NumPy does without telling")
            return value.tape if value.tape.is_open else None
    return None


def plain(value: Any) -> Any:
    """The same without notes: the array itself, also inside lists and tuples."""
    if isinstance(value, Marked):
        return np.ndarray.view(value, np.ndarray)
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else value


def flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from flat(value)
        else:
            yield value


def memory_of(array: Marked) -> Memory:
    if array.memory is None:
        raise unknown("what NumPy does without telling")
    return array.memory


def value_of(tape: Tape, array: Any) -> Value:
    """The value that an array stands for now; an array from elsewhere is a constant."""
    if not isinstance(array, Marked):
        return tape.foreign(array).now
    if array.source is None:
        return memory_of(array).now
    return tape.view(value_of(tape, array.source), array.look, plain(array))


def unknown(what: str) -> Exception:
    return refused(
        f"{what} cannot be part of a program",
        "Of NumPy, a program knows what the ops of minigrad are made of.",
        user_line(),
    )


def answered(array: Marked, answer: Callable[..., Any], *args: Any) -> Any:
    if is_open(array):
        op = op_under_way()
        if op is not None:
            raise refused(
                f"{op} goes one way or the other by the values of a tensor",
                "A program does the same in every step. Compute this part outside of the step, or "
                "write it with other ops.",
                user_line(),
            )
        raise refused(
            "the step asks for the value of a tensor",
            "What it does next could depend on the answer, and a program does the same in every "
            "step. Return the tensor, and ask what the step returns: step(x, y).item(). To choose "
            "between values inside, use minigrad.where.",
            user_line(),
        )
    return answer(*args)
