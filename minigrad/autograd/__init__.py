"""Automatic differentiation: the graph, the walk back through it, and its doors for users.

What is used rarely is imported when it is first asked for.
"""

from importlib import import_module
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
from minigrad.elsewhere import not_here

if TYPE_CHECKING:
    from minigrad.autograd import functional
    from minigrad.autograd.anomaly import detect_anomaly, set_detect_anomaly

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    if name == "functional":
        return import_module("minigrad.autograd.functional")
    if name in ("detect_anomaly", "set_detect_anomaly"):
        return getattr(import_module("minigrad.autograd.anomaly"), name)
    raise not_here(__name__, name, globals())
