"""The manners of a command: options are checked, pipes may close, long runs show how far.

`run(main)` makes a command of a program's `main`; `minigrad.__main__` is built of the same parts.
"""

import argparse
import difflib
import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from minigrad.guide import PROGRAMS
from minigrad.guide.progress import relayed

PIPE_CLOSED, INTERRUPTED = 128 + 13, 128 + 2  # as a shell reports SIGPIPE and SIGINT


def program(text: str) -> str:
    """The name of a program, in whatever case it was typed."""
    if text.lower() not in PROGRAMS:
        names = {name: name for name in PROGRAMS}
        raise argparse.ArgumentTypeError(unknown("program", text, names, "minigrad guide"))
    return text.lower()


def unknown(kind: str, word: str, meant: Mapping[str, str], listed: str) -> str:
    """Say that a word is unknown, and what was meant perhaps: `meant[name]` for a near name."""
    near = difflib.get_close_matches(word.lower(), meant)
    guess = " or ".join(f"'{meant[name]}'" for name in near)
    hint = f"did you mean {guess}?" if near else f"`{listed}` lists them"
    return f"no {kind} is called {word!r}; {hint}"


def seed(text: str) -> int:
    """A seed: any integer that `manual_seed` accepts, negative ones included."""
    number = int(text) if text.removeprefix("-").isdecimal() else None
    if number is None or not -(2**63) <= number < 2**64:
        raise argparse.ArgumentTypeError(f"must be an integer of at most 64 bits, not {text!r}")
    return number


def steps(text: str) -> int:
    """A number of steps: an integer, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, not {text!r}")
    return int(text)


def rate(text: str) -> float:
    """A learning rate or a momentum: a finite number, 0 or more."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a finite number, 0 or more, not {text!r}")
    return number


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the four options of a program; those that are not given stay out of the result."""
    group = parser.add_argument_group(
        "training options",
        "Each program has values of its own for these; `minigrad guide` lists them.",
        argument_default=argparse.SUPPRESS,
    )
    group.add_argument("--seed", type=seed, metavar="S", help="seed of all random numbers")
    group.add_argument("--steps", type=steps, metavar="N", help="number of training steps")
    group.add_argument("--lr", type=rate, help="learning rate: a step is this times the gradient")
    group.add_argument(
        "--momentum", type=rate, metavar="M", help="a step adds this times the step before it"
    )


def politely(job: Callable[[], int]) -> int:
    """Do a job that prints; return the exit status, its own if nothing cuts it short.

    A reader who has seen enough (`| head`) or a Ctrl-C ends it without a traceback.
    """
    try:
        status = job()
        print(end="", flush=True)
    except BrokenPipeError:
        # Python flushes stdout once more on its way out, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def play(main: Callable[..., None], options: Mapping[str, Any]) -> int:
    """Run a program's `main`; while it prints into a file or a pipe, a terminal shows how far."""

    def job() -> int:
        main(**options)
        return 0

    with relayed(sys.stdout, sys.stderr):
        return politely(job)


def run(main: Callable[..., None]) -> None:
    """Make a command of a program: options become the arguments of `main`, its text the help."""
    parser = argparse.ArgumentParser(
        description=sys.modules[main.__module__].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    sys.exit(play(main, vars(parser.parse_args())))
