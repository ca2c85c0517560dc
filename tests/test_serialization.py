"""Copies of tensors, by copy and by pickle."""

import copy
import pickle
import re
import warnings

import numpy as np
import pytest
import torch
from both import in_both, raised
from deviations import known

import minigrad

TENSORS = {
    "constant": lambda torch: torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
    "leaf": lambda torch: with_grad(torch.tensor([1.0, 2.0], requires_grad=True)),
    "parameter": lambda torch: with_grad(torch.nn.Parameter(torch.ones(2))),
    "frozen": lambda torch: torch.nn.Parameter(torch.ones(2), requires_grad=False),
    "result": lambda torch: torch.ones(2, requires_grad=True) * 2,
    "view": lambda torch: torch.arange(6.0).reshape(2, 3)[1],
    "transposed": lambda torch: torch.arange(6.0).reshape(2, 3).t(),
    "expanded": lambda torch: torch.arange(3.0).expand(2, 3),
    "view that is a leaf": lambda torch: torch.arange(6.0)[2:].requires_grad_(),
    "view of a leaf": lambda torch: torch.ones(3, requires_grad=True)[1:],
    "integers": lambda torch: torch.tensor([1, 2]),
    "scalar": lambda torch: torch.tensor(True),
    "empty": lambda torch: torch.ones(0, 3, dtype=torch.float64),
}
WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda t: pickle.loads(pickle.dumps(t)),
}


def with_grad(t):
    (t * t).sum().backward()
    return t


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TENSORS)
@in_both
def test_a_copy(torch, name, way):
    t = TENSORS[name](torch)
    twin = WAYS[way](t)
    shared = twin.numel() > 0 and twin.data_ptr() == t.data_ptr()
    lies_as_before = way == "pickle" or twin.is_contiguous()
    grad = twin.grad if twin.is_leaf else None
    return twin, type(twin).__name__, twin.is_leaf, lies_as_before, shared, grad


@in_both
def test_a_deep_copy_is_independent(torch):
    t = with_grad(torch.tensor([1.0, 2.0], requires_grad=True))
    twin = copy.deepcopy(t)
    with torch.no_grad():
        twin.mul_(10)
        twin.grad.mul_(10)
    (twin * 2).sum().backward()
    return t, t.grad, twin, twin.grad


@in_both
def test_what_is_one_stays_one(torch):
    t = with_grad(torch.tensor([1.0, 2.0], requires_grad=True))
    twins = copy.deepcopy([t, t, t.grad])
    loaded = pickle.loads(pickle.dumps([t, t]))
    return (
        twins[0] is twins[1],
        twins[2].data_ptr() == twins[0].grad.data_ptr(),
        loaded[0] is loaded[1],
    )


@in_both
def test_what_shares_memory_goes_on_sharing_it_in_a_deep_copy(torch):
    base = torch.arange(6.0).reshape(2, 3)
    twins = copy.deepcopy([base[0], base.t(), base, base.detach()[1:]])
    twins[0].fill_(7)
    twins[3].zero_()
    return twins, base


@in_both
def test_a_network_is_copied_with_its_ties_and_without_gradients(torch):
    layer = torch.nn.Linear(2, 2)
    net = torch.nn.Sequential(layer, torch.nn.ReLU(), layer)
    net(torch.ones(2)).sum().backward()
    twin = copy.deepcopy(net)
    return [
        twin[0] is twin[2],
        twin[0].weight.grad,
        len(list(twin.parameters())),
        twin[0].weight.data_ptr() != layer.weight.data_ptr(),
        raised(copy.deepcopy, {"loss": net(torch.ones(2))}),
    ]


PROTOCOLS = (2, 3, 4, 5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@in_both
def test_what_describes_a_tensor_is_pickled(torch, protocol):
    t = torch.ones(2, 3)
    things = (t.shape, t.dtype, t.device, torch.Generator().manual_seed(3), torch.float64)
    size, dtype, device, generator, double = pickle.loads(pickle.dumps(things, protocol))
    return (
        size, dtype is t.dtype, device == t.device, generator.initial_seed(),
        torch.rand(2, generator=generator), double is torch.float64,
    )  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("way", ["pickle", "deepcopy"])
@in_both
def test_a_training_that_was_copied_goes_on_with_the_same_bits(torch, protocol, way):
    def train(net, optimizer):
        x = torch.tensor([[0.5, -1.0], [0.25, 2.0]])
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(net(x), torch.ones(2, 1)).backward()
            optimizer.step()
        return [p.detach().clone() for p in net.parameters()]

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    train(net, optimizer)
    both = (net, optimizer)
    twins = copy.deepcopy(both) if way == "deepcopy" else pickle.loads(pickle.dumps(both, protocol))
    expected, found = train(*both), train(*twins)
    return [a.equal(b) for a, b in zip(found, expected, strict=True)], found


@in_both
def test_an_array_that_was_unpickled_is_one_like_any_other(torch):
    array = pickle.loads(pickle.dumps(np.ones((2, 3), np.float32)))
    layer = torch.nn.Linear(3, 1)
    made = torch.from_numpy(array), torch.tensor(array), torch.as_tensor(array)
    return [layer(x).shape for x in made], [(x + layer.weight).dtype for x in made]


# ---- hooks ---------------------------------------------------------------------------------------


HOOKED = {
    "leaf": lambda torch: torch.ones(2, requires_grad=True),
    "result": lambda torch: torch.ones(2, requires_grad=True) * 2,
    "parameter": lambda torch: torch.nn.Parameter(torch.ones(2)),
}


@pytest.mark.parametrize("name", HOOKED)
@pytest.mark.parametrize("way", ["register_hook", "register_post_accumulate_grad_hook"])
@pytest.mark.parametrize("stays", [False, True])
def test_hooks_stay_behind_with_a_warning_where_pytorch_warns(name, way, stays):
    mine, theirs = (
        first_sentences(library, HOOKED[name], way, stays) for library in (minigrad, torch)
    )
    assert mine == theirs


def first_sentences(library, make, way, stays):
    x = make(library)
    if way == "register_post_accumulate_grad_hook" and not x.is_leaf:
        return []
    handle = getattr(x, way)(print)
    if not stays:
        handle.remove()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pickle.dumps(x)
    said = [str(warning.message) for warning in caught]
    return [re.split(known("unserializable-hooks", r"(?<=serialized)\."), text)[0] for text in said]
