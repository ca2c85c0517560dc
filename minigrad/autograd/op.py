"""An op: a NumPy kernel, and under it one formula for each input that has a derivative.

    @op
    def mul(a, b, /):
        return np.multiply(a, b)

    mul.derivative(a=lambda g, b: g * b,
                   b=lambda g, a: g * a)

What stands before the slash is an array, what follows is a parameter. In a formula `g` is the
gradient of the result and `out` the result itself; any other name is an argument of the op, or an
argument's `x_shape` or `x_dtype`. A formula is handed exactly what it names, and what no formula
names is not saved. It may return a gradient of the result's shape: the engine sums it back to the
input's. Formulas are written in operators and ops, so they can be read with arrays (backward),
with tensors (higher orders), with symbols (explain) and with noting arrays (compile).

Called on plain arrays, an op is its kernel. Called on tensors, it is recorded.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast, overload

import numpy as np

from minigrad.autograd import errors
from minigrad.autograd.grad_mode import enabled
from minigrad.autograd.graph import Leaf, Node, View, stamp_of, tick
from minigrad.autograd.quiet import local
from minigrad.autograd.watch import listeners, tell
from minigrad.tensor import Tensor, wrap

__all__ = ["Array", "Op", "Plan", "op", "view"]

Array = np.ndarray[Any, np.dtype[Any]]
Formula = Callable[..., Any]
Kernel = Callable[..., Any]
Label = str | Callable[[Node], str]
Getter = Callable[[tuple[Any, ...], Any], Any]
Source = int | Getter

ndarray, asanyarray, new, is_recording = np.ndarray, np.asanyarray, object.__new__, enabled.get


class Op(Protocol):
    """What `@op` makes of a kernel."""

    __name__: str
    kernel: Callable[..., Any]
    signature: Signature
    derivatives: dict[str, Formula]
    shares_memory: bool
    derivative: Callable[..., None]
    label: Callable[[Node], str]

    def __call__(self, *args: Any) -> Tensor: ...
    def __hash__(self) -> int: ...


class Signature:
    """The names of a kernel's arguments: arrays first, then parameters, or `param, *arrays`."""

    def __init__(self, kernel: Callable[..., Any]) -> None:
        parameters = inspect.signature(kernel).parameters.values()
        self.names = tuple(p.name for p in parameters)
        by_position = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_ONLY)
        self.variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
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
            return lambda args, out: out
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
        self.keep = keeping([signature.source(name) for name in self.kept])
        self.formulas = [
            (bound(op.derivatives[name], signature, i), [self.kept.index(n) for n in wanted])
            for name, i, wanted in zip(self.inputs, positions, names, strict=True)
        ]
        self.run = running(self.formulas)
        self.tied = [
            (self.kept.index(name), at) for at, name in enumerate(self.inputs) if name in self.kept
        ]
        self.holds_values = not {"out", *signature.arrays}.isdisjoint(self.kept)

    def record(self, parents: list[Any], args: tuple[Any, ...], out: Tensor) -> Node:
        """The node of a call that has just been made."""
        node = new(Node)
        node.plan = self
        node.parents = parents
        node.shape = out.array.shape
        node.hooks = None
        node.time = tick()
        if self.saves_out:  # an alias without history: a node that held `out` would be a cycle
            node.saved = self.keep(args, alias(out))
        else:
            node.saved = self.keep(args, None)
        return node

    def backward(self, node: Node, g: Any, create_graph: bool) -> list[Any]:
        """Check what was saved, then run the formulas on arrays, or on tensors to record them."""
        saved = node.saved
        if saved is None:
            raise errors.freed(node.name())
        values: list[Any] = []
        for value in saved:
            if isinstance(value, Tensor):
                stamp = value.stamp
                if stamp is not None and stamp.time > node.time:
                    is_result = self.saves_out and not values
                    maker = node if is_result else value.node
                    raise errors.damaged(node.name(), node.time, value, maker)
                if not create_graph:
                    value = value.array
            values.append(value)
        if not create_graph:
            return local.run(self.run, g, values)
        if self.saves_out:
            values[0] = wrap(values[0].array, node)
        for i, at in self.tied:  # to the node that the input had then: it may have been detached
            if values[i].node is not node.parents[at]:
                values[i] = wrap(values[i].array, node.parents[at])
        return self.run(g, values)


def names_in(formula: Formula) -> list[str]:
    """What a formula wants of the arguments and the result."""
    return [name for name in inspect.signature(formula).parameters if name not in ("g", "i")]


def unique(names: Iterable[str]) -> list[str]:
    """Each name once, `out` first."""
    return sorted(dict.fromkeys(names), key=lambda name: name != "out")


def bound(formula: Formula, signature: Signature, position: int) -> Formula:
    """A variadic op's formula with `i`, which of the op's arrays it is for, filled in."""
    if "i" not in inspect.signature(formula).parameters:
        return formula
    return functools.partial(formula, i=position - len(signature.names) + 1)


# Keeping and running happen at every node, so a plan writes each out as one function, as it would
# be typed by hand, instead of looping over lists: that is several calls of Python fewer.


