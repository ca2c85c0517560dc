"""Facts: what a step could see when it was recorded, and what must be so for its program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary
from zlib import crc32

import numpy as np

from minigrad import dtypes

__all__ = [
    "LARGEST",
    "MAPPINGS",
    "MISSING",
    "SETS",
    "Fact",
    "Path",
    "contents_of",
    "ids_of",
    "is_plain",
    "is_same",
    "values_of",
]

LARGEST = 1000  # items of a list or dict; larger ones are compared as a whole
KEPT = 1 << 16  # bytes of an array that are kept; of a larger one a checksum tells
MISSING = object()
MAPPINGS = (dict, MappingProxyType, WeakValueDictionary, WeakKeyDictionary)
SETS = (set, frozenset, WeakSet)
Path = tuple[str, ...]


@dataclass(eq=False)
class Fact:
    """`owner.key`, `owner[key]`, a cell's variable, a length, or what is held is `value`.

    access  "attribute", "item", "cell", "context", "class" or "length"; "keys" of a dict, in their
            order; "values", which objects are held; "contents", all that is held
    """

    owner: Any
    access: str
    key: Any
    value: Any
    path: Path

    def now(self) -> Any:
        try:
            match self.access:
                case "attribute":
                    return getattr(self.owner, self.key)
                case "cell":
                    return self.owner.cell_contents
                case "context":
                    return self.owner.get(MISSING)
                case "class":
                    return type(self.owner)
                case "length":
                    return len(self.owner)
                case "keys":
                    return tuple(self.owner)
                case "values":
                    return ids_of(self.owner)
                case "contents":
                    return contents_of(self.owner)
            return self.owner[self.key]
        except (AttributeError, LookupError, ValueError):
            return MISSING

    def holds(self) -> bool:
        """Whether it is still so: the same object, or an equal number or text."""
        return is_same(self.now(), self.value)

    def __str__(self) -> str:
        return ".".join(self.path)


def values_of(owner: Any) -> Iterable[Any]:
    return owner.values() if isinstance(owner, MAPPINGS) else owner


def ids_of(owner: Any) -> tuple[int, ...]:
    """Which objects are held: told apart without asking keys for a hash, or tensors if equal."""
    return tuple(map(id, values_of(owner)))


def contents_of(owner: Any) -> Any:
    """What is in a set, an array, or a large list or dict of numbers and texts."""
    if isinstance(owner, SETS):
        return frozenset(owner)
    if hasattr(owner, "tobytes"):
        contents = owner.tobytes()
        return contents if len(contents) <= KEPT else crc32(contents)
    return tuple(owner.items() if isinstance(owner, MAPPINGS) else owner)


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
