"""Module: registration, walking, state, conversion, hooks and text are PyTorch's."""

import copy
import gc
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch
from twins import LIBRARIES, assert_same, bits, named, notes, shown

import minigrad


def network(t):
    """Two layers, of which one is used twice, buffers of both kinds and a parameter of its own."""

    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = t.nn.Linear(2, 3)
            self.act = t.nn.ReLU()
            self.blocks = t.nn.Sequential(t.nn.Linear(3, 3), t.nn.LeakyReLU(0.1))
            self.tied = self.first
            self.scale = t.nn.Parameter(t.ones(1))
            self.register_buffer("seen", t.zeros(1))
            self.register_buffer("scratch", t.ones(2), persistent=False)
            self.register_parameter("absent", None)

        def forward(self, x, times=1):
            return self.blocks(self.act(self.first(x))) * times

    return Net()


def names(pairs):
    return [name for name, _ in pairs]


def empty(t):
    return t.nn.Module()


def with_(t, **fields):
    """A module with attributes."""
    module = t.nn.Module()
    for name, value in fields.items():
        setattr(module, name, value)
    return module


def after(module, *actions):
    """A module and what it looks like after something was done to it."""
    for action in actions:
        action(module)
    return module, names(module.named_parameters()), names(module.named_buffers())


# ---- attributes ----------------------------------------------------------------------------------


def uninitialized(t, value):
    class Net(t.nn.Module):
        def __init__(self):
            self.x = value(t)

    return Net().x


def class_attribute(t):
    class Net(t.nn.Module):
        w = None

        def __init__(self):
            super().__init__()
            self.w = t.nn.Parameter(t.ones(1))

    return Net()


def frozen_result(t):
    """A Parameter that has a history."""
    w = t.nn.Parameter(t.ones(1), requires_grad=False)
    w.mul_(t.nn.Parameter(t.ones(1)))
    return w


ATTRIBUTES = {
    "int-as-child": lambda t: setattr(network(t), "first", 5),
    "tensor-as-child": lambda t: setattr(network(t), "first", t.ones(1)),
    "tensor-as-parameter": lambda t: setattr(network(t), "scale", t.ones(1)),
    "module-as-parameter": lambda t: setattr(network(t), "scale", t.nn.ReLU()),
    "int-as-buffer": lambda t: setattr(network(t), "seen", 5),
    "none-as-parameter": lambda t: after(network(t), lambda m: setattr(m, "scale", None)),
    "none-as-child": lambda t: after(network(t), lambda m: setattr(m, "act", None)),
    "none-as-buffer": lambda t: after(network(t), lambda m: setattr(m, "seen", None)),
    "parameter-after-none": lambda t: after(
        network(t),
        lambda m: setattr(m, "scale", None),
        lambda m: setattr(m, "scale", t.nn.Parameter(t.ones(2))),
    ),
    "parameter-over-child": lambda t: after(
        network(t), lambda m: setattr(m, "act", t.nn.Parameter(t.ones(1)))
    ),
    "parameter-over-buffer": lambda t: after(
        network(t), lambda m: setattr(m, "seen", t.nn.Parameter(t.ones(1)))
    ),
    "parameter-over-plain": lambda t: after(
        with_(t, x=5), lambda m: setattr(m, "x", t.nn.Parameter(t.ones(1)))
    ),
    "module-over-buffer": lambda t: after(network(t), lambda m: setattr(m, "seen", t.nn.ReLU())),
    "module-over-plain": lambda t: after(with_(t, x=5), lambda m: setattr(m, "x", t.nn.ReLU())),
    "tensor-over-buffer": lambda t: after(network(t), lambda m: setattr(m, "seen", t.ones(2))),
    "replaced-child-keeps-its-place": lambda t: after(
        network(t), lambda m: setattr(m, "first", t.nn.Identity())
    ),
    "deleted-and-set-again": lambda t: after(
        network(t), lambda m: delattr(m, "first"), lambda m: setattr(m, "first", t.nn.ReLU())
    ),
    "dot-in-a-name": lambda t: after(with_(t), lambda m: setattr(m, "a.b", t.nn.ReLU())),
    "parameter-with-a-dot": lambda t: setattr(with_(t), "a.b", t.nn.Parameter(t.ones(1))),
    "class-attribute": class_attribute,
    "missing": lambda t: network(t).nope,
    "deleted-missing": lambda t: delattr(network(t), "nope"),
    "deleted": lambda t: after(
        network(t), *[lambda m, n=n: delattr(m, n) for n in ("act", "scale", "seen")]
    ),
    "uninitialized-module": lambda t: uninitialized(t, lambda t: t.nn.ReLU()),
    "uninitialized-parameter": lambda t: uninitialized(t, lambda t: t.nn.Parameter(t.ones(1))),
    "uninitialized-plain": lambda t: uninitialized(t, lambda t: 5),
    "arguments": lambda t: t.nn.Module(5),
    "keyword": lambda t: t.nn.Module(a=5),
    "no-forward": lambda t: network(t).blocks[0] and empty(t)(1),
    "forward-without-input": lambda t: t.nn.Linear(1, 1)(),
}

