"""SGD: the same bits as PyTorch's, for every combination of options; and what a step leaves alone.

The comparison is made on this processor: PyTorch's own bits may differ elsewhere, where it has no
fused multiply-add. The first test of test_fma.py says which form the installed one computes.
"""

import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from twins import LIBRARIES, assert_same, bits

import minigrad
from minigrad.optim import sgd as sgd_file

DTYPES = ["float32", "float64"]


# ---- the same bits -------------------------------------------------------------------------------


def trained(t, options, steps, dtype="float32", frozen=()):
    """Parameters after `steps`, lists of their gradients; the first list is where they start."""
    start, *gradients = steps
    params = [t.nn.Parameter(t.tensor(np.array(p, dtype))) for p in start]
    optimizer = t.optim.SGD(params, **options)
    for step in gradients:
        for i, (p, g) in enumerate(zip(params, step, strict=True)):
            p.grad = None if i in frozen else t.tensor(np.array(g, dtype))
        optimizer.step()
    buffers = [optimizer.state[p]["momentum_buffer"] for p in params if optimizer.state.get(p)]
    return params, buffers


def assert_equal_bits(options, steps, dtype="float32", frozen=()):
    ours = trained(minigrad, options, steps, dtype, frozen)
    theirs = trained(torch, options, steps, dtype, frozen)
    for mine, other in zip(itertools.chain(*ours), itertools.chain(*theirs), strict=True):
        assert np.array_equal(bits(mine), bits(other)), options


def drawn(seed, sizes, steps=5):
    """Where parameters of these sizes start, and their gradients in each step."""
    rng = np.random.default_rng(seed)
    return [[rng.standard_normal(size) for size in sizes] for _ in range(steps + 1)]


COMBINATIONS = [
    {"lr": lr, "momentum": m, "dampening": d, "weight_decay": w, "nesterov": n, "maximize": x}
    for lr, m, d, w, n, x in itertools.product(
        (0.01, 1.0), (0, 0.9), (0, 0.3), (0, 0.1), (False, True), (False, True)
    )
    if not (n and (m == 0 or d != 0))
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", COMBINATIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_all_options_and_sizes_have_the_bits(options, dtype):
    sizes = [*range(1, 41), (1, 1), (3, 2), (), (0,), (2, 0)]
    assert_equal_bits(options, drawn(1, sizes), dtype)


numbers = st.one_of(st.just(0), st.floats(0, 2), st.sampled_from([0.1, 0.5, 0.9, 1, 1.0]))


@st.composite
def options_of_sgd(draw):
    options = {
        "lr": draw(numbers), "momentum": draw(numbers), "weight_decay": draw(numbers),
        "maximize": draw(st.booleans()),
    }  # fmt: skip
    if options["momentum"] and draw(st.booleans()):
        return options | {"nesterov": True}
    return options | {"dampening": draw(st.one_of(numbers, st.floats(-1, 0)))}


def values(dtype):
    """Numbers over many orders of magnitude, with zeros of both signs."""
    width = 8 * np.dtype(dtype).itemsize
    return st.one_of(
        st.floats(-4, 4, width=width).filter(lambda v: v == 0 or abs(v) > 1e-20),
        st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-6, 1e6]),
    )


@st.composite
def programs(draw):
    dtype = draw(st.sampled_from(DTYPES))
    shapes = draw(
        st.lists(st.lists(st.integers(0, 4), max_size=3).map(tuple), min_size=1, max_size=3)
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pool = np.array(draw(st.lists(values(dtype), min_size=1, max_size=12)), dtype)
    steps = draw(st.integers(1, 4))
    state = [[rng.choice(pool, shape) for shape in shapes] for _ in range(steps + 1)]
    frozen = draw(st.sets(st.integers(0, len(shapes) - 1)))
    return draw(options_of_sgd()), state, dtype, frozen


@given(programs())
def test_random_programs_have_the_bits(program):
    assert_equal_bits(*program)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.1},
        {"momentum": 0.9, "nesterov": True},
        {"weight_decay": 0.1},
        {"maximize": True},
    ],
    ids=lambda o: "-".join(o),
)
def test_parameters_of_several_blocks_have_the_bits(options, dtype):
    size = 2 * sgd_file.BLOCK + 17
    assert_equal_bits({"lr": 0.01} | options, drawn(2, [size], steps=2), dtype)


def test_parameters_that_are_not_contiguous_have_the_bits():
    values, grads = drawn(3, [(200, 120)], steps=1)
    results = []
    for t in (minigrad, torch):
        base = t.tensor(values[0].astype("f"))
        p = t.nn.Parameter(base.T)
        p.grad = t.tensor(grads[0].astype("f")).T
        t.optim.SGD([p], lr=0.01, momentum=0.9).step()
        results.append(bits(base))
    assert np.array_equal(*results)


@pytest.mark.parametrize("flag", ["foreach", "fused"])
@pytest.mark.parametrize("value", [True, False])
def test_implementation_flags_have_no_effect(flag, value):
    options = {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}
    plain = trained(minigrad, options, drawn(4, [5, 40]))
    flagged = trained(minigrad, options | {flag: value}, drawn(4, [5, 40]))
    for a, b in zip(itertools.chain(*plain), itertools.chain(*flagged), strict=True):
        assert np.array_equal(bits(a), bits(b))


