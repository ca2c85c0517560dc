"""A diagram laid out: frames within frames, each drawn as one item of the frame around it.

What enters a frame from outside passes through a port on its upper edge, what leaves it through one
on its lower edge. So no edge crosses a frame that it has nothing to do with.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from minigrad.drawing.diagram import Box, Diagram, Path
from minigrad.drawing.layers import Edge, Item, arrange

__all__ = ["Frame", "Placed", "Route", "lay_out", "size_of"]

CHARACTER, LINE, PAD = 7.23, 17.0, 10.0  # of 12-pixel monospaced type
BETWEEN, HEADER, MARGIN = 38.0, 26.0, 16.0

Point = tuple[float, float]


@dataclass
class Route:
    """An edge, or the part of it that is in one frame: where it bends, from top to bottom.

    `ends` says that it ends at a box, and gets an arrow.
    """

    source: str
    points: list[Point]
    ends: bool


@dataclass
class Placed:
    """A box or a frame and where its upper left corner is, within the frame around it."""

    what: Box | Frame
    x: float
    y: float


@dataclass
class Frame:
    """A group, laid out: its size, what is in it, and where its ports are, by the source's id."""

    path: Path
    label: str
    width: float = 0.0
    height: float = 0.0
    placed: list[Placed] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    entries: dict[str, float] = field(default_factory=dict)
    exits: dict[str, float] = field(default_factory=dict)


def size_of(box: Box) -> tuple[float, float]:
    """How large a box must be for its text."""
    longest = max(len(line.text) for line in box.lines)
    return longest * CHARACTER + 2 * PAD, len(box.lines) * LINE + 2 * PAD - 6


Hints = dict[Path, list[str]]  # of frames: the sources that enter, in the order from left to right


def lay_out(diagram: Diagram) -> Frame:
    """Lay out a diagram: twice, for only then it is known from which side things enter a frame."""
    hints: Hints = {}
    lay_out_frame(diagram, (), hints)
    return lay_out_frame(diagram, (), hints)


def lay_out_frame(diagram: Diagram, path: Path, hints: Hints) -> Frame:
    """Lay out a group of a diagram, or all of it, and leave hints for the frames in it."""
    group = diagram.groups.get(path)
    frame = Frame(path, group.label if group else "")
    items = items_of(diagram, path, hints)
    edges = edges_of(diagram, path, items)
    layers = arrange([*items.values()], edges)
    stack(frame, layers)
    spread(edges)
    hint(edges, hints)
    for item in items.values():
        put(frame, item)
    drawn: set[Item] = set()
    frame.routes = [route(edge, drawn) for edge in edges]
    return frame


# ---- what is in a frame --------------------------------------------------------------------------


def key_of(diagram: Diagram, path: Path, box: str) -> Any:
    """As what a box appears in a frame: itself, a frame in the frame, or None if it is outside."""
    group, depth = diagram.boxes[box].group, len(path)
    if group[:depth] != path:
        return None
    return box if len(group) == depth else group[: depth + 1]


def items_of(diagram: Diagram, path: Path, hints: Hints) -> dict[Any, Item]:
    """The boxes and frames of a frame, and its ports: ("in", source) and ("out", source)."""
    entering = hints.get(path, [])
    items: dict[Any, Item] = {("in", s): Item(("in", s), 2.0, 0.0, "first") for s in entering}
    for box in diagram.boxes.values():
        key = key_of(diagram, path, box.id)
        if key is None or key in items:
            continue
        if key == box.id:
            items[key] = Item(box, *size_of(box))
        else:
            inner = lay_out_frame(diagram, key, hints)
            items[key] = Item(inner, inner.width, inner.height)
    for source, target in diagram.edges:
        is_in = [key_of(diagram, path, end) is not None for end in (source, target)]
        if is_in == [False, True]:
            items.setdefault(("in", source), Item(("in", source), 2.0, 0.0, "first"))
        elif is_in == [True, False]:
            items.setdefault(("out", source), Item(("out", source), 2.0, 0.0, "last"))
    return items


