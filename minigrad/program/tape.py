"""What is noted of a step: NumPy calls, each of which makes one value, in order.

A value never changes. What changes is memory: a write into an array makes a new value, and from
then on the array stands for that. So a tape reads like a proof, each line from lines above, however
often the step wrote in place; where the values of a program live is decided later (memory.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from minigrad.program.origin import Origin, Origins

__all__ = [
    "Array",
    "Block",
    "Layout",
    "Line",
    "Memory",
    "Number",
    "Operand",
    "Shape",
    "Tape",
    "Value",
    "values_in",
]

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


@dataclass(eq=False)
class Block:
    """What the body of a loop works on: some rows of arrays of one shape, then the next rows.

    shape  of the whole arrays
    axis   along which they are cut, the first that has more than one row
    rows   how many a block has; the last may have fewer
    own    the values that have the size of a block
    """

    shape: Shape
    axis: int
    rows: int
    own: set[Value] = field(default_factory=set)
    parts: dict[Value, Value] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.shape[self.axis]

    @property
    def is_even(self) -> bool:
        return self.count % self.rows == 0

    @property
    def part_shape(self) -> Shape:
        return (*self.shape[: self.axis], self.rows, *self.shape[self.axis + 1 :])

    def part(self, value: Value) -> Value:
        """What the loop sees of a value: its rows, or all of it if it is the same for all rows."""
        axis = self.axis + len(value.shape) - len(self.shape)
        if value.root in self.own:
            look = None if self.is_even else ":left"
        else:
            look = "block" if axis >= 0 and value.shape[axis] == self.count else None
        if look is None:
            return value
        if value not in self.parts:
            text = f"{{}}[{':, ' * axis}{look}]"
            shape = (*value.shape[:axis], self.rows, *value.shape[axis + 1 :])
            layout = Layout(shape, value.dtype, value.strides)
            self.parts[value] = Value("view", layout, base=value, look=text, role="part")
        return self.parts[value]


@dataclass(eq=False)
class Line:
    """One NumPy call, which makes `out` of its inputs.

    `function` is the name of a ufunc ("add", "add.reduce"), "dot", "where" and the like. "assign"
    copies its input, broadcast and converted. "put", "putmask", "setitem" and "add.at" make a copy
    of their first input in which something is written.
    """

    function: str
    inputs: tuple[Operand, ...]
    out: Value
    options: dict[str, Any] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)
    is_back: bool = False  # whether it belongs to the way back from a result, not to the step
    block: Block | None = None  # the loop that it is in

    def reads(self) -> Iterator[Value]:
        """The values that it needs."""
        yield from values_in(self.inputs)
        yield from values_in(self.options.values())


def values_in(operands: Any) -> Iterator[Value]:
    for operand in operands:
        if isinstance(operand, Value):
            yield operand
        elif isinstance(operand, tuple | list):
            yield from values_in(operand)


class Memory:
    """The memory of an array, and the value that it holds now."""

    def __init__(self, value: Value) -> None:
        self.start = self.now = value


class Tape:
    """The lines of one recording, and the arrays that came from outside."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self.lines: list[Line] = []
        self.views: dict[tuple[Value, str], Value] = {}
        self.outside: dict[int, Memory] = {}  # given and constant arrays, by identity
        self.copies: dict[Value, Array] = {}  # of constants, as they were when they were met
        self.numbers: dict[tuple[Shape, Number], Value] = {}
        self.kept: list[Array] = []  # so that no other array gets the id of one that was met
        self.contents: dict[Memory, Array] = {}  # of given arrays, before the first write to each
        self.is_running = True
        self.thread = threading.get_ident()

    @property
    def is_open(self) -> bool:
        """Whether lines are noted: while the step runs, and in its own thread."""
        return self.is_running and threading.get_ident() == self.thread

    def add(self, line: Line) -> None:
        line.origin = self.origins.here()
        self.lines.append(line)

    def given(self, array: Array, role: str, path: tuple[str, ...]) -> Memory:
        """An array that is there before the step; two tensors on one array are one memory."""
        found = self.outside.get(id(array))
        if found is None:
            value = Value("given", array, array=array, role=role, path=path)
            found = self.outside[id(array)] = Memory(value)
        return found

    def foreign(self, array: Array) -> Memory:
        """An array that is no tensor's: a constant."""
        found = self.outside.get(id(array))
        if found is None:
            value = Value("constant", array, array=array)
            found = self.outside[id(array)] = Memory(value)
            self.copies[value] = array.copy("K")
            self.kept.append(array)
        return found

    def keep(self, memory: Memory) -> None:
        """Before a write: remember what is there, for a step that is refused."""
        array = memory.start.array
        if memory.start.kind == "given" and memory not in self.contents and array is not None:
            self.contents[memory] = array.copy("K")

    def undo(self) -> None:
        """Take back all writes, the last first."""
        for memory, content in reversed(self.contents.items()):
            assert memory.start.array is not None
            memory.start.array[...] = content

    def full(self, shape: Shape, number: Number) -> Value:
        """The constant that is one number again and again."""
        found = self.numbers.get((shape, number))
        if found is None:
            array = np.full(shape, number.value, number.dtype)
            found = self.numbers[shape, number] = Value("constant", array, array, role="fresh")
        return found

    def arguments(self) -> Iterator[Value]:
        """The given values that are arguments of the step."""
        for memory in self.outside.values():
            if memory.start.role == "argument":
                yield memory.start

    def view(self, base: Value, look: str, like: Array | Layout | Value) -> Value:
        """The view of a value; the same look at the same value is one value."""
        if look == "{}":
            return base
        if look == base.look == "{}.T" and base.base is not None:
            return base.base
        found = self.views.get((base, look))
        if found is None:
            found = self.views[base, look] = Value("view", like, base=base, look=look)
        return found
