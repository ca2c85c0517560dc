"""What gradgradcheck checks: the gradient as a function of inputs and upstream gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd.backward import grad
from minigrad.autograd.slopes import as_tuple, differentiable
from minigrad.notes import noted
from minigrad.random import default_generator
from minigrad.tensor import Tensor, wrap

__all__ = ["as_tuple", "gradient_of", "random_upstream"]

Tensors = tuple[Tensor, ...]


def random_upstream(func: Callable[..., Any], inputs: tuple[Any, ...], with_gaps: bool) -> Tensors:
    return tuple(drawn(y, with_gaps) for y in differentiable(as_tuple(func(*inputs))))


def drawn(y: Tensor, with_gaps: bool) -> Tensor:
    """Numbers of [-1, 1) in y's shape; with gaps, every second one of twice as many."""
    shape = y.array.shape
    with_gaps = with_gaps and y.numel() > 1
    size = (*shape[:-1], 2 * shape[-1]) if with_gaps else shape
    t = wrap(default_generator.uniform(size, y.array.dtype, -1, 1))
    return (t[..., 1::2] if with_gaps else t).requires_grad_()


def gradient_of(
    func: Callable[..., Any], inputs: tuple[Any, ...], upstream: Tensors
) -> Callable[..., Tensors]:
    """The gradients of func by those inputs that require grad, as a function of all of it."""
    wanted = [isinstance(t, Tensor) and t.requires_grad for t in inputs]
    if not upstream:
        raise noted(
            ValueError("gradgradcheck expects at least one output to require gradient"),
            "The function's results have no history, so there is no gradient to differentiate.",
        )

    def gradient(*args: Any) -> Tensors:
        point, g = args[: len(inputs)], args[len(inputs) :]
        outputs = differentiable(as_tuple(func(*point)))
        chosen = [t for t, keep in zip(point, wanted, strict=True) if keep]
        found = grad(outputs, chosen, g, create_graph=True, allow_unused=True)
        return tuple(t for t in found if t is not None)

    return gradient
