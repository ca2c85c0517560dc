"""Recording: run a step once, as ever, while every array in its reach notes what is done with it.

Before the step, each tensor that it can see gets a noting array on its own memory, each leaf a
stand-in that knows whether its gradient was asked for, and each group of an optimiser one that
knows who read it. Afterwards everything is put back, and what has changed is compared with what was
there: gradients, versions, and the facts about the surroundings. The engine has made the step then;
a step that is refused is undone.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from minigrad.autograd.graph import Leaf, Stamp
from minigrad.autograd.watch import watcher
from minigrad.optim.optimizer import Optimizer
from minigrad.program import functions  # tells noting arrays about np.where and its like
from minigrad.program.errors import CompileError, refusals, refused
from minigrad.program.hyper import Numbers, WatchedGroup, all_numbers
from minigrad.program.noting import Noting, noting, plain
from minigrad.program.origin import Origins, user_line
from minigrad.program.surroundings import Fact, Path, Surroundings
from minigrad.program.tape import Array, Memory, Tape, Value
from minigrad.random import default_generator
from minigrad.tensor import Tensor

__all__ = ["Given", "Recording", "WatchedLeaf", "leaf_of"]

assert functions.FUNCTIONS


class WatchedLeaf(Leaf):
    """Stands in for a leaf, and knows whether the step asked for the gradient that was there."""

    __slots__ = ("before", "current", "is_asked", "leaf", "value")

    def __init__(self, leaf: Leaf, value: Value) -> None:
        self.is_asked: bool | None = None
        self.leaf, self.value = leaf, value
        self.shape, self.dtype, self.time = leaf.shape, leaf.dtype, leaf.time
        self.frozen, self.hooks = leaf.frozen, leaf.hooks
        self.before = self.current = leaf.grad

    @property
    def grad(self) -> Tensor | None:  # type: ignore[override]
        self.is_asked = self.is_asked is not False
        return self.current

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        self.is_asked = self.is_asked is True
        self.current = value


@dataclass(eq=False)
class Given:
    """A tensor that is there before the step, and all that the step may change of it."""

    tensor: Tensor
    memory: Memory
    array: Array
    content: Array
    leaf: WatchedLeaf | None
    stamp: Stamp | None
    dates: tuple[int, int, list[int]]

    @property
    def writes(self) -> int:
        """How many writes the step has dated."""
        stamp = self.tensor.stamp
        return 0 if stamp is None else stamp.version - self.dates[1]

    def undo(self) -> None:
        self.array[...] = self.content
        self.tensor.array = self.array
        self.tensor.stamp = self.stamp
        if self.stamp is not None:
            self.stamp.time, self.stamp.version, writes = self.dates
            if self.stamp.writes is not None:
                self.stamp.writes.clear()
                self.stamp.writes.extend(writes)
        if self.leaf is not None:
            self.leaf.leaf.grad = self.leaf.before
            self.leaf.leaf.frozen = self.leaf.frozen
            put_leaf(self.tensor, self.leaf.leaf)


class Recording:
    """One observed call of a step: `run()` it, and read the tape and what has changed."""

    def __init__(
        self, function: Any, call: Callable[[], Any], arguments: dict[str, Any]
    ) -> None:
        self.call, self.arguments = call, arguments
        self.surroundings = Surroundings(function, arguments)
        self.tape = Tape(Origins(self.surroundings.modules, code_of(function)))
        self.givens: dict[Tensor, Given] = {}
        self.groups: list[WatchedGroup] = []
        self.numbers: list[Numbers] = []
        self.result: Any = None
        self.is_first = False  # whether the step made state that it will find next time

    def run(self) -> Any:
        """Make the step, observed; CompileError, and nothing changed, if it cannot be a program."""
        refuse_hooks(self.surroundings)
        before = World(self.surroundings)
        refusals.last = None
        try:
            self.result = self.observed()
            if refusals.last is not None:
                raise refusals.last
            before.refuse_changes(self)
        except CompileError:
            self.undo(before)
            raise
        return self.result

    def observed(self) -> Any:
        self.watch()
        token = watcher.set(self)
        try:
            return self.call()
        finally:
            watcher.reset(token)
            self.tape.is_open = False
            self.unwatch()

    # ---- before ----------------------------------------------------------------------------------

    def watch(self) -> None:
        for name, value in self.arguments.items():
            if isinstance(value, Tensor) and value not in self.surroundings.tensors:
                self.give(value, "argument", (name,))
        for tensor, path in self.surroundings.tensors.items():
            self.give(tensor, "tensor", path)
        for optimizer in self.surroundings.optimizers:
            groups = [WatchedGroup(group) for group in optimizer.param_groups]
            self.groups += groups
            optimizer.param_groups[:] = groups
            self.numbers += all_numbers(optimizer)
        for numbers in self.numbers:
            for name, array in numbers.arrays.items():
                self.tape.given(array, "number", (name,))

    def give(self, tensor: Tensor, role: str, path: Path) -> None:
        """Let a tensor note what is done with it."""
        if tensor in self.givens:
            return
        array, stamp, leaf = tensor.array, tensor.stamp, leaf_of(tensor)
        memory = self.tape.given(array, role, path)
        watched = None if leaf is None else WatchedLeaf(leaf, memory.start)
        dates = (0, 0, []) if stamp is None else (stamp.time, stamp.version, [*(stamp.writes or ())])
        content = array.copy("K")
        self.givens[tensor] = Given(tensor, memory, array, content, watched, stamp, dates)
        tensor.array = noting(self.tape, memory, array)
        if watched is not None:
            put_leaf(tensor, watched)
            if watched.before is not None:
                self.give(watched.before, "gradient", (*path, "grad"))

    # ---- as the watcher --------------------------------------------------------------------------

    def constant(self, array: Array) -> Any:
        if isinstance(array, Noting) or not self.tape.is_open:
            return array
        memory = self.tape.foreign(array)
        memory.start.role = "fresh"
        return noting(self.tape, memory, array)

    def refuse(self, what: str, note: str) -> Exception:
        return refused(what, note, user_line())

    # ---- after -----------------------------------------------------------------------------------

    def unwatch(self) -> None:
        """Put everything back, and the engine's own arrays into the tensors of the step."""
        for optimizer in self.surroundings.optimizers:
            optimizer.param_groups[:] = [watched.group for watched in optimizer.param_groups]
        for given in self.givens.values():
            self.put_back(given)
        for given in self.givens.values():
            if given.leaf is not None:
                given.leaf.leaf.grad = given.leaf.current
                own_array(given.leaf.current)
        for optimizer in self.surroundings.optimizers:
            for state in optimizer.state.values():
                for value in state.values() if isinstance(state, dict) else ():
                    own_array(value)

    def put_back(self, given: Given) -> None:
        array, leaf = given.tensor.array, leaf_of(given.tensor)
        if not isinstance(array, Noting) or array.memory is not given.memory:
            refused(
                f"the step gives other memory to the tensor {'.'.join(given.memory.start.path)}",
                "Write into the tensor, t.copy_(new) under minigrad.no_grad(), instead of t.data = new.",
            )
        if leaf is not given.leaf or (leaf is not None and leaf.hooks is not given.leaf.leaf.hooks):
            refused(
                f"the step changes requires_grad or the hooks of {'.'.join(given.memory.start.path)}",
                "Freeze parameters and register hooks between the steps.",
            )
        given.tensor.array = given.array
        if given.leaf is not None:
            put_leaf(given.tensor, given.leaf.leaf)

    def undo(self, before: World) -> None:
        for given in self.givens.values():
            given.undo()
        before.restore()


