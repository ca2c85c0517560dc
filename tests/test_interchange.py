"""A model and its twin: the same keys, values, flags and results, and no memory in common."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import nn
from minigrad.guide import PROGRAMS
from reference import from_torch, to_torch

# ---- models of the contract ---------------------------------------------------------------------


def layers(nn: Any) -> st.SearchStrategy[Any]:
    """Models of either library: layers, and sequences of models."""
    linear = st.builds(
        nn.Linear, st.just(2), st.just(2), bias=st.booleans(), dtype=st.sampled_from(dtypes(nn))
    )
    single = st.one_of(
        linear,
        st.builds(nn.ReLU, inplace=st.booleans()),
        st.builds(nn.LeakyReLU, st.sampled_from([0.0, 0.1, 1])),
        st.builds(nn.Identity),
        st.builds(nn.Flatten, st.integers(0, 1)),
        st.builds(nn.MSELoss, reduction=st.sampled_from(["mean", "sum", "none"])),
        st.builds(nn.ParameterList, st.just([nn.Parameter(library(nn).ones(2)), 3])),
    )
    return st.recursive(
        single,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda made: nn.Sequential(*made)),
            st.lists(inner, max_size=3).map(nn.ModuleList),
            st.dictionaries(st.sampled_from("abc"), inner).map(nn.ModuleDict),
            inner.map(lambda made: nn.ModuleList([made, made])),
            inner.map(lambda made: made.eval()),
            inner.map(lambda made: made.requires_grad_(False)),
        ),
        max_leaves=6,
    )


def library(nn: Any) -> Any:
    return torch if nn is torch.nn else minigrad


def dtypes(nn: Any) -> list[Any]:
    return [library(nn).float32, library(nn).float64]


def described(module: Any) -> dict[str, Any]:
    """All that has to be kept of a model, without tensors."""
    return {
        "text": repr(module).replace("torch.", "minigrad."),
        "state": {k: kept(v) for k, v in module.state_dict().items()},
        "parameters": {k: kept(p) for k, p in module.named_parameters(remove_duplicate=False)},
        "shared": [k for k, _ in module.named_parameters()],
        "modules": [(k, m.training) for k, m in module.named_modules()],
        "all modules": [k for k, _ in module.named_modules(remove_duplicate=False)],
    }


def kept(tensor: Any) -> tuple[Any, ...]:
    array = tensor.detach().numpy()
    return str(array.dtype), array.tolist(), tensor.requires_grad


@settings(max_examples=60)
@given(layers(nn))
def test_a_model_there_and_back(module: nn.Module) -> None:
    twin = to_torch(module)
    again = from_torch(twin)
    assert described(twin) == described(module) == described(again)
    assert type(again) is type(module)


@settings(max_examples=30)
@given(layers(torch.nn))
def test_a_model_of_torch_there_and_back(module: torch.nn.Module) -> None:
    described_before = described(module)
    assert described(from_torch(module)) == described_before
    assert described(to_torch(from_torch(module))) == described_before


def test_the_twin_computes_the_same() -> None:
    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, nn.ReLU(), shared, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(2, 1))
    twin = to_torch(net)
    x = minigrad.randn(5, 2)
    net(x).sum().backward()
    twin(torch.tensor(x.numpy())).sum().backward()
    for ours, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_a_state_dict_of_the_one_fits_the_other() -> None:
    net = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), act=nn.ReLU(), last=nn.Linear(3, 1)))
    twin = to_torch(net)
    assert list(twin.state_dict()) == list(net.state_dict())
    state = {key: minigrad.tensor(value.numpy() + 1) for key, value in twin.state_dict().items()}
    net.load_state_dict(state)
    assert net.last.bias.item() == np.float32(twin.last.bias.item()) + 1


def test_what_is_shared_stays_shared() -> None:
    layer = nn.Linear(2, 2)
    other = nn.Linear(2, 2)
    other.weight = layer.weight
    twin = to_torch(nn.Sequential(layer, nn.Sequential(layer), other))
    assert twin[0] is twin[1][0]
    assert twin[2].weight is twin[0].weight
    assert twin[2].bias is not twin[0].bias


def test_the_twin_has_its_own_memory_and_draws_no_random_numbers() -> None:
    net = nn.Linear(2, 2)
    states = minigrad.get_rng_state(), torch.get_rng_state()
    twin = to_torch(net)
    with torch.no_grad():
        twin.weight.fill_(7)
    again = from_torch(twin)
    assert 7 not in net.weight
    with minigrad.no_grad():
        again.weight.fill_(8)
    assert 8 not in twin.weight
    assert minigrad.get_rng_state().tolist() == states[0].tolist()
    assert torch.equal(torch.get_rng_state(), states[1])


def test_what_is_not_there_stays_so() -> None:
    net = nn.ModuleDict({"a": nn.Linear(1, 1, bias=False)})
    net.add_module("b", None)
    twin = to_torch(net)
    assert twin["a"].bias is None
    assert list(twin.keys()) == ["a", "b"]
    assert twin["b"] is None


def test_values_of_a_strange_layout_are_copied_in_order() -> None:
    net = torch.nn.Linear(3, 2)
    net.weight = torch.nn.Parameter(torch.arange(6.0).reshape(3, 2).T)
    assert from_torch(net).weight.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_gradients_are_not_carried_over() -> None:
    net = nn.Linear(1, 1)
    net(minigrad.ones(1)).backward()
    assert to_torch(net).weight.grad is None


# ---- classes of a user's own --------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 1)])
        self.register_buffer("mean", minigrad.zeros(2))
        self.register_buffer("step", minigrad.tensor(3), persistent=False)
        self.scale = minigrad.tensor([1.0, 2.0])
        self.activation = minigrad.relu
        self.options = {
            "dtype": minigrad.float64,
            "sizes": [1, (2, "x")],
            "size": minigrad.Size([2]),
        }
        self.table = np.arange(3)

    def forward(self, x: Any) -> Any:
        return self.layers[1](self.activation(self.layers[0]((x - self.mean) * self.scale)))


class Twin(torch.nn.Module):
    def __init__(self) -> None:
        raise AssertionError("the twin gets what the original holds")

    def forward(self, x: Any) -> Any:
        return self.layers[1](self.activation(self.layers[0]((x - self.mean) * self.scale)))


def test_a_class_of_ones_own_is_converted_with_its_twin() -> None:
    net = Net().eval()
    twin = to_torch(nn.Sequential(net, nn.ReLU()), classes={Net: Twin})[0]
    assert type(twin) is Twin
    assert not twin.training
    assert list(twin.state_dict()) == list(net.state_dict())
    assert [name for name, _ in twin.named_buffers()] == ["mean", "step"]
    assert twin.activation is torch.relu
    assert twin.options == {"dtype": torch.float64, "sizes": [1, (2, "x")], "size": torch.Size([2])}
    assert twin.table is not net.table
    x = minigrad.rand(4, 2)
    np.testing.assert_allclose(
        twin(torch.tensor(x.numpy())).detach().numpy(), net(x).detach().numpy(), rtol=1e-5
    )
    again = from_torch(twin, classes={Twin: Net})
    assert described(again) == described(net)
    assert again.activation is minigrad.relu
    assert again.options == net.options


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_models_of_the_guide_are_converted_with_their_twins(name: str) -> None:
    ours, theirs = PROGRAMS[name].load(), PROGRAMS[name].load("reference")
    net = ours.Net()
    twin = to_torch(net, classes={ours.Net: theirs.Net})
    assert described(twin) == described(net)


# ---- what has no twin ---------------------------------------------------------------------------


class Opaque(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.callback = self.do_nothing

    @staticmethod
    def do_nothing() -> None: ...


def hooked() -> nn.Module:
    net = nn.Sequential(nn.ReLU())
    net[0].register_forward_hook(lambda module, args, output: None)
    return net


def hooked_twin() -> torch.nn.Module:
    net = torch.nn.ReLU()
    net.register_forward_pre_hook(lambda module, args: None)
    return net


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (lambda: to_torch(Net()), r"the model itself is a test_interchange\.Net"),
        (
            lambda: to_torch(nn.Sequential(Net(), nn.ModuleDict({"x": Opaque()}))),
            r"0 is a test_interchange\.Net; 1\.x is a test_interchange\.Opaque",
        ),
        (
            lambda: to_torch(nn.Sequential(Opaque()), classes={Opaque: torch.nn.Identity}),
            r"0\.callback is a function",
        ),
        (lambda: to_torch(hooked()), "0 is a module with hooks"),
        (lambda: from_torch(hooked_twin()), "the model itself is a module with hooks"),
        (
            lambda: from_torch(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.Dropout())),
            r"0 is a torch\.nn\.modules\.conv\.Conv2d; 1 is a torch\.nn\.modules\.dropout\.Dropout",
        ),
        (
            lambda: from_torch(torch.nn.Linear(1, 1).half()),
            r"weight is a tensor of torch\.float16; bias is a tensor of torch\.float16",
        ),
        (lambda: to_torch(torch.nn.ReLU()), r"to_torch\(\) takes a minigrad\.nn\.Module, not ReLU"),
        (lambda: from_torch(nn.ReLU()), r"from_torch\(\) takes a torch\.nn\.Module, not ReLU"),
    ],
)
def test_what_has_no_twin_is_named(convert: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        convert()


def test_the_note_says_what_to_do() -> None:
    with pytest.raises(TypeError) as caught:
        to_torch(Net())
    (note,) = caught.value.__notes__
    assert "Write the same class for torch" in note
    assert "classes={Net: OtherNet}" in note
    assert "Linear, ReLU, LeakyReLU" in note
