"""A program of the guide is watched while it trains, and what became of it is written down.

Of every step: the loss, each weight before and after, its gradient, and the state of each unit with
a corner: whether this step's data ever lifted it above zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

import minigrad
from minigrad.guide import PROGRAMS
from minigrad.page.backward import Told, told
from minigrad.page.markup import Markup, tag
from minigrad.page.plots import curves, needs_logarithm, series, strip
from minigrad.story.graphs import Graph, TensorGraph, saved
from minigrad.story.names import Names, variables
from minigrad.story.numbers import array_text, number_text
from minigrad.story.programs import AtBackward
from minigrad.story.walk import known_values
from minigrad.tensor import Tensor

__all__ = ["Run", "Shown", "shown", "watch"]

MANY = 32  # elements of parameters, and units, that are shown


@dataclass(frozen=True)
class Unit:
    """A unit of an activation in one step: its input and output, and how often it is above 0."""

    name: str
    sum: str
    out: str
    active: int
    samples: int
    slope: float

    @property
    def state(self) -> str:
        if self.active == self.samples:
            return "active"
        if self.active:
            return "partly"
        return "leaky" if self.slope else "dead"

    @property
    def sentence(self) -> str:
        return {
            "active": "active: all of the gradient gets through",
            "partly": f"active for {self.active} of {self.samples} samples",
            "leaky": f"below zero: {self.slope:g} of the gradient gets through",
            "dead": "dead on this data: no gradient gets through",
        }[self.state]


@dataclass
class Run:
    """A training: the arrays of all steps.

    losses     found by each step
    weights    of each parameter, before the first step and after each
    gradients  of each parameter, found by each step; None where nothing arrived
    units      by name, of each step; None where the step had no such unit
    """

    losses: list[Any] = field(default_factory=list)
    weights: dict[str, list[Any]] = field(default_factory=dict)
    gradients: dict[str, list[Any]] = field(default_factory=dict)
    units: dict[str, list[Unit | None]] = field(default_factory=dict)

    def note(self, net: Any, loss: Tensor | None) -> None:
        """The state of things after a step, or before the first."""
        for name, p in net.named_parameters(prefix="net"):
            self.weights.setdefault(name, []).append(p.array.copy())
            if loss is not None:
                g = None if p.grad is None else p.grad.array.copy()
                self.gradients.setdefault(name, []).append(g)
        if loss is not None:
            self.losses.append(loss.array.copy())

    def note_units(self, units: list[Unit], step: int) -> None:
        for unit in units:
            row = self.units.setdefault(unit.name, [])
            row += [None] * (step - len(row))
            row[step - 1] = unit


class Watching(AtBackward):
    """Tells one backward pass, draws it at once, and notes the units at every one."""

    def __init__(self, step: int, order: str, run: Run) -> None:
        super().__init__(step, order)
        self.run, self.steps = run, 0
        self.told: Told | None = None

    def meet(self, loss: Tensor, caller: FrameType | None) -> None:
        super().meet(loss, caller)
        if self.story is not None and self.told is None:
            self.told = told(self.story)  # before the step moves what it shows
        self.steps += 1
        self.run.note_units(list(units(loss, self, caller)), self.steps)


def watch(
    name: str, step: int, order: str, seed: int, steps: int, **options: Any
) -> tuple[Told, Run]:
    """Train a program of the guide; tell its step-th backward pass."""
    module, run = PROGRAMS[name].load(), Run()
    minigrad.manual_seed(seed)
    net = module.Net()
    run.note(net, None)
    with Watching(step, order, run) as watching:
        for loss in module.train(net, steps, **options):
            run.note(net, loss)
    if watching.told is None:
        raise RuntimeError(f"{name} called backward fewer than {step} times")
    for row in run.units.values():
        row += [None] * (steps - len(row))
    return watching.told, run


# ---- units ---------------------------------------------------------------------------------------

SLOPED = ("relu", "leaky_relu", "leaky_relu_in_place")


def units(loss: Tensor, watching: AtBackward, caller: FrameType | None) -> Iterator[Unit]:
    """The units of each activation behind a loss, in the order in which they were computed."""
    graph: Graph = TensorGraph(loss)
    nodes = graph.history(loss.node)[::-1]
    bent = [node for node in nodes if graph.parents(node) and graph.op(node) in SLOPED]
    if not bent:
        return
    known = known_values(graph, nodes, Names(variables(caller)), watching)
    for node in bent:
        made, x, out = watching.get(node), known.get(graph.parents(node)[0]), known.get(node)
        if x is None or out is None:
            continue
        line = f" ({made.line.place})" if made is not None and made.line is not None else ""
        slope = float(saved(node).get("slope", 0.0))
        columns = zip(by_unit(x), by_unit(out), strict=True)
        for i, (a, b) in enumerate(columns):
            name = f"{graph.op(node).removesuffix('_in_place')}, unit {i}{line}"
            active = int(np.count_nonzero(~(a <= 0)))  # a NaN passes
            yield Unit(name, one_text(a), one_text(b), active, a.size, slope)


def by_unit(array: Any) -> Any:
    """One row for each unit: the last dim counts units, all others samples."""
    return np.asarray(array).reshape(-1, np.shape(array)[-1] if np.ndim(array) else 1).T


def one_text(samples: Any) -> str:
    return array_text(samples[0] if samples.size == 1 else samples)


# ---- on the page ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A run, written down: pieces of the page, and the texts that its script puts into them.

    data  "losses" by step; "weights", "gradients" and "units" by row and step. A unit has the texts
          of its sum and output and its sentence and state
    """

    loss: Markup
    scale: str
    weights: Markup
    rows: Markup
    units: Markup
    data: dict[str, Any]


