"""The textbook's style: expressions, as one would write them to explain the calculation.

No buffers, no views made in advance, none of what the engine does only for the last bit: products
of matrices are `@`, sums are sums, and an update is `weight[...] += -lr * gradient`. The results
are those of the engine up to rounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.program.calls import UPDATES, index_of
from minigrad.program.formulas import Comments
from minigrad.program.memory import with_own_memory
from minigrad.program.names import Names
from minigrad.program.page import SHORT, Page, array_text, dtype_name, shortest
from minigrad.program.simplify import Draft, simplified
from minigrad.program.tape import Line, Number, Operand, Value

__all__ = ["Plain", "readable"]

SIGNS = {
    "multiply": "*",
    "divide": "/",
    "product": "@",
    "add": "+",
    "subtract": "-",
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "power": "**",
}


def readable(draft: Draft) -> Draft:
    """The draft with one line for each call of a helper that only cares about bits."""
    last = {line.origin.helper: line for line in draft.lines if line.origin.helper is not None}
    lines = []
    for line in draft.lines:
        helper = line.origin.helper
        if helper is None:
            lines.append(line)
        elif last[helper] is line:
            lines.append(of_helper(line, helper.op.__name__, helper.arguments))
    return with_own_memory(simplified(replace(draft, lines=lines)))


def of_helper(line: Line, name: str, arguments: dict[str, Any]) -> Line:
    values = {key: operand(value, line) for key, value in arguments.items()}
    inputs: tuple[Any, ...]
    options: dict[str, Any] = {}
    match name:
        case "product":
            inputs = (values["a"], values["b"])
        case "total":
            inputs, options = (values["x"],), {"axes": arguments.get("axes")}
        case "fma":
            inputs = (values["c"], values["x"], values["y"])
        case _:
            name = "where"
            inputs = (values["condition"], values["a"], values["b"])
    return replace(line, function=name, inputs=inputs, options=options)


def operand(value: Any, line: Line) -> Any:
    if isinstance(value, Value) or not isinstance(value, bool | int | float | np.generic):
        return value
    return Number(repr(float(value)), line.out.dtype, value)


class Plain(Page):
    """Writes a draft down, an expression for each value that has a name or is used twice."""

    def __init__(
        self, draft: Draft, names: Names, returned: list[Value], gradients: list[Value], title: str
    ) -> None:
        super().__init__(draft, names, returned, title)
        self.gradients = gradients
        self.uses = Counter(v.root for line in draft.lines for v in line.reads())
        self.uses.update(value.root for value in (*draft.outputs, *draft.back))
        self.last = {v.root: i for i, line in enumerate(draft.lines) for v in line.reads()}
        self.stored = {value.root: given for given, value in draft.stores}
        self.texts: dict[Value, str] = {}
        self.comments = Comments(names)
        self.step = self.body(is_back=False)
        self.way_back = self.body(is_back=True)

    def results(self) -> list[str]:
        names = [self.of(value) for value in self.returned]
        if self.gradients:
            names.append("(" + ", ".join(self.of(value) for value in self.gradients) + ",)")
        return names

    # ---- the step --------------------------------------------------------------------------------

    def body(self, is_back: bool) -> list[str]:
        self.late: list[str] = []
        out: list[str] = []
        for i, line in enumerate(self.draft.lines):
            if line.is_back is is_back:
                statements = list(self.statements(line, i))
                if statements:
                    out += [*self.comments.before(line), *statements]
        return out + self.late

    def statements(self, line: Line, i: int) -> Iterator[str]:
        """Nothing, if the expression may stand where its value is used."""
        given = self.stored.get(line.out)
        if line.function in UPDATES:
            name = self.texts[line.out] = self.new_name(line.out)
            yield f"{name} = {self.of(line.inputs[0], line)}.copy()"
            yield self.update(line, name)
        elif given is not None and self.last.get(given, -1) <= i:
            self.texts[line.out] = self.names.given[given]
            yield self.assignment(line, given)
        elif given is None and self.uses[line.out] == 1 and line.out not in self.names.hints:
            self.texts[line.out] = self.expression(line)
        else:
            text = self.expression(line)
            name = self.texts[line.out] = self.new_name(line.out)
            yield f"{name} = {text}"
            if given is not None:
                self.late.append(f"{self.names.given[given]}[...] = {name}")

    def assignment(self, line: Line, given: Value) -> str:
        """The write into memory that was there before."""
        name = self.names.given[given]
        if line.function == "fma" and line.inputs[2] is given:
            factor, x = (self.inside(operand, line, "*") for operand in line.inputs[:2])
            return f"{name}[...] += {factor} * {x}"
        return f"{name}[...] = {self.expression(line)}"

    def update(self, line: Line, name: str) -> str:
        source = self.of(line.inputs[-1], line)
        if line.function == "put":
            target = str(line.options["look"]).format(name)
            return f"{target} = {source}" if target[-1] == "]" else f"{target}[...] = {source}"
        if line.function == "putmask":
            return f"np.putmask({name}, {self.of(line.inputs[1], line)}, {source})"
        index = index_of(line, lambda operand: self.of(operand, line))
        if line.function == "setitem":
            return f"{name}[{index}] = {source}"
        return f"np.add.at({name}, ({index},), {source})"

    # ---- expressions -----------------------------------------------------------------------------

    def new_name(self, value: Value) -> str:
        return self.names.unique(self.names.hints.get(value) or self.names.of_part(value))

    def of(self, operand: Operand, line: Line | None = None) -> str:
        if isinstance(operand, Number):
            return shortest(operand)
        if operand.base is not None:
            return operand.look.format(self.inside(operand.base, line, "."))
        if operand.kind == "given":
            return self.names.given[operand]
        if operand.kind == "constant" and operand.array is not None:
            short = operand.size <= SHORT
            return array_text(operand.array) if short else self.names.constant(operand)
        return self.texts[operand]

    def inside(self, operand: Operand, line: Line | None, sign: str) -> str:
        """An operand as part of a larger expression: in brackets, if it is one itself."""
        text = self.of(operand, line)
        is_compound = " " in text.partition("(")[0] or (text[0] == "(" and sign == ".")
        return f"({text})" if is_compound or (text[0] == "-" and sign in ("**", ".")) else text

    def expression(self, line: Line) -> str:
        inputs = [self.of(operand, line) for operand in line.inputs]
        match line.function:
            case function if function in SIGNS:
                sign = SIGNS[function]
                left, right = (self.inside(operand, line, sign) for operand in line.inputs)
                return f"{left} {sign} {right}"
            case "dot":
                left, right = (self.inside(operand, line, "@") for operand in line.inputs)
                return f"{left} @ {right}"
            case "negative":
                return f"-{self.inside(line.inputs[0], line, '**')}"
            case "fma":
                c, x, y = (self.inside(operand, line, "*") for operand in line.inputs)
                return f"{c} * {x} + {y}"
            case "total":
                axes = line.options["axes"]
                return (
                    f"{self.inside(line.inputs[0], line, '.')}.sum({'' if axes is None else axes})"
                )
            case "assign":
                return self.copy(line, inputs[0])
            case "take":
                return f"{inputs[0]}.take({inputs[1]}, {line.options['axis']})"
            case "getitem":
                return f"{inputs[0]}[{index_of(line, lambda operand: self.of(operand, line))}]"
            case "look":
                return str(line.options["look"]).format(inputs[0])
            case "concatenate" | "stack":
                return f"np.{line.function}(({', '.join(inputs)},), {line.options['axis']})"
            case "empty":
                return f"np.empty({line.out.shape}, {dtype_name(line.out.dtype, 'np.')})"
        options = [f"{key}={option(value)}" for key, value in line.options.items()]
        return f"np.{line.function}({', '.join([*inputs, *options])})"

    def copy(self, line: Line, text: str) -> str:
        (x,), out = line.inputs, line.out
        kind = dtype_name(out.dtype, "np.")
        if isinstance(x, Number):
            return f"np.full({out.shape}, {text}, {kind})"
        if x.shape != out.shape:
            text = f"np.broadcast_to({text}, {out.shape})"
            return f"{text}.copy()" if x.dtype == out.dtype else f"{text}.astype({kind})"
        text = self.inside(x, line, ".")
        return f"{text}.copy()" if x.dtype == out.dtype else f"{text}.astype({kind})"


def option(value: Any) -> str:
    return dtype_name(value, "np.") if isinstance(value, np.dtype) else repr(value)
