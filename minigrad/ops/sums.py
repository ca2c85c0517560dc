"""In which order a sum is taken.

Floating-point addition depends on the order, in the last bit. A short sum is taken here in
PyTorch's order, so that both print the same digits; the order was observed, on x86 processors, and
the tests observe it again. A long sum is taken in an order that is fast with NumPy and accurate:
another one than PyTorch's, and equal to it within the arithmetic's error.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from minigrad.fma import fma
from minigrad.ops.constants import ZERO

__all__ = ["length", "product", "total"]

Array = np.ndarray[Any, np.dtype[Any]]
Axes = int | tuple[int, ...] | None
ndarray = np.ndarray

LARGE = 1 << 16  # elements of a matrix: from here on, how the BLAS copies it tells
# So many rows at most are added as a product with ones. The BLAS adds several at a time: that loses
# less than one by one, and about as little as in PyTorch. With more rows it would be too much.
ROWS = 512

# PyTorch adds in four columns: from five terms on, those beyond the fourth are added to the first,
# or to each other if four elements fill a vector register (float64 ones do), and then the others.
ORDER = {
    4: {5: np.array([0, 4, 1, 2, 3]), 6: np.array([0, 4, 5, 1, 2, 3]),
        7: np.array([0, 4, 5, 6, 1, 2, 3])},
    8: {5: np.array([4, 0, 1, 2, 3]), 6: np.array([4, 5, 0, 1, 2, 3]),
        7: np.array([4, 5, 6, 0, 1, 2, 3])},
}  # fmt: skip


def total(x: Array, axes: Axes = None) -> Array:
    """Σ of an array over an axis, several axes, or all of it."""
    if isinstance(axes, tuple):
        axes = None if len(axes) == x.ndim else axes[0] if len(axes) == 1 else axes
    if axes is None and x.flags.c_contiguous:
        if 0 < x.size < 5 and x.dtype.kind == "f" and type(x) is ndarray:
            return few(x)
        x, axes = x.reshape(-1), 0
        if x.size == 1 and x.dtype.kind == "f":
            return x[0] + 0  # a sum of one term, but a new one
    if axes is not None and x.dtype.kind == "f":
        if isinstance(axes, int) and x.ndim < 3:
            if 4 < x.shape[axes] < 8:
                return in_four_columns(x, axes)
            if axes == 0 and x.ndim == 2 and 8 <= len(x) <= ROWS:
                return x.T.dot(ones(x))
        elif x.size:
            summed = along_neighbours(x, (axes,) if isinstance(axes, int) else axes)
            if summed is not None:
                return summed
    if x.size > 4096 and x.dtype.char == "f" and axes not in (None, x.ndim - 1):
        # Only along the last axis NumPy adds pairwise. Elsewhere it adds row to row, and with
        # float32 the error would grow with the number of rows.
        return np.add.reduce(x, axes, np.float64).astype(x.dtype)
    return np.add.reduce(x, axes, x.dtype)  # a NumPy scalar, if it is all of the array


def few(x: Array) -> Any:
    """Σ of a few numbers, one after the other: Python takes a quarter of NumPy's time for it."""
    return sum(x.flat)  # like NumPy, it begins with 0


def ones(x: Array) -> Array:
    """The vector whose product with x adds up its rows. Not to be written to."""
    if type(x) is not np.ndarray:  # a subclass gets to see that they are made
        return np.ones_like(x[:, 0])
    return cached_ones(x.shape[0], x.dtype)


@functools.lru_cache(maxsize=64)
def cached_ones(rows: int, dtype: np.dtype[Any]) -> Array:
    return np.ones(rows, dtype)


def along_neighbours(x: Array, axes: tuple[int, ...]) -> Array | None:
    """Σ of five to seven terms over axes that lie side by side, and so are one; else None."""
    long = [i for i in axes if x.shape[i] != 1]
    terms = math.prod([x.shape[i] for i in long])
    if not 4 < terms < 8 or math.prod(x.shape[long[0] : long[-1] + 1]) != terms:
        return None
    columns = math.prod(x.shape[long[-1] + 1 :])
    shape = (-1, terms) if columns == 1 else (-1, terms, columns)
    rest = [n for i, n in enumerate(x.shape) if i not in axes]
    return in_four_columns(x.reshape(shape), 1).reshape(rest)


def in_four_columns(x: Array, axis: int) -> Array:
    """Σ of five to seven terms along an axis."""
    across = axis == x.ndim - 1
    order = ORDER[x.itemsize if across else 4][x.shape[axis]]
    if x.ndim == 1 and type(x) is ndarray:
        return few(x.take(order))
    ordered = np.asanyarray(np.add.reduce(x.take(order, axis), axis))
    if across:
        return ordered
    columns = x.shape[-1]  # down the rows of a matrix, full blocks of columns are added in order
    block = 4 if columns < 32 // x.itemsize else 128 // x.itemsize
    full = columns - columns % block
    if not full:
        return ordered
    return np.concatenate([np.add.reduce(x[..., :full], axis), ordered[..., full:]], -1)


