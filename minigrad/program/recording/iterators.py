"""Iterators: whether a step has taken an item of one, which would be another in every call."""

from __future__ import annotations

import gc
import warnings
from types import GeneratorType
from typing import Any

__all__ = ["is_iterator", "position"]

OF_PYTHON = ("builtins", "itertools", "collections", "_collections")


def is_iterator(value: Any) -> bool:
    """Whether it is a generator, or one of Python's own iterators."""
    kind = type(value)
    return hasattr(kind, "__next__") and kind.__module__ in OF_PYTHON


def position(value: Any, met: frozenset[int] = frozenset()) -> Any:
    """Where an iterator stands, for comparison: with the iterators behind it and its numbers."""
    if id(value) in met:
        return None
    met |= {id(value)}
    if isinstance(value, GeneratorType):
        at = None if value.gi_frame is None else value.gi_frame.f_lasti
        return at, [position(part, met) for part in gc.get_referents(value)]
    if is_iterator(value):
        return position(reduced(value), met)
    if type(value) is tuple:
        return [position(part, met) for part in value]
    if type(value) in (list, dict):
        return len(value)
    return value if type(value) in (int, bool) else id(value)


def reduced(iterator: Any) -> Any:
    """What pickle would keep of an iterator; nothing of those that it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.14 gives up those of itertools
            return iterator.__reduce__()
    except (AttributeError, TypeError):
        return None
