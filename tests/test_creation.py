"""New tensors against PyTorch's: dtype, shape, values, and what is refused with which words."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from op_inputs import DTYPES, FLOATS, random_array
from oracle import Array, check

import minigrad
from reference.ulps import same_bits, ulps

each = pytest.mark.parametrize


@each(
    "data",
    [
        "[]", "[[]]", "[[], []]", "3", "True", "2.5", "[1, 2.]", "[True, 2]", "[True, 2.5]",
        "[True, False]", "[[1, 2], [3, 4]]", "((1, 2), [3, 4])", "range(4)", "[range(2), range(2)]",
        "np.float64(1.5)", "np.float32(1.5)", "np.int32(1)", "np.int64(1)", "np.True_",
        "[np.float64(1.5)]", "[1, np.float64(1.5)]", "[1.5, np.float32(1.5)]", "[np.int32(1)]",
        "[np.int32(1), 2]", "[np.int64(1), 2.5]", "[np.True_, np.False_]", "np.array([1., 2.])",
        "np.array([1, 2], 'int32')", "np.array(5.)", "np.arange(6).reshape(2, 3).T",
        "[torch.tensor(1.), torch.tensor(2.)]", "[torch.tensor(1), 2.5]", "[[torch.tensor(1.)]]",
        "[torch.tensor(1., dtype=torch.float64), 1]", "[torch.tensor([1.]), torch.tensor([2.])]",
        "2**53 + 1", "[2**53 + 1, 2]", "2**62", "-2**63", "1e39", "[1e39, -1e39]", "[1., 2**63]",
        "[nan, inf, -inf, -0.0]", "[np.array([1., 2.]), np.array([2., 3.])]",
    ],
)  # fmt: skip
def test_tensor_infers_the_dtype_as_pytorch_does(data: str) -> None:
    check(f"torch.tensor({data})", {})


@each("dtype", ["float64", "float32", "int64", "int32", "bool"])
@each("data", ["[1, 0]", "[1.7, -1.7]", "[True, False]", "[nan, 2.]", "[2**40]", "[1e39]", "[]"])
def test_a_dtype_given_converts_or_refuses_as_pytorch_does(data: str, dtype: str) -> None:
    check(f"torch.tensor({data}, dtype=torch.{dtype})", {})
    check(f"torch.as_tensor({data}, dtype=torch.{dtype})", {})
    check(f"torch.tensor(torch.tensor([1., 0.]).numpy(), dtype=torch.{dtype})", {})


@each(
    "data",
    [
        "None", "[None]", "[1, None]", "'a'", "['a']", "[['a']]", "[1, 'a']", "b'a'", "[b'a']",
        "{}", "{1, 2}", "[{}]", "2**63", "[2**63]", "-2**63 - 1", "[[1, 2], [3]]", "[[1, 2], 3]",
        "[1, [2, 3]]", "[1., [2]]", "[[1], [2, 3]]", "[[[1]], [[2], [3]]]", "[[1, 2], [3, [4]]]",
        "[1, (2,)]", "[torch.tensor([1., 2.])]", "[torch.tensor([1, 2])]", "[[1], torch.ones(2)]",
        "np.arange(3)[::-1]", "np.array([1], '>i4')", "torch.tensor([1.])",
        "[torch.tensor(1., requires_grad=True)]",
    ],
)  # fmt: skip
def test_tensor_refuses_and_warns_as_pytorch_does(data: str) -> None:
    check(f"torch.tensor({data})", {})


def test_tensor_copies_and_from_numpy_and_as_tensor_share() -> None:
    array = np.ones(2, np.float32)
    copied = minigrad.tensor(array)
    shared, seen = minigrad.from_numpy(array), minigrad.as_tensor(array)
    array[0] = 7
    assert copied.tolist() == [1, 1]
    assert shared.tolist() == seen.tolist() == [7, 1]
    assert minigrad.as_tensor(shared) is shared


def test_a_read_only_array_is_shared_with_a_warning() -> None:
    array = np.ones(2, np.float32)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="The given NumPy array is not writable"):
        minigrad.from_numpy(array)


@each(
    "source",
    [
        "[1]",
        "1.5",
        "np.float64(1)",
        "np.arange(3.)[::-1]",
        "np.array([1], '>i4')",
        "np.ones(6)[::2]",
    ],
)
def test_from_numpy_takes_and_refuses_what_pytorchs_does(source: str) -> None:
    check(f"torch.from_numpy({source})", {})


@each(
    "arguments",
    [
        "[1, 2]", "[True, False]", "[[1, 2], [3, 4]]", "[np.float64(1.5)]", "[]", "range(3)",
        "(1,)", "np.ones((2, 2))", "torch.tensor([1, 2])", "[1e39]", "2.5", "2, 2.5", "'a'",
        "['a']", "None", "-1", "{}", "[1, [2]]", "[[1, 2], [3]]", "5, [1]", "np.float64(1)", "True",
    ],
)  # fmt: skip
def test_the_class_called_makes_float32_of_data(arguments: str) -> None:
    check(f"torch.Tensor({arguments})", {})


@each("arguments", ["2, 3", "", "0", "2, 0", "torch.Size([2, 3])", "np.int64(2)"])
def test_the_class_called_with_integers_makes_a_shape(arguments: str) -> None:
    check(f"torch.Tensor({arguments}).shape, torch.Tensor({arguments}).dtype", {})


SIZES = [
    "2, 3", "(2, 3)", "[2, 3]", "torch.Size([2, 3])", "()", "0", "2, 0", "", "-1", "2, -1", "2.",
    "2, 2.", "(2, 2.)", "(2., 2)", "'a'", "None", "True", "torch.tensor(2)", "torch.tensor(2), 3",
    "np.int64(2)", "size=(2, 3)", "2, size=(3,)", "2, dtype=5", "2, dtype='a'", "2, device='cpu'",
    "2, requires_grad=1", "2, device=torch.device('cpu')", "2, dtype=torch.float64",
    "2, requires_grad=True", "2, dtype=torch.int64, requires_grad=True", "2, requires_grad=None",
    "2, dtype=None",
]  # fmt: skip


@each("size", SIZES)
def test_a_size_is_given_in_all_of_pytorchs_ways(size: str) -> None:
    for name in ("zeros", "ones"):
        check(f"torch.{name}({size})", {})
    for name in ("empty", "rand", "randn"):
        check(f"torch.{name}({size}).shape, torch.{name}({size}).requires_grad", {})


@each("dtype", DTYPES)
def test_of_one_value_in_every_dtype(dtype: str) -> None:
    for call in ("zeros(3, {})", "ones(2, 3, {})", "eye(2, {})", "full((2,), 1, {})"):
        check(f"torch.{call.format(f'dtype=torch.{dtype}')}", {})
    for call in ("zeros_like(x)", "ones_like(x)", "full_like(x, 1)", "empty_like(x).dtype"):
        check(f"torch.{call}", {"x": np.ones((2, 3), dtype)})


@each(
    "arguments",
    [
        "(2,), 1", "(2,), 1.5", "(2,), True", "[2], 1", "(), 7", "2, 1",
        "(2,), 1.5, dtype=torch.int64", "(2,), 1., requires_grad=True",
        "(2,), 1, requires_grad=True", "(2,), torch.tensor(1.5)", "(2,), torch.tensor(1)",
        "(2,), torch.tensor([1., 2.])", "(2,), np.float64(1.5)", "(2,), np.int64(1)", "(2,), 'a'",
        "(2,), [1]", "(2,), None", "(2, 2.), 1", "(-1,), 1", "size=(2,), fill_value=3",
        "(2,), 1e39", "(2,), nan, dtype=torch.int64", "'a', 1", "(2,), 2**40, dtype=torch.int32",
        "(2,), 2**63", "(2,), inf",
    ],
)  # fmt: skip
def test_full(arguments: str) -> None:
    check(f"torch.full({arguments})", {})


@each(
    "call",
    [
        "zeros_like(x, dtype=torch.int64)", "zeros_like(x, requires_grad=True)", "ones_like([1])",
        "zeros_like(1.5)", "full_like(x, 2.7)", "full_like(x, 'a')",
        "full_like(x, 2.7, dtype=torch.int32)", "rand_like(x).shape",
        "randn_like(x, dtype=torch.float64).dtype", "empty_like(x).shape", "full_like(1, 2)",
        "ones_like(x, dtype=torch.bool)",
    ],
)  # fmt: skip
def test_like(call: str) -> None:
    check(f"torch.{call}", {"x": np.ones((2, 3), "float32")})


@each(
    "arguments",
    [
        "3", "3.", "0", "-1", "1, 4", "1, 4, 2", "4, 1, -1", "4, 1", "1, 4, -1", "0, 1, 0",
        "0, 1, 0.1", "0, 1, 0.25", "1., 4", "1, 4, 1.", "0, 1, 0.1, dtype=torch.float64",
        "5, dtype=torch.float32", "5, dtype=torch.int32", "5, dtype=torch.bool", "2.5, 5.2, 0.7",
        "start=1, end=5", "end=5", "1, 5, step=2", "True", "torch.tensor(3)", "torch.tensor(3.)",
        "np.float64(3)", "np.int64(3)", "3, requires_grad=True", "3., requires_grad=True", "'a'",
        "None", "[1]", "nan", "inf", "1, inf", "1, 4, nan", "2**53, 2**53 + 3", "0.1, 1.0, 0.1",
        "-1., 1., 0.3", "10, 0, -3.3", "", "0.5, 3, dtype=torch.int64", "1, 'a'",
    ],
)  # fmt: skip
def test_arange(arguments: str) -> None:
    check(f"torch.arange({arguments})", {})


@each(
    "arguments",
    [
        "0, 1, 5", "0, 1, 1", "0, 1, 0", "0, 1, -1", "1, 0, 3", "-3, 7, 4", "0, 10, 11",
        "-1, 1, 37", "0, 10, 5, dtype=torch.int64", "0, 9, 4, dtype=torch.int32", "0, 1, 100",
        "0.1, 0.7, 13", "0, 1, steps=3, requires_grad=True", "start=0, end=1, steps=3", "0, 1",
        "0, 1, 2.5", "'a', 1, 2", "torch.tensor(0.), 1, 3", "5, 5, 3", "nan, 1, 3", "0, inf, 3",
        "0, 1, 3, dtype=torch.bool",
    ],
)  # fmt: skip
def test_linspace(arguments: str) -> None:
    check(f"torch.linspace({arguments})", {})


few_digits = st.floats(-10, 10, width=16)  # a sum with a product has 53 bits at most


@given(few_digits, few_digits, st.integers(0, 70))
def test_linspace_has_pytorchs_bits_in_float32(start: float, end: float, steps: int) -> None:
    mine = minigrad.linspace(start, end, steps).numpy()
    assert same_bits(mine, torch.linspace(start, end, steps).numpy())


@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(0, 70))
def test_linspace_is_near_in_float64(start: float, end: float, steps: int) -> None:
    mine = minigrad.linspace(start, end, steps, dtype=minigrad.float64).numpy()
    theirs = torch.linspace(start, end, steps, dtype=torch.float64).numpy()
    largest = np.spacing(max(abs(start), abs(end), 1e-300))
    assert (np.abs(mine - theirs) <= largest).all()


@given(st.integers(-50, 50), st.integers(-50, 50), st.sampled_from([-3, -1, 1, 2, 7, -0.25, 2.5]))
def test_arange_has_pytorchs_bits_where_the_step_has_few(start: int, end: int, step: float) -> None:
    check(f"torch.arange({start}, {end}, {step})", {})
    check(f"torch.arange({start}, {end}, {step}, dtype=torch.float64)", {})


@given(
    st.floats(-3, 3), st.integers(0, 100), st.sampled_from([0.1, 0.3, 0.7, -0.1, 1 / 3]),
    st.sampled_from(["float32", "float64"]),
)  # fmt: skip
def test_arange_is_otherwise_as_near_as_a_rounded_product(
    start: float, count: int, step: float, dtype: str
) -> None:
    end = start + (count + 0.5) * step
    mine, theirs = (
        library.arange(start, end, step, dtype=getattr(library, dtype)).numpy()
        for library in (minigrad, torch)
    )
    rounding = 2 * np.spacing(max(abs(start), abs(end)))  # PyTorch rounds product and sum at once
    far_apart = (ulps(mine, theirs) > 1) & (np.abs(mine - theirs) > rounding)
    assert mine.shape == theirs.shape
    assert not far_apart.any()


@each(
    "arguments",
    [
        "3", "2, 3", "3, 2", "0", "-1", "2, -1", "2, dtype=torch.int64", "2, requires_grad=True",
        "2.", "n=2, m=3", "'a'", "True", "2, device='cpu'",
    ],
)  # fmt: skip
def test_eye(arguments: str) -> None:
    check(f"torch.eye({arguments})", {})


@each(
    "call",
    [
        "randint(5, (3,)).shape", "randint(2, 5, (3,)).dtype", "randint(5, 5, (3,))",
        "randint(5, 3)", "randint(0, (3,))", "randint(5, (2,), dtype=torch.float32).dtype",
        "randint(5, (2, 2.))", "randint(high=5, size=(2,)).shape", "randint(3, 2, (2,))",
        "randint('a', (2,))", "randint(low=1, high=5, size=(2,)).shape", "randperm(4).shape",
        "randperm(0)", "randperm(-1)", "randperm(2.5)", "randperm(3, dtype=torch.float32).dtype",
        "get_default_dtype()", "rand(2, dtype=torch.float64).dtype",
        "randn(2, 3, requires_grad=True).requires_grad",
    ],
)  # fmt: skip
def test_random_tensors_are_asked_for_in_pytorchs_words(call: str) -> None:
    check(f"torch.{call}", {})


@each("function", ["rand", "randn", "randperm"])
def test_the_same_seed_gives_the_same_numbers_through_the_public_functions(function: str) -> None:
    numbers = [
        getattr(library, function)(7).numpy()
        for library in (minigrad, torch)
        if library.manual_seed(3)
    ]
    assert np.array_equal(*numbers)


def test_randint_draws_pytorchs_numbers() -> None:
    for library in (minigrad, torch):
        library.manual_seed(5)
    check("torch.randint(-3, 10, (20,))", {})
    check("torch.randint(5, (2, 3))", {})


@given(st.sampled_from(FLOATS).flatmap(lambda kind: random_array((2, 3), kind)))
def test_tensor_and_numpy_go_there_and_back(array: Array) -> None:
    assert np.array_equal(minigrad.tensor(array).numpy(), array, equal_nan=array.dtype.kind == "f")
    nested = minigrad.tensor(array.tolist(), dtype=minigrad.from_numpy(array).dtype)
    assert np.array_equal(nested.numpy(), array, equal_nan=array.dtype.kind == "f")
