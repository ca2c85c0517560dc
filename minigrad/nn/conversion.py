"""Changing the dtype of a whole module."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module

__all__ = ["convert", "wanted_dtype"]


def wanted_dtype(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dtypes.dtype | None:
    """The dtype that the arguments of `to` ask for; what is wrong with them, Tensor.to says."""
    probe = Tensor(0)
    probe.to(*args, **kwargs)
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            return value.dtype
        if isinstance(value, dtypes.dtype | type):
            return probe.to(value).dtype
    return None


def convert(module: Module, function: Callable[[Tensor], Tensor]) -> None:
    """Apply a function to every parameter, its gradient and every buffer; parameters stay the same
    objects, so that an optimizer which knows them goes on working."""
    for owner in module.modules():
        for param in owner.parameters(recurse=False):
            param.data = function(param.data)
            if param.grad is not None:
                param.grad.data = function(param.grad.data)
        for name, buffer in owner.named_buffers(recurse=False, remove_duplicate=False):
            owner.__dict__[name] = function(buffer)
