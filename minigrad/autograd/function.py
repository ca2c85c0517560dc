"""A user's own differentiable function: `forward` and `backward` as static methods.

For an op of one's own, `@op` with a formula is shorter and gives all four readings. `Function` is
for what is not a formula, and for programs that were written for PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from minigrad.autograd import errors
from minigrad.autograd.grad_mode import is_grad_enabled, no_grad, set_grad_enabled
from minigrad.autograd.graph import Leaf, Node, tick, touch
from minigrad.autograd.op import alias
from minigrad.ops.inplace import rebase
from minigrad.tensor import Tensor, wrap

__all__ = ["Function"]


class Saved(NamedTuple):
    """A saved tensor. A result is saved as an alias and finds its node weakly: no circle."""

    tensor: Tensor | None
    maker: ref[Node] | None = None


class Context:
    """What `forward` leaves for `backward`: `ctx.save_for_backward(...)` and any attribute."""

    needs_input_grad: tuple[bool, ...] = ()
    saved: tuple[Saved, ...] | None = ()
    dirty: tuple[Tensor, ...] = ()
    constant: tuple[Tensor, ...] = ()
    materialize = True
    node: FunctionNode | None = None  # while backward runs

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or results for backward; a later in-place change of them is noticed."""
        self.saved = tuple(map(Saved, tensors))

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        node = self.node
        if self.saved is None:
            raise errors.freed("the function")
        return tuple(
            saved.tensor if node is None else restored(saved, node) for saved in self.saved
        )

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs `forward` changed in place."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which results have no gradient."""
        self.constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """If False, backward is handed None, not zeros, for a result that was not used."""
        self.materialize = value


def restored(saved: Saved, node: FunctionNode) -> Tensor | None:
    t = saved.tensor
    if t is None:
        return None
    if t.stamp is not None and t.stamp.time > node.time:
        maker = node if saved.maker else t.node
        raise errors.damaged(node.name(), node.time, t, maker)
    return t if saved.maker is None else wrap(t.array, saved.maker())


class Parts:
    """The gradients of several results of one node, while they come in one by one."""

    shape = None

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        both = dict(self.parts)
        for i, g in other.parts.items():
            both[i] = both[i] + g if i in both else g
        return Parts(both)


class FunctionNode(Node):
    """A recorded call of a user's Function."""

    __slots__ = ("ctx", "function", "results", "wants")

    ctx: Context
    function: type[Function]
    results: list[tuple[tuple[int, ...], np.dtype[Any]]]
    wants: tuple[bool, ...]

    def backward(self, g: Any, create_graph: bool) -> list[Any]:
        parts = g.parts if isinstance(g, Parts) else {0: g}
        with set_grad_enabled(create_graph):
            upstream = [self.upstream(parts.get(i), i) for i in range(len(self.results))]
            self.ctx.node = self
            try:
                answer = self.function.backward(self.ctx, *upstream)
            finally:
                self.ctx.node = None
        answers = answer if isinstance(answer, tuple) else (answer,)
        self.check_count(answers)
        return [
            self.downstream(a, parent, create_graph)
            for a, parent in zip(
                [a for a, wanted in zip(answers, self.wants, strict=False) if wanted],
                self.parents,
                strict=True,
            )
        ]

    def upstream(self, g: Any, index: int) -> Tensor | None:
        if g is None:
            shape, kind = self.results[index]
            return wrap(np.zeros(shape, kind), None) if self.ctx.materialize else None
        return g if isinstance(g, Tensor) else wrap(np.asanyarray(g), None)

    def check_count(self, answers: tuple[Any, ...]) -> None:
        expected = len(self.wants)
        if len(answers) < expected or any(a is not None for a in answers[expected:]):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(answers)})"
            )

    def downstream(self, answer: Any, parent: Node | Leaf, create_graph: bool) -> Any:
        if answer is None:
            return None
        if not isinstance(answer, Tensor):
            raise TypeError(f"expected Variable or None (got {type(answer).__name__})")
        kind = getattr(parent, "dtype", answer.array.dtype)
        if kind != answer.array.dtype:
            answer = answer.to(kind)
        array = answer.array.view()  # so that no leaf takes the user's own memory for its gradient
        return wrap(array, answer.node) if create_graph else array

    def release(self) -> None:
        if self.ctx.saved:
            self.ctx.saved = None

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        parents = iter(self.parents)
        return tuple((next(parents) if wanted else None, 0) for wanted in self.wants)


