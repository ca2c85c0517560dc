"""Whether somebody watches what is computed.

`listeners` are told of each op, and `examiners` look at each walk back; there are none unless
anomaly mode or inference mode is used.

The watcher is `minigrad.compile`, while it records a step. Most of a step is noted by the arrays
themselves, which are of a subclass of ndarray then. What starts without such an array asks here: a
new tensor, and a NumPy array that becomes one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

__all__ = [
    "Examiner", "Watcher", "examiners", "index_values", "listeners", "refuse_arrays",
    "refuse_versions", "tell", "watched", "watcher",
]  # fmt: skip

Listener = Callable[[Any, Any, tuple[Any, ...]], None]  # the node (or None), the result, arguments
listeners: list[Listener] = []


class Examiner(Protocol):
    """Who calls the backward of each node of one walk, to look at what it returns."""

    def backward(self, node: Any, g: Any, create_graph: bool, useful: Any) -> list[Any]: ...


examiners: list[Callable[[], Examiner]] = []


def tell(node: Any, out: Any, args: tuple[Any, ...]) -> None:
    """Say that an op has been called; a listener may raise, and the call fails with that."""
    for listener in listeners:
        listener(node, out, args)


class Watcher(Protocol):
    """Who is told."""

    def constant(self, array: Any) -> Any:
        """The array of a new tensor that was made of numbers: an array that notes."""

    def index(self, array: Any, size: int) -> Any:
        """The values of an index, which will be within the bounds of a dim in every later step."""

    def refuse(self, what: str, note: str) -> Exception:
        """The error to raise for what cannot be part of a program."""


watcher: ContextVar[Watcher | None] = ContextVar("minigrad_watcher", default=None)


def watched(array: Any) -> Any:
    """The array of a new tensor; while a step is recorded, one that notes what is done with it."""
    watching = watcher.get()
    return array if watching is None else watching.constant(array)


def index_values(array: Any, size: int) -> Any:
    """The values of an index into a dim of some size, to be checked; a watcher takes note."""
    watching = watcher.get()
    return array if watching is None else watching.index(array, size)


def refuse_arrays() -> None:
    """While a step is recorded, no NumPy array becomes a tensor: it may hold other values later."""
    refuse(
        "the step makes a tensor of a NumPy array",
        "A program would use the same values in every step. Make the tensor outside of the step, "
        "and pass it as an argument.",
    )


def refuse_versions() -> None:
    """While a step is recorded, nobody asks for a version number: each time it is another."""
    refuse(
        "the step asks how often a tensor has been written to",
        "The answer is another one in every step, and a program does the same in every step. Ask "
        "for _version between the steps.",
    )


def refuse(what: str, note: str) -> None:
    """While a step is recorded, what cannot be part of a program is an error."""
    watching = watcher.get()
    if watching is not None:
        raise watching.refuse(what, note)
