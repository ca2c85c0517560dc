"""Copies of tensors: deepcopy and pickle. Both are Python's, for data that you trust."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd.graph import Leaf, Node
from minigrad.tensor import Tensor, wrap

__all__ = ["deepcopy", "rebuild", "reduce"]


def deepcopy(t: Tensor, memo: dict[int, Any]) -> Tensor:
    """A leaf with its own memory, and its gradient copied too."""
    if isinstance(t.node, Node):
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001".replace("torch.nn", "minigrad.nn")
        )
    if id(t) in memo:
        return memo[id(t)]  # type: ignore[no-any-return]
    grad = t.grad
    copy = rebuild(
        type(t), t.array.copy(), t.requires_grad, None if grad is None else grad.array.copy()
    )
    memo[id(t)] = copy
    return copy


def reduce(t: Tensor) -> tuple[Any, ...]:
    """For pickle: the values and whether they require grad, without history and gradient."""
    return rebuild, (type(t), t.array, t.requires_grad, None)


def rebuild(
    cls: type[Tensor],
    array: np.ndarray[Any, Any],
    requires_grad: bool,
    grad: np.ndarray[Any, Any] | None,
) -> Tensor:
    t = wrap(array, Leaf(array.shape, array.dtype) if requires_grad else None)
    if cls is not Tensor:
        t = cls(t, requires_grad)
    if grad is not None:
        t.grad = wrap(grad)
    return t
