"""Optimizers: how the parameters follow their gradients."""

from importlib import import_module
from typing import Any

from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]


def __getattr__(name: str) -> Any:
    """What is not here raises AttributeError, with a note on what is nearest."""
    raise import_module("minigrad.absent").attribute_of_module(__name__, name, globals())
