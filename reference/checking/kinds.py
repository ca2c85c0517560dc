"""The kinds of inputs that `check` tries a function on.

    floats()                                   any shape; several of them broadcast together
    floats(("n", 3)), floats((3, "m"))         sizes with the same name are the same size
    floats(kinks=[-1, 1], special=True)        exact kinks, signed zeros, NaN, infinities
    integers(low=0), bools(), one_of(0, -1)    and what is not a float

Values are drawn so that simple ones come first: what the search finds, it shrinks to a small shape
with 0, 1 and -1 in it wherever that shows the same difference.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

__all__ = ["Case", "Kind", "bools", "cases", "floats", "integers", "one_of"]

Array = np.ndarray[Any, np.dtype[Any]]
Strategy = st.SearchStrategy[Any]
Shape = Sequence[int | str | EllipsisType]

FEW = (0.0, 1.0, -1.0, 2.0, 0.5, -2.0, -0.5)  # what exact ties are made of, simplest first
SMALL = 1e-3  # nearer to 0 than this is only tried where tiny numbers are asked for
LARGEST_SIZE, MOST_BROADCAST_DIMS = 3, 2


@dataclass(frozen=True)
class Kind:
    """What one argument may be: made by `floats`, `integers`, `bools` and `one_of`."""

    shape: tuple[int | str | EllipsisType, ...]
    dtypes: tuple[str, ...]
    elements: Callable[[np.dtype[Any]], Strategy]
    empty: bool = False
    ties: bool = True
    grad: bool = False
    untried: tuple[str, ...] | None = None  # of floats: what would have to be asked for
    values: tuple[Any, ...] | None = None  # of one_of, which has none of the above


def floats(
    shape: Shape = (...,),
    dtype: str | Sequence[str] = ("float32", "float64"),
    *,
    low: float = -10.0,
    high: float = 10.0,
    kinks: Iterable[float] = (),
    avoid: Iterable[float] = (),
    ties: bool = True,
    signed_zeros: bool = False,
    nan: bool = False,
    inf: bool = False,
    tiny: bool = False,
    special: bool = False,
    empty: bool = False,
    grad: bool = True,
) -> Kind:
    """Arrays of floating-point numbers.

    Args:
        shape: a size is a number, or a name, which stands for the same size in all inputs; `...`
            stands for any dims, which broadcast with the `...` of the other inputs.
        dtype: float32, float64, or both.
        low, high: the bounds, both included.
        kinks: points to be tried often, beside 0, 1, -1 and a few more.
        avoid: points that are never tried, such as a kink at which conventions differ.
        ties: whether equal numbers may meet, in one input and between inputs.
        signed_zeros, nan, inf, tiny: whether to try -0., NaN, both infinities, and numbers nearer
            to 0 than 0.001, down to the smallest. `special` is all four.
        empty: whether sizes may be 0.
        grad: whether gradients by this input are compared.
    """
    if not low <= high:
        raise ValueError(f"floats() needs low <= high, but got {low} and {high}")
    numbers = Numbers(
        low,
        high,
        few=FEW if ties else (),
        kinks=tuple(kinks),
        avoid=tuple(avoid),
        oddities=[math.nan] * (nan or special) + [math.inf, -math.inf] * (inf or special),
        signed_zeros=signed_zeros or special,
        smallest=0.0 if tiny or special or max(-low, high) < 1 else SMALL,
    )
    tried = {
        "NaN": nan or special,
        "infinities": inf or special,
        "signed zeros": signed_zeros or special,
        "empty arrays": empty or all(isinstance(size, int) for size in shape_of(shape)),
    }
    untried = tuple(name for name in tried if not tried[name])
    return Kind(shape_of(shape), dtypes_of(dtype), numbers.strategy, empty, ties, grad, untried)


def integers(
    shape: Shape = (...,),
    dtype: str | Sequence[str] = "int64",
    *,
    low: int = -5,
    high: int = 5,
    empty: bool = False,
) -> Kind:
    """Arrays of integers from low to high; shape as in `floats`."""
    elements = st.integers(low, high)
    return Kind(shape_of(shape), dtypes_of(dtype), lambda dtype: elements, empty)


def bools(shape: Shape = (...,), *, empty: bool = False) -> Kind:
    """Arrays of truth values; shape as in `floats`."""
    return Kind(shape_of(shape), ("bool",), lambda dtype: st.booleans(), empty)


def one_of(*values: Any) -> Kind:
    """One of these, handed over as it is: a number, a dim, a string; the simplest one first."""
    if not values:
        raise ValueError("one_of() needs at least one value")
    return Kind((), (), lambda dtype: st.nothing(), values=values)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Where floating-point numbers come from."""

    low: float
    high: float
    few: Sequence[float]
    kinks: Sequence[float]
    avoid: Sequence[float]
    oddities: list[float]
    signed_zeros: bool
    smallest: float

    def strategy(self, dtype: np.dtype[Any]) -> Strategy:
        """Simple numbers, then hundredths, then all there are; it shrinks in this order."""
        low, high = (float(dtype.type(bound)) for bound in (self.low, self.high))
        first, last = math.ceil(100 * low), math.floor(100 * high)
        parts: list[Strategy] = [
            *(st.sampled_from(numbers) for numbers in (self.simple(), self.special()) if numbers),
            *([st.integers(first, last).map(lambda n: n / 100)] if first <= last else []),
            st.floats(low, high, width=8 * dtype.itemsize),  # type: ignore[arg-type]
        ]
        return st.one_of(parts).filter(self.allows)

    def simple(self) -> list[float]:
        """The numbers of which ties are made."""
        return [v for v in self.few if self.low <= v <= self.high]

    def special(self) -> list[float]:
        """Kinks and oddities, which would hardly be met by chance."""
        kinks = [v for v in self.kinks if self.low <= v <= self.high]
        return kinks + [-0.0] * (self.signed_zeros and self.low <= 0 <= self.high) + self.oddities

    def allows(self, value: float) -> bool:
        if value in self.avoid:
            return False
        if value == 0:
            return self.signed_zeros or math.copysign(1, value) > 0
        return not abs(value) < self.smallest


