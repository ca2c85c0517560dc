"""The values of a program: arrays that were there before, constants, results, and views of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

__all__ = ["Array", "Layout", "Number", "Operand", "Shape", "Value", "values_in"]

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """What an array is like, apart from its elements."""

    shape: Shape
    dtype: np.dtype[Any]
    strides: Shape

    @classmethod
    def in_order(cls, shape: Shape, dtype: np.dtype[Any]) -> Layout:
        strides, step = [], dtype.itemsize
        for n in reversed(shape):
            strides.append(step)
            step *= n
        return cls(shape, dtype, tuple(reversed(strides)))


class Value:
    """An array of the program.

    kind   "given": it is there before the step; "constant": it is the same in every step;
           "result": a line makes it; "view": another look at `base`
    look   of a view: the expression with {} for the base, such as "{}.T"
    array  of a given or constant value: the ndarray
    role   of a given value: "argument", "tensor", "gradient" or "number"; of a constant: "fresh"
           if the step itself made it, of numbers; of a view: "part" if it belongs to a block
    path   of a given value: where it was found, such as ("net", "fc", "weight")
    """

    __slots__ = (
        "array", "base", "dtype", "kind", "look", "path", "role", "shape", "strides"
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        like: Array | Layout | Value,
        array: Array | None = None,
        base: Value | None = None,
        look: str = "",
        role: str = "",
        path: tuple[str, ...] = (),
    ) -> None:
        self.kind, self.role, self.path, self.look = kind, role, path, look
        self.shape: Shape = like.shape
        self.dtype: np.dtype[Any] = like.dtype
        self.strides: Shape = like.strides
        self.array, self.base = array, base

    @property
    def root(self) -> Value:
        """The value itself, or what a view looks at in the end."""
        value = self
        while value.base is not None:
            value = value.base
        return value

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie in order and without gaps."""
        step = self.dtype.itemsize
        for n, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if n != 1 and stride != step:
                return False
            step *= n
        return True

    def __repr__(self) -> str:
        of = "" if self.base is None else f" {self.look} of {self.base}"
        return f"<{self.kind} {'.'.join(self.path)} {self.dtype} {self.shape}{of}>"


@dataclass(frozen=True)
class Number:
    """A number among the operands, and the dtype in which NumPy computes with it."""

    text: str  # compared in place of the value: 0.0 and -0.0 are equal, and NaN is not
    dtype: np.dtype[Any]
    value: Any = field(compare=False)

    @property
    def digits(self) -> str:
        """The fewest digits that say which number of its dtype it is."""
        if self.text in ("inf", "-inf", "nan"):
            return f"float('{self.text}')"
        return str(self.dtype.type(self.value)) if self.dtype.kind == "f" else self.text


Operand = Value | Number


def values_in(operands: Any) -> Iterator[Value]:
    for operand in operands:
        if isinstance(operand, Value):
            yield operand
        elif isinstance(operand, tuple | list):
            yield from values_in(operand)
