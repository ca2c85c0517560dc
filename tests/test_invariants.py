"""What holds of the engine whatever it computes: the list of the design, each with its test.

What the list says of ops one by one (they write to no input, their gradients are nobody else's) is
tested for each of them in test_ops.py; here are the claims about graphs, memory, order and source.
"""

import ast
import functools
import gc
import platform
import subprocess
import sys
import threading
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from weakref import finalize, ref

import numpy as np
import pytest
from hypothesis import settings
from test_autograd import FUNCTIONS

import minigrad
from minigrad import nn, optim
from minigrad.autograd.graph import Leaf, Node
from minigrad.autograd.op import op

SOURCE = Path(minigrad.__file__).parent


def leaf(*shape, value=1.0):
    return minigrad.full(shape, value, requires_grad=True)


@contextmanager
def collector_off():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# ---- references point from results to inputs ----------------------------------------------------


class Exp(minigrad.autograd.Function):
    """Saves its own result."""

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y, x * 2

    @staticmethod
    def backward(ctx, g, h):
        (y,) = ctx.saved_tensors
        return g * y + h * 2


def train(net, optimizer, x):
    optimizer.zero_grad()
    nn.functional.mse_loss(net(x), x.sum(1, keepdim=True)).backward()
    optimizer.step()


def with_hooks(net, optimizer, x):
    h = net[0](x)
    h.retain_grad()
    h.register_hook(lambda g: g * 2)
    handle = net[0].weight.register_hook(lambda g: g + h.detach().sum())
    after = net[0].bias.register_post_accumulate_grad_hook(lambda p: None)
    net[2](net[1](h)).sum().backward()
    handle.remove()
    after.remove()


def with_a_function(net, optimizer, x):
    y, z = Exp.apply(net(x))
    (y * z).sum().backward()


def with_views_and_writes(net, optimizer, x):
    h = net[0](x)
    views = h[0], h.view(-1), h.t()
    h[:, 1] = 2.0
    h[[0]] = h[[1]] * 3
    views[1][1:].mul_(2)
    h.relu_()
    (h.sum() + views[0].sum() + views[2].sum()).backward()


def with_second_order(net, optimizer, x):
    x = x.clone().requires_grad_()
    (g,) = minigrad.autograd.grad(net(x).sum(), x, create_graph=True)
    (g * g).sum().backward()
    y = (x * x * x).sum()
    for _ in range(3):
        (y,) = minigrad.autograd.grad(y.sum(), x, create_graph=True)


def with_errors(net, optimizer, x):
    h = net(x)
    h.register_hook(lambda g: g[:1])
    with pytest.raises(RuntimeError):
        h.sum().backward()
    y = x.clone().requires_grad_().exp()
    y.add_(1)
    with pytest.raises(RuntimeError):
        y.sum().backward()
    z = (net(x) ** 2).sum()
    z.backward()
    with pytest.raises(RuntimeError):
        z.backward()


def with_no_grad(net, optimizer, x):
    with minigrad.no_grad():
        for p in net.parameters():
            p.view(-1)[0] = 1.0
            p -= 0.1
        net(x).sum()


STEPS = [
    train, with_hooks, with_a_function, with_views_and_writes, with_second_order, with_errors,
    with_no_grad,
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_there_are_no_cycles(step):
    """With the collector off, steps leave nothing behind that only it could find."""
    net = nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.1), nn.Linear(4, 1))
    optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    x = minigrad.ones(2, 3)
    step(net, optimizer, x)
    with collector_off():
        for _ in range(5):
            step(net, optimizer, x)
        assert gc.collect() == 0


def test_the_one_cycle_is_torchs_own():
    """`backward(create_graph=True)` warns: parameter, gradient and graph hold each other."""
    x = leaf(2)
    with pytest.warns(UserWarning, match="will create a reference cycle"):
        (x * x * x).sum().backward(create_graph=True)
    node = ref(x.grad.grad_fn)
    x.grad = None
    assert node() is None


