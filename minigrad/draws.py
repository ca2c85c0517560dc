"""New tensors at random, with PyTorch's stream: the same seed gives the same bits."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.creation import alike, check_device, finished, non_negative, sized
from minigrad.functions import checks
from minigrad.notes import noted
from minigrad.random import Generator, default_generator
from minigrad.tensor import Tensor

__all__ = ["rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"]

Kind = np.dtype[Any]


def stream(generator: Any, function: str) -> Generator:
    """The generator that was passed, or the one that is shared by all."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise noted(
            TypeError(
                f"{function}(): argument 'generator' must be minigrad.Generator, "
                f"not {checks.title(generator)}"
            ),
            "A generator of one's own is minigrad.Generator().manual_seed(0).",
        )
    return generator


def rand(
    *shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None,
    device: Any = None, requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """Evenly from [0, 1)."""
    check_device(device)
    wanted, kind = sized("rand", shape, size, dtype, dtypes.float32)
    values = stream(generator, "rand").uniform(non_negative(wanted), kind)
    return finished(values, requires_grad, "rand")


def randn(
    *shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None,
    device: Any = None, requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """From the normal distribution: mean 0, standard deviation 1."""
    check_device(device)
    wanted, kind = sized("randn", shape, size, dtype, dtypes.float32)
    values = stream(generator, "randn").normal(non_negative(wanted), kind)
    return finished(values, requires_grad, "randn")


def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """rand() of another tensor's shape, dtype and order in memory."""
    array = alike("rand_like", input, dtype, device)
    array[...] = stream(generator, "rand_like").uniform_for(array)
    return finished(array, requires_grad, "rand_like")


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """randn() of another tensor's shape, dtype and order in memory."""
    array = alike("randn_like", input, dtype, device)
    array[...] = stream(generator, "randn_like").normal_for(array)
    return finished(array, requires_grad, "randn_like")


def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """Integers from [low, high), or from [0, low) in the form randint(high, size)."""
    check_device(device)
    if size is None:  # randint(5, (2,)): what stands first is the bound above
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    first = checks.integer(low, "randint", "low", 1)
    last = checks.integer(high, "randint", "high", 1)
    wanted, kind = sized(
        "randint", (checks.integers(size, "randint", "size"),), None, dtype, dtypes.int64
    )
    if first >= last:
        raise noted(
            RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={first} >= to={last}"
            ),
            "The upper end itself is never drawn: randint(0, 10) gives 0 to 9. From "
            f"{first} to below {last} there is nothing.",
        )
    refuse_beyond(last, kind)
    values = stream(generator, "randint").integers(first, last, non_negative(wanted))
    return finished(values.astype(kind), requires_grad, "randint")


def randint_like(
    input: Tensor, low: Any = 0, high: Any = None, *, generator: Generator | None = None,
    dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False,
) -> Tensor:  # fmt: skip
    """randint() of another tensor's shape, dtype and order in memory."""
    array = alike("randint_like", input, dtype, device)
    low, high = (0, low) if high is None else (low, high)
    first = checks.integer(low, "randint_like", "low", 2)
    last = checks.integer(high, "randint_like", "high", 2)
    refuse_beyond(last, array.dtype)
    array[...] = stream(generator, "randint_like").integers_for(array, first, last)
    return finished(array, requires_grad, "randint_like")


def refuse_beyond(last: int, kind: Kind) -> None:
    """A bool is 0 or 1."""
    if kind.kind == "b" and last > 2:
        raise noted(
            RuntimeError("to - 1 is out of bounds for bool"),
            f"The numbers end before {last}, and a bool is 0 or 1. Write high=2, or "
            "dtype=minigrad.int64.",
        )


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None) -> Tensor:
    """The integers below n in random order."""
    kind = np.dtype(np.int64) if dtype is None else dtypes.check(dtype, "randperm")
    count = checks.integer(n, "randperm", "n", 1)
    non_negative((count,))
    values = stream(generator, "randperm").permutation(count).astype(kind)
    return finished(values, False, "randperm")