def keeping(sources: list[Source]) -> Getter:
    """A function of the arguments and the result that gathers what is kept, in a tuple."""
    get = {f"get{i}": source for i, source in enumerate(sources) if not isinstance(source, int)}
    items = [
        f"args[{source}]" if isinstance(source, int) else f"get{i}(args, out)"
        for i, source in enumerate(sources)
    ]
    return written("args, out", f"({''.join(item + ', ' for item in items)})", get)


def running(formulas: list[tuple[Formula, list[int]]]) -> Callable[[Any, Any], list[Any]]:
    """A function of the gradient and the kept values that runs each formula on what it wants."""
    calls = [
        f"formula{i}({', '.join(['g', *(f'kept[{at}]' for at in wanted)])})"
        for i, (_, wanted) in enumerate(formulas)
    ]
    names = {f"formula{i}": formula for i, (formula, _) in enumerate(formulas)}
    return written("g, kept", f"[{', '.join(calls)}]", names)


def written(arguments: str, body: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function of this source text, which may use these names."""
    return cast(Callable[..., Any], eval(f"lambda {arguments}: {body}", names))


def alias(t: Tensor) -> Tensor:
    """The same memory without the history, dated by the same stamp."""
    other = wrap(t.array, None)
    other.stamp = stamp_of(t)
    return other


@overload
def op(kernel: Kernel) -> Op: ...


@overload
def op(*, label: Label | None = None, shares: bool = False) -> Callable[[Kernel], Op]: ...


def op(
    kernel: Kernel | None = None, *, label: Label | None = None, shares: bool = False
) -> Op | Callable[[Kernel], Op]:
    """Make a NumPy kernel differentiable.

    `label` is the name that PyTorch gives to the node (the kernel's in camel case, with Backward0,
    by default). `shares` says that the result may be a view of the first argument.
    """
    if kernel is None:
        return lambda kernel: make(kernel, label, shares)
    return make(kernel, label, shares)


def view(*, label: Label | None = None) -> Callable[[Kernel], Op]:
    """An op whose result shares the memory of its first argument, where NumPy can."""
    return op(label=label, shares=True)


def make(kernel: Kernel, label: Label | None, shares: bool) -> Op:
    plans: dict[int, Plan] = {}

    def apply(*args: Any) -> Any:
        for a in args:
            if isinstance(a, Tensor):
                break
        else:
            return kernel(*args)
        arrays, parents, mask, bit = [], [], 0, 1
        for a in args:
            if isinstance(a, Tensor):
                arrays.append(a.array)
                node = a.node
                if node is not None:
                    parents.append(node)
                    mask += bit
            else:
                arrays.append(a)
            bit += bit
        array = local.run(kernel, *arrays)
        if not isinstance(array, ndarray):
            array = asanyarray(array)
        out = new(Tensor)
        out.array = array
        out.node = out.stamp = out.view_of = None
        if shares:
            share_memory(out, this, args)
        if mask and derivatives and is_recording():
            plan = plans.get(mask)
            if plan is None:
                plan = plans[mask] = Plan(this, mask)
            out.node = plan.record(parents, args, out)
        if listeners:
            tell(out.node, out, args)
        return out

    this = cast(Op, functools.update_wrapper(apply, kernel))
    derivatives: dict[str, Formula] = {}

    def derivative(**formulas: Formula) -> None:
        """One formula for each differentiable array, by name."""
        for name, formula in formulas.items():
            check_formula(this, name, formula)
        derivatives.update(formulas)

    this.kernel, this.signature, this.shares_memory = kernel, Signature(kernel), shares
    this.derivatives = derivatives
    this.derivative = derivative
    this.label = labeller(label or camel_case(kernel.__name__) + "Backward0")
    return this


def labeller(label: Label) -> Callable[[Node], str]:
    return label if callable(label) else lambda node: label


def camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def check_formula(op: Op, name: str, formula: Formula) -> None:
    """A formula that names what the op does not have fails when its module is imported."""
    if name not in op.signature.arrays:
        raise TypeError(
            f"{op.__name__} has no array '{name}': it takes {', '.join(op.signature.arrays)}"
        )
    possible = op.signature.possible()
    for wanted in inspect.signature(formula).parameters:
        if wanted not in possible:
            raise TypeError(
                f"the derivative of {op.__name__} by {name} names '{wanted}'; "
                f"it may name {', '.join(sorted(possible))}"
            )


def share_memory(out: Tensor, op: Op, args: tuple[Any, ...]) -> None:
    """If `out` looks into its first argument's memory: one stamp, and a record of how it looks."""
    source, array = args[0], args[0].array
    if out.array is array:
        out.array = array.view()
    base = out.array.base
    if base is None or (base is not array and base is not array.base):
        return  # the kernel had to copy
    stamp = out.stamp = stamp_of(source)
    seen = source.view_of
    steps = ((op, args[1:]),)
    out.view_of = View(source, steps) if seen is None else seen.onward(steps)
    stamp.remember(out)
    mode = is_recording()
    if not mode:
        out.view_of.recorded = mode
        if source.node is not None:  # PyTorch's view says that it requires grad, but keeps none
            out.node = Leaf(out.array.shape, out.array.dtype)
            out.node.frozen = True