def shape_of(shape: Shape) -> tuple[int | str | EllipsisType, ...]:
    """A shape, if it is one."""
    sizes = tuple(shape) if isinstance(shape, Iterable) and not isinstance(shape, str) else (shape,)
    for size in sizes:
        if not isinstance(size, int | str | EllipsisType):
            raise TypeError(f"a size is a number, a name or ..., not {size!r}")
    if sum(size is ... for size in sizes) > 1:
        raise ValueError("a shape can have one ... only")
    return sizes


def dtypes_of(dtype: str | Sequence[str]) -> tuple[str, ...]:
    """The names of some dtypes."""
    dtypes = [dtype] if isinstance(dtype, str | np.dtype | type) else list(dtype)
    return tuple(np.dtype(kind).name for kind in dtypes)


# ---- cases --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One input to try.

    Attributes:
        arguments: arrays, and the values of one_of.
        upstream: what the gradient of the results is filled with, over and over.
        projection: the same for the gradient of the gradients.
    """

    arguments: tuple[Any, ...]
    upstream: tuple[float, ...]
    projection: tuple[float, ...]


UPSTREAM = st.lists(st.sampled_from([1.0, 2.0, -1.0, 0.5, 3.0, 0.0]), min_size=1, max_size=4)


@st.composite
def cases(draw: st.DrawFn, kinds: Sequence[Kind], mixed: bool = False) -> Case:
    """Inputs of these kinds; those with the same choice of dtypes agree, unless mixed."""
    shapes = draw_shapes(draw, kinds)
    dtypes = draw_dtypes(draw, kinds, mixed)
    arguments = [
        draw(st.sampled_from(kind.values)) if kind.values else draw_array(draw, kind, shape, dtype)
        for kind, shape, dtype in zip(kinds, shapes, dtypes, strict=True)
    ]
    unequal = [a.ravel() for a, kind in zip(arguments, kinds, strict=True) if not kind.ties]
    if unequal:
        together = np.concatenate(unequal)
        assume(np.unique(together).size == together.size)
    return Case(tuple(arguments), tuple(draw(UPSTREAM)), tuple(draw(UPSTREAM)))


def draw_shapes(draw: st.DrawFn, kinds: Sequence[Kind]) -> list[tuple[int, ...]]:
    """A shape for each kind: names become sizes, and `...` dims that broadcast."""
    sizes: dict[Any, tuple[int, ...]] = {}
    for name in dict.fromkeys(s for kind in kinds for s in kind.shape if isinstance(s, str)):
        may_be_empty = all(kind.empty for kind in kinds if name in kind.shape)
        sizes[name] = (draw(st.integers(0 if may_be_empty else 1, LARGEST_SIZE)),)
    fronts = iter(draw_fronts(draw, [kind for kind in kinds if ... in kind.shape]))
    shapes: list[tuple[int, ...]] = []
    for kind in kinds:
        if ... in kind.shape:
            sizes[...] = next(fronts)
        shapes.append(tuple(n for s in kind.shape for n in sizes_of(s, sizes)))
    return shapes


def sizes_of(size: Any, known: dict[Any, tuple[int, ...]]) -> tuple[int, ...]:
    return (size,) if isinstance(size, int) else known[size]


def draw_fronts(draw: st.DrawFn, kinds: Sequence[Kind]) -> list[tuple[int, ...]]:
    """Shapes that broadcast together, one for each of these kinds."""
    smallest = 0 if all(kind.empty for kind in kinds) else 1
    dims = draw(st.integers(0, MOST_BROADCAST_DIMS))
    whole = tuple(draw(st.integers(smallest, LARGEST_SIZE)) for _ in range(dims))
    if len(kinds) == 1:
        return [whole]
    parts = [whole[draw(st.integers(0, dims)) :] for _ in kinds]
    return [tuple(draw(st.sampled_from([1, n])) for n in part) for part in parts]


def draw_dtypes(draw: st.DrawFn, kinds: Sequence[Kind], mixed: bool) -> list[Any]:
    """A dtype for each kind."""
    drawn: dict[Any, str] = {}
    dtypes = []
    for i, kind in enumerate(kinds):
        key = i if mixed else kind.dtypes
        if kind.values is None and key not in drawn:
            drawn[key] = draw(st.sampled_from(kind.dtypes))
        dtypes.append(drawn.get(key))
    return dtypes


def draw_array(draw: st.DrawFn, kind: Kind, shape: tuple[int, ...], dtype: str) -> Array:
    """An array of a kind; its elements one by one, so that each is shrunk for itself."""
    elements = elements_of(kind, dtype)
    return np.array([draw(elements) for _ in range(math.prod(shape))], dtype).reshape(shape)


@functools.cache  # Hypothesis takes its time with a strategy that it has not seen before
def elements_of(kind: Kind, dtype: str) -> Strategy:
    return kind.elements(np.dtype(dtype))
