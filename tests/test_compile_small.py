"""Programs of small arrays: cheaper calls of NumPy, the same bits, also of -0., inf and the tiny.

The values are drawn from those that make a difference: sums of nothing but -0., products that
overflow or become subnormal, sums in which one term vanishes beside the other.
"""

import copy

import numpy as np
import pytest
from test_compile import batch, compare, left_behind, make_world, seen, train_step_of

import minigrad
from minigrad import nn, optim
from minigrad.program import compile
from minigrad.program.notation.expressions import POWER, PRODUCT, SUM, Text, with_sign

SPECIAL = [
    -0.0,
    0.0,
    1.0,
    -1.0,
    3e38,
    -3e38,
    1e-38,
    -1e-45,
    1 / 3,
    1e8,
    -7.3,
    np.inf,
    -np.inf,
    np.nan,
]


def special(k, *shape, dtype=np.float32):
    """An array of special numbers; one in three is nothing but -0."""
    generator = np.random.default_rng([k, *shape])
    numbers = np.array(SPECIAL if k % 3 else [-0.0], dtype)
    return minigrad.tensor(generator.choice(numbers, shape).astype(dtype))


def same(f, *shapes, dtype=np.float32, calls=30):
    """Compare f and its gradients, made by engine and program."""

    def step(*arguments, f=f):
        leaves = [x.detach().requires_grad_() for x in arguments]
        out = f(*leaves)
        return out.detach(), list(minigrad.autograd.grad(out, leaves, minigrad.ones_like(out)))

    def arguments(k):
        return [special(k + 100 * i, *shape, dtype=dtype) for i, shape in enumerate(shapes)]

    return compare(lambda: make_world(step=lambda world: step), calls, arguments=arguments)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_short_sums(axis, terms, dtype):
    shape = [2, 3, 2]
    shape[axis] = terms
    same(lambda x: x.sum(axis), shape, dtype=dtype)


def test_a_short_sum_is_additions():
    step = same(lambda x: x.sum(0), (3, 5))
    assert "reduce" not in step.source


@pytest.mark.parametrize("terms", [1, 2, 3, 4])
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("out", [1, 3])
def test_linear(rows, terms, out):
    same(minigrad.nn.functional.linear, (rows, terms), (out, terms), (out,))


BROADCAST = {
    "a row": lambda x, y: x * y[0] + y,
    "a column": lambda x, y: x + y[:, :1] * y,
    "finite": lambda x, y: minigrad.where(x < float("inf"), x, y) * y,
    "both": lambda x, y: x[:1] * y[:, :1] + x,
    "transposed": lambda x, y: (x.T * y.T + y[:, 0]).T,
    "transposed sums": lambda x, y: (x.T * y.T).sum(0) + (x.T - y.T).sum(1).sum(),
    "a number": lambda x, y: x * y[0, 0] + y[:1, :1],
}


@pytest.mark.parametrize("f", BROADCAST.values(), ids=BROADCAST)
@pytest.mark.parametrize("shape", [(3, 2), (1, 2), (3, 1)])
def test_broadcasting(f, shape):
    same(f, shape, shape)


NUMBERS = {
    "sums": lambda x, y: (x + y) - (y - x) + 0.5,
    "products": lambda x, y: (x * y) * x + y * (x * 3.0),
    "quotients": lambda x, y: x / 3.0 - (x / y) / -0.1,
    "zeros": lambda x, y: x * y + 0.0 - y * 0.0,
    "by zero": lambda x, y: x / 0.0 + y,
    "a choice": lambda x, y: minigrad.where(x > y, x * 3.0, y + x) * minigrad.where(y <= 0, x, y),
    "of numbers": lambda x, y: minigrad.where(x >= y, x, 0.0) + minigrad.where(x < y, 2.0, y),
    "kept": lambda x, y: minigrad.where(x != y, x * y, y) + minigrad.where(x > y, x * 2, y * 2) * x,
    "finite": lambda x, y: minigrad.where(x < float("inf"), x, y) * y,
    "both": lambda x, y: (x * y - 1) * minigrad.where(x > 0, x * y - 1, x + y),
    "leaky": lambda x, y: nn.functional.leaky_relu(x, 0.1) - nn.functional.leaky_relu(y, -2.0),
    "relu": lambda x, y: minigrad.relu(x * y) - minigrad.relu(y).sum(),
    "the larger": lambda x, y: minigrad.maximum(x, x * 0.5) - minigrad.maximum(y, x * 0.5),
    "the larger of the larger": lambda x, y: minigrad.maximum(x, x * 2) - minigrad.maximum(y, -y),
    "infinite": lambda x, y: x * float("inf") - y * float("nan"),
}


