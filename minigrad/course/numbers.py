"""The exercises of the first pages: derivatives, Scalars, order, broadcasting, formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import minigrad
from minigrad.course.exercise import Wrong, call, exercise, expect
from minigrad.scalar import Scalar

__all__ = ["in_order", "slope", "softplus", "softsign_slope", "sum_to"]


def square(x: Any) -> Any:
    return x * x


def cube_minus_twice(x: Any) -> Any:
    return x * x * x - 2 * x


def one_over(x: Any) -> Any:
    return 1 / x


@exercise("01-derivative", "def slope(f, x):")
def slope(answer: Any) -> None:
    """Return the slope of f at x, found by measuring.

    f takes a number and returns one. Ask for f a little to the right and a little to the left
    of x, and divide the difference by the distance. For f(x) = x * x and x = 3.0 it is 6,
    to six digits at least.
    """
    for f in (square, cube_minus_twice, one_over):
        for at in (3.0, -0.5, 0.25):
            x = Scalar(at)
            f(x).backward()
            asked = f"slope({f.__name__}, {at})"
            hint = (
                "Measured to one side only, an error as large as the step remains: take\n"
                "f(x + h) and f(x - h), which lie 2 * h apart, with an h of about 1e-5."
            )
            expect(call(answer, f, at), x.grad, asked, hint, 2e-6)


@exercise("02-scalar", "import math\n\nfrom minigrad import Scalar\n\n\ndef softplus(x):")
def softplus(answer: Any) -> None:
    """Teach Scalar a new step: softplus(x) = log(1 + exp(x)).

    x is a Scalar. Return a Scalar that knows its value, the name "softplus", that it was made
    of x, and the slope, which is 1 / (1 + exp(-x)). The numbers are those of the module math.
    """
    for at in (0.0, 1.5, -2.0):
        x = Scalar(at)
        y = call(answer, x, told=f"softplus(Scalar({at}))")
        if not isinstance(y, Scalar):
            raise Wrong(f"softplus should return a Scalar, not {type(y).__name__}")
        expect(y.data, math.log(1 + math.exp(at)), f"the value of softplus(Scalar({at}))")
        if y.op != "softplus" or y.a is not x:
            raise Wrong(
                f"The result should be called 'softplus' and made of x alone; it is called "
                f"{y.op!r}.\nMake it in one step: Scalar(value, 'softplus', x, slope)."
            )
        (y * 3).backward()
        hint = "Every slope on the way is multiplied: the one of your step is its fourth argument."
        asked = f"the slope of 3 * softplus(x) at {at}"
        expect(x.grad, 3 / (1 + math.exp(-at)), asked, hint)


@exercise("03-order", "def in_order(result):")
def in_order(answer: Any) -> None:
    """Return an order in which gradients can be passed on.

    result is a Scalar; each Scalar has its `parents`, a tuple. Return a list of all Scalars that
    the result was made of, which begins with the result itself, has each of them once, and has
    each before its own parents.
    """
    for told, result in graphs():
        found = call(answer, result, told=f"in_order(c) for {told}")
        check_order(list(found), result, told)


def graphs() -> list[tuple[str, Scalar]]:
    x = Scalar(3.0)
    a = x * x
    b = a + x
    shared = a * b + a
    y = Scalar(2.0)
    chain = y
    for _ in range(3):
        chain = chain + chain * y
    return [("c = x * y", Scalar(2.0) * Scalar(5.0)), ("c = a * b + a", shared), ("a chain", chain)]


def check_order(found: list[Any], result: Scalar, told: str) -> None:
    """Each once, none missing, none before what was made of it."""
    wanted = result.history()
    place = {id(node): number for number, node in enumerate(found)}
    if len(place) < len(found):
        raise Wrong(f"For {told} a Scalar is in the list twice: keep a set of those that are done.")
    if set(place) != {id(node) for node in wanted}:
        raise Wrong(f"For {told} there are {len(wanted)} Scalars; the list has {len(found)}.")
    for node in wanted:
        for parent in node.parents:
            if place[id(parent)] < place[id(node)]:
                raise Wrong(
                    f"For {told}, {parent!r} is number {place[id(parent)]} in the list, and passes "
                    f"its gradient on then.\nBut number {place[id(node)]}, {node!r}, was made of "
                    "it, and sends more when it is too late."
                )


@exercise("04-broadcasting", "import numpy as np\n\n\ndef sum_to(g, shape):")
def sum_to(answer: Any) -> None:
    """Bring a gradient back to the shape before broadcasting.

    g is a NumPy array, and `shape` a tuple that broadcasts to g.shape. Return an array of this
    shape: g added up over every dimension that broadcasting has added or has stretched from 1.
    """
    generator = np.random.default_rng(0)
    for shape, larger in [
        ((3,), (2, 3)), ((2, 1), (2, 3)), ((), (2, 3)), ((1, 3), (4, 2, 3)), ((2, 3), (2, 3)),
    ]:  # fmt: skip
        g = generator.integers(-3, 4, larger).astype(float)
        x = minigrad.zeros(shape, dtype=minigrad.float64, requires_grad=True)
        x.expand(larger).backward(minigrad.tensor(g))
        hint = (
            "First add up the dimensions in front that `shape` has not (sum over axis 0), then\n"
            "those where it has a 1 (sum with keepdims=True)."
        )
        found = call(answer, g, shape, told=f"sum_to(g, {shape}) for a g of shape {larger}")
        expect(found, x.grad, f"sum_to(g, {shape}) for a g of shape {larger}", hint)


@exercise("05-formulas", "def softsign_slope(g, x):")
def softsign_slope(answer: Any) -> None:
    """Write the derivative of softsign(x) = x / (1 + |x|).

    g is the gradient of the result. Return the gradient of x, for a number, an array or a
    tensor: with operators and abs() alone.
    """
    for at in ([1.0, -3.0, 0.5], [0.0], [-0.25, 100.0]):
        x = minigrad.tensor(at, dtype=minigrad.float64, requires_grad=True)
        g = minigrad.full_like(x, 2.0)
        (x / (1 + x.abs())).backward(g)
        hint = "Where x > 0 it is the quotient x / (1 + x), whose slope is 1 / (1 + x)**2."
        told = f"softsign_slope(2.0, {at})"
        expect(call(answer, g.numpy(), np.array(at), told=told), x.grad, told, hint)
        expect(call(answer, g, x.detach(), told=f"{told}, of tensors"), x.grad, told, hint)
