"""Whether two recordings of a step are the same program."""

from __future__ import annotations

from typing import Any

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Number, Value
from minigrad.program.recording.facts import is_plain
from minigrad.program.recording.record import Recording
from minigrad.program.recording.results import NewTensor
from minigrad.program.recording.standins import WatchedLeaf
from minigrad.program.text.formulas import statement_text
from minigrad.tensor import Tensor

__all__ = ["difference"]


def difference(first: Recording, second: Recording) -> str:
    """Where two recordings differ, in words; empty if they do not."""
    pairs: dict[Value, Value] = {}
    for a, b in zip(first.tape.lines, second.tape.lines, strict=False):
        if not same_line(a, b, pairs):
            return statement_text(b.origin) or a.function
        pairs[a.out] = b.out
    if len(first.tape.lines) != len(second.tape.lines):
        return f"{len(first.tape.lines)} calls of NumPy, then {len(second.tape.lines)}"
    if shape_of(first.results.structure, first) != shape_of(second.results.structure, second):
        return "what it returned"
    return ""


def same_line(a: Line, b: Line, pairs: dict[Value, Value]) -> bool:
    if a.function != b.function or a.out.dtype != b.out.dtype or a.out.strides != b.out.strides:
        return False
    left = (*a.inputs, *sorted(a.options.items()))
    right = (*b.inputs, *sorted(b.options.items()))
    return same(left, right, pairs)


def same(a: Any, b: Any, pairs: dict[Value, Value]) -> bool:
    if isinstance(a, Value) and isinstance(b, Value):
        return same_value(a, b, pairs)
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return all(same(x, y, pairs) for x, y in zip(a, b, strict=True))
    if isinstance(a, Number) or isinstance(b, Number):
        return bool(a == b)
    return type(a) is type(b) and repr(a) == repr(b)


def same_value(a: Value, b: Value, pairs: dict[Value, Value]) -> bool:
    if a.base is not None and b.base is not None:
        return a.look == b.look and same_value(a.base, b.base, pairs)
    if a.kind != b.kind or a.base is not b.base:
        return False
    if a.kind == "result":
        return pairs.get(a) is b
    if a.kind == "given":
        is_new = a.role in ("argument", "number", "upstream")
        return a.path == b.path if is_new else a.array is b.array
    return same_array(a.array, b.array)


def same_array(a: Any, b: Any) -> bool:
    return a is b or (a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())


def shape_of(structure: Any, recording: Recording) -> Any:
    """A returned structure as something that can be compared."""
    if isinstance(structure, dict):
        return {key: shape_of(value, recording) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return [type(structure), *(shape_of(value, recording) for value in structure)]
    if isinstance(structure, NewTensor):
        return f"new {recording.results.new.index(structure)}"
    if isinstance(structure, WatchedLeaf):
        return f"gradient of {structure.value.path}"
    if isinstance(structure, Tensor):
        return recording.givens[structure].path
    return repr(structure) if is_plain(structure) else id(structure)