def test_a_graph_goes_with_the_last_result():
    x = leaf(2)
    y = (x * 2).exp().sum()
    nodes = [ref(y.grad_fn), ref(y.grad_fn.next_functions[0][0])]
    with collector_off():
        del y
        assert [node() for node in nodes] == [None, None]


def test_a_leaf_does_not_know_its_tensor():
    x = leaf(2)
    y, tensor = x.sum(), ref(x)
    with collector_off():
        del x
        assert tensor() is None
    y.backward()


def test_a_handle_keeps_nothing_alive():
    x = leaf(2)
    handle, tensor = x.register_hook(print), ref(x)
    with collector_off():
        del x
        assert tensor() is None
    handle.remove()


# ---- depth and breadth --------------------------------------------------------------------------


@contextmanager
def few_frames():
    """So little room for recursion that a walk of a thousand nodes would not fit."""
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 100)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def chain(length):
    """x + 1 + 1 + ...: recorded, walked and dropped."""
    x = leaf()
    y = x
    for _ in range(length):
        y = y + 1.0
    y.backward()
    last = ref(y.grad_fn)
    del y
    return x.grad.item(), last()


@pytest.mark.thorough
def test_a_deep_chain_needs_no_recursion():
    """A million nodes where CI runs the property tests at length, else a fifth of that."""
    length = 1_000_000 if settings().max_examples > 100 else 200_000
    with few_frames(), collector_off():
        assert chain(length) == (1.0, None)


