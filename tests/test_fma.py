"""c·x + y, rounded once: as rational arithmetic has it, and as PyTorch has it everywhere.

The comparison is made on this processor: PyTorch's own bits may differ elsewhere, where it has no
fused multiply-add. The first test says which form the installed PyTorch computes.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import minigrad
from minigrad.fma import BLOCK, FEW, fma

DTYPES = ["float32", "float64"]


def fused(c, x, y):
    """c·x + y rounded once to float64, by rational arithmetic."""
    return float(Fraction(c) * Fraction(x) + Fraction(y))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 16, 40, 1000, FEW + 1, BLOCK + 1])
def test_torch_fuses(dtype, size):
    """If this fails, PyTorch rounds twice on this machine, and SGD's last bits are not its own."""
    rng = np.random.default_rng(size)
    x, y = rng.standard_normal((2, size)).astype(dtype)
    c = np.dtype(dtype).type(-0.013)
    ours = fma(np.array(c, float), x, y)
    theirs = torch.tensor(y).add(torch.tensor(x), alpha=-0.013).numpy()
    assert np.array_equal(ours, theirs)
    if size == 1000:
        assert not np.array_equal(c * x + y, theirs)


@pytest.mark.parametrize("size", [40, FEW + 1, BLOCK])
@pytest.mark.parametrize("place", ["x", "y", "both"])
def test_the_result_may_take_the_place_of_an_operand(size, place):
    x, y = np.random.default_rng(0).standard_normal((2, size)).astype(np.float32)
    y = x if place == "both" else y
    expected = fma(np.array(0.3), x, y)
    out = y if place == "y" else x
    assert fma(np.array(0.3), x, y, out=out) is out
    assert np.array_equal(out, expected)


def test_threads_do_not_write_over_each_others_intermediates():
    x = np.random.default_rng(0).standard_normal((8, BLOCK)).astype(np.float32)
    c = np.array(0.3)
    expected = [fma(c, row, row) for row in x]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: fma(c, x[k % 8], x[k % 8]), range(200)))
    assert all(np.array_equal(y, expected[k % 8]) for k, y in enumerate(found))


finite64 = st.floats(-1e100, 1e100).filter(lambda v: v == 0 or abs(v) > 1e-100)


@given(c=finite64, x=finite64, y=finite64)
@example(c=1.0 + 2.0**-27, x=1.0 - 2.0**-27, y=-1.0)  # the plain product loses everything
@example(c=0.1, x=10.0, y=-1.0)
@example(c=3.0, x=0.14249322787, y=-9.8e-54)  # half way between two numbers, but for y
@example(c=3.0, x=-0.0, y=-0.0)
def test_fma_is_rational_arithmetic_rounded_once(c, x, y):
    ours = fma(np.array(c), np.array([x]), np.array([y]))
    assert ours[0] == fused(c, x, y)


special = st.sampled_from([np.nan, np.inf, -np.inf])


@given(st.tuples(special, st.floats(), st.floats()).flatmap(st.permutations))
def test_what_is_not_finite_is_as_in_plain_arithmetic(values):
    c, x, y = map(np.array, values)
    with np.errstate(all="ignore"):
        assert np.array_equal(fma(c, x[None], y[None]), [c * x + y], equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("signs", [*itertools.product([-1.0, 1.0], repeat=3)])
def test_signs_of_zero(dtype, signs):
    x, y = (np.array([0.0 * sign], dtype) for sign in signs[1:])
    for factor in (signs[0], 0.0 * signs[0]):
        theirs = torch.tensor(y).add(torch.tensor(x), alpha=factor).numpy()
        ours = fma(np.array(factor), x, y)
        assert np.signbit(ours) == np.signbit(theirs)


def test_fma_writes_where_it_is_told():
    x, y = np.ones(3, "f"), np.ones(3, "f")
    assert fma(np.array(2.0), x, y, out=y) is y
    assert y.tolist() == [3, 3, 3]
    assert x.tolist() == [1, 1, 1]


# ---- where it is used: the same bits as PyTorch's ------------------------------------------------

# A sum with a tiny number can lie next to half way: see the exception in the docstring of fma.py.
starts = st.floats(-100, 100).filter(lambda v: v == 0 or abs(v) > 1e-3)
steps = st.floats(-10, 10).filter(lambda v: abs(v) > 1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["add", "sub"])
@given(alpha=st.floats(-1e30, 1e30), seed=st.integers(0, 2**32 - 1))
def test_sums_with_a_factor(dtype, name, alpha, seed):
    rng = np.random.default_rng(seed)
    for shapes in (((), ()), ((5,), (5,)), ((3, 1), (4,)), ((64,), ())):
        a, b = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
        ours, theirs = (
            getattr(t.tensor(a), name)(t.tensor(b), alpha=alpha).numpy() for t in (minigrad, torch)
        )
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", DTYPES)
@given(start=starts, step=steps, count=st.integers(1, 70))
@example(start=1.6967896015396207, step=4.999999999999998, count=16)  # a tie, if rounded twice
def test_values_in_a_row(dtype, start, step, count):
    end = start + step * count
    for function, last in (("arange", step), ("linspace", count)):
        ours, theirs = (
            getattr(t, function)(start, end, last, dtype=getattr(t, dtype)).numpy()
            for t in (minigrad, torch)
        )
        assert np.array_equal(ours, theirs), function
