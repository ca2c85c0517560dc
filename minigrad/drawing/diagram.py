"""What a picture shows, as data: boxes, the edges between them, and the groups around them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import NamedTuple

__all__ = ["Box", "Diagram", "Group", "Line"]

Path = tuple[str, ...]


class Line(NamedTuple):
    """A line of text in a box and what it is: title, data, gradient, missing or shape."""

    role: str
    text: str


@dataclass(frozen=True)
class Box:
    """A node of the picture.

    id     unique in the picture
    kind   op, leaf (a tensor that wants a gradient), constant, result or module
    lines  what stands in it, the title first
    group  the groups that it is in, the outermost first
    more   what there was no room for: the numbers in full
    """

    id: str
    kind: str
    lines: tuple[Line, ...]
    group: Path = ()
    more: str = ""

    @property
    def title(self) -> str:
        return self.lines[0].text


@dataclass(frozen=True)
class Group:
    """A frame around boxes: a call of a module."""

    label: str
    lines: tuple[Line, ...] = ()


@dataclass
class Diagram:
    """Boxes, edges (from, to) and groups; data flows along the edges, gradients against them."""

    title: str
    boxes: dict[str, Box] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    groups: dict[Path, Group] = field(default_factory=dict)

    def add(self, box: Box) -> None:
        self.boxes[box.id] = box

    def connect(self, source: str, target: str) -> None:
        self.edges[source, target] = None

    def members(self, path: Path) -> list[Box]:
        """The boxes in a group and in the groups in it."""
        return [box for box in self.boxes.values() if box.group[: len(path)] == path]

    def within(self, path: Path) -> list[Path]:
        """The groups directly in a group."""
        return [p for p in self.groups if len(p) == len(path) + 1 and p[:-1] == path]

    # ---- made from others ------------------------------------------------------------------------

    def closed(self, depth: int) -> Diagram:
        """The same with each group that is deeper than `depth` closed: one box in its place."""
        found = Diagram(self.title)
        found.groups = {path: g for path, g in self.groups.items() if len(path) <= depth}
        place: dict[str, str] = {}
        for box in self.boxes.values():
            path = box.group[: depth + 1]
            if len(path) <= depth:
                found.add(box)
                place[box.id] = box.id
                continue
            name = place[box.id] = group_id(path)
            if name not in found.boxes:
                found.add(self.closed_box(path))
        for source, target in self.edges:
            if place[source] != place[target]:
                found.connect(place[source], place[target])
        return found

    def closed_box(self, path: Path) -> Box:
        group = self.groups[path]
        title = Line("title", group.label)
        return Box(group_id(path), "module", (title, *group.lines), path[:-1])

    def inside(self, path: Path) -> Diagram:
        """One group by itself."""
        found = Diagram(self.groups[path].label)
        depth = len(path)
        for box in self.members(path):
            found.add(replace(box, group=box.group[depth:]))
        found.edges = {e: None for e in self.edges if e[0] in found.boxes and e[1] in found.boxes}
        found.groups = {p[depth:]: g for p, g in self.groups.items() if p[:depth] == path != p}
        return found

    def tidy(self) -> Diagram:
        """The same without groups that a path leaves and enters again: no frame can show them.

        (Without recorded calls, a module that is used twice is such a group.) A leaf that is used
        outside of its group stands where all of its users are.
        """
        self.lift_leaves()
        for path in sorted(self.groups, key=len, reverse=True):
            if not self.members(path) or self.is_left_and_entered(path):
                self.dissolve(path)
        return self

    def lift_leaves(self) -> None:
        users = defaultdict(list)
        for source, target in self.edges:
            users[source].append(self.boxes[target].group)
        entered = {target for _, target in self.edges}
        for box in [*self.boxes.values()]:
            if box.id not in entered and users[box.id]:
                shared = common([box.group, *users[box.id]])
                if shared != box.group:
                    self.boxes[box.id] = replace(box, group=shared)

    def is_left_and_entered(self, path: Path) -> bool:
        inside = {box.id for box in self.members(path)}
        following = successors(self.edges)
        reached = [t for s, t in self.edges if s in inside and t not in inside]
        seen = set(reached)
        for box in reached:  # grows while it is read
            for target in following[box]:
                if target in inside:
                    return True
                if target not in seen:
                    seen.add(target)
                    reached.append(target)
        return False

    def dissolve(self, path: Path) -> None:
        """Take a group away; what is in it goes to the group around it."""
        at = len(path) - 1
        for box in self.members(path):
            self.boxes[box.id] = replace(box, group=box.group[:at] + box.group[at + 1 :])
        self.groups = {
            p[:at] + p[at + 1 :] if p[: at + 1] == path else p: g
            for p, g in self.groups.items()
            if p != path
        }


def group_id(path: Path) -> str:
    return "group " + " / ".join(path)


def common(paths: list[Path]) -> Path:
    """The groups that all of these are in."""
    shortest = min(paths, key=len)
    for depth in range(len(shortest), 0, -1):
        if all(path[:depth] == shortest[:depth] for path in paths):
            return shortest[:depth]
    return ()


def successors(edges: dict[tuple[str, str], None]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        found[source].append(target)
    return found
