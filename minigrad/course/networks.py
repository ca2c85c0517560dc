"""The exercises of the pages on modules, neurons, activations and layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad
from minigrad import nn
from minigrad.course.exercise import Wrong, call, exercise, expect
from minigrad.nn import functional as F
from minigrad.optim import SGD

__all__ = [
    "Scale", "descend", "hidden_gradients", "is_dead", "leaky_gradient", "merged",
    "weight_gradient",
]  # fmt: skip

SCALE = """\
import minigrad
from minigrad import nn


class Scale(nn.Module):"""


@exercise("06-modules", SCALE)
def Scale(answer: Any) -> None:
    """Write a module that learns a factor for each feature.

    Scale(3) has one parameter, `factor`, of three ones; Scale(3)(x) is x * factor. The class
    needs `__init__(self, features)`, which calls super().__init__() first, and `forward(self, x)`.
    """
    if not (isinstance(answer, type) and issubclass(answer, nn.Module)):
        raise Wrong("Scale should be a class that inherits from minigrad.nn.Module.")
    net = call(answer, 3, told="Scale(3)")
    names = [name for name, _ in net.named_parameters()]
    if names != ["factor"]:
        raise Wrong(
            f"The parameters of Scale(3) are {names}; there should be one, 'factor'.\n"
            "A module finds those that are nn.Parameter(...) and were assigned to self."
        )
    expect(net.factor, [1.0, 1.0, 1.0], "Scale(3).factor")
    x = minigrad.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    out = call(net, x, told=f"Scale(3)({x.tolist()})")
    expect(out, x, f"Scale(3)({x.tolist()})")
    out.sum().backward()
    expect(net.factor.grad, [5.0, 7.0, 9.0], "the gradient of factor after out.sum().backward()")


@exercise("07-neuron", "def descend(weight, x, y, lr, steps):")
def descend(answer: Any) -> None:
    """Train a neuron by hand; return its last weight.

    The neuron computes weight * x, and its loss is (weight * x - y)**2. A step subtracts lr
    times the slope of the loss from the weight. All arguments are numbers; no library is needed.
    """
    for weight, x, y, lr, steps in [(1.0, 1.0, 5.0, 0.1, 1), (-0.5, 2.0, 3.0, 0.05, 10)]:
        w = minigrad.tensor(weight, dtype=minigrad.float64, requires_grad=True)
        optimizer = SGD([w], lr=lr)
        for _ in range(steps):
            optimizer.zero_grad()
            ((w * x - y) ** 2).backward()
            optimizer.step()
        asked = f"descend({weight}, {x}, {y}, {lr}, {steps})"
        hint = "The slope is 2 * (weight * x - y) * x, and a new one in each step."
        expect(call(answer, weight, x, y, lr, steps), w, asked, hint)


@exercise("08-relu", "def is_dead(weight, bias, inputs):")
def is_dead(answer: Any) -> None:
    """Say whether a neuron with a ReLU is dead.

    It is dead if no input gives it a gradient.

    The neuron computes relu(weight * x + bias) for each x in the list `inputs`; all are
    numbers. Return True if the gradient of its weight and its bias is exactly 0 whatever the
    targets are, and False if it can learn. The ReLU's slope at exactly 0 is 0.
    """
    for weight, bias, inputs in [
        (-0.0075, 0.0, [1.0]), (0.5, 0.0, [1.0]), (-1.0, 0.5, [1.0, 2.0]), (-1.0, 0.5, [1.0, 0.25]),
        (0.0, 0.0, [1.0, 2.0]), (1.0, -1.0, [1.0, 0.5]), (1.0, 0.0, [-1.0, -2.0]),
    ]:  # fmt: skip
        told = f"is_dead({weight}, {bias}, {inputs})"
        found = call(answer, weight, bias, inputs, told=told)
        sums = [weight * x + bias for x in inputs]
        if bool(found) != (slope_of_bias(weight, bias, inputs) == 0):
            raise Wrong(
                f"{told} is {found}.\nThe neuron's sums are {sums}, before the ReLU: it can learn "
                "if one of them is above 0, where the ReLU's slope is 1."
            )


def slope_of_bias(weight: float, bias: float, inputs: list[float]) -> float:
    """How the sum of the neuron's outputs changes with its bias: for how many inputs it lives."""
    b = minigrad.tensor(bias, dtype=minigrad.float64, requires_grad=True)
    F.relu(weight * minigrad.tensor(inputs, dtype=minigrad.float64) + b).sum().backward()
    return 0.0 if b.grad is None else float(b.grad.item())


