"""A user's own differentiable function: `forward` and `backward` as static methods.

For an op of one's own, `@op` with a formula is shorter and gives all four readings. `Function` is
for what is not a formula, and for programs that were written for PyTorch.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from minigrad import ops
from minigrad.autograd import errors
from minigrad.autograd.grad_mode import is_recording, no_grad, set_grad_enabled
from minigrad.autograd.graph import Leaf, Node, Useful, tick, touch
from minigrad.autograd.plan import alias
from minigrad.autograd.watch import listeners, tell
from minigrad.notes import noted, shown
from minigrad.ops.inplace import rebase
from minigrad.tensor import Tensor, wrap

__all__ = ["Function"]


class Saved(NamedTuple):
    """A saved tensor and the node it had. A result is an alias and finds its node weakly."""

    tensor: Tensor | None
    node: Node | Leaf | None = None
    maker: ref[Node] | None = None

    def restored(self) -> Tensor | None:
        """The tensor with the history that it had when it was saved."""
        node = self.node if self.maker is None else self.maker()
        if self.tensor is None or self.tensor.node is node:
            return self.tensor
        return wrap(self.tensor.array, node)


class Context:
    """What `forward` leaves for `backward`: `ctx.save_for_backward(...)` and any attribute.

    Each Function has a subclass of its own, named after it, which messages about a ctx then are.
    """

    needs_input_grad: tuple[bool, ...] = ()
    saved: tuple[Saved, ...] | None = ()
    dirty: tuple[Tensor, ...] = ()
    constant: tuple[Tensor, ...] = ()
    materialize = True
    node: FunctionNode | None = None  # while backward runs

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or results for backward; a later in-place change of them is noticed."""
        for i, t in enumerate(tensors):
            if not (t is None or isinstance(t, Tensor)):
                raise noted(
                    TypeError(
                        "save_for_backward can only save variables, but argument "
                        f"{i} is of type {type(t).__name__}"
                    ),
                    f"Argument {i} is {shown(t)}. Tensors are saved so that changes to them are "
                    "noticed; keep anything else as an attribute: ctx.scale = scale.",
                )
        self.saved = tuple(Saved(t, None if t is None else t.node) for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        return self.unpacked(self.node)

    def unpacked(self, node: FunctionNode | None) -> tuple[Tensor | None, ...]:
        """The saved tensors as they were; once there is a node, checked and with history."""
        if self.saved is None:
            raise errors.freed("the function" if node is None else node.name())
        if node is None:
            return tuple(saved.tensor for saved in self.saved)
        for saved in self.saved:
            check_undamaged(saved, node)
        return tuple(saved.restored() for saved in self.saved)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs `forward` changed in place."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which results have no gradient."""
        self.constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """If False, backward is handed None, not zeros, for a result that was not used."""
        self.materialize = value


def check_undamaged(saved: Saved, node: FunctionNode) -> None:
    t = saved.tensor
    if t is not None and t.stamp is not None and t.stamp.time > node.time:
        raise errors.damaged(node.name(), node.time, t, node if saved.maker else t.node)


class Parts:
    """The gradients of several results of one node, while they come in one by one."""

    shape = None

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.parts | other.parts)


