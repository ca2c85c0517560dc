"""The random stream, with PyTorch's bits: the same seed gives the same numbers.

The stream is that of the Mersenne Twister (mt19937, Matsumoto and Nishimura 1998): 32-bit words.
What becomes of a word is a recipe per distribution, and each recipe here rounds where PyTorch's
does, so the values are equal to the last bit. (From 16 normal float32 values on, PyTorch has its
own logarithm, sine and cosine for x86 processors with AVX2; those are the ones that are equal.)

A `Generator` has the methods for users and, on plain arrays, the four draws; then come arithmetic,
checks, and the functions on the generator that everyone shares.
"""

from __future__ import annotations

import math
import os
from _thread import allocate_lock
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from minigrad import dtypes
from minigrad.boxmuller import BLOCK, box_muller
from minigrad.fma import exactly
from minigrad.notes import noted

__all__ = [
    "Generator",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

Array = np.ndarray[Any, np.dtype[Any]]

FIRST_SEED: Final = 67280421310721  # of a Generator that is given none
LAST_SEED: Final = 2**64 - 1
LAST_INTEGER: Final = 2**63 - 1
STATE_SIZE: Final = 4 + 624
CHUNK: Final = 1 << 14  # values made at a time, so that what is needed on the way is small


class Generator:
    """A stream of random numbers of one's own: `Generator().manual_seed(0)`.

    It always starts from the same seed; only the stream that is shared by all, `default_generator`,
    starts from the operating system's randomness. Threads may draw from one generator at the same
    time, and none of NumPy's own streams is touched.
    """

    __slots__ = ("lock", "spare", "start", "twister")

    def __init__(self, device: str | dtypes.device | None = "cpu") -> None:
        dtypes.device("cpu" if device is None else device)  # raises for any other
        self.lock = allocate_lock()
        self.restart(FIRST_SEED)

    @property
    def device(self) -> dtypes.device:
        return dtypes.device("cpu")

    # ---- seed and state

    def restart(self, seed: int) -> None:
        self.start = seed
        self.twister: np.random.MT19937 | None = None
        self.spare: float | None = None  # the second value of a pair of normal ones, if unused

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from `seed`, -2**63 to 2**64 - 1, and return the generator itself.

        A negative seed counts from the end: -1 is 2**64 - 1. The stream depends on the lowest 32
        bits alone. Raises RuntimeError for what is not an int, ValueError outside of the range.
        """
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            error = RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
            error.add_note("A seed is a whole number. minigrad.manual_seed(x) takes int(x) itself.")
            raise error
        check_range(seed, LAST_SEED)
        with self.lock:
            self.restart(int(seed) & LAST_SEED)
        return self

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self.start

    def seed(self) -> int:
        """Start anew from the operating system's randomness, and return the seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(seed)
        return seed

    def get_state(self) -> Array:
        """The whole state as 628 int64 values, for `set_state`.

        They are the seed, the position in the block of words, whether a normal value waits, its
        bits, and the block's 624 words.
        """
        state = np.zeros(STATE_SIZE, np.int64)
        with self.lock:
            inner: Any = self.stream().state["state"]
            state[:3] = np.uint64(self.start).view(np.int64), inner["pos"], self.spare is not None
            if self.spare is not None:
                state[3:4].view(np.float64)[0] = self.spare
            state[4:] = inner["key"]
        return state

    def set_state(self, state: Array) -> Generator:
        """Go on from a state of `get_state`; RuntimeError or TypeError if it is not one."""
        state = checked_state(state)
        start, position, waits = state[:3].tolist()
        inner: Any = {"key": state[4:].astype(np.uint32), "pos": position}
        with self.lock:
            self.restart(start & LAST_SEED)
            self.stream().state = {"bit_generator": "MT19937", "state": inner}
            self.spare = state[3:4].view(np.float64).item() if waits else None
        return self

    def __getstate__(self) -> Array:
        return self.get_state()

    def __setstate__(self, state: Array) -> None:
        self.lock = allocate_lock()
        self.set_state(state)

    # ---- raw material: call these with the lock held

    def stream(self) -> np.random.MT19937:
        """The twister, made at the first draw: importing numpy.random takes a while."""
        if self.twister is None:
            self.twister = np.random.MT19937(0)
            np.random.RandomState(self.twister).seed(self.start & 0xFFFFFFFF)
        return self.twister

    def words(self, count: int) -> Array:
        """The next `count` words of 32 bits, as uint64."""
        return self.stream().random_raw(count)

    def wide(self, count: int) -> Array:
        """The next `count` words of 64 bits, each made of two of the stream."""
        words = self.words(2 * count)
        return words[0::2] << 32 | words[1::2]

    def unit(self, count: int, dtype: np.dtype[Any]) -> Array:
        """Uniform in [0, 1): as many low bits of a word as the significand has."""
        if dtype == np.float32:
            return ((self.words(count) & 0xFFFFFF) * 2.0**-24).astype(np.float32)
        return (self.wide(count) & (2**53 - 1)) * 2.0**-53

    # ---- draws

    def uniform(
        self, shape: Sequence[int], dtype: Any, low: float = 0.0, high: float = 1.0
    ) -> Array:
        """Uniform in [low, high): `u * (high - low) + low`, rounded once. torch: rand, uniform_.

        A value that rounds up to `high` becomes `low`. RuntimeError for bounds that are not in
        order or not in the dtype, NotImplementedError for a dtype that is not a float's.
        """
        dtype = np.dtype(dtype)
        check_bounds(low, high, dtype)
        first, end = dtype.type(low), dtype.type(high)
        values = np.empty(math.prod(shape), dtype)
        with self.lock:
            for part in chunks(values):
                part[...] = affine(self.unit(part.size, dtype), end - first, first)
                part[part == end] = first
        return values.reshape(shape)

    def uniform_for(self, x: Array, low: float = 0.0, high: float = 1.0) -> Array:
        """Values for the elements of an array, drawn in the order in which they lie in memory."""
        order, back = memory_order(x)
        shape = tuple(x.shape[d] for d in order)
        return self.uniform(shape, x.dtype, low, high).transpose(back)

    def normal(
        self,
        shape: Sequence[int],
        dtype: Any,
        mean: float = 0.0,
        std: float = 1.0,
        *,
        contiguous: bool = True,
    ) -> Array:
        """Normal, `z * std + mean` rounded once. torch: randn, normal_.

        Fewer than 16 values, and those for memory that is not `contiguous`, are made one pair after
        the other in float64, others in blocks of 16 in their own dtype. RuntimeError for a negative
        `std`, NotImplementedError for a dtype that is not a float's.
        """
        dtype, count = np.dtype(dtype), math.prod(shape)
        if not std >= 0:
            raise noted(
                RuntimeError(f"normal expects std >= 0.0, but found std {std:g}"),
                f"A standard deviation is a width, 0 or more. Write std={-std:g} if only the "
                "sign is wrong.",
            )
        if count == 0:
            return np.empty(shape, dtype)
        check_floating(dtype, "normal_kernel_cpu")
        with self.lock:
            in_pairs = count < BLOCK or not contiguous
            z = self.pairs(count) if in_pairs else self.blocks(count, dtype)
        with np.errstate(all="ignore"):  # an infinite mean or std
            for part in chunks(z):
                part[...] = affine(part, z.dtype.type(std), z.dtype.type(mean))
            return z.astype(dtype, copy=False).reshape(shape)

    def normal_for(self, x: Array, mean: float = 0.0, std: float = 1.0) -> Array:
        """Values for the elements of an array, drawn in the order in which they lie in memory."""
        order, back = memory_order(x)
        shape, straight = tuple(x.shape[d] for d in order), x.flags.c_contiguous
        return self.normal(shape, x.dtype, mean, std, contiguous=straight).transpose(back)

    def integers(self, low: int, high: int, shape: Sequence[int]) -> Array:
        """Whole numbers in [low, high), as int64: `low + word % (high - low)`. torch: randint.

        The word has 64 bits if the range reaches 2**28, else 32. RuntimeError for an empty range,
        ValueError for bounds that are not int64.
        """
        check_interval(low, high)
        count, span = math.prod(shape), high - low
        with self.lock:
            words = self.words(count) if span < 1 << 28 else self.wide(count)
        shift = np.uint64(low & LAST_SEED)  # uint64 wraps around to the right int64
        return (words % np.uint64(span) + shift).view(np.int64).reshape(shape)

    def integers_for(self, x: Array, low: int, high: int) -> Array:
        """Whole numbers for the elements of an array, in the order in which they lie in memory."""
        order, back = memory_order(x)
        return self.integers(low, high, tuple(x.shape[d] for d in order)).transpose(back)

    def permutation(self, n: int) -> Array:
        """0, ..., n - 1 in random order, as int64, by Fisher and Yates. torch: randperm."""
        if n < 0:
            raise noted(
                RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]"),
                f"{n} numbers cannot be put in order: write 0 or more.",
            )
        last = max(n - 1, 0)
        with self.lock:
            words = self.words(last).astype(np.int64)
        order = list(range(n))
        for i, step in enumerate((words % (n - np.arange(last))).tolist()):
            order[i], order[i + step] = order[i + step], order[i]
        return np.array(order, np.int64)

    def pairs(self, count: int) -> Array:
        """Standard normal float64 values; the second of the last pair may wait for the next call.

        Box and Muller's formula: sqrt(-2 log(1 - u2)) times the cosine and the sine of 2 pi u1.
        """
        values = [] if self.spare is None else [self.spare]
        missing = (count - len(values) + 1) // 2
        for u1, u2 in self.unit(2 * missing, np.dtype(np.float64)).reshape(-1, 2).tolist():
            radius, angle = math.sqrt(-2 * math.log1p(-u2)), 2 * math.pi * u1
            values += (radius * math.cos(angle), radius * math.sin(angle))
        self.spare = values.pop() if len(values) > count else None
        return np.array(values)

    def blocks(self, count: int, dtype: np.dtype[Any]) -> Array:
        """Standard normal values in blocks; an incomplete block is the end of one drawn anew."""
        z, rest = np.empty(count, dtype), count % BLOCK
        for part in chunks(z[: count - rest]):
            part[...] = box_muller(self.unit(part.size, dtype))
        if rest:
            self.unit(rest, dtype)
            z[-BLOCK:] = box_muller(self.unit(BLOCK, dtype))
        return z