def length(x: Array) -> Array:
    """√Σ x² of a vector, in PyTorch's order, whatever its length.

    As many sums as 32 bytes hold numbers run side by side and are added up; the rest follows one by
    one, up to the last multiple of four as squares, the last three fused.
    """
    columns = 32 // x.itemsize
    whole, fours = x.size - x.size % columns, x.size - x.size % 4
    squares = x * x
    found = np.zeros((), x.dtype)
    if whole:
        sums = np.add.reduce(squares[:whole].reshape(-1, columns), 0)
        found = np.add.reduce(sums[:7], 0)  # from eight terms on NumPy's order is another
        if columns == 8:
            found = found + sums[7]
    for i in range(whole, fours):
        found = found + squares[..., i]
    for i in range(fours, x.size):
        found = fma(x[..., i], x[..., i], found)
    return np.asanyarray(np.sqrt(found))


def product(a: Array, b: Array) -> Array:
    """a b of a matrix, or a row, and a matrix."""
    if len(b) == 1:
        return of_one_term(a, b)
    inner, columns = b.shape
    if 1 < inner < 8 and a.dtype.kind == "f":
        rows = len(a) if a.ndim == 2 else 1
        if is_added_in_order(rows, inner, columns, b):
            return of_few_terms(a, b, rows, columns)
    elif b.size >= LARGE and is_better_turned(a, b):
        return in_order(turned(a, b))
    elif b.flags.fnc and is_better_alike(a, b):
        return a.copy("F").dot(b) if a.size < b.size else a.dot(b.copy("C"))
    return a.dot(b)


def is_better_turned(a: Array, b: Array) -> bool:
    """Whether `turned` is faster: a few rows, times the transpose of a large matrix."""
    if a.ndim == 1 or not 1 < a.shape[0] <= min(256, a.shape[1] // 4, b.shape[1] // 2):
        return False
    return a.flags.c_contiguous and b.flags.f_contiguous and a.dtype.kind == "f"


def turned(a: Array, b: Array) -> Array:
    """a b as the transpose of bᵀ aᵀ, which lies column by column in memory.

    The BLAS copies both factors into the blocks that it computes with. To copy the one that NumPy
    has on the right takes longer, and few rows of the other do not make up for it: then the large
    one is better on the left, although the result has to be put in order.
    """
    return b.T.dot(a.T).T


def is_better_alike(a: Array, b: Array) -> bool:
    """Whether it is faster to copy the smaller matrix first, so that both lie column by column,
    as b does, or both row by row.

    For products of up to a million terms OpenBLAS has kernels that pack nothing. The one for rows
    times columns, as in a layer, is slow where the result has more than 1200 numbers, and left out
    there. On processors with AVX-512 the others save up to a third of the time, the copy included;
    where there are no such kernels, the copy adds a tenth or two.
    """
    inner, less, more = b.shape[0], a.size, b.size
    if less > more:
        less, more = more, less
    if not 1200 * inner < less * more / inner <= 1_000_000 or more < 64 * inner or more < 2 * less:
        return False
    return less * a.itemsize <= 1 << 15 and a.flags.c_contiguous and a.dtype.kind == "f"


def in_order(x: Array) -> Array:
    """The array in C order: what is made of two transposes is not."""
    return x if x.flags.c_contiguous else x.copy("C")


def of_one_term(a: Array, b: Array) -> Array:
    """a b of a column and a row: each number of the one times each of the other.

    NumPy's dot leaves it to the BLAS, for which 0 times anything is 0, also NaN. Like a sum, which
    begins with 0, PyTorch's product of a single number or with one makes 0 of -0.
    """
    if a.size == 1:
        lone = a.reshape(()) * (b if a.ndim == 2 else b[0])
    elif b.size == 1:
        lone = a * b.reshape(())
    else:
        return a * b
    return lone + ZERO[lone.dtype]


def of_few_terms(a: Array, b: Array, rows: int, columns: int) -> Array:
    """a b, each product rounded and the products added one after the other."""
    if rows != 1 != columns:
        products, axis = a[:, None] * b.T, -1
    elif columns == 1 or a.ndim == 1 or type(a) is not ndarray:
        products, axis = a * b.T, -1
    elif b.flags.c_contiguous:
        products, axis = a.T * b, 0
    else:  # NumPy takes longer to stretch a row than to repeat it
        products, axis = a.repeat(columns, 0) * b.T, -1
    is_plain = type(products) is ndarray  # a subclass gets to see how they are added
    if is_plain and products.size == len(b):
        return np.array(few(products), ndmin=a.ndim)
    if is_plain and len(b) == 2 and (columns < 8 or not b.flags.c_contiguous):
        # Two can be added in one way only: then the BLAS may, which is faster of neighbours.
        pair = cached_ones(2, products.dtype)
        summed = products.dot(pair) if axis else pair.dot(products)
    else:
        summed = np.add.reduce(products, axis)
    return summed.reshape(rows, columns) if summed.ndim < a.ndim else in_order(summed)


def is_added_in_order(rows: int, inner: int, columns: int, b: Array) -> bool:
    """Whether PyTorch (MKL) rounds each product of so small a product of matrices.

    A larger one is fused: product and sum are rounded once, as the BLAS behind NumPy does too.
    It depends on whether b, the second matrix, is a transpose.
    """
    if columns == 1:
        return inner <= 4 or rows <= 3
    if columns <= 3:
        return True
    if inner >= 4 and not b.flags.c_contiguous:
        return inner == 4 and rows == 1
    return rows < 4 or columns < 12
