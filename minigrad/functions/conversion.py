"""From one dtype to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.functions import checks
from minigrad.tensor import Tensor, wrap

__all__ = ["is_floating_point", "is_tensor", "numel", "result_type", "to", "to_any"]


def to(x: Tensor, kind: Any) -> Tensor:
    """The tensor in another dtype; itself if it has that dtype already. Gradients convert back."""
    target = kind if kind in dtypes.BY_NUMPY else dtypes.check(kind, "to")
    return x if x.array.dtype == target else converted(x, target)


def converted(x: Tensor, target: np.dtype[Any]) -> Tensor:
    """A converted copy; as integers or bools it has no history, for these have no derivative."""
    return ops.cast(x if target.kind == "f" else wrap(x.array), target)


def to_any(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.to(dtype)`, `x.to(device)`, `x.to(device, dtype)` or `x.to(other)`; copy=True copies."""
    kind, flags = kwargs.get("dtype"), [arg for arg in args if isinstance(arg, bool)]
    for arg in (*args, kwargs.get("device")):
        if isinstance(arg, Tensor):
            kind = arg.dtype
        elif isinstance(arg, str | dtypes.device) or checks.is_integer(arg):
            dtypes.device(arg)  # only the CPU is there
        elif not (arg is None or isinstance(arg, bool)):
            kind = arg
    result = x if kind is None else to(x, dtypes.check(kind, "to"))
    copies = kwargs.get("copy") or flags[1:] == [True]  # the first flag is non_blocking
    return converted(x, x.array.dtype) if copies and result is x else result


# ---- questions ----------------------------------------------------------------------------------


def is_tensor(obj: object) -> bool:
    """Whether it is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Any) -> bool:
    """Whether the dtype is float32 or float64."""
    return checks.tensor(input, "is_floating_point").array.dtype.kind == "f"


def numel(input: Any) -> int:
    """The number of elements."""
    return checks.tensor(input, "numel").array.size


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The dtype that an operation of two tensors or numbers has."""
    return dtypes.BY_NUMPY[dtypes.result_type(checks.plain(tensor1), checks.plain(tensor2))]