def test_a_deep_chain_needs_no_stack():
    results = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: results.append(chain(50_000)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert results == [(1.0, None)]


def test_a_deep_chain_under_grad_and_create_graph():
    x = leaf()
    y = x
    for _ in range(5_000):
        y = y * 1.0
    with few_frames():
        (g,) = minigrad.autograd.grad(y, x, create_graph=True)
        assert g.item() == 1.0
        del y, g


@pytest.mark.parametrize(("times", "hook"), [(100_000, None), (20_000, lambda g: g * 2)])
def test_a_leaf_used_many_times_is_summed_in_linear_time(times, hook):
    x = leaf()
    if hook:
        x.register_hook(hook)
    minigrad.autograd.backward([x * 1.0 for _ in range(times)])
    assert x.grad.item() == (2 * times if hook else times)


def test_sixty_doublings_are_walked_once():
    x = leaf()
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_a_node_is_younger_than_its_parents():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    x = minigrad.ones(2, 3, requires_grad=True)
    h = net(x)
    h[0] = h[1] * 2
    y, z = Exp.apply(h)
    (g,) = minigrad.autograd.grad((y * z).sum(), x, create_graph=True)
    for node in nodes_behind(g.sum().grad_fn):
        assert all(parent.time < node.time for parent in parents_of(node))


def parents_of(node):
    return [parent for parent, _ in node.next_functions if parent is not None]


def nodes_behind(node):
    found = [node]
    for node in found:
        found += [parent for parent in parents_of(node) if not any(parent is f for f in found)]
    return found


# ---- who owns what ------------------------------------------------------------------------------


def float64(values):
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_owned_writable_and_in_order(name):
    x, y = float64([[0.9, 0.4], [0.3, 0.7]]), float64([[0.6, 0.5], [0.8, 1.1]])
    FUNCTIONS[name](minigrad, x, y).sum().backward()
    grads = [t.grad for t in (x, y) if t.grad is not None]
    for g in grads:
        assert g.array.flags.owndata
        assert g.array.flags.writeable
        assert g.array.flags.c_contiguous
        g[0].mul_(3)
    assert_apart([x, y, *grads])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_written_to_what_came_in(name):
    """Inputs, results and the upstream gradient are read-only here: a write would raise."""
    x, y = float64([[0.9, 0.4], [0.3, 0.7]]), float64([[0.6, 0.5], [0.8, 1.1]])
    for t in (x, y):
        t.array.flags.writeable = False
    out = FUNCTIONS[name](minigrad, x, y)
    if name not in ("setitem", "in place"):
        out.array.flags.writeable = False
    g = minigrad.ones_like(out)
    g.array.flags.writeable = False
    wanted = [x, y]
    minigrad.autograd.grad(out, wanted, g, retain_graph=True, allow_unused=True)
    minigrad.autograd.grad(out, wanted, g, create_graph=True, allow_unused=True)
    out.backward(g)


def assert_apart(tensors):
    for i, a in enumerate(tensors):
        for b in tensors[:i]:
            assert not np.shares_memory(a.array, b.array)


def two_leaves(f):
    """The gradients of two leaves, the upstream gradient, and a retained one."""
    a, b = leaf(2, 3), leaf(2, 3)
    h = f(a, b)
    h.retain_grad()
    g = minigrad.ones(tuple(h.shape))
    h.backward(g, retain_graph=True)
    return [a, b, a.grad, b.grad, h.grad, g]


SHARED = {
    "sum": lambda a, b: a + b,
    "views": lambda a, b: (a.view(6) + b.view(6)) * minigrad.ones(6),
    "other views": lambda a, b: a.t() + b.transpose(0, 1),
    "reshaped": lambda a, b: a.reshape(3, 2) + b.reshape(3, 2),
    "clones": lambda a, b: a.clone() + b.clone(),
    "expanded": lambda a, b: a.expand(4, 2, 3) + b,
    "pieces": lambda a, b: minigrad.cat([a, b]),
    "stacked": lambda a, b: minigrad.stack([a, b])[0] + a,
    "scalar": lambda a, b: a.sum() + b.sum(),
    "mean": lambda a, b: (a + b).mean(),
    "same": lambda a, b: a + a + b,
    "alone": lambda a, b: a.view(2, 3) + b.detach() + b,
    "copied": lambda a, b: minigrad.zeros(2, 3).copy_(a) + b,
    "assigned": lambda a, b: assigned(a) + b,
    "maximum": lambda a, b: minigrad.maximum(a, b),
}


def assigned(a):
    out = minigrad.zeros(2, 3)
    out[:] = a
    return out


@pytest.mark.parametrize("name", SHARED)
def test_no_two_gradients_share_memory(name):
    assert_apart(two_leaves(SHARED[name]))


@pytest.mark.parametrize("name", SHARED)
def test_no_two_results_of_grad_share_memory(name):
    a, b = leaf(2, 3), leaf(2, 3)
    h = SHARED[name](a, b)
    g = minigrad.ones(tuple(h.shape))
    inputs = [a, b, h]
    assert_apart([*minigrad.autograd.grad(h, inputs, g, retain_graph=True), g, *inputs])
    leaves = [a, b]
    assert_apart([*minigrad.autograd.grad(h, leaves, g, create_graph=True), g, *inputs])


def test_a_gradient_set_by_a_hook_stays_the_hooks():
    mine = minigrad.full((2,), 5.0)
    x, y = leaf(2), leaf(2)
    x.register_hook(lambda g: mine)
    y.register_hook(lambda g: mine)
    h = x + y
    h.register_hook(lambda g: mine)
    for _ in range(2):
        h.sum().backward()
    assert mine.tolist() == [5.0, 5.0]
    assert_apart([x.grad, y.grad, mine])


def test_the_callers_gradient_stays_the_callers():
    g = minigrad.ones(2)
    x, y = leaf(2), leaf(2)
    for _ in range(2):
        minigrad.autograd.backward([x, y.view(2)], [g, g])
    assert g.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == y.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    "name", ["x", "clone", "abs", "clamp", "cat", "sum", "power", "relu", "cast"]
)
def test_an_op_that_changes_nothing_still_returns_new_memory(name):
    x = minigrad.ones(1, 3)
    y = {
        "x": lambda: x + 0,
        "clone": x.clone,
        "abs": x.abs,
        "clamp": lambda: x.clamp(0, 5),
        "cat": lambda: minigrad.cat([x]),
        "sum": lambda: x.sum(0, keepdim=True),
        "power": lambda: x**1,
        "relu": x.relu,
        "cast": lambda: x.to(minigrad.float32, copy=True),
    }[name]()
    y.mul_(7)
    assert x.tolist() == [[1.0, 1.0, 1.0]]


