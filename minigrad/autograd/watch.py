"""Whether somebody watches what is computed: `minigrad.compile`, while it records a step.

Most of a step is noted by the arrays themselves, which are of a subclass of ndarray then. What
starts without such an array, a new tensor or a random number, asks here.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

__all__ = ["Watcher", "watcher"]


class Watcher(Protocol):
    """Who is told."""

    def constant(self, array: Any) -> Any:
        """The array of a new tensor that was made of numbers: an array that notes."""

    def refuse(self, what: str, note: str) -> Exception:
        """The error to raise for what cannot be part of a program."""


watcher: ContextVar[Watcher | None] = ContextVar("minigrad_watcher", default=None)
