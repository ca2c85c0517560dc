"""What the rows of the table of ops are made of: values, shapes, layouts of memory, and Row."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracle import EXACT, Array, Near, duplicate

Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]

FLOATS = ("float32", "float64")
DTYPES = (*FLOATS, "int64", "int32", "bool")

# ---- values -------------------------------------------------------------------------------------


LEAST = 2.0**-149  # of float32, where it is subnormal; its sums are exact in float64 as well


@dataclass(frozen=True)
class Values:
    """Where the numbers of an input come from: these, or an interval.

    `special` holds the kinks, poles and oddities that are tried as well, in all combinations.
    """

    numbers: tuple[float, ...] = ()
    interval: tuple[float, float] = (0, 1)
    special: tuple[float, ...] = (
        -np.inf, -1.0, -LEAST, -0.0, 0.0, LEAST, 1.0, np.inf, np.nan,
    )  # fmt: skip

    def draw(self, random: np.random.Generator, shape: Shape, dtype: Any) -> Array:
        if self.numbers:
            return np.asarray(random.choice(self.numbers, shape)).astype(dtype)
        return np.asarray(random.uniform(*self.interval, shape)).astype(dtype)

    def elements(self, dtype: Any) -> st.SearchStrategy[Any]:
        low, high = self.interval
        common = st.sampled_from(self.numbers) if self.numbers else st.floats(low, high)
        return (common | st.sampled_from(self.special)).map(np.dtype(dtype).type)


HALVES = Values(tuple(np.arange(-4, 4.5, 0.5)))  # often tie; their sums and products are exact
SMALL = Values(tuple(np.arange(-2, 2.5, 0.5)))
REALS = Values(interval=(-2, 2))
POSITIVE = Values(interval=(0.125, 4))
BITS = Values((0, 1), special=(0, 1))  # bools, whatever the dtype of the other inputs

# ---- shapes -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """The tensors of a row by name, some shapes for them, and a strategy for more.

    The first sample is the one that is tried in every dtype and layout.
    """

    names: tuple[str, ...]
    samples: tuple[Shapes, ...]
    shapes: st.SearchStrategy[Shapes] | None = None
    elementwise: bool = False


def of(**shapes: list[Shape]) -> Inputs:
    """Tensors of given shapes: of(a=[(2, 3), ()], b=[(3,), (1,)]) is two pairs."""
    return Inputs(tuple(shapes), tuple(zip(*shapes.values(), strict=True)))


def one(*samples: Shape, dims: tuple[int, int], elementwise: bool = False) -> Inputs:
    """One tensor, named x, with so many dims."""
    shapes = hnp.array_shapes(min_dims=dims[0], max_dims=dims[1], min_side=0, max_side=4)
    return Inputs(
        ("x",), tuple((shape,) for shape in samples), st.tuples(shapes), elementwise=elementwise
    )


def together(names: str, *samples: Shapes) -> Inputs:
    """Several tensors, each named by a letter, that broadcast."""
    shapes = hnp.mutually_broadcastable_shapes(
        num_shapes=len(names), max_dims=3, min_side=0, max_side=4
    ).map(lambda found: found.input_shapes)
    return Inputs(tuple(names), samples, shapes, elementwise=True)


EACH = one((5,), (), (1,), (2, 3), (0,), (2, 0, 3), (2, 1, 3), dims=(0, 3), elementwise=True)
ANY = one((2, 3), (5,), (), (1,), (2, 1, 3), (0,), (2, 0), dims=(0, 4))
CUBES = one((2, 3, 4), (1, 3, 1), (2, 0, 3), (2, 3), (), dims=(3, 3))
MATRICES = one((2, 3), (1, 1), (0, 3), (3, 0), (4,), (), (2, 3, 4), dims=(2, 2))
PAIRS = together(
    "ab",
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2, 3)), ((2,), ()),
    ((), ()), ((1, 1), (1,)), ((2, 0), (1,)), ((0,), (0,)), ((2, 1, 3), (4, 1)),
    ((2,), (3,)), ((2, 3), (2,)),
)  # fmt: skip
TRIPLES = together(
    "cab",
    ((3,), (3,), (3,)), ((2, 3), (3,), ()), ((), (2, 1), (3,)), ((2, 1), (1, 3), (2, 3)),
    ((), (), ()), ((0,), (1,), ()), ((2,), (3,), (3,)), ((3,), (3,), (2,)),
)  # fmt: skip
BOUNDED = of(
    x=[(3,), (2, 3), (), (0,), (3,), (2,)],
    low=[(3,), (3,), (), (0,), (3,), (3,)],
    high=[(3,), (2, 3), (), (0,), (), (2,)],
)
SAME = of(a=[(3,), (2, 3), (), (0,), (1,)], b=[(3,), (2, 3), (), (0,), (1,)])
UNLIKE = of(a=[(3, 1), (1,), (), (2,)], b=[(3,), (3,), (2,), (3,)])
SOME = of(x=[(2, 3, 4), (1, 3, 1), (2, 0, 3), (2, 3)])
VECTORS = of(a=[(3,), (1,), (0,), (2,), (2, 2)], b=[(3,), (1,), (0,), (3,), (2, 2)])
APPLIED = of(
    a=[(2, 3), (1, 1), (0, 3), (2, 0), (2, 3), (3,)], b=[(3,), (1,), (3,), (0,), (2,), (3,)]
)
PRODUCTS = of(
    a=[(2, 3), (3,), (2, 3), (3,), (1, 3), (4, 2, 3), (4, 2, 3), (2, 3), (3,), (4, 2, 3),
       (4, 1, 2, 3), (0, 3), (2, 0), (0,), (2, 0, 3), (5, 0, 3), (2, 3), (3,), (4, 2, 3),
       (4, 2, 3), (), (2,), (4, 2, 3), (3, 2, 3), (1, 1), (2, 3), (3,), (0, 2, 3)],
    b=[(3, 4), (3,), (3,), (3, 4), (3, 1), (4, 3, 5), (3, 5), (4, 3, 5), (4, 3, 5), (3,),
       (5, 3, 2), (3, 2), (0, 4), (0,), (3, 4), (3,), (4, 5), (4, 5), (4, 5),
       (4, 4, 5), (), (3,), (2,), (4, 3, 5), (1, 1), (2,), (4, 2, 5), (3, 2)],
)  # fmt: skip
ADDED = of(
    c=[(2, 4), (4,), (2, 1), (), (1, 1), (0, 4), (2, 4), (2, 3), (3, 2, 4), (2, 4), (4,), (4,)],
    a=[(2, 3), (2, 3), (2, 3), (2, 3), (1, 3), (0, 3), (2, 0), (2, 3), (2, 3), (2, 3), (3,),
       (2, 3)],
    b=[(3, 4), (3, 4), (3, 4), (3, 4), (3, 1), (3, 4), (0, 4), (3, 4), (3, 4), (4, 3), (3, 4),
       (3,)],
)  # fmt: skip
LAYERS = of(
    x=[(4, 3), (3,), (5, 4, 3), (0, 3), (1, 3), (2, 0, 3), (2, 1, 5, 3), (0,), (4, 2), (2,), ()],
    w=[(2, 3), (2, 3), (2, 3), (2, 3), (1, 3), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3)],
    b=[(2,), (2,), (2,), (2,), (1,), (2,), (2,), (2,), (2,), (2,), (2,)],
)
JOINED = of(
    a=[(2, 3), (3,), (0,), (1, 3), (2, 3), (), (2, 3), (0, 3), (0,)],
    b=[(2, 3), (2,), (3,), (2, 3), (2, 2), (), (3,), (2, 3), (0,)],
)

# ---- layouts of memory --------------------------------------------------------------------------


def spaced(array: Array) -> Array:
    """The elements with a gap after each."""
    memory = np.zeros((*array.shape, 2), array.dtype)
    memory[..., 0] = array
    return memory[..., 0]


def turned(array: Array) -> Array:
    """The dims in memory in reverse order."""
    return np.asarray(array.T.copy()).T


def shifted(array: Array) -> Array:
    """A view that begins in the middle of other memory."""
    memory = np.zeros(array.size + 3, array.dtype)
    memory[3:] = array.ravel()
    return memory[3:].reshape(array.shape)


def repeated(array: Array) -> Array:
    """The first of the last dim again and again, in one place: stride 0 (and other values)."""
    if array.ndim == 0 or array.size == 0:
        return array
    first = array[..., :1].copy()
    return np.lib.stride_tricks.as_strided(first, array.shape, (*first.strides[:-1], 0))


LAYOUTS: tuple[Callable[[Array], Array], ...] = (duplicate, spaced, turned, shifted, repeated)

# ---- the rows -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """An expression, the tensors it names, how near to PyTorch, and where the values come from."""

    expression: str
    inputs: Inputs
    near: Near = EXACT
    values: Values | Mapping[str, Values] = field(default=HALVES)

    def __str__(self) -> str:
        return self.expression

    def values_of(self, name: str) -> Values:
        return self.values if isinstance(self.values, Values) else self.values.get(name, HALVES)

    def dtype_of(self, name: str, dtype: Any) -> Any:
        return bool if self.values_of(name) is BITS else dtype

    def arrays(self, shapes: Shapes, dtype: Any = "float32") -> dict[str, Array]:
        """The inputs in given shapes; the same numbers in each run, others for each row."""
        random = np.random.default_rng(zlib.crc32(f"{self}{shapes}".encode()))
        return {
            name: self.values_of(name).draw(random, shape, self.dtype_of(name, dtype))
            for name, shape in zip(self.inputs.names, shapes, strict=True)
        }

    def specials(self, dtype: Any) -> dict[str, Array]:
        """One element for each combination of special values."""
        names = self.inputs.names
        columns = zip(*product(*(self.values_of(name).special for name in names)), strict=True)
        return {
            name: np.asarray(column).astype(self.dtype_of(name, dtype))
            for name, column in zip(names, columns, strict=True)
        }


@st.composite
def random_array(draw: st.DrawFn, shape: Shape, dtype: Any, values: Values = HALVES) -> Array:
    """An array of random values in a random layout."""
    array = draw(hnp.arrays(dtype, shape, elements=values.elements(dtype)))
    return draw(st.sampled_from(LAYOUTS))(array)


@st.composite
def random_inputs(draw: st.DrawFn, row: Row) -> dict[str, Array]:
    """Inputs of random shapes, of one float dtype, with random values and layouts."""
    assert row.inputs.shapes is not None
    dtype = draw(st.sampled_from(FLOATS))
    return {
        name: draw(random_array(shape, row.dtype_of(name, dtype), row.values_of(name)))
        for name, shape in zip(row.inputs.names, draw(row.inputs.shapes), strict=True)
    }