# ---- what is saved, and for how long ------------------------------------------------------------

SAVED = {
    "add": (lambda a, b: a + b, set()),
    "sub": (lambda a, b: a - b, set()),
    "neg": (lambda a, b: -a, set()),
    "mul": (lambda a, b: a * b, {"a", "b"}),
    "mul constant": (lambda a, b: a * b.detach(), {"b"}),
    "times number": (lambda a, b: a * 2, set()),
    "div": (lambda a, b: a / b, {"a", "b"}),
    "exp": (lambda a, b: a.exp(), {"out"}),
    "log": (lambda a, b: a.log(), {"a"}),
    "sqrt": (lambda a, b: a.sqrt(), {"out"}),
    "tanh": (lambda a, b: a.tanh(), {"out"}),
    "sigmoid": (lambda a, b: a.sigmoid(), {"out"}),
    "relu": (lambda a, b: a.relu(), {"out"}),
    "leaky relu": (lambda a, b: nn.functional.leaky_relu(a), {"a"}),
    "square": (lambda a, b: a**2, {"a"}),
    "maximum": (lambda a, b: minigrad.maximum(a, b), {"a", "b"}),
    "where": (lambda a, b: minigrad.where(a > 0, a, b), set()),
    "sum": (lambda a, b: a.sum(0), set()),
    "mean": (lambda a, b: a.mean(), set()),
    "matmul": (lambda a, b: a @ b, {"a", "b"}),
    "matmul constant": (lambda a, b: a @ b.detach(), {"b"}),
    "linear": (lambda a, b: nn.functional.linear(a, b.detach(), a[0]), {"b"}),
    "mse": (lambda a, b: nn.functional.mse_loss(a, b), {"a", "b"}),
    "clone": (lambda a, b: a.clone(), set()),
    "cast": (lambda a, b: a.double(), set()),
    "cat": (lambda a, b: minigrad.cat([a, b]), set()),
    "stack": (lambda a, b: minigrad.stack([a, b]), set()),
    "index": (lambda a, b: a[[0, 1]], set()),
    "expand": (lambda a, b: a.expand(2, 2, 2) + b, set()),
}


@pytest.mark.parametrize("name", SAVED)
def test_what_no_formula_names_is_not_saved(name):
    """While the graph lives, only the arrays that a derivative is made of live with it."""
    f, expected = SAVED[name]
    a, b = leaf(2, 2) * 2, leaf(2, 2) * 3
    out = f(a, b)
    node = out.grad_fn
    arrays = {"a": ref(a.array), "b": ref(b.array), "out": ref(out.array)}
    with collector_off():
        del a, b, out
        assert {what for what, array in arrays.items() if array() is not None} == expected
    assert isinstance(node, Node)


def test_a_sum_of_many_keeps_no_term():
    x = leaf(1000)
    total, arrays = x, []
    for _ in range(24):
        total = total + x
        arrays.append(ref(total.array))
    assert [array() is None for array in arrays] == [True] * 23 + [False]


def test_saved_values_go_as_the_walk_goes():
    x = leaf(3)
    first = x.exp()
    second = first.exp()
    third = second.exp()
    arrays = [ref(t.array) for t in (first, second, third)]
    alive = []
    for t in (second, first):
        t.register_hook(lambda g: alive.append([array() is not None for array in arrays]))
    loss = third.sum()
    del first, second, third, t
    loss.backward()
    assert alive == [[True, True, False], [True, False, False]]


def test_gradients_on_the_way_go_as_the_walk_goes():
    x = leaf(3)
    seen = []

    def watch(g):
        assert all(array() is None for array in seen)
        seen.append(ref(g.array))

    h = x
    for _ in range(5):
        h = h * 2
        h.register_hook(watch)
    h.sum().backward()
    assert len(seen) == 5


