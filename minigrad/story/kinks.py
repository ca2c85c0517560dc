"""Where a function has a corner, several slopes would do as its derivative: which one was taken.

The slope itself comes from the formula of the op; here stand the sentences.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd.quiet import silence

__all__ = ["kinks"]


class Kink(NamedTuple):
    """Elements of which something must be said. `at` names values as a formula does."""

    at: Callable[..., Any]
    sentence: str


FLAT = "relu is flat below 0, its slope there is exactly 0: no gradient gets through{where}."
EQUAL = (
    "Equal numbers have no larger one: {op} has a corner there, and each of the two gets half of "
    "the gradient, as in PyTorch{where}."
)
BOUND = (
    "At its bound {op} has a corner, and any slope from 0 to 1 would do. The whole gradient goes "
    "to x, as in PyTorch{where}."
)

KINKS: dict[str, list[Kink]] = {
    "relu": [
        Kink(lambda x: x < 0, FLAT),
        Kink(
            lambda x: x == 0,
            "At exactly 0 relu has a corner, and any slope from 0 to 1 would do. The one taken is "
            "0, as in PyTorch: no gradient gets through{where}.",
        ),
    ],
    "leaky_relu": [
        Kink(
            lambda x: x == 0,
            "At exactly 0 leaky_relu has a corner, and any slope from {slope} to 1 would do. The "
            "one taken is {slope}, the slope below 0, as in PyTorch{where}.",
        )
    ],
    "abs": [
        Kink(
            lambda x: x == 0,
            "At exactly 0 abs has a corner, and any slope from -1 to 1 would do. The one taken is "
            "0, as in PyTorch{where}.",
        )
    ],
    "maximum": [Kink(lambda a, b: a == b, EQUAL)],
    "minimum": [Kink(lambda a, b: a == b, EQUAL.replace("larger", "smaller"))],
    "clamp": [Kink(lambda x, low, high: (x == low) | (x == high), BOUND)],
    "clamp_between": [Kink(lambda x, low, high: (x == low) | (x == high), BOUND)],
    "clamp_min": [Kink(lambda x, low: x == low, BOUND)],
    "clamp_max": [Kink(lambda x, high: x == high, BOUND)],
    "sqrt": [Kink(lambda out: out == 0, "At 0 sqrt is vertical: its slope is infinite{where}.")],
}
# Of a relu only the result may be known, and 0 says no more than that the input was 0 or less.
RESULT_OF_RELU = Kink(
    lambda out: out <= 0,
    "relu's input was 0 or less, where the slope that is taken is exactly 0: no gradient gets "
    "through{where}.",
)


def kinks(op: str, values: Mapping[str, Any]) -> Iterator[str]:
    """What is to be said about an op at these values, which may be some of its own only."""
    listed = KINKS.get(op, [])
    if op == "relu" and "x" not in values:
        listed = [RESULT_OF_RELU]
    for kink in listed:
        wanted = inspect.signature(kink.at).parameters
        if not wanted.keys() <= values.keys():
            continue
        met = np.asanyarray(silence().run(kink.at, *[values[name] for name in wanted]))
        if met.any():
            fields = {**values, "op": op, "where": places(met)}
            yield kink.sentence.format_map(fields)


def places(met: Any) -> str:
    """Where something is the case: nothing if everywhere, indices if they are few."""
    if met.all():
        return ""
    found = np.argwhere(met).tolist()
    if len(found) > 4:
        return f" (in {len(found)} of {met.size} elements)"
    return f" (at {', '.join(map(str, found))})"
