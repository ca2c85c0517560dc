"""The fast style: every call writes into a buffer that was made before.

Constants, buffers and views of them are set up once. A step is then one call of NumPy a line, and
asks for no memory but that of what it returns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np

from minigrad.program.calls import NAMESPACE, UPDATES, expression, index_of, option_text, tuple_of
from minigrad.program.formulas import Comments
from minigrad.program.memory import Place, Plan
from minigrad.program.names import Names
from minigrad.program.pack import parts_of
from minigrad.program.page import (
    WIDTH,
    Page,
    constant_text,
    dtype_name,
    indented,
    new_array,
    wrapped,
)
from minigrad.program.tape import Block, Line, Number, Operand, Value

__all__ = ["Buffered"]


class Buffered(Page):
    """Writes a plan down. `gradients` says for which leaf a value is kept."""

    def __init__(
        self,
        plan: Plan,
        names: Names,
        returned: list[Value],
        gradients: dict[Value, str],
        title: str,
    ) -> None:
        super().__init__(plan.draft, names, returned, title)
        self.plan, self.gradients = plan, gradients
        self.fresh = {value.root for value in (*returned, *plan.draft.back)}  # new in every step
        self.whole = {place.layout: place for place in plan.places.values()}
        self.places: dict[Place, str] = {}
        self.constants: dict[str, str] = {}
        self.views: dict[Value, tuple[str, str]] = {}
        self.locals: dict[Value, str] = {}
        self.parts: dict[str, str] = {}
        self.comments = Comments(names)
        self.step = self.body(returned, is_back=False)
        self.way_back = self.body(plan.draft.back, is_back=True)
        self.name_gradients()

    # ---- the step --------------------------------------------------------------------------------

    def body(self, results: list[Value], is_back: bool) -> list[str]:
        """The lines of the step, or of the way back from its result."""
        self.out: list[str] = []
        self.looks = self.out  # where views are made that are new in every step
        for value in results:
            self.out.append(f"{self.of(value)} = empty({value.shape}, {dtype_name(value.dtype)})")
        chosen = (x for x in self.plan.lines if x.is_back is is_back and x.function != "empty")
        for block, lines in groupby(chosen, key=lambda line: line.block):
            if block is None:
                self.write(lines)
            else:
                self.loop(block, lines)
        for given, value in () if is_back else self.plan.copies:
            self.out.append(f"{self.of(given)}[...] = {self.of(value)}")
        return self.out

    def write(self, lines: Iterable[Line]) -> None:
        for line in lines:
            comments = list(self.comments.before(line))
            if self.out and self.out[-1].startswith(" ") and comments[:1] != [""]:
                self.out.append("")  # behind a loop
            self.out += comments
            self.out += list(self.statements(line))

    def loop(self, block: Block, lines: Iterable[Line]) -> None:
        """Lines that go through large arrays block by block."""
        count, rows = block.count, block.rows
        head = [f"block = slice(start, start + {rows})"]
        head += [] if block.is_even else [f"left = {count} - start"]
        out, self.out, self.looks = self.out, [], head
        self.write(lines)
        body = [line.removesuffix("----") for line in self.out]  # as wide as outside
        self.out = self.looks = out
        self.out += ["", "# block by block, so that what lies between stays in the cache"]
        self.out += [f"for start in range(0, {count}, {rows}):", *indented(head + body)]

    def statements(self, line: Line) -> Iterator[str]:
        """The line, its result in its place."""
        inputs = [self.of(part_of(operand, line), line) for operand in line.inputs]
        out = self.of(part_of(line.out, line), line)
        match line.function:
            case function if function in UPDATES:
                if not self.is_there(line):
                    yield f"{out}[...] = {inputs[0]}"
                yield self.update(line, out, inputs)
            case "dot" if line.out.is_contiguous:
                yield f"{inputs[0]}.dot({inputs[1]}, {out})"
            case "maximum" | "minimum":
                yield f"{line.function}({', '.join(inputs)}, out={out})"
            case "concatenate" | "stack":
                joined = f"({', '.join(inputs)},)" if len(inputs) == 1 else f"({', '.join(inputs)})"
                yield f"{line.function}({joined}, {line.options['axis']}, {out})"
            case "assign" if isinstance(line.inputs[0], Number):
                yield f"{out}.fill({line.inputs[0].digits})"
            case "pack":
                yield from self.pack(line, out, inputs)
            case "float":
                floats = [self.as_float(operand, line) for operand in line.inputs]
                target = f"{out}[{', '.join('0' for _ in line.out.shape) or '()'}]"
                text = f"{target} = {line.options['text'].format(*floats)}"
                yield from wrapped(text, f"{target} = (", WIDTH - 4)
            case function if function.endswith(".reduce"):
                yield reduction(line, inputs[0], out)
            case function if isinstance(NAMESPACE.get(function), np.ufunc):
                options = [f"{key}={dtype_name(value)}" for key, value in line.options.items()]
                yield f"{function}({', '.join([*inputs, out, *options])})"
            case _:
                yield f"{out}[...] = {expression(line, lambda x: self.of(part_of(x, line), line))}"

    def is_there(self, line: Line) -> bool:
        """Whether what a line changes a part of lies in the memory of its result already."""
        base = line.inputs[0]
        if not isinstance(base, Value) or base.base is not None:
            return False
        return self.plan.places.get(base) is self.plan.places[line.out]

    def update(self, line: Line, out: str, inputs: list[str]) -> str:
        """A write into a part of memory."""
        if line.function == "put":
            target = str(line.options["look"]).format(out)
            return (
                f"{target} = {inputs[1]}" if target[-1] == "]" else f"{target}[...] = {inputs[1]}"
            )
        if line.function == "putmask":
            return f"putmask({out}, {inputs[1]}, {inputs[2]})"
        index = index_of if line.function == "setitem" else tuple_of
        text = index(line, lambda operand: self.of(operand, line))
        if line.function == "setitem":
            return f"{out}[{text}] = {inputs[1]}"
        return f"add.at({out}, {text}, {inputs[1]})"

    def pack(self, line: Line, out: str, inputs: list[str]) -> Iterator[str]:
        """Each input goes to its part of the result."""
        shapes = [operand.shape for operand in line.inputs if isinstance(operand, Value)]
        for part, x in zip(parts_of(self.draft.tape, line.out, shapes), inputs, strict=True):
            name = f"{x.removesuffix('_grad')}_{out.rpartition('_')[2]}"
            yield f"{self.view(part, line, name)}[...] = {x}"

    def as_float(self, operand: Operand, line: Line) -> str:
        return operand.text if isinstance(operand, Number) else f"{self.of(operand, line)}.item()"

    def written(self, value: Value) -> str:
        return self.of(value)

    # ---- operands --------------------------------------------------------------------------------

    def of(self, operand: Operand, line: Line | None = None) -> str:
        """What an operand is called; constants and views are set up when they are first used."""
        if isinstance(operand, Number):
            name = self.names.of_number(operand, line)
            self.constants[name] = f"np.array({operand.digits}, np.{operand.dtype.name})"
            return name
        if operand.base is not None:
            return (
                self.place(self.whole[operand])
                if operand in self.whole
                else self.view(operand, line)
            )
        if operand.kind == "given":
            return self.names.given[operand]
        if operand.kind == "constant":
            name = self.names.constant(operand)
            text = constant_text(operand)
            if text is not None:
                self.constants.setdefault(name, text)
            return name
        return self.result(operand, line)

    def result(self, value: Value, line: Line | None) -> str:
        """The name of a computed value. A place may hold several, one after the other."""
        place = self.plan.places[value]
        if place.layout.shape != value.shape:
            look = f"{{}}.reshape({', '.join(map(str, value.shape)) or '()'})"
            return self.view(self.draft.tape.view(place.layout, look, value), line)
        name = self.named(value, place)
        if name != self.place(place):
            self.views[value] = (name, self.place(place))
        return name

    def place(self, place: Place) -> str:
        """The name of a place: that of its first value that has one."""
        if place not in self.places:
            named = [value for value in place.values if value in self.names.hints]
            if place.kind == "given":
                self.places[place] = self.names.given[place.layout]
            elif named:
                is_new = not self.fresh.isdisjoint(place.values)
                self.places[place] = self.names.hints[named[-1 if is_new else 0]]
            elif place.values and place.values[-1] in self.gradients:
                self.places[place] = self.names.unique(self.gradients[place.values[-1]])
            else:
                last = place.values[-1] if place.values else place.layout
                self.places[place] = self.names.unique(self.names.of_part(last))
        return self.places[place]

    def named(self, value: Value, place: Place) -> str:
        """The name of a value: its own, or that of what is made of it in the same place."""
        if place.kind == "given" or not self.fresh.isdisjoint(place.values):
            return self.place(place)
        at = place.values.index(value)
        for other in (*place.values[at:], *reversed(place.values[:at])):
            if other in self.names.hints:
                return self.names.hints[other]
        return self.place(place)

    def name_gradients(self) -> None:
        """A gradient that is known under another name, as a bias's is, is found under its own."""
        for value, name in self.gradients.items():
            found = self.of(value)
            if value not in self.fresh and found != name and name not in self.names.taken:
                same = Value("view", value, base=value, look="{}")
                self.views[same] = (self.names.unique(name), found)

    def view(self, value: Value, line: Line | None, name: str = "") -> str:
        """A view has a name; where the memory is new in every step, it is made in the step."""
        owner = self.owner(value)
        if value.role == "part":
            return self.part(value, line)
        text, base = self.look(value, line), self.of(owner, line)
        if not self.is_new(owner):
            if value not in self.views:
                found = [view for view, other in self.views.values() if other == text]
                view = found[0] if found else self.names.unique(name or base + suffix(value))
                self.views[value] = (view, text)
            return self.views[value][0]
        if value not in self.locals:
            self.locals[value] = self.names.unique(base + suffix(value))
            self.looks.append(f"{self.locals[value]} = {text}")
        return self.locals[value]

    def part(self, value: Value, line: Line | None) -> str:
        """The rows of an array in the block that the loop has come to."""
        if value not in self.locals:
            assert value.base is not None
            base = self.of(value.base, line)
            if base not in self.parts:
                self.parts[base] = self.names.unique(f"{base}_block")
            self.locals[value] = self.parts[base]
            text = f"{self.parts[base]} = {value.look.format(base)}"
            self.looks += [text] if text not in self.looks else []
        return self.locals[value]

    def look(self, value: Value, line: Line | None) -> str:
        """The expression of a view, from the array that owns the memory."""
        if value is self.owner(value) or value.base is None:
            return self.of(value, line)
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

    def setup(self) -> Iterator[list[str]]:
        if self.constants:
            yield ["# constants", *(f"{name} = {text}" for name, text in self.constants.items())]
        places = [
            place
            for place in dict.fromkeys(self.plan.places.values())
            if place.kind != "given" and self.fresh.isdisjoint(place.values)
        ]
        if places:
            yield [
                "# buffers",
                *(f"{self.place(place)} = {self.buffer(place)}" for place in places),
            ]
        if self.views:
            lines = (f"{name} = {text}" for name, text in self.views.values())
            yield ["# views", *dict.fromkeys(lines)]

    def buffer(self, place: Place) -> str:
        value, other = place.layout, place.shares
        if other is None:
            return new_array(value)
        name = self.place(other)
        if other.layout.dtype != value.dtype:
            name = f"{name}.view({dtype_name(value.dtype, 'np.')})"
        return name if other.layout.shape == value.shape else f"{name}.reshape({value.shape})"

    def made_of(self, buffer: str) -> Iterator[str]:
        """The lines of the set-up that make a buffer and all views of it."""
        of_it = {buffer, *(text for name, text in self.views.values() if name == buffer)}
        for place, name in self.places.items():
            if name in of_it:
                yield f"{name} = {self.buffer(place)}"
                for value, (view, text) in self.views.items():
                    owner = self.owner(value)
                    if (self.whole.get(owner) or self.plan.place(owner)) is place:
                        yield f"{view} = {text}"


def part_of(operand: Operand, line: Line) -> Operand:
    """What a line in a loop sees of an operand."""
    if line.block is None or isinstance(operand, Number):
        return operand
    return line.block.part(operand)


def reduction(line: Line, x: str, out: str) -> str:
    dtype = line.options.get("dtype")
    parts = [x, repr(line.options.get("axis", 0))]
    parts += ["None" if dtype is None else dtype_name(dtype), out]
    parts += ["True"] * bool(line.options.get("keepdims"))
    if "initial" in line.options:
        parts.append(f"initial={option_text(line.options['initial'])}")
    return f"{line.function}({', '.join(parts)})"


def suffix(value: Value) -> str:
    """What the name of a view ends in."""
    if value.look == "{}.T":
        return "_T"
    if value.look.startswith("{}["):
        return "_".join(["", *re.findall(r"\d+", value.look)]) or "_view"
    match value.shape:
        case ():
            return "_number"
        case (_,):
            return "_flat"
        case (1, _):
            return "_row"
        case (_, 1):
            return "_column"
    return "_view"
