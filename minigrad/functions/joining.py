"""Tensors put together, and taken apart again."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from minigrad import dtypes, ops
from minigrad.autograd.op import Op
from minigrad.functions import checks
from minigrad.functions.conversion import to
from minigrad.functions.shape import reshape
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["cat", "chunk", "split", "stack", "unbind"]

Shape = tuple[int, ...]


def cat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after the other along `dim`; the others' sizes must agree. dtypes promote."""
    given = checks.tensors(tensors, "cat")
    if not given:
        raise noted(
            ValueError("minigrad.cat(): expected a non-empty list of Tensors"),
            "There is nothing to join. Did the loop that fills the list run? Zero rows of "
            "n numbers are minigrad.empty(0, n).",
        )
    for i, x in enumerate(given):
        if x.array.ndim == 0:
            raise noted(
                RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated"),
                f"Tensor {i} holds one number and has no dims to be joined along. Write "
                "minigrad.stack(tensors) to make a vector of such numbers.",
            )
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
        raise noted(
            RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(other)}"
            ),
            f"Tensor 0 has shape {list(first)} and tensor {i} has shape {list(other)}. Give "
            "them the same dims with x.unsqueeze(0), or use minigrad.stack, which makes a "
            "new dim of equal shapes.",
        )
    for d, (m, n) in enumerate(zip(first, other, strict=True)):
        if d != along and m != n:
            raise noted(
                RuntimeError(
                    f"Sizes of tensors must match except in dimension {along}. Expected size {m} "
                    f"but got size {n} for tensor number {i} in the list."
                ),
                f"Tensor 0 has shape {list(first)} and tensor {i} has shape {list(other)}: "
                f"joined along dim {along}, they must agree in dim {d}. Is dim={d} meant?",
            )


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """The tensors side by side along a new dim; all shapes must be equal."""
    given = checks.tensors(tensors, "stack")
    if not given:
        raise noted(
            RuntimeError("stack expects a non-empty TensorList"),
            "There is nothing to stack. Did the loop that fills the list run?",
        )
    first = given[0].array.shape
    at = checks.dim(dim, len(first) + 1, "stack")
    for i, x in enumerate(given):
        if x.array.shape != first:
            raise noted(
                RuntimeError(
                    f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                    f"and {list(x.array.shape)} at entry {i}"
                ),
                "Side by side only equal shapes fit. Tensors that differ in one dim are joined "
                f"one after the other: minigrad.cat(tensors, dim={at}).",
            )
    kind = dtypes.result_type(*(x.array for x in given))
    return ops.stack(at, *(to(x, kind) for x in given))


# ---- taking apart -------------------------------------------------------------------------------


def unbind(input: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dim, as views."""
    x = checks.tensor(input, "unbind")
    at = checks.dim(dim, x.array.ndim, "unbind")
    if x.array.ndim == 0:
        raise noted(
            IndexError(f"Dimension specified as {at} but tensor has no dimensions"),
            "The tensor holds one number and has no dims to be taken apart along. x.item() "
            "is the number.",
        )
    lead = (slice(None),) * at
    return siblings([ops.unbind(x, (*lead, i)) for i in range(x.array.shape[at])], "Unbind")


def split(input: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of a size along a dim (the last may be smaller), or of the sizes in a list: views."""
    x = checks.tensor(input, "split")
    wanted = split_size_or_sections
    if x.array.ndim == 0:
        raise noted(
            RuntimeError("split expects at least a 1-dimensional tensor"),
            "The tensor holds one number and has no dims to be split along. x.item() is "
            "the number.",
        )
    at = checks.dim(dim, x.array.ndim, "split", position=3)
    if checks.is_integer(wanted):
        equal = equal_sizes(x.array.shape[at], int(wanted))
        return siblings(cut(ops.split, x, equal, at), "Split")
    sizes = checks.integers(wanted, "split_with_sizes", "split_sizes", 2)
    check_sections(x.array.shape[at], sizes, int(dim))
    return siblings(cut(ops.split_with_sizes, x, sizes, at), "SplitWithSizes")


def cut(op: Op, x: Tensor, sizes: Iterable[int], dim: int) -> list[Tensor]:
    """The pieces of the given sizes, one after the other."""
    lead, ends = (slice(None),) * dim, [0, *itertools.accumulate(sizes)]
    return [op(x, (*lead, slice(start, end))) for start, end in itertools.pairwise(ends)]


def equal_sizes(length: int, size: int) -> list[int]:
    """`size` as often as it fits into `length`, and then the rest."""
    if size < 0:
        raise noted(
            RuntimeError(f"split expects split_size be non-negative, but got split_size={size}"),
            f"The dim has {length} entries: write how many each piece should have, 1 to {length}.",
        )
    if size == 0 and length:
        raise noted(
            RuntimeError(
                "split_size can only be 0 if dimension size is 0, but got dimension size of "
                f"{length}"
            ),
            f"Pieces of 0 entries never use up the {length} that are there. Write how many "
            "each piece should have, 1 or more.",
        )
    return [min(size, length - start) for start in range(0, length, size or 1)] or [0]


def check_sections(length: int, sizes: Shape, dim: int) -> None:
    if any(n < 0 for n in sizes):
        raise noted(
            RuntimeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={list(sizes)}"
            ),
            f"The list says how many entries each piece has, and no piece can have {min(sizes)}.",
        )
    if sum(sizes) != length:
        raise noted(
            RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's "
                f"size at dimension {dim}), but got split_sizes={list(sizes)}"
            ),
            f"Together the pieces have {sum(sizes)} entries, and dim {dim} has {length}. "
            f"Write x.split({[*sizes[:-1], length - sum(sizes[:-1])]}) for a last piece "
            "with the rest.",
        )


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most so many pieces of equal size along a dim: views. An empty dim gives all of them."""
    x, count = checks.tensor(input, "chunk"), checks.integer(chunks, "chunk", "chunks")
    if x.array.ndim == 0:
        raise noted(
            RuntimeError("chunk expects at least a 1-dimensional tensor"),
            "The tensor holds one number and has no dims to be cut along. x.item() is the number.",
        )
    if count <= 0:
        raise noted(
            RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {count}"),
            "chunk is told how many pieces to make, 1 or more; split is told how long they are.",
        )
    length = x.array.shape[checks.dim(dim, x.array.ndim, "chunk", position=3)]
    return split(x, -(-length // count) if length else (0,) * count, dim)


def siblings(views: list[Tensor], name: str) -> tuple[Tensor, ...]:
    """Views that one function returned together: PyTorch refuses to write into them."""
    for i, v in enumerate(views):
        if v.view_of is not None:
            v.view_of.siblings = f"Output {i} of {name}"
    return tuple(views)
