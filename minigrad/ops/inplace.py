"""Writing into a tensor that has a history, or that others look into.

An in-place op is the ordinary op, run on the tensor as it was, and then written over its memory.
The write is dated, so that whoever saved the old values finds out at backward. If the tensor is a
view, its base gets a new history, "the old base with this part replaced", and every other view of
the base is looked up in it again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.grad_mode import Inference, enabled
from minigrad.autograd.graph import Hooks, Leaf, Node, Step, View, follow, stamp_of, tick
from minigrad.autograd.inference import check_write
from minigrad.autograd.op import Array, Op, op
from minigrad.autograd.plan import Plan
from minigrad.autograd.watch import listeners, tell
from minigrad.notes import noted
from minigrad.ops.elementwise import cast, zero
from minigrad.ops.shape import take
from minigrad.tensor import Tensor, wrap

__all__ = ["check_fit", "copied", "filled", "in_place", "put", "put_view", "rebase", "refuse"]

Steps = tuple[Step, ...]


@op(label="CopyBackwards")
def copied(target: Array, source: Array, /) -> Array:
    """The source, broadcast and converted: what copy_ leaves in its target."""
    return np.broadcast_to(source, target.shape).astype(target.dtype)


copied.derivative(
    target=lambda g: zero(g),
    source=lambda g, source_dtype: cast(g, source_dtype),
)


@op(label="FillBackward3")
def filled(target: Array, value: Array, /) -> Array:
    """One number, repeated and converted: what fill_ leaves in its target."""
    return np.full_like(target, value)


filled.derivative(
    target=lambda g: zero(g),
    value=lambda g, value_dtype: cast(g, value_dtype),
)


@op(label=lambda node: node.parents[0].name())
def fitted(x: Array, /, dtype: np.dtype[Any]) -> Array:
    """A result in its target's dtype: in PyTorch a part of the op that made it, not a node."""
    return x.astype(dtype)


fitted.derivative(x=lambda g, x_dtype: cast(g, x_dtype))


@op(label="CopySlices")
def put_view(base: Array, value: Array, steps: Steps, /) -> Array:
    """The base with other values where a view looks."""
    out = np.asanyarray(base).copy("K")
    follow(steps, out)[...] = value
    return out


put_view.derivative(
    base=lambda g, steps: put_view(g, zero(follow(steps, g)), steps),
    value=lambda g, steps: follow(steps, g),
)


@op(label="AsStridedBackward0")
def look(base: Array, /, steps: Steps) -> Array:
    """What a view sees of a base that was written to."""
    return follow(steps, base)


look.derivative(base=lambda g, steps, base_shape: unseen(g, steps, base_shape))


