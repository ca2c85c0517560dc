"""relu and leaky_relu: what stands between the layers of a network, and bends."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.autograd.graph import Node
from minigrad.functions import checks
from minigrad.functions.scalars import stored
from minigrad.notes import noted, shown
from minigrad.ops.inplace import in_place
from minigrad.tensor import Tensor

__all__ = ["leaky_relu", "leaky_relu_", "relu", "relu_"]

SURE = 1e38  # every float dtype has the numbers below


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
    if type(negative_slope) is not float or not -SURE < negative_slope < SURE:
        negative_slope = slope_of(negative_slope, x, "leaky_relu_" if inplace else "leaky_relu")
    if not inplace:
        return ops.leaky_relu(x, negative_slope)
    in_place(ops.leaky_relu_in_place, x, negative_slope)
    if not negative_slope >= 0 and isinstance(x.node, Node):
        x.register_hook(partial(refuse_negative_slope, negative_slope))
    return x


def slope_of(value: Any, x: Tensor, function: str) -> float:
    """A slope as a float; errors if it is no number, or none that the dtype of x has."""
    if isinstance(value, Tensor) and value.array.ndim == 0 and not value.requires_grad:
        value = value.item()
    is_number = isinstance(value, int | float | complex | np.number | np.bool_)
    if not is_number:
        raise noted(
            TypeError(
                f"{function}(): argument 'negative_slope' (position 2) must be Number, "
                f"not {checks.title(value)}"
            ),
            f"The slope is one number for all elements, and {shown(value)} came. Write 0.01.",
        )
    stored(value, x.array.dtype)  # checks it
    return float(value)


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
