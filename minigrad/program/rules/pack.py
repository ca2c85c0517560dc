"""Small updates side by side: one call for all parameters instead of one for each.

An optimiser changes each parameter by the same formula, in float64 so that it is rounded once. On
small arrays the calls are what costs. So their numbers are laid side by side in one buffer, all are
computed together, and each parameter takes its part. No bit changes: each element is computed from
the same numbers by the same operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Layout, Operand, Value
from minigrad.program.rules.simplify import Draft

__all__ = ["in_order", "packed", "parts_of"]

SMALL = 1024  # elements of one parameter
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


@dataclass(eq=False)
class Update:
    """out = factor * x + y, rounded once: lines of float64, of which the last makes `out`."""

    lines: tuple[Line, ...]
    factor: Operand
    x: Value
    y: Value

    @property
    def out(self) -> Value:
        return self.lines[-1].out


def packed(draft: Draft) -> Draft:
    """The program with its small updates side by side."""
    makers = {line.out: line for line in draft.lines}
    uses = Counter(value.root for line in draft.lines for value in line.reads())
    updates = [found for line in draft.lines if (found := update_of(line, makers, uses))]
    groups: dict[Any, list[Update]] = {}
    for update in updates:
        groups.setdefault((update.factor, depth_of(update, updates)), []).append(update)
    lines = draft.lines
    for group in groups.values():
        lines = together(draft, lines, group)
    lines = in_order(lines)
    return replace(draft, lines=lines) if lines else draft


def update_of(line: Line, makers: dict[Value, Line], uses: Counter[Value]) -> Update | None:
    """The update that ends in a line, if one does."""
    if line.function != "assign" or line.out.dtype != FLOAT32 or not 1 < line.out.size <= SMALL:
        return None
    total = maker_of(line.inputs[0], "add", makers, uses)
    product = total and maker_of(total.inputs[0], "multiply", makers, uses)
    x_wide = product and maker_of(product.inputs[0], "assign", makers, uses)
    y_wide = total and maker_of(total.inputs[1], "assign", makers, uses)
    if total is None or product is None or x_wide is None or y_wide is None:
        return None
    (x,), (y,), factor = x_wide.inputs, y_wide.inputs, product.inputs[1]
    if not isinstance(x, Value) or not isinstance(y, Value):
        return None
    if {(v.shape, v.dtype) for v in (x, y)} != {(line.out.shape, FLOAT32)}:
        return None
    if isinstance(factor, Value) and factor.size != 1:
        return None
    return Update((x_wide, product, y_wide, total, line), factor, x, y)


def maker_of(
    operand: Operand, function: str, makers: dict[Value, Line], uses: Counter[Value]
) -> Line | None:
    if not isinstance(operand, Value) or operand.dtype != FLOAT64 or uses[operand] != 1:
        return None
    line = makers.get(operand)
    return line if line is not None and line.function == function else None


def depth_of(update: Update, updates: list[Update]) -> int:
    """How many updates it comes after: those of equal depth do not wait for each other."""
    before = [other for other in updates if other.out in (update.x.root, update.y.root)]
    return 1 + max((depth_of(other, updates) for other in before), default=0)


def together(draft: Draft, lines: list[Line], group: list[Update]) -> list[Line]:
    """The lines with the updates of a group made in one, in the place of the first of them."""
    last = group[-1].lines[-1]
    layout = Layout.in_order((sum(update.out.size for update in group),), FLOAT64)
    after, product, before, total = (Value("result", layout) for _ in range(4))
    origin = replace(last.origin, target=tuple(u.lines[-1].origin.target for u in group))
    common = replace(last, options={}, origin=origin)
    new = [
        *laid_out(draft.tape, [u.x for u in group], after, common),
        replace(common, function="multiply", inputs=(after, group[0].factor), out=product),
        *laid_out(draft.tape, [u.y for u in group], before, common),
        replace(common, function="add", inputs=(product, before), out=total),
    ]
    parts = parts_of(draft.tape, total, [update.out.shape for update in group])
    new += [
        replace(common, inputs=(part,), out=update.out)
        for part, update in zip(parts, group, strict=True)
    ]
    gone = {id(line) for update in group for line in update.lines}
    at = next(i for i, line in enumerate(lines) if line is group[0].lines[0])
    return [*lines[:at], *new, *(line for line in lines[at:] if id(line) not in gone)]


def laid_out(tape: Tape, values: list[Value], out: Value, common: Line) -> Iterator[Line]:
    """The lines that lay values side by side, in float64.

    What the step itself makes can be made side by side from the start: see memory.py.
    """
    root = values[0].root
    if root.shape == out.shape and values == [*parts_of(tape, root, [v.shape for v in values])]:
        yield replace(common, function="assign", inputs=(root,), out=out)
    elif all(value.root.kind == "result" for value in values):
        narrow = Value("result", Layout.in_order(out.shape, FLOAT32))
        yield replace(common, function="pack", inputs=tuple(values), out=narrow)
        yield replace(common, function="assign", inputs=(narrow,), out=out)
    else:
        yield replace(common, function="pack", inputs=tuple(values), out=out)


def parts_of(tape: Tape, value: Value, shapes: list[tuple[int, ...]]) -> Iterator[Value]:
    """The elements of a flat value, part by part, each in its shape."""
    start = 0
    for shape in shapes:
        end = start + int(np.prod(shape))
        flat = Layout.in_order((end - start,), value.dtype)
        part = tape.view(value, f"{{}}[{start}:{end}]", flat)
        start = end
        if len(shape) != 1:
            part = tape.view(part, f"{{}}.reshape{shape}", Layout.in_order(shape, value.dtype))
        yield part


def in_order(lines: list[Line]) -> list[Line]:
    """The lines, each after those whose results it needs; empty if there is no such order."""
    missing, waiting, done = {line.out for line in lines}, lines, list[Line]()
    while waiting:
        left = []
        for line in waiting:
            if missing.isdisjoint({value.root for value in line.reads()}):
                missing.discard(line.out)
                done.append(line)
            else:
                left.append(line)
        if len(left) == len(waiting):
            return []
        waiting = left
    return done
