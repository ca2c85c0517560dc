"""What the arrays of a program are called: as in the model, or as the user or an op calls them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Any

from minigrad.program.notation.calls import NAMESPACE
from minigrad.program.notation.lines import Line
from minigrad.program.notation.origin import Call, Origin
from minigrad.program.notation.values import Number, Value
from minigrad.program.recording.standins import WatchedLeaf
from minigrad.program.rules.simplify import Draft
from minigrad.tensor import Tensor

__all__ = ["Names", "identifier"]

LOOP = ("range", "slice", "start", "block", "left")
SPOKEN_FOR = ("np", "bool", "float", "step", "backward", "base64", "stored", *LOOP)
RESERVED = {*keyword.kwlist, *NAMESPACE, *SPOKEN_FOR}
NUMBERS = {
    "1": "one",
    "0.0": "zero",
    "-0.0": "minus_zero",
    "1.0": "one",
    "2.0": "two",
    "0.5": "half",
    "-1.0": "minus_one",
}
NOUNS = {
    "add": "sum",
    "add.reduce": "sum",
    "subtract": "difference",
    "multiply": "product",
    "dot": "product",
    "divide": "quotient",
    "greater": "mask",
    "greater_equal": "mask",
    "less": "mask",
    "less_equal": "mask",
    "equal": "mask",
    "where": "choice",
    "putmask": "choice",
    "bitwise_and": "bits",
    "bitwise_xor": "bits",
    "assign": "copy",
}


class Names:
    """Unique names for the values of a draft."""

    def __init__(self, draft: Draft, arguments: Iterable[str], gradient: str = "{}_grad") -> None:
        self.draft, self.origins = draft, draft.tape.origins
        self.gradient = gradient  # how the gradient of something is called
        self.taken: set[str] = RESERVED | set(arguments)
        self.given: dict[Value, str] = {}
        self.hints: dict[Value, str] = {}
        self.stored: dict[Value, str] = {}  # what is made in memory that was there before
        self.numbers: dict[Number, str] = {}
        self.makers = {line.out: line for line in draft.lines}
        self.last: dict[Any, Any] = {}
        for line in draft.lines:
            for event in events(line.origin):
                self.last[event] = line.out
        for event in self.last:
            if event[0] in ("user", "kernel") and event[1] in self.origins.assigned:
                self.last[event] = self.assigned_to(event[1])
        self.results = {event[1]: v for event, v in self.last.items() if event[0] == "call"}
        self.name_given()
        self.name_results()

    def unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self.taken:
            count += 1
            candidate = f"{name}_{count}"
        self.taken.add(candidate)
        return candidate

    # ---- what is there before --------------------------------------------------------------------

    def name_given(self) -> None:
        """The path without its root, unless two would be called the same."""
        found = {value.root for line in self.draft.lines for value in line.reads()}
        found |= {given for given, _ in self.draft.stores} | set(self.draft.tape.arguments())
        order = [memory.start for memory in self.draft.tape.outside.values()]
        given = [value for value in order if value in found and value.kind == "given"]
        short = {value: identifier(shortened(value.path)) for value in given}
        for value in sorted(given, key=lambda v: v.role != "argument"):
            rivals = [other for other in given if short[other] == short[value]]
            name = short[value] if len(rivals) == 1 else identifier(value.path)
            is_free = value.role == "argument" and name not in RESERVED
            self.given[value] = name if is_free else self.unique(name)

    def constant(self, value: Value) -> str:
        if value not in self.given:
            self.given[value] = self.unique(constant_hint(value))
        return self.given[value]

    def of_tensor(self, tensor: Any) -> str | None:
        """The name of a tensor's array; None also for what is no tensor."""
        for value, name in self.given.items():
            if isinstance(tensor, Tensor) and value.array is tensor.array:
                return name
        return None

    def of_grad(self, leaf: WatchedLeaf) -> str:
        name = self.given.get(leaf.value) or identifier(shortened(leaf.value.path))
        return self.gradient.format(name)

    def assigned_to(self, where: Any) -> Any:
        """The value that a variable got; not that of the last line of the call, as it may be."""
        value = self.origins.assigned[where]
        return self.draft.now(value) if isinstance(value, Value) else None

    # ---- what the lines make ---------------------------------------------------------------------

    def name_results(self) -> None:
        """The last value that a call, a variable or a gradient gets is the one it is."""
        order = {line.out: i for i, line in enumerate(self.draft.lines)}
        for kind in ("user", "call", "grad", "kernel"):
            found: dict[Value, str] = {}
            for event, value in self.last.items():
                if event[0] == kind and value in order and value not in self.hints:
                    name = self.event_name(*event)
                    if name is not None and name.isidentifier():
                        found.setdefault(value, name)
            for value in sorted(found, key=lambda value: order[value]):
                self.hints[value] = self.unique(found[value])

    def event_name(self, kind: str, what: Any, name: Any) -> str | None:
        if kind == "grad" and isinstance(what, WatchedLeaf):
            return self.of_grad(what)
        if kind == "grad":
            hint = self.of_call(self.origins.call_before(what.time))
            return None if hint is None else self.gradient.format(hint)
        if kind == "call":
            return f"{identifier(shortened(name))}_out" if name else f"{what.op.__name__}_out"
        return None if name in self.given.values() else str(name)

    def of_call(self, call: Call | None) -> str | None:
        """The name of what a call has made."""
        result = None if call is None else self.results.get(call)
        return None if result is None else self.stored.get(result) or self.hints.get(result)

    def of_value(self, value: Value) -> str | None:
        """The name of what holds a value of the recording."""
        value = self.draft.now(value)
        if value.kind == "given" and value not in self.given:  # nobody computes with it
            return identifier(shortened(value.path))
        return self.given.get(value) or self.stored.get(value) or self.hints.get(value)

    def of_part(self, value: Value) -> str:
        """The name of an intermediate result: what it is part of, and what it is."""
        line = self.makers[value]
        if self.is_copy(value):
            return f"{self.of_root(*line.reads())}_copy"
        whole = next((self.last[e] for e in events(line.origin) if self.last.get(e)), None)
        name = None if whole is None else self.hints.get(whole)
        if isinstance(line.origin.target, Tensor):
            name = self.of_tensor(line.origin.target)
        function = str(line.options.get("of", line.function))
        noun = NOUNS.get(function, function.rpartition(".")[2])
        if line.origin.phase == "update" and line.out.dtype.itemsize == 8:
            noun = "before" if self.is_before(line) else "after"
        return f"{name}_{noun}" if name else noun

    def of_root(self, value: Value) -> str | None:
        return self.given.get(value.root) or self.hints.get(value.root)

    def is_before(self, line: Line) -> bool:
        """Whether a line of an update takes the tensors that are updated."""
        target = line.origin.target
        arrays = [t.array for t in (target if isinstance(target, tuple) else (target,))]
        return all(any(value.root.array is array for array in arrays) for value in line.reads())

    def is_copy(self, value: Value) -> bool:
        """Whether a value without a name is a copy of one that has a name."""
        line = self.makers.get(value)
        if line is None or value in self.hints or line.function != "assign":
            return False
        return line.origin.phase != "update" and any(map(self.of_root, line.reads()))

    def of_number(self, number: Number, line: Line | None = None) -> str:
        if number not in self.numbers:
            self.numbers[number] = self.unique(number_hint(number, line))
        return self.numbers[number]


