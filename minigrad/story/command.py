"""The command `minigrad explain NAME`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from minigrad.elsewhere import Later
from minigrad.guide import PROGRAMS
from minigrad.guide.command import politely, program, rate, seed, steps
from minigrad.story import colour
from minigrad.story.programs import explain_program

__all__ = ["add_explain"]

pages = Later("minigrad.page")

EXPLAIN = """\
Tell the backward pass of one training step of a program of the guide.

Each step back shows the op and the line of the program that made it, the
formula of its derivative, the same with its numbers, what comes out, and where
it is added; at the end, what the optimizer will make of it. The numbers are
the engine's own, and PyTorch's."""


def step(text: str) -> int:
    """The number of a training step: an integer, 1 or more."""
    number = steps(text)
    if number < 1:
        raise argparse.ArgumentTypeError("steps are counted from 1")
    return number


def add_explain(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `minigrad explain NAME`."""
    parser = subcommands.add_parser(
        "explain",
        help="tell a backward pass with formulas and numbers",
        description=EXPLAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("name", type=program, metavar="NAME", help=f"one of {', '.join(PROGRAMS)}")
    parser.add_argument("--step", type=step, metavar="N", help="which training step (1)")
    parser.add_argument("--seed", type=seed, metavar="S", help="seed of all random numbers (0)")
    parser.add_argument("--lr", type=rate, help="learning rate, if not the program's own")
    parser.add_argument("--momentum", type=rate, metavar="M", help="likewise")
    parser.add_argument(
        "--order", choices=("engine", "naive"), help="naive: what goes wrong in the wrong order"
    )
    parser.add_argument(
        "--color", action="store_true", help="in colour; needs the package rich (extra cli)"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with sliders instead of text"
    )
    parser.add_argument(
        "--steps", type=steps, metavar="N", help="with --html: how long the training is"
    )
    parser.set_defaults(job=tell)


def tell(arguments: argparse.Namespace) -> int:
    """Print the story of a step, or write it as a page."""
    options = dict(vars(arguments))
    del options["job"]
    if "html" in options:
        return write(**options)
    if "steps" in options:
        return complain("--steps says how long the training of a page is, so it needs --html FILE")
    in_colour = options.pop("color", False)

    def job() -> int:
        if in_colour:
            colour.rich("text")  # if it is missing, say so before the program runs
        heading = f"{options['name']}, seed {options.get('seed', 0)}, step {options.get('step', 1)}"
        story = explain_program(**options)
        print(f"{heading}\n")
        if in_colour:
            colour.show(story)
        else:
            print(story)
        return 0

    try:
        return politely(job)
    except ModuleNotFoundError as missing:
        return complain(str(missing))


def write(html: Path, color: bool = False, **options: Any) -> int:
    """Write the page of a program."""
    if color:
        return complain("--color is for the text; a page has colours of its own")
    try:
        text = pages.program_page(**options)
        html.write_text(text, encoding="utf-8")
    except OSError as error:
        return complain(f"cannot write the page: {error}")
    print(f"{html}: open it in a browser; it needs no network")
    return 0


def complain(text: str) -> int:
    print(f"minigrad explain: {text}", file=sys.stderr)
    return 1
