"""The same elements under another shape, in another order of the dims, or repeated."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.functions import checks
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = [
    "broadcast_to", "contiguous", "expand", "expand_as", "flatten",
    "matrix_transpose", "permute", "ravel", "reshape", "reversed_dims", "squeeze", "t",
    "transpose", "unsqueeze", "view",
]  # fmt: skip

Shape = tuple[int, ...]

# ---- the same elements under another shape ------------------------------------------------------


def reshape(input: Any, *sizes: Any, **named: Any) -> Tensor:
    """The elements in their order under another shape; one size may be -1. A view if it can be."""
    x = checks.tensor(input, "reshape")
    target = checks.resolve(checks.size_of(sizes, "reshape", named=named), x.array.size)
    if in_order(x):
        return ops.reshape(x, target)
    return (ops.reshape_alias if viewable(x, target) else ops.reshape_copy)(x, target)


def view(input: Tensor, *sizes: Any, **named: Any) -> Tensor:
    """As reshape, but always a view: RuntimeError where the memory does not allow one."""
    x = input
    if any(isinstance(value, dtypes.dtype) for value in (*sizes, *named.values())):
        raise noted(
            TypeError("view(dtype) is not in minigrad"),
            "Use x.to(dtype), which converts the values.",
        )
    target = checks.resolve(checks.size_of(sizes, "view", "size", named=named), x.array.size)
    if not (in_order(x) or viewable(x, target)):
        raise noted(
            RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
            ),
            "After a transpose or permute the elements no longer lie in order. reshape copies them "
            "where it must.",
        )
    return ops.reshape(x, target)


def in_order(x: Tensor) -> bool:
    return x.array.flags.c_contiguous or x.array.size == 0


def viewable(x: Tensor, shape: tuple[int, ...]) -> bool:
    """Whether the elements can be seen in another shape where they lie."""
    seen = x.array.view()
    try:
        seen.reshape(shape, copy=False)
    except ValueError:
        return False
    return True


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dims from start_dim to end_dim as one."""
    x = checks.tensor(input, "flatten")
    start = checks.dim(start_dim, x.array.ndim, "flatten", "start_dim")
    end = checks.dim(end_dim, x.array.ndim, "flatten", "end_dim", 3)
    if start > end:
        raise noted(
            RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim"),
            f"start_dim is dim {start} and end_dim is dim {end} of the {x.array.ndim}. "
            f"Write x.flatten({end}, {start}).",
        )
    if x.array.ndim and start == end:
        return x
    shape = x.array.shape
    return reshape(x, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))


def ravel(input: Any) -> Tensor:
    """All elements in one dim."""
    return view(contiguous(checks.tensor(input, "ravel")), -1)


def squeeze(input: Any, dim: Any = None) -> Tensor:
    """Without the dims of size 1: all of them, or those named that have it."""
    x = checks.tensor(input, "squeeze")
    shape = x.array.shape
    gone = () if isinstance(dim, tuple) and not dim else checks.dims(dim, x.array.ndim, "squeeze")
    target = tuple(n for i, n in enumerate(shape) if i not in gone or n != 1)
    form = 0 if dim is None else 1 if hasattr(dim, "__index__") else 2
    return ops.squeeze(x, target, form)


def unsqueeze(input: Any, dim: int) -> Tensor:
    """With a new dim of size 1 at `dim`."""
    x = checks.tensor(input, "unsqueeze")
    at = checks.dim(dim, x.array.ndim + 1, "unsqueeze")
    return ops.unsqueeze(x, (*x.array.shape[:at], 1, *x.array.shape[at:]))


# ---- another order of the dims ------------------------------------------------------------------


def t(input: Any) -> Tensor:
    """The transpose of a matrix; a vector or a number as it is."""
    x = checks.tensor(input, "t")
    if x.array.ndim > 2:
        raise noted(
            RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {x.array.ndim}D"),
            f"This tensor has shape {list(x.array.shape)}. Write x.mT to transpose each of "
            "its matrices, or x.transpose(0, 1) to exchange two dims of your choice.",
        )
    return ops.t(x)


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """Two dims exchanged: a view."""
    x = checks.tensor(input, "transpose")
    i = checks.dim(dim0, x.array.ndim, "transpose", "dim0")
    j = checks.dim(dim1, x.array.ndim, "transpose", "dim1", 3)
    return ops.transpose(x, i, j)


