"""The same bits from cheaper calls of NumPy.

What a call costs has little to do with what it computes. On small arrays broadcasting, reductions
and `where` cost three to five times as much as an operation on equal shapes, and one number in
Python's own arithmetic costs less than any call; on large arrays `where` guesses at each element.
Each rule puts other lines for one line, with the same bits, also for -0., infinite numbers and NaN.
"""

from __future__ import annotations

from dataclasses import replace

from minigrad.program.notation.calls import ELEMENTWISE
from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Layout, Number, Operand, Shape, Value
from minigrad.program.rules.choices import chosen
from minigrad.program.rules.floats import FLOAT_RULES
from minigrad.program.rules.rewrite import Rewriter, Rule, rewritten
from minigrad.program.rules.short_sums import short_sum
from minigrad.program.rules.simplify import Draft, simplified
from minigrad.program.rules.zeros import without_idle_zeros

__all__ = ["lowered"]

SMALL = 512  # elements: up to here, what is broadcast is copied to its full size before


def lowered(draft: Draft) -> Draft:
    cheaper = without_idle_zeros(simplified(rewritten(draft, RULES)))
    return simplified(rewritten(cheaper, FLOAT_RULES))


def of_equal_shapes(new: Rewriter, line: Line) -> Value | None:
    """Operands in the shape of the result, and all of them in one order of memory."""
    if are_transposed(line):
        inputs = tuple(x if isinstance(x, Number) else x.base or x for x in line.inputs)
        turned = new.add(line.function, inputs, line.out.shape[::-1], line.out.dtype)
        line = new.lines.pop()
        new.write(replace(line, inputs=tuple(in_shape(new, x, turned) for x in line.inputs)))
        layout = Layout(turned.shape[::-1], turned.dtype, turned.strides[::-1])
        return new.tape.view(turned, "{}.T", layout)
    if not line.out.is_contiguous:
        return None
    if has_idle_dim(line):
        return in_fewer_dims(new, line)
    inputs = tuple(in_shape(new, operand, line.out) for operand in line.inputs)
    return None if inputs == line.inputs else new.write(replace(line, inputs=inputs))


def in_fewer_dims(new: Rewriter, line: Line) -> Value:
    """The line without the first dim of its result, which has size 1."""
    count, shape = len(line.out.shape), line.out.shape[1:]
    inputs = [
        new.reshaped(x, x.shape[1:]) if isinstance(x, Value) and len(x.shape) == count else x
        for x in line.inputs
    ]
    out = Value("result", Layout.in_order(shape, line.out.dtype))
    smaller = replace(line, inputs=tuple(inputs), out=out)
    made = of_equal_shapes(new, smaller) or new.write(smaller)
    return new.reshaped(made, line.out.shape)


def has_idle_dim(line: Line) -> bool:
    """Whether a product of matrices goes through a third dim, of size 1."""
    values = [x for x in line.inputs if isinstance(x, Value)]
    is_broadcast = any(1 < x.size < line.out.size for x in values)
    is_idle = len(line.out.shape) == 3 and line.out.shape[0] == 1
    return is_idle and is_broadcast and all(x.is_contiguous for x in values)


def are_transposed(line: Line) -> bool:
    """Whether a line computes with transposes of matrices alone."""
    values = [x for x in line.inputs if isinstance(x, Value) and x.shape]
    is_turned = line.out.strides == tuple(sorted(line.out.strides)) or 1 in line.out.shape
    return (
        len(line.out.shape) == 2
        and bool(values)
        and is_turned
        and all(x.look == "{}.T" and len(x.shape) == 2 for x in values)
    )


def in_shape(new: Rewriter, operand: Operand, out: Value) -> Operand:
    """An operand that differs in dims of size 1 is reshaped, a small one that is broadcast copied.

    NumPy takes longer to go over operands of several shapes than to copy one of them.
    """
    if isinstance(operand, Number) or operand.shape == out.shape:
        return operand
    if operand.is_contiguous and operand.size in (1, out.size):
        return new.reshaped(operand, out.shape if operand.size == out.size else ())
    if operand.size > 1 and out.size <= SMALL and operand.size < out.size:
        return new.add("assign", (without_idle_dims(operand),), out.shape, operand.dtype)
    return operand


def without_idle_dims(value: Value) -> Value:
    """The root of a vector that is seen as a row, or the other way round: both have one copy."""
    root = value.root
    is_all = value.is_contiguous and root.is_contiguous and root.dtype == value.dtype
    return root if is_all and at_last(root.shape) == at_last(value.shape) else value


def at_last(shape: Shape) -> Shape:
    """A shape without its first dims of size 1."""
    return next((shape[i:] for i, n in enumerate(shape) if n != 1), ())


def product_of_two_numbers(new: Rewriter, line: Line) -> Value | None:
    """A product of matrices with one element each."""
    a, b = line.inputs
    if not isinstance(a, Value) or not isinstance(b, Value) or a.size != 1 or b.size != 1:
        return None
    shape = next((v.root.shape for v in (a, b) if v.root.role == "argument"), line.out.shape)
    factors = (new.reshaped(a, shape), new.reshaped(b, shape))
    return new.reshaped(new.add("multiply", factors, shape, line.out.dtype), line.out.shape)


RULES: dict[str, Rule] = {
    **dict.fromkeys(ELEMENTWISE, of_equal_shapes),
    "where": chosen,
    "dot": product_of_two_numbers,
    "add.reduce": short_sum,
}
