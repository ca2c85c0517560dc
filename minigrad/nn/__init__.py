"""Networks: modules, what they are made of, and how they start."""

from typing import Any

from minigrad.elsewhere import not_here
from minigrad.nn import functional, init, utils
from minigrad.nn.activation import LeakyReLU, ReLU
from minigrad.nn.container import ModuleDict, ModuleList, ParameterList, Sequential
from minigrad.nn.linear import Flatten, Identity, Linear
from minigrad.nn.loss import MSELoss
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter

__all__ = [
    "Flatten",
    "Identity",
    "LeakyReLU",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterList",
    "ReLU",
    "Sequential",
    "functional",
    "init",
    "utils",
]


def __getattr__(name: str) -> Any:
    """What is not here raises AttributeError, with a note on what is nearest."""
    raise not_here(__name__, name, globals())
