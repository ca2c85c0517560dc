"""Tensors made after another tensor or with a dtype's name: new_*, *_like, FloatTensor and its kin.

Each expression is run under both libraries, which start from the same seed.
"""

import copy
import pickle

import numpy as np
import pytest
import torch
from op_inputs import DTYPES
from oracle import check

import minigrad

SIZES = (
    "2, 3", "(2,)", "[2, 1]", "()", "0", "torch.Size([2, 1])", "size=(1, 2)", "", "-1", "2.0",
    "'a'", "2, dtype=torch.float64", "2, dtype=5", "1, device='cpu'", "2, requires_grad=True",
    "2, requires_grad=1",
)  # fmt: skip
FULL = (
    "(2,), 7", "(2,), 2.5", "(2,), True", "[2], 1, dtype=torch.int32", "2, 1", "(2,), 'a'", "(2,)",
    "size=(1,), fill_value=3", "(1,), 2.0, requires_grad=True", "(2,), torch.tensor(3)",
    "(2,), torch.tensor(3.0, requires_grad=True)", "(2,), 1e300", "(-1,), 2",
)  # fmt: skip
DATA = (
    "[1, 2]", "[1.5]", "3", "True", "[[1], [2]], dtype=torch.int32", "[1.0], requires_grad=True",
    "x", "np.ones(2)", "'a'", "None", "[[1], [2, 3]]", "[]",
)  # fmt: skip
LIKE = ("x", "x, dtype=torch.float64", "x, requires_grad=True", "[1]", "x, dtype=1", "input=x")
METHODS = (
    *(f"x.new_{name}({size})" for name in ("zeros", "ones") for size in SIZES),
    *(f"(x.new_empty({size}) * 0).isnan().shape" for size in SIZES),
    *(f"x.new_full({arguments})" for arguments in FULL),
    *(f"x.new_tensor({data})" for data in DATA),
    *(f"torch.{name}_like({x})" for name in ("zeros", "ones") for x in LIKE),
    *(f"torch.empty_like({x}).shape" for x in LIKE),
    *(f"torch.full_like(x, {value})" for value in ("2", "2.5", "True", "'a'", "torch.tensor(2)")),
    "torch.full_like(x, 2.5, dtype=torch.int64)",
    "torch.full_like(x, fill_value=1)",
)


@pytest.mark.parametrize("expression", METHODS)
def test_a_tensor_of_anothers_kind(expression: str) -> None:
    for dtype in DTYPES:
        check(expression, {"x": np.ones((2, 1), dtype)})


DRAWN = (
    *(f"torch.{name}_like({x})" for name in ("rand", "randn") for x in LIKE),
    "torch.rand_like(x, generator=torch.Generator().manual_seed(3))",
    "torch.randn_like(x, generator=torch.Generator().manual_seed(3))",
    "torch.rand_like(x, generator=3)",
    "torch.randint_like(x, 2)",
    "torch.randint_like(x, 1, 2)",
    "torch.randint_like(x, low=0, high=1)",
    "torch.randint_like(x, 9)",
    "torch.randint_like(x, 0)",
    "torch.randint_like(x, 2.5)",
    "torch.randint(0, 2, (3,), dtype=x.dtype)",
    "torch.randint(0, 3, (3,), dtype=x.dtype)",
)


@pytest.mark.parametrize("expression", DRAWN)
def test_values_drawn_for_a_tensor(expression: str) -> None:
    for dtype in DTYPES:
        check(f"(torch.manual_seed(0), {expression})[1]", {"x": np.ones((2, 3), dtype)})


LAYOUTS = (
    "x.t()", "x[:, ::2]", "x[1:, :3]", "x.reshape(2, 2, 5).permute(2, 0, 1)", "x.t()[::2]",
    "x[:, :1]", "x[:1].t()",
)  # fmt: skip


