"""The doctor is right: what it says of a network is what training, and PyTorch, show."""

import copy
import random
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import minigrad
import reference
from minigrad import diagnose, nn, optim
from minigrad.__main__ import main
from minigrad.autograd.functional import hessian
from minigrad.autograd.watch import listeners
from minigrad.doctor import Diagnosis, Finding, Unit, diagnose_program
from minigrad.doctor.curvature import bound, curvature
from minigrad.doctor.moves import Mover
from minigrad.guide import PROGRAMS
from minigrad.guide import relu as program

SEEDS = range(64)


def losses(net: Any, steps: int = 100, **options: Any) -> list[float]:
    return [loss.item() for loss in program.train(net, steps, **options)]


def fresh(seed: int) -> Any:
    minigrad.manual_seed(seed)
    return program.Net()


def examined(net: Any, optimizer: Any = None) -> Diagnosis:
    return diagnose(net, program.input, program.target, optimizer)


def sgd(net: Any, lr: float = 0.1, momentum: float = 0.9, **options: Any) -> optim.SGD:
    return optim.SGD(net.parameters(), lr=lr, momentum=momentum, **options)


def mlp(seed: int, *sizes: int) -> nn.Sequential:
    minigrad.manual_seed(seed)
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def kinds(diagnosis: Diagnosis) -> list[str]:
    return [finding.kind for finding in diagnosis.findings]


# ---- the ReLU of the guide, for every seed -------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_neuron_is_dead_or_alive_as_training_shows(seed: int) -> None:
    net = fresh(seed)
    diagnosis = examined(net, sgd(net))
    (unit,) = diagnosis.units
    first = net.fc.weight.item()
    found = losses(net)
    assert unit.dead == (net.fc.weight.item() == first) == (found[0] == found[-1] == 25.0)
    assert unit.dead == bool(diagnosis.of("dead unit")) == (not diagnosis.healthy)
    assert unit.best == first  # the input is 1
    if unit.dead:
        assert unit.misses == -first
        assert unit.silent == ("fc.weight[0]",)
        assert "for good" in str(diagnosis)
        assert f"misses 0 by {np.float32(-first)!s};" in str(diagnosis)
    else:
        assert found[-1] < 1e-2
        assert "fc, unit 0 is alive" in str(diagnosis)


def test_some_are_dead_and_some_are_not() -> None:
    dead = [examined(fresh(seed)).units[0].dead for seed in SEEDS]
    assert 20 < sum(dead) < 44


@pytest.mark.parametrize("seed", [0, 3, 13, 15, 16, 17, 18])  # dead, all of them
def test_the_bias_that_it_asks_for_is_the_least_that_revives(seed: int) -> None:
    net = fresh(seed)
    (finding,) = examined(net).of("dead unit")
    needed = np.float32(finding.values["bias"])
    for bias, alive in ((needed, False), (np.nextafter(needed, np.float32(9)), True)):
        remade = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
        remade.load_state_dict(
            {"0.weight": net.fc.weight.detach(), "0.bias": minigrad.tensor([float(bias)])}
        )
        remade(program.input).backward()
        assert bool(remade[0].weight.grad.item()) is alive
        assert examined(remade).units[0].dead is not alive


def test_a_pre_activation_of_exactly_0_is_dead_at_the_kink() -> None:
    net = fresh(1)
    nn.init.zeros_(net.fc.weight)
    diagnosis = examined(net, sgd(net))
    assert kinds(diagnosis) == ["dead unit"]
    assert "exactly at the kink" in str(diagnosis)
    assert set(losses(net)) == {25.0}


CRASHES = [(lr, m, seed) for lr in (0.6, 1.1, 1.5) for m in (0.0, 0.5, 0.9) for seed in (1, 4)]


