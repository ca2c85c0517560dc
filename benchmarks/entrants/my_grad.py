"""MyGrad: tensors that record, on NumPy; the update is NumPy's."""

from collections.abc import Callable
from functools import partial
from typing import Any

import mygrad
import numpy

from benchmarks import data
from benchmarks.data import Array
from benchmarks.entrants import functional
from benchmarks.problems import Net, Points
from benchmarks.trial import Trial

__all__ = ["PROGRAMS"]


class Namespace:
    """MyGrad's functions under the names that NumPy has for them."""

    dot = staticmethod(mygrad.matmul)
    exp, log, maximum, mean = mygrad.exp, mygrad.log, mygrad.maximum, mygrad.mean
    sin, tanh = mygrad.sin, mygrad.tanh


def training(net: Net) -> Trial:
    """A net's training."""
    weights = [mygrad.tensor(w.copy()) for w in data.weights(net).values()]
    velocities = [numpy.zeros_like(w.data) for w in weights]
    loss_of = functional.loss_of(Namespace, net)

    def step(x: Array, y: Array) -> Any:
        loss = loss_of(weights, x, y)
        loss.backward()
        for w, v in zip(weights, velocities, strict=True):
            v *= net.momentum
            v += w.grad
            w.data -= net.lr * v
        return loss

    def state(loss: Any) -> dict[str, Array]:
        learned = {name: w.data for name, w in zip(data.names(net), weights, strict=True)}
        return {"loss": loss.data} | learned

    return Trial(step, data.batch(net), state, partial(data.weights, net))


def differentiating(f: Callable[[Any, Any, Any], Any]) -> Callable[[Points], Trial]:
    """The trial of a function of x, by its points."""

    def value_and_gradient(x: Array, factor: Array, gradient: Array) -> tuple[Array, Array]:
        leaf = mygrad.tensor(x, copy=False)
        value = f(Namespace, leaf, factor)
        value.backward(gradient)
        return value.data, leaf.grad

    return lambda points: functional.differentiating(points, value_and_gradient)


PROGRAMS = {
    "training": training,
    "elementwise": differentiating(functional.elementwise),
    "math": differentiating(functional.math),
}
