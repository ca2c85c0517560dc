"""x[index] and x[index] = value, with every kind of index."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import ops
from minigrad.autograd.errors import noted
from minigrad.functions import checks, inplace
from minigrad.functions.conversion import to
from minigrad.ops import inplace as ops_inplace
from minigrad.tensor import Tensor, wrap

__all__ = ["getitem", "normalised", "setitem"]

Index = tuple[Any, ...]
Shape = tuple[int, ...]


def getitem(x: Tensor, index: Any) -> Tensor:
    """A view for integers, slices, None and `...`; a copy for tensors of indices and masks."""
    items = normalised(index, x.array.shape)
    if is_advanced(items):
        return ops.take(x, items)
    return ops.getitem(x, items)


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """Write into the part of x that the index picks; the value broadcasts and converts."""
    items = normalised(index, x.array.shape)
    new = as_value(value, x)
    if is_advanced(items):
        ops_inplace.refuse(x, "a view of a leaf Variable")
        picked = x.array[items].shape
        checks_fit(new, picked)
        ops_inplace.in_place(
            lambda before, v: ops_inplace.put(before, v, items), x, to(new, x.dtype)
        )
    else:
        inplace.copy_(ops.getitem(x, items), new)


def is_advanced(items: Index) -> bool:
    return any(isinstance(item, np.ndarray) for item in items)


def as_value(value: Any, x: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, bool | int | float | np.generic | np.ndarray):
        return wrap(np.asarray(value, x.array.dtype))
    if isinstance(value, list | tuple):
        return wrap(np.asarray(value, x.array.dtype))
    raise TypeError(f"can't assign a {type(value).__name__} to a {x.type()}")


def checks_fit(value: Tensor, shape: Shape) -> None:
    """A value must broadcast to the shape of what it is written to."""
    try:
        fits = np.broadcast_shapes(value.array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.array.shape)} cannot be broadcast "
            f"to indexing result of shape {list(shape)}"
        )


def normalised(index: Any, shape: Shape) -> Index:
    """The index as a tuple of what NumPy understands in the same way; PyTorch's IndexErrors."""
    items = tuple(map(item_of, index if isinstance(index, tuple) else (index,)))
    used = sum(consumed(item) for item in items)
    if used > len(shape):
        raise too_many(len(shape), items)
    dim = 0
    for at, item in enumerate(items):
        if item is Ellipsis:
            rest = sum(consumed(later) for later in items[at + 1 :])
            dim = len(shape) - rest
            continue
        check_item(item, dim, shape)
        dim += consumed(item)
    return items


def item_of(item: Any) -> Any:
    """One part of an index: int, slice, None, Ellipsis, or an array of integers or bools."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        return slice_of(item)
    if isinstance(item, bool | np.bool_):
        return np.asarray(item)
    if isinstance(item, Tensor) or isinstance(item, np.ndarray | list | range | tuple):
        return array_of(item)
    if hasattr(item, "__index__"):
        return int(item)
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(item).__name__})"
    )


def slice_of(item: slice) -> slice:
    start, stop, step = (
        None if v is None else checks.integer(v) for v in (item.start, item.stop, item.step)
    )
    if step is not None and step <= 0:
        raise noted(
            ValueError("step must be greater than zero"),
            "Tensors cannot be walked backwards; x.detach().numpy()[::-1] is an array that can.",
        )
    return slice(start, stop, step)


def array_of(item: Any) -> Any:
    array = item.array if isinstance(item, Tensor) else np.asarray(item)
    if array.size == 0 and not isinstance(item, Tensor | np.ndarray):
        array = array.astype(np.int64)
    if array.dtype.kind not in "ib":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return int(array) if array.ndim == 0 and array.dtype.kind == "i" else array


def consumed(item: Any) -> int:
    """How many dims of the tensor an item of the index takes."""
    if item is None or item is Ellipsis:
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1


def check_item(item: Any, dim: int, shape: Shape) -> None:
    if isinstance(item, int):
        check_bounds(item, item, dim, shape)
    elif isinstance(item, np.ndarray) and item.dtype.kind == "b":
        for i, n in enumerate(item.shape):
            if shape[dim + i] != n:
                raise IndexError(
                    f"The shape of the mask {list(item.shape)} at index {i} does not match the "
                    f"shape of the indexed tensor {list(shape)} at index {dim + i}"
                )
    elif isinstance(item, np.ndarray) and item.size:
        check_bounds(int(item.min()), int(item.max()), dim, shape)


def check_bounds(low: int, high: int, dim: int, shape: Shape) -> None:
    size = shape[dim]
    for value in (low, high):
        if not -size <= value < size:
            raise IndexError(f"index {value} is out of bounds for dimension {dim} with size {size}")


def too_many(ndim: int, items: Index) -> IndexError:
    if ndim == 0 and len(items) == 1 and isinstance(items[0], int):
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` "
            "in C++ to convert a 0-dim tensor to a number"
        )
    return IndexError(f"too many indices for tensor of dimension {ndim}")