@pytest.mark.parametrize(("lr", "momentum", "seed"), CRASHES)
def test_momentum_carries_a_dead_unit_as_far_as_it_says(
    lr: float, momentum: float, seed: int
) -> None:
    """At each step: dead, and for how long; and which step kills. Against the steps themselves."""
    net = fresh(seed)
    optimizer = sgd(net, lr, momentum)
    outputs, told = [], []
    for _ in range(40):
        told.append(examined(net, optimizer))
        optimizer.zero_grad()
        output = net(program.input)
        outputs.append(output.item())
        nn.functional.mse_loss(output, program.target).backward()
        optimizer.step()
    outputs.append(net(program.input).item())
    for step, diagnosis in enumerate(told):
        (unit,) = diagnosis.units
        assert unit.dead == (outputs[step] == 0)
        killed = not unit.dead and outputs[step + 1] == 0
        assert bool(diagnosis.of("dying unit")) == killed
        if not unit.dead:
            continue
        alive = [i for i in range(step, len(outputs)) if outputs[i] > 0]
        future = diagnosis.of("dead unit")[0].values["moves"]
        if alive:
            assert future.revived == alive[0] - step
            assert future.causes == ("momentum",)
        else:
            assert future.revived is None or future.revived > len(outputs) - 1 - step


def test_some_of_these_die_on_the_way_and_some_come_back() -> None:
    net = fresh(1)
    optimizer = sgd(net, 1.1, 0.9)
    texts = []
    for _ in range(40):
        texts.append(str(examined(net, optimizer)))
        optimizer.zero_grad()
        nn.functional.mse_loss(net(program.input), program.target).backward()
        optimizer.step()
    assert any("The next step kills fc, unit 0" in text for text in texts)
    assert any("Momentum still moves it" in text for text in texts)


# ---- layers of units, against the gradients of PyTorch -------------------------------------------


def data(seed: int, samples: int, features: int, targets: int = 1) -> tuple[Any, Any]:
    minigrad.manual_seed(1000 + seed)
    return minigrad.randn(samples, features), minigrad.randn(samples, targets)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_silent_is_what_has_no_gradient_in_pytorch(seed: int) -> None:
    net = mlp(seed, 2, 8, 8, 1)
    x, y = data(seed, 4, 2)
    diagnosis = diagnose(net, x, y)
    twin = reference.to_torch(net)
    loss = torch.nn.functional.mse_loss(twin(torch.tensor(x.numpy())), torch.tensor(y.numpy()))
    loss.backward()
    gradients = {path: p.grad.numpy() for path, p in twin.named_parameters()}
    for path, g in diagnosis.gradients.items():
        np.testing.assert_allclose(g, gradients[path], rtol=1e-5, atol=1e-7)
    for unit in diagnosis.units:
        (before, after) = (unit.layer, str(int(unit.layer) + 2))
        row = gradients[f"{before}.weight"][unit.number]
        column = gradients[f"{after}.weight"][:, unit.number]
        if unit.dead:
            assert not row.any()
            assert not column.any()
            assert set(unit.silent) == {
                f"{before}.weight[{unit.number}]",
                f"{before}.bias[{unit.number}]",
                f"{after}.weight[:, {unit.number}]",
            }
        else:
            assert column.any()


def test_there_are_dead_units_among_these() -> None:
    found = [diagnose(mlp(seed, 2, 8, 8, 1), *data(seed, 4, 2)) for seed in range(12)]
    assert sum(len(d.of("dead unit")) for d in found) > 10
    assert sum(len(d.units) for d in found) == 12 * 16


def test_gradients_are_those_of_backward_to_the_bit() -> None:
    net = mlp(3, 2, 8, 8, 1)
    x, y = data(3, 4, 2)
    diagnosis = diagnose(net, x, y)
    loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    assert diagnosis.loss == loss.item()
    for path, p in net.named_parameters():
        assert np.array_equal(diagnosis.gradients[path], p.grad.numpy())


class Bare(nn.Module):
    """A layer without Linear: its weight is (in, out)."""

    def __init__(self, in_place: bool = False) -> None:
        super().__init__()
        self.w = nn.Parameter(minigrad.tensor([[1.0, 1.0], [0.0, 2.0]]))
        self.b = nn.Parameter(minigrad.tensor([0.5, -4.0]))
        self.in_place = in_place

    def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
        return nn.functional.relu(x @ self.w + 1 + self.b - 1.0, inplace=self.in_place)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_layer_of_bare_parameters(in_place: bool) -> None:
    diagnosis = diagnose(Bare(in_place), minigrad.tensor([[1.0, 1.0], [0.0, 1.0]]))
    alive, dead = diagnosis.units
    assert (alive.dead, alive.active, alive.best) == (False, 2, 1.5)
    assert (dead.dead, dead.best) == (True, -1.0)
    assert dead.silent == ("w[:, 1]", "b[1]")
    (finding,) = diagnosis.findings
    assert finding.values["bias"] == -3.0
    assert "b[1] of more than -3.0 (it is -4.0)" in str(diagnosis)
    assert "test_diagnose.py" in str(diagnosis)


