"""Engines of single numbers: `Number` is minigrad's Scalar, or whatever has its operators."""

from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.data import Array
from benchmarks.problems import Cloud
from benchmarks.trial import Trial

__all__ = ["scalar"]


def scalar(Number: Any, problem: Cloud) -> Trial:
    """Train a net to tell two clouds apart: mean(relu(1 - side * output)), plain SGD."""
    x, side, arrays = data.cloud(problem)
    layers = [
        [([Number(w) for w in row], Number(b)) for row, b in zip(weight, bias, strict=True)]
        for weight, bias in ((weight.tolist(), bias.tolist()) for weight, bias in arrays)
    ]
    parameters = [p for layer in layers for weights, bias in layer for p in (*weights, bias)]

    def neuron(weights: list[Any], bias: Any, inputs: list[Any]) -> Any:
        return sum((w * i for w, i in zip(weights, inputs, strict=True)), bias)

    def output(inputs: list[Any]) -> Any:
        *hidden, last = layers
        for layer in hidden:
            inputs = [neuron(weights, bias, inputs).relu() for weights, bias in layer]
        return neuron(*last[0], inputs)

    def step(points: list[list[float]], sides: list[float]) -> float:
        for p in parameters:
            p.grad = 0.0
        margins = [
            (1 - side * output([Number(c) for c in point])).relu()
            for point, side in zip(points, sides, strict=True)
        ]
        loss = sum(margins) * (1 / len(points))
        loss.backward()
        for p in parameters:
            p.data -= problem.lr * p.grad
        return float(loss.data)

    def state(loss: float) -> dict[str, Array]:
        named = {
            f"{i}": np.array([[*(w.data for w in weights), bias.data] for weights, bias in layer])
            for i, layer in enumerate(layers)
        }
        return {"loss": np.asarray(loss)} | named

    start = {name: a for name, a in state(0.0).items() if name != "loss"}
    return Trial(step, (x.tolist(), side.tolist()), state, lambda: start)
