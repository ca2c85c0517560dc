"""The fast style: every call writes into a buffer that was made before.

Constants, buffers and views of them are set up once. A step is then one call of NumPy a line, and
asks for no memory but that of what it returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np

from minigrad.program.notation.calls import (
    NAMESPACE,
    UPDATES,
    expression,
    index_of,
    option_text,
    tuple_of,
)
from minigrad.program.notation.lines import Block, Line
from minigrad.program.notation.values import Number, Operand, Value
from minigrad.program.rules.memory import Plan, whole
from minigrad.program.rules.pack import parts_of
from minigrad.program.text.formulas import Comments
from minigrad.program.text.names import Names
from minigrad.program.text.page import (
    WIDTH,
    Page,
    dtype_name,
    indented,
    new_array,
    wrapped,
)
from minigrad.program.text.vocabulary import Vocabulary

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
        self.plan = plan
        self.words = Vocabulary(plan, names, gradients, {*returned, *plan.draft.back})
        self.of = self.words.of
        self.comments = Comments(names)
        for given, value in plan.draft.stores:
            if plan.place(value) is plan.places[given]:
                names.stored[value.root] = names.given[given]
        self.step = self.body(returned, is_back=False)
        self.way_back = self.body(plan.draft.back, is_back=True)
        self.words.name_gradients()

    # ---- the step --------------------------------------------------------------------------------

    def body(self, results: list[Value], is_back: bool) -> list[str]:
        """The lines of the step, or of the way back from its result."""
        self.out: list[str] = []
        self.words.looks = self.out  # where views are made that are new in every step
        for value in results:
            made = whole(value)
            self.out.append(f"{self.of(made)} = {new_array(made, prefix='')}")
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
            looks, self.words.looks = self.words.looks, []
            statements = list(self.statements(line))
            comments = list(self.comments.before(line)) if statements else []
            if self.out and self.out[-1].startswith(" ") and comments[:1] != [""]:
                self.out.append("")  # behind a loop
            self.out += comments
            looks += self.words.looks  # of a loop: at its head
            self.out += statements
            self.words.looks = looks

    def loop(self, block: Block, lines: Iterable[Line]) -> None:
        """Lines that go through large arrays block by block."""
        count, rows = block.count, block.rows
        head = [f"block = slice(start, start + {rows})"]
        head += [] if block.is_even else [f"left = {count} - start"]
        out, self.out, self.words.looks = self.out, [], head
        self.write(lines)
        body = [line.removesuffix("----") for line in self.out]  # as wide as outside
        self.out = self.words.looks = out
        self.out += ["", "# block by block, so that what lies between stays in the cache"]
        self.out += [f"for start in range(0, {count}, {rows}):", *indented(head + body)]

    def statements(self, line: Line) -> Iterator[str]:
        """The line, its result in its place."""
        out = self.of(part_of(line.out, line), line)
        if line.origin.phase == "update" and line.function == "assign":
            self.name_part(line, out)
        if line.function == "float":
            yield from self.number(line, out)
            return
        inputs = [self.of(part_of(operand, line), line) for operand in line.inputs]
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
            case function if function.endswith(".reduce"):
                yield reduction(line, inputs[0], out)
            case function if isinstance(NAMESPACE.get(function), np.ufunc):
                options = [f"{key}={dtype_name(value)}" for key, value in line.options.items()]
                yield f"{function}({', '.join([*inputs, out, *options])})"
            case _:
                yield f"{out}[...] = {expression(line, lambda x: self.of(part_of(x, line), line))}"

    def name_part(self, line: Line, out: str) -> None:
        """A part of what was computed side by side is called after what it is for."""
        (x,) = line.inputs
        if isinstance(x, Value) and x.base is not None and line.block is None:
            self.part_for(out, x, line)

    def part_for(self, name: str, part: Value, line: Line) -> str:
        """What a part is called: model_bias_before is that of `before` which is for model_bias."""
        return self.words.view(part, line, f"{name}_{self.of(part.root).rstrip('_0123456789')}")

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
        """Each input goes to its part of the result, if that is not where it was made."""
        values = [operand for operand in line.inputs if isinstance(operand, Value)]
        parts = parts_of(self.draft.tape, line.out, [value.shape for value in values])
        for part, value, x, p in zip(parts, values, inputs, line.origin.target, strict=True):
            if not self.plan.is_within(value, line.out):
                yield f"{self.part_for(self.names.of_tensor(p) or x, part, line)}[...] = {x}"

    def number(self, line: Line, out: str) -> Iterator[str]:
        """One number, as an expression of Python's."""
        target = f"{out}[{', '.join('0' for _ in line.out.shape) or '()'}]"
        floats = [self.as_float(operand, line) for operand in line.inputs]
        text = line.options["text"].format(*floats)
        if len(f"{target} = {text}") > WIDTH - 4 and " else " in text:
            yield from (
                f"{target} = (",
                *indented(text.replace(" else ", "\nelse ").split("\n")),
                ")",
            )
        else:
            yield from wrapped(f"{target} = {text}", f"{target} = (", WIDTH - 4)

    def as_float(self, operand: Operand, line: Line) -> str:
        """Also a number by its name, if it is one of float32 that has more digits in float64."""
        if isinstance(operand, Number) and operand.text == operand.digits:
            return operand.text
        return f"{self.of(operand, line)}.item()"

    def setup(self) -> Iterator[list[str]]:
        return self.words.setup()

    def memory_of(self, buffer: str) -> str:
        return self.words.memory_of(buffer)

    def made_of(self, memory: str) -> Iterator[str]:
        return self.words.made_of(memory)

    def written(self, value: Value) -> str:
        return self.of(value) if whole(value) is value else self.words.look(value, None)


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
