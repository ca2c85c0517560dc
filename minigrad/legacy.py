"""The older ways to make a tensor: Tensor(data), FloatTensor(data), LongTensor(2, 3).

A sequence is data, whole numbers are a shape, and the dtype stands in the name. New programs write
`tensor(data, dtype=...)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.autograd.watch import watched
from minigrad.creation import array_from, non_negative
from minigrad.functions import checks
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor, wrap

__all__ = [
    "BoolTensor",
    "DoubleTensor",
    "FloatTensor",
    "IntTensor",
    "LongTensor",
    "construct",
    "kind_of",
]


def construct(kind: dtypes.dtype, data: tuple[Any, ...], size: Any = None) -> Tensor:
    """A tensor of one argument that is no integer the data, else a shape.

    Another tensor is seen again, with its history.
    """
    if size is not None:
        data = (dtypes.Size(checks.integers(size, "new", "size")),)
    if len(data) == 1 and isinstance(data[0], Tensor):
        return ops.alias(data[0])
    if len(data) == 1 and not checks.is_integer(data[0]):
        return wrap(watched(numbers(data[0], kind.numpy)))
    shape = non_negative(checks.integers(data or (0,), "new", "size"))
    return wrap(watched(np.empty(shape, kind.numpy)))


def numbers(source: Any, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Data in the dtype; of a size, memory to be filled."""
    if isinstance(source, dtypes.Size):
        return np.empty(source, kind)
    if isinstance(source, list | tuple | range | np.ndarray | str):
        return array_from(source, kind).copy()
    raise noted(
        TypeError(f"new(): data must be a sequence (got {checks.title(source)})"),
        "Tensor(...) takes a list, or the sizes of an empty tensor. Write "
        f"minigrad.tensor({shown(source)}) for a single number.",
    )


def check_kind(x: Tensor, kind: dtypes.dtype) -> None:
    if x.dtype is not kind:
        raise noted(
            TypeError(f"expected {options(kind)} (got {options(x.dtype)})"),
            f"{kind.title}Tensor(x) does not convert, and x holds {x.dtype}. Write x.to({kind}).",
        )


def options(kind: dtypes.dtype) -> str:
    """A dtype among the properties that PyTorch's tensors have."""
    return (
        f"TensorOptions(dtype={kind.abbreviation}, device=cpu, layout=Strided, "
        "requires_grad=false (default), pinned_memory=false (default), memory_format=(nullopt))"
    )


class tensortype:
    """A dtype as a class: `FloatTensor([1, 2])` makes tensors, `isinstance(x, FloatTensor)` asks.

    A tensor is of no such class; the question is about its dtype.
    """

    __module__ = "minigrad"

    def __init__(self, kind: dtypes.dtype) -> None:
        self.dtype = kind
        self.__name__ = self.__qualname__ = f"{kind.title}Tensor"

    def __call__(self, *data: Any, size: Any = None, device: Any = None) -> Tensor:
        dtypes.device(device or "cpu")
        if len(data) == 1 and isinstance(data[0], Tensor):
            check_kind(data[0], self.dtype)
        return construct(self.dtype, data, size)

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, Tensor) and value.dtype is self.dtype

    def __repr__(self) -> str:
        return f"<class 'minigrad.{self.__name__}'>"

    def __reduce__(self) -> str:
        return self.__name__


FloatTensor = tensortype(dtypes.float32)
DoubleTensor = tensortype(dtypes.float64)
LongTensor = tensortype(dtypes.int64)
IntTensor = tensortype(dtypes.int32)
BoolTensor = tensortype(dtypes.bool_)


def kind_of(name: Any) -> Any:
    """The dtype of FloatTensor and its like, or of their names; anything else as it is."""
    if isinstance(name, str):
        return dtypes.named(name)
    return name.dtype if isinstance(name, tensortype) else name
