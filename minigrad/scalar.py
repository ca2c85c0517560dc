"""Automatic differentiation of numbers: the whole idea, on Python floats. Read this file first.

A computation is a chain of small steps whose derivatives everybody knows: d(ab)/da is b, and
d(ab)/db is a. So when a step is made, write down beside its result what it was made of, and after
each of them how fast the result changes with it, the slope. That is all there is to a `Scalar`:

    Scalar(a.data * b.data, "*", a, b.data, b, a.data)

To learn how a result changes with everything it was made of, walk back from it and apply the chain
rule, which is one multiplication:

    a.grad += slope * result.grad

A number that was used several times receives several of these, and they add up. Hence the only
rule about the order: a number may pass its gradient on when all of it has arrived, not before. So
list everything with each number after those that it was made of, and take it from the end.

    >>> x = Scalar(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> x.grad  # 2x + 2
    8.0

The tensor engine in the rest of this library does the same, but for two things: the slope of
a product of matrices would be a huge array, so it keeps a formula in its place; and it finds the
order by age, for a result is always younger than what it was made of.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Scalar"]

Number = int | float


class Scalar:
    """A number that remembers how it was made.

    data        its value
    grad        how fast the result that `backward` was called on changes with it
    op          the step that made it, such as "*" or "tanh"; "" if nothing did: it was given
    a, b        the Scalars that it was made of: none, one or two
    by_a, by_b  how fast it changes with a and with b: the slopes

    The numbers are Python's, and so are the rules at their edges: 1 / 0 and log(0) raise, where a
    tensor holds inf.
    """

    # What a and b were put into, a tuple say, would double the work of the garbage collector.
    __slots__ = ("a", "b", "by_a", "by_b", "data", "grad", "op")

    def __init__(
        self,
        data: Number,
        op: str = "",
        a: Scalar | None = None,
        by_a: Number = 0.0,
        b: Scalar | None = None,
        by_b: Number = 0.0,
    ) -> None:
        self.data = data
        self.grad: Number = 0.0
        self.op = op
        self.a = a
        self.by_a = by_a
        self.b = b
        self.by_b = by_b

    @property
    def parents(self) -> tuple[Scalar, ...]:
        """The Scalars that it was made of: (), (a,) or (a, b)."""
        return tuple(parent for parent in (self.a, self.b) if parent is not None)

    def __repr__(self) -> str:
        return f"Scalar(data={self.data}, grad={self.grad})"

    # ---- the chain rule -------------------------------------------------------------------------

    def backward(self) -> None:
        """Add the derivative of this number by x to `x.grad`, for every x that it was made of.

        What was made of nothing, an input or a weight, keeps what it has and is added to, so that
        the gradients of several results add up. What was made on the way starts at 0 each time.
        """
        history = self.history()
        for node in history:
            if node.a is not None:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(history):
            if node.a is not None:
                node.a.grad += node.by_a * node.grad
            if node.b is not None:
                node.b.grad += node.by_b * node.grad

    def history(self) -> list[Scalar]:
        """All that this number was made of, each once and after its own a and b; itself last."""
        history: list[Scalar] = []
        path: list[Any] = [self]
        done = {None}  # None: there is no a, or no b
        while path:
            node = path[-1]
            if node.a not in done:
                path.append(node.a)
            elif node.b not in done:
                path.append(node.b)
            else:
                done.add(path.pop())
                history.append(node)
        return history

    # ---- arithmetic: value, name, a and the slope by a, b and the slope by b --------------------

    def __add__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data + b.data, "+", a, 1.0, b, 1.0)

    def __sub__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data - b.data, "-", a, 1.0, b, -1.0)

    def __mul__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data * b.data, "*", a, b.data, b, a.data)

    def __truediv__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data / b.data, "/", a, 1 / b.data, b, -a.data / b.data / b.data)

    def __pow__(self, exponent: Scalar | Number) -> Scalar:
        """x**n, with slope n x**(n-1); if n is a Scalar too, its slope is x**n log(x)."""
        if isinstance(exponent, Scalar):
            return power(self, exponent)
        x, n = self.data, exponent
        return Scalar(math.pow(x, n), f"**{n}", self, n * math.pow(x, n - 1) if n else 0.0)

    def __neg__(self) -> Scalar:
        return Scalar(-self.data, "neg", self, -1.0)

    # A number on the left of a Scalar: 2 + x, 2 - x, ...

    def __radd__(self, other: Number) -> Scalar:
        return scalar(other) + self

    def __rsub__(self, other: Number) -> Scalar:
        return scalar(other) - self

    def __rmul__(self, other: Number) -> Scalar:
        return scalar(other) * self

    def __rtruediv__(self, other: Number) -> Scalar:
        return scalar(other) / self

    def __rpow__(self, base: Number) -> Scalar:
        return power(scalar(base), self)

    # ---- functions ------------------------------------------------------------------------------

    def exp(self) -> Scalar:
        out = math.exp(self.data)
        return Scalar(out, "exp", self, out)

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), "log", self, 1 / self.data)

    def tanh(self) -> Scalar:
        out = math.tanh(self.data)
        return Scalar(out, "tanh", self, 1 - out * out)

    def relu(self) -> Scalar:
        """max(0, x). At the kink, x = 0, the slope is taken to be 0, as PyTorch does."""
        x = self.data
        if x < 0:
            return Scalar(0.0, "relu", self, 0.0)
        return Scalar(x, "relu", self, 0.0 if x == 0 else 1.0)

    def leaky_relu(self, negative_slope: Number = 0.01) -> Scalar:
        """x above 0, negative_slope * x elsewhere: there is a slope everywhere."""
        slope = 1.0 if self.data > 0 else negative_slope
        return Scalar(self.data * slope, "leaky_relu", self, slope)

    # ---- comparison: of the values, for `if` and `sorted` ---------------------------------------

    def __eq__(self, other: object) -> bool:
        return self.data == (other.data if isinstance(other, Scalar) else other)

    def __lt__(self, other: Scalar | Number) -> bool:
        return self.data < scalar(other).data

    def __le__(self, other: Scalar | Number) -> bool:
        return self.data <= scalar(other).data

    def __gt__(self, other: Scalar | Number) -> bool:
        return self.data > scalar(other).data

    def __ge__(self, other: Scalar | Number) -> bool:
        return self.data >= scalar(other).data

    __hash__ = object.__hash__  # two Scalars of one value are still two Scalars

    def __float__(self) -> float:
        return float(self.data)


def scalar(value: Scalar | Number) -> Scalar:
    """The value itself if it is a Scalar; a number as a Scalar that was made of nothing."""
    if isinstance(value, Scalar):
        return value
    if isinstance(value, Number):
        return Scalar(value)
    kind = type(value).__name__
    error = TypeError(f"a Scalar goes together with Scalars and numbers, not {kind}")
    error.add_note(f"Take a number out of the {kind} first: float(value), or its items one by one.")
    raise error


def power(x: Scalar, n: Scalar) -> Scalar:
    out = math.pow(x.data, n.data)
    by_base = n.data * math.pow(x.data, n.data - 1) if n.data else 0.0
    log = math.log(x.data) if x.data > 0 else math.nan  # of a negative base there is none
    by_exponent = out * log if x.data else 0.0
    return Scalar(out, "**", x, by_base, n, by_exponent)
