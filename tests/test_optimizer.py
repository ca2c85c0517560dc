"""Optimizer: groups, options, saved state, hooks and text are PyTorch's; nothing half done."""

import copy
import gc
import pickle

import numpy as np
import pytest
from twins import LIBRARIES, assert_same, bits, named, notes

import minigrad

NAN = float("nan")


def weights(t, *sizes):
    """Parameters of ones, with gradients of ones."""
    params = [t.nn.Parameter(t.ones(size)) for size in sizes]
    for p in params:
        p.grad = t.ones(p.shape)
    return params


def sgd(t, sizes=(2, 1), **options):
    return t.optim.SGD(weights(t, *sizes), **{"lr": 0.1, **options})


def shown(optimizer):
    """All that an optimizer holds, with parameters as their shapes."""
    groups = [
        [(k, [tuple(p.shape) for p in v] if k == "params" else v) for k, v in group.items()]
        for group in optimizer.param_groups
    ]
    state = {getattr(k, "shape", k): v for k, v in optimizer.state.items()}
    return groups, state, optimizer.defaults


def of(params, **options):
    """A program: an optimizer of these parameters."""
    return lambda t: shown(t.optim.SGD(params(t), **options))


OPTIONS = {
    "defaults": {},
    "all": {"lr": 0.5, "momentum": 0.9, "dampening": 0.1, "weight_decay": 0.2, "maximize": True},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
    "differentiable": {"differentiable": True},
    "int": {"lr": 1, "momentum": 1},
    "bools": {"lr": True, "nesterov": 1, "momentum": 1},
    "negative-lr": {"lr": -1},
    "negative-momentum": {"momentum": -1},
    "negative-decay": {"weight_decay": -1},
    "nesterov-alone": {"nesterov": True},
    "nesterov-dampened": {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
    "str-lr": {"lr": "a"},
    "str-momentum": {"momentum": "a"},
    "str-decay": {"weight_decay": "a"},
    "none": {"lr": None},
    "fused-foreach": {"fused": True, "foreach": True},
    "fused-differentiable": {"fused": True, "differentiable": True},
    "bogus": {"bogus": 1},
    "infinite": {"lr": float("inf")},
}

PARAMS = {
    "list": of(lambda t: weights(t, 2, 1)),
    "generator": of(lambda t: (p for p in weights(t, 2))),
    "set": of(lambda t: set(weights(t, 2))),
    "module": of(lambda t: t.nn.Linear(1, 1).parameters()),
    "tensor": of(lambda t: t.ones(1)),
    "parameter": of(lambda t: weights(t, 1)[0]),
    "plain-tensors": of(lambda t: [t.ones(1), t.ones(1, requires_grad=True)]),
    "frozen": of(lambda t: [t.nn.Parameter(t.ones(1), requires_grad=False)]),
    "empty": of(lambda t: []),
    "exhausted": of(lambda t: iter([])),
    "twice": of(lambda t: weights(t, 2) * 2),
    "ints": of(lambda t: [5]),
    "strings": of(lambda t: "abc"),
    "arrays": of(lambda t: np.ones(1)),
    "none": of(lambda t: None),
    "nones": of(lambda t: [None]),
    "lists": of(lambda t: [weights(t, 1)]),
    "dict": of(lambda t: dict(t.nn.Linear(1, 1).named_parameters())),
    "result": of(lambda t: [weights(t, 1)[0] * 2]),
    "named": of(lambda t: t.nn.Linear(1, 1).named_parameters()),
    "some-named": of(lambda t: [*weights(t, 1), ("a", *weights(t, 1))]),
    "triples": of(lambda t: [(1, 2, 3)]),
    "groups": of(
        lambda t: [{"params": weights(t, 1)}, {"params": weights(t, 2), "lr": 0.5}], momentum=0.9
    ),
    "group-of-one": of(lambda t: [{"params": weights(t, 1)[0]}]),
    "group-empty": of(lambda t: [{"params": []}]),
    "group-without-params": of(lambda t: [{"lr": 0.5}]),
    "group-of-set": of(lambda t: [{"params": set(weights(t, 1))}]),
    "group-of-ints": of(lambda t: [{"params": [5]}]),
    "group-order": of(lambda t: [{"lr": 0.5, "params": weights(t, 1), "other": 7}]),
    "group-then-parameter": of(lambda t: [{"params": weights(t, 1)}, *weights(t, 1)]),
    "parameter-then-group": of(lambda t: [*weights(t, 1), {"params": weights(t, 1)}]),
    "overlapping-groups": of(lambda t: [{"params": (w := weights(t, 1))}, {"params": w}]),
    "twice-in-group": of(lambda t: [{"params": weights(t, 1) * 2}]),
    "named-groups": of(
        lambda t: [
            {"params": t.nn.Linear(1, 1).named_parameters()},
            {"params": [("z", *weights(t, 1))]},
        ]
    ),
    "one-named-group": of(
        lambda t: [{"params": t.nn.Linear(1, 1).named_parameters()}, {"params": weights(t, 1)}]
    ),
    "named-second": of(
        lambda t: [{"params": weights(t, 1)}, {"params": t.nn.Linear(1, 1).named_parameters()}]
    ),
    "lr-tensor": lambda t: repr(t.optim.SGD(weights(t, 1), lr=t.tensor(0.1))),
    "lr-tensors": lambda t: t.optim.SGD(weights(t, 1), lr=t.tensor([0.1, 0.2])),
    "lr-tensor-negative": lambda t: t.optim.SGD(weights(t, 1), lr=t.tensor(-0.1)),
}


@pytest.mark.parametrize("options", named(OPTIONS))
def test_options(options):
    assert_same(lambda t: shown(t.optim.SGD(weights(t, 1), **options)))


@pytest.mark.parametrize("program", named(PARAMS))
def test_params(program):
    assert_same(program)


# ---- adding groups -------------------------------------------------------------------------------


def adding(group):
    """A program: add a group, then show the optimizer, or the error."""

    def program(t):
        optimizer = sgd(t, momentum=0.9)
        optimizer.add_param_group(group(t, optimizer))
        return shown(optimizer)

    return program


GROUPS = {
    "added": adding(lambda t, o: {"params": weights(t, 3), "lr": 5}),
    "added-one": adding(lambda t, o: {"params": weights(t, 3)[0]}),
    "added-empty": adding(lambda t, o: {"params": []}),
    "overlapping": adding(lambda t, o: {"params": o.param_groups[0]["params"][:1]}),
    "int": adding(lambda t, o: 5),
    "list": adding(lambda t, o: []),
    "without-params": adding(lambda t, o: {}),
    "of-set": adding(lambda t, o: {"params": set(weights(t, 3))}),
    "of-ints": adding(lambda t, o: {"params": [1]}),
    "of-result": adding(lambda t, o: {"params": weights(t, 1)[0] * 2}),
    "named": adding(lambda t, o: {"params": t.nn.Linear(1, 1).named_parameters()}),
}


@pytest.mark.parametrize("program", named(GROUPS))
def test_adding_groups(program):
    assert_same(program)


REFUSED = [
    lambda o: {"params": [*weights(minigrad, 3), o.param_groups[0]["params"][0]]},
    lambda o: {"params": [*weights(minigrad, 3), 5]},
    lambda o: {"params": weights(minigrad, 3), "lr": -3},
    lambda o: {"params": weights(minigrad, 3), "momentum": NAN},
    lambda o: {"params": weights(minigrad, 3), "nesterov": True},
    lambda o: {"params": [("a", *weights(minigrad, 3))]},
]


@pytest.mark.parametrize("group", REFUSED)
def test_a_refused_group_leaves_nothing_behind(group):
    optimizer = sgd(minigrad)
    before = repr(shown(optimizer))
    added = group(optimizer)
    keys = list(added)
    with pytest.raises((TypeError, ValueError)):
        optimizer.add_param_group(added)
    assert repr(shown(optimizer)) == before
    assert list(added) == keys


@pytest.mark.parametrize("name", ["lr", "momentum", "dampening", "weight_decay"])
def test_options_that_are_nan_are_refused(name):
    for where in ({name: NAN}, {}):
        group = {"params": weights(minigrad, 1)} | ({} if where else {name: NAN})
        with pytest.raises(ValueError, match="nan"):
            minigrad.optim.SGD([group], **where)


def test_a_group_is_checked_as_the_options_are():
    with pytest.raises(ValueError, match="Invalid learning rate: -3"):
        minigrad.optim.SGD([{"params": weights(minigrad, 1), "lr": -3}])


def test_the_users_dict_is_not_changed():
    group = {"params": weights(minigrad, 1)}
    minigrad.optim.SGD([group], lr=0.1)
    assert list(group) == ["params"]


def test_notes_teach():
    assert "model.parameters()" in notes(PARAMS["tensor"])
    assert "ModuleList" in notes(PARAMS["empty"])
    assert "detach" in notes(PARAMS["result"])


# ---- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize("t", LIBRARIES)
def test_zero_grad_forgets(t):
    optimizer = sgd(t)
    optimizer.zero_grad()
    assert [p.grad for p in optimizer.param_groups[0]["params"]] == [None, None]
    optimizer.zero_grad()


@pytest.mark.parametrize("t", LIBRARIES)
def test_zero_grad_fills_with_zeros(t):
    optimizer = sgd(t)
    p, q = optimizer.param_groups[0]["params"]
    grad, q.grad = p.grad, None
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert grad.tolist() == [0, 0]
    assert q.grad is None


GRADIENTS = {
    "view": lambda t, p: t.ones(2, 2)[1],
    "expanded": lambda t, p: t.ones(()).expand(2),
    "requires grad": lambda t, p: t.ones(2, requires_grad=True),
    "computed": lambda t, p: p * 2,
}


@pytest.mark.parametrize("of", ["optimizer", "module"])
@pytest.mark.parametrize("gradient", GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("t", LIBRARIES)
def test_zero_grad_fills_any_gradient_with_zeros(t, gradient, of):
    p = t.nn.Parameter(t.ones(2))
    grad = p.grad = gradient(t, p)
    owner = t.optim.SGD([p]) if of == "optimizer" else t.nn.ParameterList([p])
    owner.zero_grad(set_to_none=False)
    assert p.grad is grad
    assert (grad.tolist(), grad.requires_grad, grad.grad_fn, grad._version) == (
        [0, 0],
        False,
        None,
        1,
    )


@pytest.mark.parametrize("t", LIBRARIES)
def test_zero_grad_refuses_a_view_of_what_was_computed(t):
    p = t.nn.Parameter(t.ones(2))
    p.grad = (p * t.ones(2, 2))[1]
    for owner in (t.optim.SGD([p]), t.nn.ParameterList([p])):
        with pytest.raises(RuntimeError, match="Can't detach views in-place"):
            owner.zero_grad(set_to_none=False)


@pytest.mark.parametrize("t", LIBRARIES)
def test_zero_grad_reaches_frozen_parameters(t):
    optimizer = sgd(t, sizes=(1,))
    (p,) = optimizer.param_groups[0]["params"]
    p.requires_grad_(False)
    optimizer.zero_grad()
    assert p.grad is None


# ---- saving and loading --------------------------------------------------------------------------


def trained(t, **options):
    optimizer = sgd(t, momentum=0.9, **options)
    optimizer.step()
    return optimizer


def loading(change, **options):
    """A program: change a saved state, load it into another optimizer and show that one."""

    def program(t):
        optimizer, saved = sgd(t, momentum=0.5), copy.deepcopy(trained(t, **options).state_dict())
        saved = change(saved, t) or saved
        optimizer.load_state_dict(saved)
        return shown(optimizer)

    return program


def set_buffer(saved, value):
    saved["state"][0]["momentum_buffer"] = value


LOADING = {
    "same": loading(lambda s, t: None),
    "options": loading(lambda s, t: None, weight_decay=0.3, nesterov=True, maximize=True),
    "doubles": loading(lambda s, t: set_buffer(s, t.ones(2, dtype=t.float64))),
    "no-buffer": loading(lambda s, t: set_buffer(s, None)),
    "extra": loading(lambda s, t: s["state"][0].update(x=5, more=[t.ones(1), (1, 2.5)])),
    "step-is-a-count": loading(lambda s, t: s["state"][0].update(step=t.tensor(3))),
    "unknown-parameter": loading(lambda s, t: s["state"].update({9: {"x": 1}, "name": 5})),
    "other-numbers": loading(
        lambda s, t: (
            s["param_groups"][0].update(params=["a", 7])
            or s.update(state={7: s["state"][1], "a": s["state"][0]})
        )
    ),
    "other-option": loading(lambda s, t: s["param_groups"][0].update(other=7)),
    "no-state": loading(lambda s, t: s["state"].clear()),
    "groups": loading(lambda s, t: s["param_groups"].append(s["param_groups"][0])),
    "sizes": loading(lambda s, t: s["param_groups"][0]["params"].pop()),
    "without-groups": loading(lambda s, t: s.pop("param_groups") and s),
    "without-state": loading(lambda s, t: s.pop("state") and s),
    "without-params": loading(lambda s, t: s["param_groups"][0].pop("params") and None),
    "int": loading(lambda s, t: 5),
    "state-list": loading(lambda s, t: s.update(state=[1])),
}

SAVING = {
    "fresh": lambda t: sgd(t).state_dict(),
    "trained": lambda t: trained(t).state_dict(),
    "groups": lambda t: t.optim.SGD(
        [{"params": weights(t, 1, 2)}, {"params": weights(t, 3), "lr": 1}], lr=0.5
    ).state_dict(),
    "named": lambda t: t.optim.SGD(t.nn.Linear(1, 1).named_parameters(), lr=0.5).state_dict(),
    "twice": lambda t: t.optim.SGD(
        [{"params": weights(t, 1) * 2 + weights(t, 2)}, {"params": weights(t, 3)}], lr=0.5
    ).state_dict(),
}


@pytest.mark.parametrize("program", named(SAVING))
def test_saving(program):
    assert_same(program)


@pytest.mark.parametrize("program", named(LOADING))
def test_loading(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_state_dict_is_live(t):
    optimizer = trained(t)
    buffer = optimizer.state_dict()["state"][0]["momentum_buffer"]
    assert buffer is optimizer.state[optimizer.param_groups[0]["params"][0]]["momentum_buffer"]


def test_loaded_state_is_a_copy():
    source, target = trained(minigrad), sgd(minigrad, momentum=0.9)
    saved = source.state_dict()
    target.load_state_dict(saved)
    saved["state"][0]["momentum_buffer"].zero_()
    saved["param_groups"][0]["lr"] = 99
    p = target.param_groups[0]["params"][0]
    assert target.state[p]["momentum_buffer"].tolist() == [1, 1]
    assert target.param_groups[0]["lr"] == 0.1


MISFITS = [
    lambda s: set_buffer(s, minigrad.ones(7)),
    lambda s: s["param_groups"][0].update(lr=-1),
    lambda s: s["param_groups"][0].update(momentum=NAN),
    lambda s: s["param_groups"][0]["params"].pop(),
    lambda s: s.update(state=[1]),
    lambda s: s["state"].update({1: {"momentum_buffer": minigrad.ones(2, 2)}}),
]


@pytest.mark.parametrize("change", MISFITS)
def test_a_refused_state_changes_nothing(change):
    optimizer, saved = trained(minigrad), copy.deepcopy(trained(minigrad).state_dict())
    before = repr(shown(optimizer)), optimizer.state, optimizer.param_groups
    change(saved)
    with pytest.raises((ValueError, AttributeError)):
        optimizer.load_state_dict(saved)
    assert repr(shown(optimizer)) == before[0]
    assert optimizer.state is before[1]
    assert optimizer.param_groups is before[2]


def test_options_that_were_not_saved_are_the_defaults():
    optimizer = sgd(minigrad, momentum=0.9)
    optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0, 1], "lr": 0.5}]})
    assert optimizer.param_groups[0]["momentum"] == 0.9
    assert optimizer.param_groups[0]["lr"] == 0.5
    optimizer.step()


