"""What is noted of a step: its arrays, and the NumPy calls that make them, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.program.origin import Origin

__all__ = ["Array", "Line", "Number", "Operand", "Tape", "Value", "is_contiguous"]

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]


class Value:
    """An array of the program.

    kind     "given": it exists before the step; "constant": the same in every step; "result": a
             line makes it; "view": another way to look at `base`
    look     of a view: the expression, with {} for the base, such as "{}.T"
    array    of a given or constant value: the ndarray
    role     of a given value: "argument", "parameter", "gradient", "state" or "tensor"
    name     what it is called in the text; a hint until the names are made unique
    """

    __slots__ = (
        "array", "base", "dtype", "kind", "look", "name", "role", "shape", "strides"
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        like: Array,
        *,
        array: Array | None = None,
        base: Value | None = None,
        look: str = "",
        role: str = "",
        name: str = "",
    ) -> None:
        self.kind = kind
        self.shape: Shape = like.shape
        self.dtype: np.dtype[Any] = like.dtype
        self.strides: Shape = like.strides
        self.array = array
        self.base = base
        self.look = look
        self.role = role
        self.name = name

    @property
    def root(self) -> Value:
        """What owns the memory: itself, or the base of the base of a view."""
        value = self
        while value.base is not None:
            value = value.base
        return value

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name or '?'} {self.dtype} {self.shape}>"


def is_contiguous(value: Value) -> bool:
    """Whether the elements lie in order and without gaps."""
    step = value.dtype.itemsize
    for n, stride in zip(reversed(value.shape), reversed(value.strides), strict=True):
        if n != 1 and stride != step:
            return False
        step *= n
    return True


@dataclass(frozen=True)
class Number:
    """A number among the operands, and the dtype in which NumPy computes with it."""

    text: str  # compared in place of the value: 0.0 and -0.0 are equal, and NaN is not
    dtype: np.dtype[Any]
    value: Any = field(compare=False)


Operand = Value | Number


@dataclass(eq=False)
class Line:
    """One NumPy call.

    function   its name: a ufunc's ("add", "add.reduce", "add.at"), "dot", "where" and the like;
               "assign" copies its input into `out`, which broadcasts and converts
    out        what it makes, or, if `writes`, what it writes to
    """

    function: str
    inputs: tuple[Operand, ...]
    out: Value
    options: dict[str, Any] = field(default_factory=dict)
    writes: bool = False
    origin: Origin | None = None

    def reads(self) -> Iterator[Value]:
        """The values whose elements it needs."""
        for operand in self.inputs:
            if isinstance(operand, Value):
                yield operand
        for option in self.options.values():
            if isinstance(option, Value):
                yield option


class Tape:
    """The lines of one recording, and the values that came from outside."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.views: dict[tuple[Value, str], Value] = {}
        self.constants: dict[int, Value] = {}
        self.kept: list[Any] = []  # arrays that were met, so that no id is used twice
        self.is_open = True

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def view(self, base: Value, look: str, like: Array) -> Value:
        """The view of a value; the same look at the same value is one value."""
        found = self.views.get((base, look))
        if found is None:
            found = self.views[base, look] = Value("view", like, base=base, look=look)
        return found

    def constant(self, array: Array) -> Value:
        """An array from elsewhere."""
        found = self.constants.get(id(array))
        if found is None:
            self.kept.append(array)
            found = self.constants[id(array)] = Value("constant", array, array=array)
        return found


def values_of(lines: Sequence[Line]) -> Iterator[Value]:
    """Every value of a program, in the order of its appearance."""
    for line in lines:
        yield from line.reads()
        yield line.out
