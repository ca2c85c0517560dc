"""What stands in for a tensor's array and leaf during a recording, and how all is put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.autograd.graph import Leaf, Node, Stamp
from minigrad.program.notation.tape import Memory, Tape
from minigrad.program.notation.values import Array, Value
from minigrad.program.recording.marked import plain
from minigrad.program.recording.noting import Noting, noting
from minigrad.tensor import Tensor

__all__ = ["Given", "WatchedLeaf", "give_own_array", "leaf_of", "put_leaf"]


class WatchedLeaf(Leaf):
    """Stands in for a leaf, and knows whether the step asked for the gradient that was there.

    It also stands in for the node of an argument that has a history: gradients stop here.
    """

    __slots__ = ("before", "current", "is_asked", "is_cleared", "original", "value", "version")

    def __init__(self, original: Leaf | Node, value: Value) -> None:
        self.is_asked: bool | None = None
        self.original, self.value = original, value
        self.shape, self.dtype, self.time = original.shape, value.dtype, original.time
        self.frozen, self.hooks = getattr(original, "frozen", False), original.hooks
        self.before: Tensor | None = getattr(original, "grad", None)
        self.current = self.before
        self.is_cleared, self.version = False, 0

    @property
    def behind(self) -> Node | None:  # type: ignore[override]
        """The node that an argument's grad_fn is."""
        return self.original if isinstance(self.original, Node) else None

    def finish(self) -> None:
        """Let go of the gradient that the step has left, and know the rest about it.

        That is whether it has left none, and how often it has written to the one.
        """
        self.is_cleared = self.is_asked is not None and self.current is None
        self.version = 0 if self.current is None else self.current._version
        self.current = None

    @property
    def grad(self) -> Tensor | None:
        self.is_asked = self.is_asked is not False
        return self.current

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        self.is_asked = self.is_asked is True
        self.current = value


@dataclass(eq=False)
class Given:
    """A tensor that is there before the step, and all that the step may change of it.

    dates   the stamp's time and version before the step, and the times of its last writes
    writes  how many writes the step has dated, known when it is done
    """

    tensor: Tensor
    memory: Memory
    array: Array
    leaf: WatchedLeaf | None
    stamp: Stamp | None
    dates: tuple[int, int, list[int]]
    is_frozen: bool
    writes: int = 0

    @classmethod
    def watch(cls, tensor: Tensor, tape: Tape, role: str, path: tuple[str, ...]) -> Given:
        """Let a tensor note what is done with it, and its leaf who asks."""
        array, stamp, leaf = tensor.array, tensor.stamp, leaf_of(tensor)
        memory = tape.given(array, role, path)
        watched = None if leaf is None else WatchedLeaf(leaf, memory.start)
        writes = [] if stamp is None or stamp.writes is None else list(stamp.writes)
        dates = (0, 0, writes) if stamp is None else (stamp.time, stamp.version, writes)
        tensor.array = noting(tape, memory, array)
        if watched is not None:
            put_leaf(tensor, watched)
        is_frozen = tensor.node is None
        return cls(tensor, memory, array, watched, stamp, dates, is_frozen)

    @property
    def role(self) -> str:
        return self.memory.start.role

    @property
    def path(self) -> str:
        return ".".join(self.memory.start.path)

    def has_other_memory(self) -> bool:
        array = self.tensor.array
        return not isinstance(array, Noting) or array.memory is not self.memory

    def has_other_leaf(self) -> bool:
        if leaf_of(self.tensor) is not self.leaf or (self.tensor.node is None) != self.is_frozen:
            return True
        return self.leaf is not None and self.leaf.hooks is not self.leaf.original.hooks

    def was_gone_through(self) -> bool:
        """Whether a gradient came for a tensor with a history: it was meant for what made it."""
        leaf = self.leaf
        return leaf is not None and not isinstance(leaf.original, Leaf) and leaf.current is not None

    def put_back(self) -> None:
        """Give the tensor its array, and its leaf with the gradient of now."""
        self.tensor.array = self.array
        if self.leaf is not None:
            put_leaf(self.tensor, self.leaf.original)
            if isinstance(self.leaf.original, Leaf):
                self.leaf.original.grad = self.leaf.current
            give_own_array(self.leaf.current)

    def finish(self) -> None:
        """Once the step is done, know what it did, and let go of its gradient."""
        stamp = self.tensor.stamp
        self.writes = 0 if stamp is None else stamp.version - self.dates[1]
        if self.leaf is not None:
            self.leaf.finish()

    def undo(self) -> None:
        """Put back what the step has changed, apart from the contents of arrays."""
        self.tensor.stamp = self.stamp
        if self.stamp is not None:
            self.stamp.time, self.stamp.version, writes = self.dates
            if self.stamp.writes is not None:
                self.stamp.writes.clear()
                self.stamp.writes.extend(writes)
        if self.leaf is not None:
            if isinstance(self.leaf.original, Leaf):
                self.leaf.original.frozen = self.is_frozen
            self.tensor.node = None if self.is_frozen else self.leaf.original
            if isinstance(self.leaf.original, Leaf):
                self.leaf.original.grad = self.leaf.before


def leaf_of(tensor: Tensor) -> Leaf | Node | None:
    """The leaf of a tensor, also while the tensor is frozen; the node of one with a history."""
    return getattr(tensor, "frozen", None) if tensor.node is None else tensor.node


def put_leaf(tensor: Tensor, leaf: Any) -> None:
    if tensor.node is None:
        tensor.frozen = leaf
    else:
        tensor.node = leaf


def give_own_array(value: Any) -> bool:
    """Let a tensor that the step has made have its array without the notes; whether it is one."""
    if not isinstance(value, Tensor) or not isinstance(value.array, Noting):
        return False
    array: Any = np.ndarray.base.__get__(value.array)
    is_own = isinstance(array, np.ndarray) and array.shape == value.array.shape
    is_own = is_own and array.strides == value.array.strides
    value.array = array if is_own and array.dtype == value.array.dtype else plain(value.array)
    return True