def test_loading_resumes_with_the_same_bits():
    first = sgd(minigrad, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        first.step()
    second = sgd(minigrad, momentum=0.1)
    for p, q in zip(*(o.param_groups[0]["params"] for o in (first, second)), strict=True):
        q.data = p.data.clone()
    second.load_state_dict(first.state_dict())
    for optimizer in (first, second):
        optimizer.step()
    for p, q in zip(*(o.param_groups[0]["params"] for o in (first, second)), strict=True):
        assert np.array_equal(bits(p), bits(q))


# ---- as objects ----------------------------------------------------------------------------------

TEXTS = {
    "plain": sgd,
    "groups": lambda t: t.optim.SGD(
        [{"params": weights(t, 1)}, {"params": weights(t, 1), "lr": 7}]
    ),
    "named": lambda t: t.optim.SGD(t.nn.Linear(1, 1).named_parameters()),
    "base": lambda t: t.optim.Optimizer(weights(t, 1), {}),
    "base-step": lambda t: t.optim.Optimizer(weights(t, 1), {"lr": 1}).step(),
    "state": lambda t: [type(s := sgd(t).state).__name__, s],
    "step": lambda t: sgd(t).step(),
    "step-closure": lambda t: sgd(t).step(lambda: 5),
    "step-int": lambda t: sgd(t).step(5),
    "step-closure-raises": lambda t: sgd(t).step(lambda: 1 / 0),
    "step-closure-mode": lambda t: with_no_grad(t, lambda: sgd(t).step(t.is_grad_enabled)),
    "step-differentiable": lambda t: sgd(t, differentiable=True).step(),
}


def with_no_grad(t, function):
    with t.no_grad():
        return function(), t.is_grad_enabled()


@pytest.mark.parametrize("program", named(TEXTS))
def test_text_and_steps(program):
    assert_same(program)


def test_a_closure_that_raises_changes_nothing():
    optimizer = sgd(minigrad, momentum=0.9)
    before = repr(shown(optimizer))
    with pytest.raises(ZeroDivisionError):
        optimizer.step(lambda: 1 / 0)
    assert repr(shown(optimizer)) == before


@pytest.mark.parametrize("t", LIBRARIES)
def test_deepcopy_with_its_module_steps_the_copy(t):
    net = t.nn.Linear(1, 1)
    optimizer = t.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
    net(t.ones(1)).backward()
    optimizer.step()
    other, stepper = copy.deepcopy((net, optimizer))
    before = net.weight.item()
    other(t.ones(1)).backward()
    stepper.step()
    assert stepper.param_groups[0]["params"][0] is other.weight
    assert (
        stepper.state[other.weight]["momentum_buffer"].item()
        != optimizer.state[net.weight]["momentum_buffer"].item()
    )
    assert net.weight.item() == before
    assert other.weight.item() != before


def test_pickle_brings_back_options_and_state():
    optimizer = pickle.loads(pickle.dumps(trained(minigrad)))
    assert repr(shown(optimizer)) == repr(shown(trained(minigrad)))
    assert optimizer.param_groups[0]["params"][0] in optimizer.state


def hooked(t):
    """What hooks around a step see and change."""
    optimizer, log = sgd(t), []
    optimizer.register_step_pre_hook(
        lambda o, args, kwargs: log.append(("pre", o is optimizer, len(args), kwargs))
    )
    optimizer.register_step_post_hook(
        lambda o, args, kwargs: log.append(("post", o is optimizer, kwargs))
    )
    handle = optimizer.register_step_pre_hook(
        lambda o, args, kwargs: (args, {"closure": lambda: 7})
    )
    log.append(optimizer.step())
    handle.remove()
    log.append(optimizer.step(lambda: 3))
    return log


HOOKS = {
    "hooked": hooked,
    "wrong": lambda t: (o := sgd(t)).register_step_pre_hook(lambda *_: 5) and o.step(),
}


@pytest.mark.parametrize("program", named(HOOKS))
def test_hooks(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_users_may_write_optimizers(t):
    class Signs(t.optim.Optimizer):
        def __init__(self, params, lr=0.5):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            with t.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p -= group["lr"] * p.grad.sign()
                        self.state[p]["steps"] = 1

    optimizer, log = Signs(weights(t, 2)), []
    optimizer.register_step_post_hook(lambda *_: log.append("after"))
    optimizer.step()
    assert optimizer.param_groups[0]["params"][0].tolist() == [0.5, 0.5]
    assert optimizer.state_dict()["state"] == {0: {"steps": 1}}
    assert log == ["after"]


def test_a_step_within_a_step_is_hooked_once():
    class Twice(minigrad.optim.SGD):
        def step(self, closure=None):
            super().step()
            return super().step(closure)

    optimizer, log = Twice(weights(minigrad, 1), lr=0.1), []
    optimizer.register_step_pre_hook(lambda *_: log.append("before"))
    optimizer.step()
    assert log == ["before"]
    assert optimizer.param_groups[0]["params"][0].item() == pytest.approx(0.8)


def test_training_makes_no_cycles():
    net, x = minigrad.nn.Linear(2, 1), minigrad.ones(4, 2)
    optimizer = minigrad.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

    def train(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            net(x).sum().backward()
            optimizer.step()

    train(2)  # ops are written when they are first called
    gc.collect()
    gc.disable()
    try:
        train(50)
        assert gc.collect() == 0
    finally:
        gc.enable()
