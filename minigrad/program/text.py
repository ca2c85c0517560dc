"""The program as text: set-up (constants, buffers, views), then the step, one call a line."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.program.calls import NAMESPACE, UPDATES, expression, index_of
from minigrad.program.formulas import Comments
from minigrad.program.memory import Place, Plan
from minigrad.program.names import Names
from minigrad.program.pack import parts_of
from minigrad.program.tape import Line, Number, Operand, Value

__all__ = ["Text"]

WIDTH = 100


class Text:
    """Writes a plan down. `returned` are the results of the step."""

    def __init__(self, plan: Plan, names: Names, returned: list[Value], name: str) -> None:
        self.plan, self.names, self.returned, self.name = plan, names, returned, name
        self.fresh = {*returned, *plan.draft.back}  # in new arrays in every step
        self.whole = {place.layout: place for place in plan.places.values()}
        self.constants: dict[str, str] = {}
        self.views: dict[Value, tuple[str, str]] = {}
        self.locals: dict[Value, str] = {}
        self.comments = Comments(names)
        self.out: list[str] = []
        self.step = self.body(returned, is_back=False)
        self.way_back = self.body(plan.draft.back, is_back=True)

    def source(self) -> str:
        """The whole text."""
        parts = [f'"""{self.title()}\n\n{self.table()}\n"""\n\nimport numpy as np']
        used = sorted(self.functions())
        if used:
            parts[0] += f"\nfrom numpy import {', '.join(used)}"
        parts += ["\n".join(section) for section in self.setup()]
        return "\n\n".join(parts) + "\n\n\n" + "\n".join(self.function()) + "\n"

    # ---- the step --------------------------------------------------------------------------------

    def function(self) -> Iterator[str]:
        yield f"def step({', '.join(self.arguments())}):"
        yield from indented(self.step)
        results = [self.of(value) for value in self.returned]
        if self.plan.draft.back:
            upstream = next(self.names.given[v] for v in self.names.given if v.role == "upstream")
            yield f"\n    def backward({upstream}):"
            yield from indented(indented(self.way_back))
            yield f"        return {', '.join(map(self.of, self.plan.draft.back))}"
            results.append("backward")
            yield ""
        if results:
            yield f"    return {', '.join(results)}"
        elif not self.step:
            yield "    pass"

    def arguments(self) -> list[str]:
        return [self.names.given[value] for value in self.plan.draft.tape.arguments()]

    def body(self, results: list[Value], is_back: bool) -> list[str]:
        """The lines of the step, or of the way back from its result."""
        self.out = []
        for value in results:
            kind = dtype_name(value.dtype)
            self.out.append(f"{self.of(value)} = empty({value.shape}, {kind})")
        for line in self.plan.lines:
            if line.is_back is is_back and line.function != "empty":
                self.out += self.comments.before(line)
                self.out += list(self.statements(line))
        if not is_back:
            for given, value in self.plan.copies:
                self.out.append(f"{self.of(given)}[...] = {self.of(value)}")
        return self.out

    def statements(self, line: Line) -> Iterator[str]:
        """The line, its result in its place."""
        place = self.plan.places[line.out]
        out = self.of(line.out, line)
        inputs = [self.of(operand, line) for operand in line.inputs]
        match line.function:
            case function if function in UPDATES:
                base = line.inputs[0]
                if not isinstance(base, Value) or base.base or self.plan.place(base) is not place:
                    yield f"{out}[...] = {inputs[0]}"
                yield self.update(line, out, inputs)
            case "dot" if line.out.is_contiguous:
                yield f"{inputs[0]}.dot({inputs[1]}, {out})"
            case "maximum" | "minimum":
                yield f"{line.function}({', '.join(inputs)}, out={out})"
            case "concatenate" | "stack":
                yield f"{line.function}(({', '.join(inputs)},), {line.options['axis']}, {out})"
            case "assign" if isinstance(line.inputs[0], Number):
                yield f"{out}.fill({line.inputs[0].text})"
            case "pack":
                yield from self.pack(line, out, inputs)
            case "float":
                floats = [self.as_float(operand, line) for operand in line.inputs]
                yield f"{out}.fill({line.options['text'].format(*floats)})"
            case function if function.endswith(".reduce"):
                yield reduction(line, inputs[0], out)
            case function if isinstance(NAMESPACE.get(function), np.ufunc):
                options = [f"{key}={dtype_name(value)}" for key, value in line.options.items()]
                yield f"{function}({', '.join([*inputs, out, *options])})"
            case _:
                yield f"{out}[...] = {expression(line, lambda operand: self.of(operand, line))}"

    def pack(self, line: Line, out: str, inputs: list[str]) -> Iterator[str]:
        """Each input goes to its part of the result."""
        shapes = [operand.shape for operand in line.inputs if isinstance(operand, Value)]
        parts = parts_of(self.plan.draft.tape, line.out, shapes)
        for part, x in zip(parts, inputs, strict=True):
            name = f"{x.removesuffix('_grad')}_{out.rpartition('_')[2]}"
            yield f"{self.view(part, line, name)}[...] = {x}"

    def as_float(self, operand: Operand, line: Line) -> str:
        return operand.text if isinstance(operand, Number) else f"{self.of(operand, line)}.item()"

    def update(self, line: Line, out: str, inputs: list[str]) -> str:
        """A write into a part of the memory."""
        if line.function == "put":
            target = str(line.options["look"]).format(out)
            return (
                f"{target} = {inputs[1]}" if target[-1] == "]" else f"{target}[...] = {inputs[1]}"
            )
        if line.function == "putmask":
            return f"putmask({out}, {inputs[1]}, {inputs[2]})"
        index = index_of(line, lambda operand: self.of(operand, line))
        if line.function == "setitem":
            return f"{out}[{index}] = {inputs[1]}"
        return f"add.at({out}, ({index},), {inputs[1]})"

    # ---- operands --------------------------------------------------------------------------------

    def of(self, operand: Operand, line: Line | None = None) -> str:
        """What an operand is called; constants and views are set up when they are first used."""
        if isinstance(operand, Number):
            name = self.names.number(operand, line)
            self.constants[name] = f"np.array({shortest(operand)}, np.{operand.dtype.name})"
            return name
        if operand.base is not None:
            if operand in self.whole:
                return self.names.of(self.whole[operand])
            return self.view(operand, line)
        if operand.kind == "given":
            return self.names.given[operand]
        if operand.kind == "constant":
            name = self.names.constant(operand)
            self.constants.setdefault(name, array_text(operand.array))
            return name
        return self.result(operand, line)

    def result(self, value: Value, line: Line | None) -> str:
        """The name of a computed value. A place may hold several, one after the other."""
        place = self.plan.places[value]
        if place.layout.shape != value.shape:
            look = f"{{}}.reshape({', '.join(map(str, value.shape)) or '()'})"
            return self.view(self.plan.draft.tape.view(place.layout, look, value), None)
        base = self.names.of(place)
        is_back = line is not None and line.origin.phase == "backward"
        alias = self.names.alias(value, place) if is_back and value not in self.fresh else None
        if alias is None:
            return base
        self.views[value] = (alias, base)
        return alias

    def view(self, value: Value, line: Line | None, name: str = "") -> str:
        """A view has a name; where the memory is new in every step, it is made in the step."""
        owner = self.owner(value)
        text, base = self.look(value, line), self.of(owner, line)
        if not self.is_new(owner):
            if value not in self.views:
                found = [view for view, other in self.views.values() if other == text]
                view = found[0] if found else self.names.unique(name or base + suffix(value))
                self.views[value] = (view, text)
            return self.views[value][0]
        if value not in self.locals:
            self.locals[value] = self.names.unique(base + suffix(value))
            self.out.append(f"{self.locals[value]} = {text}")
        return self.locals[value]

    def look(self, value: Value, line: Line | None) -> str:
        """The expression of a view, from the array that owns the memory."""
        if value is self.owner(value):
            return self.of(value, line)
        assert value.base is not None
        return value.look.format(self.look(value.base, line))

    def owner(self, value: Value) -> Value:
        """The value that a buffer is laid out for, or the root."""
        while value.base is not None and value not in self.whole:
            value = value.base
        return value

    def is_new(self, owner: Value) -> bool:
        """Whether the array behind a value is another one in every step."""
        if owner.kind == "given":
            return owner.role in ("argument", "upstream")
        place = self.whole.get(owner) or self.plan.place(owner)
        return place is not None and not self.fresh.isdisjoint(place.values)

    # ---- what comes before -----------------------------------------------------------------------

    def title(self) -> str:
        return f"{self.name} as a NumPy program."

    def table(self) -> str:
        """Name, dtype, shape and role of each array that is there before the step."""
        stored = {given for given, _ in self.plan.draft.stores}
        rows = []
        for value, name in self.names.given.items():
            if value.kind == "given":
                role = ROLES.get(value.role) or (
                    "changed by the step" if value in stored else "used"
                )
                rows.append((name, value.dtype.name, str(value.shape), role))
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
        return "\n".join(
            "    " + "   ".join(cell.ljust(w) for cell, w in zip(row, [*widths, 0], strict=True))
            for row in rows
        )

    def setup(self) -> Iterator[list[str]]:
        if self.constants:
            yield ["# constants", *(f"{name} = {text}" for name, text in self.constants.items())]
        places = dict.fromkeys(
            place
            for place in self.plan.places.values()
            if place.kind != "given" and self.fresh.isdisjoint(place.values)
        )
        if places:
            yield ["# buffers", *(f"{self.names.of(p)} = {self.buffer(p)}" for p in places)]
        if self.views:
            lines = dict.fromkeys(f"{name} = {text}" for name, text in self.views.values())
            yield ["# views", *lines]

    def made_of(self, buffer: str) -> Iterator[str]:
        """The lines of the set-up that make a buffer and all views of it."""
        for place, name in self.names.places.items():
            if name == buffer:
                yield f"{name} = {self.buffer(place)}"
                for value, (view, text) in self.views.items():
                    owner = self.owner(value)
                    if (self.whole.get(owner) or self.plan.place(owner)) is place:
                        yield f"{view} = {text}"

    def buffer(self, place: Place) -> str:
        value, other = place.layout, place.shares
        if other is None:
            return new_array(value)
        name = self.names.of(other)
        if other.layout.dtype != value.dtype:
            name = f"{name}.view({dtype_name(value.dtype)})"
        return name if other.layout.shape == value.shape else f"{name}.reshape({value.shape})"

    def functions(self) -> set[str]:
        """The names that the text uses without `np.` before them."""
        lines = [*self.step, *self.way_back, *(text for _, text in self.views.values())]
        code = " ".join(line for line in lines if not line.lstrip().startswith("#"))
        words = set(re.findall(r"(?<![\w.])[a-z]\w*", code))
        return {word for word in words if word in NAMESPACE}


ROLES = {
    "argument": "argument",
    "number": "an option of the optimizer",
    "gradient": "gradient from before",
    "upstream": "gradient of the result",
}


def indented(lines: list[str] | Iterator[str]) -> Iterator[str]:
    return (f"    {line}" if line else "" for line in lines)


def reduction(line: Line, x: str, out: str) -> str:
    options = line.options
    dtype = options.get("dtype")
    parts = [x, repr(options.get("axis", 0)), "None" if dtype is None else dtype_name(dtype), out]
    return f"{line.function}({', '.join(parts + ['True'] * bool(options.get('keepdims')))})"


def suffix(value: Value) -> str:
    """What the name of a view ends in."""
    if value.look.startswith("{}["):
        return (
            "_" + "_".join(re.findall(r"\d+", value.look))
            if re.search(r"\d", value.look)
            else "_view"
        )
    match value.shape:
        case _ if value.look == "{}.T":
            return "_T"
        case ():
            return "_number"
        case (_,):
            return "_flat"
        case (1, _):
            return "_row"
        case (_, 1):
            return "_column"
    return "_view"


def shortest(number: Number) -> str:
    """The fewest digits that say which number of the dtype it is."""
    if number.text in ("inf", "-inf", "nan"):
        return f"float('{number.text}')"
    return str(number.dtype.type(number.value)) if number.dtype.kind == "f" else number.text


def dtype_name(dtype: Any) -> str:
    name = np.dtype(dtype).name
    return "bool" if name == "bool" else name


def array_text(array: Any) -> str:
    return f"np.array({array.tolist()!r}, {np_dtype(array.dtype)})"


def np_dtype(dtype: np.dtype[Any]) -> str:
    return "bool" if dtype == bool else f"np.{dtype.name}"


def new_array(value: Value) -> str:
    """An array of the value's shape and dtype, in its order of memory."""
    if value.is_contiguous:
        return f"np.empty({value.shape}, {np_dtype(value.dtype)})"
    order = sorted(range(len(value.shape)), key=lambda i: -value.strides[i])
    shape = tuple(value.shape[i] for i in order)
    back = tuple(order.index(i) for i in range(len(order)))
    return f"np.empty({shape}, {np_dtype(value.dtype)}).transpose({back})"


def statement_of(where: tuple[str, int] | None) -> str:
    """The user's line."""
    return "" if where is None else linecache.getline(*where).strip()
