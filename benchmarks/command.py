"""What the command does: choose, measure, show, write and draw."""

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.contestants import CONTESTANTS, OURS
from benchmarks.measure import FULL, QUICK, Effort, Entered, Tell, enter, measure, sweep
from benchmarks.picture import draw
from benchmarks.results import Results, Table
from benchmarks.workloads import SWEEPS, WORKLOADS
from minigrad.guide.command import politely, unknown
from minigrad.guide.progress import StatusLine

__all__ = ["run"]

# What --quick leaves out if nobody asks for it: compilers, which take longer than all the rest.
SLOW = ("torch-compile", "jax", "tinygrad")

HELP = "python -m benchmarks --help"


def run(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace, words: Sequence[str]
) -> int:
    """Do what the arguments ask for; return the exit status.

    Raises:
        SystemExit: of an argument that makes no sense, before anything is measured.
    """
    chosen = workloads(parser, arguments.names)
    names = contestants(parser, arguments.against, arguments.quick)
    if arguments.plot and arguments.plot.suffix != ".svg":
        parser.error(f"argument --plot: the picture is an SVG, so not {arguments.plot.name!r}")
    if arguments.load:
        found = loaded(parser, arguments.load)
    for path in filter(None, (arguments.json, arguments.plot)):
        try:
            path.touch()  # now, not after minutes of measuring
        except OSError as error:
            parser.error(f"cannot write {str(path)!r}: {error.strerror}")
    if arguments.load:
        return politely(lambda: show(found, arguments.plot))
    return politely(lambda: benchmark(chosen, names, arguments, words))


# ---- names --------------------------------------------------------------------------------------


def workloads(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The names of the workloads that are meant, in the order of the list; without words, all."""
    known = [*(workload.name for workload in WORKLOADS), *SWEEPS]
    wanted = {name for word in words or known for name in meant(parser, word.lower(), known)}
    return [name for name in known if name in wanted]


def meant(parser: argparse.ArgumentParser, word: str, known: Sequence[str]) -> list[str]:
    """The workload of a name or, if there is none, those whose names begin with it."""
    found = [name for name in known if name == word or name.startswith(f"{word}-")]
    if not found:
        parser.error(unknown("workload", word, {name: name for name in known}, HELP))
    return [word] if word in found else found


def contestants(parser: argparse.ArgumentParser, against: str | None, quick: bool) -> list[str]:
    """The names of the contestants: minigrad, and those that are asked for; without, all."""
    if against is None:
        return [name for name in CONTESTANTS if not (quick and name in SLOW)]
    names = [name.strip().lower() for name in against.split(",") if name.strip()]
    for name in names:
        if name not in CONTESTANTS:
            meant = {name: name for name in CONTESTANTS}
            parser.error(f"argument --against: {unknown('contestant', name, meant, HELP)}")
    return list(dict.fromkeys((*OURS, *names)))


# ---- work ---------------------------------------------------------------------------------------


def benchmark(
    chosen: Sequence[str],
    names: Sequence[str],
    arguments: argparse.Namespace,
    words: Sequence[str],
) -> int:
    """Measure, and print each table as it is done; then write and draw."""
    effort = QUICK if arguments.quick else FULL
    with StatusLine(sys.stderr) as status:
        entered = enter(names, status.tell)
        with machine.threads(arguments.threads):  # again, for what has been loaded since
            results = Results(
                machine.describe(arguments.threads),
                conditions(effort, words),
                dict(entered.missing),
            )
            status.clear()
            print(f"{report.heading(results)}\n\n{report.LEGEND}")
            for tables in measured(chosen, entered, names, effort, status.tell):
                results.tables += tables
                results.run["load_after"] = machine.load()
                if arguments.json:
                    results.write(arguments.json)  # each time, for what is cut short is not lost
                status.clear()
                print(f"\n{text_of(tables)}", flush=True)
    finish(results, arguments.plot)
    return 0


def conditions(effort: Effort, words: Sequence[str]) -> dict[str, Any]:
    """When and how is measured."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *words]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": effort.workload.rounds,
        "turn": effort.workload.turn,
        "load": machine.load(),
    }


def measured(
    chosen: Sequence[str], entered: Entered, names: Sequence[str], effort: Effort, tell: Tell
) -> Iterator[list[Table]]:
    """The table of each workload; those of a sweep together."""
    for workload in WORKLOADS:
        if workload.name in chosen:
            yield [measure(workload, entered, names, effort, tell)]
    for name in SWEEPS:
        if name in chosen and (tables := list(sweep(name, entered, names, effort, tell))):
            yield tables


def text_of(tables: Sequence[Table]) -> str:
    """The text of what `measured` has measured."""
    return report.sweep_text(tables) if tables[0].sweep else report.table_text(tables[0])


def finish(results: Results, plot: Path | None) -> None:
    """Print the summary, and draw the picture if it is wanted."""
    if results.workloads():
        print(f"\n{report.summary_of(results)}")
    if plot:
        plot.write_text(draw(results), encoding="utf-8")


# ---- results of before --------------------------------------------------------------------------


def loaded(parser: argparse.ArgumentParser, path: Path) -> Results:
    """The results in a file."""
    try:
        return Results.read(path)
    except (OSError, ValueError, LookupError, TypeError) as error:
        parser.error(f"argument --load: cannot read results from {str(path)!r}: {error}")


def show(results: Results, plot: Path | None) -> int:
    """Print all that was printed when it was measured."""
    print(f"{results.run['command']}, {results.run['date']}")
    print(f"{report.heading(results)}\n\n{report.LEGEND}")
    for tables in [[table] for table in results.workloads()] + list(results.sweeps().values()):
        print(f"\n{text_of(tables)}")
    finish(results, plot)
    return 0
