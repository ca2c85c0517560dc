"""What is noted of a step: NumPy calls, each of which makes one value, in order.

A value never changes. What changes is memory: a write into an array makes a new value, and from
then on the array stands for that. So a tape reads like a proof, each line from lines above, however
often the step wrote in place; where the values of a program live is decided later (rules).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.origin import Origins
from minigrad.program.notation.values import Array, Layout, Number, Shape, Value

__all__ = ["Memory", "Tape"]


class Memory:
    """The memory of an array, and the value that it holds now."""

    def __init__(self, value: Value) -> None:
        self.start = self.now = value

    @property
    def is_written(self) -> bool:
        """Whether the step has written into an array that was there."""
        return self.start.kind == "given" and self.now is not self.start


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
