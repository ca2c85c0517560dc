"""Engines that differentiate functions: HIPS autograd and JAX. `np` is their NumPy.

`vjp(f, *args)` gives f's value and a function from its gradient to those of the arguments.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy

from benchmarks import data
from benchmarks.data import Array
from benchmarks.problems import Net, Points
from benchmarks.trial import Trial

__all__ = ["elementwise", "loss_of", "math", "training"]

Weights = list[Any]
Update = Callable[[Weights, Weights, Any, Any], tuple[Any, Weights, Weights]]


def loss_of(np: Any, net: Net) -> Callable[[Weights, Any, Any], Any]:
    """The loss of a net as a function of its weights."""
    activations: dict[str | None, Callable[[Any], Any]] = {
        "relu": lambda z: np.maximum(z, 0),
        "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
        None: lambda z: z,
    }

    def loss(weights: Weights, x: Any, y: Any) -> Any:
        rest = iter(weights)
        for name in net.activations:
            z = np.dot(x, next(rest).T)
            x = activations[name](z + next(rest) if net.bias else z)
        return np.mean((x - y) ** 2)

    return loss


def updated(net: Net, value_and_grad: Callable[..., Any]) -> Update:
    """One step as a function: new weights and momentum from old ones."""

    def update(weights: Weights, velocities: Weights, x: Any, y: Any) -> Any:
        loss, gradients = value_and_grad(weights, x, y)
        velocities = [net.momentum * v + g for v, g in zip(velocities, gradients, strict=True)]
        weights = [w - net.lr * v for w, v in zip(weights, velocities, strict=True)]
        return loss, weights, velocities

    return update


def training(net: Net, update: Update, **how: Any) -> Trial:
    """A trial of such a step."""
    names, weights = data.names(net), list(data.weights(net).values())
    velocities: Weights = [numpy.zeros_like(w) for w in weights]

    def step(x: Any, y: Any) -> Any:
        nonlocal weights, velocities
        loss, weights, velocities = update(weights, velocities, x, y)
        return loss

    def state(loss: Any) -> dict[str, Array]:
        learned = {name: numpy.asarray(w) for name, w in zip(names, weights, strict=True)}
        return {"loss": numpy.asarray(loss)} | learned

    return Trial(step, data.batch(net), state, partial(data.weights, net), **how)


def elementwise(np: Any, x: Any, factor: Any) -> Any:
    """Twenty operations that are each a pass over memory."""
    h = x
    for _ in range(5):
        h = np.maximum(h * factor + x, 0) * 0.9
    return h


def math(np: Any, x: Any, factor: Any) -> Any:
    """Five functions that take their time; a sigmoid is a tanh."""
    return np.sin(0.5 * np.tanh(0.5 * np.log(np.tanh(np.exp(x)))) + 0.5)


def differentiating(
    points: Points, value_and_gradient: Callable[[Any, Any, Any], tuple[Any, Any]], **how: Any
) -> Trial:
    """A trial of a function that returns a value and a gradient."""

    def state(result: tuple[Any, Any]) -> dict[str, Array]:
        return {n: numpy.asarray(r) for n, r in zip(("value", "gradient"), result, strict=True)}

    return Trial(value_and_gradient, data.points(points), state, **how)
