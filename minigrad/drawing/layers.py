"""Where things stand in a layered drawing: each below what it was made of, with few crossings.

The method of Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical system
structures", 1981), in four passes:

1. layers    the longest path decides the layer; a source moves down to what it is for
2. dummies   an edge over several layers gets a thin item in each layer that it passes
3. order     each layer in turn is sorted by the mean place of its neighbours (the barycentre)
4. places    each layer in turn moves to the mean place of its neighbours, as near as its order and
             the widths allow: a least-squares problem that pooling neighbours solves exactly
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

__all__ = ["Edge", "Item", "arrange"]

GAP = 26.0  # between neighbours in a layer
SWEEPS = 12
STRAIGHT = (1.0, 2.0, 8.0)  # how much a link with no, one or two dummies pulls


@dataclass(eq=False)
class Item:
    """A thing with a size; `arrange` decides its layer and the x of its left edge.

    What is known of it later, its y and from where to where its layer goes, has a place here, too.
    """

    key: Any
    width: float
    height: float
    rank: str = ""  # "first" or "last" for a thing that belongs into that layer
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    top: float = 0.0  # of its layer
    bottom: float = 0.0

    @property
    def is_dummy(self) -> bool:
        return self.key is None

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(eq=False)
class Edge:
    """From one item to another; it leaves and enters so far from their left edges.

    `flow` names what runs along it.
    """

    source: Item
    target: Item
    flow: str
    leaves: float
    enters: float
    path: list[Item] = field(default_factory=list)  # source, dummies, target


def arrange(items: list[Item], edges: list[Edge]) -> list[list[Item]]:
    """Set the layer and x of each item, and the path of each edge; return the layers in order."""
    assign_layers(items, edges)
    layers = fill(items, edges)
    links = links_of(edges)
    order(layers, links)
    place(layers, links)
    return layers


@dataclass(eq=False)
class Link:
    """A piece of an edge, between neighbouring layers."""

    above: Item
    below: Item
    leaves: float
    enters: float


# ---- layers and dummies --------------------------------------------------------------------------


def assign_layers(items: list[Item], edges: list[Edge]) -> None:
    below: defaultdict[Item, list[Item]] = defaultdict(list)
    missing: defaultdict[Item, int] = defaultdict(int)
    for edge in edges:
        below[edge.source].append(edge.target)
        missing[edge.target] += 1
    entered = set(missing)
    start = 1 if any(item.rank == "first" for item in items) else 0
    for item in items:
        item.layer = 0 if item.rank == "first" else start
    ready = [item for item in items if item not in entered]
    for item in ready:  # grows while it is read
        for target in below[item]:
            target.layer = max(target.layer, item.layer + 1)
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    for item in items:
        if item not in entered and item.rank != "first":
            item.layer = min((target.layer for target in below[item]), default=start + 1) - 1
            item.layer = max(item.layer, start)
    deepest = max((item.layer for item in items if item.rank != "last"), default=0)
    for item in items:
        if item.rank == "last":
            item.layer = deepest + 1


def fill(items: list[Item], edges: list[Edge]) -> list[list[Item]]:
    """The layers, with a dummy wherever an edge passes; edges from one place share theirs."""
    layers: list[list[Item]] = [[] for _ in range(1 + max((i.layer for i in items), default=0))]
    for item in items:
        layers[item.layer].append(item)
    shared: dict[tuple[Item, str, int], Item] = {}
    for edge in edges:
        between = []
        for layer in range(edge.source.layer + 1, edge.target.layer):
            key = (edge.source, edge.flow, layer)
            if key not in shared:
                shared[key] = Item(None, 2.0, 0.0, layer=layer)
                layers[layer].append(shared[key])
            between.append(shared[key])
        edge.path = [edge.source, *between, edge.target]
    return [through_the_middle(layer) for layer in layers]


def through_the_middle(layer: list[Item]) -> list[Item]:
    """What passes a layer starts out in its middle: so a frame is as wide on either side of it."""
    things = [item for item in layer if not item.is_dummy]
    half = (len(things) + 1) // 2
    return [*things[:half], *(item for item in layer if item.is_dummy), *things[half:]]


def links_of(edges: list[Edge]) -> list[Link]:
    """The pieces of all edges; a piece that several share is there once."""
    found: dict[tuple[Item, Item, float], Link] = {}
    for edge in edges:
        for above, below in pairwise(edge.path):
            leaves = edge.leaves if above is edge.source else above.width / 2
            enters = edge.enters if below is edge.target else below.width / 2
            found[above, below, leaves] = Link(above, below, leaves, enters)
    return [*found.values()]


# ---- the order in each layer ---------------------------------------------------------------------


def order(layers: list[list[Item]], links: list[Link]) -> None:
    """Sort each layer by the barycentre of its neighbours, down and up; keep the best order."""
    up, down = neighbours(links)
    at = {item: i for layer in layers for i, item in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], crossings(layers, links)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        downward = sweep % 2 == 0
        for layer in layers if downward else reversed(layers):
            sort_layer(layer, at, up if downward else down)
        count = crossings(layers, links)
        if count < fewest:
            best, fewest = [list(layer) for layer in layers], count
    for layer, chosen in zip(layers, best, strict=True):
        layer[:] = chosen


Neighbours = defaultdict[Item, list[tuple[Item, float, float]]]


def neighbours(links: list[Link]) -> tuple[Neighbours, Neighbours]:
    """What is linked to each item from above and from below, with both ends of the link."""
    up: Neighbours = defaultdict(list)
    down: Neighbours = defaultdict(list)
    for link in links:
        up[link.below].append((link.above, link.leaves, link.enters))
        down[link.above].append((link.below, link.enters, link.leaves))
    return up, down


def sort_layer(layer: list[Item], at: dict[Item, int], linked: Neighbours) -> None:
    def barycentre(item: Item) -> float:
        found = [at[n] + there / (n.width + 1) for n, there, _ in linked[item]]
        return sum(found) / len(found) if found else float(at[item])

    layer.sort(key=barycentre)
    at.update((item, i) for i, item in enumerate(layer))


def crossings(layers: list[list[Item]], links: list[Link]) -> int:
    """How many pairs of links cross."""
    at = {item: i for layer in layers for i, item in enumerate(layer)}
    by_layer: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for link in links:
        a = at[link.above] + link.leaves / (link.above.width + 1)
        b = at[link.below] + link.enters / (link.below.width + 1)
        by_layer[link.above.layer].append((a, b))
    return sum(map(inversions, by_layer.values()))


def inversions(pairs: list[tuple[float, float]]) -> int:
    seen: list[float] = []
    count = 0
    for _, b in sorted(pairs):
        count += len(seen) - bisect_right(seen, b)
        insort(seen, b)
    return count


# ---- the places in each layer --------------------------------------------------------------------


def place(layers: list[list[Item]], links: list[Link]) -> None:
    """Move each item to where its links are straight, as far as its neighbours let it."""
    up, down = neighbours(links)
    for layer in layers:
        settle(layer)
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        for layer in layers if downward else reversed(layers):
            settle(layer, up if downward else down)
    for layer in layers:
        settle(layer, up, down)
    left = min((item.x for layer in layers for item in layer), default=0.0)
    for layer in layers:
        for item in layer:
            item.x -= left


def wish(item: Item, linked: Iterable[Neighbours]) -> tuple[float, float]:
    """Where an item would like its left edge to be, and how much. A long edge likes it straight."""
    total = weight = 0.0
    for side in linked:
        for other, there, here in side[item]:
            force = STRAIGHT[item.is_dummy + other.is_dummy]
            total += force * (other.x + there - here)
            weight += force
    return (total / weight, weight) if weight else (item.x, 0.01)


def settle(layer: list[Item], *linked: Neighbours) -> None:
    """Least squares under the order: items that want to pass each other move as one block."""
    blocks: list[tuple[float, float, int]] = []  # sum of wishes less offsets, weight, items
    offset = 0.0
    offsets = []
    for item in layer:
        offsets.append(offset)
        x, weight = wish(item, linked)
        blocks.append((weight * (x - offset), weight, 1))
        while len(blocks) > 1 and mean(blocks[-2]) > mean(blocks[-1]):
            (a, b, c), (d, e, f) = blocks.pop(), blocks.pop()
            blocks.append((a + d, b + e, c + f))
        offset += item.width + GAP
    starts = [mean(block) for block in blocks for _ in range(block[2])]
    for item, start, shift in zip(layer, starts, offsets, strict=True):
        item.x = start + shift


def mean(block: tuple[float, float, int]) -> float:
    return block[0] / block[1]
