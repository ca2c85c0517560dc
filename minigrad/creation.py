"""New tensors: from data, of one value, in a row, at random."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.errors import noted
from minigrad.autograd.graph import Leaf
from minigrad.functions import checks
from minigrad.random import Generator, default_generator
from minigrad.tensor import Tensor, wrap

__all__ = [
    "arange", "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like",
    "get_default_dtype", "legacy", "linspace", "ones", "ones_like", "rand", "rand_like", "randint",
    "randn", "randn_like", "randperm", "tensor", "zeros", "zeros_like",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]


def get_default_dtype() -> dtypes.dtype:
    """float32: what Python floats become."""
    return dtypes.float32


# ---- from data ----------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """A copy of the data as a tensor.

    Python floats become float32, ints int64, bools bool; NumPy arrays keep their dtype.
    """
    check_device(device)
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than minigrad.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    kind = None if dtype is None else dtypes.check(dtype, "tensor")
    return finished(np.array(array_from(data, kind), order="C"), requires_grad)


def array_from(data: Any, kind: np.dtype[Any] | None) -> Array:
    """The data as an array of one of the five dtypes; not necessarily a copy."""
    if isinstance(data, Tensor):
        array = data.array
    elif isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
    else:
        return from_nested(data, kind)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    dtypes.of(native)
    return native if kind is None else native.astype(kind)


def from_nested(data: Any, kind: np.dtype[Any] | None) -> Array:
    """An array from numbers in nested lists and tuples."""
    if isinstance(data, str):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    shape = shape_of(data)
    values: list[Any] = []
    gather(data, shape, 0, values)
    target = kind if kind is not None else kind_of(values)
    try:
        return np.array(values, target).reshape(shape)
    except OverflowError:
        raise RuntimeError("Overflow when unpacking long long") from None


def is_sequence(data: Any) -> builtins.bool:
    return isinstance(data, list | tuple | range) or (
        isinstance(data, Tensor | np.ndarray) and data.ndim > 0
    )


def shape_of(data: Any) -> Shape:
    shape: list[int] = []
    while is_sequence(data):
        shape.append(len(data))
        if len(data) == 0:
            break
        data = data[0]
    return tuple(shape)


def gather(data: Any, shape: Shape, depth: int, values: list[Any]) -> None:
    """Append the numbers in order; ValueError if the nesting is uneven."""
    if depth == len(shape):
        values.append(number(data))
        return
    if not is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(
            f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})"
        )
    for item in data:
        gather(item, shape, depth + 1, values)


def number(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Tensor | np.ndarray):
        if value.ndim:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return value.array[()] if isinstance(value, Tensor) else value[()]
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value
    if isinstance(value, complex | np.complexfloating):
        raise dtypes.unsupported("complex64")
    if isinstance(value, str):
        raise TypeError("new(): invalid data type 'str'")
    if is_sequence(value):
        raise ValueError("only one element tensors can be converted to Python scalars")
    raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")


def kind_of(values: Sequence[Any]) -> np.dtype[Any]:
    """float32 for Python floats, float64 if a NumPy double is among them, else int64 or bool."""
    kinds = {type(value) for value in values} or {float}
    found = [
        dtypes.OF_NUMBER[kind] if kind in dtypes.OF_NUMBER else dtypes.of(np.zeros((), kind))
        for kind in kinds
    ]
    return max(found, key=lambda kind: kind.rank).numpy


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, without a copy if it is one or is a NumPy array of that dtype."""
    check_device(device)
    kind = None if dtype is None else dtypes.check(dtype, "as_tensor")
    if isinstance(data, Tensor):
        return data if kind is None else data.to(dtype)
    return wrap(array_from(data, kind))


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor on the array's own memory: what is written into one shows in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.of(ndarray)
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You may "
            "want to copy the array to protect its data or make it writable before converting it "
            "to a tensor. This type of warning will be suppressed for the rest of this program.",
            UserWarning,
            stacklevel=2,
        )
    return wrap(ndarray)


def legacy(data: tuple[Any, ...]) -> Array:
    """The array behind `Tensor(...)`: always float32; integers are a shape, a sequence is data."""
    if len(data) == 1 and isinstance(data[0], Tensor | np.ndarray | list | tuple):
        if isinstance(data[0], dtypes.Size):
            return np.empty(data[0], np.float32)
        source = data[0]
        if isinstance(source, Tensor) and source.array.dtype == np.float32:
            return source.array
        return np.array(array_from(source, np.dtype(np.float32)), order="C")
    for value in data:
        if not hasattr(value, "__index__"):
            raise TypeError(f"new(): data must be a sequence (got {type(value).__name__})")
    return (
        np.empty(non_negative(checks.size_of(data, "new", "size"), "empty"), np.float32)
        if data
        else np.empty(0, "f")
    )


# ---- of one value -------------------------------------------------------------------------------


def finished(array: Array, requires_grad: builtins.bool) -> Tensor:
    """A new tensor on its own array."""
    if not requires_grad:
        return wrap(array)
    if array.dtype.kind != "f":
        raise noted(
            RuntimeError("Only Tensors of floating point and complex dtype can require gradients"),
            f"A derivative needs real numbers, and this tensor holds {dtypes.of(array)}. Write 1. "
            "instead of 1, or dtype=minigrad.float32.",
        )
    return wrap(array, Leaf(array.shape, array.dtype))


