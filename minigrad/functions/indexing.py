"""x[index] and x[index] = value, with every kind of index.

An index is read in two steps, as PyTorch reads it. Integers, slices, None and `...` make a view.
Tensors of integers and masks then pick from that view, which makes a copy; an integer beside them
has already been used up. (NumPy lets an integer take part in the second step, so that
`x[0, :, [0, 1]]` comes out transposed there.)
"""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.autograd.watch import index_values
from minigrad.functions import checks, inplace
from minigrad.functions.conversion import to
from minigrad.functions.scalars import stored
from minigrad.functions.shape import expand
from minigrad.notes import nearest, noted, shown
from minigrad.ops.inplace import in_place, put, refuse
from minigrad.tensor import Tensor, wrap

__all__ = ["getitem", "setitem"]

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[Any, ...]
Shape = tuple[int, ...]

WHOLE = slice(None)
NO_NUMBERS = (list, tuple, range, slice, Tensor, np.ndarray, type(None), type(Ellipsis))


def getitem(x: Tensor, index: Any) -> Tensor:
    """A view for integers, slices, None and `...`; a copy for tensors of indices and masks."""
    if type(index) is int and x.array.ndim:  # the frequent case
        check_bounds(index, 0, x.array.shape[0])
        return ops.getitem(x, (index,))
    view, picks = seen(x, as_tuple(index))
    return ops.take(view, integers_of(picks, view.array.shape)) if picks else view


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """Write into the part of x that the index picks; the value broadcasts and converts.

    Where a place is picked more than once, the last value stays.
    """
    new = as_value(value, x)
    view, picks = seen(x, as_tuple(index), writing=True)
    if not picks:
        fill_or_copy(view, new)
        return
    refuse(view, new)
    items = integers_of(picks, view.array.shape)
    new = without_ones(new)
    check_value(new, view, picks, view.array[items].shape)
    in_place(lambda before, v: put(before, v, items), view, to(new, x.array.dtype))


def fill_or_copy(view: Tensor, value: Tensor) -> None:
    """Write to all of a view; of one number PyTorch's record says that it was filled in."""
    if value.array.ndim == 0:
        inplace.fill_(view, value)
    else:
        inplace.copy_(view, fitted(value, view.array.shape))


def seen(x: Tensor, items: Index, writing: bool = False) -> tuple[Tensor, Index]:
    """The view that the basic parts of an index make, and what is to be picked from it."""
    items = tuple(map(item_of, items))
    check_count(x.array.shape, items)
    basic, picks = parts(items, x.array.shape)
    picks = picks if any(pick is not WHOLE for pick in picks) else ()
    if (picks or writing) and all(item is WHOLE or item is Ellipsis for item in basic):
        return x, picks
    return ops.getitem(x, basic), picks


# ---- reading an index ---------------------------------------------------------------------------


def as_tuple(index: Any) -> Index:
    """The index as a tuple; a list that holds more than numbers counts as one, with a warning."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, list) and any(isinstance(v, NO_NUMBERS) for v in index):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be "
            "changed in pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will "
            "be interpreted as tensor index, x[minigrad.tensor(seq)], which will result either in "
            "an error or a different result",
            UserWarning,
            stacklevel=4,
        )
        return tuple(index)
    return (index,)


def item_of(item: Any) -> Any:
    """One part of an index: None, Ellipsis, int, slice, or an array of integers or bools."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, bool):
        return np.asarray(item)
    if isinstance(item, Tensor | np.ndarray | list | tuple | range):
        return array_of(item)
    if isinstance(item, str | bytes):
        raise noted(
            TypeError(f"new(): invalid data type '{type(item).__name__}'"),
            f"Entries have positions and no names, so {item!r} finds nothing. Index with a "
            "whole number, a slice, a mask or a tensor of positions.",
        )
    if hasattr(item, "__index__") and not isinstance(item, np.bool_):
        return int(item)
    return item  # something else, refused after the number of dims was checked


