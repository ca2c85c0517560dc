"""The way into a program: what must hold for it, and what it leaves behind in tensors.

An entry is a generated function. It first asks whether everything is as it was when the step was
recorded, and each question is an `is` or a comparison of sizes; if something is not, it has done
nothing yet, and hands the call over. Then it runs the program on the arrays, dates the writes, and
makes the tensors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from minigrad.program.calling.effects import Effects
from minigrad.program.calling.guards import Guards
from minigrad.program.calling.scope import Scope
from minigrad.program.program import Program
from minigrad.program.recording.arguments import Arguments

__all__ = ["Entry"]

ABSENT = "except (AttributeError, LookupError, TypeError, ValueError):"


class Entry:
    """The entry of one program; `miss(...)` takes the calls that it is not for.

    holds  whether the program is for a call
    rearm  lets equal numbers and texts be other objects from now on
    """

    def __init__(self, program: Program, arguments: Arguments, miss: Callable[..., Any]) -> None:
        self.scope, self.arguments = Scope(program, arguments), arguments
        guards = Guards(self.scope)
        self.rearm = guards.rearm
        self.checks = " and\n            ".join(dict.fromkeys(guards.all_checks()))
        self.parameters = arguments.parameters(self.scope.name)
        self.otherwise = f"{self.scope.name(miss)}({arguments.passed_on()})"
        self.holds: Callable[..., bool] = self.made("__holds", self.question())

    @functools.cached_property
    def call(self) -> Callable[..., Any]:
        """Makes a step by the program, whose buffers are there from now on."""
        self.scope.set_up()
        return self.made("__entry", self.answer(Effects(self.scope).all_effects()))

    def made(self, name: str, lines: Iterable[str]) -> Callable[..., Any]:
        """The function that the lines define."""
        text = "\n".join(lines) + "\n"
        exec(compile(text, "<entry of a compiled step>", "exec"), self.scope.namespace)
        found: Callable[..., Any] = self.scope.namespace[name]
        found.__qualname__ = self.arguments.function_name  # in the TypeError of a missing argument
        return found

    def question(self) -> Iterator[str]:
        yield f"def __holds{self.parameters}:"
        yield "    try:"
        yield f"        return bool(\n            {self.checks}\n        )"
        yield f"    {ABSENT}"
        yield "        return False"

    def answer(self, effects: Iterable[str]) -> Iterator[str]:
        yield f"def __entry{self.parameters}:"
        yield "    try:"
        yield f"        __fits = (\n            {self.checks}\n        )"
        yield f"    {ABSENT}"
        yield "        __fits = False"
        yield "    if not __fits:"  # outside of the try: the step may raise such errors itself
        yield f"        return {self.otherwise}"
        yield from (f"    {line}" for line in effects)
