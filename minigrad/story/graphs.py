"""A tensor's graph and a Scalar's, seen alike: what the walk of an explanation asks of them."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from minigrad.autograd.engine import reachable
from minigrad.autograd.function import FunctionNode, Part
from minigrad.autograd.graph import Leaf, Node
from minigrad.autograd.plan import array_of
from minigrad.autograd.quiet import silence
from minigrad.ops import sum_to
from minigrad.scalar import Scalar
from minigrad.story.kinks import kinks
from minigrad.story.numbers import array_text
from minigrad.story.symbols import read
from minigrad.tensor import Tensor

__all__ = ["Graph", "Product", "ScalarGraph", "TensorGraph"]


class Product(NamedTuple):
    """What a node gives to one of its inputs: see `Contribution`."""

    input: str
    formula: str
    numbers: str
    value: Any


class Graph(Protocol):
    """What a graph must tell to be explained."""

    def parents(self, node: Any) -> list[Any]: ...
    def history(self, root: Any) -> list[Any]: ...
    def op(self, node: Any) -> str: ...
    def label(self, node: Any) -> str: ...
    def shape(self, node: Any) -> tuple[int, ...]: ...
    def values(self, node: Any) -> dict[Any, Any]: ...
    def products(self, node: Any, g: Any) -> list[Product]: ...
    def notes(self, node: Any, op: str, known: dict[Any, Any]) -> list[str]: ...
    def summed(self, value: Any, node: Any) -> Any: ...
    def add(self, a: Any, b: Any) -> Any: ...
    def start(self, node: Any) -> Any: ...
    def resting(self, leaf: Any, found: Any) -> tuple[Any, Any]: ...


HOOK = "A hook of yours is called here and may replace the gradient; this story leaves it out."


class TensorGraph:
    """The graph of a tensor: each node has its op, whose formulas say what it passes on."""

    def __init__(self, result: Tensor) -> None:
        self.result = result

    def parents(self, node: Node | Leaf) -> list[Node | Leaf]:
        return list(node.parents)

    def history(self, root: Node | Leaf) -> list[Node | Leaf]:
        """The root and everything that it was made of, the youngest first: the engine's order."""
        return sorted(reachable((root,)), key=attrgetter("time"), reverse=True)

    def op(self, node: Node) -> str:
        return node.name() if node.plan is None else node.plan.op.__name__

    def label(self, node: Node) -> str:
        return node.name()

    def shape(self, node: Node | Leaf) -> tuple[int, ...]:
        return node.shape or ()  # a user's Function with several results has none

    def values(self, node: Node | Leaf) -> dict[Any, Any]:
        """The values that a node has saved, by the node or leaf that they came from."""
        found = {node: self.result.array} if node is self.result.node else {}
        if isinstance(node, Leaf) or node.plan is None or not node.saved:
            return found
        found |= {t.node: t.array for t in node.saved if isinstance(t, Tensor) and t.node}
        if node.plan.saves_out:
            found[node] = node.saved[0].array
        return found

    def products(self, node: Node, g: Any) -> list[Product]:
        """What the engine computes at a node, and in which words: its formulas, read."""
        found = node.backward(g, False)
        if node.plan is None or g is None:
            return list(user_products(node, g, found))
        given = {"g": g, **saved(node)}
        return [
            op_product(node, name, {**given, "i": i}, value)
            for (name, i), value in zip(numbered(node), found, strict=True)
        ]

    def notes(self, node: Node, op: str, known: dict[Any, Any]) -> list[str]:
        """Which slope was taken at a kink; and where a hook may change the gradient."""
        places: list[Node | Leaf] = [node, *(p for p in node.parents if isinstance(p, Leaf))]
        hooked = [HOOK for place in places if place.hooks and place.hooks.callbacks]
        if node.plan is None:
            return hooked
        of_inputs = zip(node.plan.inputs, node.parents, strict=True)
        found = {name: known[parent] for name, parent in of_inputs if parent in known}
        return [*kinks(op, {**found, **saved(node)}), *hooked]

    def summed(self, value: Any, node: Node | Leaf) -> Any:
        """A gradient in the shape of its node, None if it has it already."""
        if value is None or value.shape == node.shape:
            return None
        return silence().run(sum_to, value, node.shape)

    def add(self, a: Any, b: Any) -> Any:
        return silence().run(operator.add, a, b)

    def start(self, node: Node | Leaf) -> None:
        """A gradient starts with nothing."""

    def resting(self, leaf: Leaf, found: Any) -> tuple[Any, Any]:
        """What is in the `.grad` of a leaf, and what would be once `found` is added."""
        if leaf.grad is None:
            return None, found
        before = leaf.grad.array
        return before, before if found is None else self.add(before, found)


