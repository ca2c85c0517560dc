"""Programs that go through large arrays block by block: the bits are those of the engine.

Here arrays of a dozen numbers are large, and a block has a few, so that all that can happen with
blocks happens: one that is not full, loops in a row, values that others need, rows and columns.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compile import batch, compare, make_world, seen

import minigrad
from minigrad import nn
from minigrad.program import compile
from minigrad.program.rules import blocks, choices


@pytest.fixture(autouse=True, params=[(12, 4), (12, 5), (1, 3)])
def small_blocks(request, monkeypatch):
    large, block = request.param
    monkeypatch.setattr(blocks, "LARGE", large)
    monkeypatch.setattr(blocks, "BLOCK", block)
    monkeypatch.setattr(blocks, "SMALL", 2)
    monkeypatch.setattr(blocks, "FEW", 1)
    monkeypatch.setattr(choices, "LARGE", 1)


def has_loop(step):
    return "for start in range" in step.source


def net_of(*activations):
    def make():
        return nn.Sequential(nn.Linear(3, 4), *activations, nn.Linear(4, 2), nn.ReLU())

    return make


@pytest.mark.parametrize("activation", [nn.ReLU, nn.LeakyReLU])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_training(activation, momentum):
    net = net_of(activation())
    assert has_loop(compare(lambda: make_world(net, momentum=momentum)))


def step_of(body):
    """A world with a step of its own."""

    def of(world):
        return lambda *arguments: body(world, *arguments)

    return lambda: make_world(step=of)


def asking(k, shape=(7, 3)):
    """Two tensors of which the first asks for its gradient, with some zeros, infinities and NaN."""
    generator = np.random.default_rng(k)
    x, y = generator.standard_normal((2, *shape)).astype(np.float32)
    x[generator.random(shape) < 0.2] = -0.0
    y[generator.random(shape) < 0.1] = np.inf
    y[generator.random(shape) < 0.1] = np.nan
    return minigrad.tensor(x).requires_grad_(), minigrad.tensor(y)


SHAPES = [(7, 3), (8, 1), (1, 24), (24,), (1, 1, 13), (2, 2, 6), (3, 40)]


@pytest.mark.parametrize("shape", SHAPES)
def test_there_and_back_in_one_loop(shape):
    def body(world, x, y):
        x.grad = None
        h = minigrad.relu(x * y + x) * 0.9
        h = minigrad.relu(h * y + x) * 0.9
        h.backward(y)
        return h

    step = compare(step_of(body), arguments=lambda k: asking(k, shape))
    rows = next(n for n in shape if n > 1)
    if np.prod(shape) // rows <= blocks.BLOCK and np.prod(shape) >= blocks.LARGE:
        assert step.source.count("for start in range") == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sum_waits_for_the_end_of_the_loop(shape):
    def body(world, x, y):
        x.grad = None
        loss = (minigrad.tanh(x) * y + minigrad.sigmoid(x)).sum()
        loss.backward()
        return loss

    compare(step_of(body), arguments=lambda k: asking(k, shape))


def test_backward_after_the_call():
    def body(world, x, y):
        return (minigrad.exp(x * 0.1) * y + x).sum()

    ours, theirs = step_of(body)(), step_of(body)()
    step = compile(theirs.step)
    for k in range(5):
        mine, others = asking(k), asking(k)
        ours.step(*mine).backward()
        step(*others).backward()
        assert seen(others[0].grad) == seen(mine[0].grad)


def test_rows_columns_and_transposed_operands():
    def body(world, x, y):
        x.grad = None
        row, column = y[:1], y[:, :1]
        h = (x * row + column) * y.T.T + x[2]
        h = h * (h.T.contiguous().T + 1)
        h.sum().backward()
        return h

    compare(step_of(body), arguments=asking)


def test_what_a_loop_reads_it_does_not_overwrite():
    def body(world, x, y):
        with minigrad.no_grad():
            first = x[0] * 2  # the first row, in every block
            x.mul_(0.5)
            x.add_(x * first + x[1])
            x.sub_(y).mul_(x)

    compare(step_of(body), arguments=lambda k: batch(k, rows=7, out=3))


def test_float64_beside_float32():
    def body(world, x, y):
        x.grad = None
        h = (x.double() * y + x).float() * x
        h.backward(y)
        return h, h.double() * 2 - x

    def detached(world, x, y):
        h, wide = body(world, x, y)
        return h.detach(), wide.detach()

    compare(step_of(detached), arguments=asking)


OPS = {
    "mul": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b * 0.5,
    "relu": lambda a, b: minigrad.relu(a),
    "tanh": lambda a, b: minigrad.tanh(a) * b,
    "where": lambda a, b: minigrad.where(a > b, a, b),
    "maximum": lambda a, b: minigrad.maximum(a, b),
    "abs": lambda a, b: abs(a),
    "row": lambda a, b: a[0] + b,
    "sum": lambda a, b: a + b.sum(0),
    "matmul": lambda a, b: a @ (a.T @ b),
}


@settings(max_examples=15, deadline=None)
@given(
    data=st.lists(
        st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 5), st.integers(0, 5)),
        min_size=2,
        max_size=9,
    ),
    rows=st.integers(1, 9),
)
def test_random_graphs(data, rows):
    def body(world, x, y):
        x.grad = None
        values = [x, y]
        for name, i, j in data:
            a, b = values[-1 - i % len(values)], values[-1 - j % len(values)]
            values.append(OPS[name](a, b))
        loss = (values[-1] * x).sum()
        loss.backward()
        return loss, values[-1].detach()

    def arguments(k):
        x, y = batch(k, rows=rows, out=3)
        return x.requires_grad_(), y

    compare(step_of(body), 4, arguments=arguments)


def test_momentum_is_written_where_it_is_kept():
    step = compare(lambda: make_world(net_of(), momentum=0.9))
    if blocks.LARGE == 1:
        assert "multiply(momenta_block, momentum, momenta_block)" in step.source


def test_what_is_read_later_is_not_written_over():
    """The sum reads x after h is computed, which therefore waits in memory of its own."""

    def body(world, x, y):
        with minigrad.no_grad():
            h = (x * 2 + y) * y
            k = (x + y).exp()
            x.copy_(h)
        return k

    compare(step_of(body), arguments=lambda k: [t.detach() for t in asking(k)])
