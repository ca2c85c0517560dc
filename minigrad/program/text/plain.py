"""The textbook's style: expressions, as one would write them to explain the calculation.

No buffers, no views made in advance, none of what the engine does only for the last bit: products
of matrices are `@`, sums are sums, and an update is `weight[...] += -lr * gradient`. The results
are those of the engine up to rounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from minigrad.program.notation.calls import UPDATES, index_of, tuple_of
from minigrad.program.notation.expressions import (
    ATOM,
    OPERATORS,
    PRODUCT,
    SIGN,
    SUM,
    Text,
    with_sign,
)
from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Number, Operand, Value
from minigrad.program.rules.simplify import Draft
from minigrad.program.text.formulas import Comments
from minigrad.program.text.names import Names
from minigrad.program.text.page import (
    WIDTH,
    Page,
    constant_text,
    dtype_name,
    full_text,
    tuple_text,
    wrapped,
)
from minigrad.program.text.patterns import (
    factors_of_outer,
    is_flat,
    is_one_number,
    is_whole_product,
    option,
)

__all__ = ["Plain"]


NEW = ("np.zeros(", "np.ones(", "np.full(", "np.array(")  # an array of its own


class Plain(Page):
    """Writes a draft down, an expression for each value that has a name or is used twice."""

    def __init__(
        self, draft: Draft, names: Names, returned: list[Value], gradients: list[Value], title: str
    ) -> None:
        super().__init__(draft, names, returned, title)
        self.gradients = gradients
        self.uses = Counter(v.root for line in draft.lines for v in line.reads())
        self.uses.update(value.root for value in (*draft.outputs, *draft.back))
        self.stored = {value: given for given, value in draft.stores if value.base is None}
        self.kept = {value.root for _, value in draft.stores}
        self.put_out = {value.root for value in draft.outputs}
        self.last = self.last_reads()
        self.texts: dict[Value, Text] = {}
        self.negated = self.named_without_minus()
        self.comments = Comments(names)
        self.step = self.body(is_back=False)
        self.way_back = self.body(is_back=True)

    def named_without_minus(self) -> frozenset[Value]:
        """What the optimizer knows as minus_lr is lr in the textbook."""
        given = self.names.given
        found = [value for value in given if given[value].endswith("minus_lr")]
        for value in found:
            given[value] = self.names.unique(given[value].replace("minus_lr", "lr"))
        return frozenset(found)

    def last_reads(self) -> dict[Value, int]:
        """The line in whose statement a value is read last: an expression waits for its user."""
        readers = {v.root: line for line in self.draft.lines for v in line.reads()}
        at: dict[Line, int] = {}
        last: dict[Value, int] = {}
        for i, line in reversed([*enumerate(self.draft.lines)]):
            reader = readers.get(line.out)
            is_part = reader is not None and self.is_part(line)
            at[line] = at[reader] if reader is not None and is_part else i
            for value in line.reads():
                last[value.root] = max(last.get(value.root, -1), at[line])
        return last

    def is_part(self, line: Line) -> bool:
        """Whether a line is no statement, but an expression within another one."""
        if line.function in UPDATES or line.out in self.kept or line.out in self.names.hints:
            return False
        if line.out in self.put_out and self.reads_stored(line):
            return False  # what is returned is written out behind the last write
        return self.uses[line.out] == 1

    def reads_stored(self, line: Line) -> bool:
        """Whether an expression has memory in it that the step writes."""
        if any(given is value.root for given, _ in self.draft.stores for value in line.reads()):
            return True
        makers = [self.names.makers.get(value.root) for value in line.reads()]
        return any(maker and self.is_part(maker) and self.reads_stored(maker) for maker in makers)

    def results(self) -> list[str]:
        names = super().results()
        if self.gradients:
            names.append(tuple_text(map(self.written, self.gradients)))
        return names

    # ---- the step --------------------------------------------------------------------------------

    def body(self, is_back: bool) -> list[str]:
        self.late: list[str] = []
        out: list[str] = []
        for i, line in enumerate(self.draft.lines):
            if line.is_back is is_back:
                statements = list(self.statements(line, i))
                for part in self.parts_of(line) if statements else ():
                    out += self.comments.before(part)
                out += statements
        for given, value in () if is_back else self.draft.stores:
            if value.base is not None:  # made in another shape than that of the memory
                self.late.append(f"{self.names.given[given]}[...] = {self.of(value).text}")
        return out + self.late

    def parts_of(self, line: Line) -> Iterator[Line]:
        """The lines whose expressions are part of a statement, and its own."""
        for value in line.reads():
            maker = self.names.makers.get(value.root)
            if maker is not None and self.is_part(maker):
                yield from self.parts_of(maker)
        yield line

    def statements(self, line: Line, i: int) -> Iterator[str]:
        """Nothing, if the expression may stand where its value is used."""
        given = self.stored.get(line.out)
        if self.is_part(line):
            self.texts[line.out] = self.expression(line)
        elif line.function in UPDATES:
            name = self.new_name(line.out)
            base = self.of(line.inputs[0])
            is_new = base.text.startswith("np.")  # a constant, which is written out
            yield f"{name} = {base.text if is_new else base.within(ATOM) + '.copy()'}"
            yield self.update(line, name)
            yield from self.stored_late(given, name)
        elif given is not None and self.last.get(given, -1) <= i:
            self.texts[line.out] = Text(self.names.given[given])
            self.names.stored[line.out] = self.names.given[given]
            text = self.assignment(line, given)
            yield from wrapped(text, text[: text.index("= ") + 2] + "(", WIDTH - 4)
        else:
            text = self.expression(line).text
            name = self.new_name(line.out)
            yield from wrapped(f"{name} = {text}", f"{name} = (", WIDTH - 4)
            yield from self.stored_late(given, name)

    def stored_late(self, given: Value | None, name: str) -> Iterator[str]:
        """What memory from before gets at the end, when nobody reads what was in it."""
        if given is not None:
            self.late.append(f"{self.names.given[given]}[...] = {name}")
        return iter(())

    def assignment(self, line: Line, given: Value) -> str:
        """The write into memory that was there before."""
        name = self.names.given[given]
        if line.function == "fma" and line.inputs[2] is given:
            factor, x = (self.of(operand) for operand in line.inputs[:2])
            sign = "-" if factor.text.startswith("-") else "+"
            return f"{name}[...] {sign}= {factor.text.lstrip('-')} * {x.within(SIGN)}"
        if line.function == "assign":  # which copies by itself
            return f"{name}[...] = {self.of(self.uncopied(line.inputs[0])).text}"
        return f"{name}[...] = {self.expression(line).text}"

    def update(self, line: Line, name: str) -> str:
        source = self.of(self.uncopied(line.inputs[-1])).text
        if line.function == "put":
            target = str(line.options["look"]).format(name)
            return f"{target} = {source}" if target[-1] == "]" else f"{target}[...] = {source}"
        if line.function == "putmask":
            return f"np.putmask({name}, {self.of(line.inputs[1]).text}, {source})"
        index = index_of if line.function == "setitem" else tuple_of
        text = index(line, lambda operand: self.of(operand).text)
        if line.function == "setitem":
            return f"{name}[{text}] = {source}"
        return f"np.add.at({name}, {text}, {source})"

    def uncopied(self, operand: Operand) -> Operand:
        """What an operand is a copy of, if nothing else is: an assignment copies once more."""
        maker = None if isinstance(operand, Number) else self.names.makers.get(operand)
        if maker is None or maker.function != "assign" or not self.is_part(maker):
            return operand
        return maker.inputs[0] if maker.inputs[0].dtype == operand.dtype else operand

    def unsigned(self, value: Operand) -> Operand:
        """What a value is the absolute of, if nothing else is: a norm takes its square."""
        maker = None if isinstance(value, Number) else self.names.makers.get(value)
        is_absolute = maker is not None and maker.function == "absolute" and self.is_part(maker)
        return maker.inputs[0] if maker is not None and is_absolute else value

    # ---- expressions -----------------------------------------------------------------------------

    def new_name(self, value: Value) -> str:
        if value not in self.names.hints:
            self.names.hints[value] = self.names.unique(self.names.of_part(value))
        name = self.names.hints[value]
        self.texts[value] = Text(name)
        return name

    def written(self, value: Value) -> str:
        return self.of(value).text

    def of(self, operand: Operand) -> Text:
        if isinstance(operand, Number):
            text = operand.digits
            return Text(text, SIGN if text.startswith("-") else ATOM)
        if operand.base is not None and is_one_number(operand):
            assert operand.root.array is not None
            return Text(full_text(operand.root.array.flat[0], operand.shape))
        if operand.base is not None:
            base = self.of(operand.base)
            if is_whole_product(operand, self.names.makers):
                return base
            is_inner = not operand.look.startswith("{}")
            return Text(operand.look.format(base.text if is_inner else base.within(ATOM)))
        if operand in self.negated:
            return Text(f"-{self.names.given[operand]}", SIGN)
        if operand.kind == "given":
            return Text(self.names.given[operand])
        if operand.kind == "constant" and operand.array is not None:
            return Text(constant_text(operand) or self.names.constant(operand))
        return self.texts[operand]

    def expression(self, line: Line) -> Text:
        inputs = [self.of(operand) for operand in line.inputs]
        match line.function:
            case "product" if outer := factors_of_outer(line.inputs):
                return Text(f"np.outer({', '.join(self.of(factor).text for factor in outer)})")
            case "where" if all(isinstance(choice, Number) for choice in line.inputs[1:]):
                kind = dtype_name(line.out.dtype, "np.")
                choices = (f"{kind}({choice.text})" for choice in inputs[1:])
                return Text(f"np.where({inputs[0].text}, {', '.join(choices)})")
            case function if function in OPERATORS and not line.options:
                return with_sign(*OPERATORS[function], *inputs)
            case "negative":
                return Text(f"-{inputs[0].within(SIGN)}", SIGN)
            case "fma":
                c, x, y = inputs
                return with_sign("+", SUM, with_sign("*", PRODUCT, c, x), y)
            case "total":
                return self.total(line)
            case "same":
                return inputs[0]
            case "assign":
                return Text(self.copy(line, inputs[0]))
            case "take":
                axis = line.options["axis"]
                return Text(f"{inputs[0].within(ATOM)}.take({inputs[1].text}, {axis})")
            case "getitem":
                index = index_of(line, lambda operand: self.of(operand).text)
                return Text(f"{inputs[0].within(ATOM)}[{index}]")
            case "linalg.norm" if is_flat(line.inputs[0]) and line.options["ord"] in (None, 2):
                whole: Operand = line.inputs[0].base or line.inputs[0]  # type: ignore[union-attr]
                return Text(f"np.linalg.norm({self.of(self.unsigned(whole)).text})")
            case "look":
                return Text(str(line.options["look"]).format(inputs[0].within(ATOM)))
            case "concatenate" | "stack":
                parts = tuple_text(part.text for part in inputs)
                return Text(f"np.{line.function}({parts}, {line.options['axis']})")
            case "empty":
                return Text(f"np.empty({line.out.shape}, {dtype_name(line.out.dtype, 'np.')})")
        options = [f"{key}={option(value)}" for key, value in line.options.items()]
        texts = [text.text for text in inputs]
        return Text(f"np.{line.function}({', '.join([*texts, *options])})")

    def total(self, line: Line) -> Text:
        (x,) = line.inputs
        assert isinstance(x, Value)
        axes = line.options["axes"]
        if axes == 0 and len(x.shape) == 1:
            axes = None
            if x.look == "{}.reshape(-1)" and x.base is not None:
                x = x.base
        return Text(f"{self.of(x).within(ATOM)}.sum({'' if axes is None else axes})")

    def copy(self, line: Line, x: Text) -> str:
        (source,), out = line.inputs, line.out
        kind = dtype_name(out.dtype, "np.")
        if isinstance(source, Number):
            return f"np.full({out.shape}, {x.text}, {kind})"
        text = x.within(ATOM)
        if source.shape != out.shape:
            text = f"np.broadcast_to({x.text}, {out.shape})"
        if source.dtype != out.dtype:
            return f"{text}.astype({kind})"
        is_new = text.startswith(NEW) and source.root.kind == "constant"
        return text if is_new else f"{text}.copy()"