class World:
    """What a step may change without an array telling: random streams, and an optimiser's state."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.streams = random_states()
        self.states = [
            (optimizer, {p: dict(state) for p, state in optimizer.state.items()})
            for optimizer in surroundings.optimizers
        ]

    def refuse_changes(self, recording: Recording) -> None:
        for (name, before, _), (_, now, _) in zip(self.streams, random_states(), strict=True):
            if not np.array_equal(before, now):
                raise refused(
                    f"the step draws random numbers from {name}",
                    "A program would use the same numbers in every step. Draw them outside, and "
                    "pass them as an argument.",
                )
        for fact in self.surroundings.changed():
            if self.is_state(fact):
                recording.is_first = True
            else:
                raise refused(
                    f"the step changes {fact}, which is no tensor",
                    "A program only computes with tensors. Change other things between the steps: "
                    "count, collect and replace with what the step returns.",
                )

    def is_state(self, fact: Fact) -> bool:
        """Whether a fact is that an optimiser remembers nothing of a parameter yet."""
        states = [optimizer.state for optimizer, _ in self.states]
        inner = [state for outer in states for state in outer.values()]
        return fact.access == "length" and any(fact.owner is state for state in states + inner)

    def restore(self) -> None:
        for _, before, restore in self.streams:
            restore(before)
        for optimizer, states in self.states:
            optimizer.state.clear()
            optimizer.state.update(states)


def random_states() -> list[tuple[str, Any, Callable[[Any], Any]]]:
    """Name, state and way back of the random streams that everybody shares."""
    states: list[tuple[str, Any, Callable[[Any], Any]]] = [
        ("minigrad", default_generator.get_state(), default_generator.set_state),
        ("Python's random", [str(random.getstate())], lambda _: None),
    ]
    if "numpy.random" in sys.modules:
        states.append(("NumPy", [str(np.random.get_state())], lambda _: None))
    return states


def refuse_hooks(surroundings: Surroundings) -> None:
    """Hooks are Python code of the user's, which a program cannot call."""
    owners: Iterator[tuple[Any, Path]] = iter(
        [(m, path) for m, path in surroundings.modules.items() if has_hooks(m._hooks)]
        + [(o, path) for o, path in surroundings.optimizers.items() if has_hooks(o.step_hooks)]
        + [(t, path) for t, path in surroundings.tensors.items() if has_hooks(hooks_at(t))]
    )
    for _, path in owners:
        raise refused(
            f"there is a hook on {'.'.join(path) or 'the module'}",
            "A program cannot call it. Remove the hook, or do what it does in the step itself.",
        )


