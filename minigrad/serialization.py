"""Copies of tensors: deepcopy and pickle. Both are Python's, for data that you trust."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.graph import Leaf, Node
from minigrad.notes import noted
from minigrad.tensor import Tensor, wrap

__all__ = ["deepcopy", "rebuild", "reduce"]

Array = np.ndarray[Any, np.dtype[Any]]


def deepcopy(t: Tensor, memo: dict[int, Any]) -> Tensor:
    """A leaf with its own memory; what shared memory before does so afterwards.

    The gradient is copied too, but not a Parameter's: a copied network starts without gradients.
    """
    if isinstance(t.node, Node):
        raise noted(
            RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
                "because of a minigrad.nn.utils.weight_norm usage, see "
                "https://github.com/pytorch/pytorch/pull/103001"
            ),
            f"This tensor was computed ({t.node.name()}), and a copy of it would need a "
            "copy of its history. Write x.detach().clone(), or x.clone() to stay in the "
            "graph.",
        )
    known = memo.get(id(t))
    if isinstance(known, Tensor):
        return known
    twin = memo[id(t)] = rebuild(type(t), copied(t.array, memo), t.requires_grad)
    if type(t) is Tensor and t.grad is not None:
        twin.grad = deepcopy(t.grad, memo)
    return twin


def copied(array: Array, memo: dict[int, Any]) -> Array:
    """The same view of a copy of the memory, which is copied once for all tensors that see it."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    elements = owner.ravel(order="K")
    if array.size == 0 or not np.shares_memory(elements, owner):  # there are gaps: no order to keep
        return array.copy()
    memory = memo.setdefault(id(owner), elements.copy())
    offset = array.ctypes.data - owner.ctypes.data
    return np.ndarray(array.shape, array.dtype, memory, offset, array.strides)


def reduce(t: Tensor) -> tuple[Any, ...]:
    """For pickle: the values and whether they require grad, without history and gradient.

    Hooks are functions, and stay behind too: that is warned about.
    """
    if t.node is not None and t.node.hooks is not None and type(t) is Tensor:
        for hook in t.node.hooks.callbacks.values():
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.\nWhat is loaded has no "
                "hooks: register them on it again. To pickle without this warning call remove() "
                "on what register_hook returned, before.",
                UserWarning,
                stacklevel=3,
            )
    return rebuild, (type(t), t.array, t.requires_grad)


def rebuild(cls: type[Tensor], array: Array, requires_grad: bool) -> Tensor:
    """A tensor, or a Parameter, on an array."""
    array = dtypes.canonical(array)
    if cls is not Tensor:
        return cls(wrap(array), requires_grad)
    return wrap(array, Leaf(array.shape, array.dtype) if requires_grad else None)
