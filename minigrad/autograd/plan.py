"""How an op goes back: what a call keeps for its formulas, and how they are run on it."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from minigrad.autograd import errors
from minigrad.autograd.graph import Node, stamp_of
from minigrad.autograd.written import going_back, recording
from minigrad.tensor import Tensor, wrap

if TYPE_CHECKING:
    from minigrad.autograd.op import Op

__all__ = ["Formula", "Plan", "Signature", "alias", "array_of", "parameters"]

Formula = Callable[..., Any]
Getter = Callable[[tuple[Any, ...], Any], Any]
Source = int | Getter


class Signature:
    """The names of a kernel's arguments: arrays first, then parameters, or `param, *arrays`."""

    def __init__(self, kernel: Callable[..., Any]) -> None:
        code = kernel.__code__
        self.names = parameters(kernel)
        self.variadic = self.names[-1] if code.co_flags & inspect.CO_VARARGS else None
        by_position = self.names[: code.co_posonlyargcount]
        self.arrays = by_position if self.variadic is None else (self.variadic,)

    def at(self, position: int) -> str:
        """The name of the argument at a position; all of a variadic op's arrays share theirs."""
        return self.names[min(position, len(self.names) - 1)]

    def possible(self) -> set[str]:
        """What a formula of this op may name."""
        described = {f"{name}_{what}" for name in self.arrays for what in ("shape", "dtype")}
        return {"g", "out", *self.names, *described, *(["i"] if self.variadic else [])}

    def source(self, wanted: str) -> Source:
        """Where to find what a formula wants: the position of an argument, or a function."""
        if wanted == "out":
            return lambda args, out: alias(out)  # a node that held `out` itself would be a cycle
        if wanted in self.names:
            at = self.names.index(wanted)
            return (lambda args, out: args[at:]) if wanted == self.variadic else at
        name, _, what = wanted.rpartition("_")
        return self.described(name, operator.attrgetter(what))

    def described(self, name: str, what: Callable[[Any], Any]) -> Source:
        at = self.names.index(name)
        if name == self.variadic:
            return lambda args, out: tuple(what(array_of(a)) for a in args[at:])
        return lambda args, out: what(array_of(args[at]))


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters, read where `inspect.signature` takes long to look."""
    code = function.__code__
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    return code.co_varnames[:count]


def array_of(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


class Plan:
    """An op seen from one pattern of inputs that want gradients: what to keep, what to run.

    `mask` has a bit for each argument; the set ones have a node. Made on first use and cached, so
    that a constant input is neither kept for nor differentiated, and no formula asks who needs it.
    """

    def __init__(self, op: Op, mask: int) -> None:
        self.op = op
        signature = op.signature
        count = max(mask.bit_length(), len(signature.arrays))
        positions = [i for i in range(count) if mask >> i & 1]
        first = signature.names.index(signature.variadic) if signature.variadic else 0
        self.wants = tuple(bool(mask >> i & 1) for i in range(first, count))
        self.inputs = [signature.at(i) for i in positions]
        names = [names_in(op.derivatives[name]) for name in self.inputs]
        self.kept = unique(name for wanted in names for name in wanted)
        self.saves_out = "out" in self.kept
        self.record = recording(self, [signature.source(name) for name in self.kept])
        self.formulas = [
            (bound(op.derivatives[name], signature, i), [self.kept.index(n) for n in wanted])
            for name, i, wanted in zip(self.inputs, positions, names, strict=True)
        ]
        self.parts: dict[tuple[bool, ...], Plan] = {}
        self.write((True,) * len(self.formulas))
        self.tied = [
            (self.kept.index(name), at) for at, name in enumerate(self.inputs) if name in self.kept
        ]
        self.holds_values = not {"out", *signature.arrays}.isdisjoint(self.kept)

    def write(self, wanted: tuple[bool, ...]) -> None:
        """Write out the way back in arrays; formulas that are not wanted give None."""
        kinds = [self.kind(name) for name in self.kept]
        self.wanted = wanted
        self.back: Callable[..., list[Any]] = going_back(self.formulas, wanted, kinds, self.damaged)

    def kind(self, name: str) -> str:
        """What a kept value is: whatever has a node is a tensor, a constant may be an array."""
        signature = self.op.signature
        if name == "out" or (name in self.inputs and name != signature.variadic):
            return "tensor"
        return "tensor or array" if name in signature.names else "value"

    def part(self, wanted: tuple[bool, ...]) -> Plan:
        """The plan for a walk that wants the gradients of some of the inputs only."""
        if wanted not in self.parts:
            part = object.__new__(Plan)
            vars(part).update(vars(self))
            part.write(wanted)
            self.parts[wanted] = part
        return self.parts[wanted]

    def damaged(self, node: Node, value: Tensor) -> Exception:
        """The error if a saved value was written to after it was saved."""
        is_result = self.saves_out and node.saved is not None and value is node.saved[0]
        return errors.damaged(node.name(), node.time, value, node if is_result else value.node)

    def back_in_tensors(self, node: Node, g: Tensor) -> list[Any]:
        """The same in tensors, so that the formulas are recorded."""
        if node.saved is None:
            raise errors.freed(node.name())
        values = list(node.saved)
        for value in values:
            if isinstance(value, Tensor):
                stamp = value.stamp
                if stamp is not None and stamp.time > node.time:
                    raise self.damaged(node, value)
        if self.saves_out:
            values[0] = wrap(values[0].array, node)
        for i, at in self.tied:  # to the node that the input had then: it may have been detached
            if values[i].node is not node.parents[at]:
                values[i] = wrap(values[i].array, node.parents[at])
        return [
            formula(g, *[values[i] for i in named]) if is_wanted else None
            for (formula, named), is_wanted in zip(self.formulas, self.wanted, strict=True)
        ]


def names_in(formula: Formula) -> list[str]:
    """What a formula wants of the arguments and the result."""
    return [name for name in parameters(formula) if name not in ("g", "i")]


def unique(names: Iterable[str]) -> list[str]:
    """Each name once, `out` first."""
    return sorted(dict.fromkeys(names), key=lambda name: name != "out")


def bound(formula: Formula, signature: Signature, position: int) -> Formula:
    """A variadic op's formula with `i`, which of the op's arrays it is for, filled in."""
    if "i" not in parameters(formula):
        return formula
    return functools.partial(formula, i=position - len(signature.names) + 1)


def alias(t: Tensor) -> Tensor:
    """The same memory without the history, dated by the same stamp."""
    other = wrap(t.array, None)
    other.stamp = stamp_of(t)
    return other
