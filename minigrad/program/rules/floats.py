"""One number in Python's own arithmetic, which costs less than any call of NumPy.

Python's floats are float64. A sum, difference or product of two float32 numbers that is rounded to
float64 and then to float32 is the same as if it had been rounded once, and so is a quotient. More
than one operation goes into an expression where the recorded step rounded at the end alone, in
float64, or where the inner one is exact: + 0.0, which makes a zero positive, and a choice. The
larger of x and slope * x, a leaky ReLU, is a choice as well.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from minigrad.program.notation.expressions import ATOM, CHOICE, OPERATORS, OR, SIGN, Text, with_sign
from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Layout, Number, Operand, Value
from minigrad.program.rules.rewrite import Rewriter, Rule

__all__ = ["FLOAT_RULES"]

SIGNS = ("add", "subtract", "multiply", "divide")
COMPARISONS = ("greater", "greater_equal", "less", "less_equal")
FLOATS = FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def in_python(new: Rewriter, line: Line) -> Value | None:
    """A line that makes one float, as an expression of Python's."""
    if line.out.dtype not in FLOATS or not is_possible(line):
        return None
    if line.function == "maximum" and not is_leak(line, new):
        return None
    expression = Expression(new, is_wide=line.function == "assign")
    text = expression.of_line(line)
    if text.strength in (ATOM, SIGN):
        return None  # a copy
    options = {"text": text.text, "of": line.function}
    inputs, out = tuple(expression.leaves), line.out
    if out not in new.wanted:  # an array without dims takes the shortest index
        out = Value("result", Layout.in_order((), out.dtype))
        new.makers[out], new.uses[out] = line, new.uses[line.out]
    new.write(replace(line, function="float", inputs=inputs, options=options, out=out))
    return new.reshaped(out, line.out.shape)


def is_possible(line: Line) -> bool:
    """Whether Python's operators can take the place of a line."""
    if line.function == "where":
        return line.inputs[0].dtype == bool and is_choice_of_floats(line)
    if line.function == "divide" and not is_divisor(line.inputs[1]):
        return False
    is_known = line.function in FLOAT_RULES and not line.options and line.out.size == 1
    return is_known and all(map(is_float, line.inputs))


def is_leak(line: Line, new: Rewriter) -> bool:
    """Whether a line makes the larger of x and slope * x, with a slope from 0 to 1."""
    x, scaled = line.inputs
    maker = new.makers.get(whole(scaled)) if isinstance(scaled, Value) else None
    if maker is None or maker.function != "multiply" or not isinstance(x, Value):
        return False
    factor, slope = maker.inputs
    is_same = isinstance(factor, Value) and whole(factor) is whole(x)
    return is_same and isinstance(slope, Number) and 0 < slope.value <= 1


def is_choice_of_floats(line: Line) -> bool:
    """Whether a `where` chooses one of two floats."""
    is_single = all(isinstance(x, Number) or x.size == 1 for x in line.inputs)
    return line.out.size == 1 and is_single and all(map(is_float, line.inputs[1:]))


def is_divisor(operand: Operand) -> bool:
    """Whether an operand is no zero, by which Python refuses to divide."""
    return isinstance(operand, Number) and operand.value != 0


def is_float(operand: Operand) -> bool:
    if isinstance(operand, Number):
        return operand.dtype in FLOATS and math.isfinite(operand.value)
    return operand.dtype in FLOATS and operand.size == 1


class Expression:
    """The arithmetic behind a line; what it starts from are the leaves, {0}, {1} and so on.

    `is_wide` says that the line rounds what float64 arithmetic has made.
    """

    def __init__(self, new: Rewriter, is_wide: bool) -> None:
        self.new, self.is_wide = new, is_wide
        self.leaves: list[Operand] = []

    def of_line(self, line: Line) -> Text:
        if line.function == "where":
            return self.of_choice(line)
        if line.function == "maximum":
            return self.of_leak(*line.inputs)
        operands = [self.of(operand) for operand in line.inputs]
        if line.function == "assign":
            return operands[0]
        return with_sign(*OPERATORS[line.function], *operands)

    def of_choice(self, line: Line) -> Text:
        """a if x > y else b; a and b are rounded with the result, and may be what a line makes."""
        condition, *branches = line.inputs
        a, b = map(self.of_branch, branches)
        asked = None if isinstance(condition, Number) else self.new.makers.get(condition)
        if asked is not None and asked.function in COMPARISONS and all(map(is_float, asked.inputs)):
            text = with_sign(*OPERATORS[asked.function], *map(self.of, asked.inputs))
        else:
            text = self.of(condition)
        return Text(f"{a.within(OR)} if {text.text} else {b.text}", CHOICE)

    def of_leak(self, x: Operand, scaled: Operand) -> Text:
        """The larger of x and slope * x, which is x above 0; NaN is what it is in both."""
        is_above = with_sign(*OPERATORS["greater"], self.of(x), Text("0.0")).text
        x_text = self.of(x).within(OR)
        return Text(f"{x_text} if {is_above} else {self.of_branch(scaled).text}", CHOICE)

    def of_branch(self, operand: Operand) -> Text:
        maker = None if isinstance(operand, Number) else self.new.makers.get(whole(operand))
        is_single = maker is not None and self.new.uses[maker.out] == 1
        if maker is not None and is_single and maker.function in SIGNS and is_possible(maker):
            return self.of_line(maker)
        return self.of(operand)

    def of(self, operand: Operand) -> Text:
        """An operand: the line that makes it, if it can be part of the expression, or a leaf."""
        if isinstance(operand, Value):
            operand = whole(operand)
            maker = self.new.makers.get(operand)
            if maker is not None and self.is_part(maker):
                return self.of_line(maker)
        self.leaves.append(operand)
        return Text(f"{{{len(self.leaves) - 1}}}")

    def is_part(self, maker: Line) -> bool:
        """Whether nothing is rounded between a line and the expression."""
        if not is_possible(maker):
            return False
        if maker.function == "assign":
            return maker.out.dtype == FLOAT64
        is_exact = maker.function == "add" and is_zero(maker.inputs[1])
        is_part = is_exact or (self.is_wide and maker.out.dtype == FLOAT64)
        return is_part and self.new.uses[maker.out] == 1


def whole(value: Value) -> Value:
    """The root, if a view is just another shape of it: item() does not mind."""
    root = value.root
    return root if root.size == 1 and root.dtype == value.dtype else value


def is_zero(operand: Operand) -> bool:
    return isinstance(operand, Number) and operand.text == "0.0"


FLOAT_RULES: dict[str, Rule] = dict.fromkeys((*SIGNS, "assign", "where", "maximum"), in_python)
