"""Backpropagation in NumPy as one writes it down: every operation makes a new array.

In float64 these programs are what all others are checked against.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.data import Array
from benchmarks.problems import Chain, Cloud, Net, Points
from benchmarks.trial import Laps, Trial

__all__ = ["PROGRAMS", "chain", "elementwise", "math", "scalar", "second_order", "training"]

# What follows a layer: the function of z, and its slope there.
ACTIVATIONS: dict[str | None, tuple[Callable[[Array], Array], Callable[[Array], Any]]] = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: z > 0),
    "leaky_relu": (
        lambda z: np.maximum(z, 0.01 * z),
        lambda z: np.where(z > 0, z.dtype.type(1), z.dtype.type(0.01)),
    ),
    None: (lambda z: z, lambda z: True),
}


def training(net: Net, dtype: Any = np.float32) -> Trial:
    """Forward, loss, backward, update."""
    layers = unflat(net, [w.astype(dtype) for w in data.weights(net).values()])
    update = momentum_sgd(net, layers)

    def step(x: Array, y: Array) -> Any:
        inputs, outputs, h = [], [], x
        for (weight, bias), name in zip(layers, net.activations, strict=True):
            z = h @ weight.T + bias
            inputs.append(h)
            outputs.append(z)
            h = ACTIVATIONS[name][0](z)

        error = h - y
        loss = (error**2).mean()
        g = 2 * error / error.size

        gradients: list[list[Array]] = []
        for i in reversed(range(len(layers))):
            g = g * ACTIVATIONS[net.activations[i]][1](outputs[i])
            gradients.insert(0, [g.T @ inputs[i], g.sum(0)])
            if i:
                g = g @ layers[i][0]
        update(gradients)
        return loss

    return learning(net, layers, step, dtype)


def second_order(net: Net, dtype: Any = np.float32) -> Trial:
    """The same with a penalty on the output's slope by the input, s = ((1 W2) m1 W1) m0 W0.

    The penalty is mean(s^2). The masks m are where the ReLUs let through, and have no slope of
    their own, so that the penalty's gradients are those of a net of linear layers.
    """
    layers = unflat(net, [w.astype(dtype) for w in data.weights(net).values()])
    update = momentum_sgd(net, layers)
    last = len(layers) - 1

    def step(x: Array, y: Array) -> Any:
        inputs, masks, h = [], [], x
        for i, (weight, bias) in enumerate(layers):
            inputs.append(h)
            h = h @ weight.T + bias
            masks.append(h > 0 if i < last else True)
            h = h * masks[i]

        slopes = [np.ones_like(h)]
        for i in reversed(range(len(layers))):
            slopes.insert(0, (slopes[0] * masks[i]) @ layers[i][0])
        s = slopes[0]
        loss = ((h - y) ** 2).mean() + (s**2).mean()

        gradients: list[list[Array]] = []
        g = 2 * (h - y) / h.size
        for i in reversed(range(len(layers))):
            g = g * masks[i]
            gradients.insert(0, [g.T @ inputs[i], g.sum(0)])
            g = g @ layers[i][0]

        g = 2 * s / s.size
        for i in range(len(layers)):
            gradients[i][0] += (slopes[i + 1] * masks[i]).T @ g
            g = (g @ layers[i][0].T) * masks[i]
        update(gradients)
        return loss

    return learning(net, layers, step, dtype)


def unflat(net: Net, arrays: list[Array]) -> list[list[Array]]:
    """The weight and the bias of each layer; a layer without a bias gets zeros."""
    if net.bias:
        return [arrays[i : i + 2] for i in range(0, len(arrays), 2)]
    return [[weight, np.zeros(len(weight), weight.dtype)] for weight in arrays]


def momentum_sgd(net: Net, layers: list[list[Array]]) -> Callable[[list[list[Array]]], None]:
    """A function that changes the parameters by their gradients."""
    velocities = [[np.zeros_like(p) for p in layer] for layer in layers]

    def update(gradients: list[list[Array]]) -> None:
        for layer, velocity, gradient in zip(layers, velocities, gradients, strict=True):
            for p, v, g in list(zip(layer, velocity, gradient, strict=True))[: 1 + net.bias]:
                v *= net.momentum
                v += g
                p -= net.lr * v

    return update


def learning(net: Net, layers: list[list[Array]], step: Callable[..., Any], dtype: Any) -> Trial:
    """A trial of a step that changes the parameters."""

    def state(loss: Any) -> dict[str, Array]:
        learned = [p for layer in layers for p in layer[: 1 + net.bias]]
        return {"loss": np.asarray(loss)} | dict(zip(data.names(net), learned, strict=True))

    x, y = (a.astype(dtype) for a in data.batch(net))
    return Trial(step, (x, y), state, partial(data.weights, net))


def elementwise(points: Points, dtype: Any = np.float32) -> Trial:
    """h = 0.9 relu(h factor + x), five times."""

    def step(x: Array, factor: Array, gradient: Array) -> tuple[Array, Array]:
        bent, h = [], x
        for _ in range(5):
            bent.append(np.maximum(h * factor + x, 0))
            h = bent[-1] * 0.9

        g, g_x = gradient, np.zeros_like(x)
        for b in reversed(bent):
            g = g * 0.9 * (b > 0)
            g_x += g
            g = g * factor
        return h, g_x + g

    return differentiating(points, step, dtype)


def math(points: Points, dtype: Any = np.float32) -> Trial:
    """sin(sigmoid(log(tanh(exp(x)))))."""

    def step(x: Array, factor: Array, gradient: Array) -> tuple[Array, Array]:
        a = np.exp(x)
        b = np.tanh(a)
        c = np.log(b)
        d = 1 / (1 + np.exp(-c))
        g = gradient * np.cos(d)
        g = g * d * (1 - d)
        g = g / b
        g = g * (1 - b * b)
        return np.sin(d), g * a

    return differentiating(points, step, dtype)


def differentiating(points: Points, step: Callable[..., Any], dtype: Any) -> Trial:
    """A trial of a step that returns a value and a gradient."""

    def state(result: tuple[Array, Array]) -> dict[str, Array]:
        return dict(zip(("value", "gradient"), result, strict=True))

    return Trial(step, tuple(a.astype(dtype) for a in data.points(points)), state)


def chain(problem: Chain, dtype: Any = np.float32) -> Trial:
    """y = y * factor and y = y + x in turn, on NumPy's single numbers."""
    laps = Laps("build", "walk", "drop")

    def step(x: Any, factor: Any) -> tuple[Any, Any, Any]:
        begin = perf_counter()
        y, saved = x, []
        for _ in range(problem.length // 2):
            saved.append(y)
            y = y * factor + x
        built = perf_counter()
        g, g_x, g_factor = dtype(1), dtype(0), dtype(0)
        for before in reversed(saved):
            g_x = g_x + g
            g_factor = g_factor + g * before
            g = g * factor
        walked = perf_counter()
        del saved
        laps.note(begin, built, walked, perf_counter())
        return y, g_x + g, g_factor

    def state(result: tuple[Any, Any, Any]) -> dict[str, Array]:
        names = ("value", "gradient", "slope")
        return {name: np.asarray(r) for name, r in zip(names, result, strict=True)}

    return Trial(step, (dtype(0.75), dtype(-1)), state, laps=laps)


def scalar(problem: Cloud, dtype: Any = np.float64) -> Trial:
    """The net of `scalars.py` as matrices, all points at once."""
    x, side, layers = data.cloud(problem)

    def step(x: Array, side: Array) -> Any:
        inputs = [x]
        for i, (weight, bias) in enumerate(layers):
            z = inputs[-1] @ weight.T + bias
            inputs.append(np.maximum(z, 0) if i < len(layers) - 1 else z)
        margins = np.maximum(1 - side * inputs[-1][:, 0], 0)

        g = (-side * (margins > 0) / len(side))[:, None]
        for i in reversed(range(len(layers))):
            weight, bias = layers[i]
            g_weight, g_bias = g.T @ inputs[i], g.sum(0)
            g = (g @ weight) * (inputs[i] > 0)
            weight -= problem.lr * g_weight
            bias -= problem.lr * g_bias
        return margins.mean()

    def state(loss: Any) -> dict[str, Array]:
        named = {f"{i}": np.column_stack(layer) for i, layer in enumerate(layers)}
        return {"loss": np.asarray(loss)} | named

    start = {name: a for name, a in state(0.0).items() if name != "loss"}  # copies
    return Trial(step, (x, side), state, lambda: start)


PROGRAMS = {
    "training": training,
    "elementwise": elementwise,
    "math": math,
    "chain": chain,
    "second_order": second_order,
    "scalar": scalar,
}
