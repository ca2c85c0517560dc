"""Recording: run a step once, as ever, while every array in its reach notes what is done with it.

Before the step, each tensor that it can see gets a noting array on its own memory, each leaf a
stand-in that knows whether its gradient was asked for, and each group of an optimiser one that
knows who read it. Afterwards everything is put back, and what has changed is compared with what was
there. The engine has made the step then; a step that is refused is undone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from minigrad.autograd.grad_mode import is_grad_enabled
from minigrad.autograd.watch import watcher
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.program.errors import CompileError, refusals, refused
from minigrad.program.notation.origin import Origins
from minigrad.program.notation.stack import user_line
from minigrad.program.notation.tape import Tape
from minigrad.program.notation.values import Array, Value
from minigrad.program.recording import (
    functions as functions,  # they tell noting arrays about np.where
)
from minigrad.program.recording.facts import MISSING, Fact, Path
from minigrad.program.recording.hyper import Numbers, WatchedGroup, all_numbers
from minigrad.program.recording.marked import value_of
from minigrad.program.recording.momenta import lay_side_by_side
from minigrad.program.recording.noting import Noting, noting
from minigrad.program.recording.results import Reader, Results, give_own_arrays, put_back_leaves
from minigrad.program.recording.standins import Given, WatchedLeaf, give_own_array, leaf_of
from minigrad.program.recording.surroundings import Surroundings
from minigrad.program.recording.world import World, refuse_hooks
from minigrad.tensor import Tensor

__all__ = ["Recording"]


one_at_a_time = threading.RLock()  # while it is recorded, a tensor notes for one step


class Recording:
    """One observed call of a step.

    mode       whether gradients were recorded when it began
    givens     the tensors that were there, and what became of them
    memories   for each tensor among the arguments, what its memory is known as
    numbers    the optimisers' numbers that it used
    facts      what else must hold for the program to be the same
    results    how to make what the step returned of the program's values
    turn       the number of lines of the step itself; what follows is the way back
    grads      the gradients that the step has made, by leaf
    bounds     the given values that are indices, and the sizes of the dims that they index
    is_first   whether the step has made what it will find next time, an optimiser's state
    """

    def __init__(self, function: Any, call: Callable[[], Any], arguments: dict[str, Any]) -> None:
        self.function, self.call, self.arguments = function, call, arguments
        self.givens: dict[Tensor, Given] = {}
        self.numbers: list[Numbers] = []
        self.groups: list[WatchedGroup] = []
        self.bounds: list[tuple[Value, int]] = []
        self.is_first = False
        self.results = Results(None)

    def run(self) -> Any:
        """Make the step, observed; CompileError, and nothing changed, if it cannot be a program."""
        with one_at_a_time:
            self.surroundings = Surroundings(self.function, self.arguments)
            self.tape = Tape(Origins(self.surroundings.modules, code_of(self.function)))
            refuse_hooks(self.surroundings)
            self.world = World(self.surroundings)
            refusals.last = None
            try:
                result = self.observed()
                self.refuse_what_it_did()
                self.is_first = self.world.refuse_changes()
            except CompileError:
                self.undo()
                raise
            for given in self.givens.values():
                given.finish()
            self.tell_writes_apart()
            return result

    def tell_writes_apart(self) -> None:
        """A tensor that was left alone has no writes, also if another part of its memory has."""
        written = {given.tensor.stamp for given in self.givens.values() if given.memory.is_written}
        for given in self.givens.values():
            if not given.memory.is_written and given.tensor.stamp in written:
                given.writes = 0

    def undo(self) -> None:
        """Put everything back to where it was before the call."""
        self.tape.undo()
        for given in self.givens.values():
            given.undo()
        self.world.restore()

    def forget(self, used: Container[Any] = ()) -> None:
        """Let go of the memory that was only there to undo the call, or to describe it.

        Gradients from before that are not `used` need not be there when the program runs.
        """
        self.tape.contents.clear()
        for given in [*self.givens.values()]:
            if given.role == "gradient" and given not in used:
                del self.givens[given.tensor]
                self.tape.outside.pop(id(given.array), None)
        for given in self.givens.values():
            if given.leaf is not None and given.leaf.before not in self.givens:
                given.leaf.before = None

    def observed(self) -> Any:
        self.mode = is_grad_enabled()
        self.watch()
        token = watcher.set(self)
        try:
            with self.surroundings.names.watched():
                result = self.call()
            self.turn = len(self.tape.lines)
            self.results = Reader(self.tape, self.givens, self.surroundings.seen).read(result)
            self.grads = self.grads_of_now()
            give_own_arrays(result, self.givens)
            return result
        finally:
            watcher.reset(token)
            self.tape.is_running = False
            self.tape.origins.close()
            self.unwatch()

    def grads_of_now(self) -> dict[WatchedLeaf, Value]:
        """The values of the gradients that the step has made."""
        found: dict[WatchedLeaf, Value] = {}
        for given in self.givens.values():
            leaf = given.leaf
            if leaf is None or leaf.current is None or leaf.current is leaf.before:
                continue
            if leaf.current.node is not None:
                raise refused(
                    f"the step leaves a gradient with a history in {given.path}.grad",
                    "backward(create_graph=True) makes such gradients. Get them by "
                    "minigrad.autograd.grad(loss, parameters, create_graph=True), which leaves "
                    "none behind, or clear them before the step is done.",
                )
            found[leaf] = value_of(self.tape, leaf.current.array)
        return found

    # ---- before ----------------------------------------------------------------------------------

    def watch(self) -> None:
        for optimizer in self.surroundings.optimizers:
            groups = [WatchedGroup(group) for group in optimizer.param_groups]
            self.groups += groups
            optimizer.param_groups[:] = groups
            self.numbers += all_numbers(optimizer, groups)
        for i, numbers in enumerate(self.numbers):
            for name, array in numbers.arrays.items():
                memory = self.tape.given(array, "number", (f"group{i}", name))
                setattr(numbers.rule, name, noting(self.tape, memory, array))
        arguments = {n: v for n, v in self.arguments.items() if isinstance(v, Tensor)}
        theirs = {id(value.array) for value in arguments.values()}
        for tensor, path in self.surroundings.tensors.items():
            if not theirs.isdisjoint(arrays_of(tensor)):  # then the argument is no other memory
                self.give(tensor, "tensor", path)
        for name, value in arguments.items():
            if value not in self.surroundings.tensors:
                self.give(value, "argument", (name,))
        for tensor, path in self.surroundings.tensors.items():
            self.give(tensor, "tensor", path)
        self.memories = [self.givens[value].path for value in arguments.values()]

    def give(self, tensor: Tensor, role: str, path: Path) -> None:
        if tensor not in self.givens:
            given = self.givens[tensor] = Given.watch(tensor, self.tape, role, path)
            if given.leaf is not None and given.leaf.before is not None:
                self.give(given.leaf.before, "gradient", (*path, "grad"))

    # ---- as the watcher of what starts without a noting array ------------------------------------

    def constant(self, array: Array) -> Any:
        if isinstance(array, Noting) or not self.tape.is_open:
            return array
        memory = self.tape.foreign(array)
        memory.start.role = "fresh"
        memory.start.array = self.tape.copies[memory.start]  # the step may write into its own
        return noting(self.tape, memory, array)

    def index(self, array: Array, size: int) -> Array:
        """What is in an index that was there before; the program asks for its bounds."""
        if not isinstance(array, Noting) or not self.tape.is_open:
            return array
        root = value_of(self.tape, array).root
        if root.kind == "given":
            self.bounds.append((root, size))
        elif root.kind != "constant":
            raise refused(
                "the step indexes by values that it computes",
                "Whether they are within bounds would have to be looked at in every step. "
                "Compute the index outside, and pass it as an argument.",
                user_line(),
            )
        return np.ndarray.view(array, np.ndarray)

    def refuse(self, what: str, note: str) -> Exception:
        return refused(what, note, user_line())

    # ---- after -----------------------------------------------------------------------------------

    def unwatch(self) -> None:
        self.other_memory = [g.path for g in self.givens.values() if g.has_other_memory()]
        self.other_leaf = [g.path for g in self.givens.values() if g.has_other_leaf()]
        self.gone_through = [g.path for g in self.givens.values() if g.was_gone_through()]
        for given in self.givens.values():
            given.put_back()
        put_back_leaves(self.results)
        for numbers in self.numbers:
            vars(numbers.rule).update(numbers.arrays)
        for optimizer in self.surroundings.optimizers:
            optimizer.param_groups[:] = map(original, optimizer.param_groups)
            lay_side_by_side(optimizer, own_arrays_of(optimizer))

    def refuse_what_it_did(self) -> None:
        if refusals.last is not None:
            raise refusals.last
        for path in self.gone_through:
            raise refused(
                f"the step goes back to what {path} was computed from",
                "A program ends at its arguments. Pass the argument as a leaf, with detach(), or "
                "return the loss and call backward outside of the step.",
            )
        for path in self.other_memory:
            raise refused(
                f"the step gives other memory to {path}",
                "Write into the tensor, with copy_() under minigrad.no_grad(), where it now "
                "assigns to its data.",
            )
        for path in self.other_leaf:
            raise refused(
                f"the step changes requires_grad of {path}, or registers a hook on it",
                "Freeze parameters between the steps. A program cannot call hooks.",
            )
        for value, copy in self.tape.copies.items():
            if value.role != "fresh" and differ(value.array, copy):
                raise refused(
                    "the step changes a tensor that is hidden from sight",
                    "A step sees its arguments, and what the names in its code lead to.",
                )

    @property
    def facts(self) -> list[Fact]:
        """What must hold: the surroundings, and the options of groups that somebody has read."""
        read = [
            Fact(watched.group, "item", key, watched.group.get(key, MISSING), ("the option", key))
            for watched in self.groups
            for key in watched.read
        ]
        counts = [
            Fact(watched.group, "length", None, len(watched.group), ("the options",))
            for watched in self.groups
            if watched.is_counted
        ]
        return self.surroundings.facts + read + counts


def own_arrays_of(optimizer: Optimizer) -> set[Tensor]:
    """Let what an optimiser has made have its arrays without the notes; which tensors these are."""
    made = set()
    for state in optimizer.state.values():
        for value in state.values() if isinstance(state, dict) else ():
            made |= {value} if give_own_array(value) else set()
    return made


def arrays_of(tensor: Tensor) -> tuple[int, ...]:
    """Which arrays a tensor and its gradient have."""
    grad = getattr(leaf_of(tensor), "grad", None)
    return (id(tensor.array), id(getattr(grad, "array", None)))


def original(group: dict[str, Any]) -> dict[str, Any]:
    return group.group if isinstance(group, WatchedGroup) else group


def differ(a: Any, b: Array) -> bool:
    return not np.array_equal(a, b, equal_nan=b.dtype.kind == "f")


def code_of(function: Any) -> Any:
    """The code of the step, below wrappers."""
    if isinstance(function, Module):
        function = function.forward
    while isinstance(function, MethodType) or hasattr(function, "__wrapped__"):
        function = function.__func__ if isinstance(function, MethodType) else function.__wrapped__
    return function.__code__ if isinstance(function, FunctionType) else None
