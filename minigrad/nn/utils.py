"""Limiting gradients, and a module's parameters as one vector."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from types import GeneratorType

import numpy as np

from minigrad.autograd.grad_mode import no_grad
from minigrad.autograd.quiet import silence
from minigrad.functions import cat, checks, stack
from minigrad.nn.naming import typename
from minigrad.notes import noted, shown
from minigrad.ops.sums import length
from minigrad.tensor import Tensor, wrap

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
]

Tensors = Tensor | Iterable[Tensor]


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors' elements as if they were one vector.

    norm_type p gives (Σ|x|ᵖ)^(1/p), inf the largest |x|; without tensors the norm is 0. With
    error_if_nonfinite, RuntimeError if it is NaN or infinite. `foreach` has no effect.
    """
    norms = [vector_norm(t, float(norm_type)) for t in listed(tensors)]
    if not norms:
        return wrap(np.zeros((), np.float32))
    total = vector_norm(stack(norms), float(norm_type))
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise noted(
            RuntimeError(
                f"The total norm of order {norm_type} for gradients from `parameters` is "
                "non-finite, so it cannot be clipped. To disable this error and scale the "
                "gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
            ),
            "A gradient is NaN or infinite: usually the loss overflowed because the learning rate "
            "is too large, or something was divided by 0.",
        )
    return total


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor, so that their total norm is at most max_norm.

    Returns the norm that they had before; see `get_total_norm`. Gradients with a smaller norm stay
    as they are.
    """
    params = listed(parameters)
    if not params and isinstance(parameters, GeneratorType):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    total_norm = get_total_norm(gradients(params), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(params, max_norm, total_norm)
    return total_norm


def real(value: float, function: str, name: str) -> float:
    """float(value); TypeError for a complex number."""
    if isinstance(value, complex):
        checks.number(value, function, name)
    return float(value)


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients by max_norm / total_norm where that is less than 1."""
    limit = real(max_norm, "clip_grads_with_norm_", "max_norm")
    with no_grad():
        factor = (limit / (total_norm + 1e-6)).clamp(max=1.0)
        for grad in gradients(listed(parameters)):
            grad.mul_(factor)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every element of every gradient to [-clip_value, clip_value]."""
    limit = real(clip_value, "clip_grad_value_", "clip_value")
    with no_grad():
        for grad in gradients(listed(parameters)):
            grad.clamp_(-limit, limit)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters' elements one after the other; gradients flow back to the parameters."""
    return cat([p.view(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make consecutive slices of the vector the values of the parameters; they share its memory."""
    if not isinstance(vec, Tensor):
        raise noted(
            TypeError(f"expected minigrad.Tensor, but got: {typename(vec)}"),
            f"The new values come as one vector: {shown(vec)} came. Write minigrad.tensor(values).",
        )
    params, parts, start = list(parameters), [], 0
    for p in params:
        parts.append(vec[start : start + p.numel()].view(p.shape).data)
        start += p.numel()
    for p, part in zip(params, parts, strict=True):
        p.data = part


def listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def gradients(params: list[Tensor]) -> list[Tensor]:
    return [p.grad for p in params if p.grad is not None]


def vector_norm(x: Tensor, order: float) -> Tensor:
    if not x.is_floating_point():
        raise noted(
            RuntimeError(
                "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
                f"{x.dtype.title}"
            ),
            f"A gradient is made of floats, and this tensor holds {x.dtype}. Write x.float().",
        )
    if x.numel() == 0:
        return wrap(np.zeros_like(x.array, shape=()))
    if order == 2:
        return wrap(silence().run(length, x.array.reshape(-1)))
    return wrap(
        np.asanyarray(silence().run(np.linalg.norm, x.array.reshape(-1), order), x.array.dtype)
    )
