"""Random networks, trained under both libraries: forward, loss, gradients and updates agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad

VALUES = [-2.0, -1.0, -0.5, -0.0, 0.0, 0.25, 0.5, 1.0, 1.5, 3.0]  # ties, zeros and signed zeros


@dataclass(frozen=True)
class Design:
    """What a network is made of, how it is fed and how it is trained."""

    widths: list[int]
    activations: list[tuple[str, float]]
    bias: bool
    shared: bool
    batch: int | None
    seed: int
    options: dict[str, Any]
    steps: int

    def network(self, m: Any) -> Any:
        layers: list[Any] = []
        for i, (n_in, n_out) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            layers.append(m.nn.Linear(n_in, n_out, bias=self.bias))
            layers.append(activation(m, *self.activations[i % len(self.activations)]))
            if self.shared and n_in == n_out:
                layers.append(layers[-2])  # the same layer once more
        return m.nn.Sequential(*layers)

    def data(self, dtype: str) -> tuple[Any, Any]:
        random = np.random.default_rng(self.seed)
        lead = () if self.batch is None else (self.batch,)
        return tuple(
            random.choice(VALUES, (*lead, n)).astype(dtype)
            for n in (self.widths[0], self.widths[-1])
        )


def activation(m: Any, name: str, slope: float) -> Any:
    if name == "relu":
        return m.nn.ReLU()
    return m.nn.LeakyReLU(slope) if name == "leaky" else m.nn.Identity()


options = st.fixed_dictionaries(
    {
        "lr": st.sampled_from([0.01, 0.1]),
        "momentum": st.sampled_from([0, 0.5, 0.9]),
        "weight_decay": st.sampled_from([0, 0.1]),
        "dampening": st.sampled_from([0, 0.25]),
        "nesterov": st.booleans(),
        "maximize": st.booleans(),
    }
).map(
    lambda o: {**o, "nesterov": False} if o["dampening"] or not o["momentum"] else o  # type: ignore
)


def designs(widths: Any, batches: Any) -> st.SearchStrategy[Design]:
    return st.builds(
        Design,
        widths=widths,
        activations=st.lists(
            st.tuples(
                st.sampled_from(["relu", "leaky", "none"]), st.sampled_from([0.01, 0.5, 0.0, -0.5])
            ),
            min_size=1,
            max_size=3,
        ),
        bias=st.booleans(),
        shared=st.booleans(),
        batch=batches,
        seed=st.integers(0, 10_000),
        options=options,
        steps=st.integers(1, 3),
    )


def train(design: Design, m: Any, dtype: str) -> list[np.ndarray[Any, Any]]:
    """All that training makes, in order: outputs, losses, gradients, parameters."""
    m.manual_seed(design.seed)
    net = design.network(m)
    if dtype == "float64":
        net.double()
    x, y = map(m.tensor, design.data(dtype))
    optimizer = m.optim.SGD(net.parameters(), **design.options)
    found: list[Any] = []
    for _ in range(design.steps):
        optimizer.zero_grad()
        output = net(x)
        loss = m.nn.functional.mse_loss(output, y)
        loss.backward()
        found += [output.detach(), loss.detach()]
        found += [p.grad.clone() for p in net.parameters()]
        optimizer.step()
        found += [p.detach().clone() for p in net.parameters()]
    return [t.numpy() for t in found]


def bits(arrays: list[np.ndarray[Any, Any]]) -> list[bytes]:
    return [(a + 0.0).tobytes() for a in arrays]  # + 0. : the sign of a zero is not compared


short = designs(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.sampled_from([None, 1, 2]))
wide = designs(
    st.lists(st.integers(1, 40), min_size=2, max_size=4), st.sampled_from([None, 1, 7, 33])
)


@given(short)
def test_networks_of_short_sums_have_pytorchs_bits(design: Design) -> None:
    """Up to three inputs a layer and two samples: no sum has more than seven terms."""
    assert bits(train(design, minigrad, "float32")) == bits(train(design, torch, "float32"))


@given(wide, st.sampled_from(["float32", "float64"]))
def test_networks_agree_within_the_errors_of_their_sums(design: Design, dtype: str) -> None:
    """n terms, added in another order, differ by n rounding errors of the largest intermediate.

    A unit whose input is rounded to the other side of its kink is another function; numbers of few
    binary digits make that impossible in the first step, so that step is compared.
    """
    design = Design(**{**vars(design), "steps": 1})
    ours, theirs = train(design, minigrad, dtype), train(design, torch, dtype)
    terms = sum(design.widths) + (design.batch or 1)
    largest = max(1.0, *(float(np.abs(a).max(initial=0)) for a in theirs))
    bound = 4 * terms * float(np.finfo(dtype).eps) * largest * largest
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=bound)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_dead_unit_gets_exactly_zero_and_never_moves(bias: bool, momentum: float) -> None:
    for m in (minigrad, torch):
        layer = m.nn.Linear(1, 1, bias=bias)
        with m.no_grad():
            for p in layer.parameters():
                p.fill_(-1.0)
        optimizer = m.optim.SGD(layer.parameters(), lr=0.1, momentum=momentum)
        for _ in range(20):
            optimizer.zero_grad()
            loss = m.nn.functional.mse_loss(m.relu(layer(m.tensor([1.0]))), m.tensor([5.0]))
            loss.backward()
            optimizer.step()
            assert all(p.grad.item() == 0.0 for p in layer.parameters())
        assert all(p.item() == -1.0 for p in layer.parameters())


def test_decay_moves_a_dead_unit_and_a_leak_revives_it() -> None:
    layer = minigrad.nn.Linear(1, 1, bias=False)
    with minigrad.no_grad():
        layer.weight.fill_(-1.0)
    x, y = minigrad.tensor([1.0]), minigrad.tensor([5.0])
    decayed = minigrad.optim.SGD(layer.parameters(), lr=0.1, weight_decay=0.5)
    minigrad.nn.functional.mse_loss(minigrad.relu(layer(x)), y).backward()
    decayed.step()
    assert layer.weight.item() == pytest.approx(-0.95)
    plain = minigrad.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(400):
        plain.zero_grad()
        out = minigrad.nn.functional.leaky_relu(layer(x), 0.01)
        minigrad.nn.functional.mse_loss(out, y).backward()
        plain.step()
    assert layer.weight.item() == pytest.approx(5.0, rel=1e-3)
