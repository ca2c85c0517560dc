"""Optimizers: how the parameters follow their gradients."""

from typing import Any

from minigrad.elsewhere import not_here
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]


def __getattr__(name: str) -> Any:
    """What is not here raises AttributeError, with a note on what is nearest."""
    raise not_here(__name__, name, globals())
