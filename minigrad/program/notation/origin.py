"""Where a line comes from: read off the calls that are under way when it is noted.

A line is written while kernel, formula, engine, module and the user's step are all on the stack.
Each of these frames says something: which op, the derivative of what by what, which layer, which
line of the user's program, and to which variable the result will be assigned.
"""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from minigrad import fma
from minigrad.autograd import engine
from minigrad.autograd.graph import Node, tick
from minigrad.autograd.op import Op
from minigrad.nn.module import Module
from minigrad.ops import select, sums
from minigrad.optim.optimizer import Optimizer
from minigrad.program.errors import refused
from minigrad.program.notation.stack import (
    assigned_next,
    formulas,
    frames_above,
    is_kernel,
    is_user,
    kernels,
    user_line,
)
from minigrad.program.notation.values import Value
from minigrad.tensor import Tensor

__all__ = ["Call", "Origin", "Origins"]

# They compute what their names say, in the order and with the rounding that PyTorch has.
HELPERS = {f.__code__: f for f in (sums.length, sums.product, sums.total, fma.fma, select.choose)}
WALK = (engine.Walk.hand_on.__code__, engine.Walk.descend.__code__, engine.run_backward.__code__)
Where = tuple[str, int, int]  # "user" or "kernel", which frame, which instruction


@dataclass(eq=False)
class Call:
    """One application of an op or helper, and the values that it was applied to."""

    op: Any
    time: int
    arguments: dict[str, Any]


@dataclass(eq=False)
class Origin:
    """Why a line is there.

    phase      "forward", "backward" or "update"
    call       the application of an op that it belongs to; in backward, the one differentiated
    by         in backward: the argument of the op whose gradient it is part of
    upstream   in backward: the gradient of the op's result
    target     in backward: the node or leaf whose gradient it is part of; in update: the tensor
    module     the path of the innermost module
    variables  the assignments under way, innermost first: (where, name); `where` begins with
               "user" or "kernel"
    statement  the line of the step, as (file, number)
    helper     the call of product, total, fma or choose that it is part of
    """

    phase: str = "forward"
    call: Call | None = None
    by: str | None = None
    upstream: Any = None
    target: Any = None
    module: tuple[str, ...] | None = None
    variables: list[tuple[Where, str]] = field(default_factory=list)
    statement: tuple[str, int] | None = None
    helper: Call | None = None


