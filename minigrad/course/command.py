"""The command `minigrad exercises`."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path
from typing import Any

from minigrad.course.exercise import Exercise, Unfinished, Wrong, place_of
from minigrad.course.exercises import EXERCISES
from minigrad.guide.command import politely, unknown

__all__ = ["add_exercises"]

DESCRIPTION = """\
The exercises of the course in docs/course: see one, write its file, check it.

    minigrad exercises                   list them
    minigrad exercises show slope        read one
    minigrad exercises start slope       write slope.py, for you to finish
    minigrad exercises check slope.py    compare your answer with the engine

A file may hold several answers; all that it defines are checked."""


def named(text: str) -> Exercise:
    """An exercise, by its name."""
    if text not in EXERCISES:
        names = {name: name for name in EXERCISES}
        raise argparse.ArgumentTypeError(unknown("exercise", text, names, "minigrad exercises"))
    return EXERCISES[text]


def add_exercises(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `minigrad exercises`."""
    parser = subcommands.add_parser(
        "exercises",
        help="the exercises of the course: list, start and check them",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(job=lambda arguments: politely(show_list))
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    show = actions.add_parser("show", help="print what an exercise asks for")
    show.add_argument("exercise", type=named, metavar="NAME")
    show.set_defaults(job=lambda arguments: politely(lambda: print_task(arguments.exercise)))
    start = actions.add_parser("start", help="write the file that an answer starts from")
    start.add_argument("exercise", type=named, metavar="NAME")
    start.add_argument("file", type=Path, nargs="?", metavar="FILE", help="NAME.py by default")
    start.set_defaults(job=lambda arguments: begin(arguments.exercise, arguments.file))
    check = actions.add_parser("check", help="compare the answers of a file with the engine")
    check.add_argument("exercise", type=named, nargs="?", metavar="NAME", help="only this one")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(
        job=lambda arguments: politely(lambda: check_file(arguments.file, arguments.exercise))
    )


def show_list() -> int:
    """Print the exercises, page by page."""
    width = max(map(len, EXERCISES))
    print("The exercises of docs/course:\n")
    for entry in EXERCISES.values():
        print(f"  {entry.page.partition('-')[0]}  {entry.name:<{width}}  {entry.summary}")
    print("\nBegin with `minigrad exercises start NAME`, which writes NAME.py.")
    return 0


def print_task(entry: Exercise) -> int:
    print(entry.stub, end="")
    return 0


def begin(entry: Exercise, file: Path | None) -> int:
    """Write the file of an exercise; one that is there already stays as it is."""
    target = file or Path(f"{entry.name}.py")
    try:
        with target.open("x", encoding="utf-8") as stream:
            stream.write(entry.stub)
    except FileExistsError:
        print(f"{target} is there already, and stays as it is.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{target}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{entry.summary}\n\n{target} is yours to finish; then:")
    print(f"    minigrad exercises check {target}")
    return 0


def check_file(file: Path, only: Exercise | None = None) -> int:
    """Check the answers in a file; 0 if all of them are right."""
    try:
        answers = runpy.run_path(str(file))
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return 1
    except Exception as error:
        print(f"{file} does not run:\n{place_of(error)}", file=sys.stderr)
        return 1
    names = [only.name] if only else [name for name in EXERCISES if name in answers]
    if not names or (only and only.name not in answers):
        wanted = only.name if only else "a function or class with the name of an exercise"
        print(f"{file} defines no answer: it should define {wanted}.", file=sys.stderr)
        return 1
    return max([verdict(EXERCISES[name], answers[name]) for name in names])


def verdict(entry: Exercise, answer: Any) -> int:
    """Say whether an answer is right; 0 if it is."""
    try:
        entry.check(answer)
    except Unfinished as wrong:
        print(f"{entry.name}: unfinished. {wrong}")
    except Wrong as wrong:
        print(f"{entry.name}: not yet.\n{wrong}")
    else:
        print(f"{entry.name}: right.")
        return 0
    return 1