# ---- arithmetic


def chunks(values: Array) -> Iterator[Array]:
    """The parts of a row, one after the other."""
    return (values[start : start + CHUNK] for start in range(0, values.size, CHUNK))


def affine(x: Array, scale: Any, shift: Any) -> Array:
    """x * scale + shift for two numbers of the dtype of x, rounded once.

    Only subnormal float64 results, below 1e-307, may be rounded twice.
    """
    if shift == 0 or not (math.isfinite(scale) and math.isfinite(shift)):
        plain: Array = x * scale + shift
        return plain
    exponent = math.frexp(max(abs(scale), abs(shift)))[1]
    if abs(exponent) < 800:
        return exactly(scale, x, shift)
    # Products of the largest numbers, and of the smallest, have parts that are not in float64.
    rounded = exactly(math.ldexp(scale, -exponent), x, math.ldexp(shift, -exponent))
    return np.ldexp(rounded, exponent)


# ---- checks


def check_range(value: Any, highest: int) -> None:
    if not -(2**63) <= value <= highest:
        raise noted(
            ValueError("Overflow when unpacking long long"),
            f"{value} is outside of what fits into 64 bits, {-(2**63)} to {highest}.",
        )


def check_floating(dtype: np.dtype[Any], kernel: str) -> None:
    if dtype.kind != "f":
        title = dtypes.BY_NUMPY[dtype].title
        raise noted(
            NotImplementedError(f"\"{kernel}\" not implemented for '{title}'"),
            f"Random real numbers need a float dtype, and this is {dtypes.BY_NUMPY[dtype]}. "
            "Draw floats and convert, or write minigrad.randint(low, high, size).",
        )


