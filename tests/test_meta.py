"""Tests of the helpers: what is wrong is found, what is right passes, and the program runs."""

import contextlib
import io
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import changes, world
from hypothesis import given
from hypothesis import strategies as st
from op_cases import ROWS
from op_inputs import EACH, FLOATS, LAYOUTS, PAIRS, Row, random_inputs
from oracle import NUMBERS, Near, check, close, differences, duplicate, observe, ours, snippet

import minigrad
from minigrad.autograd.op import Array as OpArray
from minigrad.autograd.op import Op, op

X = {"x": np.array([1.0, 0.0, -2.0], "float32")}


class Twin(SimpleNamespace):
    """minigrad with something replaced."""

    def __getattr__(self, name: str) -> Any:
        return getattr(minigrad, name)


def square(derivative: Any) -> Op:
    """x * x, with a derivative of the caller's."""

    @op(label="PowBackward0")
    def square(x: OpArray, /) -> OpArray:
        return np.multiply(x, x)

    square.derivative(x=derivative)
    return square


def overwritten(x: Any) -> Any:
    """x, with other values in its memory and nothing to show for it."""
    x.data.mul_(2)
    return x


# ---- what is planted is found -------------------------------------------------------------------


def test_the_right_op_passes() -> None:
    check("torch.square(x)", X, library=Twin(square=square(lambda g, x: g * (2 * x))))


@pytest.mark.parametrize(
    ("derivative", "what"),
    [
        (lambda g, x: g * 2, "gradient of x"),
        (lambda g, x: g * 2.0001 * x, "gradient of x"),
        (lambda g, x: g * np.nextafter(np.float32(2), np.float32(3)) * x, "gradient of x"),
        (lambda g, x: 2 * x, "gradient of x"),  # the upstream gradient forgotten
        (lambda g, x: -(-g * (2 * x)) + 0.0, "gradient of x"),  # 0. where PyTorch has -0.
    ],
)
def test_a_wrong_derivative_is_found(derivative: Any, what: str) -> None:
    with pytest.raises(AssertionError, match=what):
        check("torch.square(x)", X, library=Twin(square=square(derivative)), order=1)


def test_a_gradient_of_another_dtype_is_found() -> None:
    def grad(*arguments: Any, **options: Any) -> Any:
        found: Any = minigrad.autograd.grad(*arguments, **options)
        return tuple(g.double() for g in found)

    with pytest.raises(
        AssertionError, match=r"dtype of gradient of x: minigrad 'minigrad\.float64'"
    ):
        check("torch.square(x)", X, library=Twin(autograd=SimpleNamespace(grad=grad)), order=1)


def test_a_derivative_that_is_wrong_in_the_second_order_only_is_found() -> None:
    cut_off = square(lambda g, x: g * (2 * np.asarray(getattr(x, "array", x))))
    with pytest.raises(AssertionError, match="second-order gradient of x"):
        check("torch.square(x)", X, library=Twin(square=cut_off))


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: minigrad.square(x).double(), "dtype of result 0: minigrad 'minigrad.float64'"),
        (lambda x: minigrad.square(x) + 1, "result 0: minigrad"),
        (lambda x: minigrad.square(x).reshape(1, 3), "shape of result 0"),
        (lambda x: minigrad.square(x).detach(), "requires_grad of result 0: minigrad False"),
        (lambda x: x * x, "grad_fn of result 0: minigrad 'MulBackward0'"),
        (lambda x: (minigrad.square(x),), "container: minigrad 'tuple of 1'"),
        (lambda x: x.reshape(3), r"result 0 shares memory with: minigrad \['x'\]"),
        (lambda x: x, r"result 0 is: minigrad \['x'\]"),
        (lambda x: minigrad.square(x.to("cuda")), "error: minigrad .RuntimeError: minigrad has no"),
        (lambda x: minigrad.square(x.detach().add_(0)), "version of x afterwards: minigrad 1"),
        (lambda x: minigrad.square(overwritten(x)), "x afterwards"),
        (lambda x: minigrad.ones(3, requires_grad=True) * 4, "gradient of x: minigrad None"),
    ],
)  # fmt: skip
def test_a_wrong_result_is_found(function: Any, what: str) -> None:
    with pytest.raises(AssertionError, match=what):
        check("torch.square(x)", X, library=Twin(square=function))


def test_a_warning_that_should_not_be_there_is_found() -> None:
    def warned(x: Any) -> Any:
        np.float32(1) / np.float32(0)
        return minigrad.square(x)

    with pytest.raises(AssertionError, match="RuntimeWarning: divide by zero"):
        check("torch.square(x)", X, library=Twin(square=warned))


def test_another_error_is_found_and_another_note_is_not() -> None:
    def refused(x: Any) -> Any:
        error = TypeError("exp(): argument 'input' (position 1) must be Tensor, not int")
        error.add_note("A note is for the reader.")
        raise error

    check("torch.exp(1)", {}, library=Twin(exp=refused))
    with pytest.raises(AssertionError, match=r"error: minigrad .TypeError: exp.*not int"):
        check("torch.exp('a')", {}, library=Twin(exp=refused))


def test_gradients_that_share_memory_are_found() -> None:
    shared = square(lambda g, x: g)
    seen = observe(Twin(square=shared), "torch.square(x)", X, order=1)
    assert seen["gradients overlap"] == []  # the engine copies what is not the leaf's own
    leaking = Twin(autograd=SimpleNamespace(grad=lambda y, inputs, g, **options: tuple(g)))
    with pytest.raises(AssertionError, match="gradients overlap"):
        check("torch.square(x)", X, library=leaking, order=1)


