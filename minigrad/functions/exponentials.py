"""Exponentials in proportion to their sum, with PyTorch's checks."""

from __future__ import annotations

from typing import Any

from minigrad import ops
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.functions.dims import UNSET, Dims, over
from minigrad.functions.elementwise import floating
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["log_softmax", "logsumexp", "softmax"]


def logsumexp(
    input: Any,
    dim: Any = UNSET,
    keepdim: bool = False,
    *,
    axis: Any = UNSET,
    keepdims: bool = False,
) -> Tensor:
    """log Σ exp(x) over `dim` (an int or several), where exp(x) itself would overflow, too.

    The derivative is softmax(x). Integers become float32; of no elements it is -inf.
    """
    x = checks.tensor(input, "logsumexp")
    dim = axis if dim is UNSET else dim
    if dim is UNSET:
        raise missing_dim("logsumexp", x)
    checks.integers((dim,) if checks.is_integer(dim) else dim, "logsumexp", "dim", 2)
    dims, keepdim = over(x, "logsumexp", dim, keepdim, None, keepdims)
    return ops.logsumexp(floating(x), dims, keepdim)


def softmax(input: Any, dim: Any = UNSET, dtype: Any = None, *, axis: Any = UNSET) -> Tensor:
    """exp(x) / Σ exp(x) along a dim: positive numbers in the order of x, whose sum is 1.

    Its derivative is s (g - Σ g s). Floats only; `dtype` converts first.
    """
    return ops.softmax(*along("softmax", input, dim, dtype, axis))


def log_softmax(input: Any, dim: Any = UNSET, dtype: Any = None, *, axis: Any = UNSET) -> Tensor:
    """x - logsumexp(x) along a dim: the logarithm of softmax, exact where softmax rounds to 0."""
    return ops.log_softmax(*along("log_softmax", input, dim, dtype, axis))


def along(function: str, input: Any, dim: Any, dtype: Any, axis: Any) -> tuple[Tensor, Dims]:
    x = checks.tensor(input, function)
    dim = axis if dim is UNSET else dim
    if dim is UNSET:
        raise missing_dim(function, x)
    if dtype is not None:
        x = to(x, dtype)
    dim = checks.dim(dim, x.array.ndim, function)
    if x.array.dtype.kind != "f":
        last = "lastdim_" if dim == max(x.array.ndim, 1) - 1 else ""
        raise noted(
            NotImplementedError(
                f"\"{function}_{last}kernel_impl\" not implemented for '{x.dtype.title}'"
            ),
            f"The input holds {x.dtype}. Write x.float().{function}({dim}).",
        )
    return x, ((dim,) if x.array.ndim else ())


def missing_dim(function: str, x: Tensor) -> TypeError:
    return noted(
        TypeError(f'{function}() missing 1 required positional arguments: "dim"'),
        f"Along which dim of {list(x.array.shape)}? Write x.{function}(-1) for the last, each row "
        "by itself.",
    )
