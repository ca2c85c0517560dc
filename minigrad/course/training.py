"""The exercises of the pages on losses, optimizers, the loop, higher orders and compiled steps."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad
from minigrad import nn
from minigrad.course.exercise import Wrong, call, exercise, expect, shown
from minigrad.nn import functional as F
from minigrad.optim import SGD

__all__ = ["fit", "mse_gradient", "names_of_nodes", "newton", "positions", "train_step"]


@exercise("13-mse", "import numpy as np\n\n\ndef mse_gradient(output, target):")
def mse_gradient(answer: Any) -> None:
    """Write the derivative of the mean squared error.

    output and target are NumPy arrays of one shape; the loss is the mean of the squares of
    their differences. Return the gradient of the output.
    """
    for mine, theirs in [([3.0], [5.0]), ([[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [5.0, 3.5]])]:
        x = minigrad.tensor(mine, dtype=minigrad.float64, requires_grad=True)
        F.mse_loss(x, minigrad.tensor(theirs, dtype=minigrad.float64)).backward()
        told = f"mse_gradient({mine}, {theirs})"
        hint = "Each square has the slope 2 * difference, and a mean counts each by 1 / n."
        expect(call(answer, np.array(mine), np.array(theirs), told=told), x.grad, told, hint)


@exercise("14-sgd", "def positions(p, gradients, rates, momentum):")
def positions(answer: Any) -> None:
    """Do the steps of PyTorch's SGD on one number.

    p is the parameter, `gradients` the gradient of each step and `rates` its learning rate:
    lists of one length. Return the list of the parameter's values after each step. The buffer
    is the first gradient to begin with; then it is momentum * buffer + gradient.
    """
    gradients, rates = [4.0, -1.0, 2.0, 0.5], [0.1, 0.1, 0.01, 0.01]
    for momentum in (0.0, 0.9):
        p = minigrad.tensor(1.0, dtype=minigrad.float64, requires_grad=True)
        optimizer, right = SGD([p], lr=0.1, momentum=momentum), []
        for g, lr in zip(gradients, rates, strict=True):
            p.grad = minigrad.full_like(p, g)
            optimizer.param_groups[0]["lr"] = lr
            optimizer.step()
            right.append(p.item())
        asked = f"positions(1.0, {gradients}, {rates}, {momentum})"
        found = call(answer, 1.0, gradients, rates, momentum, told=asked)
        expect(found, right, asked, rule_of(found, gradients, rates, momentum))


def rule_of(found: Any, gradients: list[float], rates: list[float], momentum: float) -> str:
    """What kind of momentum was meant, if it was another one than PyTorch's."""
    p, velocity, textbook = 1.0, 0.0, []
    for g, lr in zip(gradients, rates, strict=True):
        velocity = momentum * velocity - lr * g
        p += velocity
        textbook.append(p)
    p, buffer, averaged = 1.0, 0.0, []
    for g, lr in zip(gradients, rates, strict=True):
        buffer = momentum * buffer + (1 - momentum) * g
        p -= lr * buffer
        averaged.append(p)
    if len(found) == len(textbook) and np.allclose(found, textbook):
        return (
            "That is the rule of many textbooks: the learning rate goes into the buffer. In\n"
            "PyTorch it multiplies the buffer when the parameter moves."
        )
    if len(found) == len(averaged) and np.allclose(found, averaged):
        return "That is an average: PyTorch does not multiply the gradient by 1 - momentum."
    return "In each step: buffer = momentum * buffer + g, then p = p - lr * buffer."


@exercise("15-loop", "def fit(net, criterion, optimizer, xs, ys):")
def fit(answer: Any) -> None:
    """Write the training loop, one step for each example.

    xs and ys are lists of tensors, inputs and targets. Return the list of the losses as
    numbers (loss.item()), each as it was before the step that it led to.
    """
    xs = [minigrad.tensor([value]) for value in (0.5, 1.5, -1.0, 2.0)]
    ys = [2 * x + 1 for x in xs]
    net, optimizer = fresh()
    right = [step(net, optimizer, x, y) for x, y in zip(xs, ys, strict=True)]
    mine, optimizer = fresh()
    found = call(
        answer, mine, nn.MSELoss(), optimizer, xs, ys, told="fit(net, criterion, optimizer, xs, ys)"
    )
    expect(found, right, "the list of the losses", missing(found, xs, ys), 1e-5)
    for name, parameter in mine.named_parameters():
        expect(parameter, net.get_parameter(name), f"the {name} after the last step", "", 1e-5)


def fresh() -> tuple[nn.Linear, SGD]:
    minigrad.manual_seed(0)
    net = nn.Linear(1, 1)
    return net, SGD(net.parameters(), lr=0.1)


def step(net: nn.Module, optimizer: SGD, x: Any, y: Any, zero: bool = True) -> float:
    if zero:
        optimizer.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
    return float(loss.item())


