"""The functions behind the modules: relu, leaky_relu, linear, mse_loss, and friends."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.elsewhere import not_here
from minigrad.functions import checks, elementwise, exponentials
from minigrad.functions.activation import leaky_relu, leaky_relu_, relu, relu_
from minigrad.functions.linalg import from_its_matrix
from minigrad.functions.shape import expand, reshape
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = [
    "leaky_relu", "leaky_relu_", "linear", "log_softmax", "mse_loss", "relu", "relu_", "sigmoid",
    "softmax", "tanh",
]  # fmt: skip

Shape = tuple[int, ...]
BOOL = np.dtype(bool)

tanh, sigmoid = elementwise.tanh, elementwise.sigmoid


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / Σ exp(x) along a dim: see `minigrad.softmax`. Without one it warns and guesses."""
    dim = guessed_dim("softmax", input) if dim is None else dim
    return exponentials.softmax(input, dim, dtype)


def log_softmax(
    input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None
) -> Tensor:
    """x - logsumexp(x) along a dim: see `minigrad.log_softmax`."""
    dim = guessed_dim("log_softmax", input) if dim is None else dim
    return exponentials.log_softmax(input, dim, dtype)


def guessed_dim(function: str, x: Any) -> int:
    """The dim of old programs that named none: the first of a vector or of three dims, else 1."""
    warnings.warn(
        f"Implicit dimension choice for {function} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        UserWarning,
        stacklevel=3,
    )
    return 0 if x.dim() in (0, 1, 3) else 1


def linear(input: Any, weight: Any, bias: Any = None) -> Tensor:
    """x Wᵀ + b for the last dimension of x.

    input (..., in), weight (out, in), bias (out,) or None; result (..., out). For one output also
    weight (in,) and a bias without dims; result (...). All of one float dtype, RuntimeError
    otherwise.
    """
    if isinstance(input, Tensor) and isinstance(weight, Tensor) and isinstance(bias, Tensor):
        x, w, b = input.array, weight.array, bias.array
        fits = b.ndim == 1 and x.ndim in (1, 2) and w.shape == (len(b), x.shape[-1])
        if fits and x.dtype is w.dtype is b.dtype is not BOOL:
            return ops.linear(input, weight, bias)
    return unusual_linear(input, weight, bias)


def unusual_linear(input: Any, weight: Any, bias: Any) -> Tensor:
    """A layer without a bias, or with one that has to be expanded."""
    x, w = checks.tensor(input, "linear"), checks.tensor(weight, "linear", "weight", 2)
    if bias is not None:
        checks.tensor(bias, "linear", "bias", 3)
    of_x, of_w = x.array.shape, w.array.shape
    if len(of_w) != 2 or len(of_x) not in (1, 2) or of_x[-1] != of_w[1]:
        return batched_linear(x, w, bias)
    if w.array.dtype is not x.array.dtype or w.array.dtype is BOOL:
        return batched_linear(x, w, bias)
    check_dtypes(x, w, bias)
    product = ops.linear_without_bias(x, w)
    if bias is not None:
        return elementwise.add(product, expand(bias, product.array.shape))
    return product if len(of_x) == 2 else from_its_matrix(product)


def batched_linear(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
    """What linear cannot do in one op: batches of more dims are flattened; the rest is refused."""
    shape = x.array.shape
    if not shape or w.array.ndim == 0:
        raise noted(
            RuntimeError(
                f"both arguments to linear need to be at least 1D, but they are {len(shape)}D and "
                f"{w.array.ndim}D"
            ),
            f"linear multiplies rows of features: the input has shape {list(shape)}, the "
            f"weight {list(w.array.shape)}. Write x.reshape(1) for an input of a single "
            "feature.",
        )
    if w.array.ndim > 2:
        raise noted(
            RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {w.array.ndim}D"),
            f"The weight is a matrix, (out, in), and its shape is {list(w.array.shape)}. Write "
            "x @ weight.mT for a batch of weights.",
        )
    if w.array.ndim == 1 and len(shape) != 2 and bias is not None and bias.array.ndim == 0:
        return (x @ w).add_(bias)
    check_dtypes(x, w, bias)
    if w.array.ndim == 1:
        if bias is not None:
            raise noted(
                RuntimeError("mat2 must be a matrix, got 1-D tensor"),
                f"The weight has shape {list(w.array.shape)}; with a bias it is (out, in). "
                "Write weight.unsqueeze(0) for one output.",
            )
        return x @ w
    columns, (out, inputs) = shape[-1], w.array.shape
    if columns != inputs:
        rows = math.prod(shape[:-1])
        raise noted(
            RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({rows}x{columns} and {inputs}x{out})"
            ),
            f"The input has {columns} features, and the layer was made for {inputs}: write "
            f"Linear({columns}, {out}), or give it {inputs} numbers for each sample.",
        )
    checks.not_for_bools("addmm_impl_cpu_", x, w)
    rows = linear(reshape(x, (math.prod(shape[:-1]), columns)), w, bias)
    back = ops.reshape_copy if bias is None else ops.reshape
    return back(rows, (*shape[:-1], out))


