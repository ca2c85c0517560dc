"""Results as a picture: bars of the ratios, and curves of the cost against the size."""

from collections.abc import Iterator, Sequence
from math import log

from benchmarks import svg
from benchmarks.contestants import OURS
from benchmarks.report import cost_text, digits
from benchmarks.results import Results, Table, crossing
from benchmarks.svg import Scale

__all__ = ["draw"]

WIDTH, MARGIN = 960, 28
LEFT, RIGHT = 176, 176  # of the bars: their names, and their numbers
BAR = 18  # the height of a bar and the gap below

NAMES = {
    "minigrad": "minigrad",
    "minigrad-compile": "minigrad compiled",
    "torch": "PyTorch",
    "torch-compile": "torch.compile",
    "torch-cuda": "PyTorch on a GPU",
    "torch-cuda-graph": "PyTorch on a GPU, as a graph",
    "numpy": "NumPy by hand",
}
CALLED = {"numpy": "NumPy", "torch": "PyTorch"}
TICKS = ("torch-compile", "torch-cuda", "torch-cuda-graph", "numpy")

# Of paper and ink, and of those who are drawn: by day and by night.
COLOURS = {
    "paper": ("#ffffff", "#0d1117"),
    "ink": ("#1f2430", "#e6edf3"),
    "soft": ("#667085", "#8d96a0"),
    "grid": ("#e4e7ec", "#262c36"),
    "minigrad": ("#2563eb", "#60a5fa"),
    "minigrad-compile": ("#7c3aed", "#a78bfa"),
    "torch": ("#ea580c", "#fb923c"),
    "torch-compile": ("#b45309", "#f59e0b"),
    "torch-cuda": ("#15803d", "#4ade80"),
    "torch-cuda-graph": ("#65a30d", "#bef264"),
    "numpy": ("#98a2b3", "#7d8590"),
}

STYLE = """
text { font: 13px system-ui, "Helvetica Neue", Arial, sans-serif; }
.title { font-size: 17px; font-weight: 600; }
.soft { font-size: 12px; }
.value { font-weight: 600; }
.tick { stroke-width: 3; }
.one { stroke-width: 1.5; }
.whisker { stroke-width: 1.5; }
.mark { stroke-width: 1.5; }
path { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
"""


def style() -> str:
    """The style of the picture; its colours follow the reader's between light and dark."""
    dark = "\n".join(coloured(1))
    return f"<style>{STYLE}{chr(10).join(coloured(0))}\n" + (
        f"@media (prefers-color-scheme: dark) {{\n{dark}\n}}</style>"
    )


def coloured(night: int) -> Iterator[str]:
    """The rules of colour, by day or by night."""
    colour = {name: pair[night] for name, pair in COLOURS.items()}
    yield f"text {{ fill: {colour['ink']}; }} .soft {{ fill: {colour['soft']}; }}"
    yield f".paper {{ fill: {colour['paper']}; }} .grid {{ stroke: {colour['grid']}; }}"
    yield f".whisker {{ stroke: {colour['ink']}; }} .one {{ stroke: {colour['torch']}; }}"
    yield f".mark {{ fill: {colour['paper']}; stroke: {colour['ink']}; }}"
    for name in filter(colour.get, NAMES):
        yield f".fill-{name} {{ fill: {colour[name]}; }}"
        yield f".draw-{name} {{ stroke: {colour[name]}; }}"


def draw(results: Results) -> str:
    """The picture, as the text of an SVG file."""
    tables = [table for table in results.workloads() if any(map(table.gain, OURS))]
    sweeps = [tables for tables in results.sweeps().values() if len(tables) > 1]
    names = [name for name in NAMES if any(table.row(name) for table in results.tables)]
    parts, y = [*title(results), *legend(names, MARGIN, 94)], 116.0
    if tables:
        parts += bars(tables, y)
        y += 84 + sum(map(group_height, tables))
    if sweeps:
        parts += curves(sweeps, names, y)
        y += 372
    size = f'width="{WIDTH}" height="{y:.0f}" viewBox="0 0 {WIDTH} {y:.0f}"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join((opening, style(), svg.rect(0, 0, WIDTH, y, "paper"), *parts, "</svg>", ""))


def title(results: Results) -> list[str]:
    """What it is about, and the machine that found it."""
    m, known = results.machine, results.machine["libraries"]
    threads = f"{m['threads']} thread" + "s" * (m["threads"] != 1)
    libraries = [f"{called} {known[name]}" for name, called in CALLED.items() if name in known]
    words = ", ".join(filter(None, (m["processor"], m["gpu"], threads, *libraries)))
    return [
        svg.text(MARGIN, 40, "minigrad against PyTorch", "title"),
        svg.text(MARGIN, 62, words, "soft"),
    ]


def legend(names: Sequence[str], x: float, y: float) -> Iterator[str]:
    """Names beside patches of their colours, in a row."""
    for name in names:
        yield svg.rect(x, y - 10, 12, 12, f"fill-{name}")
        yield svg.text(x + 18, y, NAMES[name])
        x += 40 + 7.1 * len(NAMES[name])


# ---- bars ---------------------------------------------------------------------------------------


def group_height(table: Table) -> float:
    """The height of a table's bars and the gap below."""
    return BAR * sum(bool(table.gain(name)) for name in OURS) + 12.0


