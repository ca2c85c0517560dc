"""inference_mode: what is made inside never takes part in a graph, as in PyTorch."""

import copy
import pickle
import threading

import numpy as np
import pytest
from both import in_both, raised

import minigrad
from minigrad.autograd import watch


@pytest.fixture(autouse=True)
def unheard():
    """Whatever a test leaves listening is not there for other tests."""
    yield
    watch.listeners.clear()


def seen(t):
    return t, t.is_inference(), t.requires_grad, t.is_leaf, t.grad_fn


def flags(torch):
    return torch.is_inference_mode_enabled(), torch.is_grad_enabled()


def made_inside(torch):
    with torch.inference_mode():
        return torch.tensor([1.0, 2.0])


# ---- the mode -----------------------------------------------------------------------------------


@in_both
def test_the_flags(torch):
    found = [flags(torch)]
    with torch.inference_mode() as given:
        found += [given, flags(torch)]
        with torch.enable_grad():
            found.append(flags(torch))
            with torch.no_grad():
                found.append(flags(torch))
            found.append(flags(torch))
        torch.set_grad_enabled(True)
        found.append(flags(torch))
        with torch.inference_mode(False):
            found.append(flags(torch))
            with torch.inference_mode(mode=True):
                found.append(flags(torch))
        found.append(flags(torch))
    with torch.no_grad(), torch.inference_mode(False):
        found.append(flags(torch))
    return found, flags(torch)


@in_both
def test_as_a_decorator(torch):
    x = torch.ones(2, requires_grad=True)

    @torch.inference_mode
    def bare(x):
        """What it does."""
        return seen(x * 2), flags(torch)

    @torch.inference_mode()
    def called(x):
        return seen(x * 2), flags(torch)

    @torch.inference_mode(False)
    def undone(x):
        return seen(x * 2), flags(torch)

    @torch.inference_mode()
    def numbers():
        yield flags(torch)
        yield flags(torch)

    return [
        bare(x), called(x), undone(x), bare.__name__, bare.__doc__, flags(torch),
        [(inside, flags(torch)) for inside in numbers()],
    ]  # fmt: skip


@in_both
def test_an_exception_ends_the_mode(torch):
    def fail():
        with torch.inference_mode():
            raise ValueError("mine")

    return raised(fail), flags(torch)


@in_both
def test_the_mode_belongs_to_its_thread(torch):
    found = []

    def other():
        found.append(flags(torch))
        found.append(seen(torch.ones(2) * 2))

    with torch.inference_mode():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    return found


# ---- what is made inside ------------------------------------------------------------------------


INSIDE = {
    "ones": lambda torch, x, n, h: torch.ones(2),
    "tensor": lambda torch, x, n, h: torch.tensor([1.0], requires_grad=True),
    "Tensor": lambda torch, x, n, h: torch.Tensor([1.0]),
    "from_numpy": lambda torch, x, n, h: torch.from_numpy(np.ones(2)),
    "rand": lambda torch, x, n, h: torch.zeros_like(torch.rand(2)),
    "a product": lambda torch, x, n, h: x * 2,
    "a constant's product": lambda torch, x, n, h: n + 1,
    "a clone": lambda torch, x, n, h: n.clone(),
    "another dtype": lambda torch, x, n, h: n.double(),
    "the same dtype": lambda torch, x, n, h: n.float(),
    "a view of a leaf": lambda torch, x, n, h: x.view(2),
    "a view of a result": lambda torch, x, n, h: h[0],
    "a view of a constant": lambda torch, x, n, h: n.t(),
    "detached": lambda torch, x, n, h: x.detach(),
    "data": lambda torch, x, n, h: x.data,
    "a view of a new one": lambda torch, x, n, h: (x * 2)[1:],
    "a comparison": lambda torch, x, n, h: x > 1,
    "an index": lambda torch, x, n, h: x[x > 1],
    "a parameter": lambda torch, x, n, h: torch.nn.Parameter(torch.ones(2)),
    "a constant's parameter": lambda torch, x, n, h: torch.nn.Parameter(n),
    "requires_grad_": lambda torch, x, n, h: torch.ones(2).requires_grad_(),
    "in place": lambda torch, x, n, h: torch.ones(2).add_(x),
    "on a leaf in place": lambda torch, x, n, h: x.add_(1),
    "on a result in place": lambda torch, x, n, h: h.mul_(2),
    "a deep copy": lambda torch, x, n, h: copy.deepcopy(x).detach() * 1,
}


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("name", INSIDE)
@in_both
def test_what_is_made_inside(torch, name, enabled):
    x, n = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0])
    h = x * 2
    with torch.inference_mode(), torch.set_grad_enabled(enabled):
        t = INSIDE[name](torch, x, n, h)
    return seen(t), seen(x), x._version, n._version, h._version


