"""What the two styles of a program's text have in common: the frame around the lines."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minigrad.program.notation.calls import NAMESPACE
from minigrad.program.notation.values import Array, Layout, Number, Shape, Value
from minigrad.program.rules.simplify import Draft, is_uniform
from minigrad.program.text.names import Names

__all__ = [
    "Page",
    "array_text",
    "constant_text",
    "dtype_name",
    "full_text",
    "indented",
    "new_array",
    "tuple_text",
    "wrapped",
]

WIDTH = 100
SHORT = 16  # numbers that are written out; a larger constant is given
ROLES = {
    "argument": "argument",
    "number": "option of the optimizer",
    "gradient": "gradient from before",
    "upstream": "gradient of the result",
}


class Page:
    """A program on a page: the arrays that it is given, its set-up, and the step.

    step      the lines of the step
    way_back  the lines of its inner function `backward`, if the result has one
    negated   the given values that it has under another name with the other sign: -lr for minus_lr
    """

    step: list[str]
    way_back: list[str]
    negated: frozenset[Value] = frozenset()

    def __init__(self, draft: Draft, names: Names, returned: list[Value], title: str) -> None:
        self.draft, self.names, self.returned, self.title = draft, names, returned, title

    def source(self, sections: Iterable[list[str]] = ()) -> str:
        """The whole text; `sections` are lines that make what the program is given."""
        head = f'"""{self.title} as a NumPy program.\n\n{self.table()}\n"""\n\nimport numpy as np'
        used = sorted(self.imported())
        if used:
            text = f"from numpy import {', '.join(used)}"
            head += "\n" + "\n".join(wrapped(text, "from numpy import ("))
        parts = [head, *("\n".join(section) for section in [*sections, *self.setup()])]
        return "\n\n".join(parts) + "\n\n\n" + "\n".join(self.function()) + "\n"

    def written(self, value: Value) -> str:
        """The text that stands for a value."""
        raise NotImplementedError

    def memory_of(self, buffer: str) -> str:
        """The name of the memory that a buffer is a part of, or is itself."""
        return buffer

    def made_of(self, memory: str) -> Iterator[str]:
        """The lines of the set-up that make memory and the views of it."""
        return iter(())

    def setup(self) -> Iterator[list[str]]:
        """The sections before the step."""
        return iter(())

    def results(self) -> list[str]:
        """What the step returns."""
        return [self.written(value) for value in self.returned]

    # ---- the step --------------------------------------------------------------------------------

    def arguments(self) -> list[str]:
        return [self.names.given[value] for value in self.draft.tape.arguments()]

    def function(self) -> Iterator[str]:
        yield f"def step({', '.join(self.arguments())}):"
        yield from indented(self.step[1:] if self.step[:1] == [""] else self.step)
        results = self.results()
        if self.draft.back:
            given = self.names.given.items()
            upstream = next((name for value, name in given if value.role == "upstream"), "grad")
            yield f"\n    def backward({upstream}):"
            yield from indented(indented(self.way_back))
            yield f"        return {', '.join(map(self.written, self.draft.back))}\n"
            results.append("backward")
        if results:
            yield from wrapped(f"    return {', '.join(results)}", "    return (")
        elif not self.step:
            yield "    pass"

    # ---- what comes before -----------------------------------------------------------------------

    def table(self) -> str:
        """Name, dtype, shape and role of each array that is there before the step."""
        stored = {given for given, _ in self.draft.stores}
        rows = [
            (name, value.dtype.name, str(value.shape), role_of(value, value in stored))
            for value, name in self.names.given.items()
            if value.kind == "given" or constant_text(value) is None
        ]
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
        return "\n".join(
            "    " + "   ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True))
            for row in rows
        )

    def imported(self) -> set[str]:
        """The names that the text uses without `np.` before them."""
        lines = [*self.function(), *(line for part in self.setup() for line in part)]
        code = " ".join(line for line in lines if not line.lstrip().startswith("#"))
        return {word for word in re.findall(r"(?<![\w.])[a-z]\w*", code) if word in NAMESPACE}


def role_of(value: Value, is_stored: bool) -> str:
    if value.kind == "constant":
        return "constant"
    return ROLES.get(value.role) or ("changed by the step" if is_stored else "used by the step")


def wrapped(text: str, opening: str, width: int = WIDTH) -> Iterator[str]:
    """A line; if it is too long, with what follows an opening bracket in lines of its own."""
    if len(text) <= width:
        yield text
        return
    indent = " " * (len(opening) - len(opening.lstrip()))
    yield opening
    inner = indent + "    "
    rest = text[len(opening) - 1 :]
    yield from textwrap.wrap(rest, width, initial_indent=inner, subsequent_indent=inner)
    yield f"{indent})"


def tuple_text(items: Iterable[str]) -> str:
    first, *others = items
    return f"({first}, {', '.join(others)})" if others else f"({first},)"


def indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" if line else "" for line in lines)


def dtype_name(dtype: Any, prefix: str = "") -> str:
    name: str = np.dtype(dtype).name
    return name if name == "bool" else prefix + name


def array_text(array: Array) -> str:
    """An expression for a new array of these numbers."""
    kind = array.dtype
    if array.size > 1 and is_uniform(array):
        return full_text(array.flat[0], array.shape)

    def text(items: Any) -> str:
        if isinstance(items, list):
            return f"[{', '.join(map(text, items))}]"
        return Number(repr(items), kind, items).digits

    empty = f".reshape({array.shape})" if array.size == 0 else ""
    return f"np.array({text(array.tolist())}, {dtype_name(kind, 'np.')}){empty}"


def constant_text(value: Value) -> str | None:
    """How a constant is made, if it is short, or one number again and again."""
    array = value.array
    if array is None or array.size == 0:
        return None
    if array.size <= SHORT:
        return array_text(array)
    first = array.flat[0]
    if value.role != "fresh" or array.tobytes() != first.tobytes() * array.size:
        return None
    return full_text(first, array.shape)


def full_text(number: Any, shape: Shape) -> str:
    """An expression for a new array of one number again and again."""
    kind = dtype_name(number.dtype, "np.")
    if not any(number.tobytes()):
        return f"np.zeros({shape}, {kind})"
    if number == 1:
        return f"np.ones({shape}, {kind})"
    digits = Number(repr(number.item()), number.dtype, number.item()).digits
    return f"np.full({shape}, {digits}, {kind})"


def new_array(value: Value | Layout, prefix: str = "np.") -> str:
    """An array of the value's shape and dtype, in its order of memory."""
    kind = dtype_name(value.dtype, prefix)
    order = sorted(range(len(value.shape)), key=lambda i: -value.strides[i])
    if order == sorted(order):
        return f"{prefix}empty({value.shape}, {kind})"
    shape = tuple(value.shape[i] for i in order)
    back = tuple(order.index(i) for i in range(len(order)))
    look = "T" if back == (1, 0) else f"transpose({back})"
    return f"{prefix}empty({shape}, {kind}).{look}"
