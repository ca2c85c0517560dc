"""nn.init: PyTorch's bits from the same seed, its errors, and what it does to the tensor."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from twins import LIBRARIES, assert_same, bits, named, notes

import minigrad

SCHEMES = ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"]

FILLS = {
    "uniform": lambda t: t.nn.init.uniform_(t.zeros(2)),
    "uniform-bounds": lambda t: t.nn.init.uniform_(t.zeros(5), -2, 3.5),
    "uniform-reversed": lambda t: t.nn.init.uniform_(t.zeros(2), 1, 0),
    "uniform-nan": lambda t: t.nn.init.uniform_(t.zeros(2), float("nan"), 1),
    "uniform-inf": lambda t: t.nn.init.uniform_(t.zeros(2), 0, float("inf")),
    "uniform-int": lambda t: t.nn.init.uniform_(5),
    "uniform-integers": lambda t: t.nn.init.uniform_(t.zeros(2, dtype=t.int64)),
    "uniform-generator": lambda t: t.nn.init.uniform_(
        t.zeros(2), generator=t.Generator().manual_seed(3)
    ),
    "normal": lambda t: t.nn.init.normal_(t.zeros(3), 1.5, 2.0),
    "normal-negative": lambda t: t.nn.init.normal_(t.zeros(2), 0, -1),
    "normal-integers": lambda t: t.nn.init.normal_(t.zeros(2, dtype=t.int64)),
    "constant": lambda t: t.nn.init.constant_(t.zeros(2), 5),
    "constant-integers": lambda t: t.nn.init.constant_(t.zeros(2, dtype=t.int64), 5.5),
    "zeros": lambda t: t.nn.init.zeros_(t.ones(2)),
    "zeros-int": lambda t: t.nn.init.zeros_(5),
    "ones": lambda t: t.nn.init.ones_(t.zeros(2)),
    "eye": lambda t: [t.nn.init.eye_(t.ones(2, 3)), t.nn.init.eye_(t.ones(3, 2))],
    "eye-double": lambda t: t.nn.init.eye_(t.ones(2, 2, dtype=t.float64)),
    "eye-empty": lambda t: t.nn.init.eye_(t.zeros(0, 2)),
    "eye-vector": lambda t: t.nn.init.eye_(t.zeros(2)),
    "eye-3d": lambda t: t.nn.init.eye_(t.zeros(2, 2, 2)),
    "xavier-vector": lambda t: t.nn.init.xavier_uniform_(t.zeros(2)),
    "xavier-normal-0d": lambda t: t.nn.init.xavier_normal_(t.tensor(0.0)),
    "xavier-empty": lambda t: t.nn.init.xavier_uniform_(t.zeros(2, 0)),
    "xavier-empty-both": lambda t: t.nn.init.xavier_uniform_(t.zeros(0, 0)),
    "xavier-gain": lambda t: t.nn.init.xavier_uniform_(t.zeros(2, 2), gain=0.3),
    "xavier-negative-gain": lambda t: t.nn.init.xavier_uniform_(t.zeros(2, 2), gain=-1),
    "xavier-int": lambda t: t.nn.init.xavier_uniform_(5),
    "kaiming-vector": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2)),
    "kaiming-empty": lambda t: t.nn.init.kaiming_uniform_(t.zeros(0, 2)),
    "kaiming-normal-empty": lambda t: t.nn.init.kaiming_normal_(t.zeros(2, 0)),
    "kaiming-mode": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 3), mode="fan_out"),
    "kaiming-mode-upper": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 3), mode="FAN_OUT"),
    "kaiming-bogus-mode": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2), mode="bogus"),
    "kaiming-bogus": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2), nonlinearity="bogus"),
    "kaiming-bogus-slope": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2), a="x"),
    "kaiming-relu": lambda t: t.nn.init.kaiming_normal_(t.zeros(2, 2), nonlinearity="relu"),
    "kaiming-3d": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 3, 4)),
    "kaiming-int": lambda t: t.nn.init.kaiming_uniform_(5),
    "kaiming-integers": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2, dtype=t.int64)),
    "versions": lambda t: [
        fill(t.nn.Parameter(t.ones(2, 2)))._version
        for fill in (t.nn.init.uniform_, t.nn.init.zeros_, t.nn.init.ones_, t.nn.init.eye_)
    ],
}

NONLINEARITIES = [
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu", "gelu", "bogus", 5, None,
]  # fmt: skip


@pytest.mark.parametrize("program", named(FILLS))
def test_fills(program):
    assert_same(program)


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_gains(nonlinearity):
    assert_same(lambda t: t.nn.init.calculate_gain(nonlinearity))


@pytest.mark.parametrize("slope", [0.2, 1, 0, None, True, "a", [1]])
def test_gains_of_slopes(slope):
    assert_same(lambda t: t.nn.init.calculate_gain("leaky_relu", slope))
    assert_same(lambda t: t.nn.init.calculate_gain("relu", slope))


@pytest.mark.parametrize("scheme", SCHEMES)
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    double=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_schemes_have_the_bits(scheme, shape, double, seed):
    made = []
    for t in (minigrad, torch):
        t.manual_seed(seed)
        weight = t.zeros(*shape, dtype=t.float64 if double else t.float32)
        made.append(bits(getattr(t.nn.init, scheme)(weight)))
    assert np.array_equal(*made)


@pytest.mark.parametrize("inputs", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("outputs", [1, 4])
def test_a_linear_layer_starts_with_the_bits(inputs, outputs):
    made = []
    for t in (minigrad, torch):
        t.manual_seed(7)
        made.append([bits(p) for p in t.nn.Linear(inputs, outputs).parameters()])
    for ours, theirs in zip(*made, strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("t", LIBRARIES)
def test_filling_returns_the_tensor_and_is_not_recorded(t):
    weight = t.nn.Parameter(t.ones(2, 2))
    for fill in (t.nn.init.uniform_, t.nn.init.zeros_, t.nn.init.eye_, t.nn.init.kaiming_normal_):
        assert fill(weight) is weight
        assert weight.is_leaf
        assert weight.requires_grad


def test_notes_teach():
    assert "bias" in notes(FILLS["kaiming-vector"])
    assert "leaky_relu" in notes(lambda t: t.nn.init.calculate_gain("gelu"))


def test_a_refused_fill_changes_nothing():
    weight = minigrad.ones(2, 2)
    with pytest.raises(RuntimeError):
        minigrad.nn.init.uniform_(weight, 1, 0)
    with pytest.raises(ValueError, match="Mode"):
        minigrad.nn.init.kaiming_uniform_(weight, mode="bogus")
    assert weight.tolist() == [[1, 1], [1, 1]]
