"""What is not in minigrad says so: Python's own error, and a note on what is nearest."""

import copy
import inspect
import pickle

import numpy as np
import pytest
import torch

import minigrad
from minigrad import absent
from minigrad.elsewhere import METHODS, not_here

ASKED = {
    "minigrad": {
        "conv2d": "a Linear layer on x.flatten(1)", "clip": "It is written minigrad.clamp here",
        "multiply": "minigrad.mul", "concat": "minigrad.cat", "float16": "five dtypes",
        "complex64": "five dtypes", "save": "pickle.dump", "load": "np.savez",
        "backends": "computes on the CPU", "jit": "minigrad.compile", "vmap": "jacobian",
        "linalg": "np.linalg", "fft": "without gradients", "sort": "np.argsort",
        "softplus": "log(1 + exp(x))", "floor": "rounding_mode='floor'", "sumation": "minigrad.sum",
        "sparse_coo_tensor": "Sparse ones", "set_default_dtype": "no global settings",
        "utils": "minigrad.randperm", "distributed": "python -m reference distributed",
        "strided": "Memory is NumPy's", "xlogy": "autograd.Function",
    },
    "minigrad.nn": {
        "Conv2d": "Convolutions are outside", "MaxPool2d": "Pooling is outside",
        "BatchNorm1d": "(x - x.mean(0)) / std", "LSTM": "Recurrent layers", "Tanh": "x.tanh()",
        "Transformer": "Attention is outside", "Embedding": "weight[index]", "Dropout": "mask",
        "CrossEntropyLoss": "The one loss here is MSELoss", "L1Loss": "abs().mean()",
        "Softplus": "(1 + x.exp()).log()", "GELU": "ReLU, LeakyReLU, tanh and sigmoid",
        "Linaer": "The layers here are Linear", "ReLU7": "a Module of your own",
    },
    "minigrad.nn.functional": {
        "conv2d": "Convolutions are outside", "cross_entropy": "MSELoss", "l1_loss": "abs(input",
        "dropout": "mask", "gelu": "sigmoid(1.702 * x)", "pad": "cat([zeros, x, zeros], dim)",
        "rellu": "The nearest name is minigrad.nn.functional.relu",
    },
    "minigrad.optim": {
        "Adam": "The one optimizer here is SGD", "AdamW": "weight decay",
        "RMSprop": "subclass minigrad.optim.Optimizer", "lr_scheduler": "param_groups[0]['lr']",
    },
    "minigrad.autograd": {"gradchek": "minigrad.autograd.gradcheck"},
    "tensor": {
        "cuda": "device = 'cpu'", "half": "x.float()", "clip": "tensor.clamp", "floor": "div(x, 1",
        "masked_fill": "where(mask, value, x)", "index_add_": "x[index] = value",
        "t_": "x.squeeze()", "sort": "Sorting and counting", "eq_": "x.copy_(x > y)",
        "select": "x[index]",
    },
}  # fmt: skip


def owner(where: str) -> object:
    if where == "tensor":
        return minigrad.ones(2)
    module: object = minigrad
    for part in where.split(".")[1:]:
        module = getattr(module, part)
    return module


