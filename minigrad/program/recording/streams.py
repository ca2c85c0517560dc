"""Random streams: those that everybody shares, and generators of a user's own."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.random import Generator, default_generator

__all__ = ["Stream", "is_stream", "shared_streams", "stream_of", "told"]

Stream = tuple[str, Any, Callable[[Any], Any]]  # its name, its state now, and the way back to it


def is_stream(value: Any) -> bool:
    return isinstance(value, Generator | random.Random) or is_numpys(value)


def is_numpys(value: Any) -> bool:
    """Whether it is a generator of NumPy's, whose module is not imported to ask."""
    found = sys.modules.get("numpy.random")
    return found is not None and isinstance(value, found.Generator | found.RandomState)


def stream_of(value: Any, name: str) -> Stream:
    if isinstance(value, Generator):
        return name, value.get_state().tolist(), lambda s: value.set_state(np.array(s, np.int64))
    if isinstance(value, random.Random):
        return name, value.getstate(), value.setstate
    if hasattr(value, "bit_generator"):
        bits = value.bit_generator
        return name, bits.state, lambda state: setattr(bits, "state", state)
    return name, value.get_state(legacy=False), value.set_state


def shared_streams() -> list[Stream]:
    """The streams behind minigrad.rand, random.random and numpy.random.rand."""
    streams = [stream_of(default_generator, "minigrad")]
    streams.append(("random", random.getstate(), random.setstate))
    if "numpy.random" in sys.modules:
        state = np.random.get_state(legacy=False)
        streams.append(("numpy.random", state, np.random.set_state))
    return streams


def told(state: Any) -> str:
    """A state as text, its arrays in full."""
    if isinstance(state, dict):
        return str({key: told(value) for key, value in state.items()})
    return str(state.tolist() if isinstance(state, np.ndarray) else state)
