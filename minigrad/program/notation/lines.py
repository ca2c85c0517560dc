"""The lines of a program, each a call of NumPy, and the loops that some of them are in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minigrad.program.notation.origin import Origin
from minigrad.program.notation.values import Layout, Operand, Shape, Value, values_in

__all__ = ["Block", "Line"]


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