@exercise("09-leaky-relu", "import numpy as np\n\n\ndef leaky_gradient(g, x, slope):")
def leaky_gradient(answer: Any) -> None:
    """Write the derivative of the leaky ReLU.

    g and x are NumPy arrays of one shape, `slope` is the number by which what is below 0 is
    multiplied. Return the gradient of x. At exactly 0 PyTorch takes the slope of the left side.
    """
    values = [-2.0, -0.0, 0.0, 0.5, 3.0]
    for slope in (0.01, 0.2):
        x = minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)
        g = minigrad.tensor([1.0, 2.0, 3.0, 4.0, -5.0], dtype=minigrad.float64)
        F.leaky_relu(x, slope).backward(g)
        told = f"leaky_gradient({g.tolist()}, {values}, {slope})"
        hint = "Where x > 0 it is g, elsewhere slope * g: np.where(condition, this, that)."
        expect(call(answer, g.numpy(), np.array(values), slope, told=told), x.grad, told, hint)


@exercise("10-layers", "import numpy as np\n\n\ndef weight_gradient(g, x):")
def weight_gradient(answer: Any) -> None:
    """Write the derivative of a layer by its weight.

    The layer computes out = x @ weight.T + bias, with a row of x for each example. g is the
    gradient of out, of shape (examples, neurons); x has the shape (examples, inputs). Return
    the gradient of the weight, of shape (neurons, inputs).
    """
    generator = np.random.default_rng(0)
    for examples, inputs, neurons in [(1, 2, 1), (4, 2, 3)]:
        x, g = (generator.integers(-3, 4, (examples, n)) * 1.0 for n in (inputs, neurons))
        weight = minigrad.zeros(neurons, inputs, dtype=minigrad.float64, requires_grad=True)
        F.linear(minigrad.tensor(x), weight).backward(minigrad.tensor(g))
        told = f"weight_gradient({g.tolist()}, {x.tolist()})"
        hint = "weight[i, j] is multiplied by x[n, j] and goes into out[n, i], for every n."
        expect(call(answer, g, x, told=told), weight.grad, told, hint)


@exercise(
    "11-hidden-layer",
    "import numpy as np\n\n\ndef hidden_gradients(x, target, weight1, bias1, weight2, bias2):",
)
def hidden_gradients(answer: Any) -> None:
    """Walk back through a hidden layer, with NumPy alone.

    The network computes hidden = relu(weight1 @ x + bias1), then out = weight2 @ hidden + bias2,
    and its loss is sum((out - target)**2). All arguments are arrays, of one dimension but for
    the two weights. Return the gradients of weight1, bias1, weight2 and bias2, in this order.
    """
    generator = np.random.default_rng(1)
    shapes = [(2,), (1,), (3, 2), (3,), (1, 3), (1,)]
    arrays = [generator.integers(-8, 9, shape) / 4 for shape in shapes]
    x, target, *parameters = (minigrad.tensor(array) for array in arrays)
    for parameter in parameters:
        parameter.requires_grad_()
    weight1, bias1, weight2, bias2 = parameters
    out = F.linear(F.relu(F.linear(x, weight1, bias1)), weight2, bias2)
    F.mse_loss(out, target, reduction="sum").backward()
    found = call(answer, *arrays)
    if not isinstance(found, list | tuple) or len(found) != 4:
        raise Wrong("hidden_gradients should return four arrays.")
    names = ("weight1", "bias1", "weight2", "bias2")
    for name, mine, parameter in reversed([*zip(names, found, parameters, strict=True)]):
        hint = (
            "It begins with g = 2 * (out - target), which is the gradient of bias2. The hidden\n"
            "layer gets weight2.T @ g, where its ReLU is above 0, and 0 elsewhere."
        )
        expect(mine, parameter.grad, f"the gradient of {name}", hint)


@exercise(
    "12-sequential", "import minigrad\nfrom minigrad import nn\n\n\ndef merged(first, second):"
)
def merged(answer: Any) -> None:
    """Make one Linear of two with nothing between them.

    first is a Linear(a, b) and second a Linear(b, c). Return a Linear(a, c) that computes the
    same: second(first(x)) for every x.
    """
    minigrad.manual_seed(0)
    first, second = nn.Linear(2, 3), nn.Linear(3, 1)
    one = call(answer, first, second, told="merged(Linear(2, 3), Linear(3, 1))")
    if not isinstance(one, nn.Linear):
        raise Wrong(f"merged should return an nn.Linear, not {type(one).__name__}")
    if (one.in_features, one.out_features) != (2, 1):
        raise Wrong(f"merged should return a Linear(2, 1), and returned {one}")
    hint = "second(first(x)) = W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2)"
    for values in ([0.0, 0.0], [1.0, 0.0], [-2.0, 0.5]):
        x = minigrad.tensor(values)
        expect(one(x), second(first(x)), f"merged(first, second)({values})", hint, 1e-5)
