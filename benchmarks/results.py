"""What was measured: kept, compared, written as JSON and read again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

from benchmarks.contest import Row
from benchmarks.statistics import Summary, crossings, ratio, summary
from benchmarks.workloads import Workload

__all__ = ["Results", "Table", "crossing"]

FORMAT = 1


@dataclass
class Table:
    """What a workload has cost its contestants.

    The costs are those of one `thing`, in `unit`. `rival` and `floor` are the contestants to whom
    ratios are told, if there are any. A table of a sweep has the sweep's name and its `size`.
    """

    workload: str
    about: str
    unit: str
    thing: str
    rival: str | None
    floor: str | None
    rows: list[Row]
    sweep: str | None = None
    size: int | None = None

    @classmethod
    def of(cls, workload: Workload, rows: list[Row], rivals: Iterable[str]) -> "Table":
        """The table of a workload; if its rival has not run, ratios are told to one who has."""
        timed = {row.contestant for row in rows if row.costs}
        candidates = [workload.rival, *rivals] if workload.rival else []
        rival = next((name for name in candidates if name in timed), workload.rival)
        for row in rows:
            row.costs = [cost / workload.per for cost in row.costs]
            row.parts = {p: [c / workload.per for c in cs] for p, cs in row.parts.items()}
        w = workload
        return cls(w.name, w.about, w.unit, w.thing, rival, w.floor, rows)

    def row(self, name: str | None) -> Row | None:
        """The row of a contestant who has been timed."""
        return next((row for row in self.rows if row.contestant == name and row.costs), None)

    def cost(self, name: str) -> Summary | None:
        """What it has cost a contestant."""
        row = self.row(name)
        return summary(row.costs) if row else None

    def gain(self, name: str) -> Summary | None:
        """How many times the rival's cost is this contestant's."""
        return self.ratio(self.rival, name)

    def distance(self, name: str) -> Summary | None:
        """How many times this contestant's cost is the floor's."""
        return self.ratio(name, self.floor)

    def ratio(self, numerator: str | None, denominator: str | None) -> Summary | None:
        """How many times the cost of the one is that of the other, if both have been timed."""
        above, below = self.row(numerator), self.row(denominator)
        return ratio(above.costs, below.costs) if above and below else None


@dataclass
class Results:
    """All that a run of the benchmarks has found, and on what machine.

    missing  the contestants who could not run, and why
    """

    machine: dict[str, Any]
    run: dict[str, Any]
    missing: dict[str, str]
    tables: list[Table] = field(default_factory=list)

    def sweeps(self) -> dict[str, list[Table]]:
        """The tables of each sweep, in the order of their sizes."""
        found: dict[str, list[Table]] = {}
        for table in self.tables:
            if table.sweep:
                found.setdefault(table.sweep, []).append(table)
        return found

    def workloads(self) -> list[Table]:
        """The tables that belong to no sweep."""
        return [table for table in self.tables if not table.sweep]

    def write(self, path: Path) -> None:
        """Write all of it as JSON, with what the printed tables show."""
        content = {
            "format": FORMAT,
            "machine": self.machine,
            "run": self.run,
            "missing": self.missing,
            "tables": [as_json(table) for table in self.tables],
        }
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what `write` has written.

        Raises:
            OSError: the file cannot be read.
            ValueError: it holds something else.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"it does not hold results in format {FORMAT}")
        tables = [from_json(table) for table in content["tables"]]
        return cls(content["machine"], content["run"], content["missing"], tables)


def as_json(table: Table) -> dict[str, Any]:
    """A table with its medians and ratios; what is no finite number becomes null."""
    content = {name: value for name, value in vars(table).items() if name != "rows"}
    content["rows"] = [
        {
            **vars(row),
            "error": row.error if isfinite(row.error) else None,
            "cost": plain(table.cost(row.contestant)),
            "gain": plain(table.gain(row.contestant)),
            "distance": plain(table.distance(row.contestant)),
        }
        for row in table.rows
    ]
    return content


def plain(found: Summary | None) -> dict[str, float] | None:
    """A summary as JSON."""
    return asdict(found) | {"vague": found.vague} if found else None


def from_json(content: Mapping[str, Any]) -> Table:
    """The table that `as_json` was given."""
    derived = ("cost", "gain", "distance")
    rows = []
    for found in content["rows"]:
        values = {name: value for name, value in found.items() if name not in derived}
        values["error"] = nan if values["error"] is None else values["error"]
        rows.append(Row(**values))
    return Table(**{**content, "rows": rows})


def crossing(tables: Sequence[Table], name: str, other: str) -> list[float]:
    """The sizes of a sweep at which one contestant overtakes another beyond doubt."""
    ratios = [(table.size, table.ratio(other, name)) for table in tables]
    known = [(size, r.median) for size, r in ratios if r and size and not r.vague]
    return crossings([size for size, _ in known], [r for _, r in known])
