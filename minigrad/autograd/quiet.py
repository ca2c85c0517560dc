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
from typing import Any

import numpy as np

__all__ = ["local", "run"]


class Quiet(_local):
    """`local.run(f, *args)` calls f with NumPy's floating-point warnings off."""

    def __init__(self) -> None:
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


local = Quiet()


def run(function: Callable[..., Any], *args: Any) -> Any:
    return local.run(function, *args)
