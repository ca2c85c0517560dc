"""What `check` has found, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reference.checking.comparing import Difference, told
from reference.checking.hints import hints
from reference.checking.kinds import Case
from reference.checking.running import Run
from reference.checking.sources import label

if TYPE_CHECKING:
    from reference.checking.searching import Problem

__all__ = ["Disagreement", "Result", "agreement", "disagreement"]


@dataclass(frozen=True, repr=False)
class Result:
    """What a search has found; true if that is nothing.

    Attributes:
        difference: what differs on the smallest input, with both answers; None if nothing does.
        inputs: the smallest input, by the names of the arguments.
        examples: how many inputs were tried, before the one that differed was made small.
        failures: on how many of them both sides raised an error.
        text: all of it in words, as it prints.
        script: a program that shows the difference, to be pasted and run.
    """

    difference: Difference | None
    inputs: dict[str, Any] = field(default_factory=dict)
    examples: int = 0
    failures: int = 0
    text: str = ""
    script: str = ""

    def __bool__(self) -> bool:
        return self.difference is None

    def __repr__(self) -> str:
        return self.text


class Disagreement(AssertionError):
    """Two functions differ; `result` is what was found."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.text)
        self.result = result


def agreement(problem: Problem, tried: int, failed: int) -> Result:
    """Nothing was found."""
    ignored = problem.rule.ignore
    depth = ["value", "gradient", "second derivative"][: problem.order + 1]
    aspects = [a for a in ("shape", "dtype", *depth) if a not in ignored]
    what = ", ".join(aspects)
    text = f"{names(problem)} agree on {tried} inputs: {what}"
    if failed == tried:
        text = f"{names(problem)} agree on {tried} inputs: both raise an error on every one"
    elif failed:
        text += f"; on {failed} of them both raise an error"
    return Result(
        None, examples=tried, failures=failed, text="\n".join([text, *not_compared(problem)])
    )


def not_compared(problem: Problem) -> Iterator[str]:
    """What a reader might think was compared, and was not."""
    if problem.engine.order == 0 and any(kind.grad for kind in problem.kinds.values()):
        yield "no gradient was compared: to compare it, give derivative= or engine="
    untried = [kind.untried for kind in problem.kinds.values() if kind.untried is not None]
    nowhere = [name for name in next(iter(untried), ()) if all(name in names for names in untried)]
    if nowhere:
        yield f"{', '.join(nowhere)} were not tried: to try them, give floats({asking(nowhere)})"


def asking(for_what: list[str]) -> str:
    """The arguments of floats that try all of these."""
    special = ["special=True"] * any(name != "empty arrays" for name in for_what)
    return ", ".join(special + ["empty=True"] * ("empty arrays" in for_what))


def disagreement(problem: Problem, case: Case, tried: int) -> Result:
    """A report of the smallest input on which the two sides differ."""
    mine, theirs = problem.runs(case)
    found = problem.compare(mine, theirs)
    inputs = dict(zip(problem.kinds, case.arguments, strict=True))
    if found is None:
        text = f"{names(problem)} differed once, and not the next time: is one of them random?"
        unknown = Difference("value", "the result", None, None)
        return Result(unknown, inputs, tried, text=text)
    program = problem.program(problem, found, theirs if theirs.outputs else mine)
    parts = [
        f"{names(problem)} differ in {found.what}",
        table(rows(problem, found, mine, theirs, inputs)),
        *(textwrap.fill(hint, 84) for hint in hints(problem, found, mine, theirs)),
        f"This is the smallest such input; one was found at try {tried}. To see it, run:",
        program,
    ]
    return Result(found, inputs, tried, text="\n\n".join(parts), script=program)


def names(problem: Problem) -> str:
    """The two functions, in a sentence."""
    return problem.title or f"{label(problem.mine, 'mine')} and {label(problem.theirs, 'theirs')}"


def rows(
    problem: Problem, found: Difference, mine: Run, theirs: Run, inputs: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """The lines of the table: the input, the two answers, and a third one where there is one."""
    for name, value in inputs.items():
        yield name, described(value)
    if "gradient" in found.aspect or "derivative" in found.aspect:
        for name, array in (mine.upstream or theirs.upstream).items():
            yield name, described(array)
    if found.aspect == "second derivative":
        for array in theirs.projections:
            yield "projection", described(array)
    yield "", ""
    yield problem.sides[0], answer(found.mine, mine)
    yield problem.sides[1], answer(found.theirs, theirs)


def table(lines: Iterator[tuple[str, str]]) -> str:
    pairs = list(lines)
    width = max(len(name) for name, _ in pairs)
    indent = "\n" + " " * (width + 6)
    return "\n".join(
        f"    {name:<{width}}  {text.replace(chr(10), indent)}".rstrip() for name, text in pairs
    )


def answer(value: Any, run: Run) -> str:
    """One side's answer; in place of an error that was not raised, what was returned."""
    if value is None:
        results = "; ".join(described(array) for array in run.outputs)
        return f"no error, but {results}" if results else "no error"
    return described(value)


def described(value: Any) -> str:
    """A value in a report."""
    if isinstance(value, Exception):
        return told(value, "text")
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return f"{value[()]!s}  {value.dtype}"
        text = np.array2string(value, separator=", ", floatmode="unique", threshold=100)
        return f"{text}  {value.dtype} {value.shape}"
    return str(value) if isinstance(value, tuple) else repr(value).strip("'")