PUT_OUT = {
    "the elements in another order": lambda w, v: nn.functional.leaky_relu(w.t()).detach() * 1,
    "one row of an outer sum": lambda w, v: (v.view(-1, 1) + v)[1],
    "its first rows, as one": lambda w, v: (v.view(-1, 1) * v)[:2].reshape(-1),
}


@pytest.mark.parametrize("f", PUT_OUT.values(), ids=PUT_OUT)
def test_results_that_are_another_look_at_what_a_line_makes(f):
    w, v = special(1, 3, 2), special(2, 30)
    expected, step = f(w, v).tolist(), compile(lambda: f(w, v))
    for _ in range(4):
        assert np.array_equal(step().tolist(), expected, equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("f", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_number(f, shape, dtype):
    same(f, shape, shape, dtype=dtype)


ZEROS = {
    "told by a quotient": lambda x, y: minigrad.where(y[0] / x.sum(0) > 0, y[1], x[0]),
    "told by a reciprocal": lambda x, y: minigrad.where(x.sum(0).reciprocal() > 0, y[1], x[0]),
    "told by the result": lambda x, y: minigrad.maximum(x.sum(0) * y[0], -y[1]),
    "not told by a square": lambda x, y: (x.sum(0) + y[0]) ** 2,
    "not told by a square, told by a product": lambda x, y: x.sum(0) ** 2 + x.sum(0) * y[0],
    "not told by a comparison": lambda x, y: minigrad.where(x.sum(0) > y[0], y[1], x[0]),
    "not told by a sum with 1": lambda x, y: x.sum(0) * y[0] + 1.0,
    "not told by a sum with 0": lambda x, y: x.sum(0) * y[0] + 0.0,
    "told by a sum with -0": lambda x, y: minigrad.cat((x.sum(0) * 0.5 + -0.0, y[0])),
    "not told by a product of matrices": lambda x, y: (x.sum(0) @ y.T.contiguous()) + 2.0,
    "not told by layers": lambda x, y: nn.functional.linear(nn.functional.leaky_relu(x), y) + 1,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("f", ZEROS.values(), ids=ZEROS)
def test_the_sign_of_zero(f, dtype):
    same(f, (2, 3), (2, 3), dtype=dtype)


def test_a_sum_with_zero_that_nobody_can_tell_is_left_out():
    x, y = special(1, 2, 3), special(2, 3)
    told, untold = compile(lambda: x.sum(0) + y), compile(lambda: (x.sum(0) + y) ** 2)
    told(), untold()
    assert "zero" in told.source
    assert "zero" not in untold.source


def test_one_number_is_computed_in_python():
    step = compile(lambda x, y: (x * y).sum() + y)
    step(minigrad.tensor([1.5]), minigrad.tensor([2.0]))
    assert "[()] = x.item() * y.item()" in step.source


def test_no_constant_is_set_up_for_a_number_that_python_computes_with():
    step = compile(lambda x: ((x + 0.0) * 2.0 - 0.1).sum())
    step(minigrad.tensor([1.5]))
    assert " * 2.0\n" in step.source
    assert "np.array(2.0" not in step.source
    assert step.source.count("n0_1") == 2  # 0.1 has more digits in float64: by its name


def test_one_number_is_chosen_in_python():
    step = compile(lambda x: minigrad.where(x > 0, x, x * 0.5))
    step(minigrad.tensor([1.5]))
    assert "= x.item() if x.item() > 0.0 else x.item() * 0.5\n" in step.source


def test_float32_numbers_are_rounded_after_each_operation():
    """1 + 2**-24 is 1 in float32; were it not rounded there, the difference would be seen."""
    step = compile(lambda x, y: (x + y) - x)
    for _ in range(3):
        assert step(minigrad.tensor(1.0), minigrad.tensor(2.0**-24)).item() == 0.0


def test_brackets():
    a, b, c = map(Text, "abc")
    minus, times, power = ("-", SUM), ("*", PRODUCT), ("**", POWER)
    assert with_sign(*minus, a, with_sign(*minus, b, c)).text == "a - (b - c)"
    assert with_sign(*minus, with_sign(*minus, a, b), c).text == "a - b - c"
    assert with_sign(*times, with_sign(*minus, a, b), c).text == "(a - b) * c"
    assert with_sign(*minus, with_sign(*times, a, b), c).text == "a * b - c"
    assert with_sign(*power, with_sign(*power, a, b), c).text == "(a ** b) ** c"


@pytest.mark.parametrize("limit", [np.inf, -np.inf, np.nan, 0.0, 3.0])
def test_a_choice_by_any_number(limit):
    same(lambda x: minigrad.where(x > limit, x * 2, x + 1), (1,))
    same(lambda x: minigrad.where(x <= limit, x, limit), (1,))


def test_a_choice_within_a_choice():
    same(lambda x, y: minigrad.where(x > 1, minigrad.where(y > 0, x * 2, y + 1), y * 3), (1,), (1,))
    same(lambda x, y: minigrad.where(x > 1, y * 3, minigrad.where(y > 0, x * 2, y + 1)), (1,), (1,))


# ---- momenta side by side ------------------------------------------------------------------------


def with_momentum(**options):
    return make_world(momentum=0.9, **options)


def test_momenta_are_changed_at_once():
    step = compare(with_momentum)
    assert step.recordings == 1
    assert "multiply(momenta, momentum, momenta)" in step.source
    assert "add(momenta, grads, momenta)\n    after[...] = momenta\n" in step.source
    assert step.source.count("# update of ") == 1


def test_copies_are_called_after_what_they_are_of():
    step = compile(with_momentum().step)
    step(*batch(rows=1))
    step(*batch(rows=1))
    assert "\n    x_copy[...] = x\n" in step.source
    assert "\n    net_0_bias_before[...] = net_0_bias\n" in step.source
    assert "\n    net_0_bias[...] = net_0_bias_after\n" in step.source


def momenta(world):
    return [state["momentum_buffer"] for state in world.optimizer.state.values()]


def loaded(world):
    world.optimizer.load_state_dict(copy.deepcopy(world.optimizer.state_dict()))


def exchanged_momentum(world):
    world.optimizer.state[world.net[0].bias]["momentum_buffer"] = minigrad.ones(4)


def given_other_memory(world):
    momenta(world)[1].data = minigrad.ones(4)


def turned_around(world):
    world.optimizer.param_groups[0]["params"].reverse()


def without_one(world):
    del world.optimizer.param_groups[0]["params"][1]


CHANGES = {
    "written": lambda world: momenta(world)[0].mul_(2),
    "written by numpy": lambda world: momenta(world)[1].numpy().fill(0.5),
    "loaded": loaded,
    "exchanged": exchanged_momentum,
    "in other memory": given_other_memory,
    "in another order": turned_around,
    "without one of the parameters": without_one,
    "with the last one frozen": lambda world: world.net[2].bias.requires_grad_(False),
    "with a frozen parameter": lambda world: world.net[0].bias.requires_grad_(False),
    "with a parameter less": lambda world: setattr(world.net[0], "bias", None),
    "with another lr": lambda world: world.optimizer.param_groups[0].update(lr=0.01),
    "with another momentum": lambda world: world.optimizer.param_groups[0].update(momentum=0.5),
    "without momentum": lambda world: world.optimizer.param_groups[0].update(momentum=0),
    "with weight decay": lambda world: world.optimizer.param_groups[0].update(weight_decay=0.1),
    "with dampening": lambda world: world.optimizer.param_groups[0].update(dampening=0.1),
    "with nesterov": lambda world: world.optimizer.param_groups[0].update(nesterov=True),
    "uphill": lambda world: world.optimizer.param_groups[0].update(maximize=True),
    "cleared": lambda world: world.optimizer.state.clear(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("eager", [(), (0, 1, 5)], ids=["compiled", "in turns with the engine"])
def test_momenta_that_are(change, eager):
    def between(world, k):
        if k == 4:
            change(world)

    compare(with_momentum, 10, between, eager=eager)


def test_momenta_in_another_order_than_the_layers():
    def make():
        world = with_momentum()
        world.optimizer = optim.SGD([*world.net.parameters()][::-1], lr=0.1, momentum=0.9)
        world.step = train_step_of(world)
        return world

    assert "multiply(momenta, momentum, momenta)" in compare(make).source


def test_momenta_of_several_groups():
    def make():
        world = make_world()
        groups = [{"params": layer.parameters()} for layer in (world.net[0], world.net[2])]
        groups[1]["momentum"] = 0.5
        world.optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)
        world.step = train_step_of(world)
        return world

    step = compare(make)
    assert "multiply(group0_momenta, group0_momentum, group0_momenta)" in step.source
    assert "multiply(group1_momenta, group1_momentum, group1_momenta)" in step.source


def test_a_gradient_is_kept_beside_others():
    """All small gradients are in one memory: who keeps one must not see the next ones in it."""
    world, again = make_world(), make_world()
    step, kept = compile(world.step), []
    holds = [
        lambda t: t.grad,
        lambda t: t.grad.array,
        lambda t: t.grad.array[:1],
        lambda t: t.grad.view(-1),
    ]
    for k in range(24):
        step(*batch(k))
        again.step(*batch(k))
        assert left_behind(world) == left_behind(again)
        if k % 3:
            found = holds[k % 4](list(world.net.parameters())[k // 4 % 4])
            kept.append((found, np.array(getattr(found, "array", found))))
        for found, values in kept:
            assert np.array_equal(getattr(found, "array", found), values)
        if k % 5 == 4:
            kept.clear()


def test_momenta_that_the_step_sees_as_a_whole():
    """Then they are changed one by one, as they would be if they did not lie side by side."""

    def begun(run):
        world = with_momentum()
        step = run(world.step)
        for k in range(3):
            step(*batch(k))
        return world

    def seeing(world, whole):
        def step(x, y):
            loss = world.step(x, y)
            return loss, whole().sum()

        return step

    ours, theirs = begun(lambda step: step), begun(compile)
    memory = minigrad.from_numpy(momenta(theirs)[0].array.base)
    expected = seeing(ours, lambda: minigrad.cat([b.view(-1) for b in momenta(ours)]))
    step = compile(seeing(theirs, lambda: memory))
    for k in range(5):
        assert seen(step(*batch(k))) == seen(expected(*batch(k)))
        assert left_behind(theirs) == left_behind(ours)


class Parameters(nn.Module):
    """Three parameters, and nothing to compute with them."""

    def __init__(self):
        super().__init__()
        shapes = {"a": (2, 3, 4), "b": (4, 2), "c": (4,)}
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(minigrad.randn(shape)))


GRADIENTS = {
    "of their own": lambda x: (x.permute(2, 0, 1) * 2, x[0] * 2, x[1, :, 1] * 2),
    "parts of others": lambda x: ((x * 2).permute(2, 0, 1), (x * 2)[0], (x * 2)[1, :, 1]),
    "in another order": lambda x: (x.permute(2, 0, 1).exp(), x[0].exp(), x.exp()[2, :, 0]),
    "one and the same": lambda x: (x.exp().permute(2, 0, 1), x.exp()[0], x.exp()[0, :, 0]),
    "the arguments": lambda x: (x.permute(2, 0, 1), x[0], x[1, :, 0]),
}


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("f", GRADIENTS.values(), ids=GRADIENTS)
def test_gradients_that_are(f, momentum):
    """They are cleared when they have been used, and returned: then they have memory of their own,
    though they are used side by side."""

    def step_of(world):
        def step(x):
            parameters = [*world.net.parameters()]
            gradients = [g.clone() if f is GRADIENTS["of their own"] else g for g in f(x)]
            for p, g in zip(parameters, gradients, strict=True):
                p.grad = g
            world.optimizer.step()
            world.optimizer.zero_grad()
            return gradients if f is GRADIENTS["of their own"] else None

        return step

    def arguments(k):
        return [
            minigrad.tensor(np.random.default_rng(k).normal(size=(3, 4, 2)), dtype=minigrad.float32)
        ]

    def make():
        return make_world(Parameters, step_of, momentum=momentum)

    compare(make, arguments=arguments)
    ours, theirs = make(), make()
    step = compile(theirs.step)
    kept = [(ours.step(*arguments(k)), step(*arguments(k))) for k in range(6)]
    assert all(seen(a) == seen(b) for a, b in kept)


def test_gradients_of_transposed_parameters():
    def net():
        layers = nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(), nn.Linear(4, 2))
        for layer in (layers[0], layers[2]):
            layer.weight.data = layer.weight.detach().T.contiguous().T
        return layers

    compare(lambda: make_world(net, momentum=0.9))
    compare(lambda: make_world(net))


@pytest.mark.parametrize("sizes", [(1, 2), (2, 1), (1, 3, 1), (1, 1)])
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_gradients_that_are_columns_or_rows(sizes, momentum):
    def net():
        return nn.Sequential(*map(nn.Linear, sizes, sizes[1:]))

    def arguments(k):
        return batch(k, columns=sizes[0], out=sizes[-1])

    compare(lambda: make_world(net, momentum=momentum), arguments=arguments)