REGISTRATION = {
    "parameter-dot": lambda t: empty(t).register_parameter("a.b", None),
    "parameter-empty": lambda t: empty(t).register_parameter("", None),
    "parameter-exists": lambda t: network(t).register_parameter("act", None),
    "parameter-method": lambda t: network(t).register_parameter("training", None),
    "parameter-not-a-name": lambda t: empty(t).register_parameter(5, None),
    "parameter-tensor": lambda t: empty(t).register_parameter("z", t.zeros(1)),
    "parameter-int": lambda t: empty(t).register_parameter("z", 5),
    "parameter-history": lambda t: empty(t).register_parameter("z", frozen_result(t)),
    "parameter-again": lambda t: after(
        network(t), lambda m: m.register_parameter("absent", t.nn.Parameter(t.ones(1)))
    ),
    "buffer-dot": lambda t: empty(t).register_buffer("a.b", None),
    "buffer-empty": lambda t: empty(t).register_buffer("", None),
    "buffer-exists": lambda t: network(t).register_buffer("act", None),
    "buffer-not-a-name": lambda t: empty(t).register_buffer(5, None),
    "buffer-int": lambda t: empty(t).register_buffer("z", 5),
    "buffer-again": lambda t: (
        (m := network(t)).register_buffer("scratch", t.ones(1)) or m.state_dict()
    ),
    "module-dot": lambda t: empty(t).add_module("a.b", None),
    "module-empty": lambda t: empty(t).add_module("", None),
    "module-exists": lambda t: network(t).add_module("scale", None),
    "module-not-a-name": lambda t: empty(t).add_module(5, None),
    "module-int": lambda t: empty(t).add_module("z", 5),
    "module-class": lambda t: empty(t).add_module("z", t.nn.ReLU),
    "module-function": lambda t: empty(t).add_module("z", len),
    "module-again": lambda t: after(network(t), lambda m: m.add_module("act", t.nn.Identity())),
    "module-none": lambda t: after(empty(t), lambda m: m.register_module("z", None)),
}


@pytest.mark.parametrize("program", named(ATTRIBUTES))
def test_attributes(program):
    assert_same(program)


@pytest.mark.parametrize("program", named(REGISTRATION))
def test_registration(program):
    assert_same(program)


def test_a_refused_registration_leaves_nothing_behind():
    net = network(minigrad)
    before = list(net.state_dict()), dict(net.__dict__)
    for name, value in [("act", None), ("scale", minigrad.ones(1)), ("z", 5)]:
        with pytest.raises((KeyError, TypeError)):
            net.register_parameter(name, value)
    for name in ("first", "scale", "seen"):
        with pytest.raises(TypeError):
            setattr(net, name, 5)
    assert (list(net.state_dict()), dict(net.__dict__)) == before


def test_attributes_are_where_python_looks_first():
    net = network(minigrad)
    assert net.__dict__["scale"] is net.scale
    assert net.__dict__["first"] is net.first
    assert "__getattr__" not in vars(minigrad.nn.Module)


