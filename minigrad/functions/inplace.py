"""Methods that end in an underscore: they write into the tensor and return it."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad import dtypes, ops
from minigrad.elsewhere import Later
from minigrad.functions import checks, comparison, division, elementwise
from minigrad.functions.elementwise import is_operand
from minigrad.functions.scalars import stored
from minigrad.notes import noted
from minigrad.ops.inplace import check_fit, copied, filled, in_place, refuse
from minigrad.tensor import Tensor, wrap

__all__ = [
    "abs_", "add_", "bitwise_and_", "bitwise_not_", "bitwise_or_", "bitwise_xor_", "clamp_",
    "copy_", "cos_", "div_", "exp_", "fill_", "floor_divide_", "log_", "logical_and_",
    "logical_not_", "logical_or_", "logical_xor_", "mul_", "neg_", "normal_", "pow_",
    "reciprocal_", "remainder_", "sigmoid_", "sign_", "sin_", "sqrt_", "square_", "sub_", "tanh_",
    "uniform_", "zero_",
]  # fmt: skip

random = Later("minigrad.random")

Function = Callable[..., Tensor]


def written(function: Function) -> Function:
    """The form of a function that writes its result into its first argument."""

    def write(input: Tensor, *args: Any, **options: Any) -> Tensor:
        x = checks.tensor(input, write.__name__)
        return in_place(partial(function, **options), x, *args)

    return named(write, function.__name__)


def written_binary(function: Function) -> Function:
    """The same for a function whose second argument must be able to stand beside a tensor."""

    def write(input: Tensor, other: Any, **options: Any) -> Tensor:
        other = other if is_operand(other) else checks.tensor(other, write.__name__, "other")
        return in_place(partial(function, **options), input, other)

    return named(write, function.__name__)


def written_whole(function: Function) -> Function:
    """The same for a function of whole numbers: what does not fit is refused before the rest."""
    write = written_binary(function)

    def write_whole(input: Tensor, other: Any) -> Tensor:
        refuse_unfit(input, other)
        return write(input, other)

    return named(write_whole, function.__name__)


def refuse_unfit(t: Tensor, other: Any) -> None:
    """Whether the result of two operands would have a shape and dtype that fit into the target."""
    if is_operand(other):
        a, b = t.array, checks.plain(other)
        check_fit(a, checks.broadcast(a.shape, np.shape(b)), dtypes.result_type(a, b))


def written_logic(function: Function) -> Function:
    """The same for answers, True and False: as 1 and 0, and no gradient goes through them."""

    def answer(before: Tensor, *args: Any) -> Tensor:
        return copied(before, function(before, *args))

    def write(input: Tensor, *args: Any) -> Tensor:
        for arg in args:
            refuse_unfit(input, arg)
        return in_place(answer, input, *args)

    return named(write, function.__name__)


def named(write: Function, name: str) -> Function:
    write.__name__ = write.__qualname__ = f"{name}_"
    write.__doc__ = f"{name}, written into the tensor."
    return write


add_ = written_binary(elementwise.add)
sub_ = written_binary(elementwise.sub)
mul_ = written_binary(elementwise.mul)
div_ = written_binary(division.div)
remainder_ = written_whole(division.remainder)
bitwise_and_ = written_whole(comparison.bitwise_and)
bitwise_or_ = written_whole(comparison.bitwise_or)
bitwise_xor_ = written_whole(comparison.bitwise_xor)
bitwise_not_ = written(comparison.bitwise_not)
pow_ = written(elementwise.pow)
clamp_ = written(elementwise.clamp)
neg_ = written(elementwise.neg)
abs_ = written(elementwise.abs)
sign_ = written(elementwise.sign)
square_ = written(elementwise.square)
sqrt_ = written(elementwise.sqrt)
reciprocal_ = written(elementwise.reciprocal)
exp_ = written(elementwise.exp)
log_ = written(elementwise.log)
sin_ = written(elementwise.sin)
cos_ = written(elementwise.cos)
tanh_ = written(elementwise.tanh)
sigmoid_ = written(elementwise.sigmoid)
logical_and_ = written_logic(comparison.logical_and)
logical_or_ = written_logic(comparison.logical_or)
logical_xor_ = written_logic(comparison.logical_xor)
logical_not_ = written_logic(comparison.logical_not)


def floor_divide_(t: Tensor, other: Any) -> Tensor:
    refuse_unfit(t, other)
    return in_place(partial(division.floored, ops.floor_divide_in_place), t, other)


def zero_(t: Tensor) -> Tensor:
    return in_place(ops.zeroed, t, may_repeat=True)


def fill_(t: Tensor, value: Any) -> Tensor:
    """All elements become `value`, a number or a 0-d tensor (a gradient flows to it)."""
    if isinstance(value, Tensor):
        refuse(t, value)
        if value.array.ndim:
            raise noted(
                RuntimeError(
                    "fill_ only supports 0-dimension value tensor but got tensor with "
                    f"{value.array.ndim} dimensions."
                ),
                "fill_ writes one number everywhere, and a tensor of shape "
                f"{list(value.array.shape)} came. Write x.copy_(value) to copy its elements.",
            )
        return in_place(filled, t, value)
    if not isinstance(value, numbers.Number | np.generic):
        raise checks.combination("fill_", value)
    return in_place(ops.fill, t, stored(value, t.array.dtype), may_repeat=True)


def copy_(t: Tensor, source: Any) -> Tensor:
    """The source's values, broadcast and converted to the target's dtype."""
    if isinstance(source, numbers.Number | np.generic):
        source = wrap(np.asarray(source))
    source = checks.tensor(source, "copy_", "other")
    refuse(t, source)
    shape = checks.broadcast(t.array.shape, source.array.shape)
    if shape != t.array.shape:
        raise noted(
            RuntimeError(
                f"output with shape {list(t.array.shape)} doesn't match the broadcast shape "
                f"{list(shape)}"
            ),
            f"The source has shape {list(source.array.shape)}, and an in-place copy cannot "
            "make its target larger. Write x = source.clone() for a new tensor.",
        )
    return in_place(copied, t, source)


def uniform_(t: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Tensor:
    """Values drawn evenly from [a, b)."""
    refuse(t)
    checks.number(a, "uniform_", "from")
    checks.number(b, "uniform_", "to")
    values = (generator or random.default_generator).uniform_for(t.array, a, b)
    return in_place(ops.uniform, t, values)


def normal_(t: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Values drawn from the normal distribution."""
    refuse(t)
    checks.number(mean, "normal_", "mean")
    checks.number(std, "normal_", "std")
    values = (generator or random.default_generator).normal_for(t.array, mean, std)
    return in_place(ops.normal, t, values)
