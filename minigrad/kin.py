"""x.new_zeros(2, 3) and its kin: new tensors of another one's dtype."""

from __future__ import annotations

import builtins
import warnings
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import array_from, check_device, finished, non_negative, scalar, sized
from minigrad.functions import checks
from minigrad.functions.scalars import stored
from minigrad.tensor import Tensor

__all__ = ["new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"]


def new_empty(
    x: Tensor, *shape: Any, size: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """Memory as it is found."""
    check_device(device)
    wanted, kind = sized("new_empty", shape, size, dtype, x.dtype)
    return finished(np.empty(non_negative(wanted), kind), requires_grad, "new_empty")


def new_zeros(
    x: Tensor, *shape: Any, size: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All 0."""
    check_device(device)
    wanted, kind = sized("new_zeros", shape, size, dtype, x.dtype)
    return finished(np.zeros(non_negative(wanted), kind), requires_grad, "new_zeros")


def new_ones(
    x: Tensor, *shape: Any, size: Any = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All 1."""
    check_device(device)
    wanted, kind = sized("new_ones", shape, size, dtype, x.dtype)
    return finished(np.ones(non_negative(wanted), kind), requires_grad, "new_ones")


def new_full(
    x: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """All `fill_value`, converted to the dtype."""
    check_device(device)
    shape = (checks.integers(size, "new_full", "size"),)
    value = scalar(fill_value, "new_full", "fill_value", 2)
    wanted, kind = sized("new_full", shape, None, dtype, x.dtype)
    return finished(np.full(non_negative(wanted), stored(value, kind)), requires_grad, "new_full")


def new_tensor(
    x: Tensor, data: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """A copy of the data, converted to the dtype of x."""
    check_device(device)
    kind = x.array.dtype if dtype is None else dtypes.check(dtype, "new_tensor")
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than tensor.new_tensor(sourceTensor).",
            UserWarning,
            stacklevel=3,
        )
    return finished(array_from(data, kind).copy(), requires_grad, "new_tensor")
