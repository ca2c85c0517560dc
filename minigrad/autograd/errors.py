"""The errors of backward: PyTorch's first line, and a note on what happened and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.autograd.graph import Leaf, Node, Stamp
from minigrad.autograd.watch import examiners
from minigrad.notes import noted

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["damaged", "freed", "noted", "underivable"]


def freed(name: str) -> Exception:
    return noted(
        RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved tensors "
            "after they have already been freed). Saved intermediate values of the graph are freed "
            "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need "
            "to backward through the graph a second time or if you need to access saved tensors "
            "after calling backward."
        ),
        f"The first backward freed what {name} had saved. In a training loop, compute the "
        "loss anew in each step; a tensor that is carried from one step to the next should be "
        "detached: hidden = hidden.detach().",
    )


def type_name(kind: Any) -> str:
    """minigrad.FloatTensor and its like, from a NumPy dtype."""
    return f"minigrad.{dtypes.BY_NUMPY[kind].title}Tensor"


def damaged(name: str, time: int, value: Tensor, maker: Node | Leaf | None) -> Exception:
    """A value that the node `name` saved at `time` was overwritten; `maker` made the value."""
    stamp = value.stamp or Stamp()
    source = f", which is output 0 of {short(maker)}," if isinstance(maker, Node) else ""
    hint = (
        "the backtrace further above shows the operation that failed to compute its gradient. The "
        "variable in question was changed in there or anywhere later. Good luck!"
        if examiners
        else "enable anomaly detection to find the operation that failed to compute its gradient, "
        "with minigrad.autograd.set_detect_anomaly(True, check_nan=False)."
    )
    return noted(
        RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace "
            f"operation: [{type_name(value.array.dtype)} {list(value.array.shape)}]{source} is at "
            f"version {stamp.version}; expected version {stamp.version_at(time)} instead. "
            f"Hint: {hint}"
        ),
        f"{name} saved this tensor, because its derivative is made of it, and an in-place "
        "operation (a name that ends in _, +=, an item assignment, or optimizer.step()) has "
        "overwritten it since. Write the out-of-place form, x = x + 1 instead of x += 1, or call "
        "backward before the change, or change a clone().",
    )


def short(maker: Node) -> str:
    """Exp for ExpBackward0, Pow1 for PowBackward1: as PyTorch says it here."""
    name, _, number = maker.name().rpartition("Backward")
    if not name:
        return f"minigrad::autograd::{number}"  # CopySlices
    return name + number.removeprefix("0")


def underivable(name: str) -> Any:
    """What the formula of an op without a derivative does: raise."""
    raise noted(
        RuntimeError(f"derivative for aten::{name} is not implemented"),
        "The result is rounded down to whole steps, and between the steps its slope is 0. If that "
        "is meant, write minigrad.div(a, b, rounding_mode='floor'), whose gradient is 0, or "
        "detach() the operands.",
    )
