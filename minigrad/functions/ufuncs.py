"""NumPy on the other side: its ufuncs, called on tensors, are recorded.

`np.exp(t)` is `minigrad.exp(t)`, and `array * t` is `t * array`: NumPy asks the tensor first, by
`__array_ufunc__`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.functions import comparison as compare
from minigrad.functions import elementwise as f
from minigrad.functions.division import div, floor_divide, remainder
from minigrad.functions.linalg import matmul
from minigrad.notes import noted
from minigrad.tensor import Tensor, wrap

__all__ = ["UFUNCS", "apply_ufunc"]


def difference(a: Any, b: Any) -> Tensor:
    """a - b, recorded as the operator records it: a number on the left is subtracted from."""
    return f.sub(a, b) if isinstance(a, Tensor | np.ndarray) else f.rsub(b, a)


UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: f.add, np.subtract: difference, np.multiply: f.mul, np.divide: div,
    np.power: f.pow, np.negative: f.neg, np.abs: f.abs, np.sign: f.sign, np.exp: f.exp,
    np.log: f.log, np.sqrt: f.sqrt, np.square: f.square, np.reciprocal: f.reciprocal,
    np.sin: f.sin, np.cos: f.cos, np.tanh: f.tanh, np.maximum: f.maximum, np.minimum: f.minimum,
    np.equal: compare.eq, np.not_equal: compare.ne, np.less: compare.lt,
    np.less_equal: compare.le, np.greater: compare.gt, np.greater_equal: compare.ge,
    np.isnan: compare.isnan, np.isinf: compare.isinf, np.isfinite: compare.isfinite,
    np.bitwise_and: compare.bitwise_and, np.bitwise_or: compare.bitwise_or,
    np.bitwise_xor: compare.bitwise_xor, np.invert: compare.bitwise_not,
    np.floor_divide: floor_divide, np.remainder: remainder,
    np.logical_and: compare.logical_and, np.logical_or: compare.logical_or,
    np.logical_xor: compare.logical_xor, np.logical_not: compare.logical_not, np.matmul: matmul,
}  # fmt: skip

# These are functions of two tensors: an array is made one.
OF_TENSORS = (
    np.maximum, np.minimum, np.logical_and, np.logical_or, np.logical_xor, np.matmul,
)  # fmt: skip


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A NumPy ufunc called on tensors is the function of the same meaning, recorded."""
    function = UFUNCS.get(ufunc)
    if function is None or method != "__call__" or kwargs:
        how = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        wrongly = f" with {', '.join(kwargs)}" if kwargs else ""
        raise noted(
            TypeError(f"np.{how} cannot take a Tensor{wrongly}"),
            f"minigrad has no record to make of np.{how}{wrongly}, and a gradient would be lost. "
            "Call the function of minigrad instead, or NumPy on tensor.detach().numpy().",
        )
    if ufunc in OF_TENSORS:
        inputs = tuple(
            v if isinstance(v, Tensor) else wrap(dtypes.canonical(np.asarray(v))) for v in inputs
        )
    return function(*inputs)
