"""The walk back, step by step, each with its numbers: the engine's way, or the naive one.

The engine's order sees to it that all of a gradient is there before it is passed on. The naive walk
goes depth first, from a result straight on to what it was made of, and visits each node once, the
first time that it comes by. A node that was used twice has a part of its gradient then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import copy
from typing import Any

from minigrad.story.graphs import Graph
from minigrad.story.lines import Recording
from minigrad.story.names import Names
from minigrad.story.steps import Contribution, Gradient, Place, Step

__all__ = ["Walk", "depth_first", "known_values"]


class Walk:
    """One walk over a graph from its root, whose gradient is g.

    order  the nodes in the order in which they pass their gradients on: by default the engine's
    """

    def __init__(
        self,
        graph: Graph,
        root: Any,
        g: Any,
        names: Names,
        made: Recording,
        order: list[Any] | None = None,
    ) -> None:
        self.graph, self.names, self.made = graph, names, made
        self.everything = graph.history(root)
        inner = [node for node in self.everything if graph.parents(node)]
        self.order = inner if order is None else order
        self.numbers = {node: i for i, node in enumerate(self.order, 1)}
        self.parts = Counter(parent for node in inner for parent in graph.parents(node))
        self.known = known_values(graph, self.everything, names, made)
        self.arrived: Counter[Any] = Counter()
        self.gradients: dict[Any, Any] = {root: g}
        self.passed: dict[Any, Any] = {}
        self.steps = [self.step(node) for node in self.order]

    def place(self, node: Any) -> Place:
        return Place(
            node,
            self.names.get(node),
            self.numbers.get(node),
            self.graph.shape(node),
            self.parts[node],
            self.known.get(node),
        )

    def step(self, node: Any) -> Step:
        """Pass on what has arrived at a node."""
        graph, made, g = self.graph, self.made.get(node), self.gradients.get(node)
        self.passed[node] = g
        op = graph.op(node)
        contributions = list(self.contributions(node, g))
        return Step(
            self.numbers[node],
            op,
            graph.label(node),
            self.place(node),
            None if made is None else made.line,
            g,
            contributions,
            graph.notes(node, op, self.known),
        )

    def contributions(self, node: Any, g: Any) -> Iterator[Contribution]:
        graph = self.graph
        products = graph.products(node, g)
        for parent, product in zip(graph.parents(node), products, strict=True):
            summed = graph.summed(product.value, parent)
            added = product.value if summed is None else summed
            before = self.gradients.get(parent, graph.start(parent))
            after = self.gradients[parent] = self.sum(before, added)
            self.arrived[parent] += 1
            late = self.numbers.get(parent, len(self.order) + 1) < self.numbers[node]
            yield Contribution(
                product.input,
                self.place(parent),
                product.formula,
                product.numbers,
                product.value,
                summed,
                before,
                after,
                part=self.arrived[parent],
                late=late,
                passed=self.passed[parent] if late else None,
            )

    def sum(self, before: Any, added: Any) -> Any:
        if before is None or added is None:
            return added if before is None else before
        return self.graph.add(before, added)

    def leaves(self, right: Walk) -> list[Gradient]:
        """What arrived at each leaf, in the order in which the graph was made."""
        leaves = [node for node in reversed(self.everything) if node not in self.numbers]
        return [self.leaf(node, right.gradients.get(node)) for node in leaves]

    def leaf(self, node: Any, right: Any) -> Gradient:
        found = self.gradients.get(node)
        before, after = self.graph.resting(node, found)
        return Gradient(self.place(node), found, copy(before), copy(after), right)


def known_values(graph: Graph, nodes: list[Any], names: Names, made: Recording) -> dict[Any, Any]:
    """Copies of all values that are known: in the user's variables, saved, or recorded."""
    known = {node: names.tensors[node].array for node in nodes if node in names.tensors}
    for node in nodes:
        known |= graph.values(node)
        found = made.get(node)
        if found is not None:
            known[node] = found.value
    return {node: copy(value) for node, value in known.items()}


def depth_first(graph: Graph, root: Any, from_last: bool) -> list[Any]:
    """The nodes in the naive order: a node, then all that lies behind each of its inputs in turn.

    `from_last` takes the inputs of each node from the last to the first.
    """
    order: dict[Any, None] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        parents = graph.parents(node)
        if parents and node not in order:
            order[node] = None
            waiting += parents if from_last else reversed(parents)
    return list(order)
