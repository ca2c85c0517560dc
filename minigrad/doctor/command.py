"""The command `minigrad diagnose NAME`."""

from __future__ import annotations

import argparse

from minigrad.doctor.programs import diagnose_program
from minigrad.guide import PROGRAMS
from minigrad.guide.command import politely, program, rate, seed, steps

__all__ = ["add_diagnose"]

DIAGNOSE = """\
Say what keeps a network of the guide from learning, or will.

Dead units, and by how much they miss; gradients that are exactly 0, vanish or
explode; parameters that the loss does not reach; a learning rate that is too
large for the curvature of the loss. The numbers are the engine's own, and
PyTorch's. The exit status is 0, whatever is found."""


def add_diagnose(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `minigrad diagnose NAME`."""
    parser = subcommands.add_parser(
        "diagnose",
        help="say what keeps a network from learning",
        description=DIAGNOSE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("name", type=program, metavar="NAME", help=f"one of {', '.join(PROGRAMS)}")
    parser.add_argument("--steps", type=steps, metavar="N", help="train it so many steps first (0)")
    parser.add_argument("--seed", type=seed, metavar="S", help="seed of all random numbers (0)")
    parser.add_argument("--lr", type=rate, help="learning rate, if not the program's own")
    parser.add_argument("--momentum", type=rate, metavar="M", help="likewise")
    parser.set_defaults(job=tell)


def tell(arguments: argparse.Namespace) -> int:
    """Print the diagnosis of a program."""
    options = dict(vars(arguments))
    del options["job"]

    def job() -> int:
        after = f" after {options['steps']} steps" if options.get("steps") else ""
        print(f"{options['name']}, seed {options.get('seed', 0)}{after}\n")
        print(diagnose_program(**options))
        return 0

    return politely(job)
