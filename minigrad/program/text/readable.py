"""A draft for the textbook: a line for each call of a helper, and for each gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.origin import Call
from minigrad.program.notation.values import Number, Value
from minigrad.program.recording.standins import WatchedLeaf
from minigrad.program.rules.memory import with_own_memory
from minigrad.program.rules.simplify import Draft, simplified, substituted

__all__ = ["readable"]


def readable(draft: Draft, grads: dict[WatchedLeaf, Value]) -> Draft:
    """The draft with one line for each call of a helper that only cares about bits."""
    last = {line.origin.helper: line for line in draft.lines if line.origin.helper is not None}
    lines = []
    for line in draft.lines:
        helper = line.origin.helper
        if helper is None:
            lines.append(line)
        elif last[helper] is line:
            lines.append(of_helper(line, helper.op.__name__, helper.arguments))
    draft = simplified(replace(draft, lines=lines))
    draft = with_named_gradients(draft, list(grads))
    return with_own_memory(draft, returned=len(draft.outputs) - len(grads))


def with_named_gradients(draft: Draft, leaves: list[WatchedLeaf]) -> Draft:
    """The draft with a line for a gradient that is just another one, or a view of something."""
    count = len(draft.outputs) - len(leaves)
    lines, outputs, taken = list(draft.lines), list(draft.outputs), set(draft.outputs[:count])
    origins = {line.out: line.origin for line in lines}
    for i, leaf in enumerate(leaves, count):
        call, name = draft.tape.origins.use_of(leaf.value)
        root = outputs[i].root
        at, made = last_line_of(lines, root, call), origins.get(root)
        if at < 0 or made is None or made.phase != "backward":
            continue
        if made.target is leaf and root is outputs[i]:
            continue
        same = Value("result", outputs[i])
        origin = replace(lines[at].origin, phase="backward", call=call, by=name, target=leaf)
        upstream = outputs[i] if root is outputs[i] else made.upstream
        origin = replace(origin, upstream=upstream, variables=[], helper=None)
        function = "assign" if outputs[i] in taken else "same"
        taken.add(outputs[i])
        lines.insert(at + 1, Line(function, (outputs[i],), same, {}, origin))
        lines = [
            substituted(line, {outputs[i]: same}, draft.tape)
            if getattr(line.origin.target, "node", None) is leaf.original
            else line
            for line in lines
        ]
        outputs[i] = same
    return replace(draft, lines=lines, outputs=outputs)


def last_line_of(lines: list[Line], value: Value, call: Call | None) -> int:
    """The last line of the way back through a call, if that is where a gradient is ready."""
    found = -1
    for i, line in enumerate(lines):
        is_of_call = line.origin.phase == "backward" and line.origin.call is call
        if line.out is value or (is_of_call and found >= 0):
            found = i
    return found if call is not None else -1


def of_helper(line: Line, name: str, arguments: dict[str, Any]) -> Line:
    values = {key: operand(value, line) for key, value in arguments.items()}
    inputs: tuple[Any, ...]
    options: dict[str, Any] = {}
    match name:
        case "product":
            inputs = (values["a"], values["b"])
        case "length":
            name, inputs, options = "linalg.norm", (values["x"],), {"ord": None}
        case "total":
            inputs, options = (values["x"],), {"axes": arguments.get("axes")}
        case "fma":
            inputs = (values["c"], values["x"], values["y"])
        case _:
            name = "where"
            inputs = (values["condition"], values["a"], values["b"])
    return replace(line, function=name, inputs=inputs, options=options)


def operand(value: Any, line: Line) -> Any:
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bool | int | float | np.generic):
        return Number(repr(float(value)), line.out.dtype, float(value))
    return value
