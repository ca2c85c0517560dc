"""Views, and other ways to move elements."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.autograd.errors import noted
from minigrad.autograd.op import Op
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.tensor import Tensor

__all__ = [
    "cat", "chunk", "contiguous", "expand", "expand_as", "flatten", "matrix_transpose",
    "permute", "reshape", "reversed_dims", "split", "squeeze", "stack", "t", "transpose", "unbind",
    "unsqueeze", "view",
]  # fmt: skip

Shape = tuple[int, ...]

# ---- the same elements under another shape ------------------------------------------------------


def reshape(input: Any, *shape: Any) -> Tensor:
    """The elements in their order under another shape; one size may be -1. A view if it can be."""
    x = checks.tensor(input, "reshape")
    target = checks.resolve(checks.size_of(shape, "reshape"), x.array.size)
    if in_order(x):
        return ops.reshape(x, target)
    return (ops.reshape_alias if viewable(x, target) else ops.reshape_copy)(x, target)


def view(input: Tensor, *shape: Any) -> Tensor:
    """As reshape, but always a view: RuntimeError where the memory does not allow one."""
    x = input
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        raise noted(
            TypeError("view(dtype) is not in minigrad"),
            "Use x.to(dtype), which converts the values.",
        )
    target = checks.resolve(checks.size_of(shape, "view", "size"), x.array.size)
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
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if x.array.ndim and start == end:
        return x
    shape = x.array.shape
    return reshape(x, (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :]))


def squeeze(input: Any, dim: Any = None) -> Tensor:
    """Without the dims of size 1: all of them, or those named that have it."""
    x = checks.tensor(input, "squeeze")
    shape = x.array.shape
    gone = checks.dims(dim, x.array.ndim, "squeeze")
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
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {x.array.ndim}D"
        )
    return ops.t(x)


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """Two dims exchanged: a view."""
    x = checks.tensor(input, "transpose")
    i = checks.dim(dim0, x.array.ndim, "transpose", "dim0")
    j = checks.dim(dim1, x.array.ndim, "transpose", "dim1", 3)
    return ops.transpose(x, i, j)


def permute(input: Any, *dims: Any) -> Tensor:
    """The dims in another order: a view."""
    x = checks.tensor(input, "permute")
    order = checks.size_of(dims, "permute", "dims")
    if len(order) != x.array.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            "length of the desired ordering of dimensions "
            f"i.e. input.dim() = {x.array.ndim} is not equal to len(dims) = {len(order)}"
        )
    positive = tuple(checks.dim(d, x.array.ndim, "permute") for d in order)
    if len(set(positive)) != len(positive):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return ops.permute(x, positive)


def matrix_transpose(x: Tensor) -> Tensor:
    """The last two dims exchanged, of a matrix or a batch of them."""
    if x.array.ndim == 0:
        warn_identity("mT")
        return x
    if x.array.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. "
            f"Got {x.array.ndim}-D tensor."
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


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Dims of size 1 repeated without copying; -1 keeps a size."""
    x, wanted = input, checks.size_of(shape, "expand", "size")
    sizes = x.array.shape
    if len(wanted) < len(sizes):
        raise RuntimeError(
            f"expand({x.type()}{{{list(sizes)}}}, size={list(wanted)}): the number of sizes "
            f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(sizes)})"
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
        raise RuntimeError(
            f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing "
            f"dimension {i}"
        )


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Expanded to the shape of another tensor."""
    return expand(input, *checks.tensor(other, "expand_as", "other").array.shape)


# ---- picking and joining ------------------------------------------------------------------------


def cat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after the other along `dim`; the others' sizes must agree. dtypes promote."""
    given = checks.tensors(tensors, "cat")
    if not given:
        raise ValueError("minigrad.cat(): expected a non-empty list of Tensors")
    for i, x in enumerate(given):
        if x.array.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    shapes = [x.array.shape for x in given if x.array.shape != (0,)]
    first = shapes[0] if shapes else (0,)
    along = checks.dim(dim if axis is None else axis, len(first), "cat") if shapes else 0
    for i, shape in enumerate(shapes):
        check_joinable(first, shape, along, i)
    kind = dtypes.result_type(*(x.array for x in given))
    nothing = (*first[:along], 0, *first[along + 1 :])  # what a tensor of shape (0,) counts as
    return ops.cat(
        along, *(to(x if x.array.shape != (0,) else reshape(x, nothing), kind) for x in given)
    )


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
    at = checks.dim(dim, len(first) + 1, "stack")
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
    at = checks.dim(dim, x.array.ndim, "unbind")
    if x.array.ndim == 0:
        raise IndexError(f"Dimension specified as {at} but tensor has no dimensions")
    lead = (slice(None),) * at
    return siblings([ops.unbind(x, (*lead, i)) for i in range(x.array.shape[at])], "Unbind")


def split(input: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of a size along a dim (the last may be smaller), or of the sizes in a list: views."""
    x = checks.tensor(input, "split")
    wanted = split_size_or_sections
    if x.array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    at = checks.dim(dim, x.array.ndim, "split", position=3)
    if checks.is_integer(wanted):
        equal = equal_sizes(x.array.shape[at], int(wanted))
        return siblings(cut(ops.split, x, equal, at), "Split")
    sizes = checks.integers(wanted, "split_with_sizes", "split_sizes", 2)
    check_sections(x.array.shape[at], sizes, at)
    return siblings(cut(ops.split_with_sizes, x, sizes, at), "SplitWithSizes")


def cut(op: Op, x: Tensor, sizes: Iterable[int], dim: int) -> list[Tensor]:
    """The pieces of the given sizes, one after the other."""
    lead, ends = (slice(None),) * dim, [0, *itertools.accumulate(sizes)]
    return [op(x, (*lead, slice(start, end))) for start, end in itertools.pairwise(ends)]


def equal_sizes(length: int, size: int) -> list[int]:
    """`size` as often as it fits into `length`, and then the rest."""
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
        )
    return [min(size, length - start) for start in range(0, length, size or 1)] or [0]


def check_sections(length: int, sizes: Shape, dim: int) -> None:
    if any(n < 0 for n in sizes):
        raise RuntimeError(
            "split_with_sizes expects split_sizes have only non-negative entries, but got "
            f"split_sizes={list(sizes)}"
        )
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's "
            f"size at dimension {dim}), but got split_sizes={list(sizes)}"
        )


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most so many pieces of equal size along a dim: views. An empty dim gives all of them."""
    x, count = checks.tensor(input, "chunk"), checks.integer(chunks, "chunk", "chunks")
    if x.array.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if count <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {count}")
    length = x.array.shape[checks.dim(dim, x.array.ndim, "chunk", position=3)]
    return split(x, -(-length // count) if length else (0,) * count, dim)


def siblings(views: list[Tensor], name: str) -> tuple[Tensor, ...]:
    """Views that one function returned together: PyTorch refuses to write into them."""
    for i, v in enumerate(views):
        if v.view_of is not None:
            v.view_of.siblings = f"Output {i} of {name}"
    return tuple(views)
