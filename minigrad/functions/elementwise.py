"""Arithmetic, functions and choices as a user calls them.

Each one checks, brings its operands to one dtype and one kind, and applies an op. A Python number
acts as a value of the tensor's dtype; a NumPy array acts as a constant tensor.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.autograd.op import Op
from minigrad.functions import checks
from minigrad.functions.checks import plain
from minigrad.functions.scalars import constant, stored
from minigrad.notes import noted
from minigrad.tensor import Tensor, wrap

__all__ = [
    "OPERANDS",
    "abs", "add", "binary", "checked", "clamp", "clone", "cos", "exp", "is_operand", "log",
    "maximum", "minimum", "mul", "neg", "operands", "operate", "pow", "reciprocal", "rsub",
    "sigmoid", "sign", "sin", "sqrt", "square", "sub", "tanh", "where",
]  # fmt: skip

ndarray = np.ndarray
OPERANDS = (Tensor, int, float, ndarray, np.generic, numbers.Number)  # the frequent ones first
REAL = (float, int)
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def is_operand(value: Any) -> bool:
    """What may stand beside a tensor in arithmetic."""
    return isinstance(value, OPERANDS)


def promoted(value: Any, kind: np.dtype[Any]) -> Any:
    """An operand in a dtype: tensors by a recorded conversion."""
    if isinstance(value, Tensor):
        return value if value.array.dtype == kind else ops.cast(value, kind)
    if isinstance(value, ndarray):
        return np.asanyarray(value, kind)
    return constant(value, kind)


def operands(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands in their common dtype, at least one of them a tensor."""
    if type(b) in REAL and isinstance(a, Tensor) and a.array.dtype.kind == "f":
        return a, constant(b, a.array.dtype)  # what result_type would say, for the frequent case
    kind = dtypes.result_type(plain(a), plain(b))
    return promoted(a, kind), promoted(b, kind)


def binary(op: Op, a: Any, b: Any, *parameters: Any) -> Tensor:
    """An op of two operands, after PyTorch's promotion of dtypes."""
    if not (isinstance(a, Tensor) and isinstance(b, Tensor) and a.array.dtype is b.array.dtype):
        a, b = operands(a, b)
        if not (isinstance(a, Tensor) or isinstance(b, Tensor)):
            a = wrap(a)
    try:
        return op(a, b, *parameters) if parameters else op(a, b)
    except ValueError:
        checks.broadcast(np.shape(plain(a)), np.shape(plain(b)))  # says what is wrong, or:
        raise


def operate(op: Op, function: Callable[[Any, Any], Tensor], a: Tensor, b: Any) -> Tensor:
    """What Python calls for a sign: the function, or NotImplemented beside a stranger.

    Two tensors of floats of one dtype, or a number beside one, need no check and no promotion.
    """
    kind = a.array.dtype
    fits = b.array.dtype is kind if isinstance(b, Tensor) else type(b) in REAL
    if fits and kind in FLOATS:
        try:
            return op(a, b if isinstance(b, Tensor) else constant(b, kind))
        except ValueError:
            pass  # the function says what is wrong with the shapes
    return function(a, b) if isinstance(b, OPERANDS) else NotImplemented


def checked(function: str, input: Any, other: Any, numbers: bool = False) -> None:
    """TypeError unless one is a tensor and the other may stand beside it; or are two `numbers`."""
    if not isinstance(input, OPERANDS):
        checks.tensor(input, function)
    if not isinstance(other, OPERANDS):
        checks.tensor(other, function, "other", 2)
    if not (isinstance(input, Tensor) or isinstance(other, Tensor)) and not (
        numbers and isinstance(input, REAL) and isinstance(other, REAL)
    ):
        checks.tensor(input, function)


def floating(x: Tensor) -> Tensor:
    """Integers and bools become float32 where a function leaves the integers."""
    return x if x.array.dtype.kind == "f" else ops.cast(x, dtypes.float32.numpy)


# ---- arithmetic ---------------------------------------------------------------------------------


def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other, elementwise and broadcast."""
    checked("add", input, other, numbers=True)
    if alpha == 1 and alpha is not True:
        return binary(ops.add, input, other)
    return binary(ops.add_scaled, input, other, factor(alpha, input, other))


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other, elementwise and broadcast."""
    checked("sub", input, other, numbers=True)
    refuse_bools(input, other)
    if alpha == 1 and alpha is not True:
        return binary(ops.sub, input, other)
    return binary(ops.sub_scaled, input, other, factor(alpha, input, other))


def rsub(input: Any, other: Any) -> Tensor:
    """other - input."""
    refuse_bools(input, other)
    return binary(ops.rsub, input, other)