def saved(node: Node) -> dict[str, Any]:
    """What a node has saved, under the names that its formulas give it."""
    return {
        name: tuple(map(array_of, value)) if isinstance(value, tuple) else array_of(value)
        for name, value in zip(node.plan.kept, node.saved or (), strict=False)
    }


def numbered(node: Node) -> Iterator[tuple[str, int]]:
    """The inputs of a node that want a gradient, each with its number among its op's arrays."""
    numbers = [i for i, wanted in enumerate(node.plan.wants) if wanted]
    return zip(node.plan.inputs, numbers, strict=True)


def op_product(node: Node, name: str, given: dict[str, Any], value: Any) -> Product:
    reading = read(node.plan.op.derivatives[name], given)
    return Product(name, reading.names, reading.numbers, value)


def user_products(node: Node, g: Any, values: list[Any]) -> Iterator[Product]:
    """Of a user's Function nobody knows the formula: its backward is his own Python."""
    if isinstance(node, Part):
        yield Product(f"output {node.index}", "g", array_text(g), values[0])
    elif isinstance(node, FunctionNode):
        call = f"{node.function.__name__}.backward(ctx, g)"
        names = [
            name for name in inspect.signature(node.function.forward).parameters if name != "ctx"
        ]
        wanted = [i for i, x in enumerate(node.inputs) if x is not None and x.wanted]
        for i, value in zip(wanted, values, strict=True):
            yield Product(names[i] if i < len(names) else f"input {i}", call, call, value)
    else:  # a gradient that is nothing: nothing is computed
        names = [] if node.plan is None else node.plan.inputs
        for name, value in zip(names, values, strict=False):
            yield Product(name, "nothing", "nothing", value)


WORDS = {"+": "add", "-": "sub", "*": "mul", "/": "div"}  # what tensors call the same


class ScalarGraph:
    """The graph of a Scalar: a number has slopes by its parents, and the rule is a product."""

    def parents(self, node: Scalar) -> list[Scalar]:
        return list(node.parents)

    def history(self, root: Scalar) -> list[Scalar]:
        return root.history()[::-1]

    def op(self, node: Scalar) -> str:
        return "pow" if node.op.startswith("**") else WORDS.get(node.op, node.op)

    def label(self, node: Scalar) -> str:
        return ""

    def shape(self, node: Scalar) -> tuple[int, ...]:
        return ()

    def values(self, node: Scalar) -> dict[Any, Any]:
        return {node: node.data}

    def products(self, node: Scalar, g: Any) -> list[Product]:
        slopes = (("a", node.by_a), ("b", node.by_b))
        return [
            Product(name, f"by_{name} * g", f"{array_text(slope)} * {array_text(g)}", slope * g)
            for (name, slope), _ in zip(slopes, node.parents, strict=False)
        ]

    def notes(self, node: Scalar, op: str, known: dict[Any, Any]) -> list[str]:
        if len(node.parents) != 1:
            return []
        return list(kinks(op, {"x": node.parents[0].data, "slope": node.by_a}))

    def summed(self, value: Any, node: Scalar) -> Any:
        return None

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def start(self, node: Scalar) -> Any:
        """What was made of others starts at 0, the rest is added to what it has."""
        return 0.0 if node.parents else node.grad

    def resting(self, leaf: Scalar, found: Any) -> tuple[Any, Any]:
        return leaf.grad, found
