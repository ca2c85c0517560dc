"""Which dtype a mixture has, against PyTorch live: all pairs of dtypes, ranks and Python numbers.

Tensors with dims decide among themselves; a 0-d tensor counts only where its category (bool,
integer, float) is higher, and a Python number after it. NumPy's scalars act as Python numbers.
"""

import itertools

import numpy as np
import pytest
import torch
from op_inputs import DTYPES
from oracle import check, observe, ours

import minigrad
from minigrad import dtypes

RANKS = ((), (2,), (1, 2))
OPERATORS = ("+", "-", "*", "/", "//", "%", "==", "<", "&")
NUMBERS = ("True", "0", "2", "-3", "2.5", "-0.0", "1e39", "inf", "nan", "2**31", "2**40")
SCALARS = ("np.float64(2.5)", "np.float32(2.5)", "np.int64(2)", "np.int32(2)")

each_dtype = pytest.mark.parametrize("dtype", DTYPES)
each_operator = pytest.mark.parametrize("operator", OPERATORS)


def ones(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return np.ones(shape, dtype)


@each_operator
@pytest.mark.parametrize("right", DTYPES)
@pytest.mark.parametrize("left", DTYPES)
def test_two_tensors_have_pytorchs_common_dtype(left: str, right: str, operator: str) -> None:
    for shape, other in itertools.product(RANKS, repeat=2):
        inputs = {"a": ones(shape, left), "b": ones(other, right)}
        check(f"a {operator} b", inputs, order=1)


@pytest.mark.parametrize("right", DTYPES)
@pytest.mark.parametrize("left", DTYPES)
@pytest.mark.parametrize(
    "expression",
    [
        "torch.maximum(a, b)", "torch.where(a > 0, a, b)", "torch.where(a > 5, a, b)",
        "torch.cat([a, b])", "torch.stack([a, b])", "torch.clamp(a, b)", "a.type_as(b)",
    ],
)  # fmt: skip
def test_functions_of_two_tensors_promote_likewise(expression: str, left: str, right: str) -> None:
    for shape in RANKS:
        check(expression, {"a": ones(shape, left), "b": ones(shape, right)}, order=1)


@pytest.mark.parametrize("number", NUMBERS)
@each_operator
@each_dtype
def test_a_python_number_counts_only_in_a_higher_category(
    dtype: str, operator: str, number: str
) -> None:
    for shape in RANKS:
        check(f"x {operator} {number}", {"x": ones(shape, dtype)}, order=1)
        check(f"{number} {operator} x", {"x": ones(shape, dtype)}, order=1)


@pytest.mark.parametrize("number", ["2**63", "2**64 - 1", "2**64", "-(2**63)"])
@each_operator
@pytest.mark.parametrize("dtype", [kind for kind in DTYPES if kind != "bool"])
def test_an_integer_of_64_bits_wraps_around_and_a_larger_one_is_refused(
    dtype: str, operator: str, number: str
) -> None:
    check(f"x {operator} ({number})", {"x": ones((2,), dtype)}, order=1)


@pytest.mark.parametrize("number", [*NUMBERS[:6], "0.5"])
@each_dtype
def test_powers_promote_likewise(dtype: str, number: str) -> None:
    for shape in RANKS:
        check(f"x ** {number}", {"x": ones(shape, dtype)}, order=1)
        if number != "True":  # in whose derivative PyTorch has an internal error
            check(f"({number}) ** x", {"x": ones(shape, dtype)}, order=1)


@pytest.mark.parametrize("scalar", SCALARS)
@each_operator
@each_dtype
def test_a_numpy_scalar_on_the_right_acts_as_pytorch_lets_it(
    dtype: str, operator: str, scalar: str
) -> None:
    for shape in RANKS:
        check(f"x {operator} {scalar}", {"x": ones(shape, dtype)}, order=1)


@pytest.mark.parametrize("scalar", [*SCALARS, "np.True_"])
@each_operator
@each_dtype
def test_a_numpy_scalar_on_the_left_acts_as_the_python_number(
    dtype: str, operator: str, scalar: str
) -> None:
    for shape in RANKS:
        inputs = {"x": ones(shape, dtype)}
        found = observe(minigrad, f"{scalar} {operator} x", inputs, order=1)
        expected = observe(minigrad, f"({scalar}).item() {operator} x", inputs, order=1)
        assert list(map(str, found.items())) == list(map(str, expected.items()))


@pytest.mark.parametrize("shape", RANKS)
@each_dtype
def test_a_number_wherever_a_function_takes_one(dtype: str, shape: tuple[int, ...]) -> None:
    for expression in (
        "torch.where(x > 0, x, 2.5)", "torch.where(x > 0, 2, x)", "torch.clamp(x, 0.5)",
        "torch.clamp(x, 0, 1)", "torch.clamp(x, 0, 1.5)", "torch.add(x, 1, alpha=2)",
        "torch.add(x, 1.5, alpha=0.5)", "torch.full_like(x, 2.5)", "x.clone().add_(1)",
        "x.clone().mul_(2.5)", "x.clone().fill_(2.5)", "x.clone().div_(2)",
    ):  # fmt: skip
        check(expression, {"x": ones(shape, dtype)}, order=1)


@each_dtype
def test_sums_of_integers_are_int64_and_means_are_refused(dtype: str) -> None:
    x = {"x": ones((2, 3), dtype)}
    for expression in ("x.sum()", "x.sum(0)", "x.mean()", "x.mean(1)", "x.float().mean()"):
        check(expression, x)


@pytest.mark.parametrize("function", ["exp", "log", "sqrt", "tanh", "sigmoid", "sin", "reciprocal"])
@each_dtype
def test_functions_that_leave_the_integers_make_float32_of_them(dtype: str, function: str) -> None:
    zeros = np.zeros(3, dtype)  # whose results are exact
    check(f"torch.{function}(x).dtype", {"x": zeros})


@pytest.mark.parametrize("function", ["square", "abs", "neg", "sign", "clone", "relu"])
@each_dtype
def test_functions_that_stay_among_the_integers_keep_them(dtype: str, function: str) -> None:
    check(f"torch.{function}(x)", {"x": ones((3,), dtype)})


def test_gradients_come_back_in_the_dtype_of_their_input() -> None:
    for left, right in itertools.product(("float32", "float64"), DTYPES):
        inputs = {"a": ones((2,), left), "b": ones((2,), right)}
        seen = observe(minigrad, "(a * b).double() * a", inputs, order=1)
        assert seen["dtype of gradient of a"] == f"minigrad.{left}"
        if right.startswith("float"):
            assert seen["dtype of gradient of b"] == f"minigrad.{right}"


# ---- dtypes as objects --------------------------------------------------------------------------


@pytest.mark.parametrize("name", DTYPES)
def test_a_dtype_describes_itself_as_pytorchs_does(name: str) -> None:
    mine, theirs = getattr(minigrad, name), getattr(torch, name)
    assert repr(mine) == ours(repr(theirs))
    for what in ("is_floating_point", "is_complex", "is_signed", "itemsize"):
        assert getattr(mine, what) == getattr(theirs, what)


def test_the_short_names_are_the_same_dtypes() -> None:
    short = (minigrad.float, minigrad.double, minigrad.int, minigrad.long)
    assert short == (minigrad.float32, minigrad.float64, minigrad.int32, minigrad.int64)


def test_a_dtype_that_minigrad_does_not_have_is_refused_with_the_ones_it_has() -> None:
    for array in (np.ones(2, "float16"), np.ones(2, "complex64"), np.ones(2, "uint8")):
        with pytest.raises(TypeError, match=r"minigrad has no dtype .*float32, float64, int64"):
            minigrad.from_numpy(array)
        with pytest.raises(TypeError, match="minigrad has no dtype"):
            minigrad.tensor([1.0]) * array


@pytest.mark.parametrize("kind", ["float32", np.float32, np.dtype("float32"), 5, None.__class__])
def test_what_is_no_dtype_is_refused_as_one(kind: object) -> None:
    with pytest.raises(TypeError, match=r"argument 'dtype' must be minigrad\.dtype"):
        minigrad.zeros(2, dtype=kind)


def test_python_types_are_dtypes_too() -> None:
    for kind in ("bool", "int", "float"):
        check(f"torch.ones(2, dtype={kind})", {})


def test_a_mixture_of_nothing_has_no_dtype() -> None:
    with pytest.raises(ValueError, match="at least one operand"):
        dtypes.result_type()


PAIRED = ("2", "-7", "0", "True", "False", "0.1", "3.3", "inf", "1e300", "2**40")


@pytest.mark.parametrize("function", ["add", "sub", "mul", "div", "floor_divide", "pow", "eq"])
def test_a_function_of_two_numbers(function: str) -> None:
    """Arithmetic takes them, and makes a tensor of the default dtype; the others refuse them."""
    for a, b in itertools.product(PAIRED, repeat=2):
        check(f"torch.{function}({a}, {b})", {}, order=0)
    check(f"torch.{function}(2, 'a')", {}, order=0)
    check(f"torch.{function}('a', 2)", {}, order=0)