def test_nothing_is_recorded_under_no_grad_or_of_constants():
    x = leaf(3)
    with minigrad.no_grad():
        h = x.exp()
    array = ref(h.array)
    h = h * 2
    assert array() is None
    constant = minigrad.ones(3)
    assert (constant * 2).grad_fn is None


# ---- all or nothing -----------------------------------------------------------------------------


def fail_in_a_hook(error):
    def fail(g):
        raise error

    def spoil(h):
        h.register_hook(fail)
        return h

    return spoil


def fail_in_a_function(error):
    class Fail(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise error

    return Fail.apply


def fail_by_a_write(error):
    def spoil(h):
        y = h.exp()
        y.mul_(2)
        return y

    return spoil


FAILURES = [
    (fail_in_a_hook, ValueError("mine")),
    (fail_in_a_hook, KeyboardInterrupt()),
    (fail_in_a_function, ValueError("mine")),
    (fail_in_a_function, SystemExit()),
    (fail_by_a_write, RuntimeError()),
]


@pytest.mark.parametrize(("fail", "error"), FAILURES)
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.filterwarnings("ignore:Using backward")
def test_a_backward_that_fails_changes_no_grad(fail, error, create_graph):
    early, late, fresh = leaf(2), leaf(2), leaf(2)
    for t in (early, late):
        t.grad = minigrad.full((2,), 7.0)
    grads = early.grad, late.grad
    h = fail(error)(early * 2)
    y = (h * late + fresh).sum()
    with pytest.raises(type(error)) as caught:
        y.backward(create_graph=create_graph)
    if str(error):
        assert caught.value is error
    assert early.grad is grads[0]
    assert late.grad is grads[1]
    assert fresh.grad is None
    assert early.grad.tolist() == late.grad.tolist() == [7.0, 7.0]
    assert minigrad.is_grad_enabled()


def test_after_a_failure_the_graph_is_spent_or_intact():
    x, fail = leaf(2), [True]

    def hook(g):
        if fail:
            raise ValueError("mine")

    h = x.exp()
    h.register_hook(hook)
    y = (h * h).sum()
    with pytest.raises(ValueError, match="mine"):
        y.backward()
    fail.clear()
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()
    h = x.exp()
    h.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1, 1]), rtol=1e-6)


# ---- threads ------------------------------------------------------------------------------------


