"""Recording: run a step once, as ever, while every array in its reach notes what is done with it.

Before the step, each tensor that it can see gets a noting array on its own memory, each leaf a
stand-in that knows whether its gradient was asked for, and each group of an optimiser one that
knows who read it. Afterwards everything is put back, and what has changed is compared with what was
there: gradients, versions, and the facts about the surroundings. The engine has made the step then;
a step that is refused is undone.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from minigrad.autograd.graph import Leaf, Stamp
from minigrad.autograd.watch import watcher
from minigrad.optim.optimizer import Optimizer
from minigrad.program import functions  # noqa: F401: it tells noting arrays about np.where & co.
from minigrad.program.errors import CompileError, refused
from minigrad.program.hyper import Numbers, WatchedGroup, all_numbers
from minigrad.program.noting import Noting, noting
from minigrad.program.origin import Origins, user_line
from minigrad.program.surroundings import Fact, Path, Surroundings, is_plain
from minigrad.program.tape import Array, Tape, Value
from minigrad.random import default_generator
from minigrad.tensor import Tensor

__all__ = ["Given", "Recording", "WatchedLeaf"]


@dataclass(eq=False)
class Given:
    """A tensor that is there before the step."""

    tensor: Tensor
    value: Value
    array: Array
    leaf: WatchedLeaf | None
    stamp: Stamp | None
    version: int
    content: Array
    position: int | None = None  # among the arguments


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


class Recording:
    """One call of a step under observation. `with` it, call the step; then ask for the tape."""

    def __init__(self, function: Any, args: tuple[Any, ...], names: tuple[str, ...]) -> None:
        self.args, self.names = args, names
        self.surroundings = Surroundings(function)
        for value, name in zip(args, names, strict=True):
            if not isinstance(value, Tensor):
                self.surroundings.visit(value, (name,))
        self.surroundings.read_attributes()
        self.tape = Tape(Origins(self.surroundings.modules, code_of(function)))
        self.givens: dict[Tensor, Given] = {}
        self.groups: list[tuple[Optimizer, int, dict[str, Any]]] = []
        self.numbers: list[Numbers] = []
        self.randomness = random_states()
        self.refuse_what_is_there()

    # ---- before ----------------------------------------------------------------------------------

    def __enter__(self) -> Recording:
        for position, (value, name) in enumerate(zip(self.args, self.names, strict=True)):
            if isinstance(value, Tensor) and value not in self.surroundings.tensors:
                self.give(value, (name,), "argument", position)
        for tensor, path in list(self.surroundings.tensors.items()):
            self.give(tensor, path, "tensor")
        self.refuse_overlaps()
        for optimizer in self.surroundings.optimizers:
            for i, group in enumerate(optimizer.param_groups):
                self.groups.append((optimizer, i, group))
                optimizer.param_groups[i] = WatchedGroup(group)
            self.numbers += all_numbers(optimizer)
        for numbers in self.numbers:
            for name, array in numbers.arrays.items():
                value = Value("given", array, array=array, role="number", name=name)
                self.tape.constants[id(array)] = value
        self.token = watcher.set(self.tape)
        return self

    def give(self, tensor: Tensor, path: Path, role: str, position: int | None = None) -> None:
        """Let a tensor note what is done with it."""
        if tensor in self.givens:
            return
        array = tensor.array
        value = self.tape.given(array, role, path)
        leaf = leaf_of(tensor)
        watched = None if leaf is None else WatchedLeaf(leaf, value)
        stamp = tensor.stamp
        version = 0 if stamp is None else stamp.version
        content = array.copy("K")
        self.givens[tensor] = Given(
            tensor, value, array, watched, stamp, version, content, position
        )
        tensor.array = noting(self.tape, value, array)
        if watched is not None:
            set_leaf(tensor, watched)
            if leaf.grad is not None:
                self.give(leaf.grad, (*path, "grad"), "gradient")

    def refuse_what_is_there(self) -> None:
        """Hooks are Python code: a program cannot call them."""
        for module, path in self.surroundings.modules.items():
            hooks = module._hooks
            if hooks is not None and (hooks.before or hooks.after):
                raise refused_hook(f"the module {'.'.join(path)}")
        for optimizer, path in self.surroundings.optimizers.items():
            hooks = optimizer.step_hooks
            if hooks is not None and (hooks.before or hooks.after):
                raise refused_hook(f"the optimizer {'.'.join(path)}")
        for tensor, path in self.surroundings.tensors.items():
            leaf = leaf_of(tensor)
            if leaf is not None and leaf.hooks is not None:
                raise refused_hook(f"the tensor {'.'.join(path)}")

    def refuse_overlaps(self) -> None:
        ...

    # ---- after -----------------------------------------------------------------------------------

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        watcher.reset(self.token)
        self.tape.is_open = False
        for optimizer, i, group in self.groups:
            optimizer.param_groups[i] = group
        ...
