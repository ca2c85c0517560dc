"""The way into a program: what must hold for it, and what it leaves behind in tensors.

An entry is a generated function. It first asks whether everything is as it was when the step was
recorded, and each question is an `is` or a comparison of sizes; if something is not, it has done
nothing yet, and hands the call over. Then it runs the program on the arrays, dates the writes, and
makes the tensors.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.autograd.grad_mode import enabled
from minigrad.autograd.graph import Leaf, tick, touch
from minigrad.autograd.quiet import local
from minigrad.autograd.watch import examiners, watcher
from minigrad.program.arguments import Argument, Arguments
from minigrad.program.hyper import NUMBERS, Numbers
from minigrad.program.program import Program
from minigrad.program.results import NewTensor
from minigrad.program.standins import Given, WatchedLeaf
from minigrad.program.surroundings import Fact, contents_of, is_plain, is_same
from minigrad.program.tape import Array
from minigrad.program.wayback import Workshop
from minigrad.tensor import Tensor

__all__ = ["Entry"]


class Entry:
    """The entry of one program; `miss(...)` takes the calls that it is not for."""

    def __init__(self, program: Program, arguments: Arguments, miss: Callable[..., Any]) -> None:
        self.program, self.arguments = program, arguments
        self.recording = program.recording
        self.namespace = program.new_namespace()
        self.objects: list[Any] = []
        self.names: dict[int, str] = {}
        self.facts: list[tuple[Fact, str]] = []
        self.globals: set[str] = set()
        self.miss = self.name(miss)
        if self.recording.results.gradients:
            self.workshop = Workshop(program)
        self.checks = [*self.all_checks()]
        self.effects = [*self.all_effects()]
        self.source = "\n".join(self.lines()) + "\n"
        exec(compile(self.source, "<entry of a compiled step>", "exec"), self.namespace)
        self.call: Callable[..., Any] = self.namespace["__entry"]
        self.call.__qualname__ = program.title
        self.holds: Callable[..., bool] = self.namespace["__holds"]

    def name(self, value: Any) -> str:
        """The name of an object in the generated code."""
        if id(value) not in self.names:
            self.objects.append(value)  # kept, so that its id stays its own
            self.names[id(value)] = f"__{len(self.objects)}"
            self.namespace[self.names[id(value)]] = value
        return self.names[id(value)]

    def variable(self, value: Any) -> str:
        """A name of its own, whose object may be exchanged."""
        self.objects.append(value)
        name = f"__{len(self.objects)}"
        self.namespace[name] = value
        return name

    def lines(self) -> Iterator[str]:
        parameters = self.arguments.parameters(self.name)
        checks = " and\n            ".join(self.checks)
        yield f"def __holds{parameters}:"
        yield "    try:"
        yield f"        return bool(\n            {checks}\n        )"
        yield "    except (AttributeError, LookupError, TypeError, ValueError):"
        yield "        return False"
        yield f"\n\ndef __entry{parameters}:"
        yield "    try:"
        yield f"        if not (\n            {checks}\n        ):"
        yield f"            return {self.miss}({self.arguments.passed_on()})"
        yield "    except (AttributeError, LookupError, TypeError, ValueError):"
        yield f"        return {self.miss}({self.arguments.passed_on()})"
        yield from (f"    {line}" for line in self.effects)

    # ---- what must hold --------------------------------------------------------------------------

    def all_checks(self) -> Iterator[str]:
        yield f"{self.name(local)}.run is {self.name(local.run)}"  # the thread is the same
        yield f"{self.name(enabled.get)}() is {self.recording.mode}"
        yield f"not {self.name(examiners)}"
        yield f"{self.name(watcher.get)}() is None"  # else it is part of a step that is recorded
        yield from self.arguments.container_checks()
        for part in self.arguments.parts:
            yield from self.argument_checks(part)
        yield from self.overlap_checks()
        for fact in self.recording.facts:
            yield self.fact_check(fact)
        for given in self.recording.givens.values():
            if given in self.program.used and given.role != "argument":
                yield from self.tensor_checks(self.name(given.tensor), given)
                yield f"{self.name(given.tensor)}.array is {self.name(given.array)}"
        for numbers in self.recording.numbers:
            if numbers in self.program.used:
                yield self.numbers_check(numbers)
        for value, size in self.recording.bounds:
            yield f"{self.name(is_within)}({self.argument_of(value.array)}.array, {size})"

    def argument_checks(self, part: Argument) -> Iterator[str]:
        given = self.given_of(part)
        if given is None:
            yield f"({part.where} is {self.name(part.value)}{self.or_same(part)})"
        elif self.where(given) != part.where:
            yield f"{part.where} is {self.where(given)}"
        else:
            yield f"{part.where}.__class__ is {self.name(type(part.value))}"
            yield from self.tensor_checks(part.where, given)
            fits = Fits(self, given)
            yield f"({part.where}.array is {fits.last} or {self.name(fits)}({part.where}.array))"

    def or_same(self, part: Argument) -> str:
        if not is_plain(part.value):
            return ""
        return f" or {self.name(is_same)}({part.where}, {self.name(part.value)})"

    def given_of(self, part: Argument) -> Given | None:
        return self.recording.givens.get(part.value) if isinstance(part.value, Tensor) else None

    def where(self, given: Given) -> str:
        """The expression for a tensor: an argument, or an object that is known."""
        if given.role == "argument":
            for part in self.arguments.parts:
                if part.value is given.tensor:
                    return part.where
        return self.name(given.tensor)

    def tensor_checks(self, where: str, given: Given) -> Iterator[str]:
        leaf = given.leaf
        if leaf is None or given.is_frozen:
            yield f"{where}.node is None"
        elif given.role == "argument":
            yield f"{where}.node is not None and {where}.node.hooks is None"
            if leaf.is_asked is not None:
                yield f"{where}.node.__class__ is {self.name(Leaf)}"
            if leaf.is_asked:
                yield f"{where}.node.grad is {self.name(leaf.before)}"
        else:
            yield f"{where}.node is {self.name(leaf.original)}"
            yield f"{self.name(leaf.original)}.hooks is None"
        if leaf is not None and leaf.is_asked and given.role != "argument":
            yield self.grad_check(leaf)
        if given.writes and given.role != "argument":
            yield f"{where}.stamp is {self.name(given.tensor.stamp)}"

    def grad_check(self, leaf: WatchedLeaf) -> str:
        """Which gradient there is; if its values do not matter, only whether there is one."""
        grad = f"{self.name(leaf.original)}.grad"
        if leaf.before is None or self.recording.givens[leaf.before] in self.program.used:
            return f"{grad} is {self.name(leaf.before)}"
        return f"{grad} is not None"

    def fact_check(self, fact: Fact) -> str:
        owner = self.name(fact.owner)
        if fact.access == "length":
            return f"len({owner}) == {fact.value}"
        if fact.access == "values":
            return f"tuple(map(id, {owner}.values())) == {fact.value}"
        if fact.access == "bytes":
            return f"{owner}.tobytes() == {self.name(fact.value)}"
        if fact.access == "members":
            return f"{self.name(contents_of)}({owner}) == {self.name(fact.value)}"
        value = self.variable(fact.value) if is_plain(fact.value) else self.name(fact.value)
        self.facts.append((fact, value))
        if fact.access == "attribute" and fact.key.isidentifier():
            return f"{owner}.{fact.key} is {value}"
        if fact.access == "cell":
            return f"{owner}.cell_contents is {value}"
        key = repr(fact.key) if isinstance(fact.key, str | int) else self.name(fact.key)
        return f"{owner}[{key}] is {value}"

    def rearm(self) -> None:
        """Equal numbers and texts may be other objects by now: ask for these from now on."""
        for fact, name in self.facts:
            if is_plain(fact.value):
                now = fact.now()
                if is_same(now, fact.value):
                    self.namespace[name] = now

    def numbers_check(self, numbers: Numbers) -> str:
        """The options are those of the last call, or their arrays are renewed."""
        group, kept = self.name(numbers.group), Kept(self, numbers)
        same = " and ".join(
            f"{group}[{key!r}] is {name}" for key, name in zip(NUMBERS, kept.names, strict=True)
        )
        if any(isinstance(value, Tensor) for value in numbers.options):
            return f"{self.name(kept)}()"
        return f"(({same}) or {self.name(kept)}())"

    def overlap_checks(self) -> Iterator[str]:
        """Arguments are one tensor or two as they were; if one is written, they are apart."""
        givens = [g for g in map(self.given_of, self.arguments.parts) if g is not None]
        givens = [given for given in dict.fromkeys(givens) if given.role == "argument"]
        for a, b in itertools.combinations(givens, 2):
            if a.array is b.array:
                yield f"{self.where(a)} is not {self.where(b)}"
            of_both = "is" if a.array is b.array else "is not"
            yield f"{self.where(a)}.array {of_both} {self.where(b)}.array"
        if any(given in self.program.stored for given in givens) and len(givens) > 1:
            arrays = ", ".join(f"{self.where(given)}.array" for given in givens)
            yield f"{self.name(are_apart)}({arrays})"

    # ---- what happens ----------------------------------------------------------------------------

    def all_effects(self) -> Iterator[str]:
        grads = self.program.grads
        for leaf, buffer in grads.items() if self.program.kept else ():
            yield f"{self.leaf(leaf)}.grad = None"
            count = eval(f"{self.name(sys.getrefcount)}({buffer})", self.namespace)
            renew = self.name(self.program.renewal(buffer, self.namespace))
            yield f"if {self.name(sys.getrefcount)}({buffer}) != {count}:"
            yield f"    {renew}()"
        yield from self.run()
        yield from self.dates()
        for leaf, buffer in grads.items():
            version = 0 if leaf.current is None else leaf.current._version
            yield from self.new_tensor("t", self.array(buffer, leaf.dtype), "None", version)
            yield f"{self.leaf(leaf)}.grad = t"
        for given in self.recording.givens.values():
            if given.leaf is not None and given.leaf.is_cleared:
                yield f"{self.leaf(given.leaf)}.grad = None"
        for i, new in enumerate(self.recording.results.new):
            array = self.array(f"r{i}", new.value.dtype)
            yield from self.new_tensor(f"t{i}", array, self.node(new), new.version)
        yield f"return {self.structure(self.recording.results.structure)}"

    def leaf(self, leaf: WatchedLeaf) -> str:
        given = next(g for g in self.recording.givens.values() if g.leaf is leaf)
        if given.role == "argument":
            return f"{self.where(given)}.node"
        return self.name(leaf.original)

    def run(self) -> Iterator[str]:
        arguments = self.recording.tape.arguments()
        arrays = [f"{self.argument_of(value.array)}.array" for value in arguments]
        results = self.program.results
        if self.recording.results.gradients:
            yield f"buffers = {self.name(self.workshop)}.free()"
            step, results = "buffers.step", [*results, "go"]
        else:
            step = self.name(self.namespace["step"])
        target = f"{', '.join(results)} = " if results else ""
        yield f"{target}{self.name(local.run)}({', '.join([step, *arrays])})"

    def argument_of(self, array: Any) -> str:
        given = next(g for g in self.recording.givens.values() if g.array is array)
        return self.where(given)

    def array(self, result: str, dtype: Any) -> str:
        """A result as an array: NumPy's own arithmetic makes numbers of what has no dims."""
        if self.program.style == "buffers":
            return result
        return f"{self.name(np.asarray)}({result}, {self.name(dtype)})"

    def dates(self) -> Iterator[str]:
        """Each write has its date and its number, as the engine gives them."""
        written = [given for given in self.recording.givens.values() if given.writes]
        known = [given for given in written if given.role != "argument"]
        if known:
            yield f"now = {self.name(tick)}()"
        stamps = {id(given.tensor.stamp): given for given in known}
        for given in stamps.values():
            stamp = given.tensor.stamp
            assert stamp is not None
            assert stamp.writes is not None
            yield f"{self.name(stamp)}.time = now"
            yield f"{self.name(stamp)}.version += {given.writes}"
            for _ in range(given.writes):
                yield f"{self.name(stamp.writes.append)}(now)"
        for given in written:
            if given.role == "argument":
                for _ in range(given.writes):
                    yield f"{self.name(touch)}({self.where(given)})"

    def new_tensor(self, name: str, array: str, node: str, version: int) -> Iterator[str]:
        yield f"{name} = {self.name(object.__new__)}({self.name(Tensor)})"
        yield f"{name}.array = {array}"
        yield f"{name}.node = {node}"
        yield f"{name}.stamp = {name}.view_of = None"
        for _ in range(version):
            yield f"{self.name(touch)}({name})"

    def node(self, new: NewTensor) -> str:
        """The node of a result: none, the spent one of the recording, or a new one."""
        if not new.is_alive:
            return "None" if new.node is None else self.name(new.node)
        leaves = [leaf for leaf, _ in self.recording.results.gradients]
        parents = ", ".join(map(self.parent, leaves))
        saved = "".join(f"{self.where(given)}, " for given in self.program.saved)
        return f"{self.name(self.workshop)}.node_for(buffers, go, [{parents}], ({saved}))"

    def parent(self, leaf: WatchedLeaf) -> str:
        given = next(g for g in self.recording.givens.values() if g.leaf is leaf)
        return self.leaf(leaf) if given.role == "argument" else self.name(leaf.original)

    def structure(self, value: Any) -> str:
        """The expression that makes what the step returns."""
        if isinstance(value, NewTensor):
            return f"t{self.recording.results.new.index(value)}"
        if isinstance(value, WatchedLeaf):
            return f"{self.leaf(value)}.grad"
        if isinstance(value, Tensor):
            return self.where(self.recording.givens[value])
        if isinstance(value, dict):
            pairs = (f"{self.name(k)}: {self.structure(v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        if type(value) in (list, tuple):
            items = "".join(f"{self.structure(item)}, " for item in value)
            return f"[{items}]" if type(value) is list else f"({items})"
        return self.name(value)


class Fits:
    """Whether an array can take the place of the one that an argument had; remembers the last."""

    def __init__(self, entry: Entry, given: Given) -> None:
        self.namespace = entry.namespace
        self.last = entry.variable(None)
        array = given.array
        self.shape, self.dtype, self.strides = array.shape, array.dtype, array.strides
        self.needs_writing = given in entry.program.stored
        known = [g for g in entry.recording.givens.values() if g.role != "argument"]
        self.others = [other.array for other in known if other in entry.program.stored]
        if given.leaf is not None and given.leaf.is_asked is not None:  # gradients of its own
            self.others += [other.array for other in known if other.leaf is not None]

    def __call__(self, array: Array) -> bool:
        if array.shape != self.shape or array.dtype is not self.dtype:
            return False
        if array.strides != self.strides or (self.needs_writing and not array.flags.writeable):
            return False
        if not all(are_apart(array, other) for other in self.others):
            return False
        self.namespace[self.last] = array
        return True


class Kept:
    """Renews the numbers of a group when an option is another object than in the last call."""

    def __init__(self, entry: Entry, numbers: Numbers) -> None:
        self.entry, self.numbers = entry, numbers
        self.names = [entry.variable(value) for value in numbers.options]

    def __call__(self) -> bool:
        if not self.numbers.renewed():
            return False
        for name, value in zip(self.names, self.numbers.options, strict=True):
            self.entry.namespace[name] = value
        self.entry.program.renew_numbers()
        return True


def is_within(index: Array, size: int) -> bool:
    """Whether an index names only entries of a dim."""
    return not index.size or bool(-size <= index.min() and index.max() < size)


def are_apart(*arrays: Array) -> bool:
    """Whether no two arrays share memory."""
    return not any(np.may_share_memory(a, b) for i, a in enumerate(arrays) for b in arrays[i + 1 :])
