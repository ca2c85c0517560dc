"""The diagram of a computation, of a tensor or a Scalar, with the gradients that are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.autograd.function import Parts
from minigrad.autograd.graph import Leaf, Node
from minigrad.drawing.diagram import Box, Diagram, Group, Line, Path
from minigrad.drawing.modules import module_text, parameter_lines
from minigrad.nn import Module
from minigrad.scalar import Scalar
from minigrad.story.graphs import Graph, ScalarGraph, TensorGraph
from minigrad.story.lines import Recording
from minigrad.story.names import Names
from minigrad.story.numbers import array_text, shape_text
from minigrad.story.walk import known_values
from minigrad.tensor import Tensor

__all__ = ["GraphDiagram"]

FEW, WIDE = 6, 34  # elements and characters up to which an array stands in a box as it is


class GraphDiagram:
    """Makes the diagram of everything that a result was made of.

    gradients  by node, where they are known from elsewhere: an explanation
    """

    def __init__(
        self, result: Tensor | Scalar, names: Names, made: Recording, gradients: dict[Any, Any]
    ) -> None:
        self.names, self.made, self.gradients = names, made, gradients
        self.graph: Graph = ScalarGraph()
        self.root: Any = result
        if isinstance(result, Tensor):
            self.graph, self.root = TensorGraph(result), result.node
        self.nodes = self.graph.history(self.root)[::-1]
        self.known = known_values(self.graph, self.nodes, names, made)
        self.ids = {node: f"{i}" for i, node in enumerate(self.nodes)}
        self.numbers: dict[int, str] = {}  # of the constants
        self.calls: Counter[Module] = Counter()
        self.labels: dict[tuple[Module, int], str] = {}
        self.diagram = Diagram(f"How {names.get(self.root) or 'a result'} is computed")

    def made_diagram(self) -> Diagram:
        for node in self.nodes:
            self.diagram.add(self.box(node))
            for parent in self.graph.parents(node):
                self.diagram.connect(self.ids[parent], self.ids[node])
            for name, constant in self.constants(node):
                self.add_constant(node, name, constant)
        self.group_leaves()
        self.diagram.tidy()
        self.shorten()
        return self.diagram

    # ---- boxes -----------------------------------------------------------------------------------

    def box(self, node: Any) -> Box:
        name, value = self.names.get(node), self.known.get(node)
        is_leaf = not self.graph.parents(node)
        kind = "leaf" if is_leaf else "result" if node is self.root else "op"
        path = self.path(node)
        lines = list(self.title(node, name, is_leaf))
        shape = self.graph.shape(node)
        more = [name or lines[0].text]
        if value is not None:
            lines += data_lines("data", value)
            more.append(f"data {array_text(value)}")
        elif shape:
            lines.append(Line("shape", f"shape {shape_text(shape)}"))
        gradient = self.gradient(node)
        if isinstance(gradient, str):
            lines.append(Line("missing", f"grad {gradient}"))
        elif gradient is not None:
            lines += data_lines("gradient", gradient, "grad ")
            more.append(f"gradient {array_text(gradient)}")
        return Box(self.ids[node], kind, tuple(lines), path, "\n".join(more))

    def title(self, node: Any, name: str | None, is_leaf: bool) -> Iterator[Line]:
        if is_leaf:
            yield Line("title", name or ("number" if isinstance(node, Scalar) else "leaf"))
        else:
            op = self.graph.op(node)
            yield Line("title", f"{op}  {name}" if name else op)

    def gradient(self, node: Any) -> Any:
        """The gradient of a node, or in words why it has none; None where nobody expects one."""
        if node in self.gradients:
            g = self.gradients[node]
            return "none" if g is None else None if isinstance(g, Parts) else g
        if isinstance(node, Scalar):
            return node.grad if self.root.grad else "not computed"
        if isinstance(node, Leaf):
            return "not computed" if node.grad is None else node.grad.array.copy()
        kept = node.hooks.grad if node.hooks is not None and node.hooks.retain else None
        if kept is not None:
            return kept.array.copy()
        return "not computed" if node.hooks is not None and node.hooks.retain else None

    # ---- constants: inputs of ops that want no gradient, recorded or at least kept ---------------

    def constants(self, node: Any) -> Iterator[tuple[str, Tensor]]:
        if node in self.made.constants:
            yield from self.made.constants[node]
            return
        if not isinstance(node, Node) or node.plan is None:
            return
        arrays = node.plan.op.signature.arrays
        for name, value in zip(node.plan.kept, node.saved or (), strict=False):
            if isinstance(value, Tensor) and value.node is None and name in arrays:
                yield name, value

    def add_constant(self, node: Any, name: str, value: Tensor) -> None:
        number = self.numbers.setdefault(id(value), f"constant {len(self.numbers)}")
        if number not in self.diagram.boxes:
            kind = name if value.array.ndim else "number"
            title = Line("title", self.names.constants.get(id(value), kind))
            lines = (title, *data_lines("data", value.array))
            more = f"{title.text}\ndata {array_text(value.array)}"
            self.diagram.add(Box(number, "constant", lines, (), more))
        self.diagram.connect(number, self.ids[node])

    # ---- groups ----------------------------------------------------------------------------------

    def path(self, node: Any) -> Path:
        """The calls of modules that a node was made in, each a group."""
        made = self.made.get(node)
        path: Path = ()
        for module, call in () if made is None else made.modules:
            path = (*path, self.label(module, call))
            self.diagram.groups.setdefault(path, group(module, path[-1]))
        return path

    def label(self, module: Module, call: int) -> str:
        """The title of a call's group: the module's path, and from the second on, which call."""
        if (module, call) not in self.labels:
            self.calls[module] += 1
            count = self.calls[module]
            name = self.names.modules.get(module) or type(module).__name__
            self.labels[module, call] = name if count == 1 else f"{name}, call {count}"
        return self.labels[module, call]

    def group_leaves(self) -> None:
        """A parameter stands in its module's frame; without recorded calls, it makes that frame."""
        owners = {p.node: m for m in self.names.modules for p in m.parameters(recurse=False)}
        first: dict[str, Path] = {}
        for path in self.diagram.groups:
            first.setdefault(path[-1], path)
        for node in self.nodes:
            if isinstance(node, Leaf) and node in owners:
                name = self.names.modules[owners[node]]
                self.move(node, first.get(name) or self.frames(owners[node], first))

    def frames(self, module: Module, first: dict[str, Path]) -> Path:
        """The frame of a module whose call nobody recorded, in those of the modules around it."""
        around = [m for m in self.names.modules if any(inner is module for inner in m.modules())]
        path: Path = ()
        for outer in sorted(around, key=lambda m: len(self.names.modules[m])):
            path = (*path, self.names.modules[outer])
            self.diagram.groups.setdefault(path, group(outer, path[-1]))
            first.setdefault(path[-1], path)
        return path

    def move(self, node: Any, path: Path) -> None:
        """Put a parameter into a frame, and what uses it, too, if that is not in any."""
        boxes = self.diagram.boxes
        users = [target for source, target in self.diagram.edges if source == self.ids[node]]
        for number in (self.ids[node], *(user for user in users if not boxes[user].group)):
            boxes[number] = replace(boxes[number], group=path)

    def shorten(self) -> None:
        """In the frame of net.fc, net.fc.weight is called weight."""
        for box in [*self.diagram.boxes.values()]:
            if box.group and box.title.startswith(f"{box.group[-1]}."):
                title = Line("title", box.title.removeprefix(f"{box.group[-1]}."))
                self.diagram.add(replace(box, lines=(title, *box.lines[1:])))


def group(module: Module, label: str) -> Group:
    told = module_text(module)
    is_named = label.partition(",")[0] != type(module).__name__
    return Group(f"{label}: {told}" if is_named else told, parameter_lines(module))


def data_lines(role: str, value: Any, prefix: str = "") -> list[Line]:
    """An array in a box: in few digits if it is small, else by its shape and its range."""
    array = np.asarray(value)
    if array.size <= FEW and array.ndim < 3:
        rows = array if array.ndim == 2 and array.size else [array]
        texts = [rounded(row) for row in rows]
        if all(len(text) + len(prefix) <= WIDE for text in texts):
            return [
                Line(role, (prefix if i == 0 else " " * len(prefix)) + t)
                for i, t in enumerate(texts)
            ]
    low, high = (
        (f"{float(pick(array)):.3g}" for pick in (np.min, np.max)) if array.size else ("", "")
    )
    interval = f" {low} … {high}" if array.size else ""
    return [Line(role, f"{prefix}{shape_text(array.shape)}{interval}")]


def rounded(array: Any) -> str:
    """Four digits of each number."""
    if array.ndim == 0:
        return f"{array[()]:.4g}" if array.dtype.kind in "fiu" else str(array[()])
    return f"[{', '.join(map(rounded, array))}]"