class Input(NamedTuple):
    """A tensor that forward was given, as its gradient must be."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    wanted: bool


class FunctionNode(Node):
    """A recorded call of a user's Function."""

    __slots__ = ("ctx", "function", "inputs", "results")

    ctx: Context
    function: type[Function]
    inputs: list[Input | None]
    results: list[tuple[tuple[int, ...], np.dtype[Any]]]

    def backward(self, g: Any, create_graph: bool, useful: Useful = None) -> list[Any]:
        parts = g.parts if isinstance(g, Parts) else {0: g}
        with set_grad_enabled(create_graph):
            upstream = [self.upstream(parts.get(i), i) for i in range(len(self.results))]
            self.ctx.node = self
            try:
                answer = self.function.backward(self.ctx, *upstream)
            finally:
                self.ctx.node = None
            answers = self.checked(answer if isinstance(answer, tuple) else (answer,))
            return [downstream(a, x.dtype, create_graph) for a, x in answers if x.wanted]

    def upstream(self, g: Any, index: int) -> Tensor | None:
        if g is None:
            shape, kind = self.results[index]
            return wrap(np.zeros(shape, kind), None) if self.ctx.materialize else None
        return g if isinstance(g, Tensor) else wrap(np.asanyarray(g), None)

    def checked(self, answers: tuple[Any, ...]) -> list[tuple[Any, Input]]:
        """What backward returned for the tensors among forward's arguments."""
        expected = len(self.inputs)
        if len(answers) < expected or any(a is not None for a in answers[expected:]):
            raise noted(
                RuntimeError(
                    f"function {self.name()} returned an incorrect number of gradients "
                    f"(expected {expected}, got {len(answers)})"
                ),
                f"forward took {expected} argument{'s' * (expected != 1)} besides ctx, and "
                "backward returns a gradient or None for each of them, in their order; it "
                f"returned {len(answers)}.",
            )
        for i, (answer, x) in enumerate(zip(answers, self.inputs, strict=False)):
            if answer is not None and x is None:
                raise noted(
                    RuntimeError(
                        f"function {self.name()} returned a gradient different than None at "
                        f"position {i + 1}, but the corresponding forward input was not a Variable"
                    ),
                    f"Argument {i + 1} of forward was no tensor and has no gradient: return None "
                    f"at position {i + 1}.",
                )
            if not (answer is None or isinstance(answer, Tensor)):
                raise noted(
                    RuntimeError(f"expected Variable or None (got {type(answer).__name__})"),
                    f"At position {i + 1} backward returned {shown(answer)}: return a tensor, or "
                    "None for no gradient.",
                )
        kept = [(a, x) for a, x in zip(answers, self.inputs, strict=False) if x is not None]
        for i, (answer, x) in enumerate(kept):
            if x.wanted and not (answer is None or sums_to(answer.array.shape, x.shape)):
                raise noted(
                    RuntimeError(
                        f"Function {self.name()} returned an invalid gradient at index {i} - got "
                        f"{list(answer.array.shape)} but expected shape compatible with "
                        f"{list(x.shape)}"
                    ),
                    f"The input has shape {list(x.shape)}, and what backward returned for it, "
                    f"{list(answer.array.shape)}, cannot be summed to that. A gradient has the "
                    "shape of its input.",
                )
        return kept

    def release(self) -> None:
        if self.ctx.saved:
            self.ctx.saved = None

    def kept(self) -> list[Tensor]:
        return [saved.tensor for saved in self.ctx.saved or () if saved.tensor is not None]

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        return self.ctx.unpacked(self)

    def __getattr__(self, name: str) -> Any:
        """In PyTorch `y.grad_fn` and ctx are one object: what forward left there is read here."""
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        return repr(self.ctx)

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        parents = iter(self.parents)
        return tuple((next(parents) if x.wanted else None, 0) for x in self.inputs if x is not None)


def sums_to(shape: tuple[int, ...], smaller: tuple[int, ...]) -> bool:
    """Whether a gradient of this shape can be summed to the smaller one."""
    lead = len(shape) - len(smaller)
    return lead >= 0 and all(n in (1, m) for n, m in zip(smaller, shape[lead:], strict=True))


def downstream(answer: Tensor | None, dtype: np.dtype[Any], create_graph: bool) -> Any:
    """What backward returned, as the engine takes it."""
    if answer is None:
        return None
    if answer.array.dtype != dtype:
        answer = ops.cast(answer, dtype)
    array = answer.array.view()  # so that no leaf takes the user's own memory for its gradient
    return wrap(array, answer.node) if create_graph else array


