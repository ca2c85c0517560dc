"""What an exercise is: a task, the file that a learner starts from, and a check of the answer.

    @exercise("01-derivative", "def twice(x):")
    def twice(answer):
        \"\"\"Return x twice, added up. ...\"\"\"
        for x in (0.0, 1.5):
            expect(call(answer, x), x + x, f"twice({x})")

The check is handed the learner's function (or class), asks it, and compares with the engine. What
it raises is told to the learner: `Wrong`, with what was asked, what came, and what the engine says.
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.story.numbers import array_text
from minigrad.tensor import Tensor

__all__ = ["Exercise", "Unfinished", "Wrong", "call", "declared", "exercise", "expect"]

Check = Callable[[Any], None]

LIBRARY = Path(__file__).parents[1]


class Wrong(Exception):
    """The answer is not right; the text says on what, and what would be."""


class Unfinished(Wrong):
    """The answer is the file as it was started."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    name   of the function or class that is the answer, and of the exercise
    page   of the course, that it belongs to
    task   what is to be done
    stub   the file that a learner starts from
    check  raises Wrong for an answer that is not right
    """

    name: str
    page: str
    task: str
    stub: str
    check: Check

    @property
    def summary(self) -> str:
        """The first line of the task."""
        return self.task.splitlines()[0]


declared: dict[str, Exercise] = {}


def exercise(page: str, start: str) -> Callable[[Check], Check]:
    """Make an exercise of a check: its name and docstring are the name and the task.

    start  the lines that the answer begins with; the last of them opens the function or class
    """

    def declare(check: Check) -> Check:
        name = check.__name__
        task = textwrap.dedent(f"    {check.__doc__}").strip()
        declared[name] = Exercise(name, page, task, stub(page, name, task, start), check)
        return check

    return declare


def stub(page: str, name: str, task: str, start: str) -> str:
    """A file with the task as docstring of an empty answer."""
    body = textwrap.indent(f'"""{task}\n"""\n...', "    ")
    return (
        f'"""Exercise {name}, of docs/course/{page}.md.\n\n'
        f'Check it: python -m minigrad exercises check {name}.py\n"""\n\n'
        f"{start}\n{body}\n"
    )


# ---- asking --------------------------------------------------------------------------------------


def call(answer: Callable[..., Any], *args: Any, told: str = "") -> Any:
    """What the answer returns; Wrong if it raises, Unfinished if it returns nothing."""
    asked = told or f"{answer.__name__}({', '.join(map(shown, args))})"
    try:
        result = answer(*args)
    except Exception as error:
        raise Wrong(f"{asked} raised\n{place_of(error)}") from error
    if result is None:
        raise Unfinished(f"{asked} returned nothing: is there a `return`?")
    return result


def place_of(error: Exception) -> str:
    """The error, and the line of the learner's file that it came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if is_learners(f.filename)]
    notes = getattr(error, "__notes__", [])
    lines = [f"{type(error).__name__}: {error}", *notes]
    if frames:
        lines.append(f"in line {frames[-1].lineno}: {frames[-1].line}")
    return "\n".join(lines)


def is_learners(file: str) -> bool:
    return not file.startswith((str(LIBRARY), "<"))


def expect(got: Any, right: Any, asked: str, hint: str = "", tolerance: float = 1e-6) -> None:
    """Compare a result with the engine's, element by element; the hint is told if they differ."""
    mine, theirs = numeric(got, asked), np.asarray(numbers(right), float)
    if mine.shape != theirs.shape:
        raise Wrong(
            f"{asked} has the shape {list(mine.shape)}; it should be {list(theirs.shape)}"
            + advice(hint)
        )
    if not np.allclose(mine, theirs, rtol=tolerance, atol=tolerance):
        raise Wrong(
            f"{asked} is\n    {shown(got)}\nand the engine says\n    {shown(right)}{advice(hint)}"
        )


def numeric(got: Any, asked: str) -> np.ndarray[Any, np.dtype[Any]]:
    try:
        return np.asarray(numbers(got), float)
    except (TypeError, ValueError):
        kind = type(got).__name__
        raise Wrong(f"{asked} should be numbers, and is of the type {kind}: {got!r}") from None


def numbers(value: Any) -> Any:
    """The numbers of a tensor, of a list of tensors, or of what holds numbers already."""
    if isinstance(value, Tensor):
        return value.detach().numpy()
    return [numbers(item) for item in value] if isinstance(value, list | tuple) else value


def advice(hint: str) -> str:
    return f"\n{hint}" if hint else ""


def shown(value: Any) -> str:
    """A value as a learner would write it."""
    if isinstance(value, Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray):
        return str(array_text(value))
    if isinstance(value, list | tuple):
        inside = ", ".join(map(shown, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, float):
        return f"{value:.8g}"
    return getattr(value, "__name__", None) or repr(value)
