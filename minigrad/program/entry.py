"""The way into a program: what must hold for it, and what it leaves behind in tensors.

An entry is a generated function. It first asks whether everything is as it was when the step was
recorded, and each question is an `is` or a comparison of sizes; if something is not, it has done
nothing yet, and hands the call over. Then it runs the program on the arrays, dates the writes, and
makes the tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minigrad.program.arguments import Arguments
from minigrad.program.effects import Effects
from minigrad.program.guards import Guards
from minigrad.program.program import Program
from minigrad.program.scope import Scope

__all__ = ["Entry"]


class Entry:
    """The entry of one program; `miss(...)` takes the calls that it is not for.

    call   makes a step by the program
    holds  whether the program is for a call
    rearm  lets equal numbers and texts be other objects from now on
    """

    def __init__(self, program: Program, arguments: Arguments, miss: Callable[..., Any]) -> None:
        scope = Scope(program, arguments)
        self.miss, self.arguments = scope.name(miss), arguments
        guards = Guards(scope)
        self.rearm = guards.rearm
        self.checks = [*dict.fromkeys(guards.all_checks())]
        self.effects = [*Effects(scope).all_effects()]
        self.source = "\n".join(self.lines(arguments.parameters(scope.name))) + "\n"
        exec(compile(self.source, "<entry of a compiled step>", "exec"), scope.namespace)
        self.call: Callable[..., Any] = scope.namespace["__entry"]
        self.call.__qualname__ = program.title
        self.holds: Callable[..., bool] = scope.namespace["__holds"]

    def lines(self, parameters: str) -> Iterator[str]:
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
