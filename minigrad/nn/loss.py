"""Losses: one number that says how wrong the predictions are."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

__all__ = ["MSELoss"]


class MSELoss(Module):
    """The squares of input - target: their mean, their sum, or each (reduction="none").

    The mean is over all elements, not over the rows of a batch. Input and target should have the
    same shape; if they have not, they are broadcast, with a warning. `size_average` and `reduce`
    are the older way to say `reduction`.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = F.old_reduction(size_average, reduce)
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)
