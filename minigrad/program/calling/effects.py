"""What an entry does once it knows that its program is the right one.

The program runs on arrays. Around it, as generated code: new tensors for gradients and results,
dates and numbers for the writes, and the structure that the step returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np

from minigrad.autograd.graph import Node, tick, touch
from minigrad.autograd.quiet import silence
from minigrad.program.calling.gradients import Gradients
from minigrad.program.calling.scope import Scope
from minigrad.program.calling.wayback import Workshop
from minigrad.program.recording.arguments import is_named_tuple
from minigrad.program.recording.results import NewTensor
from minigrad.program.recording.standins import WatchedLeaf
from minigrad.tensor import Tensor

__all__ = ["Effects"]


class Effects:
    """Writes the second half of an entry."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.name = scope, scope.name
        self.program, self.recording = scope.program, scope.recording
        self.results = self.recording.results
        self.workshop = Workshop(self.program) if self.results.gradients else None
        self.kept = self.kept_gradients()
        known = (gradient for gradients in self.kept for gradient in gradients.all)
        self.same = {gradient.watched for gradient in known if gradient.is_same_tensor}

    def kept_gradients(self) -> list[Gradients]:
        """The gradients that are in buffers of the program, which it keeps from step to step."""
        memories: dict[str, dict[WatchedLeaf, str]] = {}
        for leaf, buffer in self.program.grads.items() if self.program.kept else ():
            memories.setdefault(self.program.page.memory_of(buffer), {})[leaf] = buffer
        return [Gradients(self.scope, memory, found) for memory, found in memories.items()]

    def all_effects(self) -> Iterator[str]:
        for gradients in self.kept:
            yield from gradients.before()
        yield from self.run()
        yield from self.dates()
        for leaf, buffer in self.program.grads.items():
            if leaf not in self.same:
                array = self.array(buffer, leaf.dtype)
                yield from self.new_tensor("t", array, "None", leaf.version)
                yield f"{self.scope.leaf(leaf)}.grad = t"
        for given in self.recording.givens.values():
            if given.leaf is not None and given.leaf.is_cleared:
                yield f"{self.scope.leaf(given.leaf)}.grad = None"
        for i, new in enumerate(self.results.new):
            array = self.array(f"r{i}", new.value.dtype)
            yield from self.new_tensor(f"t{i}", array, self.node(new), new.version)
        yield f"return {self.structure(self.results.structure)}"

    def run(self) -> Iterator[str]:
        arguments = self.recording.tape.arguments()
        arrays = [f"{self.scope.argument_of(value.array)}.array" for value in arguments]
        results = self.program.results
        if self.workshop is not None:
            yield f"buffers = {self.name(self.workshop)}.free()"
            step, results = "buffers.step", [*results, "go"]
        else:
            step = self.name(self.scope.namespace["step"])
        target = f"{', '.join(results)} = " if results else ""
        yield f"{target}{self.name(silence)}().run({', '.join([step, *arrays])})"

    def array(self, result: str, dtype: Any) -> str:
        """A result as an array: NumPy's own arithmetic makes numbers of what has no dims."""
        if self.program.style == "buffers":
            return result
        return f"{self.name(np.asarray)}({result}, {self.name(dtype)})"

    def dates(self) -> Iterator[str]:
        """Each write has its date and its number, as the engine gives them."""
        written = [given for given in self.recording.givens.values() if given.writes]
        known = [given for given in written if given.role != "argument"]
        if known:
            yield f"now = {self.name(tick)}()"
        stamps = {id(given.tensor.stamp): given for given in known}
        for given in stamps.values():
            stamp = given.tensor.stamp
            assert stamp is not None
            assert stamp.writes is not None
            yield f"{self.name(stamp)}.time = now"
            yield f"{self.name(stamp)}.version += {given.writes}"
            for _ in range(given.writes):
                yield f"{self.name(stamp.writes.append)}(now)"
        for given in written:
            if given.role == "argument":
                for _ in range(given.writes):
                    yield f"{self.name(touch)}({self.scope.where(given)})"

    def new_tensor(self, name: str, array: str, node: str, version: int) -> Iterator[str]:
        yield f"{name} = {self.name(object.__new__)}({self.name(Tensor)})"
        yield f"{name}.array = {array}"
        yield f"{name}.node = {node}"
        yield f"{name}.stamp = {name}.view_of = None"
        for _ in range(version):
            yield f"{self.name(touch)}({name})"

    def node(self, new: NewTensor) -> str:
        """The node of a result: none, the spent one of the recording, or a new one."""
        if not new.is_alive:
            return "None" if new.node is None else SpentNode(self.scope, new.node).text
        parents = "".join(f"{self.scope.leaf(leaf)}, " for leaf, _ in self.results.gradients)
        saved = "".join(f"{self.scope.where(given)}, " for given in self.program.saved)
        return f"{self.name(self.workshop)}.node_for(buffers, go, ({parents}), ({saved}))"

    def structure(self, value: Any) -> str:
        """The expression that makes what the step returns."""
        if isinstance(value, NewTensor):
            return f"t{self.results.new.index(value)}"
        if isinstance(value, WatchedLeaf):
            return f"{self.scope.leaf(value)}.grad"
        if isinstance(value, Tensor):
            return self.scope.where(self.recording.givens[value])
        if isinstance(value, dict):
            pairs = (f"{self.name(k)}: {self.structure(v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, list | tuple):
            items = "".join(f"{self.structure(item)}, " for item in value)
            if is_named_tuple(value):
                return f"{self.name(tuple.__new__)}({self.name(type(value))}, ({items}))"
            return f"[{items}]" if type(value) is list else f"({items})"
        return self.name(value)


class SpentNode:
    """The node of a result that one cannot go back from: one for all, while nobody hooks on."""

    def __init__(self, scope: Scope, node: Node) -> None:
        self.namespace, self.name = scope.namespace, scope.variable(node)
        self.text = f"{self.name} if {self.name}.hooks is None else {scope.name(self.renewed)}()"

    def renewed(self) -> Node:
        node: Node = copy(self.namespace[self.name])
        node.hooks = None
        self.namespace[self.name] = node
        return node
