"""Writes into arrays: what was there is remembered, and the memory holds another value."""

from __future__ import annotations

from typing import Any

from minigrad.program.errors import refused
from minigrad.program.notation.lines import Line
from minigrad.program.notation.stack import user_line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Value
from minigrad.program.recording.marked import Marked, is_open, memory_of, plain, value_of

__all__ = ["keep", "write"]


def keep(target: Any) -> None:
    """Before a write into an array: let its tape remember what is there."""
    if isinstance(target, Marked) and target.tape is not None and target.memory is not None:
        refuse_expanded(target)
        target.tape.keep(target.memory)


def refuse_expanded(target: Marked) -> None:
    """NumPy does not write into what it has broadcast."""
    view: Marked | None = target
    while is_open(target) and view is not None and view.source is not None:
        if view.look.startswith("broadcast_to"):
            raise refused(
                "the step writes into a tensor that is expanded",
                "Several of its elements are one in memory. Write into the tensor that it was "
                "before expand(), or into a clone().",
                user_line(),
            )
        view = view.source


def write(
    tape: Tape, function: str, inputs: tuple[Any, ...], target: Marked, options: Any = None
) -> None:
    """Note a call that wrote into an array: its memory holds a new value from now on."""
    out = Value("result", plain(target))
    tape.add(Line(function, inputs, out, options or {}))
    settle(tape, target, out)


def settle(tape: Tape, target: Marked, value: Value) -> None:
    """The memory behind an array, now that the array holds a value."""
    source, memory = target.source, memory_of(target)
    if source is None:
        memory.now = value
    elif target.look == "{}":
        settle(tape, source, value)
    elif target.size == source.size and target.look.startswith(("{}.reshape", "{}.T")):
        shape = ", ".join(map(str, source.shape)) or "()"
        back = "{}.T" if target.look == "{}.T" else f"{{}}.reshape({shape})"
        settle(tape, source, tape.view(value, back, plain(source)))
    else:
        out = Value("result", plain(source))
        tape.add(Line("put", (value_of(tape, source), value), out, {"look": target.look}))
        settle(tape, source, out)
