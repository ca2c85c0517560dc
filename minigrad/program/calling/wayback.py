"""The way back from what a program has computed, for a backward that comes after the call.

A result that one may still differentiate gets a node that walks back by the second half of the
program. What it needs lies in the buffers of the first half: while it may still be needed, another
call works in buffers of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ref

from minigrad.autograd import errors
from minigrad.autograd.graph import Leaf, Node, Useful, tick
from minigrad.autograd.quiet import silence
from minigrad.program.errors import refused
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.program.program import Program

__all__ = ["Buffers", "ProgramNode", "Workshop"]


class ProgramNode(Node):
    """Stands for everything between the parents and a result.

    go     the function that takes the gradient of the result and returns those of the parents
    title  the name of the node that the engine would have made
    """

    __slots__ = ("go", "title")

    go: Callable[[Any], Any] | None
    title: str

    def backward(self, g: Any, create_graph: bool, useful: Useful = None) -> list[Any]:
        if g is None:
            return [None] * len(self.parents)
        if self.saved is None or self.go is None:
            raise errors.freed(self.title)
        if create_graph:
            raise refused(
                "a compiled function has first derivatives only",
                "For create_graph=True call the function itself, or compile a step that contains "
                "the whole computation.",
            )
        for t in self.saved:
            if t.stamp is not None and t.stamp.time > self.time:
                raise errors.damaged(self.title, self.time, t, t.node)
        grads = silence().run(self.go, g.array if isinstance(g, Tensor) else g)
        return list(grads) if isinstance(grads, tuple) else [grads]

    def release(self) -> None:
        self.saved = self.go = None

    def name(self) -> str:
        return self.title

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        return tuple((parent, 0) for parent in self.parents)


class Buffers:
    """The set-up of a program, made once more; busy while a node needs what is in it."""

    def __init__(self, program: Program) -> None:
        namespace: dict[str, Any] = {}
        program.set_up(namespace)
        self.step: Callable[..., Any] = namespace["step"]
        self.user: ref[ProgramNode] | None = None

    def is_free(self) -> bool:
        user = None if self.user is None else self.user()
        return user is None or user.go is None


class Workshop:
    """All buffers of one program whose results one may differentiate later."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.node = next(
            new.node for new in program.recording.results.new if new.is_alive and new.node
        )
        self.title, self.shape = self.node.name(), self.node.shape
        self.all: list[Buffers] = []

    def free(self) -> Buffers:
        for buffers in self.all:
            if buffers.is_free():
                return buffers
        self.all.append(Buffers(self.program))
        return self.all[-1]

    def node_for(
        self, buffers: Buffers, go: Callable[[Any], Any], parents: tuple[Any, ...], saved: Any
    ) -> ProgramNode:
        """The node of a result that was just computed."""
        node = ProgramNode()
        node.plan = self.node.plan
        node.parents, node.saved, node.go = parents, saved, go
        node.shape, node.title, node.hooks, node.time = self.shape, self.title, None, tick()
        buffers.user = ref(node)
        return node