def missing(found: Any, xs: list[Any], ys: list[Any]) -> str:
    """Which call the loop has forgotten, by the losses that come of that."""
    net, optimizer = fresh()
    without_zero = [step(net, optimizer, x, y, zero=False) for x, y in zip(xs, ys, strict=True)]
    net, _ = fresh()
    without_step = [F.mse_loss(net(x), y).item() for x, y in zip(xs, ys, strict=True)]
    if len(found) == len(xs) and np.allclose(found, without_zero):
        return "So it goes if the gradients of the steps before are still there: zero_grad()."
    if len(found) == len(xs) and np.allclose(found, without_step):
        return "So it goes if nothing moves: loss.backward(), then optimizer.step()."
    return "In each step: zero_grad, the output, the loss, backward, step."


def quartic(x: Any) -> Any:
    return x**4 - 3 * x


def bowl(x: Any) -> Any:
    return (x - 2) ** 2 * 3 + 1


@exercise("16-second-derivatives", "from minigrad.autograd import grad\n\n\ndef newton(f, x):")
def newton(answer: Any) -> None:
    """Do one of Newton's steps towards the minimum of f.

    x is a tensor that requires grad, and f takes and returns one. Return x - f'(x) / f''(x),
    without grad: the second derivative is the gradient of the first, if create_graph=True.
    """
    for f in (bowl, quartic):
        for at in (1.0, 2.5):
            x = minigrad.tensor(at, dtype=minigrad.float64, requires_grad=True)
            right = x - step_of_newton(f(x), x)
            asked = f"newton({f.__name__}, {at})"
            start = minigrad.tensor(at, dtype=minigrad.float64, requires_grad=True)
            expect(call(answer, f, start, told=asked), right, asked)


def step_of_newton(y: Any, x: Any) -> Any:
    (first,) = minigrad.autograd.grad(y, x, create_graph=True)
    (second,) = minigrad.autograd.grad(first, x)  # type: ignore[arg-type]
    return first / second  # type: ignore[operator]


@exercise("17-inside-pytorch", "def names_of_nodes(loss):")
def names_of_nodes(answer: Any) -> None:
    """List what backward will walk through.

    Begin with loss.grad_fn. Each node has a `name()`, and `next_functions`: pairs of a node (or
    None) and a number. Return the names of all nodes, each node once; their order is free.
    """
    x = minigrad.tensor([1.0, -2.0], requires_grad=True)
    h = x * 2
    for told, loss in [("(x * 2).sum()", h.sum()), ("(h.relu() + h * x).sum()", shared_use(h, x))]:
        right = sorted(node.name() for node in all_nodes(loss))
        found = sorted(call(answer, loss, told=f"names_of_nodes({told})"))
        if found != right:
            raise Wrong(
                f"names_of_nodes({told}) has\n    {shown(found)}\nand the graph\n    {shown(right)}"
                "\nA node that was used twice is one node: keep a set of those that were seen."
            )


def shared_use(h: Any, x: Any) -> Any:
    return (h.relu() + h * x).sum()


def all_nodes(loss: Any) -> list[Any]:
    seen: list[Any] = []
    path = [loss.grad_fn]
    while path:
        node = path.pop()
        if node is not None and node not in seen:
            seen.append(node)
            path.extend(parent for parent, _ in node.next_functions)
    return seen


@exercise(
    "18-compile", "import numpy as np\n\n\ndef train_step(weight, buffer, x, y, lr, momentum):"
)
def train_step(answer: Any) -> None:
    """Write a whole training step in NumPy.

    The neuron computes weight * x, its loss is the mean of (weight * x - y)**2. All but lr and
    momentum are NumPy arrays of float64, x and y with an element for each example, weight and
    buffer of shape (1,). Change buffer and weight in place, as SGD with momentum does, and
    return the loss.
    """
    weight, buffer = np.array([0.5]), np.array([0.25])
    x, y = np.array([1.0, 2.0, -1.0]), np.array([5.0, 7.0, 1.0])
    w = minigrad.tensor(weight, requires_grad=True)
    optimizer = SGD([w], lr=0.05, momentum=0.9)
    optimizer.state[w]["momentum_buffer"] = minigrad.tensor(buffer)
    for number in (1, 2):
        told = f"train_step(...), call {number}"
        found = call(answer, weight, buffer, x, y, 0.05, 0.9, told=told)
        optimizer.zero_grad()
        loss = F.mse_loss(w * minigrad.tensor(x), minigrad.tensor(y))
        loss.backward()
        optimizer.step()
        expect(found, loss, f"the loss of {told}")
        hint = (
            "Changed in place: buffer[:] = ..., or buffer *= ...; `buffer = ...` makes a new one."
        )
        expect(buffer, optimizer.state[w]["momentum_buffer"], f"the buffer after {told}", hint)
        expect(weight, w, f"the weight after {told}", hint)
