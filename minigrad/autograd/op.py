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
from collections.abc import Callable
from typing import Any, Protocol, cast, overload

import numpy as np

from minigrad.autograd.grad_mode import enabled
from minigrad.autograd.graph import Leaf, Node, View, stamp_of
from minigrad.autograd.plan import Formula, Plan, Signature, parameters
from minigrad.autograd.quiet import silence
from minigrad.autograd.watch import listeners, tell
from minigrad.autograd.written import calling
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["Array", "Op", "op", "view"]

Array = np.ndarray[Any, np.dtype[Any]]
Kernel = Callable[..., Any]
Label = str | Callable[[Node], str]


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


class Plans(dict[int, Plan]):
    """The plans of an op by mask, each made when it is first asked for."""

    def __init__(self, op: Op) -> None:
        self.op = op

    def __missing__(self, mask: int) -> Plan:
        plan = self[mask] = Plan(self.op, mask)
        return plan


def make(kernel: Kernel, label: Label | None, shares: bool) -> Op:
    """What belongs to the op alone; `used` adds what its calls need, when there is one."""
    this = cast(Op, functools.update_wrapper(calling(used), kernel))
    this.kernel, this.signature, this.shares_memory = kernel, Signature(kernel), shares
    this.derivatives = {}
    this.derivative = functools.partial(differentiate, this)
    this.label = label if callable(label) else functools.partial(labelled, label or this)
    return this


def differentiate(op: Op, /, **formulas: Formula) -> None:
    """One formula for each differentiable array, by name."""
    for name, formula in formulas.items():
        check_formula(op, name, formula)
    op.derivatives.update(formulas)


def labelled(label: str | Op, node: Node) -> str:
    """A label, or an op's name in camel case."""
    if isinstance(label, str):
        return label
    return "".join(part.capitalize() for part in label.__name__.split("_")) + "Backward0"


def constant(op: Op, i: int, t: Tensor) -> Array:
    """The array of a tensor that is passed as a parameter."""
    if t.node is not None and enabled.get():
        raise not_differentiable(op, i)
    return t.array


def check_formula(op: Op, name: str, formula: Formula) -> None:
    """A formula that names what the op does not have fails when its module is imported."""
    if name not in op.signature.arrays:
        raise noted(
            TypeError(
                f"{op.__name__} has no array '{name}': it takes {', '.join(op.signature.arrays)}"
            ),
            f"Only what stands before the slash has a derivative: write def {op.__name__}({name}, "
            "/), or take the formula away.",
        )
    if {*parameters(formula)} <= {"g", "out", *op.signature.names}:
        return  # as nearly all do
    possible = op.signature.possible()
    for wanted in parameters(formula):
        if wanted not in possible:
            raise noted(
                TypeError(
                    f"the derivative of {op.__name__} by {name} names '{wanted}'; "
                    f"it may name {', '.join(sorted(possible))}"
                ),
                "A formula is handed what it names: g, the gradient of the result; out, the "
                f"result; or an argument of {op.__name__}, as {op.__name__} names it.",
            )


def not_differentiable(op: Op, i: int) -> Exception:
    arrays, name = ", ".join(op.signature.arrays), op.signature.names[len(op.signature.arrays) + i]
    return noted(
        TypeError(
            f"{op.__name__} has no derivative by '{name}', and a tensor that requires grad came"
        ),
        f"What stands behind the slash is a parameter. Write def {op.__name__}({arrays}, {name}, "
        f"/) and give it a formula, {op.__name__}.derivative({name}=...), or pass the tensor's "
        "detach().",
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
    mode = enabled.get()
    if not mode:
        out.view_of.recorded = mode
        if source.node is not None:  # PyTorch's view says that it requires grad, but keeps none
            out.node = Leaf.unrecorded(out.array)


def used(op: Op) -> dict[str, Any]:
    """What the call of an op uses: see written.py."""
    own = {"kernel": op.kernel, "plans": Plans(op), "derivatives": op.derivatives}
    return COMMON | own | {"constant": functools.partial(constant, op)}


COMMON = {
    "Tensor": Tensor, "asanyarray": np.asanyarray, "is_recording": enabled.get,
    "listeners": listeners, "ndarray": np.ndarray, "new": object.__new__,
    "share_memory": share_memory, "silence": silence, "tell": tell,
}  # fmt: skip