def shown(run: Run) -> Shown:
    rows = list(elements(run))
    names = [name for name, _, _ in rows[:MANY]]
    weights = [values for _, values, _ in rows[:MANY]]
    gradients = [[text(g) for g in found] for _, _, found in rows[:MANY]]
    units = dict(list(run.units.items())[:MANY])
    losses = [text(loss) for loss in run.losses]
    curve = [float(loss) for loss in run.losses]
    logarithmic = needs_logarithm(curve)
    left = len(rows) - len(names) + len(run.units) - len(units)
    return Shown(
        curves(
            f"The loss over {len(losses)} training steps, from {losses[0]} to {losses[-1]}",
            [curve],
            first=1,
            logarithmic=logarithmic,
        ),
        " (on a logarithmic scale)" if logarithmic else "",
        curves(
            f"The path of {len(names)} weights over {len(losses)} training steps",
            [[float(value) for value in values] for values in weights],
            first=0,
        ),
        Markup("".join([*map(weight_row, range(len(names)), names), *rest(left)])),
        Markup("".join(unit_row(name, states) for name, states in units.items())),
        {
            "losses": losses,
            "weights": [[text(value) for value in values] for values in weights],
            "gradients": gradients,
            "units": [list(map(unit_texts, states)) for states in units.values()],
        },
    )


def text(value: Any) -> str:
    return "none" if value is None else number_text(value[()])


def elements(run: Run) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Each number in each parameter: its name, its values, its gradients."""
    for name, arrays in run.weights.items():
        for index in np.ndindex(arrays[0].shape):
            label = f"{name}{list(index)}" if index else name
            found = [None if g is None else g[index] for g in run.gradients[name]]
            yield label, [array[index] for array in arrays], found


def weight_row(i: int, name: str) -> Markup:
    line = tag("line", x1=1, x2=23, y1=6, y2=6, class_=series(i))
    swatch = tag("svg", line, class_="swatch", viewBox="0 0 24 12", aria_hidden="true")
    cells = (tag("td", tag("code", class_=role)) for role in ("data", "gradient", "data"))
    return tag("tr", tag("th", swatch, tag("code", name), scope="row"), *cells)


def rest(count: int) -> Iterator[Markup]:
    if count:
        yield tag("tr", tag("td", f"and {count} more, which are not shown", colspan=4))


def unit_row(name: str, states: list[Unit | None]) -> Markup:
    path = strip(["missing" if unit is None else unit.state for unit in states])
    cells = (tag("td", tag("code", class_="data")) for _ in ("sum", "output"))
    return tag(
        "tr",
        tag("th", name, scope="row"),
        tag("td", tag("div", path, class_="strip")),
        tag("td", tag("span", class_="state")),
        *cells,
    )


def unit_texts(unit: Unit | None) -> list[str]:
    if unit is None:
        return ["", "", "not used in this step", "missing"]
    return [unit.sum, unit.out, unit.sentence, unit.state]
