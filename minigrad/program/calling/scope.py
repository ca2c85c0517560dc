"""What generated code can name: the objects that a step was recorded with, and its arguments."""

from __future__ import annotations

from typing import Any

from minigrad.program.program import Program
from minigrad.program.recording.arguments import Arguments
from minigrad.program.recording.standins import Given, WatchedLeaf

__all__ = ["Scope"]


class Scope:
    """The namespace of one program, in which the entry runs as well."""

    def __init__(self, program: Program, arguments: Arguments) -> None:
        self.program, self.arguments = program, arguments
        self.recording = program.recording
        self.namespace: dict[str, Any] = {}
        self.objects: list[Any] = []
        self.names: dict[int, str] = {}

    def set_up(self) -> None:
        """Make the program's buffers and its function."""
        self.program.set_up(self.namespace)

    def name(self, value: Any) -> str:
        """The name of an object."""
        if id(value) not in self.names:
            self.objects.append(value)  # kept, so that its id stays its own
            self.names[id(value)] = self.variable(value)
        return self.names[id(value)]

    def variable(self, value: Any) -> str:
        """A name of its own, whose object may be exchanged."""
        name = f"__{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def where(self, given: Given) -> str:
        """The expression for a tensor: an argument, or an object that is known."""
        if given.role == "argument":
            for part in self.arguments.parts:
                if part.value is given.tensor:
                    return part.where
        return self.name(given.tensor)

    def leaf(self, leaf: WatchedLeaf) -> str:
        """The expression for a leaf."""
        given = self.given_of(leaf)
        if given.role == "argument":
            return f"{self.where(given)}.node"
        return self.name(leaf.original)

    def given_of(self, leaf: WatchedLeaf) -> Given:
        return next(g for g in self.recording.givens.values() if g.leaf is leaf)

    def argument_of(self, array: Any) -> str:
        """The expression for the tensor that has an array."""
        return self.where(next(g for g in self.recording.givens.values() if g.array is array))