def factor(alpha: Any, input: Any, other: Any) -> Any:
    """A scale that fits the result's dtype: it does not take part in promotion."""
    value = alpha.item() if isinstance(alpha, Tensor) else plain(alpha)
    kind = dtypes.result_type(plain(input), plain(other))
    if isinstance(value, bool) and kind.kind != "b":
        raise noted(
            RuntimeError("Boolean alpha only supported for Boolean results."),
            "alpha is a factor, and True is none beside numbers. Write alpha=1.",
        )
    if isinstance(value, float) and kind.kind != "f":
        raise noted(
            RuntimeError(
                "For integral input tensors, argument alpha must not be a floating point number."
            ),
            f"The result holds {dtypes.BY_NUMPY[kind]}, and {value} is no whole number. "
            "Write x.float() for the tensors first.",
        )
    stored(value, kind)
    return value


def refuse_bools(a: Any, b: Any) -> None:
    kinds = [checks.is_bool(a), checks.is_bool(b)]
    if any(kinds):
        which = "two bool tensors" if all(kinds) else "a bool tensor"
        use = "the `^` or `logical_xor()`" if all(kinds) else "the `~` or `logical_not()`"
        purpose = "" if all(kinds) else "If you are trying to invert a mask, use "
        verb = "Use " if all(kinds) else ""
        raise noted(
            RuntimeError(
                f"Subtraction, the `-` operator, with {which} is not supported. "
                f"{purpose}{verb}{use} operator instead."
            ),
            f"Where they differ, {'a ^ b' if all(kinds) else '~mask'} is True. To count "
            "with 1 and 0 convert first: mask.long().",
        )


def mul(input: Any, other: Any) -> Tensor:
    """input * other, elementwise and broadcast."""
    checked("mul", input, other, numbers=True)
    return binary(ops.mul, input, other)


def neg(input: Any) -> Tensor:
    """-input."""
    x = checks.tensor(input, "neg")
    if x.array.dtype == bool:
        raise noted(
            RuntimeError(
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying "
                "to invert a mask, use the `~` or `logical_not()` operator instead."
            ),
            "The negation of a mask is ~x: True where it was False. To compute with 1 and "
            "0 write x.long().",
        )
    return ops.neg(x)


