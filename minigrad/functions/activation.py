"""relu and leaky_relu: what stands between the layers of a network, and bends."""

from __future__ import annotations

from functools import partial
from typing import Any

from minigrad import ops
from minigrad.autograd.graph import Node
from minigrad.functions import checks
from minigrad.notes import noted
from minigrad.ops.inplace import in_place
from minigrad.tensor import Tensor

__all__ = ["leaky_relu", "leaky_relu_", "relu", "relu_"]


def relu(input: Any, inplace: bool = False) -> Tensor:
    """max(0, x), elementwise.

    The derivative is 1 where x > 0 and exactly 0 where x <= 0, at the kink as well: a unit whose
    input is never positive gets no gradient and cannot move. NaN passes through, with gradient 1.
    Any shape; floats and integers, which stay integers. RuntimeError for bool.
    """
    x = input if isinstance(input, Tensor) else checks.tensor(input, "relu")
    if x.array.dtype.kind == "b":
        raise noted(
            RuntimeError("Boolean inputs not supported for relu"),
            "True and False are no numbers to relu. Write relu(x.float()).",
        )
    return in_place(ops.relu, x) if inplace else ops.relu(x)


def relu_(input: Tensor) -> Tensor:
    """relu, written into the input."""
    return relu(input, inplace=True)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, negative_slope * x elsewhere.

    The derivative is 1 where x > 0 and negative_slope elsewhere, at 0 and NaN as well, so that no
    unit is ever without a gradient. Any shape; floats only (NotImplementedError).
    """
    x = input if isinstance(input, Tensor) else checks.tensor(input, "leaky_relu")
    if x.array.dtype.kind != "f":
        raise noted(
            NotImplementedError(f"\"leaky_relu_cpu\" not implemented for '{x.dtype.title}'"),
            "A slope between 0 and 1 leaves the integers. Write leaky_relu(x.float()).",
        )
    if not inplace:
        if isinstance(negative_slope, complex):
            refuse_complex(negative_slope)
        return ops.leaky_relu(x, negative_slope)
    in_place(ops.leaky_relu_in_place, x, negative_slope)
    if negative_slope < 0 and isinstance(x.node, Node):
        x.register_hook(partial(refuse_negative_slope, negative_slope))
    return x


def refuse_complex(slope: complex) -> None:
    """PyTorch's words for a slope that is no real number."""
    raise noted(
        RuntimeError("value cannot be converted to type float without overflow"),
        f"The slope is {slope}, and it multiplies real numbers. Write a real one: 0.01.",
    )


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """leaky_relu, written into the input."""
    return leaky_relu(input, negative_slope, inplace=True)


def refuse_negative_slope(negative_slope: float, g: Tensor) -> None:
    """With a negative slope both sides of the kink come out positive: the sign is lost."""
    raise noted(
        RuntimeError(
            "In-place leakyReLu backward calculation is triggered with a negative slope which is "
            "not supported. This is caused by calling in-place forward function with a negative "
            "slope, please call out-of-place version instead. File an issue at "
            "https://github.com/pytorch/pytorch if you do require supporting in-place leakRelu "
            "backward calculation with negative slope"
        ),
        f"The slope {negative_slope} turns both sides of the kink positive, and the "
        f"sign is lost. Write leaky_relu(x, {negative_slope}) without inplace=True.",
    )
