"""The command `minigrad`, also `python -m minigrad`: the nine programs of the guide.

A subcommand is a function in `COMMANDS` that adds its parser and sets `job`: what to do with
the parsed arguments. A job returns the exit status.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from minigrad.course.command import add_exercises
from minigrad.doctor.command import add_diagnose
from minigrad.guide import PROGRAMS
from minigrad.guide.command import add_options, play, politely, program, unknown
from minigrad.guide.progress import StatusLine
from minigrad.guide.report import describe, watch
from minigrad.story.command import add_explain
from minigrad.version import __version__

DESCRIPTION = """\
An autograd engine to learn from: PyTorch's behaviour on NumPy alone.

Without a command it trains the nine networks of its guide, which takes seconds,
and shows for each what it has learned and what there is to learn from it."""

EXAMPLES = """\
examples:
  minigrad                        train all nine, see what each has learned
  minigrad guide                  list the nine
  minigrad guide relu --seed 3    run one; it prints what it would under PyTorch
  minigrad explain relu --seed 3  tell its first backward pass in numbers
  minigrad diagnose relu          say what keeps it from learning
  minigrad compile relu           print one training step of it as NumPy code
  python -m reference             compare all nine with PyTorch, bit for bit"""

GUIDE = """\
Run one program of the guide, or list them all.

A program prints its network, its parameters, the loss of every step with all
its digits, the parameters again and the output; `line` prints its parameters
every 200 samples instead. From the same seed, the same program prints the same
characters under PyTorch."""

COMPILE = """\
Print one training step of a program of the guide as a NumPy program: forward,
loss, the backward pass and the update, each backward line with the formula that
it comes from."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process; return the exit status."""
    words = sys.argv[1:] if argv is None else argv
    try:
        arguments = parse(words)
        return int(arguments.job(arguments))
    except SystemExit as stop:  # argparse has printed its help or its complaint
        return int(stop.code or 0)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The arguments in a command line, and the `job` that they are for."""
    parser = argparse.ArgumentParser(
        prog="minigrad",
        usage="%(prog)s [-h] [--version] [COMMAND ...]",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    parser.set_defaults(job=show_all)
    subcommands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="minigrad")
    for add_command in COMMANDS:
        add_command(subcommands)
    if words and not words[0].startswith("-") and words[0] not in subcommands.choices:
        meant = {name: name for name in subcommands.choices}
        meant |= {name: f"guide {name}" for name in PROGRAMS}
        parser.error(unknown("command", words[0], meant, "minigrad --help"))
    return parser.parse_args(words)


def add_guide(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `minigrad guide [NAME]`."""
    parser = subcommands.add_parser(
        "guide",
        help="run one program of the guide, or list them all",
        description=GUIDE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "name", nargs="?", type=program, metavar="NAME", help=f"one of {', '.join(PROGRAMS)}"
    )
    parser.add_argument(
        "--plot",
        nargs="?",
        const="",
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="draw loss, parameters and activation into FILE (NAME.png) instead of printing; "
        "needs the package matplotlib (extra plot)",
    )
    add_options(parser)

    def job(arguments: argparse.Namespace) -> int:
        options = dict(vars(arguments))
        name = options.pop("name")
        del options["job"]
        if name and "plot" in options:
            return plot(parser, name, options.pop("plot") or f"{name}.png", options)
        if name:
            return play(PROGRAMS[name].load().main, options)
        if options:
            parser.error(f"--{next(iter(options))} needs the NAME of a program to run")
        return politely(show_list)

    parser.set_defaults(job=job)


def plot(parser: argparse.ArgumentParser, name: str, path: str, options: dict[str, Any]) -> int:
    """Train a program and draw how it went into a file."""
    from minigrad.guide import plotted  # not needed by the other commands

    def job() -> int:
        plotted.save(PROGRAMS[name], path, **options)
        print(f"wrote {path}")
        return 0

    try:
        return politely(job)
    except ModuleNotFoundError as missing:
        print(f"minigrad guide: {missing}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:  # a place or a format that cannot be written
        parser.error(f"--plot {path}: {getattr(error, 'strerror', None) or error}")


def add_compile(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `minigrad compile NAME`."""
    parser = subcommands.add_parser(
        "compile",
        help="print the training step of a program as NumPy, backpropagation and all",
        description=COMPILE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", type=program, metavar="NAME", help=f"one of {', '.join(PROGRAMS)}")
    parser.add_argument(
        "--style",
        choices=("plain", "buffers"),
        default="plain",
        help="plain, as in a textbook (the default), or buffers, as minigrad runs it",
    )
    parser.add_argument(
        "--save", metavar="FILE", help="write it with its numbers, to be run with numpy alone"
    )

    def job(arguments: argparse.Namespace) -> int:
        from minigrad.guide.compiled import compiled  # not needed by the other commands

        step = compiled(PROGRAMS[arguments.name], arguments.style)
        if arguments.save is None:
            return politely(lambda: print(step.source, end="") or 0)
        try:
            step.save(arguments.save)
        except OSError as error:
            parser.error(f"--save {arguments.save}: {error.strerror}")
        return 0

    parser.set_defaults(job=job)


COMMANDS = (add_guide, add_explain, add_diagnose, add_compile, add_exercises)


def show_list() -> int:
    """Print the nine programs, what each is about and the options it has if none are given."""
    left = max(map(len, PROGRAMS)) + 4
    right = max(len(entry.title) for entry in PROGRAMS.values())
    print("The programs of the guide, in the order of the course:\n")
    for name, entry in PROGRAMS.items():
        options = "--steps {steps:<5} --lr {lr:<5} --momentum {momentum}".format(**entry.defaults())
        print(f"  {name:<{left}}{entry.title:<{right}}   {options}")
        print(f"  {'':<{left}}{entry.network}: {entry.task}")
    print("\nRun one with `minigrad guide NAME`; `minigrad guide --help` explains the options.")
    return 0


def show_all(arguments: argparse.Namespace) -> int:
    """Train the nine and print what they have learned."""

    def job() -> int:
        print(f"minigrad {__version__}: nine networks learn from scratch, on NumPy alone.")
        print("A strip shows the loss from the first step to the last, the darker the larger.")
        begin, steps = time.perf_counter(), 0
        with StatusLine(sys.stderr) as status:
            for entry in PROGRAMS.values():
                runs = [watch(entry, seed, status.tell) for seed in entry.seeds]
                steps += sum(len(run.losses) for run in runs)
                status.clear()
                print(f"\n\n{describe(entry, runs)}")
        print(f"\n\n{steps:,} training steps in {time.perf_counter() - begin:.1f} seconds.")
        print("Next: run one with `minigrad guide NAME`, and read its file in minigrad/guide.")
        return 0

    return politely(job)


if __name__ == "__main__":
    sys.exit(main())
