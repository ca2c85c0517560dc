"""What must hold for a program: expressions, each an `is` or a comparison of sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from operator import is_
from threading import get_ident

from minigrad.autograd.grad_mode import enabled
from minigrad.autograd.graph import Leaf
from minigrad.autograd.watch import examiners, watcher
from minigrad.program.calling.fits import Fits, Kept, are_apart, is_within
from minigrad.program.calling.scope import Scope
from minigrad.program.recording.arguments import Argument
from minigrad.program.recording.facts import (
    MAPPINGS,
    MISSING,
    Fact,
    contents_of,
    is_plain,
    is_same,
    values_of,
)
from minigrad.program.recording.hyper import NUMBERS, Numbers
from minigrad.program.recording.standins import Given, WatchedLeaf
from minigrad.tensor import Tensor

__all__ = ["Guards"]


class Guards:
    """Writes the first half of an entry."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.name, self.where = scope, scope.name, scope.where
        self.program, self.recording = scope.program, scope.recording
        self.facts: list[tuple[Fact, str]] = []

    def all_checks(self) -> Iterator[str]:
        yield f"{self.name(get_ident)}() == {get_ident()}"  # a program's memory is one thread's
        yield f"{self.name(enabled.get)}() is {self.recording.mode}"
        yield f"not {self.name(examiners)}"
        yield f"{self.name(watcher.get)}() is None"  # else it is part of a step that is recorded
        yield from self.scope.arguments.container_checks(self.name)
        for part in self.scope.arguments.parts:
            yield from self.argument_checks(part)
        yield from self.overlap_checks()
        for fact in self.recording.facts:
            yield from self.fact_checks(fact)
        for given in self.recording.givens.values():
            if given in self.program.used and given.role != "argument":
                yield from self.tensor_checks(self.name(given.tensor), given)
                yield f"{self.name(given.tensor)}.array is {self.name(given.array)}"
        for numbers in self.recording.numbers:
            if numbers in self.program.used:
                yield self.numbers_check(numbers)
        for value, size in self.recording.bounds:
            yield f"{self.name(is_within)}({self.scope.argument_of(value.array)}.array, {size})"

    def argument_checks(self, part: Argument) -> Iterator[str]:
        given = self.given_of(part)
        if given is None:
            yield f"({part.where} is {self.name(part.value)}{self.or_same(part)})"
        elif self.where(given) != part.where:
            yield f"{part.where} is {self.where(given)}"
        else:
            yield f"{part.where}.__class__ is {self.name(type(part.value))}"
            yield from self.tensor_checks(part.where, given)
            fits = Fits(self.scope, given)
            yield f"({part.where}.array is {fits.last} or {self.name(fits)}({part.where}.array))"

    def or_same(self, part: Argument) -> str:
        if not is_plain(part.value):
            return ""
        return f" or {self.name(is_same)}({part.where}, {self.name(part.value)})"

    def given_of(self, part: Argument) -> Given | None:
        return self.recording.givens.get(part.value) if isinstance(part.value, Tensor) else None

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

    def fact_checks(self, fact: Fact) -> Iterator[str]:
        owner = self.name(fact.owner)
        match fact.access:
            case "length":
                yield f"len({owner}) == {fact.value}"
            case "class":
                yield f"type({owner}) is {self.name(fact.value)}"
            case "keys":
                yield f"(*{owner},) == {self.name(fact.value)}"
            case "values":
                yield f"len({owner}) == {len(fact.value)}"
                if fact.value:
                    of_owner = f"{owner}.values()" if isinstance(fact.owner, MAPPINGS) else owner
                    values = self.name([*values_of(fact.owner)])
                    yield f"all(map({self.name(is_)}, {of_owner}, {values}))"
            case "contents":
                yield f"{self.name(contents_of)}({owner}) == {self.name(fact.value)}"
            case _:
                yield self.identity_check(fact, owner)

    def identity_check(self, fact: Fact, owner: str) -> str:
        if fact.value is MISSING and fact.access == "item":
            return f"{self.name(fact.key)} not in {owner}"
        value = self.scope.variable(fact.value) if is_plain(fact.value) else self.name(fact.value)
        self.facts.append((fact, value))
        if fact.access == "attribute" and fact.key.isidentifier():
            return f"{owner}.{fact.key} is {value}"
        if fact.access == "cell":
            return f"{owner}.cell_contents is {value}"
        if fact.access == "context":
            return f"{owner}.get({self.name(MISSING)}) is {value}"
        key = repr(fact.key) if isinstance(fact.key, str | int) else self.name(fact.key)
        return f"{owner}[{key}] is {value}"

    def rearm(self) -> None:
        """Equal numbers and texts may be other objects by now: ask for these from now on."""
        for fact, name in self.facts:
            if is_plain(fact.value):
                now = fact.now()
                if is_same(now, fact.value):
                    self.scope.namespace[name] = now

    def numbers_check(self, numbers: Numbers) -> str:
        """The options are those of the last call, or their arrays are renewed."""
        group, kept = self.name(numbers.group), Kept(self.scope, numbers)
        same = " and ".join(
            f"{group}[{key!r}] is {name}" for key, name in zip(NUMBERS, kept.names, strict=True)
        )
        if any(isinstance(value, Tensor) for value in numbers.options):
            return f"{self.name(kept)}()"
        return f"(({same}) or {self.name(kept)}())"

    def overlap_checks(self) -> Iterator[str]:
        """Arguments are one tensor or two as they were; if one is written, they are apart."""
        givens = [g for g in map(self.given_of, self.scope.arguments.parts) if g is not None]
        givens = [given for given in dict.fromkeys(givens) if given.role == "argument"]
        for a, b in itertools.combinations(givens, 2):
            if a.array is b.array:
                yield f"{self.where(a)} is not {self.where(b)}"
            of_both = "is" if a.array is b.array else "is not"
            yield f"{self.where(a)}.array {of_both} {self.where(b)}.array"
        if any(given in self.program.stored for given in givens) and len(givens) > 1:
            arrays = ", ".join(f"{self.where(given)}.array" for given in givens)
            yield f"{self.name(are_apart)}({arrays})"
