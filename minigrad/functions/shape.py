"""Views, and other ways to move elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.autograd.errors import noted
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.tensor import Tensor

__all__ = [
    "cat", "chunk", "contiguous", "expand", "expand_as", "flatten", "matrix_transpose",
    "permute", "reshape", "reversed_dims", "split", "squeeze", "stack", "t", "transpose", "unbind",
    "unsqueeze", "view",
]  # fmt: skip


# ---- the same elements under another shape ------------------------------------------------------


def reshape(input: Any, *shape: Any) -> Tensor:
    """The elements in their order under another shape; one size may be -1. A view if it can be."""
    x = checks.tensor(input, "reshape")
    target = checks.resolve(checks.size_of(shape), x.array.size)
    if viewable(x, target):
        return ops.reshape(x, target)
    return ops.reshape_copy(x, target)


def view(input: Tensor, *shape: Any) -> Tensor:
    """As reshape, but always a view: RuntimeError where the memory does not allow one."""
    x = input
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        raise noted(
            TypeError("view(dtype) is not in minigrad"),
            "Use x.to(dtype), which converts the values.",
        )
    target = checks.resolve(checks.size_of(shape), x.array.size)
    if not viewable(x, target):
        raise noted(
            RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
            ),
            "After a transpose or permute the elements no longer lie in order. reshape copies them "
            "where it must.",
        )
    return ops.reshape(x, target)


def viewable(x: Tensor, shape: tuple[int, ...]) -> bool:
    if x.array.flags.c_contiguous or x.array.size == 0:
        return True
    seen = x.array.view()
    try:
        seen.reshape(shape, copy=False)
    except ValueError:
        return False
    return True


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dims from start_dim to end_dim as one."""
    x = checks.tensor(input, "flatten")
    start, end = checks.dim(start_dim, x.array.ndim), checks.dim(end_dim, x.array.ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if x.array.ndim and start == end:
        return x
    shape = x.array.shape
    return reshape(x, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))


def squeeze(input: Any, dim: Any = None) -> Tensor:
    """Without the dims of size 1: all of them, or those named that have it."""
    x = checks.tensor(input, "squeeze")
    shape = x.array.shape
    dims = checks.dims(dim, x.array.ndim)
    gone = range(len(shape)) if dims is None else dims
    target = tuple(n for i, n in enumerate(shape) if i not in gone or n != 1)
    form = 0 if dim is None else 1 if hasattr(dim, "__index__") else 2
    return ops.squeeze(x, target, form)


def unsqueeze(input: Any, dim: int) -> Tensor:
    """With a new dim of size 1 at `dim`."""
    x = checks.tensor(input, "unsqueeze")
    at = checks.dim(dim, x.array.ndim + 1)
    return ops.unsqueeze(x, (*x.array.shape[:at], 1, *x.array.shape[at:]))


# ---- another order of the dims ------------------------------------------------------------------


def t(input: Any) -> Tensor:
    """The transpose of a matrix; a vector or a number as it is."""
    x = checks.tensor(input, "t")
    if x.array.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {x.array.ndim}D"
        )
    return ops.t(x)


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """Two dims exchanged: a view."""
    x = checks.tensor(input, "transpose")
    i, j = checks.dim(dim0, x.array.ndim), checks.dim(dim1, x.array.ndim)
    if x.array.ndim == 0:
        return ops.permute(x, ())
    return ops.transpose(x, i, j)


def permute(input: Any, *dims: Any) -> Tensor:
    """The dims in another order: a view."""
    x = checks.tensor(input, "permute")
    order = checks.size_of(dims)
    if len(order) != x.array.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {x.array.ndim} is not "
            f"equal to len(dims) = {len(order)}"
        )
    positive = tuple(checks.dim(d, x.array.ndim) for d in order)
    if len(set(positive)) != len(positive):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return ops.permute(x, positive)


def matrix_transpose(x: Tensor) -> Tensor:
    """The last two dims exchanged, of a matrix or a batch of them."""
    if x.array.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. "
            f"Got {x.array.ndim}-D tensor."
        )
    return ops.transpose(x, x.array.ndim - 2, x.array.ndim - 1)


def reversed_dims(x: Tensor) -> Tensor:
    """All dims in reverse order."""
    return ops.permute(x, tuple(reversed(range(x.array.ndim))))


def contiguous(x: Tensor) -> Tensor:
    """Itself if the elements lie in order in memory, else a copy in which they do."""
    return x if x.array.flags.c_contiguous else ops.clone(x)