def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent; either may be a number.

    The derivative of x**n is n x**(n-1), and exactly 0 for n = 0, also at x = 0.
    """
    if isinstance(exponent, Tensor | ndarray):
        if isinstance(input, Tensor | ndarray):
            return tensor_pow(input, exponent)
        checks.not_for_bools("pow", input, exponent)
        kind = dtypes.result_type(plain(exponent), plain(input))
        return ops.exponential(promoted(exponent, kind), plain(input))
    if isinstance(input, REAL) and isinstance(exponent, REAL):
        raise checks.combination("pow", input, exponent)
    return number_pow(checks.tensor(input, "pow"), plain(exponent))


def number_pow(x: Tensor, n: Any) -> Tensor:
    kind = dtypes.result_type(x.array, n)
    if kind.kind == "b":
        return ops.bitwise_or(x, constant(not n, kind))
    if kind.kind == "i" and n < 0:
        raise noted(
            RuntimeError("Integers to negative integer powers are not allowed."),
            f"x ** {n} is 1 / x ** {-n}, a fraction, and {dtypes.BY_NUMPY[kind]} has none. "
            f"Write x.float() ** {n}.",
        )
    return ops.pow(promoted(x, kind), n)


def tensor_pow(x: Any, y: Any) -> Tensor:
    checks.not_for_bools("pow", x, y)
    return binary(ops.power, x, y)


# ---- functions ----------------------------------------------------------------------------------


def unary(op: Op, input: Any) -> Tensor:
    """A function that leaves the integers, of a tensor."""
    return op(floating(checks.tensor(input, op.__name__)))


def reciprocal(input: Any) -> Tensor:
    """1 / input."""
    return unary(ops.reciprocal, input)


def exp(input: Any) -> Tensor:
    """e ** input."""
    return unary(ops.exp, input)


def log(input: Any) -> Tensor:
    """The natural logarithm; -inf at 0, NaN below."""
    return unary(ops.log, input)


def sqrt(input: Any) -> Tensor:
    """The square root; NaN below 0. Its derivative at 0 is infinite."""
    return unary(ops.sqrt, input)


def sin(input: Any) -> Tensor:
    """The sine of an angle in radians."""
    return unary(ops.sin, input)


def cos(input: Any) -> Tensor:
    """The cosine of an angle in radians."""
    return unary(ops.cos, input)


def tanh(input: Any) -> Tensor:
    """The hyperbolic tangent; its derivative is 1 - tanh(x)**2."""
    return unary(ops.tanh, input)


def sigmoid(input: Any) -> Tensor:
    """1 / (1 + e**-input); its derivative is s (1 - s)."""
    return unary(ops.sigmoid, input)


def square(input: Any) -> Tensor:
    """input ** 2; integers stay integers."""
    return pow(checks.tensor(input, "square"), 2)


def abs(input: Any) -> Tensor:
    """The absolute value; its derivative at 0 is 0."""
    x = checks.tensor(input, "abs")
    checks.not_for_bools("abs_cpu", x)
    return ops.abs(x)


def sign(input: Any) -> Tensor:
    """-1, 0 or 1; 0 for NaN."""
    x = checks.tensor(input, "sign")
    return ops.clone(x) if x.array.dtype == bool else ops.sign(x)


def clone(input: Any) -> Tensor:
    """A copy that takes part in the graph: gradients flow through it."""
    return ops.clone(checks.tensor(input, "clone"))


# ---- choices ------------------------------------------------------------------------------------


def maximum(input: Any, other: Any) -> Tensor:
    """The larger of two, elementwise; NaN if either is. At a tie each gets half the gradient."""
    return binary(ops.maximum, *both_tensors("maximum", input, other))


def minimum(input: Any, other: Any) -> Tensor:
    """The smaller of two, elementwise; NaN if either is. At a tie each gets half the gradient."""
    return binary(ops.minimum, *both_tensors("minimum", input, other))


def both_tensors(function: str, a: Any, b: Any) -> tuple[Any, Any]:
    return checks.tensor(a, function), checks.tensor(b, function, "other", 2)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """input where the condition holds, other elsewhere; the branch not taken gets gradient 0.

    Mind that a derivative which is infinite or NaN in the branch not taken still gives NaN there:
    0 * inf is NaN. Mask the argument as well: where(x > 0, sqrt(where(x > 0, x, 1)), 0).
    """
    mask = checks.tensor(condition, "where", "condition")
    if input is None and other is None:
        return tuple(wrap(np.asarray(i)) for i in np.nonzero(np.atleast_1d(mask.array)))
    if mask.array.dtype != bool:
        raise noted(
            RuntimeError(
                "where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{mask.dtype.title}"
            ),
            f"The condition says True or False for each element, and {mask.dtype} came. "
            "Compare, or convert: minigrad.where(condition != 0, a, b).",
        )
    kind = dtypes.result_type(plain(input), plain(other))
    a, b = as_stored(input, kind), as_stored(other, kind)
    try:
        return ops.where(mask, a, b)
    except ValueError:
        checks.broadcast(mask.array.shape, np.shape(plain(a)), np.shape(plain(b)))
        raise


def as_stored(value: Any, kind: np.dtype[Any]) -> Any:
    """An operand in a dtype; a number must be one of its values."""
    is_array = isinstance(value, Tensor | ndarray)
    return promoted(value, kind) if is_array else stored(plain(value), kind)


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """min(max(input, low), high); a bound may be a number, a tensor or None.

    At the bounds and between them the derivative is 1, outside 0. If low > high, all is high.
    """
    x = checks.tensor(input, "clamp")
    if min is None and max is None:
        raise noted(
            RuntimeError("minigrad.clamp: At least one of 'min' or 'max' must not be None"),
            "Without bounds nothing would change. Write x.clamp(min=0) for one bound, "
            "x.clamp(0, 1) for two.",
        )
    if isinstance(min, Tensor) and isinstance(max, Tensor | None):
        return clamp_by_tensors(x, min, max)
    if isinstance(max, Tensor) and min is None:
        return clamp_by_tensors(x, min, max)
    min, max = (bound_of(bound, x, min, max) for bound in (min, max))
    bounds = [plain(bound) for bound in (min, max) if bound is not None]
    which = "min_" if max is None else "max_" if min is None else ""
    checks.not_for_bools(f"clamp_{which}scalar_cpu", x, *bounds)
    kind = dtypes.result_type(x.array, *bounds)
    lowest, highest = limits(kind)
    low, high = (lowest if min is None else min), (highest if max is None else max)
    return ops.clamp(promoted(x, kind), stored(low, kind), stored(high, kind))


def bound_of(bound: Any, x: Tensor, min: Any, max: Any) -> Any:
    """A number as it is; beside a number, a 0-d tensor without gradient counts as one."""
    if isinstance(bound, Tensor) and bound.array.ndim == 0 and not bound.requires_grad:
        return bound.item()
    if isinstance(bound, np.bool_):
        return float(bound)  # as PyTorch reads NumPy's bools
    if bound is None or isinstance(bound, numbers.Number | np.generic):
        return bound
    raise checks.combination("clamp", x, min, max)


def limits(kind: np.dtype[Any]) -> tuple[Any, Any]:
    """Bounds that bound nothing."""
    if kind.kind == "f":
        return -np.inf, np.inf
    return np.iinfo(kind).min, np.iinfo(kind).max


def clamp_by_tensors(x: Tensor, low: Any, high: Any) -> Tensor:
    given = [plain(v) for v in (x, low, high) if v is not None]
    kind = dtypes.result_type(*given)
    checks.broadcast(*(v.shape for v in given))
    x = promoted(x, kind)
    if high is None:
        return ops.clamp_min(x, promoted(low, kind))
    if low is None:
        return ops.clamp_max(x, promoted(high, kind))
    checks.not_for_bools("clamp_cpu", *given)
    return ops.clamp_between(x, promoted(low, kind), promoted(high, kind))
