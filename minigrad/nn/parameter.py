"""Parameter: a tensor that a module knows to be its own."""

from __future__ import annotations

import numpy as np

from minigrad.autograd.graph import stamp_of
from minigrad.autograd.leaves import check_floating, set_requires_grad
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor, wrap

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that, set as an attribute of a Module, becomes one of its parameters.

    It shares the memory of `data` and requires grad unless told otherwise.
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        source = wrap(np.empty(0, np.float32)) if data is None else data
        if not isinstance(source, Tensor):
            raise noted(
                AttributeError(f"'{type(source).__name__}' object has no attribute 'detach'"),
                f"A Parameter shares the memory of a tensor, and {shown(source)} came. Write "
                "Parameter(minigrad.tensor(...)).",
            )
        self.array, self.node, self.view_of = source.array, None, None
        self.stamp = stamp_of(source)
        if requires_grad:
            check_floating(
                self.array,
                "Only Tensors of floating point and complex dtype can require gradients",
            )
            set_requires_grad(self, True)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
