"""How a line is written in NumPy, as an expression that makes a new array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Array, Number, Operand, Value

__all__ = [
    "ELEMENTWISE",
    "NAMESPACE",
    "UPDATES",
    "evaluated",
    "expression",
    "index_of",
    "index_text",
    "option_text",
    "tuple_of",
]

UPDATES = frozenset(("put", "putmask", "setitem", "add.at"))

NAMES = (
    "argmax argmin broadcast_to concatenate dot empty float32 float64 int8 int32 int64 linalg "
    "putmask stack where"
)
UFUNCS = {v.__name__ for v in vars(np).values() if isinstance(v, np.ufunc) and v.nout == 1}
NAMESPACE: dict[str, Any] = {
    name: getattr(np, name) for name in sorted(UFUNCS | {*NAMES.split()}) if hasattr(np, name)
}
ELEMENTWISE = frozenset(
    name for name, f in NAMESPACE.items() if isinstance(f, np.ufunc) and f.signature is None
)

Namer = Callable[[Operand], str]


def expression(line: Line, name: Namer) -> str:
    """The line as an expression, its operands as `name` says."""
    given = [name(operand) for operand in line.inputs]
    match line.function:
        case "dot":
            return f"{given[0]}.dot({given[1]})"
        case "take":
            return f"{given[0]}.take({given[1]}, {line.options['axis']})"
        case "getitem":
            return f"{given[0]}[{index_of(line, name)}]"
        case "look":
            return str(line.options["look"]).format(given[0])
        case "concatenate" | "stack":
            return f"{line.function}(({', '.join(given)},), {line.options['axis']})"
        case "assign":
            return given[0]
    options = [f"{key}={option_text(value)}" for key, value in line.options.items()]
    return f"{line.function}({', '.join(given + options)})"


def index_of(line: Line, name: Namer) -> str:
    return ", ".join(
        name(item) if isinstance(item, Value) else item_text(item) for item in line.options["index"]
    )


def index_text(items: tuple[Any, ...]) -> str:
    return ", ".join(map(item_text, items))


def tuple_of(line: Line, name: Namer) -> str:
    """The index as an argument, where a slice has to be spelled out."""
    parts = (
        name(item) if isinstance(item, Value) else "..." if item is Ellipsis else repr(item)
        for item in line.options["index"]
    )
    return f"({', '.join(parts)},)"


def item_text(item: Any) -> str:
    if item is Ellipsis:
        return "..."
    if not isinstance(item, slice):
        return repr(item)
    ends = ("" if end is None else str(end) for end in (item.start, item.stop))
    return ":".join(ends) + ("" if item.step is None else f":{item.step}")


def option_text(option: Any) -> str:
    if isinstance(option, np.dtype):
        return option.name
    if isinstance(option, float) and not np.isfinite(option):
        return f"float('{option}')"
    return repr(option)


def evaluated(line: Line) -> Array:
    """The result of a line whose inputs are all numbers and constants."""
    names: dict[str, Any] = {}

    def name(operand: Operand) -> str:
        key = f"v{len(names)}"
        names[key] = array_of(operand)
        return key

    text = expression(line, name)
    result = eval(text, NAMESPACE | names)
    if line.function == "assign":
        result = np.broadcast_to(result, line.out.shape).astype(line.out.dtype)
    return np.asarray(result)


def array_of(operand: Operand) -> Any:
    if isinstance(operand, Number):
        return np.array(operand.value, operand.dtype)
    if operand.base is None:
        return operand.array
    return eval(operand.look.format("base"), NAMESPACE | {"base": array_of(operand.base)})