class Part(Node):
    """One of several results of a FunctionNode."""

    __slots__ = ("index",)

    index: int

    def backward(self, g: Any, create_graph: bool, useful: Useful = None) -> list[Any]:
        return [Parts({} if g is None else {self.index: g})]

    def release(self) -> None:
        pass

    def name(self) -> str:
        return self.parents[0].name()

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        return self.parents[0].next_functions

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parents[0], name)

    def __repr__(self) -> str:
        return repr(self.parents[0])


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

    context: type[Context] = Context

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.context = type(f"{cls.__name__}Backward", (Context,), {"__module__": __name__})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any) -> Any:
        raise noted(
            RuntimeError(
                "Legacy autograd function with non-static forward method is deprecated. Please use "
                "new-style autograd function with static forward method. (Example: "
                "https://pytorch.org/docs/stable/autograd.html#minigrad.autograd.Function)"
            ),
            f"Do not make an instance: call {type(self).__name__}.apply(...) on the class.",
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise noted(
            NotImplementedError(
                "You must implement the forward function for custom autograd.Function."
            ),
            "Define in the class: @staticmethod def forward(ctx, x).",
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise noted(
            NotImplementedError(
                "You must implement either the backward or vjp method for your custom "
                "autograd.Function to use it with backward mode AD."
            ),
            "Define in the class: @staticmethod def backward(ctx, "
            f"{'g' if len(gradients) == 1 else '*gradients'}), which returns a gradient for each "
            "argument of forward.",
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Overridden where `forward` takes no ctx: what to save, given inputs and output."""
        raise noted(
            NotImplementedError("setup_context is not implemented."),
            "Define in the class: @staticmethod def setup_context(ctx, inputs, output).",
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record one node that will call backward."""
        ctx, has_setup = cls.context(), cls.setup_context is not Function.setup_context
        if kwargs or has_setup:
            args = bound(cls.forward, args if has_setup else (ctx, *args), kwargs, has_setup)
            args = args if has_setup else args[1:]
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.node is not None for a in args)
        before = tuple([a.node for a in args if isinstance(a, Tensor) and a.node is not None])
        with no_grad():
            if has_setup:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
            results = result if isinstance(result, tuple) else (result,)
            results = tuple(as_view(value, args, ctx) for value in results)
        for t in ctx.dirty:
            touch(t)
        if before and is_recording():
            results = attach(cls, ctx, before, results, args)
        return results if isinstance(result, tuple) else results[0]


def bound(
    forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any], defaults: bool
) -> tuple[Any, ...]:
    """The arguments of a call of forward in their places, all by position."""
    try:
        call = inspect.signature(forward).bind(*args, **kwargs)
    except TypeError as error:
        raise noted(
            TypeError(f"forward() {error}"), f"forward takes {inspect.signature(forward)}."
        ) from None
    if defaults:
        call.apply_defaults()
    for name in call.kwargs:
        raise noted(
            TypeError(f"forward() got an unexpected keyword argument '{name}'"),
            f"forward takes {inspect.signature(forward)}.",
        )
    return call.args


def attach(
    function: type[Function],
    ctx: Context,
    parents: tuple[Node | Leaf, ...],
    results: tuple[Any, ...],
    args: tuple[Any, ...],
) -> tuple[Any, ...]:
    """The results with a node each: the function's own, or a part of it if there are several."""
    hub = FunctionNode()
    hub.plan = None  # type: ignore[assignment]
    hub.parents, hub.saved, hub.hooks = parents, (), None
    hub.time, hub.ctx, hub.function = tick(), ctx, function
    hub.inputs = [
        Input(a.array.shape, a.array.dtype, wanted) if isinstance(a, Tensor) else None
        for a, wanted in zip(args, ctx.needs_input_grad, strict=True)
    ]
    tensors = [t for t in results if isinstance(t, Tensor)]
    hub.results = [(t.array.shape, t.array.dtype) for t in tensors]
    single = len(tensors) == 1
    hub.shape = tensors[0].array.shape if single else None  # type: ignore[assignment]
    nodes: list[Node | None] = [
        None if not differentiable(value, ctx) else hub if single else part(hub, i, value)
        for i, value in enumerate(results)
    ]
    ctx.saved = without_history(ctx.saved, results, nodes)
    for i, (value, node) in enumerate(zip(results, nodes, strict=True)):
        if isinstance(value, Tensor) and not is_in(value, ctx.dirty):
            own_history(value, node, None if single else f"Output {i} of {function.__name__}")
        elif node is not None:
            new_history(value, node)
    if listeners:
        tell(hub, None, args)
    return results


def differentiable(value: Any, ctx: Context) -> bool:
    is_float = isinstance(value, Tensor) and value.array.dtype.kind == "f"
    return is_float and not is_in(value, ctx.constant)


def part(hub: FunctionNode, index: int, value: Tensor) -> Part:
    node = Part()
    node.plan = None  # type: ignore[assignment]
    node.parents, node.saved, node.hooks = (hub,), (), None
    node.shape, node.time, node.index = value.array.shape, tick(), index
    return node


def as_view(value: Any, args: tuple[Any, ...], ctx: Context) -> Any:
    """An input that forward returned as it is becomes a view of it, with a node of its own."""
    if not isinstance(value, Tensor) or not is_in(value, args) or is_in(value, ctx.dirty):
        return value
    return value.view(value.array.shape)


def own_history(value: Tensor, node: Node | None, output: str | None) -> None:
    """A result is the function's, also if it is a view of an input: it cannot be written to."""
    value.node = node
    if value.view_of is not None:
        value.view_of.by_function, value.view_of.siblings = True, output


def new_history(value: Tensor, node: Node) -> None:
    """An input that forward wrote to goes on as the function's result."""
    if isinstance(value.node, Leaf):
        raise noted(
            RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation."
            ),
            f"The leaf of shape {list(value.array.shape)} was changed by forward. Change a "
            "copy of it: pass x.clone() to apply.",
        )
    rebase(value, node)


def without_history(
    saved: tuple[Saved, ...] | None, results: tuple[Any, ...], nodes: list[Node | None]
) -> tuple[Saved, ...] | None:
    """Replace saved results by aliases: a node that held its own result would be a circle."""
    makers = {id(t): node for t, node in zip(results, nodes, strict=True) if node is not None}
    return saved and tuple(
        entry
        if entry.tensor is None or id(entry.tensor) not in makers
        else Saved(alias(entry.tensor), maker=ref(makers[id(entry.tensor)]))
        for entry in saved
    )


def is_in(value: Any, values: Sequence[Any]) -> bool:
    return any(value is other for other in values)