def edges_of(diagram: Diagram, path: Path, items: dict[Any, Item]) -> list[Edge]:
    """The edges of a frame, between its items."""
    ends: dict[tuple[Any, Any, str], None] = {}
    for source, target in diagram.edges:
        a, b = (key_of(diagram, path, end) for end in (source, target))
        if a != b:
            start = ("in", source) if a is None else a
            ends[start, ("out", source) if b is None else b, source] = None
    return [
        Edge(
            items[a], items[b], flow, port(items[a], flow, "exits"), port(items[b], flow, "entries")
        )
        for a, b, flow in ends
    ]


def port(item: Item, flow: str, side: str) -> float:
    """How far from the left edge of an item something leaves or enters."""
    inner = item.key
    ports: dict[str, float] = getattr(inner, side) if isinstance(inner, Frame) else {}
    return ports.get(flow, item.width / 2)


# ---- where it stands -----------------------------------------------------------------------------


def stack(frame: Frame, layers: list[list[Item]]) -> None:
    """Set the y of all items and the size of the frame; ports lie on its edges."""
    is_framed = bool(frame.path)
    y = HEADER if is_framed else 0.0
    for i, layer in enumerate(layers):
        ranks = {item.rank for item in layer}
        height = max((item.height for item in layer), default=0.0)
        if "first" in ranks:
            set_y(layer, 0.0, 0.0)
            y = HEADER + PAD
            continue
        if "last" in ranks:
            break
        set_y(layer, y, height)
        y += height + (BETWEEN if i + 1 < len(layers) and layers[i + 1][0].rank != "last" else 0.0)
    frame.height = y + (MARGIN if is_framed else 0.0)
    if layers and any(item.rank == "last" for item in layers[-1]):
        set_y(layers[-1], frame.height, 0.0)
    right = max((item.x + item.width for layer in layers for item in layer), default=0.0)
    frame.width = right
    if is_framed:
        frame.width = max(right + 2 * MARGIN, len(frame.label) * CHARACTER + 2 * PAD)
        shift = (frame.width - right) / 2
        for layer in layers:
            for item in layer:
                item.x += shift


def set_y(layer: list[Item], top: float, height: float) -> None:
    for item in layer:
        item.top, item.bottom = top, top + height
        item.y = top + (height - item.height) / 2


def put(frame: Frame, item: Item) -> None:
    """A laid-out item becomes part of the frame."""
    if isinstance(item.key, Box | Frame):
        frame.placed.append(Placed(item.key, item.x, item.y))
    elif item.rank == "first":
        frame.entries[item.key[1]] = item.middle
    elif item.rank == "last":
        frame.exits[item.key[1]] = item.middle


def route(edge: Edge, drawn: set[Item]) -> Route:
    """The points of an edge: straight down through each layer, bent between them.

    Where it goes along with an edge that is drawn already, it is not drawn again.
    """
    source, *between, target = edge.path
    start = source.x + edge.leaves
    points = [(start, source.y + source.height), (start, source.bottom)]
    for item in between:
        if item in drawn:
            points = [(item.middle, item.bottom)]
        else:
            points += [(item.middle, item.top), (item.middle, item.bottom)]
            drawn.add(item)
    end = target.x + edge.enters
    points += [(end, target.top), (end, target.y)]
    return Route(edge.flow, points, isinstance(target.key, Box))


def spread(edges: list[Edge]) -> None:
    """Edges into one box enter side by side, in the order in which they come from above."""
    into: defaultdict[Item, list[Edge]] = defaultdict(list)
    for edge in edges:
        if isinstance(edge.target.key, Box):
            into[edge.target].append(edge)
    for box, found in into.items():
        found.sort(key=from_above)
        step = min(22.0, box.width / (len(found) + 1))
        for i, edge in enumerate(found):
            edge.enters = box.width / 2 + (i - (len(found) - 1) / 2) * step


def hint(edges: list[Edge], hints: Hints) -> None:
    """Note for each frame what enters it, as it comes from left to right."""
    for edge in sorted(edges, key=from_above):
        inner = edge.target.key
        if isinstance(inner, Frame):
            entering = hints.setdefault(inner.path, [])
            if len(entering) < len(inner.entries):
                entering.append(edge.flow)


def from_above(edge: Edge) -> float:
    before = edge.path[-2]
    return before.x + edge.leaves if before is edge.source else before.middle