class Part(Node):
    """One of several results of a FunctionNode."""

    __slots__ = ("index",)

    index: int

    def backward(self, g: Any, create_graph: bool) -> list[Any]:
        return [Parts({self.index: g})]

    def release(self) -> None:
        pass

    def name(self) -> str:
        return self.parents[0].name()


class Function:
    """Subclass it with static methods `forward(ctx, *args)` and `backward(ctx, *gradients)`.

        class Square(minigrad.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return 2 * x * g

        y = Square.apply(x)

    `backward` returns a gradient, or None, for each argument of `forward`.
    """

    def __call__(self, *args: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#minigrad.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Overridden where `forward` takes no ctx: what to save, given inputs and output."""
        raise NotImplementedError("setup_context is not implemented.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record one node that will call backward."""
        ctx = Context()
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.node is not None for a in args)
        before = [a.node for a in args if isinstance(a, Tensor) and a.node is not None]
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)
        results = result if isinstance(result, tuple) else (result,)
        for t in ctx.dirty:
            touch(t)
        if not (before and is_grad_enabled()):
            return result
        outputs = attach(cls, ctx, before, results, args)
        return outputs if isinstance(result, tuple) else outputs[0]


def attach(
    function: type[Function],
    ctx: Context,
    parents: list[Node | Leaf],
    results: tuple[Any, ...],
    args: tuple[Any, ...],
) -> tuple[Any, ...]:
    """The results with a node each: the function's own, or a part of it if there are several."""
    hub = FunctionNode()
    hub.plan = None  # type: ignore[assignment]
    hub.parents, hub.saved, hub.hooks = parents, (), None
    hub.time, hub.ctx, hub.function = tick(), ctx, function
    hub.wants = ctx.needs_input_grad
    tensors = [t for t in results if isinstance(t, Tensor)]
    hub.results = [(t.array.shape, t.array.dtype) for t in tensors]
    single = len(tensors) == 1
    hub.shape = tensors[0].array.shape if single else None  # type: ignore[assignment]
    nodes: list[Node | None] = [
        None if not differentiable(value, ctx) else hub if single else part(hub, i, value)
        for i, value in enumerate(results)
    ]
    ctx.saved = without_history(ctx.saved, results, nodes)
    return tuple(
        value if node is None else output_of(value, node, ctx, args)
        for value, node in zip(results, nodes, strict=True)
    )


def differentiable(value: Any, ctx: Context) -> bool:
    is_float = isinstance(value, Tensor) and value.array.dtype.kind == "f"
    return is_float and not is_in(value, ctx.constant)


def part(hub: FunctionNode, index: int, value: Tensor) -> Part:
    node = Part()
    node.plan = None  # type: ignore[assignment]
    node.parents, node.saved, node.hooks = [hub], (), None
    node.shape, node.time, node.index = value.array.shape, tick(), index
    return node


def output_of(value: Tensor, node: Node, ctx: Context, args: tuple[Any, ...]) -> Tensor:
    if is_in(value, ctx.dirty):
        rebase(value, node)
        return value
    if is_in(value, args):  # forward returned an input as it is: a view of it, with its own node
        value = wrap(value.array.view(), None)
    value.node = node
    return value


def without_history(
    saved: tuple[Saved, ...] | None, results: tuple[Any, ...], nodes: list[Node | None]
) -> tuple[Saved, ...] | None:
    """Replace saved results by aliases: a node that held its own result would be a circle."""
    makers = {id(t): node for t, node in zip(results, nodes, strict=True) if node is not None}
    return saved and tuple(
        entry
        if entry.tensor is None or id(entry.tensor) not in makers
        else Saved(alias(entry.tensor), ref(makers[id(entry.tensor)]))
        for entry in saved
    )


def is_in(value: Any, values: Sequence[Any]) -> bool:
    return any(value is other for other in values)