def constant_hint(value: Value) -> str:
    """An array of equal numbers is called after the number."""
    array = value.array
    if array is not None and array.size == 1:
        return NUMBERS.get(repr(array.item()), "constant")
    if array is None or array.size == 0 or not (array == array.flat[0]).all():
        return "constant"
    return {0: "zeros", 1: "ones"}.get(array.flat[0], "constant")


def number_hint(number: Number, line: Line | None) -> str:
    """A number is called as the op calls it."""
    if number.text in NUMBERS:
        return NUMBERS[number.text]
    call = None if line is None else line.origin.call
    for name, value in ({} if call is None else call.arguments).items():
        if isinstance(value, bool | int | float) and number.dtype.type(value) == number.value:
            return name
    digits = re.sub(r"\W", "_", number.digits.removesuffix(".0").replace("-", "minus_"))
    return f"n{digits}"


def events(origin: Origin) -> Iterable[tuple[str, Any, Any]]:
    """What a line is under way to: variables, the result of a call, a gradient."""
    for where, name in origin.variables:
        yield where[0], where, name
    if origin.phase == "forward" and origin.call is not None:
        yield "call", origin.call, origin.module
    if origin.phase == "backward" and origin.target is not None:
        yield "grad", origin.target, None


def shortened(path: tuple[str, ...]) -> tuple[str, ...]:
    """A path without its root, if what remains is a name."""
    return path[1:] if len(path) > 1 and not path[1][0].isdigit() else path


def identifier(path: Iterable[str]) -> str:
    """A path as a name: ("stack", "0", "weight") is stack_0_weight, ("0",) alone layer_0."""
    name = re.sub(r"\W+", "_", "_".join(path)).removesuffix("_buffer")
    return f"layer_{name}" if not name or name[0].isdigit() else name
