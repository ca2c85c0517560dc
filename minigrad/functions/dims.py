"""Which dims a reduction goes over: `dim` and `keepdim`, or NumPy's names for them."""

from __future__ import annotations

from typing import Any

from minigrad.functions import checks
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["UNSET", "Dims", "given", "one_dim", "over", "over_named", "refuse_kept_alone"]

Dims = tuple[int, ...] | None
UNSET: Any = object()  # PyTorch tells what is not given from None


def given(
    function: str, dim: Any, keepdim: Any, axis: Any = None, keepdims: Any = False
) -> tuple[Any, bool]:
    """`dim` and `keepdim` by either of their names."""
    for flag in (keepdim, keepdims):
        checks.flag(flag, function, "keepdim")
    return dim if axis is None else axis, bool(keepdim or keepdims)


def over(
    x: Tensor, function: str, dim: Any, keepdim: Any, axis: Any = None, keepdims: Any = False
) -> tuple[Dims, bool]:
    """The dims to reduce, None if none are named, and whether they stay with size 1."""
    dim, keepdim = given(function, dim, keepdim, axis, keepdims)
    if dim is None and not keepdim:
        return None, False
    dims = checks.dims(dim, x.array.ndim, function)
    return (dims if x.array.ndim else ()), keepdim  # a 0-d tensor may be reduced over dim 0


def over_named(
    x: Tensor, function: str, dim: Any, keepdim: Any, axis: Any, keepdims: Any
) -> tuple[Dims, bool]:
    """As over, but a None that is given names all dims; UNSET names none, and goes alone."""
    dim = dim if axis is UNSET else axis
    if dim is UNSET:
        return None, False
    dims, keepdim = over(x, function, dim, keepdim, None, keepdims)
    return tuple(range(x.array.ndim)) if dims is None else dims, keepdim


def refuse_kept_alone(x: Tensor, function: str, dim: Any, keepdim: Any, axis: Any) -> None:
    """TypeError for keepdim where no dim is named."""
    if keepdim and dim is UNSET and axis is UNSET:
        got = "(Tensor, keepdim=bool)"
        raise noted(
            TypeError(f"{function}() received an invalid combination of arguments - got {got}"),
            "With keepdim=True the dims that are reduced stay, and none is named. Write "
            f"x.{function}(dim, keepdim=True), with a dim from 0 to {max(x.array.ndim, 1) - 1}.",
        )


def one_dim(
    x: Tensor, function: str, dim: Any, keepdim: Any, axis: Any = UNSET, keepdims: Any = False
) -> tuple[int | None, bool]:
    """The dim to reduce, or None for all; keepdim goes with a dim only."""
    refuse_kept_alone(x, function, dim, keepdim or keepdims, axis)
    dim = axis if dim is UNSET else dim
    if dim is UNSET:
        return None, False
    if not checks.is_integer(dim):
        raise checks.combination(function, x, dim)
    dim, keepdim = given(function, dim, keepdim, keepdims=keepdims)
    return checks.dim(dim, x.array.ndim, function), keepdim
