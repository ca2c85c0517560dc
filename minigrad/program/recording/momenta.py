"""The momenta that an optimiser makes while it is recorded, side by side in one memory.

Nobody has seen their arrays yet, so that nobody can tell. Programs change all of them at once then:
see rules/momenta.py.
"""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor

__all__ = ["lay_side_by_side"]

SMALL = 1024  # elements: larger ones gain nothing


def lay_side_by_side(optimizer: Optimizer, made: Container[Tensor]) -> None:
    """Give the momenta of each group that are new and small parts of one array."""
    for group in optimizer.param_groups:
        states = [optimizer.state.get(p, {}) for p in group["params"]]
        buffers = [state.get("momentum_buffer") for state in states]
        small = [b for b in buffers if b in made and 1 < b.numel() <= SMALL]
        for dtype in {b.array.dtype for b in small}:
            lay([b for b in small if b.array.dtype == dtype and b.is_contiguous()])


def lay(tensors: list[Tensor]) -> None:
    if len(tensors) > 1:
        memory = np.concatenate([t.array.reshape(-1) for t in tensors])
        ends = np.cumsum([t.numel() for t in tensors])
        for t, part in zip(tensors, np.split(memory, ends[:-1]), strict=True):
            t.array = part.reshape(t.shape)
