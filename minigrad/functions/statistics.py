"""Variance, standard deviation and norms: of floats, with PyTorch's checks."""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

from minigrad import ops
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.functions.dims import UNSET, Dims, given, over
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["norm", "std", "var"]


def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = UNSET,
    keepdim: bool = False,
    *,
    correction: Any = UNSET,
    axis: Any = None,
    keepdims: bool = False,
) -> Tensor:
    """Σ (x - mean)² / (n - correction), over all elements or over `dim` (an int or several).

    `correction` is 1 by default: the estimate from a sample. `unbiased=False` is the older way to
    write `correction=0`; var(x, unbiased) is another. Floats only. NaN, with a warning, where there
    are no more elements than the correction.
    """
    arguments = settled("var", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return ops.var(*arguments)


def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = UNSET,
    keepdim: bool = False,
    *,
    correction: Any = UNSET,
    axis: Any = None,
    keepdims: bool = False,
) -> Tensor:
    """The square root of `var`, with the same arguments. Its derivative at 0 is 0."""
    arguments = settled("std", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return ops.std(*arguments)


def settled(
    function: str,
    input: Any,
    dim: Any,
    unbiased: Any,
    keepdim: Any,
    correction: Any,
    axis: Any,
    keepdims: Any,
) -> tuple[Tensor, Dims, float, bool]:
    """The tensor, its dims, the correction and keepdim, from any of PyTorch's three signatures."""
    x = checks.tensor(input, function)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not UNSET and (correction is not UNSET or not isinstance(unbiased, bool)):
        raise checks.combination(function, x, dim, unbiased)
    if x.array.dtype.kind != "f":
        raise noted(
            RuntimeError("std and var only support floating point and complex dtypes"),
            f"The input holds {x.dtype}. Write x.float().{function}().",
        )
    dim, keepdim = given(function, dim, keepdim, axis, keepdims)
    dims = None if dim is None else over(x, function, dim, keepdim)[0] or None
    by_default = correction is UNSET or correction is None
    taken = (unbiased if unbiased is not UNSET else True) if by_default else correction
    checks.number(taken, function, "correction")
    warn_freedom(function, x, dims, taken)
    return x, dims, taken, keepdim


def warn_freedom(function: str, x: Tensor, dims: Dims, correction: float) -> None:
    kept = [n for i, n in enumerate(x.array.shape) if dims is not None and i not in dims]
    results = math.prod(kept)
    if (x.array.size // results if results else 0) - correction <= 0:
        warnings.warn(
            f"{function}(): degrees of freedom is <= 0. Correction should be strictly less than "
            "the reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=level_of_user(),
        )


def level_of_user() -> int:
    """How many frames above the caller the user's line is: a method is one more than a function."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__package__") in ("minigrad", __package__):
        level, frame = level + 1, frame.f_back
    return level


def norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """(Σ |x|ᵖ)^(1/p), over all elements or over `dim` (an int or several).

    p may be any number: 2, or "fro", is the length; 1 the sum of the sizes; inf the largest and
    -inf the smallest; 0 counts what is not 0. Floats only. Where the norm is 0, so is its
    derivative; the derivative of the count is None.
    """
    x = input if isinstance(input, Tensor) else input.layout  # as PyTorch asks: AttributeError
    p = order(p, x, dim)
    checks.flag(keepdim, "linalg_vector_norm", "keepdim")
    named = checks.named_dims(dim, "linalg_vector_norm")
    if x.array.dtype.kind != "f":
        raise noted(
            RuntimeError(
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                f"{x.dtype.title}"
            ),
            f"The input holds {x.dtype}. Write x.float().norm().",
        )
    if x.array.size == 0 and (p < 0 or p == math.inf):
        refuse_empty(x, p, named)
    dims, keepdim = over(x, "linalg_vector_norm", dim, keepdim)
    return ops.norm(x if dtype is None else widened(x, dtype), p, dims, keepdim)


def order(p: Any, x: Tensor, dim: Any) -> float:
    """The p of a norm as a number."""
    if isinstance(p, str):
        check_name(p, x, dim)
        return 2.0
    if isinstance(p, Tensor) and p.array.ndim == 0 and not p.requires_grad:
        p = p.item()
    if p is not None:
        checks.number(p, "linalg_vector_norm", "ord")
    return 2.0 if p is None else float(p)


def check_name(p: str, x: Tensor, dim: Any) -> None:
    """Of the norms with a name, only "fro" is one of vectors."""
    several = range(x.array.ndim) if dim is None else checks.named_dims(dim, "norm")
    if p == "fro" and (dim is None or len(several) <= 2):
        return
    text = f"Order {p} not supported."
    if p in ("fro", "nuc"):
        text = "dim must be a 2-tuple. Got " + " ".join(map(str, several))
        if x.array.ndim < 2:
            text = "The input tensor A must have at least 2 dimensions."
    raise noted(
        RuntimeError(f"linalg.matrix_norm: {text}"),
        'minigrad has norms of vectors: p may be a number, float("inf"), or "fro".',
    )


def refuse_empty(x: Tensor, p: float, dims: tuple[int, ...]) -> None:
    """Of no elements there is no largest: RuntimeError."""
    text = f"linalg.vector_norm cannot compute the {p:g} norm on "
    why = "the operation does not have an identity"
    lesson = (
        f"The {p:g} norm picks one of the elements, and shape {list(x.array.shape)} has none to "
        "pick from. Norms that are sums, such as p=2, are 0 there."
    )
    if not dims:
        raise noted(RuntimeError(f"{text}an empty tensor because {why}"), lesson)
    for d in dims:
        if x.array.shape[checks.dim(d, x.array.ndim)] == 0:
            text += f"the dimension {d}because this dimension is empty and {why}"
            raise noted(RuntimeError(text), lesson)


def widened(x: Tensor, dtype: Any) -> Tensor:
    result = to(x, dtype)
    if result.array.dtype.kind != "f":
        raise noted(
            RuntimeError(
                "linalg.vector_norm: dtype should be floating point or complex, but got "
                f"{result.dtype.title}"
            ),
            f"A norm is a root, and {result.dtype} has none. Write dtype=minigrad.float32.",
        )
    if result.array.dtype.itemsize < x.array.dtype.itemsize:
        raise noted(
            RuntimeError(
                f"linalg.vector_norm: the dtype of the input ({x.dtype.title}) should be "
                f"convertible without narrowing to the specified dtype ({result.dtype.title})"
            ),
            f"The input holds {x.dtype}, which has more digits. Write x.norm().to({result.dtype}) "
            "to lose them at the end.",
        )
    return result
