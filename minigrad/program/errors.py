"""The error of `minigrad.compile`: what cannot be a program is refused, never guessed."""

from __future__ import annotations

__all__ = ["CompileError", "refused"]


class CompileError(RuntimeError):
    """A step cannot be compiled; the message names the line of the step that is the reason."""


def refused(what: str, note: str, where: str = "") -> CompileError:
    error = CompileError(f"minigrad.compile: {what}{where}")
    error.add_note(note)
    return error
