"""inference_mode: nothing is recorded, and what is made inside may never take part in a graph.

It is stricter than no_grad. A tensor that is made inside is an inference tensor for good, and so is
every view of it: outside it can be read and computed with, but not written to, nor required to have
a gradient, nor saved for backward. That is told by its stamp: writes to it are not dated. The names
and the errors are those of PyTorch.

Ordinary programs do not pay for it: the ops are asked to report (watch.py) only from the first time
that the mode is entered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.autograd.grad_mode import (
    Inference,
    Mode,
    enabled,
    is_inference_mode_enabled,
)
from minigrad.autograd.graph import Node, Stamp
from minigrad.autograd.watch import listeners
from minigrad.notes import noted

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "InferenceStamp", "check_requires_grad", "check_write", "inference_mode", "is_inference",
    "mark",
]  # fmt: skip


class inference_mode(Mode):
    """Nothing inside is recorded, and tensors that are made inside are inference tensors.

    As a context manager, `with minigrad.inference_mode():`, or as a decorator. With the argument
    False it does the opposite: an ordinary stretch, with recording on, within an inference mode.
    """

    def __new__(cls, mode: Any = True) -> Any:
        if isinstance(mode, bool):
            return super().__new__(cls)
        return cls()(mode)

    def __init__(self, mode: bool | Callable[..., Any] = True) -> None:
        super().__init__()
        self.mode = bool(mode)

    def turn(self) -> None:
        if self.mode and listen not in listeners:
            listeners.append(listen)
        enabled.set(Inference(False) if self.mode else True)

    def fresh(self) -> Mode:
        return inference_mode(self.mode)


class InferenceStamp(Stamp):
    """The stamp of memory that was made in inference mode: dates no writes, and refuses them."""

    def touch(self) -> None:
        check_write(self)

    @property
    def version(self) -> int:  # type: ignore[override]
        raise noted(
            RuntimeError("Inference tensors do not track version counter."),
            "This tensor was made in inference mode, where writes are not counted; clone() is an "
            "ordinary tensor.",
        )


def is_inference(t: Tensor) -> bool:
    return isinstance(t.stamp, InferenceStamp)


def mark(t: Tensor) -> None:
    """A tensor that has just been made is an inference tensor, if this is inference mode."""
    if t.stamp is None and is_inference_mode_enabled():
        t.stamp = InferenceStamp()


def listen(node: Any, out: Tensor | None, args: tuple[Any, ...]) -> None:
    """What an op's result is marked as in inference mode, and what may not be saved outside."""
    if is_inference_mode_enabled():
        if out is not None:
            mark(out)
    elif isinstance(node, Node):
        if out is not None and is_unrecorded(node, args):
            out.node = None
        else:
            check_saved(node)


def is_unrecorded(node: Node, args: tuple[Any, ...]) -> bool:
    """Of inference tensors alone no op is recorded, not even of those that require grad."""
    signature = node.plan.op.signature
    given = len(signature.names) - 1 if signature.variadic else 0
    arrays = args[given:] if signature.variadic else args[: len(signature.arrays)]
    return all(isinstance(getattr(a, "stamp", None), InferenceStamp) for a in arrays)


def check_saved(node: Node) -> None:
    for value in node.kept():
        if is_inference(value):
            raise noted(
                RuntimeError(
                    "Inference tensors cannot be saved for backward. Please do not use Tensors "
                    "created in inference mode in computation tracked by autograd. To work around "
                    "this, you can make a clone to get a normal tensor and use it in autograd, or "
                    "use `minigrad.no_grad()` instead of `minigrad.inference_mode()`."
                ),
                f"{node.name()} needs a tensor of shape {list(value.shape)} for its derivative, "
                "and that one was made in inference mode.",
            )


def check_write(stamp: Stamp | None) -> None:
    """RuntimeError if memory that was made in inference mode is to be written outside of it."""
    if isinstance(stamp, InferenceStamp) and not is_inference_mode_enabled():
        raise noted(
            RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can "
                "make a clone to get a normal tensor before doing inplace update.See "
                "https://github.com/pytorch/rfcs/pull/17 for more details."
            ),
            "The tensor, or the one that it is a view of, was made in inference mode. Write "
            "x = x.clone() first, or x = x + 1 in place of x += 1.",
        )


def check_requires_grad(t: Tensor) -> None:
    if is_inference(t) and not is_inference_mode_enabled():
        raise noted(
            RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            ),
            "Its uses would not be recorded. x.clone().requires_grad_() is a leaf of the same "
            "values; or make it under no_grad in place of inference_mode.",
        )