def check_device(device: Any) -> None:
    if device is not None:
        dtypes.device(device)


def non_negative(shape: Shape, function: str) -> Shape:
    for n in shape:
        if n < 0:
            if function == "empty":
                raise RuntimeError(
                    f"Trying to create tensor with negative dimension {n}: {list(shape)}"
                )
            raise RuntimeError(f"{function}: Dimension size must be non-negative.")
    return shape


def sized(
    function: str, size: tuple[Any, ...], dtype: Any, default: dtypes.dtype = dtypes.float32
) -> tuple[Shape, np.dtype[Any]]:
    """The checked shape and dtype of a tensor to be made."""
    shape = non_negative(shape_from(function, size), function)
    return shape, (default.numpy if dtype is None else dtypes.check(dtype, function))


def shape_from(function: str, size: tuple[Any, ...]) -> Shape:
    wanted = size[0] if len(size) == 1 and isinstance(size[0], list | tuple) else size
    for i, n in enumerate(wanted):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(
                f"{function}(): argument 'size' failed to unpack the object at pos {i + 1} with "
                f'error "type must be tuple of ints,but got {type(n).__name__}"'
            )
    return tuple(int(n) for n in wanted)


def empty(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """Memory as it is found: the values mean nothing until something is written."""
    check_device(device)
    return finished(np.empty(*sized("empty", size, dtype)), requires_grad)


def zeros(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """All 0, float32 unless said otherwise."""
    check_device(device)
    return finished(np.zeros(*sized("zeros", size, dtype)), requires_grad)


def ones(
    *size: Any, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """All 1, float32 unless said otherwise."""
    check_device(device)
    return finished(np.ones(*sized("ones", size, dtype)), requires_grad)


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All `fill_value`; the dtype follows the value: float32, int64 or bool."""
    check_device(device)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    shape, kind = sized(
        "full",
        (tuple(size) if not hasattr(size, "__index__") else (size,),),
        dtype,
        dtypes.number_type(value),
    )
    return finished(np.full(shape, value, kind), requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """1 on the diagonal, 0 elsewhere."""
    kind = np.dtype(np.float32) if dtype is None else dtypes.check(dtype, "eye")
    return finished(np.eye(n, m, dtype=kind), requires_grad)


def like(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`make(shape)` turned into `make_like(tensor)`: the tensor's shape and dtype by default."""

    def make_like(
        input: Tensor,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Tensor:
        x = checks.tensor(input, f"{make.__name__}_like")
        return make(
            x.array.shape, dtype=dtype or x.dtype, device=device, requires_grad=requires_grad
        )

    make_like.__name__ = make_like.__qualname__ = f"{make.__name__}_like"
    make_like.__doc__ = f"{make.__name__}() of the shape and dtype of another tensor."
    return make_like


empty_like = like(empty)
zeros_like = like(zeros)
ones_like = like(ones)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """full() of the shape and dtype of another tensor."""
    x = checks.tensor(input, "full_like")
    return full(x.array.shape, fill_value, dtype=dtype or x.dtype, requires_grad=requires_grad)


# ---- in a row -----------------------------------------------------------------------------------


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """start, start + step, ... below end; int64 if all three are integers, else float32."""
    check_device(device)
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(v, int) for v in (start, end, step))
    default = np.dtype(np.int64 if whole else np.float32)
    kind = default if dtype is None else dtypes.check(dtype, "arange")
    count = max(int(np.ceil((end - start) / step)), 0)
    return finished((start + step * np.arange(count)).astype(kind), requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """`steps` values from start to end, both included, evenly spaced."""
    kind = np.dtype(np.float32) if dtype is None else dtypes.check(dtype, "linspace")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    gap = kind.type((end - start) / max(steps - 1, 1))
    index = np.arange(steps)
    front = (kind.type(start) + gap * index.astype(kind)).astype(kind)
    rear = (kind.type(end) - gap * (steps - 1 - index).astype(kind)).astype(kind)
    return finished(
        np.where(index < steps // 2, front, rear) if steps > 1 else front, requires_grad
    )


# ---- at random ----------------------------------------------------------------------------------


def rand(
    *size: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """Evenly from [0, 1), with PyTorch's stream: the same seed gives the same bits."""
    check_device(device)
    shape, kind = sized("rand", size, dtype)
    return finished((generator or default_generator).uniform(shape, kind), requires_grad)


def randn(
    *size: Any, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """From the normal distribution; PyTorch's bits below 16 elements, within 1.2e-7 from 16 on."""
    check_device(device)
    shape, kind = sized("randn", size, dtype)
    return finished((generator or default_generator).normal(shape, kind), requires_grad)


rand_like = like(rand)
randn_like = like(randn)


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """Integers from [low, high), or from [0, low) in the form randint(high, size)."""
    check_device(device)
    if size is None:
        low, high, size = 0, low, high
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    shape, kind = sized("randint", (tuple(size),), dtype, dtypes.int64)
    values = (generator or default_generator).integers(low, high, shape)
    return finished(values.astype(kind), requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None) -> Tensor:
    """The integers below n in random order."""
    kind = np.dtype(np.int64) if dtype is None else dtypes.check(dtype, "randperm")
    return wrap((generator or default_generator).permutation(n).astype(kind))