@op
def unseen(x: Array, /, steps: Steps, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with x where a view looks; what it sees twice gets the sum."""
    out = np.zeros(shape, x.dtype, like=np.asanyarray(x))
    places = follow(steps, np.arange(out.size).reshape(shape))
    np.add.at(out.reshape(-1), places, x)
    return out


unseen.derivative(x=lambda g, steps: look(g, steps))


@op(label="IndexPutBackward0")
def put(x: Array, value: Array, index: tuple[Any, ...], /) -> Array:
    """x with other values at `index`."""
    out = np.asanyarray(x).copy("K")
    out[index] = value
    return out


put.derivative(
    x=lambda g, index: put(g, zero(take(g, index)), index),
    value=lambda g, index: take(g, index),
)


# ---- the write ----------------------------------------------------------------------------------


def in_place(
    function: Callable[..., Tensor], t: Tensor, *args: Any, may_repeat: bool = False
) -> Tensor:
    """t = function(t, *args), in t's own memory and with t's own history.

    `may_repeat` says that the target may be expanded: where all elements become the same.
    """
    refuse(t, *args, may_repeat=may_repeat)
    records = enabled.get() and t.array.dtype.kind == "f" and any(map(wants_grad, (t, *args)))
    before = wrap(t.array.copy(), history(t)) if records else wrap(t.array)
    after = fitting(function(before, *args), t)
    t.array[...] = after.array
    stamp_of(t).touch()
    if records and isinstance(after.node, Node):
        settle(after, t)
        rebase(t, after.node)
    else:
        renew_views(t)
    return t


def history(t: Tensor) -> Node | Leaf | None:
    """Where t's values come from; a view's from its base directly, past its own hooks."""
    view = t.view_of
    if view is None or view.base.node is None:
        return t.node
    return recorded(look, view.base, view.steps, out=t)


def wants_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value.node is not None


def fitting(after: Tensor, t: Tensor) -> Tensor:
    """The result in t's dtype, refused if it does not fit into t."""
    check_fit(t.array, after.array.shape, after.array.dtype)
    kind = t.array.dtype
    return after if after.array.dtype == kind else fitted(after, kind)


def check_fit(target: Array, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    """Whether a result of a shape and dtype can be written into the target."""
    had, got = dtypes.of(target), dtypes.BY_NUMPY[kind]
    if shape != target.shape:
        raise noted(
            RuntimeError(
                f"output with shape {list(target.shape)} doesn't match the broadcast shape "
                f"{list(shape)}"
            ),
            "An in-place operation cannot make its target larger. Write x = x + y instead.",
        )
    if got.category > had.category:
        raise noted(
            RuntimeError(
                f"result type {got.title} can't be cast to the desired output type {had.title}"
            ),
            f"The target holds {had} and keeps its dtype; the result would be {got}. Convert the "
            "target first, for example x = x.float().",
        )


def settle(after: Tensor, t: Tensor) -> None:
    """If the op saved its result, that result now lives in t's memory, as of this write."""
    node = after.node
    if isinstance(node, Node) and node.saved and node.plan.saves_out:
        saved = node.saved[0]
        saved.array, saved.stamp = t.array, t.stamp
        node.time = tick()


# ---- histories after a write --------------------------------------------------------------------


def rebase(t: Tensor, node: Node) -> None:
    """Give t, and every tensor that looks into the same memory, the history of a write to t."""
    if t.view_of is None:
        move_hooks(t.node, node)
        t.node = node
    else:
        base, steps = t.view_of.base, t.view_of.steps
        written = recorded(put_view, base, wrap(t.array, node), steps, out=base)
        move_hooks(base.node, written)
        base.node = written
    renew_views(t)


def renew_views(t: Tensor) -> None:
    """Look up all views of t's memory again: each gets its history from its base as it is now.

    Not those that were made under no_grad or by a user's Function: they cannot be written to.
    """
    for weak in tuple(stamp_of(t).views or ()):
        seen = weak()
        if seen is None or seen.view_of is None:
            continue
        view = seen.view_of
        if view.base.node is None or view.by_function or not view.recorded:
            continue
        node = recorded(look, view.base, view.steps, out=seen)
        move_hooks(seen.node, node)
        seen.node = node


def recorded(op: Op, *args: Any, out: Tensor) -> Node:
    """The node of a call whose result is in memory already: nothing is computed."""
    nodes = [a.node if isinstance(a, Tensor) else None for a in args]
    mask = sum(1 << i for i, node in enumerate(nodes) if node is not None)
    node = plan(op, mask).record(tuple([node for node in nodes if node is not None]), args, out)
    if listeners:
        tell(node, None, args)
    return node


plan = functools.cache(Plan)


def move_hooks(old: Node | Leaf | None, new: Node | Leaf | None) -> None:
    """A tensor that retains its gradient goes on doing so; other hooks stay where they were."""
    if isinstance(old, Node) and old.hooks is not None and old.hooks.retain and new is not None:
        new.hooks = Hooks()
        new.hooks.retain, new.hooks.grad = True, old.hooks.grad
        old.hooks.retain, old.hooks.grad = False, None


# ---- what is refused ----------------------------------------------------------------------------


def refuse(t: Tensor, *args: Any, may_repeat: bool = False) -> None:
    """Raise PyTorch's error where an in-place write would be wrong, before anything is written."""
    check_write(t.stamp)
    view = t.view_of
    if enabled.get() and (is_differentiable(t) or any(map(wants_grad, args))):
        if view is not None:
            refuse_view(t, view)
        if isinstance(t.node, Leaf):
            raise leaf_error("a leaf Variable")
    if not may_repeat and 0 in t.array.strides:
        refuse_repeated(t.array)
    for other in args:
        if isinstance(other, Tensor) and other.stamp is not None and other.stamp is t.stamp:
            refuse_overlap(t.array, other.array)


def is_differentiable(t: Tensor) -> bool:
    """Whether it requires grad, or is a view of what has come to do so."""
    return t.node is not None or (t.view_of is not None and t.view_of.base.node is not None)


def refuse_view(t: Tensor, view: View) -> None:
    """A view whose base could not be given the history of the write."""
    if view.by_function or view.siblings is not None or not view.recorded:
        raise view_error(t, view)
    if is_differentiable(t) and not isinstance(view.base.node, Node):
        raise leaf_error("a view of a leaf Variable")


def refuse_repeated(target: Array) -> None:
    """An expanded tensor, of which several elements are one in memory."""
    if target.size > 1 and any(
        n > 1 and step == 0 for n, step in zip(target.shape, target.strides, strict=True)
    ):
        raise noted(
            RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to a "
                "single memory location. Please clone() the tensor before performing the operation."
            ),
            f"The target was expanded to shape {list(target.shape)}, and its elements "
            "repeat in memory: a write to one would change several. Write x = x.clone() "
            "before.",
        )


def refuse_overlap(target: Array, source: Array) -> None:
    """An operand that shares some of the target's memory, where this can be told at a glance.

    Both must fill the memory that they span. Others are read as if they had been copied before.
    """
    if not (fills_its_span(target) and fills_its_span(source)):
        return
    (a, b), (c, d) = np.lib.array_utils.byte_bounds(target), np.lib.array_utils.byte_bounds(source)
    same = (a, b) == (c, d) and target.strides == source.strides
    if target.size and source.size and a < d and c < b and not same:
        raise noted(
            RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to "
                "tensor refer to a single memory location. Please clone() the tensor before "
                "performing the operation."
            ),
            f"Target {list(target.shape)} and operand {list(source.shape)} overlap in "
            "memory, so that what is written would be read again. Write operand.clone().",
        )


