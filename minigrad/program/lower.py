"""The same bits from cheaper calls of NumPy.

What a call costs has little to do with what it computes. On small arrays broadcasting, reductions
and `where` cost three to five times as much as an operation on equal shapes, and one number in
Python's own arithmetic costs less than any call; on large arrays `where` guesses at each element.
Each rule puts other lines for one line, with the same bits, also for -0., infinite numbers and NaN.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.program.calls import ELEMENTWISE
from minigrad.program.simplify import Draft, simplified, substituted
from minigrad.program.tape import Layout, Line, Number, Operand, Value

__all__ = ["lowered"]

LARGE = 1024  # elements: from here on, choices are made with bit masks
SMALL = 256  # elements: up to here, a short sum is made of additions
BITS: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}
IN_PYTHON = {"multiply": "{} * {}", "add": "{} + {}", "subtract": "{} - {}"}

Shape = tuple[int, ...]


def lowered(draft: Draft) -> Draft:
    return simplified(Lowering(draft).lower())


class Lowering:
    """Goes down the lines and puts others for some of them."""

    def __init__(self, draft: Draft) -> None:
        self.draft, self.tape = draft, draft.tape
        self.makers = {line.out: line for line in draft.lines}
        self.uses = Counter(value.root for line in draft.lines for value in line.reads())
        self.rules = {
            "assign": self.in_python,
            "where": self.chosen,
            "dot": self.product_of_two_numbers,
            "add.reduce": self.short_sum,
        }

    def lower(self) -> Draft:
        same: dict[Value, Value] = {}
        self.lines: list[Line] = []
        for old in self.draft.lines:
            line = substituted(old, same, self.tape)
            self.line = line
            rule = self.rules.get(line.function, self.of_equal_shapes)
            out = rule(line)
            if out is None:
                self.lines.append(line)
                self.makers[line.out] = line
            else:
                same[line.out] = out
        draft = self.draft.replaced(self.lines, same)
        return replace(draft, lines=self.lines, outputs=[*map(self.as_put_out, draft.outputs)])

    def add(self, function: str, inputs: tuple[Operand, ...], shape: Shape, dtype: Any) -> Value:
        """Write a new line in the place of the old one."""
        out = Value("result", Layout.in_order(shape, np.dtype(dtype)))
        self.lines.append(replace(self.line, function=function, inputs=inputs, out=out, options={}))
        self.makers[out] = self.lines[-1]
        return out

    def view(self, value: Value, look: str, shape: Shape, dtype: Any = None) -> Value:
        return self.tape.view(value, look, Layout.in_order(shape, np.dtype(dtype or value.dtype)))

    def reshaped(self, value: Value, shape: Shape) -> Value:
        """The same elements in order, in another shape."""
        root = value.root
        if root.is_contiguous and root.size == value.size and root.dtype == value.dtype:
            value = root
        if value.shape == shape:
            return value
        text = "-1" if len(shape) == 1 else ", ".join(map(str, shape)) or "()"
        return self.view(value, f"{{}}.reshape({text})", shape)

    # ---- rules: the value that is equal to the line's, or None to leave the line as it is --------

    def of_equal_shapes(self, line: Line) -> Value | None:
        """Operands in the shape of the result, where they only differ in dims of size 1."""
        if line.function not in ELEMENTWISE or not line.out.is_contiguous:
            return None
        inputs = tuple(self.in_shape(operand, line.out) for operand in line.inputs)
        if inputs == line.inputs:
            return None
        self.lines.append(replace(line, inputs=inputs))
        self.makers[line.out] = self.lines[-1]
        return line.out

    def in_shape(self, operand: Operand, out: Value) -> Operand:
        if isinstance(operand, Number) or operand.shape in (out.shape, ()):
            return operand
        if not operand.is_contiguous or operand.size not in (1, out.size):
            return operand
        return self.reshaped(operand, out.shape if operand.size == out.size else ())

    def product_of_two_numbers(self, line: Line) -> Value | None:
        """A product of matrices with one element each."""
        a, b = line.inputs
        if not isinstance(a, Value) or not isinstance(b, Value) or a.size != 1 or b.size != 1:
            return None
        shape = next((v.root.shape for v in (a, b) if v.root.role == "argument"), line.out.shape)
        product = self.add(
            "multiply", (self.reshaped(a, shape), self.reshaped(b, shape)), shape, line.out.dtype
        )
        return self.reshaped(product, line.out.shape)

    def in_python(self, line: Line) -> Value | None:
        """One float32 number from float64 arithmetic, which is that of Python's floats."""
        (wide,) = line.inputs
        if not isinstance(wide, Value) or wide.size != 1 or line.out.size != 1:
            return None
        if wide.dtype != np.float64 or line.out.dtype != np.float32 or wide not in self.makers:
            return None
        leaves: list[Operand] = []
        text = self.float_text(wide, leaves)
        if text is None or len(leaves) < 2:
            return None
        options = {"text": text}
        self.lines.append(replace(line, function="float", inputs=tuple(leaves), options=options))
        return line.out

    def float_text(
        self, operand: Operand, leaves: list[Operand], inside: str = "add"
    ) -> str | None:
        """The arithmetic behind a value; what it starts from goes to the leaves."""
        maker = None if isinstance(operand, Number) else self.makers.get(operand)
        if maker is not None and operand.dtype == np.float64:
            if maker.function == "assign":
                return self.float_text(maker.inputs[0], leaves, inside)
            if maker.function in IN_PYTHON:
                parts = [self.float_text(v, leaves, maker.function) for v in maker.inputs]
                if None in parts:
                    return None
                text = IN_PYTHON[maker.function].format(*parts)
                needs_brackets = maker.function != "multiply" and inside != "add"
                return f"({text})" if needs_brackets else text
        if operand.dtype not in BITS or (isinstance(operand, Value) and operand.size != 1):
            return None
        return self.leaf(operand, leaves)

    def leaf(self, operand: Operand, leaves: list[Operand]) -> str:
        leaves.append(operand)
        return f"{{{len(leaves) - 1}}}"

    def chosen(self, line: Line) -> Value | None:
        """`where` as a copy in which some elements are written, or by bit masks."""
        condition, a, b = line.inputs
        out = line.out
        if not isinstance(condition, Value) or out.dtype not in BITS or not out.is_contiguous:
            return None
        arrays = [v for v in (condition, a, b) if isinstance(v, Value)]
        if any(v.shape != out.shape or not v.is_contiguous for v in arrays):
            return None
        if any(v.dtype != out.dtype for v in (a, b)):
            return None
        if out.size < LARGE:
            return self.written(condition, a, b)
        return self.masked(condition, a, b)

    def written(self, condition: Value, a: Operand, b: Operand) -> Value:
        shape, dtype = condition.shape, a.dtype
        if isinstance(a, Number) and isinstance(b, Value):
            return self.add("putmask", (b, condition, a), shape, dtype)
        base = b if isinstance(b, Value) else self.add("assign", (b,), shape, dtype)
        return self.add("putmask", (base, condition, a), shape, dtype)

    def masked(self, condition: Value, a: Operand, b: Operand) -> Value | None:
        """All ones keep a number as it is, all zeros make it +0."""
        shape, bits = condition.shape, BITS[a.dtype]
        wide = self.add("assign", (condition,), shape, bits)
        if is_zero(a) and isinstance(b, Value):
            mask = self.add("subtract", (wide, Number("1", bits, 1)), shape, bits)
            chosen = self.add("bitwise_and", (mask, self.bits(b)), shape, bits)
        elif isinstance(a, Value) and is_zero(b):
            mask = self.add("negative", (wide,), shape, bits)
            chosen = self.add("bitwise_and", (mask, self.bits(a)), shape, bits)
        elif isinstance(a, Value) and isinstance(b, Value):
            mask = self.add("negative", (wide,), shape, bits)
            differ = self.add("bitwise_xor", (self.bits(a), self.bits(b)), shape, bits)
            taken = self.add("bitwise_and", (differ, mask), shape, bits)
            chosen = self.add("bitwise_xor", (taken, self.bits(b)), shape, bits)
        else:
            return None
        return self.view(chosen, f"{{}}.view({a.dtype.name})", shape, a.dtype)

    def bits(self, value: Value) -> Value:
        bits = BITS[value.dtype]
        return self.view(value, f"{{}}.view({bits.name})", value.shape, bits)

    def short_sum(self, line: Line) -> Value | None:
        """A sum of up to four terms along the last axis, as additions, in NumPy's own order."""
        (x,) = line.inputs
        axis, out = line.options.get("axis", 0), line.out
        if not isinstance(x, Value) or axis not in (-1, len(x.shape) - 1) or out.size > SMALL:
            return None
        count = x.shape[-1] if x.shape else 0
        if not 1 <= count <= 4 or not x.is_contiguous or line.options.get("keepdims"):
            return None
        if x.dtype != out.dtype or x.dtype not in BITS or not adds_in_order(count, x.dtype):
            return None
        terms = self.products(x) or [self.term(x, i) for i in range(count)]
        total = terms[0]
        for term in terms[1:]:
            total = self.add("add", (total, term), total.shape, x.dtype)
        zero = Number("0.0", x.dtype, 0.0)
        return self.reshaped(self.add("add", (total, zero), total.shape, x.dtype), out.shape)

    def term(self, x: Value, i: int) -> Value:
        shape = x.shape[:-1]
        strides = x.strides[:-1]
        return self.tape.view(x, f"{{}}[..., {i}]", Layout(shape, x.dtype, strides))

    def products(self, x: Value) -> list[Value] | None:
        """The terms of x = row * matrix, column by column: without broadcasting."""
        maker, count = self.makers.get(x), x.shape[-1]
        if maker is None or maker.function != "multiply" or self.uses[x] != 1 or count > 3:
            return None
        row, matrix = maker.inputs
        if not isinstance(row, Value) or not isinstance(matrix, Value) or matrix.size != x.size:
            return None
        if (
            row.size != count
            or row.size == x.size
            or not (row.is_contiguous and matrix.is_contiguous)
        ):
            return None
        matrix = self.reshaped(matrix, (x.size // count, count))
        return [
            self.add(
                "multiply",
                (self.term(matrix, i), self.element(row, i)),
                (x.size // count,),
                x.dtype,
            )
            for i in range(count)
        ]

    def element(self, row: Value, i: int) -> Value:
        row = self.reshaped(row, row.root.shape if row.root.size == row.size else row.shape)
        index = ", ".join(map(str, np.unravel_index(i, row.shape)))
        return self.view(row, f"{{}}[{index}, ...]", ())

    # ---- results ---------------------------------------------------------------------------------

    def as_put_out(self, value: Value) -> Value:
        """A reshaped result is computed in its last shape from the start."""
        line = self.makers.get(value.root)
        if value.base is None or line is None or line.function not in ELEMENTWISE:
            return value
        if not value.is_contiguous or not line.out.is_contiguous or value.dtype != line.out.dtype:
            return value
        values = [operand for operand in line.inputs if isinstance(operand, Value)]
        if any(v.size != value.size or v.root.role == "argument" for v in values):
            return value
        inputs = tuple(
            self.reshaped(operand, value.shape) if isinstance(operand, Value) else operand
            for operand in line.inputs
        )
        out = Value("result", Layout.in_order(value.shape, value.dtype))
        at = self.lines.index(line)
        self.lines.insert(at + 1, replace(line, inputs=inputs, out=out))
        return out


def is_zero(operand: Operand) -> bool:
    return isinstance(operand, Number) and operand.text == "0.0"


def adds_in_order(count: int, dtype: np.dtype[Any]) -> bool:
    """Whether this NumPy sums so few terms one after the other, starting from 0."""
    terms = np.array([-0.0, 1e-3, 3.0, -1e3, 1 / 3, 7e4, -0.0, 2 / 7], dtype)
    for start in range(len(terms) - count + 1):
        few = terms[start : start + count]
        total = few[0]
        for term in few[1:]:
            total = total + term
        if np.add.reduce(few).tobytes() != (total + dtype.type(0)).tobytes():
            return False
    return True
