"""What a step returns: tensors that were there, new tensors, and containers of them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.autograd import engine
from minigrad.autograd.graph import Leaf, Node
from minigrad.program.errors import CompileError, refused
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Value
from minigrad.program.recording.arguments import is_named_tuple
from minigrad.program.recording.facts import is_plain
from minigrad.program.recording.marked import Marked, memory_of, value_of
from minigrad.program.recording.noting import noting
from minigrad.program.recording.standins import Given, WatchedLeaf, give_own_array
from minigrad.tensor import Tensor

__all__ = ["NewTensor", "Reader", "Results", "give_own_arrays", "put_back_leaves"]


@dataclass(eq=False)
class NewTensor:
    """A tensor that the step makes and returns.

    node       the node of the recorded one: None if it has no history
    version    how often it was written in place
    is_alive   whether one may still walk back from it; else its graph is spent
    """

    value: Value
    node: Node | None
    version: int = 0
    is_alive: bool = False


@dataclass(eq=False)
class Results:
    """The returned structure with NewTensors in it, and the way back if there is one.

    upstream   the gradient of the one living tensor
    gradients  the stand-in of each parent that a gradient goes to, and that gradient
    """

    structure: Any  # with NewTensors, tensors that were there, and leaves for their gradients
    new: list[NewTensor] = field(default_factory=list)
    upstream: Value | None = None
    gradients: list[tuple[WatchedLeaf, Value]] = field(default_factory=list)

    def were_there(self, structure: Any = None) -> Iterator[Tensor]:
        """The tensors in the structure, by default in all of it, that are no new ones."""
        part = self.structure if structure is None else structure
        if isinstance(part, Tensor):
            yield part
        elif isinstance(part, dict | list | tuple):
            for item in part.values() if isinstance(part, dict) else part:
                if item is not None:
                    yield from self.were_there(item)


class Reader:
    """Makes Results of what a recorded step has returned, while its tape is open."""

    def __init__(self, tape: Tape, givens: dict[Tensor, Given], seen: Container[int]) -> None:
        self.tape, self.givens, self.seen = tape, givens, seen
        self.found = Results(None)
        self.known: dict[Tensor, NewTensor] = {}
        self.grads = {
            leaf.current: leaf
            for leaf in (given.leaf for given in givens.values())
            if leaf is not None and leaf.current is not None and leaf.current is not leaf.before
        }

    def read(self, result: Any) -> Results:
        self.found.structure = self.described(result)
        self.refuse_shared_memory()
        alive = [new for new in self.found.new if new.node is not None and self.can_go_back(new)]
        if len(alive) > 1:
            raise refused(
                "the step returns several tensors that one could call backward on",
                "Return one of them, call backward inside of the step, or detach() the others.",
            )
        for new in alive:
            new.is_alive = True
        return self.found

    def described(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            if value in self.grads:
                return self.grads[value]
            return value if value in self.givens else self.new_tensor(value)
        if isinstance(value, dict) and type(value) is dict:
            return {key: self.described(item) for key, item in value.items()}
        if is_named_tuple(value):
            return tuple.__new__(type(value), map(self.described, value))
        if type(value) in (list, tuple):
            return type(value)(self.described(item) for item in value)
        if is_plain(value) or id(value) in self.seen:
            return value
        raise refused(
            f"the step returns {type(value).__name__}",
            "It may return tensors, numbers and texts, and lists, tuples and dicts of them. A "
            "namedtuple may have names for them.",
        )

    def refuse_shared_memory(self) -> None:
        """Each result of a program has memory of its own, and so have the gradients."""
        of_grads = {value_of(self.tape, grad.array).root for grad in self.grads}
        roots = [new.value.root for new in self.found.new if new.value.root.kind == "result"]
        if len(set(roots)) < len(roots):
            raise refused(
                "the step returns two tensors that share memory",
                "One is a view of the other, or detach() of it. Return one of them, or a clone().",
            )
        if not of_grads.isdisjoint(roots):
            raise refused(
                "the step returns a view of a gradient",
                "Return the gradient itself, or a clone() of what the view shows.",
            )

    def new_tensor(self, t: Tensor) -> NewTensor:
        if t not in self.known:
            self.known[t] = self.made(t)
        return self.known[t]

    def made(self, t: Tensor) -> NewTensor:
        array: Any = t.array
        memory = memory_of(array) if isinstance(array, Marked) else self.tape.foreign(array)
        if memory.start.kind == "given":  # also if the step has written to it
            raise refused(
                "the step returns a view of a tensor that was there before",
                "Return the tensor itself, or a clone() of what the view shows.",
            )
        if t.node is not None and (not isinstance(t.node, Node) or t.node.hooks is not None):
            raise refused(
                "the step returns a new leaf, or a tensor with a hook",
                "Return tensors that are computed, and leave hooks and retain_grad out.",
            )
        value = value_of(self.tape, array)
        version = 0 if t.stamp is None else t.stamp.version
        self.found.new.append(NewTensor(value, t.node, version))
        return self.found.new[-1]

    def can_go_back(self, new: NewTensor) -> bool:
        """Walk back from a returned tensor, unless its graph is spent."""
        assert new.node is not None
        tape = self.tape
        ones = np.ones(new.value.shape, new.value.dtype)
        memory = tape.given(ones, "upstream", ("grad",))
        self.found.upstream = memory.start
        try:
            found = engine.run_backward({new.node: noting(tape, memory, ones)}, False, True)
        except CompileError:
            raise
        except RuntimeError:  # freed, or damaged by a later write: nobody can go back
            return False
        self.found.gradients = [
            (leaf, value_of(tape, g)) for leaf, g in found.items() if isinstance(leaf, WatchedLeaf)
        ]
        return True


def put_back_leaves(results: Results) -> None:
    """Let the graphs of returned tensors lead to the leaves themselves."""
    roots = [new.node for new in results.new if new.node is not None]
    for node in engine.reachable(roots):
        if not isinstance(node, Leaf):
            node.parents = tuple(
                parent.original if isinstance(parent, WatchedLeaf) else parent
                for parent in node.parents
            )


def give_own_arrays(result: Any, givens: Container[Any]) -> None:
    """Let the new tensors among the results have their arrays without the notes."""
    if isinstance(result, dict | list | tuple):
        for item in result.values() if isinstance(result, dict) else result:
            give_own_arrays(item, givens)
    elif isinstance(result, Tensor) and result not in givens:
        give_own_array(result)
