"""Automatic differentiation: the graph, the walk back through it, and its doors for users.

What is used rarely is imported when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from minigrad.autograd.backward import backward, grad
from minigrad.autograd.function import Function
from minigrad.autograd.grad_mode import (
    enable_grad,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.autograd.gradcheck import gradcheck, gradgradcheck
from minigrad.autograd.inference import inference_mode

if TYPE_CHECKING:
    from minigrad.autograd import functional

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

LAZY = {"functional": "minigrad.autograd.functional"}


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(LAZY[name])
