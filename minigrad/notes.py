"""What an error teaches: a note below the text, which stays PyTorch's."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["nearest", "noted", "shown"]

AnyError = TypeVar("AnyError", bound=Exception)


def noted(error: AnyError, note: str) -> AnyError:
    """The error with a note that says, in the user's terms, what was met and what to write."""
    error.add_note(note)
    return error


def shown(value: Any) -> str:
    """A wrong argument in a sentence: numbers and words as they are, of the rest what it is."""
    if value is None or isinstance(value, str | bool | int | float):
        return repr(value)
    kind = {"ndarray": "NumPy array"}.get(type(value).__name__, type(value).__name__)
    article = "an" if kind[0] in "AEIOUaeiou" else "a"
    match value:
        case object(shape=tuple(shape), dtype=dtype):
            return f"{article} {kind} of shape {list(shape)} ({dtype})"
    return f"{article} {kind}"


def nearest(value: Any) -> str:
    """The advice to write 2 instead of 2.0; of other values, nothing."""
    return f": write {int(value)}" if isinstance(value, float) and value.is_integer() else ""
