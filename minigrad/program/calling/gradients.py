"""The gradients that a program leaves behind: the same memory in every step, while nobody minds.

To its user, each step makes new gradients. Where nobody but the leaf has the tensor of the last
step, and nobody but the program its array, the difference cannot be seen, and both are used again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from minigrad.program.calling.scope import Scope
from minigrad.program.notation.values import Array
from minigrad.program.recording.standins import WatchedLeaf
from minigrad.tensor import Tensor

__all__ = ["Gradients"]


class Gradients:
    """The gradients in one memory of the program, each in a buffer of its own."""

    def __init__(self, scope: Scope, memory: str, buffers: dict[WatchedLeaf, str]) -> None:
        self.namespace, self.memory = scope.namespace, memory
        self.refs, self.renewal = scope.name(sys.getrefcount), scope.name(self.renewed)
        self.renew_memory = scope.program.renewal(memory, self.namespace)
        self.all = [Gradient(scope, leaf, buffer) for leaf, buffer in buffers.items()]
        self.users = count(self.namespace, memory)  # of the memory: the buffers, and views of them

    def before(self) -> Iterator[str]:
        """What comes before the program writes into the buffers."""
        reasons: list[str] = []
        for gradient in self.all:
            yield from gradient.cleared()
            reasons += gradient.reasons()
        if [self.memory] != [gradient.buffer for gradient in self.all]:
            reasons.append(f"{self.refs}({self.memory}) != {self.users}")
        yield f"if {' or '.join(reasons)}:"
        yield f"    {self.renewal}()"

    def renewed(self) -> None:
        """Let the leaves have tensors that nobody knows, on memory that nobody has kept."""
        for gradient in self.all:
            gradient.forget()
        if self.is_kept():
            self.renew_memory()
        for gradient in self.all:
            gradient.renew()

    def is_kept(self) -> bool:
        """Whether somebody has a buffer, or sees the memory of one."""
        of_memory = count(self.namespace, self.memory)
        return of_memory != self.users or any(gradient.is_kept() for gradient in self.all)


class Gradient:
    """A buffer of the program, and the tensor on it that a leaf has for its gradient.

    is_same_tensor  whether the tensor is used again: not that of an argument, whose leaf is another
                    one in every step, nor one that the step has written to, with a version number
    """

    def __init__(self, scope: Scope, watched: WatchedLeaf, buffer: str) -> None:
        self.namespace, self.watched, self.buffer = scope.namespace, watched, buffer
        self.leaf, self.refs = scope.leaf(watched), scope.name(sys.getrefcount)
        self.original: Any = watched.original  # the leaf itself, or an argument's node
        role = scope.given_of(watched).role
        self.is_same_tensor = watched.version == 0 and role != "argument"
        self.tensor = scope.variable(None)
        self.users = count(self.namespace, buffer)  # of the buffer, where no tensor is on it

    def cleared(self) -> Iterator[str]:
        if not self.is_same_tensor:
            yield f"{self.leaf}.grad = None"

    def reasons(self) -> Iterator[str]:
        """Why buffer and tensor of the last step are not to be used again: somebody could tell."""
        t, buffer = self.tensor, self.buffer
        if not self.is_same_tensor:
            yield f"{self.refs}({buffer}) != {self.users}"
            return
        self.namespace[t] = new_tensor(self.namespace[buffer])
        yield f"{self.leaf}.grad is not {t}"
        yield f"{self.refs}({t}) != {count(self.namespace, t) + 1}"  # the leaf's
        yield f"{self.refs}({buffer}) != {self.users + 1}"  # the tensor's
        yield f"{t}.array is not {buffer}"
        yield f"{t}.node is not None"
        yield f"{t}.stamp is not None"
        yield f"{t}.frozen is not None"  # it has required grad, and may have a gradient and hooks
        yield f"{t}.__weakref__ is not None"

    def forget(self) -> None:
        """Let go of the tensor of the last step."""
        self.namespace[self.tensor] = None
        if self.is_same_tensor:
            self.original.grad = None

    def is_kept(self) -> bool:
        return count(self.namespace, self.buffer) != self.users

    def renew(self) -> None:
        """Let the leaf have a tensor that nobody knows."""
        if self.is_same_tensor:
            self.original.grad = new_tensor(self.namespace[self.buffer])
            self.namespace[self.tensor] = self.original.grad


def count(namespace: dict[str, Any], name: str) -> int:
    """How many references there are to an object of the program."""
    found: int = eval(f"getrefcount({name})", namespace, {"getrefcount": sys.getrefcount})
    return found


def new_tensor(array: Array) -> Tensor:
    t = object.__new__(Tensor)
    t.array = array
    t.node = t.stamp = t.view_of = t.frozen = None  # type: ignore[assignment]  # no Leaf waits
    return t