def test_registries_are_shown_and_cannot_be_written():
    net = network(minigrad)
    assert list(net._modules) == ["first", "act", "blocks", "tied"]
    assert list(net._parameters) == ["scale", "absent"]
    assert list(net._buffers) == ["seen", "scratch"]
    with pytest.raises(TypeError):
        net._modules["new"] = minigrad.nn.ReLU()


def test_notes_teach():
    assert "super().__init__()" in notes(ATTRIBUTES["uninitialized-module"])
    assert "def forward" in notes(lambda t: empty(t)(1))


@pytest.mark.parametrize("t", LIBRARIES)
def test_dir_lists_attributes_but_not_positions(t):
    listed = dir(t.nn.Sequential(t.nn.ReLU()))
    assert "0" not in listed
    assert {"scale", "seen", "first"} <= set(dir(network(t)))


# ---- what is below -------------------------------------------------------------------------------

WALKS = {
    "parameters": lambda t: names(network(t).named_parameters()),
    "parameters-prefix": lambda t: names(network(t).named_parameters("net")),
    "parameters-own": lambda t: names(network(t).named_parameters(recurse=False)),
    "parameters-repeated": lambda t: names(network(t).named_parameters(remove_duplicate=False)),
    "parameters-values": lambda t: list(network(t).parameters()),
    "buffers": lambda t: list(network(t).named_buffers()),
    "buffers-prefix": lambda t: names(network(t).named_buffers("net", recurse=False)),
    "buffers-values": lambda t: list(network(t).buffers()),
    "children": lambda t: list(network(t).children()),
    "named-children": lambda t: names(network(t).named_children()),
    "modules": lambda t: [type(m).__name__ for m in network(t).modules()],
    "named-modules": lambda t: names(network(t).named_modules()),
    "named-modules-prefix": lambda t: names(network(t).named_modules(prefix="net")),
    "named-modules-repeated": lambda t: names(network(t).named_modules(remove_duplicate=False)),
    "submodule": lambda t: network(t).get_submodule("blocks.1"),
    "submodule-self": lambda t: network(t).get_submodule(""),
    "submodule-missing": lambda t: network(t).get_submodule("blocks.9"),
    "submodule-of-parameter": lambda t: network(t).get_submodule("scale"),
    "parameter": lambda t: network(t).get_parameter("blocks.0.bias"),
    "parameter-missing": lambda t: network(t).get_parameter("first.nope"),
    "parameter-path-missing": lambda t: network(t).get_parameter("nope.weight"),
    "parameter-is-module": lambda t: network(t).get_parameter("first"),
    "parameter-is-buffer": lambda t: network(t).get_parameter("seen"),
    "parameter-empty": lambda t: network(t).get_parameter(""),
    "buffer": lambda t: network(t).get_buffer("seen"),
    "buffer-missing": lambda t: network(t).get_buffer("nope"),
    "buffer-is-parameter": lambda t: network(t).get_buffer("scale"),
}


@pytest.mark.parametrize("program", named(WALKS))
def test_walking(program):
    assert_same(program)


# ---- state ---------------------------------------------------------------------------------------


def loading(change, strict=True, assign=False):
    """Load a state dict that was changed; show the result and the network's values."""

    def program(t):
        net, state = network(t), network(t).state_dict()
        change(t, state)
        result = net.load_state_dict(state, strict=strict, assign=assign)
        return result, net.state_dict(), str(result)

    return program


def missing(t, state):
    del state["first.bias"], state["seen"]


def unexpected(t, state):
    state.update({"extra": 1, "first.weight.x": 1, "scratch": t.ones(2), "blocks": 1, "no.w": 1})


def wrong_sizes(t, state):
    state.update({"scale": t.ones(2), "blocks.0.bias": t.ones(1, 3), "seen": t.tensor(1.0)})


def other_dtypes(t, state):
    state.update({"scale": t.tensor([3]), "first.bias": t.ones(3, dtype=t.float64)})


def all_wrong(t, state):
    missing(t, state), unexpected(t, state), wrong_sizes(t, state)