def fills_its_span(array: Array) -> bool:
    """No gaps and no element twice: a transposed matrix does, every second row of one does not."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return high - low == array.nbytes and 0 not in (
        step for n, step in zip(array.shape, array.strides, strict=True) if n > 1
    )


def leaf_error(what: str) -> Exception:
    return noted(
        RuntimeError(f"{what} that requires grad is being used in an in-place operation."),
        "A parameter's gradient belongs to the value that it had when the loss was computed. To "
        "update it, write the change under minigrad.no_grad(): "
        "`with minigrad.no_grad(): w -= lr * w.grad`, or let an optimizer do it.",
    )


def view_error(t: Tensor, view: View) -> Exception:
    unrecorded = "created in no_grad mode and is being modified inplace with grad mode enabled."
    if isinstance(view.recorded, Inference):
        unrecorded = "created in inference mode and is being modified inplace in normal mode."
    if not isinstance(t.node, Node):
        return noted(
            RuntimeError(f"A view was {unrecorded} {reason(view)}"),
            f"Under {mode_of(view)} the view of shape {list(t.array.shape)} was not recorded, so a "
            "write through it could not be either. Make the view again outside of it.",
        )
    which = view.siblings or f"Output 0 of {t.node.name().partition('Backward')[0]}"
    if view.by_function or view.siblings is not None:
        return noted(
            RuntimeError(f"{which} is a view and is being modified inplace. {reason(view)}"),
            f"This view of shape {list(t.array.shape)} cannot be given the history of a "
            "write. Write y = y * 2 instead of y *= 2, or write to y.clone().",
        )
    return noted(
        RuntimeError(f"{which} is a view of a view which was {unrecorded} {reason(view)}"),
        f"Under {mode_of(view)} the view of shape {list(t.array.shape)} was not recorded, so a "
        "write through it could not be either. Make the view again outside of it.",
    )


def mode_of(view: View) -> str:
    return "inference_mode" if isinstance(view.recorded, Inference) else "no_grad"


def reason(view: View) -> str:
    if view.siblings is not None:
        return (
            "This view is the output of a function that returns multiple views. Such functions do "
            "not allow the output views to be modified inplace. You should replace the inplace "
            "operation by an out-of-place one."
        )
    if view.by_function:
        return (
            "This view was created inside a custom Function (or because an input was returned "
            "as-is) and the autograd logic to handle view+inplace would override the custom "
            "backward associated with the custom Function, leading to incorrect gradients. This "
            "behavior is forbidden. You can fix this by cloning the output of the custom Function."
        )
    return (
        "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
        "your code by moving both the view and the inplace either both inside the "
        f"{mode_of(view)} block "
        "(if you don't want the inplace to be tracked) or both outside (if you want the inplace to "
        "be tracked)."
    )
