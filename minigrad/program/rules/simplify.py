"""The same values from fewer lines: every rule here is exact, to the sign of zero and to NaN.

One pass down the lines puts for each value the first that is equal to it: what is computed of
constants alone becomes a constant, x * 1 and x / 1 become x, a copy becomes what it copies, and a
line that was there before becomes that line's result. A pass up then drops what nobody needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minigrad.autograd.quiet import silence
from minigrad.program.notation.calls import ELEMENTWISE, UPDATES, evaluated
from minigrad.program.notation.lines import Line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Array, Number, Operand, Value

NOT_FOLDED = UPDATES | {"empty", "product", "total", "fma"}

__all__ = ["Draft", "simplified", "substitute"]


@dataclass
class Draft:
    """A program while it is worked on.

    stores   what the step leaves in memory that was there before: (given value, last value)
    outputs  what it returns or leaves behind as gradients, in memory of their own
    back     what the way back returns
    became   for values that are gone, those that took their places: for names and comments
    """

    tape: Tape
    lines: list[Line]
    stores: list[tuple[Value, Value]] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    back: list[Value] = field(default_factory=list)
    became: dict[Value, Value] = field(default_factory=dict)

    def replaced(self, lines: list[Line], same: dict[Value, Value]) -> Draft:
        """The program with other lines, and with some values put for others."""
        stores = [(given, substitute(value, same, self.tape)) for given, value in self.stores]
        outputs = [substitute(value, same, self.tape) for value in self.outputs]
        back = [substitute(value, same, self.tape) for value in self.back]
        other = {old: new for old, new in same.items() if new.root is not old}
        return Draft(self.tape, lines, stores, outputs, back, self.became | other)

    def now(self, value: Value) -> Value:
        """The value whose memory holds today what a value of the recording was."""
        root, gone = value.root, set[Value]()
        while root in self.became and root not in gone:  # one may have come back in another pass
            gone.add(root)
            root = self.became[root].root
        return root

    def wanted(self) -> set[Value]:
        """The memory whose contents matter when the last line is done."""
        last = (*(value for _, value in self.stores), *self.outputs, *self.back)
        return {value.root for value in last}


def simplified(draft: Draft) -> Draft:
    return without_dead_lines(with_first_equals(draft))


def with_first_equals(draft: Draft) -> Draft:
    same: dict[Value, Value] = {}
    seen: dict[Any, Value] = {}
    makers: dict[Value, Line] = {}
    lines = []
    for old in draft.lines:
        line = with_numbers(substituted(old, same, draft.tape))
        key = key_of(line)
        equal = seen.get(key) or folded(line) or unchanged(line, makers)
        if equal is None:
            makers[line.out] = line
            lines.append(line)
        else:
            same[line.out] = equal
        seen.setdefault(key, equal or line.out)
    return draft.replaced(lines, same)


def without_dead_lines(draft: Draft) -> Draft:
    needed, lines = draft.wanted(), []
    for line in reversed(draft.lines):
        if line.out in needed:
            needed |= {value.root for value in line.reads()}
            lines.append(line)
    return replace(draft, lines=lines[::-1])


# ---- one value for another -----------------------------------------------------------------------


def substitute(operand: Any, same: dict[Value, Value], tape: Tape) -> Any:
    """The operand with some values put for others, also behind views and in indices."""
    if isinstance(operand, tuple):
        return tuple(substitute(part, same, tape) for part in operand)
    if not isinstance(operand, Value):
        return operand
    if operand in same:
        return same[operand]
    if operand.base is None:
        return operand
    base = substitute(operand.base, same, tape)
    return operand if base is operand.base else tape.view(base, operand.look, operand)


def substituted(line: Line, same: dict[Value, Value], tape: Tape) -> Line:
    inputs = tuple(substitute(operand, same, tape) for operand in line.inputs)
    options = {key: substitute(option, same, tape) for key, option in line.options.items()}
    return replace(line, inputs=inputs, options=options)


def key_of(line: Line) -> Any:
    """What two lines have in common that make equal values."""
    if line.function == "empty":
        return line
    options = tuple((key, hashable(option)) for key, option in sorted(line.options.items()))
    return (line.function, line.inputs, options, line.out.dtype, line.out.shape, line.out.strides)


def hashable(option: Any) -> Any:
    if isinstance(option, tuple):
        return tuple(map(hashable, option))
    return option if isinstance(option, Value) else repr(option)


def with_numbers(line: Line) -> Line:
    """The line with a number for an array of equal numbers, where another array has its shape."""
    if len(line.inputs) < 2 or (line.function not in ELEMENTWISE and line.function != "where"):
        return line
    numbers = [number_of(operand) for operand in line.inputs]
    varied = [v for v, number in zip(line.inputs, numbers, strict=True) if number is None]
    if not any(isinstance(v, Value) and has_order(v, line.out) for v in varied):
        return line
    pairs = zip(numbers, line.inputs, strict=True)
    return replace(line, inputs=tuple(number or operand for number, operand in pairs))


def has_order(v: Value, out: Value) -> bool:
    """Whether elements lie in the order of the result, of whatever dtype."""
    sizes = v.dtype.itemsize, out.dtype.itemsize
    steps = zip(v.shape, v.strides, out.strides, strict=False)
    return v.shape == out.shape and all(n == 1 or s * sizes[1] == t * sizes[0] for n, s, t in steps)


def number_of(operand: Operand) -> Number | None:
    """The number that every element of a constant array is."""
    if isinstance(operand, Number) or not is_fixed(operand):
        return None
    array = operand.root.array
    is_number = array is not None and array.size == 1 and operand.base is None
    if array is None or array.size == 0 or is_number or not is_uniform(array):
        return None
    first = array.flat[0].item()
    return Number(repr(first), array.dtype, first)


def is_uniform(array: Array) -> bool:
    """Whether all elements have the same bits."""
    flat = array.reshape(-1)
    return bool(np.all(flat == flat[0])) and bool(np.all(np.signbit(flat) == np.signbit(flat[0])))


# ---- rules: each returns a value that is equal to the line's, or None ----------------------------


def folded(line: Line) -> Value | None:
    """A constant, where only constants go in."""
    inputs = (*line.inputs, *line.reads())
    if line.function in NOT_FOLDED or not all(map(is_fixed, inputs)):
        return None
    array = np.asarray(silence().run(evaluated, line), line.out.dtype)
    if array.strides != line.out.strides:
        return None
    return Value("constant", array, array=array, role="fresh")


def is_fixed(operand: Operand) -> bool:
    """Whether an operand never changes: the memory of arrays from elsewhere may."""
    if isinstance(operand, Number):
        return True
    root = operand.root
    return root.kind == "constant" and (root.role == "fresh" or root.size == 1)


def unchanged(line: Line, makers: dict[Value, Line]) -> Value | None:
    """An input that comes out as it went in."""
    match line.function, line.inputs:
        case "assign", (Value() as x,) if is_like(x, line.out):
            return x
        case "multiply", (Value() as x, one) if is_all(one, 1) and is_like(x, line.out):
            return x
        case "multiply", (one, Value() as x) if is_all(one, 1) and is_like(x, line.out):
            return x
        case "divide", (Value() as x, one) if is_all(one, 1) and is_like(x, line.out):
            return x
        case "concatenate", inputs:
            some = [v for v in inputs if isinstance(v, Value) and v.size]
            return some[0] if len(some) == 1 and is_like(some[0], line.out) else None
        case "power", (Value() as x, one) if is_all(one, 1) and is_like(x, line.out):
            return x
        case "maximum", (Number(text="-inf"), Value() as x) if is_like(x, line.out):
            return x
        case "minimum", (Number(text="inf"), Value() as x) if is_like(x, line.out):
            return x
        case "add", (Value() as x, zero) if is_all(zero, 0.0) and is_like(x, line.out):
            return x if is_never_minus_zero(x, makers) else None
    return None


def is_like(x: Value, out: Value) -> bool:
    """Whether two values have the same dtype and shape, and the same order in memory."""
    if x.dtype != out.dtype or x.shape != out.shape:
        return False
    return all(n == 1 or s == t for n, s, t in zip(x.shape, x.strides, out.strides, strict=True))


def is_all(operand: Operand, number: float) -> bool:
    """Whether an operand is one number, or an array of nothing but that number."""
    if isinstance(operand, Number):
        return operand.text in (repr(number), repr(float(number)), repr(int(number)))
    if not is_fixed(operand) or operand.root.array is None or operand.size == 0:
        return False
    array = operand.root.array
    return array.dtype != bool and bool(np.all((array == number) & ~np.signbit(array)))


def is_never_minus_zero(x: Value, makers: dict[Value, Line]) -> bool:
    """Squares are not, and neither is a sum of which one term is not."""
    line = makers.get(x.root)
    if line is None:
        return False
    if line.function == "multiply":
        return line.inputs[0] == line.inputs[1]
    if line.function != "add":
        return False
    values = (term for term in line.inputs if isinstance(term, Value))
    return is_all(line.inputs[1], 0.0) or any(is_never_minus_zero(v, makers) for v in values)
