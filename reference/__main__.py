"""The command `python -m reference`: minigrad against PyTorch, step by step."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minigrad.guide import PROGRAMS
from minigrad.guide.command import politely, program, seed, steps
from minigrad.guide.progress import StatusLine
from minigrad.version import __version__
from reference import MISSING
from reference.processor import settle_products

if TYPE_CHECKING:
    from reference.lockstep import Result

DESCRIPTION = """\
Train the programs of the guide in minigrad and in PyTorch, in lockstep, and
compare the loss, every gradient and every parameter after every step.

Each program is trained twice: from the same seed, where each library draws its
own first weights, and from the same weights. The table tells the largest
differences in units in the last place (ulp), whether all bits are equal, and
whether the network is dead, which is to say that every gradient is exactly 0."""

EPILOG = """\
other commands, each with its own --help:
  diff SCRIPT      run a script under both libraries: where do the texts part?
  distributed      train a converted model in two processes: the same updates?

The exit status is 0 if all bits are equal, 1 if not, 2 if nothing was compared."""

COMMANDS = ("diff", "distributed")

HEADING = """\
                           largest difference, ulp
program          steps      loss  gradient  parameter   bits     network
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process; return the exit status."""
    settle_products()
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        status: int = importlib.import_module(f"reference.{words[0]}").main(words[1:])
        return status
    try:
        arguments = parse(words)
    except SystemExit as stop:  # argparse has printed its help or its complaint
        return int(stop.code or 0)
    try:
        import torch  # noqa: F401
    except ImportError:
        print(MISSING.format("PyTorch"), file=sys.stderr)
        return 2
    names = arguments.names or list(PROGRAMS)
    return politely(lambda: compare(names, arguments.seed, arguments.steps))


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments in a command line."""
    parser = argparse.ArgumentParser(
        prog="python -m reference",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", type=program, metavar="NAME", help="programs to compare (default: all)"
    )
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="S", help="seed of both libraries (default: 0)"
    )
    parser.add_argument(
        "--steps", type=steps, metavar="N", help="steps to train (default: each program's own)"
    )
    return parser.parse_args(argv)


def compare(names: Sequence[str], seed: int, steps: int | None) -> int:
    """Compare these programs and print what is found; return 0 if all are equal and 1 if not."""
    # Only now: the rest of this module has to work where PyTorch is missing.
    import torch

    from reference.lockstep import STARTS, lockstep

    print(f"minigrad {__version__} and PyTorch {torch.__version__} in lockstep, seed {seed}\n")
    print(HEADING)
    pairs = []
    with StatusLine(sys.stderr) as status:
        for name in names:
            status.tell(f"comparing {name}")
            pairs.append([lockstep(name, start, seed, steps) for start in STARTS])
            status.clear()
            print(row(pairs[-1]))
    print(f"\n{verdict(pairs)}")
    return 0 if all(result.equal for pair in pairs for result in pair) else 1


def row(pair: Sequence["Result"]) -> str:
    """The line of the table for a program, compared from each start."""
    first = pair[0]
    loss, gradient, parameter = (max(r.largest[kind] for r in pair) for kind in first.largest)
    bits = "equal" if all(result.equal for result in pair) else "differ"
    network = "alive" if first.alive else "dead"
    return (
        f"{first.program:<15} {first.steps:>6}  {loss:>8.4g}  {gradient:>8.4g}  {parameter:>9.4g}"
        f"   {bits:<8} {network}"
    )


def verdict(pairs: Sequence[Sequence["Result"]]) -> str:
    """How many programs are equal, and for the others where the two libraries part."""
    equal = sum(all(result.equal for result in pair) for pair in pairs)
    lines = [f"{equal} of {len(pairs)} equal in every bit, from the same seed and weights."]
    lines += [
        f"{result.program}, same {result.start}: they part {result.parting}"
        for pair in pairs
        for result in pair
        if result.parting
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
