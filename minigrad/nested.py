"""Numbers in nested lists and tuples, as an array.

The outermost list says how many rows there are, its first row how many columns, and so on; all
others must agree. Python floats are float32, ints int64, bools bool, NumPy's and minigrad's own
numbers keep their dtype, and a mixture takes the highest of its dtypes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.quiet import silence
from minigrad.functions import checks
from minigrad.functions.scalars import stored
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor

__all__ = ["array_from"]

Array = np.ndarray[Any, np.dtype[Any]]
Kind = np.dtype[Any]
Shape = tuple[int, ...]


def array_from(data: Any, kind: Kind | None = None) -> Array:
    """A new array of the numbers in `data`, of a dtype or of the one that they have in common."""
    if isinstance(data, str | bytes):
        raise not_a_number(data)
    if isinstance(data, list | tuple) and any(isinstance(item, np.ndarray) for item in data):
        warn_slow()
    shape = shape_of(data)
    values: list[Any] = []
    gather(data, shape, 0, values)
    target = kind_of(values) if kind is None else kind
    if not {type(value) for value in values} <= {bool, int, float}:
        values = [number(value, target) for value in values]
    return packed(values, target).reshape(shape)


def is_sequence(data: Any) -> bool:
    return isinstance(data, list | tuple | range) or (
        isinstance(data, np.ndarray) and data.ndim > 0
    )


def shape_of(data: Any) -> Shape:
    """The lengths of the outermost sequence, of its first item, of that one's first, ..."""
    shape: list[int] = []
    while is_sequence(data):
        shape.append(len(data))
        if len(data) == 0:
            break
        data = data[0]
    if isinstance(data, str):
        raise noted(
            ValueError(f"too many dimensions '{type(data).__name__}'"),
            f"The list holds the text {data!r}. Tensors hold numbers: give each word a "
            "number first, or write float(text).",
        )
    return tuple(shape)


def gather(data: Any, shape: Shape, depth: int, values: list[Any]) -> None:
    """Append what stands at the bottom in order; ValueError if the nesting is uneven."""
    if depth == len(shape):
        values.append(data)
        return
    if isinstance(data, Tensor) and data.ndim:
        data = data.array
    if not is_sequence(data):
        raise noted(
            TypeError("not a sequence"),
            f"Rows must be equal: at depth {depth} a list of {shape[depth]} is expected, "
            f"and {shown(data)} stands there.",
        )
    if len(data) != shape[depth]:
        raise noted(
            ValueError(
                f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})"
            ),
            f"All lists at one depth have one length: {shape[depth]} as in the first, and "
            f"one of {len(data)} came. Fill up the shorter ones.",
        )
    for item in data:
        gather(item, shape, depth + 1, values)


def warn_slow() -> None:
    warnings.warn(
        "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider "
        "converting the list to a single numpy.ndarray with numpy.array() before converting to a "
        "tensor.",
        UserWarning,
        stacklevel=5,
    )


# ---- the dtype ----------------------------------------------------------------------------------


def kind_of(values: Iterable[Any]) -> Kind:
    """The highest of the dtypes; float32 if there is nothing."""
    kinds = set(kinds_in(values))
    return max(kinds, key=lambda kind: kind.rank, default=dtypes.float32).numpy


def kinds_in(values: Iterable[Any]) -> Iterator[dtypes.dtype]:
    for value in values:
        if type(value) in dtypes.OF_NUMBER:
            yield dtypes.OF_NUMBER[type(value)]
        elif isinstance(value, Tensor):
            yield value.dtype
        elif is_sequence(value):
            yield from kinds_in(value)
        else:
            yield kind_of_one(value)


def kind_of_one(value: Any) -> dtypes.dtype:
    if isinstance(value, np.ndarray | np.bool_ | np.integer | np.floating):
        return dtypes.of(np.asarray(value))
    if isinstance(value, complex | np.complexfloating):
        raise dtypes.unsupported("complex64")
    if isinstance(value, str | bytes):
        raise not_a_number(value)
    raise noted(
        RuntimeError(f"Could not infer dtype of {checks.title(value)}"),
        f"Numbers and lists of them become tensors, and {shown(value)} is neither.",
    )


# ---- the numbers --------------------------------------------------------------------------------


def number(value: Any, kind: Kind) -> Any:
    """A Python number from whatever counts as one."""
    if isinstance(value, Tensor):
        return number_in(value, kind)
    if isinstance(value, np.ndarray) and value.ndim:
        raise noted(
            ValueError("only one element tensors can be converted to Python scalars"),
            f"The list holds an array of shape {list(value.shape)} where a number is "
            "expected. Write minigrad.tensor(numpy.array(values)), or minigrad.stack of "
            "tensors.",
        )
    if isinstance(value, np.ndarray | np.generic):
        return value.item()
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | bytes):
        raise not_a_number(value)
    name = checks.title(value)
    if kind.kind == "f":
        raise noted(
            TypeError(f"must be real number, not {name}"),
            f"Among the numbers stands {shown(value)}. Write 0., or float('nan') for what "
            "is not known.",
        )
    raise noted(
        TypeError(f"'{name}' object cannot be interpreted as an integer"),
        f"Among the numbers stands {shown(value)}. Write a whole number, or leave out the dtype.",
    )


def number_in(t: Tensor, kind: Kind) -> Any:
    if kind.kind == "f":
        return float(t)
    return t.__index__()


def not_a_number(value: Any) -> TypeError:
    return noted(
        TypeError(f"new(): invalid data type '{type(value).__name__}'"),
        f"{value!r} is text. Tensors hold numbers: write float(text), or give each word a number.",
    )


def packed(values: list[Any], kind: Kind) -> Array:
    """The numbers as an array, if each of them is one of the dtype's values."""
    try:
        return np.asarray(silence().run(np.array, values, kind))
    except (OverflowError, ValueError):
        for value in values:
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise noted(
                    ValueError("Overflow when unpacking long long"),
                    f"{value} does not fit into 64 bits: the largest whole number in a tensor is "
                    f"9223372036854775807. Write float({value}).",
                ) from None
            stored(value, kind, kind.name)
        raise