def has_hooks(hooks: Any) -> bool:
    parts = (getattr(hooks, name, None) for name in ("before", "callbacks", "after"))
    return any(parts)


def hooks_at(tensor: Tensor) -> Any:
    leaf = leaf_of(tensor)
    return None if leaf is None else leaf.hooks


def leaf_of(tensor: Tensor) -> Leaf | None:
    """The leaf of a tensor, also while the tensor is frozen."""
    if tensor.node is None:
        return getattr(tensor, "frozen", None)
    return tensor.node if isinstance(tensor.node, Leaf) else None


def put_leaf(tensor: Tensor, leaf: Leaf) -> None:
    if tensor.node is None:
        tensor.frozen = leaf
    else:
        tensor.node = leaf


def own_array(value: Any) -> None:
    """Give a tensor that the step made its array without the notes."""
    if isinstance(value, Tensor) and isinstance(value.array, Noting):
        array: Any = np.ndarray.base.__get__(value.array)  # type: ignore[attr-defined]
        same = isinstance(array, np.ndarray) and array.strides == value.array.strides
        value.array = array if same and array.shape == value.array.shape else plain(value.array)


def code_of(function: Any) -> Any:
    while isinstance(function, MethodType) or hasattr(function, "__wrapped__"):
        function = function.__func__ if isinstance(function, MethodType) else function.__wrapped__
    return function.__code__ if isinstance(function, FunctionType) else None
