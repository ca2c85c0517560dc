"""Activations: without them, a stack of linear layers is one linear layer."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

__all__ = ["LeakyReLU", "ReLU"]


class ReLU(Module):
    """y = max(0, x), elementwise.

    Where x <= 0 the derivative is 0: a unit that is negative for every input no longer learns.
    With inplace=True the result is written into x.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """y = x where x > 0, negative_slope·x elsewhere.

    The derivative is never 0 (where x <= 0 it is negative_slope), so no unit is ever dead.
    With inplace=True the result is written into x.
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")
