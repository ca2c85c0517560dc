"""Every op in all its forms against PyTorch: value, gradients, dtype, memory and errors.

The rows are in op_cases.py, what is compared is in oracle.py. Here it is said with which inputs.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from deviations import known
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import ROWS
from op_inputs import DTYPES, EACH, FLOATS, HALVES, LAYOUTS, REALS, Row, Shape, random_inputs
from oracle import EXACT, check

from minigrad import functions

ELEMENTWISE = [row for row in ROWS if row.inputs.elementwise]
RANDOM = [row for row in ROWS if row.inputs.shapes is not None]


def each(rows: Sequence[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=str)


# ---- the table ----------------------------------------------------------------------------------


@each(ROWS)
def test_a_row_is_pytorchs_in_each_of_its_shapes(row: Row) -> None:
    for shapes, dtype in itertools.product(row.inputs.samples, FLOATS):
        check(row.expression, row.arrays(shapes, dtype), row.near)


@each(ELEMENTWISE)
def test_a_row_is_pytorchs_at_kinks_poles_zeros_of_both_signs_infinities_and_nan(row: Row) -> None:
    for dtype in FLOATS:
        check(row.expression, row.specials(dtype), row.near)


@each([row for row in ELEMENTWISE if row.inputs is EACH])
def test_a_row_is_pytorchs_for_upstream_gradients_that_are_zero_infinite_or_nan(row: Row) -> None:
    specials = row.specials("float32")["x"]
    for g in specials:
        check(
            row.expression, {"x": specials}, row.near, order=1,
            upstream=lambda y, g=g: np.full(y.shape, g, y.dtype),
        )  # fmt: skip


@each(ROWS)
def test_a_row_is_pytorchs_in_every_mixture_of_dtypes(row: Row) -> None:
    arrays = row.arrays(row.inputs.samples[0])
    for dtypes in itertools.product(DTYPES, repeat=min(len(arrays), 2)):
        kinds = [*dtypes, dtypes[0]]
        mixed = {
            name: array.astype(row.dtype_of(name, kind))
            for (name, array), kind in zip(arrays.items(), kinds, strict=False)
        }
        check(row.expression, mixed, row.near, **options(row, dtypes))


def options(row: Row, dtypes: tuple[str, ...]) -> dict[str, Any]:
    """What is compared of a mixture of dtypes."""
    if row.expression in ("a ** b", "torch.pow(a, b)") and dtypes[-1] == "bool":
        return known("pow-by-bools", {"order": 0})
    return {"order": 1}


@each(ROWS)
def test_a_row_is_pytorchs_wherever_the_elements_lie_in_memory(row: Row) -> None:
    arrays = row.arrays(row.inputs.samples[0])
    for layout in LAYOUTS:
        laid_out = {name: layout(array) for name, array in arrays.items()}
        check(row.expression, laid_out, row.near, order=1)


@each([row for row in ROWS if row.near == EXACT and row.inputs is EACH and row.values is HALVES])
def test_an_exact_row_has_pytorchs_bits_for_numbers_of_all_digits_at_every_size(row: Row) -> None:
    random = np.random.default_rng(0)
    for size in (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 67):
        for dtype in FLOATS:
            check(row.expression, {"x": REALS.draw(random, (size,), dtype)}, row.near, order=1)


SIDES = st.integers(1, 4)
FEW = st.integers(1, 3)
SMALL_SUMS: list[tuple[str, st.SearchStrategy[dict[str, Shape]]]] = [
    ("x.sum()", st.builds(lambda n: {"x": (n,)}, st.integers(1, 7))),
    ("x.mean()", st.builds(lambda n: {"x": (n,)}, st.integers(1, 7))),
    ("x.sum(0)", st.builds(lambda n, m: {"x": (n, m)}, st.integers(1, 7), st.integers(1, 40))),
    ("x.mean(1)", st.builds(lambda n, m: {"x": (m, n)}, st.integers(1, 7), st.integers(1, 40))),
    ("x.sum(1)", st.builds(lambda n, m: {"x": (2, n, m)}, st.integers(1, 7), st.integers(1, 40))),
    ("x.sum((1, 2))", st.builds(lambda n, m: {"x": (m, n, 2)}, FEW, st.integers(1, 5))),
    ("x.mean((0, 2))", st.builds(lambda n, m: {"x": (n, 1, 2, m)}, FEW, st.integers(1, 40))),
    ("x.sum((0, 2))", st.builds(lambda n, m: {"x": (n, m, 2)}, FEW, st.integers(1, 5))),
    ("a * b", st.builds(lambda n: {"a": (n, 3), "b": (3,)}, st.integers(1, 7))),
    ("a / b", st.builds(lambda n: {"a": (2, n), "b": ()}, FEW)),
    ("a @ b", st.builds(lambda n, k, m: {"a": (n, k), "b": (k, m)}, SIDES, FEW, SIDES)),
    (
        "torch.nn.functional.linear(x, w, b)",
        st.builds(lambda n, k, m: {"x": (n, k), "w": (m, k), "b": (m,)}, SIDES, FEW, SIDES),
    ),
    (
        "torch.nn.functional.linear(x, w, b)",
        st.builds(lambda k, m: {"x": (k,), "w": (m, k), "b": (m,)}, FEW, SIDES),
    ),
    (
        "torch.nn.functional.mse_loss(a, b)",
        st.builds(lambda n: {"a": (n, 1), "b": (n, 1)}, st.integers(1, 7)),
    ),
]


@pytest.mark.parametrize(("expression", "shapes"), SMALL_SUMS)
@given(st.data())
def test_short_sums_and_products_of_any_numbers_have_pytorchs_bits(
    expression: str, shapes: st.SearchStrategy[dict[str, Shape]], data: st.DataObject
) -> None:
    dtype = data.draw(st.sampled_from(FLOATS))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    inputs = {name: REALS.draw(random, shape, dtype) for name, shape in data.draw(shapes).items()}
    check(expression, inputs, order=1)


METHODS = [
    (row, re.sub(r"^torch\.(\w+)\(([a-z])(?:, )?", r"\2.\1(", row.expression))
    for row in ROWS
    if (name := re.match(r"torch\.(\w+)\([a-z][,)]", row.expression))
    and hasattr(torch.Tensor, name[1])
]


@pytest.mark.parametrize(("row", "method"), METHODS, ids=[method for _, method in METHODS])
def test_the_method_is_the_function(row: Row, method: str) -> None:
    check(method, row.arrays(row.inputs.samples[0]), row.near, order=1)


def test_every_function_has_a_row() -> None:
    said = " ".join(row.expression for row in ROWS)
    unsaid = {"getitem", "setitem", "rsub", "to_any", "reversed_dims"}
    random = {"normal_", "uniform_"}
    expected = {"matrix_transpose": "mT"}
    for name in set(functions.__all__) - unsaid - random:
        assert f".{expected.get(name, name)}" in said, f"{name} is in no row of the table"


# ---- random inputs ------------------------------------------------------------------------------

ANY = st.sampled_from(RANDOM)  # made once: Hypothesis hashes them all


@given(st.data())
@settings(max_examples=4 * settings().max_examples)
def test_a_row_is_pytorchs_on_random_inputs(data: st.DataObject) -> None:
    row = data.draw(ANY, label="row")
    arrays = data.draw(random_inputs(row), label="inputs")
    check(row.expression, arrays, row.near)
