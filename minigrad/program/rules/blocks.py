"""Large element-by-element calculations in blocks that fit the processor's cache.

A line of NumPy on a million numbers reads them from memory and writes them back, and the next line
fetches them again. Element by element, nothing is in the way of taking some thousand of them
through all lines, and then the next: what lies between is written and read in the cache, and needs
no more room than a block. No bit changes, since no element depends on its neighbours.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from minigrad.program.notation.calls import ELEMENTWISE
from minigrad.program.notation.lines import Block, Line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Layout, Number, Operand, Shape, Value
from minigrad.program.rules.simplify import Draft, is_like

__all__ = ["in_blocks"]

LARGE = 100_000  # elements: from here on, lines go block by block
BLOCK = 65_536  # elements: a few such blocks of float32 fit the cache; smaller ones need more calls
FEW = 256  # elements: up to here, no array is made of a number
SMALL = 1024  # elements of a result that does not interrupt a run of large ones
SIDE = ELEMENTWISE | {"assign", "add.reduce", "float"}


def in_blocks(draft: Draft) -> Draft:
    """The program with its runs of large lines in blocks."""
    uses = Counter(value.root for line in draft.lines for value in line.reads())
    uses.update(draft.wanted())
    lines: list[Line] = []
    own: dict[Value, Value] = {}
    stored = stored_in_the_end(draft, uses)
    for run in runs(draft.lines):
        lines += [*run.before, *in_loop(run, uses, own, stored, draft.tape), *run.after]
    lines = [spread(line, draft.tape) for line in lines]
    return replace(draft, lines=lines, became=draft.became | own)


# ---- runs ----------------------------------------------------------------------------------------


class Run:
    """Lines that can go through blocks together; small lines among them come before or after."""

    def __init__(self, line: Line) -> None:
        self.shape, self.is_back = line.out.shape, line.is_back
        self.lines: list[Line] = []
        self.before: list[Line] = []
        self.after: list[Line] = []
        self.made: set[Value] = set()
        self.late: set[Value] = set()

    def takes(self, line: Line) -> bool:
        """Add a line, if it can be part of the run, or stand beside it."""
        if line.is_back is not self.is_back:
            return False
        roots = {value.root for value in line.reads()}
        if self.can_join(line) and self.late.isdisjoint(roots):
            self.lines.append(line)
            self.made.add(line.out)
        elif line.function in SIDE and line.out.size <= SMALL:
            is_late = not roots.isdisjoint(self.made | self.late)
            (self.after if is_late else self.before).append(line)
            self.late |= {line.out} if is_late else set()
        else:
            return False
        return True

    def can_join(self, line: Line) -> bool:
        if line.out.shape != self.shape or not is_by_element(line):
            return False
        return all(keeps_places(value) for value in line.reads() if value.root in self.made)


def runs(lines: Iterable[Line]) -> Iterator[Run]:
    """The lines in runs; a line that cannot be in blocks comes after one, or makes one alone."""
    run: Run | None = None
    for line in lines:
        if run is not None and run.lines and run.takes(line):
            continue
        if run is not None:
            yield run
        run = Run(line)
        if not is_by_element(line) or not run.takes(line):
            run.after.append(line)
    if run is not None:
        yield run


def is_by_element(line: Line) -> bool:
    """Whether a line is large, and each element of its result depends on those in its place."""
    if line.function not in ELEMENTWISE and line.function not in ("assign", "where"):
        return False
    out = line.out
    return out.size >= LARGE and out.is_contiguous and not line.options and per_row(out) <= BLOCK


def keeps_places(value: Value) -> bool:
    """Whether a view shows the elements in the places where its root has them."""
    while value.base is not None:
        if ".view(" not in value.look or value.shape != value.base.shape:
            return False
        value = value.base
    return True


def first_axis(shape: Shape) -> int:
    return next(i for i, n in enumerate(shape) if n > 1)


def per_row(value: Value) -> int:
    return value.size // value.shape[first_axis(value.shape)]


# ---- blocks --------------------------------------------------------------------------------------


def stored_in_the_end(draft: Draft, uses: Counter[Value]) -> set[Value]:
    """What memory from before gets, and what that is made of, step by step in the same place."""
    found = {value for _, value in draft.stores}
    for line in reversed(draft.lines):
        if line.out in found and line.function in ELEMENTWISE:
            operands = (x for x in line.inputs if isinstance(x, Value) and x.kind == "result")
            single = (x for x in operands if uses[x] == 1 and is_like(x, line.out))
            found |= set(itertools.islice(single, 1))
    return found


def in_loop(
    run: Run, uses: Counter[Value], own: dict[Value, Value], stored: set[Value], tape: Tape
) -> list[Line]:
    """The lines of a run as the body of a loop; what only they read becomes `own`: of a block."""
    if len(run.lines) < 2:
        return run.lines
    out = run.lines[0].out
    axis = first_axis(out.shape)
    block = Block(out.shape, axis, rows_of(out.shape[axis], BLOCK // per_row(out)))
    inside = Counter(value.root for line in run.lines for value in line.reads())
    lines = []
    for line in run.lines:
        inputs = tuple(resized(operand, own, block, tape) for operand in line.inputs)
        if inside[line.out] == uses[line.out] and line.out not in stored:
            own[line.out] = Value("result", Layout.in_order(block.part_shape, line.out.dtype))
            block.own.add(own[line.out])
        lines.append(replace(line, inputs=inputs, out=own.get(line.out, line.out), block=block))
    return lines


def rows_of(count: int, most: int) -> int:
    """How many rows a block has: a part of the whole without rest, if there is one."""
    fitting = (n for n in range(most, most // 4, -1) if count % n == 0)
    return next(fitting, most)


def resized(operand: Operand, own: dict[Value, Value], block: Block, tape: Tape) -> Operand:
    """The operand in the size of a block, if its root has that size."""
    if isinstance(operand, Number) or operand.root not in own:
        return operand
    if operand.base is None:
        return own[operand]
    base = resized(operand.base, own, block, tape)
    assert isinstance(base, Value)
    layout = Layout.in_order(block.part_shape, operand.dtype)
    return tape.view(base, operand.look, layout)


def spread(line: Line, tape: Tape) -> Line:
    """A number as an array of that number: with a single one, `maximum` is three times slower."""
    block, out = line.block, line.out
    shape = out.shape if block is None else block.part_shape
    is_fit = out.size > FEW and (block is not None or out.size < LARGE) and out.is_contiguous
    if line.function not in ("maximum", "minimum") or not is_fit:
        return line
    full = {x: tape.full(shape, x) for x in line.inputs if isinstance(x, Number)}
    if block is not None:
        block.own |= set(full.values())
    inputs = tuple(full[x] if isinstance(x, Number) else x for x in line.inputs)
    return replace(line, inputs=inputs)
