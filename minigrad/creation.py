"""New tensors: from data, of one value, in a row. (At random: draws.py.)"""

from __future__ import annotations

import builtins
import math
import numbers
import warnings
from typing import Any

import numpy as np

from minigrad import dtypes, nested
from minigrad.autograd import leaves
from minigrad.autograd.graph import Leaf
from minigrad.autograd.inference import mark
from minigrad.autograd.quiet import silence
from minigrad.autograd.watch import refuse_arrays, watched
from minigrad.fma import exactly, fma
from minigrad.functions import checks
from minigrad.functions.scalars import stored
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor, wrap

__all__ = [
    "arange", "as_tensor", "empty", "empty_like", "eye", "from_dlpack", "from_numpy", "full",
    "full_like", "get_default_dtype", "linspace", "ones", "ones_like", "tensor", "zeros",
    "zeros_like",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Kind = np.dtype[Any]
Shape = tuple[int, ...]


def get_default_dtype() -> dtypes.dtype:
    """float32: what Python floats become."""
    return dtypes.float32


# ---- from data ----------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """A copy of the data as a tensor.

    Python floats become float32, ints int64, bools bool; NumPy arrays keep their dtype. Nested
    lists must be even (ValueError), and hold nothing but numbers (TypeError).
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
    return finished(array_from(data, kind).copy(), requires_grad, "tensor")


def array_from(data: Any, kind: Kind | None) -> Array:
    """The data as an array of one of the five dtypes; not necessarily a copy."""
    if isinstance(data, Tensor):
        array = data.array
    elif isinstance(data, np.ndarray | np.generic):
        array = native(np.asarray(data))
    else:
        return nested.array_from(data, kind)
    return array if kind is None else silence().run(array.astype, kind)


def native(array: Array) -> Array:
    """The array, if a tensor can lie in memory as it does."""
    refuse_arrays()
    if not array.dtype.isnative:
        raise noted(
            ValueError(
                "given numpy array has byte order different from the native byte order. Conversion "
                "between byte orders is currently not supported."
            ),
            f"The array's dtype is {array.dtype.str}. Write "
            "array.astype(array.dtype.newbyteorder('=')).",
        )
    dtypes.of(array)
    if any(step < 0 for step in array.strides):
        raise noted(
            ValueError(
                "At least one stride in the given numpy array is negative, and tensors with "
                "negative strides are not currently supported. (You can probably work around this "
                "by making a copy of your array  with array.copy().) "
            ),
            f"The array of shape {list(array.shape)} is walked backwards, with strides "
            f"{array.strides}. Write array.copy().",
        )
    return dtypes.canonical(array)


def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, without a copy if it is one or is a NumPy array of that dtype."""
    check_device(device)
    kind = None if dtype is None else dtypes.check(dtype, "as_tensor")
    if isinstance(data, Tensor):
        return data if kind is None else data.to(dtype)
    return finished(array_from(data, kind), False, "as_tensor")


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor on the array's own memory: what is written into one shows in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise noted(
            TypeError(f"expected np.ndarray (got {checks.title(ndarray)})"),
            f"from_numpy shares the memory of a NumPy array, and {shown(ndarray)} came. "
            "Write minigrad.tensor(...) to copy numbers or lists.",
        )
    array = native(ndarray)
    if not array.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You may "
            "want to copy the array to protect its data or make it writable before converting it "
            "to a tensor. This type of warning will be suppressed for the rest of this program.",
            UserWarning,
            stacklevel=2,
        )
    return new(array)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of another library's array, which must lie on the CPU.

    Whatever has `__dlpack__` will do: an array of NumPy, a tensor of PyTorch or of minigrad.
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise noted(
            RuntimeError(
                "from_dlpack received an invalid capsule. Note that DLTensor capsules can be "
                "consumed only once, so you might have already constructed a tensor from it once."
            ),
            f"Pass the array itself, which has __dlpack__; {shown(ext_tensor)} came.",
        )
    return new(native(np.from_dlpack(ext_tensor)))


# ---- of one value -------------------------------------------------------------------------------


def finished(array: Array, requires_grad: Any, function: str) -> Tensor:
    """A new tensor on its own array."""
    if not isinstance(requires_grad, bool | None):
        raise noted(
            TypeError(
                f"{function}(): argument 'requires_grad' must be bool, "
                f"not {checks.title(requires_grad)}"
            ),
            f"Write requires_grad=True or leave it out: {shown(requires_grad)} came.",
        )
    array = watched(array)
    if not requires_grad:
        return new(array)
    leaves.check_floating(
        array, "Only Tensors of floating point and complex dtype can require gradients"
    )
    return new(array, Leaf(array.shape, array.dtype))


def new(array: Array, leaf: Leaf | None = None) -> Tensor:
    """A tensor that was made of none: an inference tensor, if this is inference mode."""
    t = wrap(array, leaf)
    mark(t)
    return t


def check_device(device: Any) -> None:
    if device is not None:
        dtypes.device(device)


def non_negative(shape: Shape, text: str | None = None) -> Shape:
    for n in shape:
        if n < 0:
            raise noted(
                RuntimeError(
                    text or f"Trying to create tensor with negative dimension {n}: {list(shape)}"
                ),
                f"A size counts elements: {n} is less than 0. Is it the difference of two "
                "lengths, the wrong way round?",
            )
    return shape


def sized(
    function: str, shape: tuple[Any, ...], size: Any, dtype: Any, default: dtypes.dtype
) -> tuple[Shape, Kind]:
    """The checked shape and dtype of a tensor to be made, from `f(2, 3)` or `f(size=(2, 3))`."""
    if size is None and not shape:
        raise noted(
            TypeError(f'{function}() missing 1 required positional arguments: "size"'),
            f"Say how many elements: minigrad.{function}(3), minigrad.{function}(2, 3), or "
            f"minigrad.{function}(()) for a single number.",
        )
    if size is not None and shape:
        raise noted(
            TypeError(f"{function}() got multiple values for argument 'size'"),
            f"The size stands there twice: as {shape} and as size={size}. Write one of them.",
        )
    wanted = checks.size_of(shape if size is None else (size,), function, "size")
    return wanted, (default.numpy if dtype is None else dtypes.check(dtype, function))


def empty(
    *shape: Any, size: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """Memory as it is found: the values mean nothing until something is written."""
    check_device(device)
    wanted, kind = sized("empty", shape, size, dtype, dtypes.float32)
    return finished(np.empty(non_negative(wanted), kind), requires_grad, "empty")


def zeros(
    *shape: Any, size: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All 0, float32 unless said otherwise."""
    check_device(device)
    wanted, kind = sized("zeros", shape, size, dtype, dtypes.float32)
    non_negative(wanted, "zeros: Dimension size must be non-negative.")
    return finished(np.zeros(wanted, kind), requires_grad, "zeros")


def ones(
    *shape: Any, size: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All 1, float32 unless said otherwise."""
    check_device(device)
    wanted, kind = sized("ones", shape, size, dtype, dtypes.float32)
    return finished(np.ones(non_negative(wanted), kind), requires_grad, "ones")


def full(
    size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All `fill_value`; the dtype follows the value: float32, int64 or bool."""
    check_device(device)
    value = scalar(fill_value, "full", "fill_value", 2)
    wanted, kind = sized(
        "full", (checks.integers(size, "full", "size"),), None, dtype, dtypes.number_type(value)
    )
    value = stored(value, kind)
    return finished(np.full(non_negative(wanted), value, kind), requires_grad, "full")


def scalar(value: Any, function: str, name: str, position: int) -> Any:
    """A Python number, from one of NumPy's or a 0-d tensor as well."""
    if isinstance(value, Tensor) and value.array.ndim == 0 and not value.requires_grad:
        return value.item()
    if isinstance(value, np.generic):
        value = float(value) if isinstance(value, np.bool_) else value.item()
    if not isinstance(value, numbers.Number):
        raise noted(
            TypeError(
                f"{function}(): argument '{name}' (position {position}) must be Number, "
                f"not {checks.title(value)}"
            ),
            f"'{name}' is a single number, and {shown(value)} came. A tensor of given "
            "numbers is minigrad.tensor(...).",
        )
    if isinstance(value, complex):
        raise dtypes.unsupported("complex64")
    return value


def eye(
    n: int, m: int | None = None, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """1 on the diagonal, 0 elsewhere."""
    check_device(device)
    kind = np.dtype(np.float32) if dtype is None else dtypes.check(dtype, "eye")
    rows = checks.integer(n, "eye", "n", 1)
    columns = rows if m is None else checks.integer(m, "eye", "m")
    for name, value in (("n", rows), ("m", columns)):
        if value < 0:
            raise noted(
                RuntimeError(f"{name} must be greater or equal to 0, got {value}"),
                f"eye makes {name} = {value} lines of numbers, and there cannot be fewer than 0.",
            )
    return finished(np.eye(rows, columns, dtype=kind), requires_grad, "eye")


# ---- of one value, like another tensor -----------------------------------------------------------


def empty_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """empty() of another tensor's shape, dtype and order in memory."""
    return finished(alike("empty_like", input, dtype, device), requires_grad, "empty_like")


def zeros_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """zeros() of another tensor's shape, dtype and order in memory."""
    array = alike("zeros_like", input, dtype, device)
    array.fill(0)
    return finished(array, requires_grad, "zeros_like")


def ones_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False
) -> Tensor:
    """ones() of another tensor's shape, dtype and order in memory."""
    array = alike("ones_like", input, dtype, device)
    array.fill(1)
    return finished(array, requires_grad, "ones_like")


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """full() of another tensor's shape, dtype and order in memory."""
    array = alike("full_like", input, dtype, device)
    array.fill(stored(scalar(fill_value, "full_like", "fill_value", 2), array.dtype))
    return finished(array, requires_grad, "full_like")


def alike(function: str, input: Any, dtype: Any, device: Any) -> Array:
    """Memory that is laid out as the tensor's; where that repeats elements or has gaps, without."""
    check_device(device)
    x = checks.tensor(input, function).array
    kind = x.dtype if dtype is None else dtypes.check(dtype, function)
    return np.empty_like(x, kind, "C" if 0 in x.strides else "K", subok=False)


# ---- in a row -----------------------------------------------------------------------------------


def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """start, start + step, ... below end; int64 if all three are integers, else float32.

    With one argument that is the end, and the start is 0.
    """
    check_device(device)
    first, last = (0, start) if end is None else (0 if start is None else start, end)
    low = scalar(first, "arange", "start", 1)
    high, gap = scalar(last, "arange", "end", 1), scalar(step, "arange", "step", 3)
    if not (gap > 0 or gap < 0):
        raise noted(
            RuntimeError("step must be nonzero"),
            f"In steps of {gap} the way from {low} to {high} never ends. Write a step other "
            "than 0.",
        )
    if not math.isfinite(low + high):
        raise noted(
            RuntimeError(f"unsupported range: {low} -> {high}"),
            f"Between {low} and {high} there is no finite number of steps. Write finite ends.",
        )
    if (high - low) * gap < 0:
        raise noted(
            RuntimeError("upper bound and lower bound inconsistent with step sign"),
            f"Steps of {gap} lead from {low} away from {high}. Write minigrad.arange({low}, "
            f"{high}, {-gap}).",
        )
    whole = all(isinstance(v, int) for v in (low, high, gap))
    default = np.dtype(np.int64 if whole else np.float32)
    kind = default if dtype is None else dtypes.check(dtype, "arange")
    if kind.kind == "b":
        raise noted(
            NotImplementedError("\"arange_cpu\" not implemented for 'Bool'"),
            "There are two bools and nothing to count. Leave out dtype, and compare the result.",
        )
    if kind.kind == "i":
        low, gap = int(low), int(gap)
        high = int(high) if kind == np.int64 else high
    count = max(math.ceil((high - low) / gap), 0) if gap else 0
    return finished(silence().run(counted, low, gap, count, kind), requires_grad, "arange")


def counted(low: Any, gap: Any, count: int, kind: Kind) -> Array:
    """low, low + gap, low + 2 gap, ...

    As long as two vector registers of 32 bytes can be filled, PyTorch counts floats on from the
    first one in a register, as it was rounded.
    """
    index = np.arange(count)
    if kind.kind != "f":
        return np.asarray(low + gap * index).astype(kind)
    lanes = 32 // kind.itemsize
    ahead = np.where(index < count - count % (2 * lanes), index % lanes, 0).astype(np.float64)
    first = fma(gap, index - ahead, low).astype(kind)
    return fma(gap, ahead, first.astype(np.float64)).astype(kind)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """`steps` values from start to end, both included, evenly spaced."""
    check_device(device)
    refuse_dims(start, end)
    kind = np.dtype(np.float32) if dtype is None else dtypes.check(dtype, "linspace")
    low, high = scalar(start, "linspace", "start", 1), scalar(end, "linspace", "end", 2)
    count = checks.integer(steps, "linspace", "steps", 3)
    if count < 0:
        raise noted(
            RuntimeError("number of steps must be non-negative"),
            f"{count} values cannot be made: write 0 or more.",
        )
    if kind.kind == "b":
        raise noted(
            NotImplementedError("\"linspace_cpu\" not implemented for 'Bool'"),
            "There is nothing between False and True. Leave out dtype, and compare the result.",
        )
    return finished(silence().run(evenly, low, high, count, kind), requires_grad, "linspace")


def refuse_dims(start: Any, end: Any) -> None:
    """The ends of a line are single numbers."""
    dims = [value.array.ndim if isinstance(value, Tensor) else 0 for value in (start, end)]
    if any(dims):
        raise noted(
            RuntimeError(
                "linspace only supports 0-dimensional start and end tensors, but got start with "
                f"{dims[0]} dimension(s) and end with {dims[1]} dimension(s)."
            ),
            "Several lines at once are start + (end - start) * minigrad.linspace(0, 1, steps).",
        )


def evenly(low: float, high: float, count: int, kind: Kind) -> Array:
    """The first half counted up from below, the second down from above, as PyTorch does."""
    if kind.kind == "i":
        low, high = int(low), int(high)
    real = kind.type if kind.kind == "f" else np.float64
    first, last, index = real(low), real(high), np.arange(count)
    if count == 1:
        return np.asarray([low]).astype(kind)
    gap = np.float64((last - first) / real(max(count - 1, 1)))
    rising = along(np.float64(first), gap, index, kind)
    falling = along(np.float64(last), -gap, count - 1 - index, kind)
    return np.where(index < count // 2, rising, falling)


def along(low: Any, gap: Any, index: Array, kind: Kind) -> Array:
    """low + gap * index, of floats rounded once."""
    if kind.kind == "f":
        return exactly(gap, index.astype(kind), low)
    return np.asarray(low + gap * index).astype(kind)
