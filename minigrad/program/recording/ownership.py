"""Whose a function, class or object is: a user's, into which a search goes, or a library's."""

from __future__ import annotations

import functools
import sys
from array import array
from collections import deque
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.program.recording.facts import MAPPINGS, is_plain
from minigrad.tensor import Tensor

__all__ = ["CLOSED", "LIBRARIES", "RAW", "is_closed", "is_of_library"]

CLOSED = {"minigrad", "numpy", "torch"}
LIBRARIES = CLOSED | sys.stdlib_module_names
PLACES = (
    list, tuple, set, frozenset, deque, SimpleNamespace, functools.partial, MethodType, *MAPPINGS
)  # fmt: skip
RAW = (np.ndarray, array, bytearray)  # places for numbers, and for nothing else


def is_closed(value: Any) -> bool:
    """Whether a value is followed only by its name: raw numbers, and objects of libraries."""
    if is_plain(value) or isinstance(value, (Tensor, Module, Optimizer, *PLACES)):
        return False
    return is_of_library(value if isinstance(value, type | FunctionType) else type(value))


def is_of_library(value: Any) -> bool:
    """Whether a function, class or module is not a user's."""
    if isinstance(value, ModuleType):
        name = value.__name__
    elif isinstance(value, type | FunctionType):
        name = value.__module__ or ""
    else:
        return False
    return name.partition(".")[0] in LIBRARIES and not name.startswith("minigrad.guide")