def not_tensors(t, state):
    state.update({"scale": np.ones(1), "seen": [1.0], "first.bias": None})


STATES = {
    "state-dict": lambda t: network(t).state_dict(),
    "prefix": lambda t: list(network(t).state_dict(prefix="net.")),
    "keep-vars": lambda t: network(t).state_dict(keep_vars=True),
    "destination": lambda t: with_(t, fc=t.nn.Linear(1, 1)).state_dict(destination={}, prefix="x."),
    "requires-grad": lambda t: [v.requires_grad for v in network(t).state_dict().values()],
    "same": loading(lambda t, state: None),
    "missing": loading(missing),
    "missing-forgiven": loading(missing, strict=False),
    "unexpected": loading(unexpected),
    "unexpected-forgiven": loading(unexpected, strict=False),
    "sizes": loading(wrong_sizes),
    "sizes-are-not-forgiven": loading(wrong_sizes, strict=False),
    "dtypes": loading(other_dtypes),
    "all-wrong": loading(all_wrong),
    "not-tensors": loading(not_tensors),
    "assigned": loading(lambda t, state: state.update(scale=t.tensor([7.0])), assign=True),
    "assigned-dtypes": loading(
        lambda t, state: state.update(scale=t.ones(1, dtype=t.float64)), assign=True
    ),
    "assigned-integers": loading(lambda t, state: state.update(scale=t.tensor([3])), assign=True),
    "list": lambda t: network(t).load_state_dict([1]),
    "none": lambda t: network(t).load_state_dict(None),
    "0-d": lambda t: (
        (m := with_(t, w=t.nn.Parameter(t.tensor(0.0)))).load_state_dict({"w": t.ones(1)}) and m.w
    ),
    "0-d-from-3": lambda t: with_(t, w=t.nn.Parameter(t.tensor(0.0))).load_state_dict(
        {"w": t.ones(3)}
    ),
    "broadcast": lambda t: with_(t, w=t.nn.Parameter(t.zeros(3))).load_state_dict({"w": t.ones(1)}),
}