@pytest.mark.parametrize(
    ("where", "name", "says"),
    [(where, name, says) for where, asked in ASKED.items() for name, says in asked.items()],
)
def test_a_name_that_is_not_here_says_what_is_nearest(where: str, name: str, says: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(owner(where), name)
    first = f"module '{where}'" if where != "tensor" else "'Tensor' object"
    assert str(caught.value) == f"{first} has no attribute '{name}'"
    assert caught.value.name == name
    [note] = caught.value.__notes__
    assert says in note


@pytest.mark.parametrize("where", ASKED)
def test_a_name_that_is_not_here_can_be_asked_for(where: str) -> None:
    asked = owner(where)
    for name in ASKED[where]:
        assert not hasattr(asked, name)
        assert getattr(asked, name, "default") == "default"
        assert name not in dir(asked)


def test_every_method_of_pytorchs_tensors_is_here_or_says_what_is_nearest() -> None:
    x = minigrad.ones(2, 2)
    for name in dir(torch.Tensor):
        if name.startswith("_") or hasattr(x, name):
            continue
        with pytest.raises(AttributeError, match=f"'Tensor' object has no attribute '{name}'") as e:
            getattr(x, name)
        assert len(e.value.__notes__) == 1
        with pytest.raises(AttributeError, match="type object 'Tensor' has no attribute"):
            getattr(minigrad.Tensor, name)


def test_every_method_of_pytorchs_modules_is_here_or_says_what_is_nearest() -> None:
    net = minigrad.nn.Linear(1, 1)
    for name in dir(torch.nn.Linear(1, 1)):
        if name.startswith("_") or hasattr(net, name) or not hasattr(torch.nn.Module, name):
            continue
        with pytest.raises(AttributeError, match=f"'Linear' object has no attribute '{name}'") as e:
            getattr(net, name)
        assert len(e.value.__notes__) == 1
        assert name not in dir(net)
    with pytest.raises(AttributeError) as caught:
        net.register_full_backward_hook(print)
    [note] = caught.value.__notes__
    assert "y.register_hook(function)" in note


def test_the_nearest_name_is_there() -> None:
    """Of what no family of notes knows; names that are not here are no advice."""
    for asked in (minigrad.nn.Linear(1, 1), minigrad.ones(1)):
        absent_here = {n for base in type(asked).__mro__ for n in vars(base)} - {*dir(asked)}
        for name in absent_here - {"__abstractmethods__"}:
            with pytest.raises(AttributeError) as caught:
                getattr(asked, name)
            for note in getattr(caught.value, "__notes__", ()):
                _, said, nearest = note.partition("The nearest name is ")
                assert not said or hasattr(asked, nearest.rstrip(".").rpartition(".")[2]), note


def test_what_is_not_here_can_be_a_users_own() -> None:
    class Net(minigrad.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.compile = minigrad.nn.Linear(1, 2)
            self.half = 0.5

        def cuda(self) -> str:
            return "mine"

    net = Net()
    assert (net.cuda(), net.half, net.compile.out_features) == ("mine", 0.5, 2)
    assert [name for name, _ in net.named_children()] == ["compile"]
    assert {"cuda", "half", "compile"} < {*dir(net)}
    with pytest.raises(AttributeError, match="type object 'Net' has no attribute 'xpu'"):
        Net.xpu  # noqa: B018


def test_the_layers_and_optimizers_of_pytorch_are_here_or_have_a_note_of_their_kind() -> None:
    """No class of theirs is left to the general note."""
    for theirs, mine in ((torch.nn, minigrad.nn), (torch.optim, minigrad.optim)):
        for name, value in vars(theirs).items():
            if inspect.isclass(value) and not hasattr(mine, name):
                [note] = not_here(mine.__name__, name, dir(mine)).__notes__
                assert "is not in it" not in note, name


def test_private_names_are_python_s_own_business() -> None:
    for asked in (minigrad, minigrad.nn, minigrad.optim, minigrad.nn.functional):
        with pytest.raises(AttributeError) as caught:
            getattr(asked, "_nothing", *())
        assert not hasattr(caught.value, "__notes__")


def test_a_tensor_is_inspected_copied_and_pickled_as_ever() -> None:
    x = minigrad.ones(2, requires_grad=True)
    members = dict(inspect.getmembers(minigrad.ones(2, 2)))
    assert "cuda" not in members
    assert "matmul" in members
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == [1.0, 1.0]
        assert twin.requires_grad


def test_no_advice_is_given_for_what_is_here() -> None:
    spaces = (minigrad, minigrad.nn, minigrad.nn.functional, minigrad.optim)
    for name in (*absent.SPELLED, *absent.COMPOSED):
        assert not any(hasattr(space, name) for space in spaces), name
    x = minigrad.ones(2)
    assert [name for name in METHODS if hasattr(x, name)] == []


def test_the_other_name_is_here() -> None:
    for name in absent.SPELLED.values():
        assert hasattr(minigrad, name) or hasattr(minigrad.Tensor, name), name


UNARY = (
    "expm1", "log1p", "log2", "log10", "exp2", "rsqrt", "tan", "sinh", "cosh", "floor", "ceil",
    "trunc", "frac", "nn.functional.softplus", "nn.functional.silu", "nn.functional.relu6",
    "nn.functional.hardtanh", "nn.functional.logsigmoid", "nn.functional.softsign",
    "nn.functional.tanhshrink", "nn.functional.mish", "deg2rad", "rad2deg",
)  # fmt: skip


@pytest.mark.parametrize("path", UNARY)
def test_what_can_be_composed_is_composed_right(path: str) -> None:
    values = np.array([0.25, 0.7, 1.5, 3.2, 7.5])
    theirs: object = torch
    for part in path.split("."):
        theirs = getattr(theirs, part)
    text = absent.COMPOSED[path.rpartition(".")[2]]
    names = {name: getattr(minigrad, name) for name in minigrad.__all__}
    mine = eval(text, {**names, "math": __import__("math"), "x": minigrad.from_numpy(values)})
    np.testing.assert_allclose(mine.numpy(), theirs(torch.from_numpy(values)).numpy(), 1e-12)


def test_there_is_no_gpu() -> None:
    assert not minigrad.cuda.is_available()
    assert minigrad.cuda.device_count() == 0
    assert str(minigrad.device("cuda" if minigrad.cuda.is_available() else "cpu")) == "cpu"