@pytest.mark.parametrize("view", LAYOUTS)
@pytest.mark.parametrize(
    "drawn",
    ["torch.rand_like(y)", "torch.randn_like(y)", "torch.randint_like(y, 9)", "y.uniform_()",
     "y.normal_()", "torch.nn.init.uniform_(y)", "torch.nn.init.normal_(y)"],
)  # fmt: skip
def test_values_are_drawn_in_the_order_of_memory(view: str, drawn: str) -> None:
    x = {"x": np.zeros((4, 5), np.float32)}
    check(
        f"(torch.manual_seed(0), (lambda y: {drawn})({view}))[1]", x, requires_grad=False,
        ignore="version",
    )  # fmt: skip


@pytest.mark.parametrize("view", [*LAYOUTS[:-1], "x[:1].expand(3, 5)"])
@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like", "rand_like"])
def test_a_tensor_like_another_lies_in_memory_as_it_does(view: str, name: str) -> None:
    check(f"torch.{name}({view}).stride()", {"x": np.zeros((4, 5), np.float32)})


NAMES = ("Float", "Double", "Long", "Int", "Bool")
ARGUMENTS = (
    "[1, 2]", "[1.7]", "[[1], [2]]", "(1, 2)", "np.array([1, 2])", "x", "x.long()", "x.double()",
    "2.5", "['a']", "-1", "None", "2, 'a'",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_as_a_class_makes_tensors(name: str) -> None:
    x = {"x": np.array([1.0, 0.0], np.float32)}
    for arguments in ARGUMENTS:
        check(f"torch.{name}Tensor({arguments})", x)
    for size in ("", "2, 3", "torch.Size([2])", "size=(2,)"):
        check(f"torch.{name}Tensor({size}).shape", x)
    check(f"isinstance(x, torch.{name}Tensor)", x)
    check(f"x.type(torch.{name}Tensor)", x)
    check(f"x.type('torch.{name}Tensor')", x)
    check(f"torch.{name}Tensor.dtype", x)
    check(f"torch.{name}Tensor.__name__", x)


@pytest.mark.parametrize("arguments", [*ARGUMENTS, "x[:1]", "x.bool()", "x * 2"])
def test_the_class_itself_makes_tensors_and_sees_another_one_again(arguments: str) -> None:
    check(f"torch.Tensor({arguments})", {"x": np.array([1.0, 0.0], np.float32)})


def test_the_class_is_printed_by_the_name_that_users_know() -> None:
    check("str(type(x)), str(type(x.shape)), str(type(x.dtype))", {"x": np.ones(1)})


def test_a_dtype_as_a_class_is_copied_by_its_name() -> None:
    for name in NAMES:
        kind = getattr(minigrad, f"{name}Tensor")
        assert pickle.loads(pickle.dumps(kind)) is copy.deepcopy(kind) is kind
        assert repr(kind) == repr(getattr(torch, f"{name}Tensor")).replace("torch", "minigrad")


@pytest.mark.parametrize("name", ["view_as", "reshape_as", "type_as"])
@pytest.mark.parametrize("other", ["x[:2]", "2", "None", "[1, 2]", "np.ones(2)"])
def test_what_follows_another_tensor_takes_tensors(name: str, other: str) -> None:
    check(f"x.{name}({other})", {"x": np.array([1.0, 0.0], np.float32)})


@pytest.mark.parametrize("dim", ["np.int64(0)", "np.int64(1)", "()", "(0,)"])
def test_squeeze_takes_numbers_of_numpy(dim: str) -> None:
    check(f"x.squeeze({dim})", {"x": np.array([[1.0, 0.0]], np.float32)})


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "std", "any"])
def test_a_tensor_of_several_numbers_is_no_dim(name: str) -> None:
    for library in (torch, minigrad):
        x = library.ones(2)
        with pytest.raises(TypeError):
            getattr(x, name)(x)
    with pytest.raises(TypeError) as caught:
        minigrad.ones(2).sum(minigrad.ones(2))
    assert "shape [2] (minigrad.float32) came" in caught.value.__notes__[0]
