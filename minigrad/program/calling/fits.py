"""The questions of an entry that are more than an `is`: asked when the short answer is no."""

from __future__ import annotations

import numpy as np

from minigrad.program.calling.scope import Scope
from minigrad.program.notation.values import Array
from minigrad.program.program import Program
from minigrad.program.recording.hyper import Numbers
from minigrad.program.recording.standins import Given

__all__ = ["Fits", "Kept", "are_apart", "fits_itself", "is_within"]


class Fits:
    """Whether an array can take the place of the one that an argument had; remembers the last."""

    def __init__(self, scope: Scope, given: Given) -> None:
        self.namespace = scope.namespace
        self.last = scope.variable(None)
        array = given.array
        self.shape, self.dtype, self.strides = array.shape, array.dtype, array.strides
        self.needs_writing = given in scope.program.stored
        known = [g for g in scope.recording.givens.values() if g.role != "argument"]
        self.others = [other.array for other in known if other in scope.program.stored]
        if given.leaf is not None and given.leaf.is_asked is not None:  # gradients of its own
            self.others += [other.array for other in known if other.leaf is not None]

    def __call__(self, array: Array) -> bool:
        if array.shape != self.shape or array.dtype is not self.dtype:
            return False
        if array.strides != self.strides or (self.needs_writing and not array.flags.writeable):
            return False
        if not all(are_apart(array, other) for other in self.others):
            return False
        self.namespace[self.last] = array
        return True


class Kept:
    """Renews the numbers of a group when an option is another object than in the last call."""

    def __init__(self, scope: Scope, numbers: Numbers) -> None:
        self.scope, self.numbers = scope, numbers
        self.names = [scope.variable(value) for value in numbers.options]

    def __call__(self) -> bool:
        if not self.numbers.renewed():
            return False
        self.scope.program.renew_numbers()
        for name, value in zip(self.names, self.numbers.options, strict=True):
            self.scope.namespace[name] = value
        return True


def is_within(index: Array, size: int) -> bool:
    """Whether an index names only entries of a dim."""
    return not index.size or bool(-size <= index.min() and index.max() < size)


def are_apart(*arrays: Array) -> bool:
    """Whether no two arrays share memory."""
    return not any(np.may_share_memory(a, b) for i, a in enumerate(arrays) for b in arrays[i + 1 :])


def fits_itself(program: Program) -> bool:
    """Whether a program could take the call that it was recorded in: what it wrote lay apart.

    Tensors that share memory count their writes together, so that one cannot tell whose they were.
    """
    givens = program.recording.givens.values()
    return all(
        are_apart(argument.array, written.array) and not share_writes(argument, written)
        for argument in givens
        for written in givens
        if argument.role == "argument" and written in program.stored
        if argument.array is not written.array
    )


def share_writes(a: Given, b: Given) -> bool:
    """Whether two tensors were both written, and count their writes together."""
    return bool(a.writes and b.writes and a.tensor.stamp is b.tensor.stamp)