def test_a_unit_of_a_layer_that_is_not_known_is_only_all_of_it() -> None:
    class Squeezed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 1)

        def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
            return nn.functional.relu(self.fc(x).squeeze(-1))

    net = Squeezed()
    nn.init.ones_(net.fc.weight)
    nn.init.zeros_(net.fc.bias)
    (unit,) = diagnose(net, minigrad.tensor([[1.0], [-1.0], [-2.0]])).units
    assert (unit.number, unit.samples, unit.active) == (None, 3, 1)
    (unit,) = diagnose(net, minigrad.tensor([[-1.0], [-2.0]])).units
    assert unit.dead


def test_decay_of_weights_alone_lets_a_bias_revive_the_unit() -> None:
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    net.load_state_dict({"0.weight": minigrad.tensor([[-2.0]]), "0.bias": minigrad.tensor([0.5])})
    decayed = {"params": [net[0].weight], "weight_decay": 0.5}
    optimizer = optim.SGD([decayed, {"params": [net[0].bias]}], lr=0.5)
    x, y = minigrad.tensor([[1.0], [2.0]]), minigrad.tensor([[1.0], [1.0]])
    future = diagnose(net, x, y, optimizer).of("dead unit")[0].values["moves"]
    assert future.causes == ("weight decay",)
    steps = 0
    while not net(x).max().item():
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
        steps += 1
    assert future.revived == steps > 2
    both = sgd(net, 0.5, 0, weight_decay=0.5)
    net.load_state_dict({"0.weight": minigrad.tensor([[-2.0]]), "0.bias": minigrad.tensor([0.5])})
    (finding,) = diagnose(net, x, y, both).of("dead unit")
    assert finding.values["moves"].revived is None
    assert "but not far enough" in " ".join(finding.details)


RULES = [
    {"momentum": momentum, "dampening": dampening, "weight_decay": decay, "maximize": maximize}
    for momentum in (0.0, 0.9)
    for dampening in (0.0, 0.3)
    for decay in (0.0, 0.25)
    for maximize in (False, True)
]
RULES += [{"momentum": 0.8, "nesterov": True, "weight_decay": decay} for decay in (0.0, 0.25)]


