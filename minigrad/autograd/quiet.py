"""Floating-point silence without a price.

PyTorch computes 1/0 without a word; NumPy warns. `np.errstate` around each call would cost more
than the call. NumPy keeps its error state in a context variable, so one context in which it is
"ignore" can be made once, and running a function inside it costs next to nothing. The user's own
error state is never touched. A context can only be entered once at a time, hence one per thread,
and only kernels and formulas on arrays run inside: never a user's code.
"""

from __future__ import annotations

import contextvars
from _thread import _local  # threading.local, without the time to import threading
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import numpy as np

__all__ = ["local", "run"]

P = ParamSpec("P")
T = TypeVar("T")


class Run(Protocol):
    """What calls a function, as `contextvars.Context.run` does."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


class Quiet(_local):
    """`local.run(f, *args)` calls f with NumPy's floating-point warnings off."""

    def __init__(self) -> None:
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.run = self.enter = cast(Run, context.run)

    def stretch(self, function: Callable[..., T], *args: Any) -> T:
        """The same for a function that may come to `run` another, or in which a finalizer may.

        A context is entered once at a time, so inside of the stretch `run` only calls.
        """
        if self.run is called:
            return function(*args)
        self.run = called
        try:
            return self.enter(function, *args)
        finally:
            self.run = self.enter


def called(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


local = Quiet()


def run(function: Callable[..., Any], *args: Any) -> Any:
    return local.run(function, *args)
