"""Results as text: a table for each workload, ratios first, and a summary of all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any

from benchmarks.contest import Row
from benchmarks.contestants import CONTESTANTS, OURS
from benchmarks.results import Results, Table, crossing
from benchmarks.statistics import Summary, summary

__all__ = ["LEGEND", "heading", "summary_of", "sweep_text", "table_text"]

LEGEND = """\
torch/this  PyTorch's cost by this contestant's: 9 is nine times as fast
this/numpy  this contestant's cost by that of the floor, NumPy with buffers written by hand
Costs are medians. In brackets are quartiles: half of the rounds lie between them.
* the spread is larger than the difference: take the two as equal"""

VAGUE = "*"

UNCONFIRMED = (
    "asked for through the environment; threadpoolctl would confirm it, "
    'and sets it for sure: pip install "minigrad-learn[bench]"'
)

SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


# ---- numbers ------------------------------------------------------------------------------------


def digits(value: float) -> str:
    """Three digits that count, without an exponent."""
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def cost_text(value: float, unit: str) -> str:
    """A cost in a unit that suits it."""
    if unit != "s":
        return f"{digits(value)} {unit}"
    scale, name = next(((s, n) for s, n in SECONDS if value >= s), SECONDS[-1])
    return f"{digits(value / scale)} {name}"


def ratio_text(found: Summary | None, itself: bool = False) -> str:
    """A ratio with its quartiles; of a contestant to itself, 1."""
    if found is None:
        return ""
    if itself:
        return "1"
    star = VAGUE if found.vague else " "
    return f"{digits(found.median)}{star} ({digits(found.low)}-{digits(found.high)})"


# ---- tables -------------------------------------------------------------------------------------

NAME, RATIO = 18, 22  # widths of columns


def table_text(table: Table) -> str:
    """The table of a workload: a row for each contestant, and why some have no costs."""
    gain = f"{table.rival + '/this':<{RATIO}}" if table.rival else ""
    distance = f"{'this/' + table.floor:<{RATIO}}" if table.floor else ""
    lines = [
        f"{table.workload}: {table.about}",
        f"  {'':<{NAME}}{gain}{distance}each {table.thing}",
        *(row_text(table, row) for row in table.rows if row.costs),
        *absent(table.rows),
    ]
    return "\n".join(lines)


def row_text(table: Table, row: Row) -> str:
    """A contestant's ratios, its cost, and of what that is made."""
    name = row.contestant
    ratios = ""
    if table.rival:
        ratios += f"{ratio_text(table.gain(name), name == table.rival):<{RATIO}}"
    if table.floor:
        ratios += f"{ratio_text(table.distance(name), name == table.floor):<{RATIO}}"
    cost = cost_text(summary(row.costs).median, table.unit)
    parts = ", ".join(
        f"{part} {cost_text(summary(costs).median, table.unit)}"
        for part, costs in row.parts.items()
    )
    return f"  {name:<{NAME}}{ratios}{cost:<10}{parts}".rstrip()


def absent(rows: Iterable[Row]) -> Iterator[str]:
    """A line for each reason why contestants have no costs."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.why:
            reasons.setdefault(row.why, []).append(row.contestant)
    for why, names in reasons.items():
        yield f"  {', '.join(names)}: {shorten(why, 120, placeholder=' ...')}"


def sweep_text(tables: Sequence[Table]) -> str:
    """The tables of a sweep as one, and where contestants overtake each other."""
    first = tables[0]
    names = [row.contestant for row in first.rows if row.costs]
    gain = f"{first.rival}/minigrad" if first.rival else ""
    lines = [
        f"{first.sweep}: {first.about}, cost of each {first.thing}",
        f"  {'n':>7}  {''.join(f'{name:>{NAME}}' for name in names)}{gain:>{NAME}}".rstrip(),
    ]
    for table in tables:
        costs = [table.cost(name) for name in names]
        told = [cost_text(cost.median, table.unit) if cost else "" for cost in costs]
        ratio = table.gain("minigrad")
        told.append(digits(ratio.median) + VAGUE * ratio.vague if ratio else "")
        lines.append(f"  {table.size:>7,}  {''.join(f'{t:>{NAME}}' for t in told)}".rstrip())
    lines += overtaking(tables)
    lines += absent(first.rows)
    return "\n".join(lines)


def overtaking(tables: Sequence[Table]) -> Iterator[str]:
    """Where minigrad and the rival cross, for minigrad as it is and compiled."""
    rival = tables[0].rival
    for name in OURS:
        if rival and tables[0].row(name) and tables[0].row(rival):
            sizes = [f"{size:,.0f}" for size in crossing(tables, name, rival)]
            where = f"cross at about n = {', '.join(sizes)}" if sizes else "do not cross"
            yield f"  {name} and {rival} {where}"


# ---- before and after ---------------------------------------------------------------------------


def heading(results: Results) -> str:
    """The machine, the threads, how it is measured, and who is not there."""
    m, run = results.machine, results.run
    libraries = ", ".join(f"{name} {version}" for name, version in m["libraries"].items())
    lines = [
        f"{m['processor']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}",
        *([f"GPU: {m['gpu']}"] if m["gpu"] else []),
        f"Python {m['python']}, {libraries}",
        threads_text(m),
        f"at most {run['rounds']} rounds, turns of {run['turn'] * 1000:g} ms, "
        f"load {run['load']} before",
        *(
            f"{name} does not run: {why}"
            for name, why in results.missing.items()
            if not CONTESTANTS[name].kinds  # the others have their row in each table
        ),
    ]
    return "\n".join(lines)


def threads_text(machine: Mapping[str, Any]) -> str:
    """The threads asked for, what the libraries say, and what else was set for them."""
    asked = f"{machine['threads']} thread{'s' * (machine['threads'] != 1)}"
    pools = machine["pools"]
    known = ", ".join(pools) if pools is not None else UNCONFIRMED
    tuned = "".join(f", {name}={value}" for name, value in machine["environment"].items())
    return f"{asked}: {known}{tuned}"


def summary_of(results: Results) -> str:
    """A line for each workload: minigrad's ratios, as it is and compiled."""
    lines = [
        f"{'times as fast as':<{NAME + 12}}{OURS[0]:<{RATIO}}{OURS[1]:<{RATIO}}"
        f"{'times the cost of':<20}{OURS[0]:<10}compile"
    ]
    for table in results.workloads():
        if not table.rival and not table.floor:
            continue
        gains = "".join(f"{ratio_text(table.gain(name)):<{RATIO}}" for name in OURS)
        distances = [table.distance(name) for name in OURS]
        told = "".join(f"{digits(d.median) if d else '':<10}" for d in distances)
        rival, floor = table.rival or "", (table.floor or "") if any(distances) else ""
        lines.append(f"{table.workload:<{NAME}}{rival:<12}{gains}{floor:<20}{told}".rstrip())
    return "\n".join(lines)