def test_what_is_ignored_is_not_compared() -> None:
    check("torch.square(x)", X, library=Twin(square=lambda x: x * x), ignore="grad_fn")


# ---- the arithmetic of nearness -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_close_counts_units_in_the_last_place(dtype: str) -> None:
    one = np.ones(1, dtype)
    up = np.nextafter(one, 2 * one)
    assert close(one, one, 0)
    assert not close(one, up, 0)
    assert close(one, up, 1)
    assert not close(one, np.nextafter(up, 2 * one), 1)
    assert not close(one, -one, 1000)


def test_zero_units_ask_for_the_bits_and_half_a_unit_for_the_number() -> None:
    zeros = np.array([0.0, -0.0]), np.array([-0.0, 0.0])
    assert not close(*zeros, 0)
    assert close(*zeros, NUMBERS.value)
    assert not close(np.array([1.0]), np.array([1.0 + 2**-52]), NUMBERS.value)


@pytest.mark.parametrize("units", [0, 3])
def test_nan_is_nan_and_infinity_is_infinity(units: float) -> None:
    odd = np.array([np.nan, np.inf, -np.inf])
    assert close(odd, odd, units)
    assert not close(odd, np.array([np.nan, np.inf, np.inf]), units)
    assert not close(odd, np.array([0.0, np.inf, -np.inf]), units)
    assert not close(np.array([3e38], "float32"), np.array([np.inf], "float32"), units)


def test_a_floor_measures_small_differences_at_its_own_size() -> None:
    tiny, zero = np.array([1e-16]), np.array([0.0])
    assert not close(tiny, zero, 2)
    assert close(tiny, zero, 2, floor=1.0)
    assert not close(np.array([1e-15]), zero, 2, floor=1.0)


def test_arrays_of_different_dtypes_are_never_close() -> None:
    assert not close(np.ones(1, "float32"), np.ones(1), 1e9)


@given(st.sampled_from(ROWS))
def test_pytorch_agrees_with_itself(row: Row) -> None:
    arrays = row.arrays(row.inputs.samples[0])
    twice = [observe(torch, row.expression, arrays) for _ in range(2)]
    assert list(differences(twice[0], twice[1], Near())) == []


# ---- memory -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_a_duplicate_lies_in_memory_as_the_original_does(layout: Any) -> None:
    original = layout(np.arange(6.0).reshape(2, 3))
    copy = duplicate(original)
    assert np.array_equal(copy, original)
    assert copy.strides == original.strides
    assert not np.shares_memory(copy, original)


@given(random_inputs(Row("a + b", PAIRS)))
def test_both_libraries_see_the_strides_that_were_drawn(inputs: dict[str, np.ndarray]) -> None:
    for a in inputs.values():
        mine, theirs = minigrad.from_numpy(duplicate(a)), torch.from_numpy(duplicate(a))
        assert mine.stride() == theirs.stride()
        assert np.array_equal(mine.numpy(), theirs.numpy(), equal_nan=True)


# ---- the program to paste -----------------------------------------------------------------------


@pytest.mark.parametrize("library", ["torch", "minigrad"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_snippet_runs_under_both_and_shows_result_and_gradient(
    layout: Any, library: str
) -> None:
    inputs = {"a": layout(np.array([[1.0, np.nan], [-1.0, 2.0]])), "b": np.zeros((0, 3), "float32")}
    program = snippet("torch.relu(a), b.sum()", inputs)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(program.replace("import torch", f"import {library} as torch"), {})
    again = "1." if layout.__name__ == "repeated" else "nan"
    assert re.search(rf"\[\[ *1., +{again}\],\s+\[ *0., +(0|2).\]\]", shown.getvalue())
    assert "grad_fn=<ReluBackward0>" in shown.getvalue()
    assert "tensor([], size=(0, 3))" in shown.getvalue()


def test_a_failing_comparison_ends_in_a_program() -> None:
    with pytest.raises(AssertionError) as caught:
        check("torch.square(x)", X, library=Twin(square=lambda x: x * x))
    text = str(caught.value)
    assert text.startswith("torch.square(x)\n    grad_fn of result 0")
    assert text.endswith(snippet("torch.square(x)", X))


def test_pytorchs_name_becomes_ours_in_words_only() -> None:
    assert ours("torch.float32 in torch, not in torchvision") == (
        "minigrad.float32 in minigrad, not in torchvision"
    )
    assert ours("deprecated. (Triggered internally at /a/b.cpp:1.)") == "deprecated."


# ---- the table and the seal ---------------------------------------------------------------------


def test_no_row_stands_twice_for_the_same_inputs() -> None:
    said = [(row.expression, row.inputs.samples) for row in ROWS]
    assert len(set(said)) == len(said)


def test_rows_draw_the_same_numbers_in_each_run_and_others_in_each_row() -> None:
    one, other = Row("torch.exp(x)", EACH), Row("torch.log(x)", EACH)
    again = Row("torch.exp(x)", EACH)
    assert np.array_equal(one.arrays(((5,),))["x"], again.arrays(((5,),))["x"])
    assert not np.array_equal(one.arrays(((5,),))["x"], other.arrays(((5,),))["x"])


def test_the_seal_notices_each_kind_of_change() -> None:
    before = world()
    with np.errstate(divide="raise"), minigrad.no_grad(), np.printoptions(precision=3):
        changed = [line.partition(":")[0] for line in changes(before, world())]
    assert changed == ["minigrad's grad mode", "NumPy's error state", "NumPy's print options"]
    assert changes(before, world()) == []