def bars(tables: Sequence[Table], top: float) -> list[str]:
    """How many times the rival's cost is ours, for each workload, over a logarithmic scale."""
    gains = [table.gain(name) for table in tables for name in (*OURS, *TICKS)]
    ends = [end for gain in gains if gain for end in (gain.low, gain.high)]
    scale = Scale(min(0.5, *ends) / 1.05, max(2.0, *ends) * 1.1, LEFT, WIDTH - RIGHT)
    first, bottom = top + 42, top + 42 + sum(map(group_height, tables))
    usual = str(tables[0].rival)

    words = f"cost of {NAMES.get(usual, usual)} / cost of minigrad, median (quartiles)"
    parts = [svg.text(WIDTH - MARGIN, top + 10, words, "soft", "end")]
    for value in scale.ticks(1, 2, 5):
        x, kind = scale(value), "one" if value == 1 else "grid"
        parts += [svg.line(x, top + 36, x, bottom, kind)]
        parts += [svg.text(x, top + 30, f"{value:g}", "soft", "middle")]
    for table in tables:
        parts += group(table, scale, first, usual)
        first += group_height(table)
    return parts


def group(table: Table, scale: Scale, y: float, usual: str) -> Iterator[str]:
    """The bars of a workload, its name on the left and their numbers on the right."""
    height = group_height(table) - 12
    against = "" if table.rival == usual else f" / {table.rival}"
    yield svg.text(LEFT - 14, y + height / 2 + 4, table.workload + against, anchor="end")
    for name in OURS:
        if gain := table.gain(name):
            begin, end = sorted((scale(1), scale(gain.median)))
            yield svg.rect(begin, y + 2, end - begin, 14, f"fill-{name}")
            yield svg.line(scale(gain.low), y + 9, scale(gain.high), y + 9, "whisker")
            spread = f"({digits(gain.low)}-{digits(gain.high)})"
            yield svg.text(WIDTH - MARGIN - 90, y + 13, digits(gain.median), "value", "end")
            yield svg.text(WIDTH - MARGIN, y + 13, spread, "soft", "end")
            y += BAR
    for name in TICKS:
        if tick := table.gain(name):
            x = scale(tick.median)
            yield svg.line(x, y - height, x, y, f"tick draw-{name}")


# ---- curves -------------------------------------------------------------------------------------


def curves(sweeps: Sequence[list[Table]], names: Sequence[str], top: float) -> list[str]:
    """The cost of a step against the size, for each sweep, over logarithmic scales."""
    parts: list[str] = []
    width = (WIDTH - 2 * MARGIN) / len(sweeps)
    for i, tables in enumerate(sweeps):
        parts += panel(tables, names, MARGIN + i * width, top + 24, width - 20)
    return parts


def panel(
    tables: list[Table], names: Sequence[str], left: float, top: float, width: float
) -> Iterator[str]:
    """The curves of a sweep."""
    costs = [cost.median for table in tables for name in names if (cost := table.cost(name))]
    sizes = [float(table.size or 1) for table in tables]
    x = Scale(min(sizes), max(sizes), left + 58, left + width)
    y = Scale(min(costs) / 1.3, max(costs) * 1.3, top + 290, top)

    words = f"cost of a step, by {tables[0].sweep} n: {tables[0].about}"
    yield svg.text(left, top - 14, words, "soft")
    for value in y.ticks(1):
        yield svg.line(x.begin, y(value), x.end, y(value), "grid")
        yield svg.text(x.begin - 8, y(value) + 4, time_text(value), "soft", "end")
    for value in x.ticks(1):
        yield svg.line(x(value), y.begin, x(value), y.end, "grid")
        yield svg.text(x(value), y.begin + 18, f"{value:,.0f}", "soft", "middle")
    for name in reversed(names):
        known = [(s, t.cost(name)) for s, t in zip(sizes, tables, strict=True)]
        points = [(x(size), y(cost.median)) for size, cost in known if cost]
        if points:
            yield svg.path(points, f"draw-{name}")
    for name in OURS:
        yield from marks(tables, name, x, y)


def time_text(seconds: float) -> str:
    """A power of ten of seconds."""
    number, unit = cost_text(seconds * 1.001, "s").split()
    return f"{float(number):g} {unit}"


def marks(tables: list[Table], name: str, x: Scale, y: Scale) -> Iterator[str]:
    """Circles where a contestant and its rival cross."""
    rival = tables[0].rival
    sizes = [float(table.size or 1) for table in tables]
    costs = [cost.median for table in tables if (cost := table.cost(name))]
    for size in crossing(tables, name, str(rival)):
        height = y(between(sizes, costs, size))
        yield svg.circle(x(size), height, 5, "mark")
        yield svg.text(x(size) + 10, height + 20, f"n = {size:,.0f}", "soft")


def between(sizes: Sequence[float], costs: Sequence[float], size: float) -> float:
    """The cost at a size on the curve through the known ones, log over log."""
    below = max(i for i, s in enumerate(sizes[:-1]) if s <= size)
    share = log(size / sizes[below]) / log(sizes[below + 1] / sizes[below])
    return float(costs[below] * (costs[below + 1] / costs[below]) ** share)
