"""Going down the lines of a draft and putting others for some of them.

A rule is asked about each line of its function. It may add lines of its own, and answers with the
value that is equal to the line's; or with None, and the line stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.program.notation.calls import ELEMENTWISE
from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Layout, Number, Operand, Shape, Value
from minigrad.program.rules.simplify import Draft, substituted

__all__ = ["Rewriter", "Rule", "rewritten"]


class Rewriter:
    """What a rule can see, and how it writes.

    makers  the old line that makes each value
    uses    how often a value is read
    wanted  what is stored or put out in the end
    lines   the new lines so far
    line    the line in whose place the next ones are written
    """

    def __init__(self, draft: Draft) -> None:
        self.draft, self.tape = draft, draft.tape
        self.makers = {line.out: line for line in draft.lines}
        self.uses = Counter(value.root for line in draft.lines for value in line.reads())
        self.wanted = draft.wanted()
        self.uses.update(self.wanted)
        self.lines: list[Line] = []

    def rewrite(self, rules: Mapping[str, Rule]) -> Draft:
        same: dict[Value, Value] = {}
        for old in self.draft.lines:
            line = substituted(old, same, self.tape)
            self.line = replace(line, inputs=tuple(map(self.seen_directly, line.inputs)))
            self.makers[old.out] = self.line
            rule = rules.get(self.line.function)
            equal = None if rule is None else rule(self, self.line)
            if equal is None:
                self.lines.append(self.line)
            elif equal is not self.line.out:
                same[self.line.out] = equal
        return self.draft.replaced(self.lines, same)

    def seen_directly(self, operand: Operand) -> Operand:
        """What was reshaped twice, as one view of its root."""
        if isinstance(operand, Number) or operand.base is None or operand.base.base is None:
            return operand
        return self.reshaped(operand, operand.shape) if is_reshaped(operand) else operand

    def write(self, line: Line) -> Value:
        self.lines.append(line)
        return line.out

    def add(self, function: str, inputs: tuple[Operand, ...], shape: Shape, dtype: Any) -> Value:
        """Write a line that makes a new value, in the place of the old line."""
        out = Value("result", Layout.in_order(shape, np.dtype(dtype)))
        return self.write(replace(self.line, function=function, inputs=inputs, out=out, options={}))

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

    def as_put_out(self, draft: Draft) -> Draft:
        """A reshaped result is computed in its last shape from the start."""
        for value in [*draft.outputs]:
            line = self.to_be_reshaped(value)
            if line is not None:
                draft = self.in_last_shape(draft, line, value)
        return draft

    def to_be_reshaped(self, value: Value) -> Line | None:
        """The line that makes a reshaped result, if its operands can be reshaped as well."""
        line = next((line for line in self.lines if line.out is value.root), None)
        if value.base is None or line is None or line.function not in ELEMENTWISE:
            return None
        if value.size != line.out.size:  # a part of what the line makes
            return None
        if not value.is_contiguous or not line.out.is_contiguous or value.dtype != line.out.dtype:
            return None
        values = [operand for operand in line.inputs if isinstance(operand, Value)]
        if any(v.size != value.size or v.root.role == "argument" for v in values):
            return None
        return line

    def in_last_shape(self, draft: Draft, line: Line, value: Value) -> Draft:
        """The draft with the line in the shape of a value, and who read it with a look at that."""
        inputs = tuple(
            self.reshaped(operand, value.shape) if isinstance(operand, Value) else operand
            for operand in line.inputs
        )
        out = Value("result", Layout.in_order(value.shape, value.dtype))
        same = {value: out, line.out: self.reshaped(out, line.out.shape)}
        self.lines[self.lines.index(line)] = replace(line, inputs=inputs, out=out)
        self.lines = [substituted(line, same, self.tape) for line in self.lines]
        return draft.replaced(self.lines, same)


def is_reshaped(value: Value) -> bool:
    """Whether a view shows its root in another shape, and nothing else."""
    if value.size != value.root.size or value.dtype != value.root.dtype:
        return False
    while value.base is not None:
        if value.size > 1 and not value.look.startswith("{}.reshape"):
            return False
        value = value.base
    return value.is_contiguous


Rule = Callable[[Rewriter, Line], Value | None]


def rewritten(draft: Draft, rules: Mapping[str, Rule]) -> Draft:
    """The draft with other lines, the same bits in memory in the end."""
    rewriter = Rewriter(draft)
    return rewriter.as_put_out(rewriter.rewrite(rules))
