"""Facts: what a step could see when it was recorded, and what must be so for its program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import dtypes

__all__ = ["MISSING", "Fact", "Path", "contents_of", "ids_of", "is_plain", "is_same"]

MISSING = object()
Path = tuple[str, ...]


@dataclass(eq=False)
class Fact:
    """`owner.key`, `owner[key]`, a cell's variable, a length, or what is held is `value`."""

    owner: Any
    access: str  # "attribute", "item", "cell", "length", "values", "members" or "bytes"
    key: Any
    value: Any
    path: Path

    def now(self) -> Any:
        try:
            if self.access == "attribute":
                return getattr(self.owner, self.key)
            if self.access == "cell":
                return self.owner.cell_contents
            if self.access == "values":
                return ids_of(self.owner)
            if self.access in ("members", "bytes"):
                return contents_of(self.owner)
            return len(self.owner) if self.access == "length" else self.owner[self.key]
        except (AttributeError, LookupError, ValueError):
            return MISSING

    def holds(self) -> bool:
        """Whether it is still so: the same object, or an equal number or text."""
        return is_same(self.now(), self.value)

    def __str__(self) -> str:
        return ".".join(self.path)


def ids_of(owner: dict[Any, Any]) -> tuple[int, ...]:
    """Which objects a dict holds: told apart without asking their keys for a hash."""
    return tuple(map(id, owner.values()))


def contents_of(owner: Any) -> Any:
    """What is in a set or a large list, to be compared as a whole; an array as bytes."""
    if isinstance(owner, np.ndarray):
        return owner.tobytes()
    return frozenset(owner) if isinstance(owner, set | frozenset) else tuple(owner)


def is_same(a: Any, b: Any) -> bool:
    if isinstance(a, frozenset):
        return a is b or a == b
    return a is b or (is_value(a) and type(a) is type(b) and repr(a) == repr(b))


def is_value(value: Any) -> bool:
    return is_plain(value) or isinstance(value, tuple)


def is_plain(value: Any) -> bool:
    """Whether a value is a number, a text or nothing, and not a place for others."""
    kinds = (bool, int, float, complex, str, bytes, np.generic, dtypes.dtype, dtypes.Size, range)
    return value is None or isinstance(value, kinds)