@pytest.mark.parametrize("has_moved", [False, True])
@pytest.mark.parametrize("options", RULES, ids=str)
def test_the_forecast_of_a_step_is_pytorchs_step(options: dict[str, Any], has_moved: bool) -> None:
    """From the same past, with gradients of exactly 0: the numbers after each of several steps."""
    p = torch.nn.Parameter(torch.tensor([1.5, -0.75, 0.1], dtype=torch.float64))
    optimizer = torch.optim.SGD([p], lr=0.1, **options)
    if has_moved:
        p.grad = torch.tensor([0.5, -2.0, 1.25], dtype=torch.float64)
        optimizer.step()
    buffer = optimizer.state[p].get("momentum_buffer")
    before = None if buffer is None else buffer.numpy().copy()
    mover = Mover(p.detach().numpy(), before, optimizer.param_groups[0], "weight")
    for _ in range(5):
        last = p.detach().clone()
        p.grad = torch.zeros_like(p)
        optimizer.step()
        went = mover.step()
        np.testing.assert_allclose(mover.p, p.detach().numpy(), rtol=1e-14, atol=1e-16)
        assert went == pytest.approx((p.detach() - last).abs().max().item(), rel=1e-13, abs=1e-16)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dampening": 0.6},
        {"nesterov": True},
        {"weight_decay": 0.3},
        {"weight_decay": 0.3, "dampening": 0.6},
        {"weight_decay": 0.3, "nesterov": True},
        {"weight_decay": 0.3, "maximize": True},
    ],
    ids=str,
)
def test_a_dead_unit_revives_after_as_many_steps_as_in_pytorch(options: dict[str, Any]) -> None:
    """From buffers that pull the unit up, in PyTorch's network with PyTorch's optimizer."""
    net = nn.Sequential(nn.Linear(2, 1), nn.ReLU()).double()
    state = {"0.weight": minigrad.tensor([[-3.0, 0.5]]), "0.bias": minigrad.tensor([-0.25])}
    net.load_state_dict(state)
    x, y = (t.double() for t in (minigrad.tensor([[1.0, 0.5], [2.0, 1.0]]), minigrad.ones(2, 1)))
    twin, theirs = reference.to_torch(net), (torch.tensor(x.numpy()), torch.tensor(y.numpy()))
    ours = optim.SGD(net.parameters(), lr=0.05, momentum=0.95, **options)
    others = torch.optim.SGD(twin.parameters(), lr=0.05, momentum=0.95, **options)
    for p, q, pull in zip(net.parameters(), twin.parameters(), (-3.5, -1.0), strict=True):
        ours.state[p]["momentum_buffer"] = minigrad.full_like(p.detach(), pull)
        others.state[q]["momentum_buffer"] = torch.full_like(q, pull)
    future = diagnose(net, x, y, ours).of("dead unit")[0].values["moves"]
    steps = 0
    while not twin(theirs[0]).max() > 0:
        others.zero_grad()
        torch.nn.functional.mse_loss(twin(theirs[0]), theirs[1]).backward()
        others.step()
        steps += 1
    assert steps > 5
    assert future.revived == steps
    with torch.no_grad():
        assert future.best == pytest.approx(twin[0](theirs[0]).max().item(), rel=1e-12)