def in_threads(count, target):
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def hasty_threads():
    """Threads take turns so often that an addition without a lock would lose some."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.parametrize("size", [1, 50_000])
def test_threads_lose_no_gradient(size):
    """Neither the one that comes first, nor one of those that are added."""
    x, g = leaf(size), minigrad.ones(size)
    start = threading.Barrier(8)

    def accumulate():
        start.wait()
        for _ in range(400):
            x.view(size).backward(g)

    in_threads(8, accumulate)
    assert (x.grad == 3200.0).numpy().all()


@pytest.mark.usefixtures("hasty_threads")
def test_threads_compute_in_silence_and_for_themselves():
    wrong = []

    def compute():
        x = leaf(1000, value=0.0)
        for _ in range(50):
            y = (x / x).sum() + (1 / x).sum() + x.log().sum()
            y.backward()
            if not np.isnan(x.grad.numpy()).all():
                wrong.append(x.grad)

    in_threads(8, compute)
    assert wrong == []


# ---- silence ------------------------------------------------------------------------------------


def test_the_users_error_state_is_neither_obeyed_nor_changed():
    x = minigrad.tensor([0.0, -1.0, 1e30], requires_grad=True)
    with np.errstate(all="raise"):
        (x / 0 + x.log() + x.exp() * x.exp() + x**0.5).sum().backward()
        x.detach().mul_(1e30).div_(0)
        b = leaf(1)  # its gradient is a sum to its shape, which overflows
        minigrad.autograd.grad((b * minigrad.tensor([3e38, 3e38])).sum(), b)
        minigrad.autograd.grad([b, b], b, [minigrad.full((1,), 3e38)] * 2)
        with pytest.raises(FloatingPointError):
            np.ones(1) / 0


def test_hooks_on_the_way_back_see_the_users_error_state_and_grad_mode():
    """Between hooks the walk runs in a context of its own."""
    seen = []

    def look(g):
        with pytest.raises(FloatingPointError):
            np.ones(1) / 0
        seen.append((float(g.sum()), minigrad.is_grad_enabled()))

    w, x = leaf(3, value=2.0), leaf(3, value=1.0)
    y = w * x
    w.register_hook(look)
    y.register_hook(look)
    with np.errstate(all="raise"), minigrad.enable_grad():
        ((y * y / 0).exp() * 0).sum().backward()
    assert len(seen) == 2
    assert all(np.isnan(total) and not recording for total, recording in seen)


def test_a_finalizer_that_is_met_on_the_way_back_may_compute_and_walk_itself():
    found = []

    def compute():
        z = leaf(2, value=3.0)
        (z * z / 0 * 0 + z).exp().sum().backward()
        found.append(z.grad.isnan().all().item())

    x = leaf(2, value=1.0)
    y = (x * 2).exp()
    finalize(y, compute)  # the graph lets go of y when its node is released
    total = (y * y).exp().sum()
    del y
    total.backward()
    assert found == [True]
    assert not x.grad.isnan().any()


# ---- formulas -----------------------------------------------------------------------------------


def test_a_formula_that_names_what_the_op_does_not_have():
    @op
    def scale(x, factor, /, power):
        return x * factor**power

    with pytest.raises(
        TypeError, match=r"derivative of scale by x names 'facto'.*factor"
    ) as caught:
        scale.derivative(x=lambda g, facto: g)
    for possible in ("g", "out", "x", "factor", "power", "x_shape", "x_dtype"):
        assert possible in str(caught.value)
    with pytest.raises(TypeError, match="scale has no array 'y': it takes x, factor"):
        scale.derivative(y=lambda g: g)
    with pytest.raises(TypeError, match="scale has no array 'power'"):
        scale.derivative(power=lambda g: g)


def test_a_call_names_its_arguments_as_the_kernel_does():
    @op
    def scale(x, /, factor, power=1):
        return x * factor**power

    for _ in range(2):  # written out at the first call
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'factor'"):
            scale(leaf(2))
        assert scale(leaf(2), 2.0).tolist() == [2.0, 2.0]


def test_a_tensor_as_a_parameter_is_a_constant():
    @op
    def scale(x, /, factor):
        return np.multiply(x, factor)

    scale.derivative(x=lambda g, factor: g * factor)
    x, two = leaf(3), minigrad.tensor(2.0)
    scale(x, two).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    (g,) = minigrad.autograd.grad(scale(x, two).sum(), x, create_graph=True)
    assert g.tolist() == [2.0, 2.0, 2.0]
    y = scale(x, two)
    two.mul_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    with pytest.raises(TypeError, match="scale has no derivative by 'factor'") as caught:
        scale(x, leaf())
    assert "def scale(x, factor, /)" in caught.value.__notes__[0]
    with minigrad.no_grad():
        assert scale(x, leaf()).shape == (3,)


def test_a_formula_is_handed_what_it_names():
    seen = {}

    @op
    def shift(x, y, /, by):
        return x + y + by

    def derivative(g, out, x, by, x_shape, x_dtype):
        seen.update(g=g, out=out, x=x, by=by, x_shape=x_shape, x_dtype=x_dtype)
        return g

    shift.derivative(x=derivative, y=lambda g: g)
    x = leaf(2, 3)
    shift(x, leaf(3), 5.0).sum().backward()
    assert seen["by"] == 5.0
    assert seen["x"] is x.array
    assert seen["out"].tolist() == [[7.0] * 3] * 2
    assert (seen["x_shape"], seen["x_dtype"]) == ((2, 3), np.dtype("float32"))
    assert isinstance(seen["g"], np.ndarray)


def test_an_op_on_arrays_is_its_kernel():
    from minigrad import ops

    result = ops.mul(np.ones(2), np.full(2, 3.0))
    assert type(result) is np.ndarray


# ---- the source ---------------------------------------------------------------------------------

LAYERS = [
    ["version", "notes", "elsewhere", "absent", "dtypes", "fma", "memory", "scalar", "boxmuller"],
    ["printing", "extras", "random"],
    ["tensor", "return_types", "cuda", "autograd", "ops"],
    ["functions"],
    ["nested", "creation", "draws", "kin", "legacy", "serialization"],
    ["nn"],
    ["optim"],
    ["notebook"],
    ["program", "guide", "story", "drawing", "doctor"],
    ["course", "page"],
    ["__init__", "__main__"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = sorted(SOURCE.rglob("*.py"))


def part_of(path):
    """The part of the library that a file belongs to: a package, or a module of its own."""
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(tree):
    """Each import with the full names of what it could mean."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield node, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield node, inner if node.module == "minigrad" else [node.module]


