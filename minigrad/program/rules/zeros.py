"""Sums with 0 that nobody can tell from what is added to it.

x + 0 is x, but for one thing: it makes -0 a 0, as a sum that starts from 0 does. Where only such
lines read it that do not tell the one from the other, or hand the sign on to others that do not,
the line is no loss: a comparison takes both for 0, a square is never -0, and a sum with anything
but 0 has the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Number, Operand, Value
from minigrad.program.rules.simplify import Draft, is_all, is_like, substituted

__all__ = ["without_idle_zeros"]

BLIND = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"}
# Of these, another sign of a zero that goes in changes no more than the sign of a zero that comes
# out. Of a quotient that holds for what is divided.
HANDING_ON = {
    "add", "subtract", "multiply", "divide", "negative", "maximum", "minimum", "assign", "where",
    "put", "putmask", "add.reduce", "dot",
}  # fmt: skip


def without_idle_zeros(draft: Draft) -> Draft:
    """The draft without such sums."""
    telling = values_whose_zeros_tell(draft)
    same: dict[Value, Value] = {}
    lines = []
    for old in draft.lines:
        line = substituted(old, same, draft.tape)
        x = kept_by_zero(line)
        if x is None or line.out in telling:
            lines.append(line)
        else:
            same[line.out] = x
    return draft.replaced(lines, same)


def kept_by_zero(line: Line) -> Value | None:
    """x, of a line x + 0."""
    if line.function != "add":
        return None
    x, zero = line.inputs
    return x if isinstance(x, Value) and is_like(x, line.out) and is_all(zero, 0.0) else None


def values_whose_zeros_tell(draft: Draft) -> set[Value]:
    """The values of which somebody may see whether a 0 is -0."""
    telling = draft.wanted()
    for line in reversed(draft.lines):
        telling |= {value.root for value in told_by(line, line.out in telling)}
    return telling


def told_by(line: Line, is_told: bool) -> Iterator[Value]:
    """The values whose zeros' signs matter to a line; `is_told` says it of its result."""
    x, *others = line.inputs or (None,)
    if line.function in BLIND or (line.function == "multiply" and others == [x]):
        return
    if line.function not in HANDING_ON:
        yield from line.reads()
    elif line.function == "add" and any(map(is_not_minus_zero, line.inputs)):
        return
    elif is_told:
        yield from line.reads()
    elif line.function == "divide":
        yield from (value for value in others if isinstance(value, Value))


def is_not_minus_zero(operand: Operand) -> bool:
    """Whether an operand is a number that makes any sum with it the same for 0 and -0."""
    return isinstance(operand, Number) and operand.text != "-0.0"