def check_bounds(low: float, high: float, dtype: np.dtype[Any]) -> None:
    check_floating(dtype, "check_uniform_bounds")
    limit, title = float(np.finfo(dtype).max), dtypes.BY_NUMPY[dtype].title
    for name, bound in (("from", low), ("to", high)):
        if not -limit <= bound <= limit:
            raise noted(
                RuntimeError(f"{name} is out of bounds for {title.lower()}"),
                f"{bound:g} is beyond what {dtypes.BY_NUMPY[dtype]} can hold, {limit:g}.",
            )
    if low > high:
        raise noted(
            RuntimeError(
                f"uniform_ expects to return a [from, to) range, but found from={low:g} > "
                f"to={high:g}"
            ),
            f"The lower end stands first. Write uniform_({high:g}, {low:g}).",
        )
    if high - low > limit:
        raise noted(
            RuntimeError(
                f"uniform_ expects to-from <= std::numeric_limits<{title}>::max(), but found "
                f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
            ),
            f"The interval is wider than the largest number of {dtypes.BY_NUMPY[dtype]}, "
            f"{limit:g}. Draw from a narrower one.",
        )


def check_interval(low: int, high: int) -> None:
    check_range(low, LAST_INTEGER)
    check_range(high, LAST_INTEGER)
    if low >= high:
        error = RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
        error.add_note("The upper end itself is never drawn: randint(0, 10) gives 0 to 9.")
        raise error


def checked_state(state: Any) -> Array:
    array = np.ascontiguousarray(state)
    if array.dtype != np.int64:
        raise noted(
            TypeError("RNG state must be a minigrad.LongTensor"),
            f"A state is what get_rng_state() gave, {STATE_SIZE} numbers of int64; these "
            f"are {array.dtype}.",
        )
    if array.size != STATE_SIZE:
        raise noted(
            RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_SIZE} "
                f"but found the input RNG state size to be {array.size}"
            ),
            f"A state is what get_rng_state() gave, {STATE_SIZE} numbers; these are {array.size}.",
        )
    position, waits, words = array[1], array[2], array[4:]
    if not (0 <= position <= 624 and waits in (0, 1) and 0 <= words.min() <= words.max() < 2**32):
        raise noted(
            RuntimeError("Invalid mt19937 state"),
            f"The position is {position} (of 624), the mark of a waiting value {waits} (of "
            "0, 1): this was no state of get_rng_state(), or it was changed.",
        )
    return array


def memory_order(x: Array) -> tuple[list[int], list[int]]:
    """The dims of an array from the widest step in memory to the narrowest, and the way back."""
    order = sorted(range(x.ndim), key=lambda d: -x.strides[d])
    return order, sorted(range(x.ndim), key=order.__getitem__)


# ---- the generator that everyone shares

default_generator: Final = Generator()
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Start the shared stream anew from `int(seed)`: from here on the numbers are PyTorch's."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the shared stream anew from the operating system's randomness; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the shared stream started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Array:
    """The state of the shared stream, to come back to with `set_rng_state`."""
    return default_generator.get_state()


def set_rng_state(state: Array) -> None:
    """Put the shared stream back to a state that `get_rng_state` gave."""
    default_generator.set_state(state)
