"""Writing into a tensor that has a history, or that others look into.

An in-place op is the ordinary op, run on the tensor as it was, and then written over its memory.
The write is dated, so that whoever saved the old values finds out at backward. If the tensor is a
view, its base gets a new history, "the old base with this part replaced", and every other view of
the base is looked up in it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.errors import noted
from minigrad.autograd.grad_mode import enabled
from minigrad.autograd.graph import Leaf, Node, View, stamp_of, tick
from minigrad.autograd.op import Array, op
from minigrad.ops.elementwise import cast, zero
from minigrad.ops.shape import take
from minigrad.tensor import Tensor, wrap

__all__ = ["copied", "in_place", "put", "put_view", "rebase", "refuse"]


@op(label="CopyBackwards")
def copied(x: Array, /, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """x, broadcast and converted: what copy_ leaves in its target."""
    return np.broadcast_to(x, shape).astype(dtype)


copied.derivative(x=lambda g, x_dtype: cast(g, x_dtype))


@op(label="CopySlices")
def put_view(base: Array, value: Array, /, view: View) -> Array:
    """The base with other values where `view` looks."""
    out = np.array(base)
    view.look(out)[...] = value
    return out


put_view.derivative(
    base=lambda g, view: put_view(g, zero(view.look(g)), view),
    value=lambda g, view: view.look(g),
)


@op(label="IndexPutBackward0")
def put(x: Array, value: Array, index: tuple[Any, ...], /) -> Array:
    """x with other values at `index`."""
    out = np.array(x)
    out[index] = value
    return out


put.derivative(
    x=lambda g, index: put(g, zero(take(g, index)), index),
    value=lambda g, index: take(g, index),
)


def in_place(function: Callable[..., Tensor], t: Tensor, *args: Any) -> Tensor:
    """t = function(t, *args), in t's own memory and with t's own history."""
    refuse(t)
    records = enabled.get() and (t.node is not None or any(wants_grad(a) for a in args))
    before = wrap(t.array.copy() if records else t.array, t.node)
    after = fitting(function(before, *args), t)
    t.array[...] = after.array
    stamp_of(t).touch()
    if records and after.node is not None:
        settle(after, t)
        rebase(t, after.node)
    return t


def wants_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value.node is not None


def fitting(after: Tensor, t: Tensor) -> Tensor:
    """The result in t's dtype, refused if it does not fit into t."""
    had, got = dtypes.of(t.array), dtypes.of(after.array)
    if after.array.shape != t.array.shape:
        raise noted(
            RuntimeError(
                f"output with shape {list(t.array.shape)} doesn't match the broadcast shape "
                f"{list(after.array.shape)}"
            ),
            "An in-place operation cannot make its target larger. Write x = x + y for a new tensor.",
        )
    if got.category > had.category:
        raise noted(
            RuntimeError(
                f"result type {got.title} can't be cast to the desired output type {had.title}"
            ),
            f"The target holds {had} and keeps its dtype; the result would be {got}. Convert the "
            "target first, for example x = x.float().",
        )
    return after if got is had else after.to(had)


def settle(after: Tensor, t: Tensor) -> None:
    """If the op saved its result, that result now lives in t's memory, as of this write."""
    node = after.node
    if isinstance(node, Node) and node.saved and node.plan.saves_out:
        saved = node.saved[0]
        saved.array, saved.stamp = t.array, t.stamp
        node.time = tick()


def rebase(t: Tensor, node: Node) -> None:
    """Give t, and every tensor that looks into the same memory, the history of a write to t."""
    if t.view_of is None:
        move_hooks(t.node, node)
        base, t.node = t, node
    else:
        base = t.view_of.base
        value = wrap(t.array, node)
        base.node = record_put(base, value, t.view_of)
    for weak in stamp_of(base).views or ():
        seen = weak()
        if seen is not None and seen.view_of is not None and seen.view_of.recorded:
            seen.node = seen.view_of.look(base).node


def record_put(base: Tensor, value: Tensor, view: View) -> Node | Leaf | None:
    """The history of `base` after `value` was written where `view` looks; memory is written."""
    before = wrap(base.array, base.node)
    return put_view(before, value, view).node


def move_hooks(old: Node | Leaf | None, new: Node) -> None:
    """A tensor that retains its gradient goes on doing so; other hooks stay where they were."""
    if isinstance(old, Node) and old.hooks is not None and old.hooks.retain:
        new.hooks, old.hooks.retain = type(old.hooks)(), False
        new.hooks.retain = True


def refuse(t: Tensor, what: str = "a leaf Variable") -> None:
    """Raise PyTorch's error where an in-place write would be wrong, before anything is written."""
    if not t.array.flags.writeable or (0 in t.array.strides and t.array.size > 1):
        refuse_repeated(t)
    if not enabled.get():
        return
    if isinstance(t.node, Leaf) and t.view_of is None:
        raise leaf_error(what)
    if t.view_of is None:
        return
    if isinstance(t.view_of.base.node, Leaf):
        raise leaf_error("a view of a leaf Variable")
    if t.view_of.siblings is not None:
        raise siblings_error(t.view_of.siblings)
    if not t.view_of.recorded:
        raise unrecorded_error()


def refuse_repeated(t: Tensor) -> None:
    if t.array.size > 1 and any(
        n > 1 and s == 0 for n, s in zip(t.array.shape, t.array.strides, strict=True)
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def leaf_error(what: str) -> Exception:
    return noted(
        RuntimeError(f"{what} that requires grad is being used in an in-place operation."),
        "A parameter's gradient belongs to the value that it had when the loss was computed. To "
        "update it, write the change under minigrad.no_grad(): "
        "`with minigrad.no_grad(): w -= lr * w.grad`, or let an optimizer do it.",
    )


def siblings_error(output: str) -> Exception:
    return RuntimeError(
        f"{output} is a view and is being modified inplace. This view is the output of a "
        "function that returns multiple views. Such functions do not allow the output views to be "
        "modified inplace. You should replace the inplace operation by an out-of-place one."
    )


def unrecorded_error() -> Exception:
    return RuntimeError(
        "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
        "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
        "your code by moving both the view and the inplace either both inside the no_grad block "
        "(if you don't want the inplace to be tracked) or both outside (if you want the inplace to "
        "be tracked)."
    )