def check_dtypes(x: Tensor, w: Tensor, bias: Tensor | None) -> None:
    """Input, weight and bias must have one dtype; PyTorch looks at the bias first."""
    first, name = (x, "mat1") if bias is None or same(bias, w) else (bias, "self")
    if same(first, w):
        return
    if bias is None:
        checks.same_dtype(x, w)
    raise noted(
        RuntimeError(
            f"{name} and mat2 must have the same dtype, but got {first.dtype.title} and "
            f"{w.dtype.title}"
        ),
        f"The layer's weight holds {w.dtype}, and {first.dtype} came. Write x.to({w.dtype}), or "
        "convert the whole layer: layer.double().",
    )


def same(a: Tensor, b: Tensor) -> bool:
    return a.array.dtype == b.array.dtype


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The mean of (input - target)², or the sum, or each square: reduction 'mean', 'sum', 'none'.

    The derivative by the input is 2 (input - target) / n, by the target its negative. Shapes that
    differ are broadcast, with a warning: that is nearly always a mistake. Floats; dtypes promote.
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        refuse_sizeless(input, target)
    x, y = input, target
    fits = x.array.shape == y.array.shape
    if not fits:
        warn_broadcast(x, y)
    if reduction not in ("mean", "sum", "none"):
        raise noted(
            ValueError(f"{reduction} is not a valid value for reduction"),
            "The reductions are 'mean', 'sum' and 'none'.",
        )
    if not fits:
        x, y = same_shape(x, y)
    if weight is not None:
        return weighted(elementwise.pow(elementwise.sub(x, y), 2), weight, reduction)
    if x.array.dtype is not y.array.dtype:
        x, y = elementwise.operands(x, y)
    if x.array.dtype.kind != "f":
        raise noted(
            NotImplementedError(f"\"mse_cpu\" not implemented for '{x.dtype.title}'"),
            f"A loss must be able to change a little, and {x.dtype} counts in whole steps. "
            "Write mse_loss(input.float(), target.float()).",
        )
    return ops.mse_loss(x, y, reduction)


def refuse_sizeless(input: Any, target: Any) -> None:
    """A list or a number has no `size()`, and the error says so."""
    for value in (input, target):
        if not isinstance(value, Tensor):
            value.size()


def warn_broadcast(input: Tensor, target: Tensor) -> None:
    lesson = lesson_of_broadcast(input.array.shape, target.array.shape)
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size "
        f"({input.size()}). This will likely lead to incorrect results due to broadcasting. Please "
        f"ensure they have the same size.{lesson}",
        UserWarning,
        stacklevel=3,
    )


def lesson_of_broadcast(input: Shape, target: Shape) -> str:
    """What the two shapes become, and what to write: lines below PyTorch's; none if they clash."""
    try:
        shape = np.broadcast_shapes(input, target)
    except ValueError:
        return ""
    pairs, inputs, targets = math.prod(shape), math.prod(input), math.prod(target)
    if inputs == targets:
        remedy = "Write target.reshape(input.shape), so that each prediction meets its own target."
    elif shape in (input, target):
        small, large = ("target", "input") if shape == input else ("input", "target")
        remedy = f"If this is meant, write {small}.expand_as({large})."
    else:
        remedy = "Give both the shape of one number for each prediction."
    return (
        f"\n{list(input)} and {list(target)} broadcast to {list(shape)}: the loss is made of "
        f"{pairs} differences, where input and target hold {inputs} and {targets}. {remedy}"
    )


def same_shape(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    shape = checks.broadcast(x.array.shape, y.array.shape)
    return expand(x, shape), expand(y, shape)


def weighted(squares: Tensor, weight: Tensor, reduction: str) -> Tensor:
    if weight.array.shape != squares.array.shape:
        raise noted(
            ValueError("Weights and input must have the same size."),
            f"There is one weight for each square, {list(squares.array.shape)}, and the "
            f"weights have shape {list(weight.array.shape)}. Write weight.expand_as(input).",
        )
    scaled = squares * weight
    if reduction == "none":
        return scaled
    total = scaled.sum()
    return total if reduction == "sum" else total / weight.sum()


def old_reduction(size_average: bool | None, reduce: bool | None) -> str:
    """The two flags that `reduction` replaced."""
    refused = [flag is not None and not flag for flag in (reduce, size_average)]
    reduction = "none" if refused[0] else "sum" if refused[1] else "mean"
    warnings.warn(
        "size_average and reduce args will be deprecated, please use "
        f"reduction='{reduction}' instead.",
        UserWarning,
        stacklevel=3,
    )
    return reduction


def __getattr__(name: str) -> Any:
    """What is not here raises AttributeError, with a note on what is nearest."""
    raise not_here(__name__, name, globals())
