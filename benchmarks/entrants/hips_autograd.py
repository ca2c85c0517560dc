"""HIPS autograd: functions of NumPy arrays."""

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
from autograd import make_vjp, value_and_grad

from benchmarks.entrants import functional
from benchmarks.problems import Net, Points
from benchmarks.trial import Trial

__all__ = ["PROGRAMS"]


def training(net: Net) -> Trial:
    """A net's training."""
    return functional.training(
        net, functional.updated(net, value_and_grad(functional.loss_of(np, net)))
    )


def differentiating(f: Callable[[Any, Any, Any], Any]) -> Callable[[Points], Trial]:
    """The trial of a function of x, by its points."""

    def trial(points: Points) -> Trial:
        def value_and_gradient(x: Any, factor: Any, gradient: Any) -> tuple[Any, Any]:
            pull, value = make_vjp(lambda x: f(np, x, factor))(x)
            return value, pull(gradient)

        return functional.differentiating(points, value_and_gradient)

    return trial


PROGRAMS = {
    "training": training,
    "elementwise": differentiating(functional.elementwise),
    "math": differentiating(functional.math),
}