@in_both
def test_a_function_and_a_module_inside(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    torch.manual_seed(0)
    net, x = torch.nn.Linear(2, 1), torch.tensor([[1.0, 2.0]], requires_grad=True)
    with torch.inference_mode():
        found = [seen(Double.apply(x)), seen(net(x))]
        found.append(raised((x * 2).sum().backward))
    return found, seen(net(x))


# ---- what may be done outside -------------------------------------------------------------------


OUTSIDE = {
    "i * 2": lambda torch, x, i: seen(i * 2),
    "clone": lambda torch, x, i: seen(i.clone().add_(1)),
    "view": lambda torch, x, i: seen(i.view(2, 1)),
    "item": lambda torch, x, i: seen(i[0]),
    "detach": lambda torch, x, i: seen(i.detach()),
    "data": lambda torch, x, i: seen(i.data),
    "copies": lambda torch, x, i: [seen(copy.deepcopy(i)), seen(pickle.loads(pickle.dumps(i)))],
    "add": lambda torch, x, i: seen(x + i),
    "mul": lambda torch, x, i: seen(x * i),
    "mul in place": lambda torch, x, i: (x * 1).mul_(i),
    "add in place": lambda torch, x, i: seen((x * 1).add_(i)),
    "div": lambda torch, x, i: i / x,
    "where": lambda torch, x, i: seen(torch.where(i > 1, x, x)),
    "a result that is saved": lambda torch, x, i: seen((x + i).exp() * 0),
    "matmul": lambda torch, x, i: x @ i,
    "cat": lambda torch, x, i: seen(torch.cat([x, i])),
    "maximum": lambda torch, x, i: torch.maximum(x, i),
    "index": lambda torch, x, i: seen(x[i > 1]),
    "mse": lambda torch, x, i: torch.nn.functional.mse_loss(x, i),
    "under no_grad": lambda torch, x, i: seen(torch.no_grad()(lambda: x * i)()),
    "setitem of it": lambda torch, x, i: seen(i) if (x * 1).__setitem__(0, i[1]) is None else 0,
    "requires_grad_": lambda torch, x, i: i.requires_grad_(),
    "requires_grad_(False)": lambda torch, x, i: seen(i.requires_grad_(False)),
    "requires_grad =": lambda torch, x, i: setattr(i, "requires_grad", True),
    "_version": lambda torch, x, i: i._version,
    "add_": lambda torch, x, i: i.add_(1),
    "add_ under no_grad": lambda torch, x, i: torch.no_grad()(lambda: i.add_(1))(),
    "add_ to a view": lambda torch, x, i: i[0].add_(1),
    "setitem": lambda torch, x, i: i.__setitem__(0, 1.0),
    "copy_": lambda torch, x, i: i.copy_(x),
    "zero_": lambda torch, x, i: i.zero_(),
    "fill_": lambda torch, x, i: i.fill_(2),
    "uniform_": lambda torch, x, i: i.uniform_(),
    "as a gradient": lambda torch, x, i: setattr(x, "grad", i) or (x * 2).sum().backward(),
    "functional": lambda torch, x, i: torch.autograd.functional.jacobian(lambda t: t * 2, i),
}


@pytest.mark.parametrize("name", OUTSIDE)
@in_both
def test_what_may_be_done_outside(torch, name):
    x, i = torch.tensor([1.0, 2.0], requires_grad=True), made_inside(torch)
    return OUTSIDE[name](torch, x, i)


@in_both
def test_a_leaf_that_was_made_inside(torch):
    with torch.inference_mode():
        o = torch.tensor([1.0, 2.0], requires_grad=True)
    n = torch.tensor([3.0, 4.0])
    (o * n).sum().backward()
    return seen(o * 2), seen(o.sum()), seen(o.view(2, 1)), seen(o * n), o.grad, raised((o * o).sum)


@in_both
def test_saved_by_a_function(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g, g

    x, i = torch.ones(2, requires_grad=True), made_inside(torch)
    return raised(Product.apply, x, i), seen(Product.apply(i, i))


@in_both
def test_a_module_that_was_made_inside(torch):
    torch.manual_seed(0)
    with torch.inference_mode():
        net = torch.nn.Linear(2, 1)
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    before = [p.tolist() for p in net.parameters()]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    return [
        [(p.is_inference(), p.requires_grad) for p in net.parameters()],
        raised(net, torch.ones(1, 2, requires_grad=True)),
        raised(optimizer.step),
        torch is not minigrad or before == [p.tolist() for p in net.parameters()],
    ]


@in_both
def test_views_that_were_made_inside(torch):
    """Of ordinary memory, they are ordinary, but cannot be written to where that is recorded."""
    n, h = torch.tensor([1.0, 2.0]), torch.ones(2, requires_grad=True) * 2
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        views = [n.view(2), h.view(2), x.view(2), x.detach()]
    return [
        seen(views[0].add_(1)),
        raised(views[0].mul_, x),
        raised(views[1].add_, 1),
        raised(views[2].add_, 1),
        seen(views[3].add_(1)),
        n, n._version, x._version,
    ]  # fmt: skip


# ---- what is ours -------------------------------------------------------------------------------


def test_a_refused_write_writes_nothing():
    i = made_inside(minigrad)
    for write in (lambda: i.add_(1), lambda: i.uniform_(), lambda: i[:1].zero_()):
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
            write()
    x = minigrad.ones(2, requires_grad=True)
    x.grad = i
    with pytest.raises(RuntimeError, match="Inplace update"):
        (x * 2).sum().backward()
    assert i.tolist() == [1, 2]


NOTES = {
    "saved": (
        lambda x, i: x.view(1, 2) * i.view(1, 2),
        "MulBackward0 needs a tensor of shape [1, 2]",
    ),
    "write": (lambda x, i: i.add_(1), "x = x.clone() first"),
    "version": (lambda x, i: i._version, "clone() is an ordinary tensor"),
    "requires": (lambda x, i: i.requires_grad_(), "x.clone().requires_grad_() is a leaf"),
}


@pytest.mark.parametrize("name", NOTES)
def test_notes_teach(name):
    program, words = NOTES[name]
    with pytest.raises(RuntimeError) as error:
        program(minigrad.ones(2, requires_grad=True), made_inside(minigrad))
    assert words in error.value.__notes__[0]


def test_nobody_listens_before_the_mode_is_first_entered():
    with minigrad.no_grad():
        minigrad.ones(2) * 2
    minigrad.inference_mode(False)
    assert watch.listeners == []
    made_inside(minigrad)
    made_inside(minigrad)
    assert len(watch.listeners) == 1


def test_a_compiled_function_in_inference_mode():
    x = minigrad.ones(2, requires_grad=True)
    double = minigrad.compile(lambda: x * 2)
    seen = []
    for mode in (False, True, False, True):
        with minigrad.inference_mode(mode):
            y = double()
        seen.append((y.is_inference(), y.requires_grad))
    assert seen == [(False, True), (True, False)] * 2
