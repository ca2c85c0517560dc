"""NumPy on the other side: arrays as operands, ufuncs on tensors, tensors as arrays.

Here minigrad does better than PyTorch on purpose (the deviation `numpy-operands`): an ndarray is a
constant operand on either side, with PyTorch's promotion, and gradients flow to the tensor.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from op_inputs import DTYPES, PAIRS, random_array
from oracle import Array, observe

import minigrad
from minigrad.functions.ufuncs import UFUNCS
from reference.ulps import same_bits

each = pytest.mark.parametrize
OPERATORS = ("+", "-", "*", "/", "**", "==", "!=", "<", "<=", ">", ">=")


def names(seen: dict[str, Any]) -> list[str]:
    return [f"{what}: {value}" for what, value in seen.items() if " b" not in what]


# ---- an array is a constant operand -------------------------------------------------------------


@each("operator", OPERATORS)
@each("right", DTYPES)
@each("left", ["float32", "float64", "int64"])
def test_an_array_on_the_right_acts_as_a_constant_tensor(
    left: str, right: str, operator: str
) -> None:
    a, b = np.array([[1, 2, 3]], left), np.array([[3], [2]], right)
    found = observe(minigrad, f"a {operator} np.array([[3], [2]], '{right}')", {"a": a})
    inputs = {"a": a}
    constant = f"torch.from_numpy(np.array([[3], [2]], '{right}'))"
    assert names(found) == names(observe(minigrad, f"a {operator} {constant}", inputs)), b


@each("operator", OPERATORS)
@each("left", DTYPES)
@each("right", ["float32", "float64", "int64"])
def test_an_array_on_the_left_acts_as_a_constant_tensor(
    left: str, right: str, operator: str
) -> None:
    inputs = {"a": np.array([[1, 2, 3]], right)}
    array = f"np.array([[3], [2]], '{left}')"
    found = observe(minigrad, f"{array} {operator} a", inputs)
    expected = observe(minigrad, f"torch.from_numpy({array}) {operator} a", inputs)
    assert names(found) == names(expected)


@given(st.data())
def test_the_gradient_flows_to_the_tensor_and_the_array_is_left_alone(data: st.DataObject) -> None:
    assert PAIRS.shapes is not None
    shapes = data.draw(PAIRS.shapes)
    a, b = (data.draw(random_array(shape, "float32")) for shape in shapes)
    before = b.copy()
    t = minigrad.from_numpy(a.copy()).requires_grad_()
    u = torch.from_numpy(a.copy()).requires_grad_()
    products: tuple[Any, ...] = (t * b, b * t)
    expected = (u * torch.from_numpy(before), torch.from_numpy(before) * u)
    for y, z in zip(products, expected, strict=True):
        (mine,) = minigrad.autograd.grad(y, t, minigrad.ones_like(y))
        assert mine is not None
        (theirs,) = torch.autograd.grad(z, u, torch.ones_like(z))
        if before.size <= 4:  # longer sums over several dims are in an order of their own
            assert same_bits(mine.numpy(), theirs.numpy())
        rounding = before.size * np.finfo("float32").eps * np.abs(before[np.isfinite(before)]).sum()
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=0, atol=rounding)
    assert same_bits(b, before)


def test_pytorch_itself_goes_another_way() -> None:
    t = torch.ones(2)
    with pytest.warns(DeprecationWarning, match="__array_wrap__"):
        assert (t * np.ones(2)).dtype == torch.float64


def test_an_array_of_a_dtype_that_minigrad_does_not_have_is_refused() -> None:
    t = minigrad.ones(2)
    for array in (np.ones(2, "float16"), np.ones(2, "complex128"), np.array(["a", "b"])):
        with pytest.raises(TypeError, match="minigrad has no dtype"):
            t + array
        with pytest.raises(TypeError, match="minigrad has no dtype"):
            array + t


def test_in_place_with_an_array() -> None:
    t = minigrad.ones(2)
    t += np.array([1.0, 2.0])
    t *= np.array([2, 3])
    assert t.tolist() == [4, 9]
    assert t.dtype == minigrad.float32


# ---- ufuncs -------------------------------------------------------------------------------------

UNARY = [ufunc for ufunc in UFUNCS if ufunc.nin == 1]
BINARY = [ufunc for ufunc in UFUNCS if ufunc.nin == 2 and ufunc.signature is None]


def name(ufunc: np.ufunc) -> str:
    return ufunc.__name__


@each("dtype", ["float32", "float64"])
@each("ufunc", [ufunc for ufunc in UNARY if ufunc is not np.invert], ids=name)
def test_a_ufunc_of_a_tensor_is_recorded_and_computes_what_numpy_computes(
    ufunc: np.ufunc, dtype: str
) -> None:
    x = minigrad.tensor([0.25, 1.0, 2.0], dtype=getattr(minigrad, dtype), requires_grad=True)
    y, expected = ufunc(x), ufunc(x.detach().numpy())
    assert isinstance(y, minigrad.Tensor)
    assert y.requires_grad is (expected.dtype != bool)
    assert y.detach().numpy().dtype == expected.dtype
    near = 1e-6 if dtype == "float32" else 1e-14
    assert np.allclose(y.detach().numpy(), expected, rtol=near)


def test_ufuncs_of_integers_and_bools_give_what_pytorchs_functions_give() -> None:
    assert np.exp(minigrad.tensor([True])).dtype == minigrad.float32
    assert np.square(minigrad.tensor([3])).tolist() == [9]
    assert np.invert(minigrad.tensor([True, False])).tolist() == [False, True]
    with pytest.raises(RuntimeError, match="Negation, the `-` operator, on a bool tensor"):
        np.negative(minigrad.tensor([True]))


@each("ufunc", BINARY, ids=name)
def test_a_ufunc_of_two_is_recorded_with_the_tensor_on_either_side(ufunc: np.ufunc) -> None:
    if name(ufunc).startswith("bitwise"):
        a, other = minigrad.tensor([1, 2]), np.array([3, 1])
    else:
        a, other = minigrad.tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 1.0], "float32")
    for y, expected in (
        (ufunc(a, other), ufunc(a.detach().numpy(), other)),
        (ufunc(other, a), ufunc(other, a.detach().numpy())),
        (ufunc(a, a), ufunc(a.detach().numpy(), a.detach().numpy())),
        (ufunc(a, 2), ufunc(a.detach().numpy(), 2)),
    ):
        assert isinstance(y, minigrad.Tensor)
        assert np.array_equal(y.detach().numpy(), expected)
        assert y.requires_grad is (y.is_floating_point() and a.requires_grad)


@each(
    ("write", "derivative"),
    [
        (np.exp, lambda x: np.exp(x)), (np.sin, lambda x: np.cos(x)), (np.square, lambda x: 2 * x),
        (np.log, lambda x: 1 / x), (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        (lambda x: np.maximum(x, 1.0), lambda x: np.where(x == 1, 0.5, x > 1)),
        (lambda x: np.power(x, 3), lambda x: 3 * x**2),
        (lambda x: np.multiply(2.0, x), lambda x: np.full_like(x, 2)),
    ],
)  # fmt: skip
def test_gradients_flow_through_ufuncs(
    write: Callable[[Any], Any], derivative: Callable[[Array], Array]
) -> None:
    x = minigrad.tensor([0.5, 1.0, 2.0], dtype=minigrad.float64, requires_grad=True)
    write(x).sum().backward()
    assert x.grad is not None
    assert np.allclose(x.grad.numpy(), derivative(x.detach().numpy()), rtol=1e-14)


def test_a_product_of_matrices_is_recorded_with_the_tensor_on_either_side() -> None:
    x = minigrad.ones(2, 3, requires_grad=True)
    left, right = np.arange(2, dtype="float32"), np.arange(6, dtype="float32").reshape(3, 2)
    (left @ x + (x @ right).sum(1).sum()).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[3.0, 15.0, 27.0], [4.0, 16.0, 28.0]]


@each(
    ("call", "words"),
    [
        (lambda t: np.arctan(t), "np.arctan cannot take a Tensor"),
        (lambda t: np.add.reduce(t), "np.add.reduce cannot take a Tensor"),
        (lambda t: np.multiply.outer(t, t), "np.multiply.outer cannot take a Tensor"),
        (lambda t: np.add(t, t, out=np.zeros(2, "float32")), "with out"),
        (lambda t: np.add(t, t, where=np.array([True, False])), "with where"),
        (lambda t: np.exp(t, dtype=np.float64), "with dtype"),
        (lambda t: np.add.at(t, [0], 1), "np.add.at cannot take a Tensor"),
    ],
)  # fmt: skip
def test_what_has_no_op_is_refused_and_says_what_to_call(
    call: Callable[[Any], Any], words: str
) -> None:
    t = minigrad.ones(2)
    with pytest.raises(TypeError, match=words) as caught:
        call(t)
    assert "tensor.detach().numpy()" in "".join(caught.value.__notes__)
    assert t.tolist() == [1, 1]


# ---- a tensor as an array -----------------------------------------------------------------------


def test_functions_of_numpy_read_tensors_that_do_not_require_grad() -> None:
    t = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert np.asarray(t) is not None
    assert np.shares_memory(np.asarray(t), t.numpy())
    assert np.array(t, dtype=np.float64).dtype == np.float64
    assert np.allclose(t, [[1, 2], [3, 4]])
    assert np.concatenate([t, t]).shape == (4, 2)
    assert np.stack([t, t]).shape == (2, 2, 2)
    assert np.mean(t.numpy()) == 2.5
    assert float(np.asarray(t).sum()) == 10


def test_copies_are_made_when_numpy_asks_for_them_and_refused_when_it_forbids_them() -> None:
    t = minigrad.ones(2)
    assert not np.shares_memory(np.array(t), t.numpy())
    assert np.shares_memory(np.array(t, copy=None), t.numpy())
    with pytest.raises(ValueError, match="copy"):
        np.array(t, dtype=np.float64, copy=False)


@each("convert", [np.asarray, lambda t: t.numpy(), lambda t: np.concatenate([t])])
def test_a_tensor_that_requires_grad_is_no_array(convert: Callable[[Any], Any]) -> None:
    words = r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\).numpy\(\)"
    for library in (minigrad, torch):
        with pytest.raises(RuntimeError, match=words):
            convert(library.ones(2, requires_grad=True))


def test_force_takes_the_numbers_all_the_same() -> None:
    assert minigrad.ones(2, requires_grad=True).numpy(force=True).tolist() == [1, 1]


def test_numpy_sees_what_is_written_into_the_tensor_and_the_other_way_round() -> None:
    t = minigrad.zeros(2)
    array = t.numpy()
    t[0] = 5
    array[1] = 7
    assert array.tolist() == t.tolist() == [5, 7]


@each("dtype", DTYPES)
def test_dlpack_hands_the_memory_over(dtype: str) -> None:
    t = minigrad.ones(2, 3, dtype=getattr(minigrad, dtype))
    array = np.from_dlpack(t)
    assert array.dtype == dtype
    assert np.shares_memory(array, t.numpy())
    shared = torch.utils.dlpack.from_dlpack(t)
    assert shared.dtype == getattr(torch, dtype)
    assert shared.data_ptr() == t.data_ptr()


def test_dlpack_refuses_a_tensor_that_requires_grad_in_pytorchs_words() -> None:
    for library in (minigrad, torch):
        t = library.ones(2, requires_grad=True)
        with pytest.raises(BufferError, match="Can't export tensors that require gradient"):
            np.from_dlpack(t)


# ---- numbers ------------------------------------------------------------------------------------


def test_a_numpy_number_on_the_left_keeps_the_graph() -> None:
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y = np.float64(3.0) * x + np.float32(1.0) - np.int64(2)
    assert y.dtype == minigrad.float32
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 3]


def test_a_tensor_of_one_element_is_a_number_to_python() -> None:
    t = minigrad.tensor([[2.5]])
    assert (float(t), int(t), t.item(), bool(t)) == (2.5, 2, 2.5, True)
    assert [10, 20, 30][minigrad.tensor(1)] == 20
    assert f"{minigrad.tensor(2.5):.2f}" == "2.50"
