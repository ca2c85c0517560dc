"""What the arrays of a program are called in its text: buffers, views of them, constants.

Each is set up when it is first spoken of. A view of memory that is new in every step, an argument's
for example, is made in the step, where `looks` collects it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from minigrad.program.notation.lines import Line
from minigrad.program.notation.values import Number, Operand, Value
from minigrad.program.rules.memory import Place, Plan
from minigrad.program.text.names import Names
from minigrad.program.text.page import constant_text, dtype_name, new_array

__all__ = ["Vocabulary"]


class Vocabulary:
    """The names of one plan.

    gradients  for which leaf a value is kept
    fresh      the values whose memory is new in every step
    looks      the lines that make views of that
    """

    def __init__(
        self, plan: Plan, names: Names, gradients: dict[Value, str], returned: set[Value]
    ) -> None:
        self.plan, self.names, self.gradients = plan, names, gradients
        self.fresh = {value.root for value in returned}
        self.looks: list[str] = []
        self.whole = {place.layout: place for place in plan.places.values()}
        self.places: dict[Place, str] = {}
        self.constants: dict[str, str] = {}
        self.views: dict[Value, tuple[str, str]] = {}
        self.locals: dict[Value, str] = {}
        self.parts: dict[str, str] = {}
        self.copies: dict[Value, str] = {}

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
            return self.view(self.plan.draft.tape.view(place.layout, look, value), line)
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
                is_last = is_new or place.within is not None
                self.places[place] = self.names.hints[named[-1 if is_last else 0]]
            elif place.values and place.values[-1] in self.gradients:
                self.places[place] = self.names.unique(self.gradients[place.values[-1]])
            elif self.parts_of(place) and all(map(self.is_gradient, self.parts_of(place))):
                self.places[place] = self.names.unique("grads")
            else:
                last = place.values[-1] if place.values else place.layout
                self.places[place] = self.names.unique(self.names.of_part(last))
        return self.places[place]

    def parts_of(self, place: Place) -> list[Place]:
        """The places that are parts of one."""
        places = dict.fromkeys(self.plan.places.values())
        return [part for part in places if part.within is not None and part.within[0] is place]

    def is_gradient(self, place: Place) -> bool:
        return bool(place.values) and place.values[-1] in self.gradients

    def named(self, value: Value, place: Place) -> str:
        """The name of a value: its own, or that of what is made of it in the same place."""
        if place.kind == "given" or not self.fresh.isdisjoint(place.values):
            return self.place(place)
        if self.names.is_copy(value) and len(place.values) > 1:
            if value not in self.copies:
                self.copies[value] = self.names.unique(self.names.of_part(value))
            return self.copies[value]
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
        place = self.whole.get(owner) or self.plan.place(owner)
        if place is not None and place.kind == "given":  # what the step has written there
            owner = place.layout
        if owner.kind == "given":
            return owner.role in ("argument", "upstream")
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
            places.sort(key=lambda place: place.within is not None)  # the parts of others last
            yield ["# buffers", *(f"{self.place(p)} = {self.buffer(p)}" for p in places)]
        if self.views:
            lines = (f"{name} = {text}" for name, text in self.views.values())
            yield ["# views", *dict.fromkeys(lines)]

    def buffer(self, place: Place) -> str:
        value, other = place.layout, place.shares
        if place.within is not None:
            whole, look = place.within
            return look.format(self.place(whole))
        if other is None:
            return new_array(value)
        name = self.place(other)
        if other.layout.dtype != value.dtype:
            name = f"{name}.view({dtype_name(value.dtype, 'np.')})"
        return name if other.layout.shape == value.shape else f"{name}.reshape({value.shape})"

    def memory_of(self, buffer: str) -> str:
        """The name of what a buffer is a part of, or is itself."""
        place = self.place_called(buffer)
        return self.place(place if place.within is None else place.within[0])

    def place_called(self, name: str) -> Place:
        """The place of a buffer, by this name or by that of another value in it."""
        same = {name, *(text for other, text in self.views.values() if other == name)}
        return next(place for place, found in self.places.items() if found in same)

    def made_of(self, memory: str) -> Iterator[str]:
        """The lines of the set-up that make memory, its parts, and all views of them."""
        whole = self.place_called(memory)
        places = [whole, *self.parts_of(whole)]
        for place in places:
            yield f"{self.place(place)} = {self.buffer(place)}"
        for value, (view, text) in self.views.items():
            owner = self.owner(value)
            if (self.whole.get(owner) or self.plan.place(owner)) in places:
                yield f"{view} = {text}"


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
