"""What a diagnosis is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """Something that keeps the network from learning, or will.

    kind     what it is, in one or two words: "dead unit", "learning rate", ...
    where    the parameter, module or group that it is about, as in the model: "0.weight"
    title    the finding in a sentence
    details  why, with the numbers, and what to do
    values   the numbers as data, by name
    """

    kind: str
    where: str
    title: str
    details: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