def test_options_may_change_between_steps():
    results = []
    for t in (minigrad, torch):
        lr = t.tensor(0.5)
        p = t.nn.Parameter(t.ones(3))
        optimizer = t.optim.SGD([p], lr=lr, momentum=0.9)
        for change in ({}, {"momentum": 0.5}, {"lr": 0.1}, {"weight_decay": 0.2}):
            p.grad = t.tensor([1.0, -0.3, 0.7])
            optimizer.param_groups[0].update(change)
            optimizer.step()
            lr.fill_(0.25)
        results.append(bits(p))
    assert np.array_equal(*results)


SPECIAL = [np.nan, np.inf, -np.inf, 1e38, -1e38, 1e-45, -1e-45, 0.0, -0.0, 1.0]


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"weight_decay": 0.1}])
def test_extreme_values_pass_in_silence(options):
    pairs = np.array(list(itertools.product(SPECIAL, SPECIAL)), "f")
    steps = [[pairs[:, 0]], [pairs[:, 1]], [pairs[:, 1]]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (ours,), _ = trained(minigrad, {"lr": 2.0} | options, steps)
    (theirs,), _ = trained(torch, {"lr": 2.0} | options, steps)
    assert np.array_equal(ours.detach().numpy(), theirs.detach().numpy(), equal_nan=True)


def test_a_training_run_has_the_bits():
    results = []
    for t in (minigrad, torch):
        t.manual_seed(0)
        net = t.nn.Linear(1, 1)
        optimizer = t.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
        x, y = t.tensor([[1.0], [2.0], [3.0]]), t.tensor([[2.0], [4.0], [6.0]])
        for _ in range(30):
            optimizer.zero_grad()
            t.nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
        results.append([bits(p) for p in net.parameters()])
    assert all(map(np.array_equal, *results))


# ---- what a step does not do ---------------------------------------------------------------------


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_step_changes_the_memory_that_was_there(t):
    p = t.nn.Parameter(t.ones(2))
    state, address = {"p": p.detach()}, p.data_ptr()
    optimizer = t.optim.SGD([p], lr=0.5)
    p.grad = t.ones(2)
    optimizer.step()
    assert p.data_ptr() == address
    assert state["p"].tolist() == [0.5, 0.5]
    assert p._version == 1
    assert p.grad.tolist() == [1, 1]


@pytest.mark.parametrize("t", LIBRARIES)
def test_parameters_without_gradient_are_left_alone(t):
    p, q = t.nn.Parameter(t.ones(2)), t.nn.Parameter(t.ones(2))
    optimizer = t.optim.SGD([p, q], lr=0.5, momentum=0.9, weight_decay=0.5)
    p.grad = t.ones(2)
    optimizer.step()
    assert q.tolist() == [1, 1]
    assert q._version == 0
    assert q not in optimizer.state


@pytest.mark.parametrize("t", LIBRARIES)
def test_the_momentum_buffer_is_not_the_gradient(t):
    p = t.nn.Parameter(t.ones(1))
    optimizer = t.optim.SGD([p], lr=0.5, momentum=0.9)
    p.grad = t.ones(1)
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].item() == pytest.approx(0.9)
    assert p.grad.item() == 0


@pytest.mark.parametrize("t", LIBRARIES)
def test_momentum_and_decay_move_what_has_a_zero_gradient(t):
    p = t.nn.Parameter(t.ones(1))
    optimizer = t.optim.SGD([p], lr=0.5, weight_decay=0.1)
    p.grad = t.zeros(1)
    optimizer.step()
    assert p.item() == pytest.approx(0.95)


@pytest.mark.parametrize("t", LIBRARIES)
def test_without_momentum_there_is_no_state(t):
    p = t.nn.Parameter(t.ones(1))
    optimizer = t.optim.SGD([p], lr=0.5)
    p.grad = t.ones(1)
    optimizer.step()
    assert len(optimizer.state) == 0


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_step_is_noticed_by_a_later_backward(t):
    p = t.nn.Parameter(t.ones(1))
    optimizer = t.optim.SGD([p], lr=0.5)
    loss = (p * p).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("t", LIBRARIES)
def test_the_closure_runs_first_and_records(t):
    p = t.nn.Parameter(t.ones(1))
    optimizer = t.optim.SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with t.no_grad():
        assert optimizer.step(closure).item() == 1
    assert p.item() == 0


def test_a_differentiable_step_is_refused_before_anything_changes():
    params = [minigrad.nn.Parameter(minigrad.ones(1)) for _ in range(2)]
    optimizer = minigrad.optim.SGD(
        [{"params": params[:1]}, {"params": params[1:], "differentiable": True}], lr=0.5
    )
    for p in params:
        p.grad = minigrad.ones(1)
    with pytest.raises(RuntimeError, match="in-place"):
        optimizer.step()
    assert [p.item() for p in params] == [1, 1]


def test_gradients_of_results_may_be_retained_and_stepped():
    def program(t):
        w = t.ones(1, requires_grad=True)
        h = w * 2
        h.retain_grad()
        optimizer = t.optim.SGD([h], lr=0.5)
        (h * 3).sum().backward()
        optimizer.step()
        return h.tolist(), optimizer.zero_grad(), h.grad

    assert_same(program)


@pytest.mark.parametrize("options", [{}, {"nesterov": True, "weight_decay": 0.25}], ids=str)
def test_a_parameter_that_is_named_twice_begins_twice(options):
    def program(t):
        p = t.ones(1, requires_grad=True)
        with pytest.warns(UserWarning, match="duplicate parameters"):
            optimizer = t.optim.SGD([p, p], lr=0.5, momentum=0.5, **options)
        seen = []
        for _ in range(3):
            p.grad = t.ones(1)
            optimizer.step()
            seen.append((p.item(), optimizer.state[p]["momentum_buffer"].item()))
        return seen

    assert_same(program)
