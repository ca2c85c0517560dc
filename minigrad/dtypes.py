"""What describes a tensor apart from its values: its dtype, its size, its device.

The five dtypes and the one function that decides which of them a mixture gives. Everything else in
the library may assume that the operands of an op agree.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from minigrad.notes import noted, shown

__all__ = ["Size", "can_cast", "device", "dtype", "promote_types", "result_type"]

Array = np.ndarray[Any, np.dtype[Any]]


class dtype:
    """The type of a tensor's elements, such as `minigrad.float32`.

    There are five of them and they are compared by identity. `numpy` is the NumPy dtype behind it;
    `rank` orders the five for promotion, and `category` (0 bool, 1 integer, 2 float) says which
    operands count in it.
    """

    __module__ = "minigrad"
    __slots__ = ("abbreviation", "category", "name", "numpy", "rank", "title")

    def __init__(self, name: str, title: str, category: int, rank: int) -> None:
        self.name = name
        self.title = title  # as error messages and type() spell it: Float, Long, ...
        self.abbreviation = title.lower() if title != "Long" else "long int"
        self.numpy = np.dtype(name)
        self.category = category
        self.rank = rank

    @property
    def is_floating_point(self) -> builtins.bool:
        return self.category == 2

    @property
    def is_complex(self) -> builtins.bool:
        return False

    @property
    def is_signed(self) -> builtins.bool:
        return self.category > 0

    @property
    def itemsize(self) -> builtins.int:
        return self.numpy.itemsize

    def __repr__(self) -> str:
        return f"minigrad.{self.name}"

    def __reduce__(self) -> str:
        return "bool_" if self.category == 0 else self.name  # pickled by name: identity survives


bool_: Final = dtype("bool", "Bool", category=0, rank=0)
int32: Final = dtype("int32", "Int", category=1, rank=1)
int64: Final = dtype("int64", "Long", category=1, rank=2)
float32: Final = dtype("float32", "Float", category=2, rank=3)
float64: Final = dtype("float64", "Double", category=2, rank=4)

ALL: Final = (bool_, int32, int64, float32, float64)
BY_NUMPY: Final = {kind.numpy: kind for kind in ALL}
OF_NUMBER: Final = {bool: bool_, int: int64, float: float32}
OF_PYTHON_TYPE: Final = {bool: bool_, int: int64, float: float64}  # dtype=float means float64


def of(array: Array) -> dtype:
    """The dtype of an ndarray; TypeError for the ones that minigrad does not have."""
    kind = BY_NUMPY.get(array.dtype)
    if kind is None:
        raise unsupported(array.dtype)
    return kind


def canonical(array: Array) -> Array:
    """The array with the one object that stands for its dtype here.

    NumPy makes equal dtypes that are other objects, when it unpickles; they are compared by `is`.
    """
    kind = of(array).numpy
    return array if array.dtype is kind else array.view(kind)


def named(title: str) -> dtype:
    """The dtype of "minigrad.FloatTensor" and its like, also as an older program spells it."""
    for kind in ALL:
        if title in (f"minigrad.{kind.title}Tensor", f"torch.{kind.title}Tensor"):
            return kind
    raise noted(
        ValueError(f"invalid type: '{title}'"),
        f"The types are {', '.join(f'minigrad.{kind.title}Tensor' for kind in ALL)}, or "
        "the dtypes themselves: x.to(minigrad.float32).",
    )


def unsupported(name: object) -> TypeError:
    error = TypeError(
        f"minigrad has no dtype {name}: the supported types are float32, float64, int64, int32 "
        "and bool"
    )
    error.add_note(
        "Half precision, complex numbers and small integers are outside of minigrad. Convert "
        "first, for example array.astype('float32')."
    )
    return error


def check(kind: Any, function: str) -> np.dtype[Any]:
    """The NumPy dtype behind what a user passed as `dtype=`."""
    if isinstance(kind, dtype):
        return kind.numpy
    if isinstance(kind, type) and kind in OF_PYTHON_TYPE:
        return OF_PYTHON_TYPE[kind].numpy
    raise noted(
        TypeError(
            f"{function}(): argument 'dtype' must be minigrad.dtype, not {type(kind).__name__}"
        ),
        f"Write dtype=minigrad.float32, float64, int64, int32 or bool: {shown(kind)} is "
        "no dtype of minigrad.",
    )


def result_type(*operands: Any) -> np.dtype[Any]:
    """The NumPy dtype of a mixture of arrays and Python numbers, as PyTorch decides it.

    Arrays with dimensions decide among themselves: the highest rank wins. A 0-d array, and after
    it a Python number, only counts where its category (bool < integer < float) is higher.
    """
    best: dtype | None = None
    for group in by_priority(operands):
        if group:
            top = max(group, key=lambda kind: kind.rank)
            if best is None or top.category > best.category:
                best = top
    if best is None:
        raise noted(
            ValueError("result_type needs at least one operand"),
            "It is the dtype of what comes of the operands together: write result_type(a, b).",
        )
    return best.numpy


def by_priority(operands: Iterable[Any]) -> tuple[list[dtype], list[dtype], list[dtype]]:
    dimensioned: list[dtype] = []
    zero_dimensional: list[dtype] = []
    numbers: list[dtype] = []
    for value in operands:
        if isinstance(value, np.ndarray):
            (dimensioned if value.ndim else zero_dimensional).append(of(value))
        else:
            numbers.append(number_type(value))
    return dimensioned, zero_dimensional, numbers


def number_type(value: Any) -> dtype:
    for python_type, kind in OF_NUMBER.items():  # bool first: True is an int as well
        if isinstance(value, python_type):
            return kind
    raise unsupported(type(value).__name__)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The dtype of a mixture of two, both of tensors with dims."""
    given = (ours(type1, "promote_types", "type1", 1), ours(type2, "promote_types", "type2", 2))
    return max(given, key=lambda kind: kind.rank)


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Whether an in-place result of one dtype may be written into a tensor of the other."""
    return ours(from_, "can_cast", "from_", 1).category <= ours(to, "can_cast", "to", 2).category


def ours(kind: Any, function: str, name: str, position: int) -> dtype:
    """A dtype of minigrad; else TypeError."""
    if isinstance(kind, dtype):
        return kind
    raise noted(
        TypeError(
            f"{function}(): argument '{name}' (position {position}) must be minigrad.dtype, not "
            f"{type(kind).__name__}"
        ),
        f"Write minigrad.float32, float64, int64, int32 or bool: {shown(kind)} is none of them.",
    )


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints as `minigrad.Size([2, 3])`."""

    __module__ = "minigrad"
    __slots__ = ()

    def numel(self) -> int:
        """The number of elements: the product of the sizes."""
        count = 1
        for size in self:
            count *= size
        return count

    def __repr__(self) -> str:
        return f"minigrad.Size([{', '.join(map(repr, self))}])"

    __str__ = __repr__

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, other))

    def __mul__(self, times: Any) -> Any:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


class device:
    """Where a tensor lives. minigrad lives on the CPU; the class is here so that scripts run."""

    __module__ = "minigrad"
    __slots__ = ("index", "type")

    def __init__(self, name: str | device = "cpu", index: int | None = None) -> None:
        text = str(name)
        kind, _, number = text.partition(":")
        if kind != "cpu":
            error = RuntimeError(f"minigrad has no device '{text}': it computes on the CPU")
            error.add_note("minigrad.cuda.is_available() is False; use 'cpu', or PyTorch itself.")
            raise error
        self.type = kind
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        where = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{where})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))
