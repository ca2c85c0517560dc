"""The error of `minigrad.compile`: what cannot be a program is refused, never guessed."""

from __future__ import annotations

import threading

__all__ = ["CompileError", "refusals", "refused"]


class CompileError(RuntimeError):
    """A step cannot be compiled; the message names the line of the step that is the reason."""


class Refusals(threading.local):
    """The last refusal in this thread: a step may catch it, and is refused all the same."""

    last: CompileError | None = None


refusals = Refusals()


def refused(what: str, note: str, where: str = "") -> CompileError:
    """The error, ready to be raised; `where` is a line of the step."""
    error = CompileError(f"minigrad.compile: {what}{where}")
    error.add_note(note)
    refusals.last = error
    return error
