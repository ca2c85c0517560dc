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

__all__ = ["Gradient"]


class Gradient:
    """A buffer of the program, and the tensor on it that a leaf has for its gradient.

    is_same_tensor  whether the tensor is used again: not that of an argument, whose leaf is another
                    one in every step, nor one that the step has written to, with a version number
    """

    def __init__(self, scope: Scope, watched: WatchedLeaf, buffer: str) -> None:
        self.namespace, self.buffer = scope.namespace, buffer
        self.leaf = scope.leaf(watched)
        self.original: Any = watched.original  # the leaf itself, or an argument's node
        self.refs, self.renewal = scope.name(sys.getrefcount), scope.name(self.renewed)
        self.renew_buffer = scope.program.renewal(buffer, self.namespace)
        role = scope.given_of(watched).role
        self.is_same_tensor = watched.version == 0 and role != "argument"
        self.tensor = scope.variable(None)
        self.users = self.count(buffer)  # of the buffer, where no tensor is on it

    def count(self, name: str) -> int:
        """How many references there are to an object of the program."""
        found: int = eval(f"{self.refs}({name})", self.namespace)
        return found

    def before(self) -> Iterator[str]:
        """What comes before the program writes into the buffer."""
        if self.is_same_tensor:
            yield f"if {' or '.join(self.reasons())}:"
            yield f"    {self.renewal}()"
        else:
            yield f"{self.leaf}.grad = None"
            yield f"if {self.refs}({self.buffer}) != {self.users}:"
            yield f"    {self.renewal}()"

    def reasons(self) -> Iterator[str]:
        """Why the tensor of the last step is not to be used again: somebody could tell."""
        t, buffer = self.tensor, self.buffer
        self.namespace[t] = new_tensor(self.namespace[buffer])
        yield f"{self.leaf}.grad is not {t}"
        yield f"{self.refs}({t}) != {self.count(t) + 1}"  # the leaf's
        yield f"{self.refs}({buffer}) != {self.users + 1}"  # the tensor's
        yield f"{t}.array is not {buffer}"
        yield f"{t}.node is not None"
        yield f"{t}.stamp is not None"
        yield f"{t}.frozen is not None"  # it has required grad, and may have a gradient and hooks
        yield f"{t}.__weakref__ is not None"

    def renewed(self) -> None:
        """Let the leaf have a tensor that nobody knows, on a buffer that nobody has kept."""
        self.namespace[self.tensor] = None
        if self.is_same_tensor:
            self.original.grad = None
        if self.count(self.buffer) != self.users:
            self.renew_buffer()
        if self.is_same_tensor:
            self.original.grad = new_tensor(self.namespace[self.buffer])
            self.namespace[self.tensor] = self.original.grad


def new_tensor(array: Array) -> Tensor:
    t = object.__new__(Tensor)
    t.array = array
    t.node = t.stamp = t.view_of = t.frozen = None  # type: ignore[assignment]  # no Leaf waits
    return t