def array_of(item: Any) -> Any:
    """Integers or bools from a tensor, array or sequence; a 0-d tensor of integers is an int."""
    array = item.array if isinstance(item, Tensor) else np.asarray(item)
    if array.dtype.kind not in "ib":
        if isinstance(item, Tensor):
            raise noted(
                IndexError("tensors used as indices must be long, int, byte or bool tensors"),
                f"The index holds {item.dtype}, which is no position. Write index.long(), or "
                "compare to make a mask of it: x[index > 0].",
            )
        array = array.astype(np.int64)
    return int(array) if array.ndim == 0 and array.dtype.kind == "i" else array


def consumed(item: Any) -> int:
    """How many dims of the tensor a part of the index takes."""
    if item is None or item is Ellipsis:
        return 0
    return item.ndim if is_mask(item) else 1


def is_mask(item: Any) -> bool:
    return isinstance(item, np.ndarray) and item.dtype.kind == "b"


def check_count(shape: Shape, items: Index) -> None:
    if sum(map(consumed, items)) <= len(shape):
        return
    if shape == () and len(items) == 1:
        raise no_dims(items[0])
    raise noted(
        IndexError(f"too many indices for tensor of dimension {len(shape)}"),
        f"The tensor has shape {list(shape)}, that is {len(shape)} dims, and the index "
        f"goes through {sum(map(consumed, items))}.",
    )