@functools.cache
def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path):
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_numpy_is_all_that_is_needed(path):
    known = {*sys.stdlib_module_names, "numpy", "minigrad"}
    for _, names in imported(parse(path)):
        assert {name.split(".")[0] for name in names} <= known


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path):
    level = LEVEL[part_of(path)]
    for node, names in imported(parse(path)):
        parts = [name.split(".")[1] for name in names if name.startswith("minigrad.")]
        higher = [part for part in parts if LEVEL.get(part, level) > level]
        if path.name == "tensor.py":  # the one knot, tied on its last lines
            assert not higher or node.lineno > last_class(path)
        else:
            assert higher == []


ROOMS = [
    ["errors"],
    ["notation"],
    ["recording", "rules"],
    ["text"],
    ["agreement", "program"],
    ["calling", "save"],
    ["compiled"],
]


def test_the_rooms_of_compile_are_passed_one_way():
    """A file imports from its own room and from those before it, and no two lead to each other."""
    floor = {room: i for i, rooms in enumerate(ROOMS) for room in rooms}
    graph = {}
    for path in (p for p in MODULES if part_of(p) == "program" and p.name != "__init__.py"):
        own = path.relative_to(SOURCE / "program").with_suffix("").parts
        names = (name.split(".") for _, found in imported(parse(path)) for name in found)
        graph[own] = [tuple(n[2:4]) for n in names if n[:2] == ["minigrad", "program"]]
        for room, *_ in graph[own]:
            assert room == own[0] or floor[room] < floor[own[0]], (own, room)
    assert {*TopologicalSorter(graph).static_order()} >= graph.keys()


def last_class(path):
    return max(node.end_lineno for node in ast.walk(parse(path)) if isinstance(node, ast.ClassDef))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_import_hides_in_a_function(path):
    if part_of(path) in ("__main__", "guide", "program"):
        return  # commands import what they run when they run it
    functions = [n for n in ast.walk(parse(path)) if isinstance(n, ast.FunctionDef | ast.Lambda)]
    inner = {name for f in functions for _, names in imported(f) for name in names}
    assert not {name for name in inner if name.startswith("minigrad")}


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(p) != "program"], ids=name_of)
def test_no_assert_stands_for_an_error(path):
    assert not [node.lineno for node in ast.walk(parse(path)) if isinstance(node, ast.Assert)]


OPS = sorted((SOURCE / "ops").glob("*.py"))


@pytest.mark.parametrize("path", OPS, ids=name_of)
def test_formulas_never_look_inside_their_values(path):
    for call in ast.walk(parse(path)):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", None) == "derivative":
            inside = list(ast.walk(call))
            attributes = {node.attr for node in inside if isinstance(node, ast.Attribute)}
            names = {node.id for node in inside if isinstance(node, ast.Name)}
            assert attributes.isdisjoint({"array", "node", "grad", "numpy", "data"})
            assert names.isdisjoint({"isinstance", "type", "Tensor"})


