"""What the arrays of a program are called: as in the model, or as the user and the ops call them."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.program.calls import NAMESPACE
from minigrad.program.memory import Place, Plan
from minigrad.program.origin import Origin
from minigrad.program.standins import WatchedLeaf
from minigrad.program.tape import Line, Number, Value
from minigrad.tensor import Tensor

__all__ = ["Names", "identifier"]

RESERVED = {*keyword.kwlist, *dir(builtins), *NAMESPACE, "np", "step", "reduce"}
NOUNS = {
    "add": "sum", "subtract": "difference", "multiply": "product", "divide": "quotient",
    "dot": "product", "add.reduce": "sum", "greater": "mask", "less_equal": "mask", "less": "mask",
    "greater_equal": "mask", "equal": "mask", "assign": "copy", "negative": "negative",
    "where": "choice", "putmask": "choice", "bitwise_and": "bits", "bitwise_xor": "bits",
}  # fmt: skip
NUMBERS = {"0.0": "zero", "1.0": "one", "2.0": "two", "0.5": "half", "-1.0": "minus_one"}


class Names:
    """Unique names for values, places and numbers."""

    def __init__(self, plan: Plan, arguments: Iterable[str]) -> None:
        self.plan, self.origins = plan, plan.draft.tape.origins
        self.taken: set[str] = RESERVED | set(arguments)
        self.given: dict[Value, str] = {}
        self.hints: dict[Value, str] = {}
        self.places: dict[Place, str] = {}
        self.aliases: dict[Value, str] = {}
        self.numbers: dict[Number, str] = {}
        self.name_given()

    def name_outputs(self, gradients: Iterable[tuple[WatchedLeaf, Value]]) -> None:
        """Gradients are called after their leaves, other results as the user does."""
        self.gradients = {value.root: self.leaf_grad(leaf) for leaf, value in gradients}
        self.collect_hints()

    # ---- what is there before --------------------------------------------------------------------

    def name_given(self) -> None:
        """The path without its root, unless two would be called the same."""
        found = {v.root for line in self.plan.lines for v in line.reads()}
        found |= {given for given, _ in self.plan.draft.stores}
        found |= {value for value in self.plan.draft.tape.arguments()}
        found = {value for value in found if value.kind == "given"}
        ordered = sorted(found, key=lambda v: (v.role != "argument", v.role == "gradient"))
        short = {value: identifier(shortened(value)) for value in ordered}
        for value in ordered:
            rivals = [other for other in ordered if short[other] == short[value]]
            name = short[value] if len(rivals) == 1 else identifier(value.path)
            is_free = value.role == "argument" and name not in RESERVED
            self.given[value] = name if is_free else self.unique(name)

    def unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self.taken:
            count += 1
            candidate = f"{name}_{count}"
        self.taken.add(candidate)
        return candidate

    # ---- what the lines make ---------------------------------------------------------------------

    def collect_hints(self) -> None:
        """The last value that a call, an assignment or a gradient gets is the one it is."""
        self.makers = {line.out: line for line in self.plan.lines}
        self.wholes: dict[Any, Value] = {}
        for line in self.plan.lines:
            for event in events(line.origin):
                self.wholes[event] = line.out
        self.results = {event[1]: v for event, v in self.wholes.items() if event[0] == "call"}
        for kind in ("user", "call", "grad", "kernel"):
            for event, value in self.wholes.items():
                if event[0] == kind and value not in self.hints:
                    name = self.event_name(event)
                    if name is not None:
                        self.hints[value] = name

    def event_name(self, event: Any) -> str | None:
        kind, what, name = event
        if kind == "grad" and isinstance(what, WatchedLeaf):
            return self.leaf_grad(what)
        if kind == "grad":
            call = self.origins.call_before(what.time)
            hint = None if call is None else self.hints.get(self.results.get(call))
            return None if hint is None else f"{hint}_grad"
        if kind == "call":
            return self.module_name(name) or f"{what.op.__name__}_out"
        return str(name) if name not in self.given.values() else None

    def module_name(self, path: tuple[str, ...] | None) -> str | None:
        if not path:
            return None
        short = path[1:] if len(path) > 1 and not path[1][0].isdigit() else path
        return f"{identifier(short)}_out"

    def leaf_grad(self, leaf: WatchedLeaf) -> str:
        return f"{self.given.get(leaf.value) or identifier(shortened(leaf.value))}_grad"

    def of(self, place: Place) -> str:
        """The name of a place: of the gradient that it is for, or of its last value with a name."""
        if place not in self.places:
            if place.kind == "given":
                self.places[place] = self.given[place.layout]
            else:
                last = place.values[-1]
                hints = [self.hints[value] for value in place.values if value in self.hints]
                name = self.gradients.get(last) or (hints[-1] if hints else self.partial(place))
                self.places[place] = self.unique(name)
        return self.places[place]

    def alias(self, value: Value, place: Place) -> str | None:
        """The name of a value whose place is called after another one."""
        hint = self.hints.get(value)
        if hint is None or place.kind == "given" or self.of(place).startswith(hint):
            return None
        if value not in self.aliases:
            self.aliases[value] = self.unique(hint)
        return self.aliases[value]

    def partial(self, place: Place) -> str:
        """The name of an intermediate result: what it is part of, and what it is."""
        line = self.makers[place.values[-1]]
        whole = next((self.wholes[e] for e in events(line.origin) if e in self.wholes), None)
        name = None if whole is None else self.hints.get(whole)
        if isinstance(line.origin.target, Tensor):
            name = self.tensor_name(line.origin.target)
        noun = NOUNS.get(line.function, "part")
        if line.out.dtype == np.float64 and line.origin.phase == "update":
            noun = "before" if line.function == "pack" else "after"
        return f"{name}_{noun}" if name else noun

    def tensor_name(self, tensor: Tensor) -> str | None:
        for value, name in self.given.items():
            if value.array is tensor.array:
                return name
        return None

    def number(self, number: Number, line: Line | None = None) -> str:
        if number not in self.numbers:
            self.numbers[number] = self.unique(self.number_hint(number, line))
        return self.numbers[number]

    def constant(self, value: Value) -> str:
        if value not in self.given:
            self.given[value] = self.unique("constant")
        return self.given[value]

    def number_hint(self, number: Number, line: Line | None) -> str:
        if number.text in NUMBERS:
            return NUMBERS[number.text]
        call = None if line is None else line.origin.call
        for name, value in ({} if call is None else call.arguments).items():
            if isinstance(value, bool | int | float) and number.dtype.type(value) == number.value:
                return name
        return "constant"


def events(origin: Origin) -> Iterable[tuple[str, Any, Any]]:
    for where, name in origin.variables:
        yield where[0], where, name
    if origin.phase == "forward" and origin.call is not None:
        yield "call", origin.call, origin.module
    if origin.phase == "backward" and origin.target is not None:
        yield "grad", origin.target, None


def shortened(value: Value) -> tuple[str, ...]:
    path = value.path[:-1] if value.path[-1] == "grad" else value.path
    short = path[1:] if len(path) > 1 and not path[1][0].isdigit() else path
    return (*short, "grad") if value.path[-1] == "grad" else short


def identifier(path: Iterable[str]) -> str:
    """A path as a name: ("stack", "0", "weight") is stack_0_weight."""
    name = re.sub(r"\W+", "_", "_".join(path)).removesuffix("_buffer")
    return f"_{name}" if not name or name[0].isdigit() else name
