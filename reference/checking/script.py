"""The program that shows a difference: to be pasted and run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from reference.checking.comparing import Difference
from reference.checking.engines import Engine, Functions, Library, Objects
from reference.checking.kinds import Array
from reference.checking.running import Run
from reference.checking.sources import Sources, literal

if TYPE_CHECKING:
    from reference.checking.searching import Problem

__all__ = ["script"]


def script(problem: Problem, found: Difference, run: Run) -> str:
    """A program that computes both answers to one input and prints them.

    `run` is a side that has got as far as the difference; it knows the shapes.
    """
    sources = Sources()
    body = []
    for engine, function, name, who in zip(
        (problem.engine, problem.other),
        (problem.mine, problem.theirs),
        ("mine", "theirs"),
        problem.sides,
        strict=True,
    ):
        side = Side(sources, engine, sources.expression(function, name), run, found, who)
        lines = list(side.lines())
        if found.aspect == "error":
            lines = guarded(lines, who)
        body += [*sources.take_blocks(), "\n".join(lines)]
    imports = "\n".join(sorted(sources.imports, key=lambda line: line.split()[1]))
    return with_nan_and_inf("\n\n".join([imports, *body]))


def with_nan_and_inf(program: str) -> str:
    """A program in which the numbers that have no literal are known by their names."""
    has_any = re.search(r"\b(nan|inf)\b", program)
    return f"from math import inf, nan\n\n{program}" if has_any else program


def stage(found: Difference) -> str:
    """How far to go: to the result, the gradient, or the second derivative."""
    for name in ("second derivative", "gradient", "input"):
        if name in found.what:
            return name
    return "result"


def guarded(lines: list[str], who: str) -> list[str]:
    return [
        "try:",
        *(textwrap.indent(line, "    ") for line in lines),
        "except Exception as error:",
        f'    print("{who}:", repr(error))',
    ]


class Side:
    """The lines of one engine."""

    def __init__(
        self,
        sources: Sources,
        engine: Engine,
        function: str,
        run: Run,
        found: Difference,
        who: str,
    ) -> None:
        self.who = who
        self.sources = sources
        self.engine = engine
        self.call = f"result = {function}({', '.join(run.inputs)})"
        self.run = run
        self.stage = stage(found)
        self.aspect = found.aspect
        self.changed = found.what.split()[2] if self.stage == "input" else ""
        self.wanted = [name for name, wanted in run.inputs.items() if wanted]

    def lines(self) -> Iterator[str]:
        """The program of this side, by what kind of engine it is."""
        if isinstance(self.engine, Library):
            yield from self.of_library(self.engine.name)
            return
        self.sources.import_("import numpy as np")
        if isinstance(self.engine, Functions):
            yield from self.of_functions(self.engine)
        elif isinstance(self.engine, Objects):
            yield from self.of_objects(self.engine)
        else:
            yield from self.of_any(self.engine)

    def show(self, text: str) -> str:
        return f'print("{self.who}:", {text})'

    def detail(self, result: str = "result") -> str:
        """What to print beside the result, where the result alone does not show it."""
        single = len(self.run.outputs) == 1
        return f", {result}.{self.aspect}" if single and self.aspect in ("dtype", "shape") else ""

    def inputs(self, of_array: Any) -> Iterator[str]:
        """The lines that make the arguments."""
        arguments = zip(self.run.inputs.items(), self.run.case.arguments, strict=True)
        for (name, wanted), value in arguments:
            is_array = isinstance(value, np.ndarray)
            yield f"{name} = {of_array(value, wanted) if is_array else repr(value)}"

    def upstream(self, of_array: Any) -> str:
        """The gradient of the result; of several, a list."""
        arrays = [of_array(array) for array in self.run.upstream.values()]
        return arrays[0] if len(arrays) == 1 else f"[{', '.join(arrays)}]"

    # ---- one kind of engine each ----------------------------------------------------------------

    def of_library(self, torch: str) -> Iterator[str]:
        self.sources.import_(f"import {torch}")
        twice = self.stage == "second derivative"

        def tensor(array: Array, grad: bool = False) -> str:
            text = literal(array, f"{torch}.tensor", f"dtype={torch}.{array.dtype}")
            return text[:-1] + ", requires_grad=True)" if grad else text

        if torch not in self.sources.precise:
            self.sources.precise.add(torch)
            yield f"{torch}.set_printoptions(precision=10)"
        yield from self.inputs(tensor)
        yield self.call
        if self.stage == "input":
            yield self.show(self.changed)
        elif self.stage == "result":
            yield self.show("result" + self.detail())
        else:
            if len(self.run.upstream) != 1:
                yield "result = [v for v in result if v.requires_grad]"
            yield f"upstream = {self.upstream(lambda array: tensor(array, twice))}"
            unused = ", allow_unused=True" if len(self.wanted) > 1 else ""
            grad = f"{torch}.autograd.grad(result, [{', '.join(self.wanted)}], upstream"
            if twice:
                yield f"grads = {grad}, create_graph=True{unused})"
                yield from self.again(torch, tensor)
            else:
                yield self.show(f"{grad}{unused})")

    def again(self, torch: str, tensor: Any) -> Iterator[str]:
        """The second derivative."""
        if len(self.run.projections) != len(self.wanted):
            yield "grads = [v for v in grads if v is not None and v.requires_grad]"
        yield f"projection = [{', '.join(tensor(h) for h in self.run.projections)}]"
        inputs = ", ".join([*self.wanted, *(["upstream"] if len(self.run.upstream) == 1 else [])])
        yield self.show(f"{torch}.autograd.grad(grads, [{inputs}], projection, allow_unused=True)")

    def of_functions(self, engine: Functions) -> Iterator[str]:
        derivative = engine.derivative
        if self.stage == "gradient":
            name = self.sources.expression(derivative, "derivative")
            yield from self.inputs(lambda array, wanted: literal(array))
            upstream = [literal(array) for array in self.run.upstream.values()]
            yield self.show(f"{name}({', '.join([*self.run.inputs, *upstream])})")
            return
        yield from self.inputs(lambda array, wanted: literal(array))
        yield self.call
        yield self.show(self.changed or "result" + self.detail("np.asarray(result)"))

    def of_objects(self, engine: Objects) -> Iterator[str]:
        of = self.sources.expression(engine.of, "Value")

        def value(array: Array, wanted: bool = True) -> str:
            return f"{of}({array.item()!r})" if engine.scalars else f"{of}({literal(array)})"

        yield from self.inputs(value)
        yield self.call
        if self.stage != "gradient":
            yield self.show(f"{self.changed or 'result'}.data")
            return
        upstream = self.upstream(literal) if engine.takes_gradient else ""
        yield f"result.backward({upstream})"
        yield self.show(", ".join(f"{x}.grad" for x in self.wanted))

    def of_any(self, engine: Engine) -> Iterator[str]:
        self.sources.define(type(engine).__name__, type(engine))
        yield f"engine = {type(engine).__name__}()"
        yield from self.inputs(lambda array, wanted: f"engine.tensor({literal(array)}, {wanted})")
        yield self.call
        if self.stage != "gradient":
            yield self.show(f"engine.array({self.changed or 'result'})")
            return
        upstream = self.upstream(lambda array: f"engine.tensor({literal(array)}, False)")
        grad = f"engine.grad([result], [{', '.join(self.wanted)}], [{upstream}], False)"
        yield self.show(f"[engine.array(g) for g in {grad}]")