@pytest.mark.parametrize("program", named(STATES))
def test_state(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_state_dict_shares_memory(t):
    layer = t.nn.Linear(1, 1)
    layer.state_dict()["weight"].zero_()
    assert layer.weight.item() == 0
    assert isinstance(layer.state_dict(), OrderedDict)


@pytest.mark.parametrize("t", LIBRARIES)
def test_loading_keeps_the_parameters_and_counts_a_version(t):
    layer = t.nn.Linear(1, 1)
    weight, version = layer.weight, layer.weight._version
    layer.load_state_dict({"weight": t.ones(1, 1), "bias": t.ones(1)})
    assert layer.weight is weight
    assert weight._version == version + 1
    assert weight.item() == 1


@pytest.mark.parametrize("t", LIBRARIES)
def test_assigning_takes_the_tensors_and_keeps_requires_grad(t):
    layer, new = t.nn.Linear(1, 1), t.ones(1, 1)
    layer.bias.requires_grad_(False)
    layer.load_state_dict({"weight": new, "bias": t.nn.Parameter(t.ones(1))}, assign=True)
    new.zero_()
    assert layer.weight.item() == 0
    assert layer.weight.requires_grad
    assert not layer.bias.requires_grad


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_a_refused_state_changes_nothing(strict, assign):
    net = network(minigrad)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = {name: value + 1 for name, value in before.items()}
    state["blocks.0.bias"] = minigrad.ones(7)
    with pytest.raises(RuntimeError, match="size mismatch") as raised:
        net.load_state_dict(state, strict=strict, assign=assign)
    assert "Nothing was loaded" in "".join(raised.value.__notes__)
    for name, value in net.state_dict().items():
        assert np.array_equal(bits(value), bits(before[name]))


def test_loading_under_recording_makes_no_graph():
    layer = minigrad.nn.Linear(1, 1)
    source = minigrad.ones(1, 1, requires_grad=True) * 2
    layer.load_state_dict({"weight": source, "bias": minigrad.ones(1)})
    assert layer.weight.is_leaf
    assert layer.weight.requires_grad


# ---- modes and conversion ------------------------------------------------------------------------


def training_of(module):
    return [m.training for m in module.modules()]


MODES = {
    "eval": lambda t: training_of(network(t).eval()),
    "train": lambda t: training_of(network(t).eval().train()),
    "train-int": lambda t: network(t).train(1),
    "train-none": lambda t: network(t).train(None),
    "frozen": lambda t: [p.requires_grad for p in network(t).requires_grad_(False).parameters()],
    "thawed": lambda t: list(network(t).requires_grad_(False).requires_grad_().parameters()),
    "double": lambda t: network(t).double().state_dict(),
    "float": lambda t: network(t).double().float().state_dict(),
    "to-dtype": lambda t: list(network(t).to(t.float64).parameters()),
    "to-keyword": lambda t: list(network(t).to(dtype=t.float64).buffers()),
    "to-tensor": lambda t: list(network(t).to(t.ones(1, dtype=t.float64)).parameters()),
    "to-device": lambda t: network(t).to("cpu"),
    "to-both": lambda t: list(network(t).to("cpu", t.float64).parameters()),
    "to-nothing": lambda t: list(network(t).to().parameters()),
    "to-integers": lambda t: network(t).to(t.int64),
    "to-bool": lambda t: network(t).to(t.bool),
    "type": lambda t: network(t).type(t.float64).state_dict(),
    "type-integers": lambda t: network(t).type(t.int64),
    "cpu": lambda t: network(t).cpu(),
    "integers-stay": lambda t: (m := empty(t)).register_buffer("i", t.tensor([1])) or m.double().i,
    "type-converts-integers": lambda t: (
        (m := empty(t)).register_buffer("i", t.tensor([1])) or m.type(t.float32).i
    ),
}


@pytest.mark.parametrize("program", named(MODES))
def test_modes(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_conversion_keeps_parameters_and_gradients_the_same_objects(t):
    layer = t.nn.Linear(1, 1)
    layer(t.ones(1)).backward()
    weight, grad = layer.weight, layer.weight.grad
    layer.double()
    assert layer.weight is weight
    assert weight.grad is grad
    assert weight.dtype == grad.dtype == t.float64
    layer(t.ones(1, dtype=t.float64)).backward()
    assert weight.grad.item() == 2


@pytest.mark.parametrize("t", LIBRARIES)
def test_zero_grad(t):
    layer = t.nn.Linear(1, 1)
    layer(t.ones(1)).backward()
    grad = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad is grad
    assert grad.item() == 0
    layer.zero_grad()
    assert layer.weight.grad is None


@pytest.mark.parametrize("t", LIBRARIES)
def test_apply_visits_children_first(t):
    seen = []
    net = network(t)
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "ReLU", "Linear", "LeakyReLU", "Sequential", "Net"]


# ---- hooks ---------------------------------------------------------------------------------------


class Times:
    """A program around a module with hooks: what they saw, and what the call returned."""

    def __init__(self, *hooks, x=3):
        self.hooks, self.x = hooks, x

    def __call__(self, t):
        class Net(t.nn.Module):
            def forward(self, x, k=1):
                return x * k

        net, log = Net(), []
        for kind, hook, options in self.hooks:
            register = getattr(net, f"register_forward_{kind}")
            register(lambda *args, hook=hook: hook(log, *args[1:]), **options)
        try:
            return net(self.x, k=2), log
        except Exception as error:
            return type(error).__name__, str(error), log


def noting(name, result=None):
    return lambda log, *args: log.append((name, *args)) or result


def failing(log, *args):
    log.append("failing")
    raise ZeroDivisionError("in a hook")


HOOKS = {
    "pre": Times(("pre_hook", noting("a"), {})),
    "pre-replaces": Times(("pre_hook", noting("a", (7,)), {})),
    "pre-replaces-without-tuple": Times(("pre_hook", noting("a", 7), {})),
    "pre-too-many": Times(("pre_hook", noting("a", (7, 8)), {})),
    "pre-kwargs": Times(("pre_hook", noting("a", ((5,), {"k": 9})), {"with_kwargs": True})),
    "pre-kwargs-none": Times(("pre_hook", noting("a"), {"with_kwargs": True})),
    "pre-kwargs-wrong": Times(("pre_hook", noting("a", 5), {"with_kwargs": True})),
    "pre-prepend": Times(
        ("pre_hook", noting("a"), {}), ("pre_hook", noting("b"), {"prepend": True})
    ),
    "post": Times(("hook", noting("a"), {})),
    "post-replaces": Times(("hook", noting("a", "new"), {}), ("hook", noting("b"), {})),
    "post-kwargs": Times(("hook", noting("a"), {"with_kwargs": True})),
    "post-prepend": Times(("hook", noting("a"), {}), ("hook", noting("b"), {"prepend": True})),
    "both": Times(("pre_hook", noting("a"), {}), ("hook", noting("b"), {})),
    "always": Times(("hook", noting("a"), {"always_call": True}), ("hook", noting("b"), {})),
    "always-after-failing-forward": Times(
        ("hook", noting("a"), {"always_call": True}), ("hook", noting("b"), {}), x=None
    ),
    "always-after-failing-hook": Times(
        ("hook", failing, {}), ("hook", noting("a"), {"always_call": True})
    ),
    "always-after-failing-pre-hook": Times(
        ("pre_hook", failing, {}), ("hook", noting("a"), {"always_call": True})
    ),
    "always-fails": Times(
        ("hook", failing, {"always_call": True}), ("hook", noting("a"), {"always_call": True})
    ),
    "always-fails-after-failing-forward": Times(
        ("hook", failing, {"always_call": True}),
        ("hook", noting("a"), {"always_call": True}),
        x=None,
    ),
}


@pytest.mark.parametrize("program", named(HOOKS))
def test_hooks(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_handle_removes_its_hook(t):
    relu, x = t.nn.ReLU(), t.ones(1)
    with relu.register_forward_hook(lambda *_: "hooked"):
        assert relu(x) == "hooked"
    handle = relu.register_forward_pre_hook(lambda *_: (-x,))
    assert relu(x).item() == 0
    handle.remove()
    handle.remove()
    assert relu(x).item() == 1


def test_hooks_of_one_module_do_not_reach_another():
    first, second = minigrad.nn.ReLU(), minigrad.nn.ReLU()
    first.register_forward_hook(lambda *_: "hooked")
    assert second(minigrad.ones(1)).item() == 1
    assert second._hooks is None


# ---- text and copies -----------------------------------------------------------------------------


def texts(t, extra):
    class Net(t.nn.Module):
        def extra_repr(self):
            return extra

    full = Net()
    full.child = t.nn.Sequential(t.nn.ReLU())
    return Net(), full


TEXTS = {
    "network": network,
    "module": empty,
    "none": lambda t: with_(t, fc=t.nn.ReLU(), w=t.nn.Parameter(t.ones(1))),
    "extra": lambda t: texts(t, "a=1"),
    "extra-lines": lambda t: texts(t, "a=1\nb=2"),
    "linear": lambda t: [t.nn.Linear(2, 3), t.nn.Linear(2, 3, bias=False)],
    "linear-changed": lambda t: with_(t, fc=t.nn.Linear(2, 3)),
    "activations": lambda t: [t.nn.ReLU(), t.nn.ReLU(inplace=True), t.nn.LeakyReLU()],
    "leaky": lambda t: [t.nn.LeakyReLU(1), t.nn.LeakyReLU(0.1, inplace=True), t.nn.LeakyReLU(-2.0)],
    "others": lambda t: [t.nn.Identity(3, a=4), t.nn.Flatten(), t.nn.Flatten(0, 1), t.nn.MSELoss()],
    "loss": lambda t: t.nn.MSELoss(reduction="sum"),
    "loss-old": lambda t: [
        t.nn.MSELoss(size, reduce).reduction
        for size in (None, True, False)
        for reduce in (None, False)
    ],
    "loss-bogus": lambda t: t.nn.MSELoss(reduction="bogus")(t.ones(1), t.ones(1)),
    "loss-broadcast": lambda t: t.nn.MSELoss()(t.ones(3, 1), t.zeros(3)),
    "flatten": lambda t: t.nn.Flatten()(t.ones(2, 3, 4)).shape,
    "identity": lambda t: t.nn.Identity()(t.ones(2)),
    "inplace": lambda t: [t.nn.ReLU(True)(x := -t.ones(2)) is x, x._version],
    "empty-linear": lambda t: [t.nn.Linear(0, 2), t.nn.Linear(2, 0).weight],
    "negative-linear": lambda t: t.nn.Linear(-1, 2),
    "double-linear": lambda t: t.nn.Linear(3, 2, dtype=t.float64).state_dict(),
    "linear-start": lambda t: [
        t.nn.Linear(i, o).state_dict() for i, o in ((1, 1), (2, 3), (40, 2))
    ],
    "linear-reset": lambda t: (m := t.nn.Linear(2, 2)).reset_parameters() or m.state_dict(),
    "linear-version": lambda t: [p._version for p in t.nn.Linear(2, 2).parameters()],
}


@pytest.mark.parametrize("program", named(TEXTS))
def test_text(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_deepcopy_is_independent_and_keeps_ties(t):
    net = network(t)
    net.register_forward_hook(lambda *_: "hooked")
    other = copy.deepcopy(net)
    assert other.tied is other.first
    assert other.first is not net.first
    with t.no_grad():
        other.scale.zero_()
    assert net.scale.item() == 1
    assert repr(other) == repr(net)
    assert list(other.state_dict()) == list(net.state_dict())
    assert other(t.ones(2)) == "hooked"


def test_pickle_brings_back_values_and_ties():
    net = minigrad.nn.Sequential(minigrad.nn.Linear(2, 2), minigrad.nn.ReLU())
    net.append(net[0])
    other = pickle.loads(pickle.dumps(net))
    assert repr(other) == repr(net)
    assert other[2] is other[0]
    assert np.array_equal(bits(other[0].weight), bits(net[0].weight))
    assert len(list(other.parameters())) == 2


def test_a_shallow_copy_has_registries_of_its_own():
    net = network(minigrad)
    other = copy.copy(net)
    other.extra = minigrad.nn.ReLU()
    del other.act
    assert other.first is net.first
    assert "extra" not in dict(net.named_children())
    assert "act" in dict(net.named_children())


def test_what_lists_members_is_a_generator_of_the_module():
    for name in ("parameters", "named_parameters", "named_buffers", "named_children", "modules"):
        ours, theirs = (getattr(t.nn.Linear(1, 1), name)() for t in (minigrad, torch))
        assert repr(ours).partition(" at ")[0] == repr(theirs).partition(" at ")[0]


def test_calls_make_no_cycles():
    net, x = network(minigrad), minigrad.ones(1, 2)
    net(x).sum().backward()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            net.zero_grad()
            net(x).sum().backward()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_helpers_see_differences():
    assert shown(lambda t: 1 / 0, torch) == "ZeroDivisionError: division by zero"
    with pytest.raises(AssertionError):
        assert_same(lambda t: t.__name__ == "torch")
    with pytest.raises(AssertionError):
        assert_same(lambda t: 1 / (t.__name__ == "torch"))


# ---- layers as functions -------------------------------------------------------------------------


def for_one_output(t, rows, bias):
    """What linear makes of a weight of one dim and a bias, and their gradients."""
    x, w, b = (t.tensor(values, requires_grad=True) for values in (rows, [2.0, 3.0], bias))
    y = t.nn.functional.linear(x, w, b)
    y.sum().backward()
    return y, x.grad, w.grad, b.grad


@pytest.mark.parametrize("rows", [[1.0, 2.0], [[1.0, 2.0]], [[[1.0, 2.0], [3.0, 4.0]]], [1.0]])
@pytest.mark.parametrize("bias", [5.0, [5.0]])
def test_a_weight_of_one_dim_has_a_bias_without_dims(rows, bias):
    assert_same(lambda t: for_one_output(t, rows, bias))