class Origins:
    """Reads the stack for one recording."""

    def __init__(
        self,
        modules: dict[Module, tuple[str, ...]],
        step: CodeType | None,
    ) -> None:
        self.modules, self.step = modules, step
        self.calls: list[Call] = []
        self.running: dict[FrameType, Call] = {}
        self.awaited: dict[Where, tuple[FrameType, str]] = {}  # assignments that are under way
        self.assigned: dict[Where, Any] = {}  # what they have assigned, where one could look

    def close(self) -> None:
        """Let go of the frames, once the step is done."""
        self.running.clear()
        self.awaited.clear()

    def here(self) -> Origin:
        """The origin of the line that is being noted now."""
        found = Origin()
        frames = list(frames_above(sys._getframe(1)))
        self.running = {frame: call for frame, call in self.running.items() if frame in frames}
        self.look_at_variables(frames)
        node: Node | None = None
        for frame in frames:
            code = frame.f_code
            if code in HELPERS:
                found.helper = self.helper_of(frame)
                found.variables.clear()  # how it computes is nothing to give names after
            elif code in kernels() and found.call is None:
                found.call = self.call_of(kernels()[code], frame)
            elif code in formulas() and found.by is None:
                found.by = formulas()[code]
                found.upstream = described(frame.f_locals.get("g"))
            elif code is Node.backward.__code__:
                node = frame.f_locals["self"]
            elif code in WALK:
                self.read_engine(found, frame, node)
            elif code is engine.deposit.__code__:
                found.phase, found.target = "backward", frame.f_locals["leaf"]
            elif found.module is None and isinstance(frame.f_locals.get("self"), Module):
                found.module = self.modules.get(frame.f_locals["self"])
            elif isinstance(frame.f_locals.get("self"), Optimizer):
                found.phase = "update"
                if isinstance(frame.f_locals.get("p"), Tensor):
                    found.target = frame.f_locals["p"]
            if is_user(code) and (found.statement is None or code is self.step):
                found.statement = (code.co_filename, frame.f_lineno)
            whose = "user" if is_user(code) else "kernel" if is_kernel(code) else None
            variable = whose and assigned_next(frame)
            if whose and variable:
                where = (whose, id(frame), frame.f_lasti)
                found.variables.append((where, variable))
                self.awaited[where] = (frame, variable)
            if code is self.step:
                break
        return found

    def look_at_variables(self, frames: list[FrameType]) -> None:
        """Which values the variables of code that has moved on have really got."""
        for where, (frame, name) in list(self.awaited.items()):
            if frame not in frames:
                del self.awaited[where]
            elif frame.f_lasti != where[2]:
                del self.awaited[where]
                self.assigned[where] = described(frame.f_locals.get(name))

    def call_of(self, op: Op, frame: FrameType) -> Call:
        """The application whose kernel runs in this frame."""
        if frame not in self.running:
            refuse_hidden(frame.f_back)
            self.calls.append(self.started(op, op.signature.names, frame))
        return self.running[frame]

    def started(self, function: Any, names: Iterable[str], frame: FrameType) -> Call:
        """A call that is met for the first time."""
        arguments = {name: described(frame.f_locals.get(name)) for name in names}
        call = self.running[frame] = Call(function, tick(), arguments)
        return call

    def helper_of(self, frame: FrameType) -> Call:
        """The call of a helper, one of the functions that only care about bits."""
        if frame not in self.running:
            code = frame.f_code
            self.started(HELPERS[code], code.co_varnames[: code.co_argcount], frame)
        return self.running[frame]

    def read_engine(self, found: Origin, frame: FrameType, node: Node | None) -> None:
        found.phase = "backward"
        if node is None and found.target is None:  # between two nodes: what a parent gets
            found.target = frame.f_locals.get("parent")
        node = node or frame.f_locals.get("node")
        if node is None:
            return
        if node.hooks is not None and node.hooks.callbacks:
            refused(
                "there is a hook on a tensor of the step",
                "A program cannot call it. Do what it does in the step itself.",
            )
        found.call = self.call_before(node.time)
        if found.by is not None and node.plan is not None and found.by in node.plan.inputs:
            found.target = node.parents[node.plan.inputs.index(found.by)]

    def use_of(self, value: Value) -> tuple[Call | None, str]:
        """The one call that has a value among its arguments, and the name of the argument."""
        uses = [
            (call, name)
            for call in self.calls
            for name, argument in call.arguments.items()
            if getattr(argument, "root", None) is value
        ]
        return uses[0] if len(uses) == 1 else (None, "")

    def call_before(self, time: int) -> Call | None:
        """The application that a node of this time recorded: the last one that began before it."""
        at = bisect(self.calls, time, key=lambda call: call.time)
        return self.calls[at - 1] if at else None


def described(value: Any) -> Any:
    """The value behind a tensor or noting array, everything else as it is."""
    array: Any = value.array if isinstance(value, Tensor) else value
    return array.noted() if hasattr(type(array), "noted") else array


def refuse_hidden(apply: FrameType | None) -> None:
    """Every tensor in reach notes; one that does not would change unnoticed."""
    for t in () if apply is None else apply.f_locals.get("args", ()):
        if isinstance(t, Tensor) and type(t.array) is np.ndarray:
            raise refused(
                "the step uses a tensor that is hidden from sight",
                "A step sees its arguments, and what the names in its code lead to by attributes, "
                "lists and dicts. Pass the tensor as an argument.",
                user_line(),
            )