# ---- broadcasting -------------------------------------------------------------------------------


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Dims of size 1 repeated without copying; -1 keeps a size."""
    x, wanted = input, checks.size_of(shape)
    sizes = x.array.shape
    if len(wanted) < len(sizes):
        raise RuntimeError(
            f"expand({x.type()}{{{list(sizes)}}}, size={list(wanted)}): the number of sizes "
            f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(sizes)})"
        )
    lead = len(wanted) - len(sizes)
    target = [sizes[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(wanted)]
    for i, n in enumerate(target):
        if n < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing "
                f"dimension {i}"
            )
        if i >= lead and sizes[i - lead] not in (1, n):
            raise noted(
                RuntimeError(
                    f"The expanded size of the tensor ({n}) must match the existing size "
                    f"({sizes[i - lead]}) at non-singleton dimension {i}.  Target sizes: "
                    f"{list(wanted)}.  Tensor sizes: {list(sizes)}"
                ),
                "Only a dim of size 1 can be repeated.",
            )
    return ops.expand(x, tuple(target))


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Expanded to the shape of another tensor."""
    return expand(input, *checks.tensor(other, "expand_as", "other").array.shape)


# ---- picking and joining ------------------------------------------------------------------------


def cat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after the other along `dim`; the others' sizes must agree. dtypes promote."""
    given = checks.tensors(tensors, "cat")
    if not given:
        raise ValueError("minigrad.cat(): expected a non-empty list of Tensors")
    joined = [x for x in given if x.array.shape != (0,)] or list(given[:1])  # PyTorch skips these
    ndim = joined[0].array.ndim
    if ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    along = checks.dim(dim if axis is None else axis, ndim)
    for i, x in enumerate(joined):
        check_joinable(joined[0].array.shape, x.array.shape, along, i)
    kind = dtypes.result_type(*(x.array for x in given))
    return ops.cat(along, *(to(x, kind) for x in joined))


def check_joinable(first: tuple[int, ...], other: tuple[int, ...], along: int, i: int) -> None:
    if len(first) != len(other):
        raise RuntimeError(
            f"Tensors must have same number of dimensions: got {len(first)} and {len(other)}"
        )
    for d, (m, n) in enumerate(zip(first, other, strict=True)):
        if d != along and m != n:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {along}. Expected size {m} but "
                f"got size {n} for tensor number {i} in the list."
            )


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """The tensors side by side along a new dim; all shapes must be equal."""
    given = checks.tensors(tensors, "stack")
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = given[0].array.shape
    at = checks.dim(dim, len(first) + 1)
    for i, x in enumerate(given):
        if x.array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(x.array.shape)} at entry {i}"
            )
    kind = dtypes.result_type(*(x.array for x in given))
    return ops.stack(at, *(to(x, kind) for x in given))


def unbind(input: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dim, as views."""
    x = checks.tensor(input, "unbind")
    if x.array.ndim == 0:
        raise RuntimeError("Dimension specified as 0 but tensor has no dimensions")
    at = checks.dim(dim, x.array.ndim)
    lead = (slice(None),) * at
    return siblings([ops.getitem(x, (*lead, i)) for i in range(x.array.shape[at])], "Unbind")


def split(input: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of a size along a dim (the last may be smaller), or of the sizes in a list: views."""
    x = checks.tensor(input, "split")
    at = checks.dim(dim, x.array.ndim)
    length = x.array.shape[at]
    sizes = pieces(length, split_size_or_sections, at)
    lead, start, parts = (slice(None),) * at, 0, []
    for n in sizes:
        parts.append(ops.getitem(x, (*lead, slice(start, start + n))))
        start += n
    return siblings(parts, "Split")


def pieces(length: int, wanted: Any, dim: int) -> list[int]:
    if not hasattr(wanted, "__index__"):
        sizes = [int(n) for n in wanted]
        if sum(sizes) != length:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's "
                f"size at dimension {dim}), but got split_sizes={sizes}"
            )
        return sizes
    size = int(wanted)
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
        )
    count = max(-(-length // size), 1) if size else 1
    return [min(size, length - size * i) for i in range(count)]


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most so many pieces of equal size along a dim: views."""
    x = checks.tensor(input, "chunk")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = x.array.shape[checks.dim(dim, x.array.ndim)]
    return split(x, max(-(-length // chunks), 1), dim)


def siblings(views: list[Tensor], name: str) -> tuple[Tensor, ...]:
    """Views that one function returned together: PyTorch refuses to write into them."""
    for v in views:
        if v.view_of is not None:
            v.view_of.siblings = name
    return tuple(views)