def permute(input: Any, *order: Any, **named: Any) -> Tensor:
    """The dims in another order: a view."""
    x = checks.tensor(input, "permute")
    order = checks.size_of(order, "permute", "dims", named=named)
    if len(order) != x.array.ndim:
        raise noted(
            RuntimeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match the "
                "length of the desired ordering of dimensions "
                f"i.e. input.dim() = {x.array.ndim} is not equal to len(dims) = {len(order)}"
            ),
            f"The tensor has shape {list(x.array.shape)}, and all of its {x.array.ndim} "
            "dims must be named in their new order: "
            f"x.permute({', '.join(map(str, reversed(range(x.array.ndim))))}) reverses them.",
        )
    positive = tuple(checks.dim(d, x.array.ndim, "permute") for d in order)
    if len(set(positive)) != len(positive):
        raise noted(
            RuntimeError("permute(): duplicate dims are not allowed."),
            f"The order {list(order)} leaves out "
            f"{sorted({*range(x.array.ndim)} - {*positive})}: each dim stands in it once.",
        )
    return ops.permute(x, positive)


def matrix_transpose(x: Tensor) -> Tensor:
    """The last two dims exchanged, of a matrix or a batch of them."""
    if x.array.ndim == 0:
        warn_identity("mT")
        return x
    if x.array.ndim < 2:
        raise noted(
            RuntimeError(
                "tensor.mT is only supported on matrices or batches of matrices. "
                f"Got {x.array.ndim}-D tensor."
            ),
            f"A vector of {x.array.size} numbers is no matrix. Write x.unsqueeze(-1) for a "
            "column, x.unsqueeze(0) for a row.",
        )
    return ops.transpose(x, x.array.ndim - 2, x.array.ndim - 1)


def reversed_dims(x: Tensor) -> Tensor:
    """All dims in reverse order: for other than matrices PyTorch advises against it."""
    if x.array.ndim == 0:
        warn_identity("T")
    elif x.array.ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*minigrad.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=3,
        )
    return ops.permute(x, tuple(reversed(range(x.array.ndim))))


def warn_identity(name: str) -> None:
    warnings.warn(
        f"Tensor.{name} is deprecated on 0-D tensors. "
        "This function is the identity in these cases.",
        UserWarning,
        stacklevel=4,
    )


def contiguous(x: Tensor) -> Tensor:
    """Itself if the elements lie in order in memory, else a copy in which they do."""
    return x if x.array.flags.c_contiguous else ops.clone(x, "C")


# ---- broadcasting -------------------------------------------------------------------------------


def expand(input: Tensor, *sizes: Any, **named: Any) -> Tensor:
    """Dims of size 1 repeated without copying; -1 keeps a size."""
    x, wanted = input, checks.size_of(sizes, "expand", "size", named=named)
    sizes = x.array.shape
    if len(wanted) < len(sizes):
        raise noted(
            RuntimeError(
                f"expand({x.type()}{{{list(sizes)}}}, size={list(wanted)}): the number of sizes "
                f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in "
                f"the tensor ({len(sizes)})"
            ),
            "expand repeats dims and adds new ones in front, but takes none away. Name a "
            f"size for each dim of {list(sizes)}, -1 to keep it: "
            f"x.expand({', '.join(['-1'] * len(sizes))}).",
        )
    lead = len(wanted) - len(sizes)
    target = [sizes[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(wanted)]
    for i in reversed(range(len(target))):
        check_expandable(target[i], i, lead, wanted, sizes)
    return ops.expand(x, tuple(target))


def check_expandable(
    n: int, i: int, lead: int, wanted: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    """Whether dim `i` of the target can have size `n`; the first `lead` dims are new ones."""
    if i >= lead and sizes[i - lead] not in (1, n):
        raise noted(
            RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size "
                f"({sizes[i - lead]}) at non-singleton dimension {i}.  Target sizes: "
                f"{list(wanted)}.  Tensor sizes: {list(sizes)}"
            ),
            "Only a dim of size 1 can be repeated.",
        )
    if n < 0:
        raise noted(
            RuntimeError(
                f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing "
                f"dimension {i}"
                if n == -1 and sizes
                else "numel: integer multiplication overflow"
            ),
            f"Only of a dim that is there -1 keeps the size, and dim {i} would be a new one in "
            f"front of {list(sizes)}. Write its size, such as 1.",
        )


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Expanded to the shape of another tensor."""
    return expand(input, checks.tensor(other, "expand_as", "other").array.shape)


def broadcast_to(input: Any, size: Any) -> Tensor:
    """expand, as a function: repeated to a shape without copying."""
    x = checks.tensor(input, "broadcast_to")
    return expand(x, checks.integers(size, "broadcast_to", "size", 2))
