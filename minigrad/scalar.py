"""Automatic differentiation of numbers: the whole idea, on Python floats. Read this file first.

A computation is a chain of small steps whose derivatives everybody knows: d(ab)/da is b, and
d(ab)/db is a. So when a step is made, write down two things beside its result: what it was made
of, and how fast it changes with each of them, its slopes. That is all there is to a `Scalar`:

    Scalar(a.data * b.data, (a, b), (b.data, a.data))

To learn how a result changes with everything it was made of, walk back from it and apply the chain
rule, which is one multiplication:

    parent.grad += slope * node.grad

A number that was used several times receives several of these, and they add up. Hence the only
rule about the order: a number may pass its gradient on when all of it has arrived, not before. A
result is always younger than what it was made of; so take the youngest first, and the rule holds.

    >>> x = Scalar(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> x.grad  # 2x + 2
    8.0

The tensor engine in the rest of this library does the same, but for one thing: the slope of a
product of matrices would be a huge array, so it keeps a formula in its place.
"""

from __future__ import annotations

import math
from itertools import count

__all__ = ["Scalar"]

Number = int | float


class Scalar:
    """A number that remembers how it was made.

    data     its value
    grad     how fast the result that `backward` was called on changes with it
    parents  the Scalars that it was made of
    slopes   how fast it changes with each of them

    The numbers are Python's, and so are the rules at their edges: 1 / 0 and log(0) raise, where a
    tensor holds inf.
    """

    __slots__ = ("birth", "data", "grad", "parents", "slopes")

    births = count()

    def __init__(
        self, data: Number, parents: tuple[Scalar, ...] = (), slopes: tuple[Number, ...] = ()
    ) -> None:
        self.data = data
        self.grad: Number = 0.0
        self.parents = parents
        self.slopes = slopes
        self.birth = next(Scalar.births)

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
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in history:
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad

    def history(self) -> list[Scalar]:
        """This number and all that it was made of, each once, the youngest first."""
        found, seen = [self], {self}
        for node in found:  # the list grows while it is read
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    found.append(parent)
        return sorted(found, key=lambda node: node.birth, reverse=True)

    # ---- arithmetic: value, parents, slopes -----------------------------------------------------

    def __add__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data + b.data, (a, b), (1.0, 1.0))

    def __sub__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data - b.data, (a, b), (1.0, -1.0))

    def __mul__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data * b.data, (a, b), (b.data, a.data))

    def __truediv__(self, other: Scalar | Number) -> Scalar:
        a, b = self, scalar(other)
        return Scalar(a.data / b.data, (a, b), (1 / b.data, -a.data / b.data / b.data))

    def __pow__(self, exponent: Scalar | Number) -> Scalar:
        """x**n, with slope n x**(n-1); if n is a Scalar too, its slope is x**n log(x)."""
        if isinstance(exponent, Scalar):
            return power(self, exponent)
        x, n = self.data, exponent
        return Scalar(math.pow(x, n), (self,), (n * math.pow(x, n - 1) if n else 0.0,))

    def __neg__(self) -> Scalar:
        return Scalar(-self.data, (self,), (-1.0,))

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
        return Scalar(out, (self,), (out,))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> Scalar:
        out = math.tanh(self.data)
        return Scalar(out, (self,), (1 - out * out,))

    def relu(self) -> Scalar:
        """max(0, x). At the kink, x = 0, the slope is taken to be 0, as PyTorch does."""
        x = self.data
        return (
            Scalar(0.0, (self,), (0.0,)) if x < 0 else Scalar(x, (self,), (0.0 if x == 0 else 1.0,))
        )

    def leaky_relu(self, negative_slope: Number = 0.01) -> Scalar:
        """x above 0, negative_slope * x elsewhere: there is a slope everywhere."""
        slope = 1.0 if self.data > 0 else negative_slope
        return Scalar(self.data * slope, (self,), (slope,))

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
    raise TypeError(f"a Scalar goes together with Scalars and numbers, not {type(value).__name__}")


def power(x: Scalar, n: Scalar) -> Scalar:
    out = math.pow(x.data, n.data)
    by_base = n.data * math.pow(x.data, n.data - 1) if n.data else 0.0
    log = math.log(x.data) if x.data > 0 else math.nan  # of a negative base there is none
    by_exponent = out * log if x.data else 0.0
    return Scalar(out, (x, n), (by_base, by_exponent))