def no_dims(item: Any) -> IndexError:
    if isinstance(item, slice):
        text = "slice() cannot be applied to a 0-dim tensor."
    elif not isinstance(item, int):
        text = "too many indices for tensor of dimension 0"
    elif item:
        text = f"index {item} is out of bounds for dimension 0 with size 0"
    else:
        text = (
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` "
            "in C++ to convert a 0-dim tensor to a number"
        )
    return noted(
        IndexError(text),
        "The tensor is a single number, of shape [], and has no entries to pick from. Write "
        "x.item() for its value.",
    )


def parts(items: Index, shape: Shape) -> tuple[Index, Index]:
    """The basic index, and for each dim of the view that it makes what to pick there."""
    basic: list[Any] = []
    picks: list[Any] = []
    dim, has_ellipsis = 0, False
    for at, item in enumerate(items):
        if item is Ellipsis:
            rest = 0 if has_ellipsis else len(shape) - sum(map(consumed, items))
            basic, picks = basic + [...] * (not has_ellipsis), picks + [WHOLE] * rest
            dim, has_ellipsis = dim + rest, True
            continue
        steps, pick = reading(item, at, shape[dim : dim + 1])
        basic, picks, dim = basic + steps, picks + pick, dim + consumed(item)
    return tuple(basic), tuple(picks)


def reading(item: Any, at: int, size: Shape) -> tuple[list[Any], list[Any]]:
    """A part of the index as a basic index, and what it picks from the dims that this leaves."""
    if item is None:
        return [None], [WHOLE]
    if isinstance(item, int):
        check_bounds(item, at, *size)
        return [item], []
    if isinstance(item, slice):
        return [forward(item, *size)], [WHOLE]
    if not isinstance(item, np.ndarray):
        raise not_an_index(item)
    if item.ndim == 0:  # True or False: all or nothing, of a new dim
        return [None], [np.zeros(int(item), np.int64)]
    return [WHOLE] * consumed(item), [item]


def forward(item: slice, size: int) -> slice:
    """The slice, if PyTorch has it: its steps go forward."""
    covered = item.indices(size)  # raises what Python raises for parts that are no integers
    if item.step is not None and item.step < 0:
        raise noted(
            ValueError("step must be greater than zero"),
            "Tensors cannot be walked backwards; x.detach().numpy()[::-1] is an array that can.",
        )
    return WHOLE if not item.start and covered == (0, size, 1) else item


def check_bounds(value: int, dim: int, size: int) -> None:
    if not -size <= value < size:
        raise noted(
            IndexError(f"index {value} is out of bounds for dimension {dim} with size {size}"),
            f"This dim has {size} entries; the first has index 0.",
        )


def not_an_index(item: Any) -> IndexError:
    return noted(
        IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {checks.title(item)})"
        ),
        f"A position is a whole number, and {shown(item)} came{nearest(item)}.",
    )


# ---- picking ------------------------------------------------------------------------------------


def integers_of(picks: Index, shape: Shape) -> Index:
    """An index of integers and whole dims; a mask becomes the places where it is True."""
    items: list[Any] = []
    for pick in picks:
        if is_mask(pick):
            check_mask(pick, len(items), shape)
            items.extend(np.nonzero(pick))
        else:
            items.append(pick)
    check_picks(items, shape)
    return tuple(items)


def check_mask(mask: Array, dim: int, shape: Shape) -> None:
    for i, n in enumerate(mask.shape):
        if shape[dim + i] != n:
            raise noted(
                IndexError(
                    f"The shape of the mask {list(mask.shape)} at index {i} does not match the "
                    f"shape of the indexed tensor {list(shape)} at index {dim + i}"
                ),
                "A mask says True or False for each entry that it covers, so its sizes are "
                f"those of the tensor, {list(shape)}. Make it by comparing: x[x > 0].",
            )


def check_picks(items: list[Any], shape: Shape) -> None:
    arrays = [(item, n) for item, n in zip(items, shape, strict=False) if item is not WHOLE]
    try:
        np.broadcast_shapes(*(item.shape for item, _ in arrays))
    except ValueError:
        shapes = ", ".join(str(list(item.shape)) for item, _ in arrays)
        raise noted(
            IndexError(
                "shape mismatch: indexing tensors could not be broadcast together with shapes "
                f"{shapes}"
            ),
            "Index tensors are read in step, one position of each for every result. For "
            "all combinations of rows and columns write x[rows][:, columns].",
        ) from None
    for at, (item, size) in enumerate(arrays):
        if item.size and size == 0:
            raise noted(
                IndexError("index is out of bounds for dimension with size 0"),
                "The dim has size 0: it has no entry that an index could name.",
            )
        item = index_values(item, size)
        if item.size and not -size <= item.min() <= item.max() < size:
            outside = item[(item < -size) | (item >= size)]
            check_bounds(int(outside[0]), at, size)


# ---- writing ------------------------------------------------------------------------------------


def as_value(value: Any, x: Tensor) -> Tensor:
    """What is to be written, as a tensor: a number takes the dtype of its place."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, numbers.Number) or (isinstance(value, np.generic) and value.dtype != bool):
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise noted(
                ValueError("Overflow when unpacking long long"),
                f"{value} does not fit into 64 bits: the largest whole number in a tensor is "
                "9223372036854775807.",
            )
        return wrap(stored(value, x.array.dtype))
    raise noted(
        TypeError(f"can't assign a {checks.title(value)} to a {x.type()}"),
        "A number or a tensor can be written: x[0] = minigrad.tensor([1., 2.]).",
    )


def fitted(value: Tensor, shape: Shape) -> Tensor:
    """The value without leading dims of size 1 that its place does not have, and broadcast."""
    return value if value.array.shape == shape else expand(without_ones(value), shape)


def without_ones(value: Tensor) -> Tensor:
    """The value without its leading dims of size 1: to broadcast, it does not need them."""
    shape = value.array.shape
    ones = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return value.reshape(shape[ones:]) if ones else value


def check_value(value: Tensor, x: Tensor, picks: Index, shape: Shape) -> None:
    """Whether a value fits what was picked; only one number for a mask may have another dtype."""
    alone = value.array.size == 1 and all(pick is WHOLE or is_mask(pick) for pick in picks)
    if value.array.dtype != x.array.dtype and not alone:
        raise noted(
            RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{x.dtype.title} for the destination and {value.dtype.title} for the source."
            ),
            "What is picked by tensors or lists takes values of its own dtype only. Write "
            f"value.to({x.dtype}).",
        )
    given = value.array.shape
    lead = len(shape) - len(given)
    if lead < 0 or any(n not in (1, m) for n, m in zip(given, shape[lead:], strict=True)):
        raise noted(
            RuntimeError(
                f"shape mismatch: value tensor of shape {list(value.array.shape)} cannot be "
                f"broadcast to indexing result of shape {list(shape)}"
            ),
            f"The index picks {list(shape)}, and the value's {list(given)} does not "
            "broadcast to that: seen from the last dim, each of its sizes must be equal or "
            "1.",
        )