def test_a_number_that_others_use_as_well_is_not_silent() -> None:
    """A layer in two places, dead behind one relu, alive behind the other; and a frozen one."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 2)

        def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
            return nn.functional.relu(self.fc(x)) + nn.functional.relu(self.fc(-x))

    net = Tied()
    state = {"weight": minigrad.tensor([[1.0], [0.0]]), "bias": minigrad.tensor([0.0, -1.0])}
    net.fc.load_state_dict(state)
    x = minigrad.tensor([[1.0], [2.0]])
    here, dead, there, dead_too = diagnose(net, x).units
    net(x).sum().backward()
    assert net.fc.weight.grad is not None
    assert net.fc.weight.grad.tolist() == [[3.0], [0.0]]
    assert (here.dead, there.dead) == (False, True)
    assert there.silent == ()
    assert dead.silent == dead_too.silent == ("fc.weight[1]", "fc.bias[1]")
    net.fc.weight.requires_grad_(False)
    assert diagnose(net, x).units[1].silent == ("fc.bias[1]",)


# ---- the learning rate ---------------------------------------------------------------------------


def smooth() -> nn.Module:
    minigrad.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1)).double()


def test_the_curvature_is_the_largest_eigenvalue_of_the_hessian() -> None:
    net = smooth()
    x, y = (t.double() for t in data(0, 6, 3))
    parameters = list(net.parameters())
    loss = nn.functional.mse_loss(net(x), y)

    def of(*values: Any) -> Any:
        a, b, c, d = values
        F = nn.functional
        return F.mse_loss(F.linear(F.linear(x, a, b), c, d), y)

    blocks = hessian(of, tuple(parameters))
    rows = [
        np.concatenate([block.numpy().reshape(p.numel(), -1) for block in row], axis=1)
        for row, p in zip(blocks, parameters, strict=True)
    ]
    exact = np.linalg.eigvalsh(np.concatenate(rows))
    assert curvature(loss, parameters) == pytest.approx(exact[-1], rel=1e-3)
    assert exact[0] < 0 < exact[-1]
    upside_down = curvature(-loss, parameters)
    assert upside_down == pytest.approx(-exact[0], rel=1e-2)


OPTIONS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.5, "dampening": 0.5},
    {"momentum": 0.9, "nesterov": True},
    {"weight_decay": 0.7},
    {"momentum": 0.8, "weight_decay": 0.7},
    {"momentum": 0.8, "weight_decay": 0.7, "nesterov": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_beyond_the_bound_steps_diverge_and_below_it_they_do_not(options: dict[str, Any]) -> None:
    sizes = []
    for factor in (0.99, 1.01):
        p = nn.Parameter(minigrad.tensor([1.0], dtype=minigrad.float64))
        optimizer = optim.SGD([p], lr=1.0, **options)
        group = optimizer.param_groups[0]
        group["lr"] = factor * bound(group, 3.0)
        for _ in range(1200):
            p.grad = 3.0 * p.detach()
            optimizer.step()
        sizes.append(abs(p.item()))
    assert sizes[0] < 1e-3 < 1e3 < sizes[1]


@pytest.mark.parametrize("options", OPTIONS[:4], ids=str)
def test_a_learning_rate_that_is_too_large_is_found(options: dict[str, Any]) -> None:
    minigrad.manual_seed(0)
    net = nn.Linear(1, 1, bias=False)
    x, y = minigrad.tensor([[3.0]]), minigrad.tensor([[6.0]])  # λ = 2 · 3²
    limit = bound(
        {"weight_decay": 0, "dampening": 0, "nesterov": False, "momentum": 0} | options, 18
    )
    for lr, found in ((0.99 * limit, []), (1.01 * limit, ["learning rate"])):
        optimizer = optim.SGD(net.parameters(), lr=lr, **options)
        diagnosis = diagnose(net, x, y, optimizer)
        assert kinds(diagnosis) == found
    assert diagnosis.findings[0].values["curvature"] == pytest.approx(18, rel=1e-4)
    assert diagnosis.findings[0].values["bound"] == pytest.approx(limit, rel=1e-3)


# ---- gradients, parameters, shapes ---------------------------------------------------------------


def stack(depth: int, gain: float) -> nn.Sequential:
    minigrad.manual_seed(0)
    net = nn.Sequential(*[nn.Linear(4, 4) for _ in range(depth)])
    with minigrad.no_grad():
        for p in net.parameters():
            p *= gain
    return net


@pytest.mark.parametrize(
    ("gain", "kind"), [(1.0, ["vanishing gradient"]), (2.0, []), (5.0, ["exploding gradient"])]
)
def test_gradients_that_vanish_or_explode(gain: float, kind: list[str]) -> None:
    net = stack(20, gain)
    x, y = data(0, 3, 4, 4)
    diagnosis = diagnose(net, x, y)
    assert kinds(diagnosis) == kind
    hidden = [x]
    for layer in net:
        hidden.append(layer(hidden[-1]))
        hidden[-1].retain_grad()
    nn.functional.mse_loss(hidden[-1], y).backward()
    for layer, h in zip(diagnosis.layers, hidden[1:], strict=True):
        assert layer.gradient == pytest.approx(np.sqrt(np.mean(h.grad.numpy().astype("f8") ** 2)))
        assert layer.result == pytest.approx(np.sqrt(np.mean(h.detach().numpy().astype("f8") ** 2)))


def test_a_gradient_that_is_exactly_0_for_other_reasons() -> None:
    net = mlp(0, 2, 3, 2, 1)
    nn.init.constant_(net[2].bias, -9.0)
    x, y = data(0, 4, 2)
    diagnosis = diagnose(net, x, y)
    (finding,) = diagnosis.of("zero gradient")
    assert finding.values["paths"] == ["0.weight", "0.bias", "4.weight"]
    assert "Every unit of 2 is dead" in finding.details[0]
    assert [unit.dead for unit in diagnosis.units] == [False] * 3 + [True] * 2
    saturated = nn.Linear(1, 1)
    nn.init.constant_(saturated.bias, 99.0)
    flat = diagnose(saturated, x[:, :1], y, criterion=lambda a, b: (minigrad.tanh(a) - b).sum())
    assert "saturation" in flat.of("zero gradient")[0].details[0]
    solved = diagnose(saturated, x[:, :1], saturated(x[:, :1]).detach())
    assert solved.healthy
    assert "nothing left to learn" in str(solved)


def test_units_of_batches_with_more_dims() -> None:
    net = mlp(0, 2, 8, 1)
    x = minigrad.randn(3, 5, 2)
    flat, deep = diagnose(net, x.reshape(15, 2)), diagnose(net, x)
    assert [(u.layer, u.number, u.active, u.best, u.silent) for u in flat.units] == [
        (u.layer, u.number, u.active, u.best, u.silent) for u in deep.units
    ]


def test_a_unit_that_is_moved_from_elsewhere() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 1, bias=False)
            nn.init.ones_(self.fc.weight)

        def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
            return nn.functional.relu(self.fc(x)) + nn.functional.relu(self.fc(-x))

    net = Twice()
    (finding,) = diagnose(net, minigrad.ones(1), minigrad.ones(1) * 3, sgd(net)).findings
    assert "used elsewhere too, and moved from there: fc.weight[0]" in finding.details[2]
    assert finding.values["silent"] == ()


class Careless(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(2, 3)]  # a list is no ModuleList
        self.out = nn.Linear(3, 1)
        self.unused = nn.Linear(2, 2)
        self.scale = nn.Parameter(minigrad.ones(1))
        self.frozen = nn.Parameter(minigrad.ones(1), requires_grad=False)

    def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
        scale = (self.scale * 2).detach()
        return self.out(self.hidden[0](x)) * scale * self.frozen


def test_parameters_that_the_loss_or_the_model_does_not_know() -> None:
    net = Careless()
    diagnosis = diagnose(net, *data(0, 4, 2))
    assert [f.where for f in diagnosis.of("not reached")] == [
        "scale",
        "unused.weight",
        "unused.bias",
    ]
    assert "(self.scale * 2).detach()" in diagnosis.findings[0].details[0]
    assert "does forward call unused" in diagnosis.findings[1].details[0]
    assert diagnosis.of("not a parameter")[0].values["shapes"] == [(3, 2), (3,)]
    assert "nn.ModuleList" in str(diagnosis)
    assert any("frozen" in remark for remark in diagnosis.remarks)
    assert [path for path, g in diagnosis.gradients.items() if g is None] == [
        f.where for f in diagnosis.of("not reached")
    ]


def test_an_optimizer_of_other_parameters() -> None:
    net = mlp(0, 2, 3, 1)
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    net[2] = nn.Linear(3, 1)
    diagnosis = diagnose(net, *data(0, 4, 2), optimizer)
    assert diagnosis.of("not optimized")[0].values["paths"] == ["2.weight", "2.bias"]
    assert diagnosis.of("not the model's")[0].values["count"] == 2
    (finding,) = diagnose(net, *data(0, 4, 2), sgd(net, lr=0.0, momentum=0)).of("learning rate")
    assert "nothing moves" in finding.title


def test_shapes_that_broadcast_by_accident() -> None:
    net = mlp(0, 2, 3, 1)
    x, y = data(0, 4, 2)
    assert not diagnose(net, x, y).of("broadcast")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (finding,) = diagnose(net, x, y.squeeze(-1)).of("broadcast")
    assert finding.values == {"output": (4, 1), "target": (4,)}
    assert "broadcast to [4, 4]: the loss is made of 16 differences" in finding.details[0]

    def own_loss(output: Any, target: Any) -> Any:
        return ((output - target) ** 2).mean()

    (finding,) = diagnose(net, x, y.squeeze(-1), criterion=own_loss).of("broadcast")
    assert finding.values == {"output": (4, 1), "target": (4,)}
    assert "output - target" in finding.title
    assert not diagnose(net, x, y, criterion=own_loss).findings


def test_a_loss_that_is_not_finite() -> None:
    net = mlp(0, 2, 3, 1)
    x, y = data(0, 4, 2)
    diagnosis = diagnose(net, x * float("inf"), y)
    assert diagnosis.of("not finite")[0].where == "loss"
    assert "detect_anomaly" in str(diagnosis)


# ---- nothing is changed --------------------------------------------------------------------------


class Busy(nn.Module):
    """A module whose forward changes all that a forward can change."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.register_buffer("seen", minigrad.zeros(1))
        self.calls, self.history = 0, [minigrad.zeros(1)]

    def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
        self.calls += 1
        self.seen += 1
        x *= 2
        self.last = self.fc(x) + minigrad.rand(1) + random.random() + float(np.random.rand())
        self.history.append(self.last)
        return nn.functional.relu(self.last)