@pytest.mark.parametrize("path", [p for p in OPS if p.name != "inplace.py"], ids=name_of)
def test_kernels_do_not_check(path):
    assert not [node.lineno for node in ast.walk(parse(path)) if isinstance(node, ast.Raise)]


def test_the_grad_mode_is_read_where_things_are_recorded():
    readers = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "enabled.get"
    }
    readers = {name for name in readers if not name.startswith("program/")}
    assert readers == {"autograd/grad_mode.py", "autograd/op.py", "ops/inplace.py"}


def in_a_new_process(program):
    """What a program prints that runs in a Python of its own."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


NEEDED = {
    "autograd", "creation", "dtypes", "elsewhere", "fma", "functions", "memory", "nested", "notes",
    "ops", "tensor", "version",
}  # fmt: skip


def test_importing_minigrad_imports_what_every_program_needs():
    """Beyond NumPy; the rest is imported when it is first asked for."""
    before = {*in_a_new_process("import sys, numpy; print(*sys.modules)").split()}
    imported = {*in_a_new_process("import sys, minigrad; print(*sys.modules)").split()} - before
    own = {name for name in imported if name.partition(".")[0] == "minigrad"}
    assert imported - own <= {"__future__", "heapq", "_heapq"}
    assert {name.split(".")[1] for name in own - {"minigrad"}} <= NEEDED
    assert len(own) <= 60  # each takes about a 400th of the time that NumPy takes
    rare = {"anomaly", "function", "functional", "slopes", "second_order", "reason", "witness"}
    assert rare.isdisjoint(name.rpartition(".")[2] for name in own)


FAULTS = """
import resource
import minigrad as torch

x, factor = torch.randn(1_000_000).requires_grad_(), torch.rand(1_000_000)

def step():
    x.grad, h = None, x
    for _ in range(5):
        h = torch.relu(h * factor + x) * 0.9
    h.sum().backward()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(5):
    step()
before = faults()
for _ in range(5):
    step()
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they like")
def test_large_arrays_come_from_memory_that_is_kept():
    """A step that takes 40 arrays of 4 MB from the system anew meets 10,000 fresh pages."""
    assert int(in_a_new_process(FAULTS)) < 5 * 500


ASK = """
import threading, {0} as package
names = [*package.LATER, *package.__all__]
assert {{*names}} <= {{*dir(package)}}
start, found = threading.Barrier(6), []

def ask(step):
    start.wait()
    found.append({{name: getattr(package, name) for name in names[::step]}})

threads = [threading.Thread(target=ask, args=(step,)) for step in (1, -1, 1, -1, 1, -1)]
for t in threads:
    t.start()
for t in threads:
    t.join()
stars = dict()
exec("from {0} import *", stars)
kept = {{name: vars(package)[name] for name in names}}
assert found == 6 * [kept]
assert {{name: stars[name] for name in package.__all__}}.items() <= kept.items()
"""


@pytest.mark.parametrize("package", ["minigrad", "minigrad.autograd"])
def test_what_is_imported_later_is_there_from_the_start(package):
    """For dir() and `import *`, and for threads that ask at the same time."""
    assert in_a_new_process(ASK.format(package)) == ""


def test_what_is_imported_later_asks_for_nothing_that_is_as_well():
    """Not by attribute, while it is imported: another thread may hold the lock, and wait for it."""
    every = "[getattr(minigrad, name) for name in minigrad.LATER]"
    files = "(getattr(m, '__file__', None) for m in sys.modules.values())"
    imported = in_a_new_process(f"import sys, minigrad; {every}; print(*{files}, sep='\\n')")
    homes = {"minigrad": minigrad.LATER, "minigrad.autograd": minigrad.autograd.LATER}
    for path in {*MODULES} & {Path(file) for file in imported.splitlines()}:
        for node in parse(path).body:
            if isinstance(node, ast.ImportFrom):
                assert {alias.name for alias in node.names}.isdisjoint(homes.get(node.module, ()))


def test_a_leaf_is_where_gradients_rest():
    x = leaf(2)
    assert isinstance((x * 2).grad_fn.next_functions[0][0], Leaf)
