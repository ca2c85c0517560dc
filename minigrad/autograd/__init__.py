"""Automatic differentiation: the graph, the walk back through it, and its doors for users.

What not every program needs is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from minigrad.autograd.backward import backward, grad
from minigrad.autograd.grad_mode import (
    enable_grad,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.autograd.gradcheck import gradcheck, gradgradcheck
from minigrad.autograd.inference import inference_mode
from minigrad.elsewhere import asked_for

if TYPE_CHECKING:
    from minigrad.autograd import functional
    from minigrad.autograd.anomaly import detect_anomaly, set_detect_anomaly
    from minigrad.autograd.function import Function

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

LATER = {
    "Function": "minigrad.autograd.function",
    "detect_anomaly": "minigrad.autograd.anomaly",
    "function": "minigrad.autograd.function",
    "functional": "minigrad.autograd.functional",
    "set_detect_anomaly": "minigrad.autograd.anomaly",
}


def __getattr__(name: str) -> Any:
    return asked_for(__name__, name, LATER)


def __dir__() -> list[str]:
    return [*{*globals(), *LATER}]