def state(net: Busy, optimizer: optim.SGD, x: Any) -> list[Any]:
    parameters = [net.fc.weight, net.fc.bias]
    return [
        [(p.array.tobytes(), p._version, p.grad, p.requires_grad) for p in parameters],
        [p.grad.array.tobytes() for p in parameters if p.grad is not None],
        [optimizer.state[p]["momentum_buffer"].array.tobytes() for p in parameters],
        copy.deepcopy(
            [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
        ),
        [module.training for module in net.modules()],
        [
            (module._hooks, len(module._hooks.after) if module._hooks else 0)
            for module in net.modules()
        ],
        net.calls,
        len(net.history),
        (net.seen.item(), net.seen._version),
        (x.array.tobytes(), x._version),
        (random.getstate(), np.random.get_state()[1].tobytes()),
        minigrad.get_rng_state().tobytes(),
        minigrad.is_grad_enabled(),
        [listener for listener in listeners if "doctor" in listener.__module__],
    ]


@pytest.mark.parametrize("mode", [minigrad.enable_grad, minigrad.no_grad, minigrad.inference_mode])
def test_nothing_is_changed(mode: Any) -> None:
    net = Busy()
    net.fc.eval()
    x, y = data(0, 4, 2, 2)
    optimizer = sgd(net, nesterov=True)
    numpys = np.random.get_state()
    net(x).sum().backward()
    optimizer.step()
    net.fc.register_forward_hook(lambda module, args, output: None)
    before = state(net, optimizer, x)
    with mode():
        diagnosis = diagnose(net, x, y, optimizer)
    assert diagnosis.gradients["fc.weight"] is not None
    for a, b in zip(before, state(net, optimizer, x), strict=True):
        assert a == b
    np.random.set_state(numpys)  # the one that this test has used


def test_the_streams_of_random_numbers_stay_after_an_error_too() -> None:
    class Wrong(nn.Module):
        def forward(self, x: Any) -> Any:
            minigrad.rand(3)
            raise KeyError("mine")

    before = minigrad.get_rng_state()
    with pytest.raises(KeyError, match="mine"):
        diagnose(Wrong(), minigrad.ones(1))
    assert np.array_equal(before, minigrad.get_rng_state())
    assert not any("doctor" in listener.__module__ for listener in listeners)


# ---- how it is called ----------------------------------------------------------------------------


def test_without_a_target_and_with_several_inputs() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 1)

        def forward(self, a: Any, b: Any) -> Any:
            return self.fc(a + b)

    net = Sum()
    diagnosis = diagnose(net, (minigrad.ones(2), minigrad.ones(2)))
    assert diagnosis.healthy
    assert diagnosis.loss is None
    assert np.array_equal(diagnosis.gradients["fc.weight"], [[2.0, 2.0]])
    assert "nothing is wrong" in repr(diagnosis)


def test_what_is_refused() -> None:
    net = nn.Linear(1, 1)
    x = minigrad.ones(1)
    with pytest.raises(TypeError, match="takes a Module, not function"):
        diagnose(lambda x: x, x)
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, not MSELoss"):
        diagnose(net, x, x, nn.MSELoss())
    with pytest.raises(ValueError, match="a tensor of one number"):
        diagnose(
            net, minigrad.ones(3, 1), minigrad.ones(3, 1), criterion=nn.MSELoss(reduction="none")
        )


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_command_diagnoses_each_program(name: str, capsys: Any) -> None:
    assert main(["diagnose", name, "--seed", "1", "--steps", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{name}, seed 1 after 3 steps\n\nDiagnosis of Net at loss")
    assert err == ""
    assert diagnose_program(name, seed=1).healthy


def test_findings_and_units_are_data() -> None:
    diagnosis = diagnose_program("relu", seed=0)
    (finding,) = diagnosis.findings
    assert isinstance(finding, Finding)
    assert isinstance(finding.values["unit"], Unit)
    assert finding.where == "fc, unit 0"
    assert finding.values["misses"] == np.float32(0.00748682)
