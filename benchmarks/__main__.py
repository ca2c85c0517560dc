"""The command `python -m benchmarks`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.contestants import CONTESTANTS
from benchmarks.workloads import SWEEPS, WORKLOADS

DESCRIPTION = """\
Measure minigrad against PyTorch, hand-written NumPy and other engines.

Every contestant is checked against float64 before it is timed; then all take
turns, round by round, on the same number of threads."""


def listed(title: str, entries: Sequence[tuple[str, str]]) -> str:
    """Names and what they are about, for the help."""
    width = max(len(name) for name, _ in entries) + 2
    return "\n".join([f"{title}:", *(f"  {name:<{width}}{about}" for name, about in entries)])


EPILOG = "\n\n".join(
    (
        listed(
            "workloads (`mlp` means all whose names begin with `mlp-`)",
            [(workload.name, workload.about) for workload in WORKLOADS]
            + [(name, f"cost against n: {about}") for name, (about, _) in SWEEPS.items()],
        ),
        listed("contestants", [(c.name, c.about) for c in CONTESTANTS.values()]),
    )
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process; return the exit status."""
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
        with machine.threads(arguments.threads):
            # Only now: NumPy's BLAS asks for the number of threads when it is loaded.
            from benchmarks.command import run

            return run(parser, arguments, sys.argv[1:] if argv is None else argv)
    except SystemExit as stop:  # argparse has printed its help or its complaint
        return int(stop.code or 0)


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="WORKLOAD", help="what to measure (default: everything)")
    add("--against", metavar="NAMES", help="whom to measure beside minigrad, with commas between")
    add("--threads", type=positive, default=1, metavar="N", help="threads for all (default: 1)")
    add("--json", type=Path, metavar="FILE", help="write all results as JSON")
    add("--plot", type=Path, metavar="FILE", help="draw the results as SVG")
    add("--quick", action="store_true", help="fewer rounds and shorter turns, for a first look")
    add("--load", type=Path, metavar="FILE", help="show results of --json instead of measuring")
    return parser


def positive(text: str) -> int:
    """A number of threads: an integer, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
