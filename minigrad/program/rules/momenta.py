"""The momenta of small parameters, where they lie side by side, by one call for all of them.

A recording that sees an optimiser make its buffers lays the small ones side by side in one memory.
Each is changed by the same formula, b = momentum * b + g, so that all are changed at once, as one
array. Where a buffer lies alone, loaded from a file for example, its lines stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Operand, Value
from minigrad.program.rules.pack import in_order, parts_of
from minigrad.program.rules.simplify import Draft, substituted

__all__ = ["with_momenta_at_once"]


@dataclass(eq=False)
class Momentum:
    """What a step leaves in a buffer: kept + g, of kept = buffer * factor."""

    buffer: Value
    factor: Operand
    g: Value
    kept: Line
    total: Line

    @property
    def memory(self) -> Any:
        """The array that the buffer is a part of, if it is one."""
        return None if self.buffer.array is None else self.buffer.array.base


def with_momenta_at_once(draft: Draft) -> Draft:
    groups: dict[Any, list[Momentum]] = {}
    for found in momenta_of(draft):
        groups.setdefault((id(found.memory), found.factor), []).append(found)
    for group in groups.values():
        is_seen = id(group[0].memory) in draft.tape.outside  # as a whole, by the step itself
        changed = at_once(draft, group) if not is_seen and fill_memory(group) else None
        if changed is not None:
            return with_momenta_at_once(changed)
    return draft


def momenta_of(draft: Draft) -> Iterator[Momentum]:
    """The buffers that an optimiser multiplies by a number, and adds something to."""
    makers = {line.out: line for line in draft.lines}
    uses = Counter(value.root for line in draft.lines for value in line.reads())
    for buffer, value in draft.stores:
        total = makers.get(value)
        if total is None or total.function != "add" or total.origin.phase != "update":
            continue
        product, g = total.inputs
        kept = makers.get(product) if isinstance(product, Value) else None
        if kept is None or kept.function != "multiply" or uses[kept.out] != 1:
            continue
        b, factor = kept.inputs
        if b is buffer and isinstance(g, Value) and is_number(factor) and g.shape == buffer.shape:
            yield Momentum(buffer, factor, g, kept, total)


def is_number(operand: Operand) -> bool:
    return not isinstance(operand, Value) or operand.size == 1


def fill_memory(group: list[Momentum]) -> bool:
    """Whether several buffers are the parts of one memory, in this order and without gaps."""
    memory = group[0].memory
    if len(group) < 2 or type(memory) is not np.ndarray or memory.ndim != 1:
        return False
    at = address(memory)
    for part in group:
        array = part.buffer.array
        assert array is not None
        if address(array) != at or array.dtype != memory.dtype or not array.flags.c_contiguous:
            return False
        at += array.nbytes
    return at == address(memory) + memory.nbytes


def address(array: Any) -> int:
    where: int = array.ctypes.data
    return where


def at_once(draft: Draft, group: list[Momentum]) -> Draft | None:
    """The draft with the buffers of a group as one array, if its lines can be put in order."""
    tape, memory = draft.tape, group[0].memory
    path = (*getattr(group[0].factor, "path", ())[:1], "momenta")
    before = tape.given(memory, "tensor", path).start
    g, kept, after = (Value("result", before) for _ in range(3))
    last = group[-1].total
    origin = replace(last.origin, target=tuple(part.total.origin.target for part in group))
    common = replace(last, options={}, origin=origin)
    new = [
        replace(common, function="pack", inputs=tuple(part.g for part in group), out=g),
        replace(common, function="multiply", inputs=(before, group[0].factor), out=kept),
        replace(common, inputs=(kept, g), out=after),
    ]
    same = dict(parts(tape, before, (part.buffer for part in group)))
    same |= dict(parts(tape, after, (part.total.out for part in group)))
    gone = {line for part in group for line in (part.kept, part.total)}
    at = draft.lines.index(group[0].kept)
    lines = [*draft.lines[:at], *new, *draft.lines[at:]]
    lines = in_order([substituted(line, same, tape) for line in lines if line not in gone])
    buffers = {part.buffer for part in group}
    stores = [(given, value) for given, value in draft.stores if given not in buffers]
    if not lines:
        return None
    return replace(draft, stores=[*stores, (before, after)]).replaced(lines, same)


def parts(tape: Tape, whole: Value, values: Iterable[Value]) -> Iterator[tuple[Value, Value]]:
    """Each value with the part of the whole that takes its place."""
    values = [*values]
    return zip(values, parts_of(tape, whole, [value.shape for value in values]), strict=True)
