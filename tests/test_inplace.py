"""Writing in place: values, histories, versions, and what is refused with nothing changed."""

import numpy as np
import pytest
from both import compare, in_both, raised

import minigrad

WEIGHTS = [1.0, 10.0, 100.0, 1000.0, 10000.0, 100000.0]


def leaf(torch, *values):
    return torch.tensor(values, requires_grad=True)


def weigh(torch, t):
    """A number in which each element has a weight of its own, so that gradients tell places."""
    return (t.reshape(-1) * torch.tensor(WEIGHTS[: t.numel()])).sum()


# ---- each operation -----------------------------------------------------------------------------

OPERATIONS = {
    "add_": lambda torch, t, w: t.add_(w),
    "add_ alpha": lambda torch, t, w: t.add_(w, alpha=3),
    "add_ number": lambda torch, t, w: t.add_(2),
    "sub_": lambda torch, t, w: t.sub_(w),
    "sub_ alpha": lambda torch, t, w: t.sub_(w, alpha=0.5),
    "mul_": lambda torch, t, w: t.mul_(w),
    "mul_ number": lambda torch, t, w: t.mul_(3),
    "div_": lambda torch, t, w: t.div_(w),
    "div_ number": lambda torch, t, w: t.div_(4),
    "copy_": lambda torch, t, w: t.copy_(w),
    "copy_ one": lambda torch, t, w: t.copy_(w[0]),
    "copy_ double": lambda torch, t, w: t.copy_(w.double()),
    "zero_": lambda torch, t, w: t.zero_(),
    "fill_": lambda torch, t, w: t.fill_(5),
    "fill_ tensor": lambda torch, t, w: t.fill_(w[1]),
    "clamp_": lambda torch, t, w: t.clamp_(1.5, 2.5),
    "relu_": lambda torch, t, w: t.relu_(),
    "relu inplace": lambda torch, t, w: torch.nn.functional.relu(t, inplace=True),
    "leaky": lambda torch, t, w: torch.nn.functional.leaky_relu(t, 0.5, inplace=True),
    "leaky 0": lambda torch, t, w: torch.nn.functional.leaky_relu(t, 0.0, inplace=True),
    "+=": lambda torch, t, w: t.__iadd__(w),
    "-=": lambda torch, t, w: t.__isub__(w),
    "*=": lambda torch, t, w: t.__imul__(w),
    "/=": lambda torch, t, w: t.__itruediv__(w),
    "itself +": lambda torch, t, w: t.add_(t),
    "itself *": lambda torch, t, w: t.mul_(t),
    "itself /": lambda torch, t, w: t.div_(t),
    "itself copy": lambda torch, t, w: t.copy_(t),
    "broadcast": lambda torch, t, w: t.mul_(w[:1]),
}


@pytest.mark.parametrize("name", OPERATIONS)
@in_both
def test_an_operation_on_a_result(torch, name):
    x, w = leaf(torch, -1.0, 2.0, 3.0), leaf(torch, 4.0, 5.0, 6.0)
    h = x * 2
    out = OPERATIONS[name](torch, h, w)
    weigh(torch, h).backward()
    return out is h, h, h.grad_fn, h._version, x.grad, w.grad


@pytest.mark.parametrize("name", OPERATIONS)
@in_both
def test_an_operation_on_a_view_of_a_result(torch, name):
    x, w = leaf(torch, -1.0, 2.0, 3.0, 4.0, 5.0), leaf(torch, 4.0, 5.0, 6.0)
    h = x * 2
    before = h[2:]
    v = h[1:4]
    OPERATIONS[name](torch, v, w)
    after = h[:2]
    (weigh(torch, h) + weigh(torch, before) + weigh(torch, v) * 2 + weigh(torch, after)).backward()
    seen = [(t, t._version, t.requires_grad, t.is_leaf) for t in (h, before, v, after)]
    return seen, h.grad_fn, x.grad, w.grad


@pytest.mark.parametrize("name", OPERATIONS)
@in_both
def test_an_operation_on_a_constant(torch, name):
    t, w = torch.tensor([-1.0, 2.0, 3.0]), leaf(torch, 4.0, 5.0, 6.0)
    view = t[1:]
    OPERATIONS[name](torch, t, w)
    return t, t.grad_fn, view, view.requires_grad, t._version, view._version


@pytest.mark.parametrize("name", OPERATIONS)
@in_both
def test_an_operation_under_no_grad(torch, name):
    x, w = leaf(torch, -1.0, 2.0, 3.0), leaf(torch, 4.0, 5.0, 6.0)
    h = x * 2
    with torch.no_grad():
        OPERATIONS[name](torch, x, w)
        OPERATIONS[name](torch, h, w)
    weigh(torch, h).backward()
    return x, x._version, x.is_leaf, h, h._version, h.grad_fn, x.grad, w.grad


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n != "copy_ double"])
def test_second_order_through_an_operation(name):
    def program(torch):
        x, w = leaf(torch, -1.0, 2.0, 3.0), leaf(torch, 4.0, 5.0, 6.0)
        h = x * x
        OPERATIONS[name](torch, h, w * w)
        y = (h * h * h).sum()
        first = torch.autograd.grad(y, [x, w], create_graph=True, allow_unused=True)
        kept = [g for g in first if g is not None and g.requires_grad]
        again = kept and torch.autograd.grad(
            sum(weigh(torch, g) for g in kept), [x, w], allow_unused=True
        )
        return first, again

    compare(program, ulps=8)


@in_both
def test_random_values_in_place_cut_the_history(torch):
    torch.manual_seed(0)
    x = leaf(torch, 1.0, 2.0)
    h, k = x * 2, x * 3
    h.uniform_(1, 2)
    k.normal_()
    (h + k).sum().backward()
    return h, k, h._version, x.grad, h.grad_fn, k.grad_fn


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
@in_both
def test_a_leaf_that_requires_grad_is_refused(torch, name):
    x, w = leaf(torch, -1.0, 2.0, 3.0), torch.tensor([4.0, 5.0, 6.0])
    base = leaf(torch, -1.0, 2.0, 3.0, 4.0)
    return [
        raised(OPERATIONS[name], torch, x, w),
        raised(OPERATIONS[name], torch, x.view(3), w),
        raised(OPERATIONS[name], torch, base[1:], w),
        raised(OPERATIONS[name], torch, x, torch.ones(2, 2)),
        (x, x._version, base, base._version),
    ]


@in_both
def test_items_of_a_leaf_that_requires_grad_are_refused(torch):
    x = torch.ones(2, 3, requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, True, True]])
    indices = [
        0,
        (0, 1),
        slice(0, 1),
        slice(None),
        ...,
        (),
        None,
        [0],
        (slice(None), [0]),
        mask,
        True,
    ]
    texts = [raised(x.__setitem__, index, 7.0) for index in indices]
    texts += [raised(x.__setitem__, index, torch.ones(())) for index in indices]
    texts += [raised(x[0].__setitem__, index, 7.0) for index in (0, slice(None), [1])]
    return texts, x, x._version


@in_both
def test_a_leaf_that_is_a_view_is_refused(torch):
    base = torch.zeros(4)
    x = base[1:].requires_grad_()
    return [
        raised(x.add_, 1),
        raised(x[0].add_, 1),
        raised(x.__setitem__, 0, 1.0),
        raised(x.__setitem__, [0], 1.0),
        raised(base.add_, 1),
        (x, x.is_leaf, x._version),
    ]


@in_both
def test_a_parameter_is_refused(torch):
    p = torch.nn.Parameter(torch.ones(2))
    return raised(p.add_, 1), raised(p.__iadd__, 1), raised(p.__setitem__, 0, 1.0), p, p._version


@in_both
def test_the_target_keeps_its_shape(torch):
    t = torch.ones(2)
    return [
        raised(t.add_, torch.ones(3, 2)),
        raised(t.add_, torch.ones(3)),
        raised(t.mul_, torch.ones(1, 2)),
        raised(t.copy_, torch.ones(3)),
        raised(t.copy_, torch.ones(2, 2)),
        raised(t.copy_, torch.ones(1, 2)),
        raised(t.div_, torch.ones(3, 1)),
        raised(torch.ones(()).add_, torch.ones(1)),
        raised(torch.ones(1).add_, torch.ones(2)),
        raised(t.fill_, torch.ones(2)),
        (t, t._version),
    ]


@in_both
def test_the_target_keeps_its_dtype(torch):
    ints, bools = torch.tensor([1, 2]), torch.tensor([True, False])
    floats = torch.tensor([1.0, 2.0])
    return [
        raised(ints.add_, 1.5),
        raised(ints.div_, 2),
        raised(ints.mul_, floats),
        raised(ints.sub_, torch.tensor(1.5)),
        raised(bools.add_, 1),
        raised(bools.mul_, ints),
        raised(bools.add_, floats),
        raised(floats.add_, torch.tensor([1.0, 2.0], dtype=torch.float64)),
        raised(floats.mul_, ints),
        raised(ints.add_, torch.tensor([1, 2], dtype=torch.int32)),
        raised(torch.tensor([1], dtype=torch.int32).add_, torch.tensor([1])),
        raised(ints.copy_, floats),
        (ints, ints._version, bools, bools._version, floats, floats._version),
    ]


@in_both
def test_an_expanded_target_is_refused(torch):
    one = torch.tensor([1.0])
    t = one.expand(3)
    return [
        raised(t.add_, 1),
        raised(t.mul_, 2),
        raised(t.copy_, torch.ones(3)),
        raised(t.zero_),
        raised(t.fill_, 2),
        raised(t.__setitem__, 0, 5.0),
        raised(t.__setitem__, slice(0, 2), 6.0),
        raised(t.relu_),
        raised(one.expand(1).add_, 1),
        raised(torch.ones(2, 1).expand(2, 3).add_, 1),
        (one, t),
    ]


@in_both
def test_outputs_of_functions_that_return_several_views_are_refused(torch):
    texts = []
    for cut in ("unbind", "split", "chunk"):
        x = torch.ones(4, requires_grad=True)
        h = x * 2
        parts = {
            "unbind": h.unbind,
            "split": lambda h=h: h.split(2),
            "chunk": lambda h=h: h.chunk(2),
        }
        first = parts[cut]()[1]
        texts += [raised(first.add_, 1), raised(first.relu_), raised(first[:1].add_, 1), h._version]
    constant = torch.ones(4).split(2)[0]
    texts += [
        raised(constant.add_, 1),
        constant,
        raised(constant.mul_, torch.ones(2, requires_grad=True)),
    ]
    x = torch.ones(2, 2, requires_grad=True)
    for row in x * 2:
        texts.append(raised(row.add_, 1))
    return texts


def test_writing_to_the_base_of_several_views():
    """torch refuses to use such a view any more; we find its new history, as for a single one."""
    x = minigrad.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    h = x * 2
    a, _ = h.split(2)
    h.mul_(x)
    (a * 2).sum().backward()
    assert x.grad.tolist() == [8.0, 16.0, 0.0, 0.0]


@in_both
def test_views_made_under_no_grad_are_refused_outside(torch):
    x = torch.ones(3, requires_grad=True)
    h = x * 2
    with torch.no_grad():
        v = h[1:]
        of_leaf = x[1:]
    texts = [
        raised(v.add_, 1),
        raised(v.add_, torch.ones(2, requires_grad=True)),
        raised(of_leaf.add_, torch.ones(2, requires_grad=True)),
        raised(v[:1].add_, 1),
        (v, v.requires_grad, v.is_leaf, v.grad_fn, v.grad),
    ]
    with torch.no_grad():
        v.add_(1)
    return texts, h, h._version, raised(h.sum().backward), x.grad


@in_both
def test_a_view_made_outside_is_written_to_under_no_grad(torch):
    x = torch.ones(3, requires_grad=True)
    h = x * 2
    v = h[1:]
    with torch.no_grad():
        v.mul_(5)
    weigh(torch, h).backward()
    return h, v, v.requires_grad, x.grad, h._version


@in_both
def test_wrong_arguments_are_refused(torch):
    t = torch.ones(2)
    return [raised(lambda: t.__iadd__("a")), raised(t.copy_, None), t, t._version]


# ---- operand and target in the same memory ------------------------------------------------------


@in_both
def test_an_operand_that_overlaps_the_target(torch):
    texts = []
    for name in ("add_", "sub_", "mul_", "div_", "copy_"):
        a, m = torch.arange(1.0, 5.0), torch.arange(1.0, 5.0).reshape(2, 2)
        big = torch.arange(1.0, 10.0).reshape(3, 3)
        texts += [
            (raised(getattr(a[1:], name), a[:-1]), a, a._version),
            (raised(getattr(m, name), m.T), m, m._version),
            (raised(getattr(a, name), a), a),
            (raised(getattr(a[:2], name), a[2:]), a),
            (raised(getattr(m.T, name), m.T), m),
            (raised(getattr(big[:2], name), big[1:]), big),
            (raised(getattr(a, name), a[0]), a),
        ]
    return texts


@pytest.mark.parametrize("program", [
    lambda t: t[:, 1:].add_(t[:, :-1]),
    lambda t: t[::2].add_(t[:1]),
    lambda t: t.add_(t[:, :1]),
    lambda t: t[:, 0].mul_(t[0]),
    lambda t: t[0].copy_(t[:, 0]),
])  # fmt: skip
def test_overlap_that_torch_does_not_see_counts_as_if_copied(program):
    """Where torch cannot tell whether two views overlap, its result depends on the order."""
    target, source = (np.arange(1.0, 10.0).reshape(3, 3) for _ in range(2))
    program(Apart(target, source))
    constant = minigrad.tensor(source)
    result = minigrad.tensor(source, requires_grad=True) * 1
    program(constant)
    program(result)
    assert constant.tolist() == result.tolist() == target.tolist()


class Apart:
    """Views of an array; what is read comes from another array, and so never overlaps."""

    def __init__(self, target, source):
        self.target, self.source = target, source

    def __getitem__(self, index):
        return Apart(self.target[index], self.source[index])

    def add_(self, other):
        self.target += other.source

    def mul_(self, other):
        self.target *= other.source

    def copy_(self, other):
        self.target[...] = other.source


# ---- versions -----------------------------------------------------------------------------------


@in_both
def test_versions_are_shared_by_views_and_detached_tensors(torch):
    x = torch.ones(4, 4)
    seen = []
    tensors = [x, x[0], x.view(16), x.t(), x.detach(), x[1:][0], x.unsqueeze(0), x.expand(2, 4, 4)]

    def note():
        seen.append([t._version for t in tensors])

    note()
    x.add_(1)
    note()
    x[0].mul_(2)
    note()
    x.detach().zero_()
    note()
    x[1, 2] = 5
    note()
    x[[0, 1]] = 6
    note()
    with torch.no_grad():
        x.t().fill_(1)
    note()
    x += 1
    note()
    return seen


@in_both
def test_data_and_numpy_are_not_counted(torch):
    x = torch.ones(3)
    x.data.add_(1)
    x.numpy()[0] = 7
    return x, x._version, x.data._version


@in_both
def test_new_tensors_start_at_zero(torch):
    x = torch.ones(3).add_(1)
    return [t._version for t in (x, x.clone(), x + 0, x[[0]], x.double(), torch.tensor([1.0]))]


@in_both
def test_versions_of_what_training_writes(torch):
    torch.manual_seed(0)
    net = torch.nn.Linear(2, 2)
    seen = [p._version for p in net.parameters()]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        net(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        seen += [p._version for p in net.parameters()]
    return seen


# ---- damaged saved tensors ----------------------------------------------------------------------

SAVING = {
    "exp": lambda x, w: x.exp(),
    "sqrt": lambda x, w: x.sqrt(),
    "tanh": lambda x, w: x.tanh(),
    "sigmoid": lambda x, w: x.sigmoid(),
    "relu": lambda x, w: x.relu(),
    "reciprocal": lambda x, w: x.reciprocal(),
    "div": lambda x, w: x / w,
    "mul": lambda x, w: x * w,
    "power": lambda x, w: x**w,
    "square": lambda x, w: x**2,
    "log": lambda x, w: x.log(),
    "abs": lambda x, w: x.abs(),
    "matmul": lambda x, w: x @ w,
    "dot self": lambda x, w: x @ x,
    "maximum": lambda x, w: x.maximum(w),
    "clamp": lambda x, w: x.clamp(1.5),
    "add": lambda x, w: x + w,
    "neg": lambda x, w: -x,
    "sum": lambda x, w: x.sum(),
    "view": lambda x, w: x.view(3, 1),
    "pick": lambda x, w: x[1:],
    "times 2": lambda x, w: x * 2,
}

WRITES = {
    "whole": lambda torch, t: t.add_(1),
    "view": lambda torch, t: t.view(-1)[:1].mul_(2),
    "detached": lambda torch, t: t.detach().mul_(2),
    "no grad": lambda torch, t: no_grad_write(torch, t),
    "item": lambda torch, t: t.view(-1).__setitem__(0, 3.0),
    "twice": lambda torch, t: t.add_(1).mul_(2),
}


def no_grad_write(torch, t):
    with torch.no_grad():
        t.mul_(2)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", SAVING)
def test_backward_after_a_write_raises_or_is_right(name, write):
    """To an operand, to the other operand, and to the result: torch decides which of the two."""

    def program(torch, target):
        x, w = leaf(torch, 1.0, 2.0, 3.0), leaf(torch, 2.0, 0.5, 1.0)
        a, b = x * 1, w * 1
        y = SAVING[name](a, b)
        WRITES[write](torch, {"a": a, "b": b, "y": y}[target])
        return raised(y.sum().backward), x.grad, w.grad

    for target in "aby":
        compare(program, target, ulps=4)


@in_both
def test_the_error_tells_versions_and_maker(torch):
    texts = []
    for writes in (1, 2, 5):
        x = leaf(torch, 1.0, 2.0)
        y = x.exp()
        for _ in range(writes):
            y.mul_(1)
        texts.append(raised(y.sum().backward))
        w = leaf(torch, 1.0, 2.0)
        z = x * w
        with torch.no_grad():
            for _ in range(writes):
                w.mul_(1)
        texts.append(raised(z.sum().backward))
        constant = torch.ones(2, 1, dtype=torch.float64)
        constant.add_(1)
        z = x.double() * constant
        for _ in range(writes):
            constant.add_(1)
        texts.append(raised(z.sum().backward))
    return texts


@in_both
def test_the_parameter_after_a_step_is_told(torch):
    net = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.ones(1, 1, requires_grad=True)
    loss = net(x).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    text = raised(loss.backward)
    return text.replace(", which is output 0 of AsStrided,", "")  # torch saves weight.t()


@in_both
def test_writing_before_the_use_does_no_damage(torch):
    x = leaf(torch, 1.0, 2.0)
    h = (x * 2).add_(1).mul_(3)
    y = h.exp()
    y.sum().backward()
    return x.grad > 100, h._version


@in_both
def test_a_write_after_backward_does_no_damage(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 2
    y = (h * h).sum()
    y.backward()
    h.add_(1)
    return x.grad, h


@in_both
def test_in_place_uses_the_values_from_before(torch):
    x, w = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    h = x * 2
    h.mul_(w)
    h.mul_(w)
    h.div_(x)
    h.sum().backward()
    return x.grad, w.grad


@pytest.mark.parametrize("slope", [-0.5, -1, float("nan")])
@in_both
def test_leaky_relu_in_place_with_a_slope_that_is_negative_or_nan(torch, slope):
    x = leaf(torch, -1.0, 2.0)
    h = torch.nn.functional.leaky_relu(x * 2, slope, inplace=True)
    return h, raised(h.sum().backward), x.grad


@in_both(ulps=2)
def test_relu_in_place_after_what_saved_its_result(torch):
    x = leaf(torch, -1.0, 2.0)
    return [
        raised(torch.relu(x.exp()).sum().backward),
        raised(x.exp().relu_().sum().backward),
        raised((x * 2).relu_().sum().backward),
        x.grad,
    ]


@pytest.mark.parametrize("name", ["relu_", "leaky", "clamp_", "mul_", "div_"])
@in_both
def test_a_write_after_an_operation_in_place(torch, name):
    x, w = leaf(torch, -1.0, 2.0, 3.0), leaf(torch, 4.0, 5.0, 6.0)
    h = x * 2
    OPERATIONS[name](torch, h, w)
    h.add_(1)
    return raised(h.sum().backward), x.grad, w.grad


# ---- views and bases ----------------------------------------------------------------------------


@in_both
def test_a_view_made_before_a_write_to_the_base(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    h = x * 2
    v = h[1:]
    h.mul_(x)
    weigh(torch, v).backward()
    return v, v._version, x.grad


@in_both
def test_a_view_made_before_a_write_to_another_view(torch):
    x = leaf(torch, 1.0, 2.0, 3.0, 4.0)
    h = x * 2
    v, w = h[:3], h[1:]
    w.mul_(x[:3])
    v.add_(1)
    (weigh(torch, v) + 3 * weigh(torch, w) + 7 * weigh(torch, h)).backward()
    return v, w, h, x.grad


@in_both
def test_a_view_of_a_view(torch):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    h = x * 2
    v = h.t()[1:]
    u = v[0]
    u.mul_(x[:, 0])
    v.add_(1)
    (weigh(torch, h) + weigh(torch, v) * 3 + weigh(torch, u) * 5).backward()
    return h, v, u, x.grad, h._version


@in_both
def test_a_constant_base_gets_a_history_through_a_view(torch):
    base, x = torch.zeros(4), leaf(torch, 1.0, 2.0)
    v = base[1:3]
    w = base[2:]
    v.add_(x)
    v.mul_(3)
    (weigh(torch, base) + weigh(torch, w)).backward()
    return base, base.requires_grad, w, w.requires_grad, x.grad, base.is_leaf


@in_both
def test_a_buffer_filled_row_by_row(torch):
    x = leaf(torch, 1.0, 2.0)
    out = torch.zeros(3, 2)
    for i in range(3):
        out[i] = x * (i + 1)
        out[i, 0] = out[i, 1] * 2
    weigh(torch, out).backward()
    return out, x.grad, out._version


@in_both
def test_detached_memory_written_to(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 2
    d = h.detach()
    d.add_(1)
    y = h.sum()
    y.backward()
    k = x.exp()
    k.detach().add_(1)
    return h, d, x.grad, raised(k.sum().backward)


@in_both
def test_the_base_under_a_transposed_and_an_expanded_view(torch):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    h = x * 1
    t, e = h.t(), h[:, :1].expand(2, 3)
    h.mul_(x)
    (weigh(torch, t) + weigh(torch, e) * 2).backward()
    return t, e, x.grad


@in_both
def test_hooks_and_retained_gradients_across_a_write(torch):
    seen = []
    x = leaf(torch, 1.0, 2.0)
    h = x * 2
    h.retain_grad()
    h.register_hook(lambda g: seen.append(("before", g.clone())))
    h.mul_(3)
    h.register_hook(lambda g: seen.append(("after", g.clone())))
    weigh(torch, h).backward()
    return seen, h.grad, x.grad


@in_both
def test_retained_gradients_of_a_base_and_of_its_views(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    results = []
    for write in (lambda h, v: h.mul_(3), lambda h, v: v.mul_(3), lambda h, v: h[:1].zero_()):
        h = x * 2
        v = h[1:]
        h.retain_grad()
        v.retain_grad()
        write(h, v)
        (weigh(torch, h) + weigh(torch, v) * 7).backward()
        results += [h.grad, v.grad]
    return results, x.grad


@in_both
def test_hooks_of_a_view_that_a_write_goes_past(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    h = x * 2
    v = h.view(3)
    v.register_hook(lambda g: g * 10)
    v[0] -= 1
    (weigh(torch, v) + weigh(torch, h)).backward()
    return x.grad


@in_both
def test_a_view_after_an_unrecorded_write(torch):
    """Its history is made anew, from the base, past what was attached to the old one."""
    x = leaf(torch, 1.0, 2.0, 3.0)
    h = x * 2
    views = [x[1:], h[1:], h.view(3, 1)]
    for v in views:
        v.register_hook(lambda g: g * 10)
    with torch.no_grad():
        h[0] = 5.0
        x.mul_(1)
    sum(v.sum() for v in views).backward()
    return [v.grad_fn for v in views], views, x.grad


def test_a_functions_view_keeps_its_own_history_when_the_base_changes():
    """torch refuses to use such a view any more."""

    class Same(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 10

    x = leaf(minigrad, 1.0, 2.0)
    h = x * 2
    y = Same.apply(h)
    h.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]


@in_both
def test_a_gradient_may_be_written_to(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * 3).sum().backward()
    x.grad.mul_(2)
    x.grad[0] = 7
    x.grad.zero_()
    x.grad += 5
    (x * 3).sum().backward()
    return x.grad, x.grad._version


@in_both
def test_aliases_of_the_same_tensor(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 2
    same = h
    same += 1
    view = h.view(2)
    view += 1
    return h is same, h, view, torch.autograd.grad(weigh(torch, h), x)


# ---- item assignment ----------------------------------------------------------------------------

INDICES = {
    "int": 1,
    "negative": -1,
    "ints": (1, 2),
    "slice": slice(0, 1),
    "step": (slice(None), slice(None, None, 2)),
    "column": (slice(None), 1),
    "all": slice(None),
    "ellipsis": ...,
    "ellipsis int": (..., 0),
    "empty": (),
    "none": None,
    "none int": (None, 1),
    "list": [1, 0],
    "repeated": ([0, 0, 1], [1, 1, 2]),
    "list column": (slice(None), [2, 0]),
    "int list": (1, [0, 2]),
    "slice list": (slice(0, 1), [0, 2]),
    "mask": np.array([[True, False, True], [False, True, False]]),
    "row mask": np.array([False, True]),
    "no mask": np.array([False, False]),
    "array": np.array([[0, 1], [1, 0]]),
    "true": True,
    "nothing": slice(2, 2),
}


def index_for(torch, name):
    index = INDICES[name]
    return torch.tensor(index) if isinstance(index, np.ndarray) else index


@pytest.mark.parametrize("name", INDICES)
@in_both
def test_a_number_is_assigned(torch, name):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    h = x * 2
    h[index_for(torch, name)] = 7
    weigh(torch, h).backward()
    return h, h._version, x.grad


@pytest.mark.parametrize("name", [n for n in INDICES if n != "repeated"])
@in_both
def test_a_tensor_is_assigned_and_gets_a_gradient(torch, name):
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    h = x * 2
    index = index_for(torch, name)
    place = h[index]
    value = torch.arange(float(place.numel())).reshape(place.shape).requires_grad_()
    one = torch.tensor(2.0, requires_grad=True)
    h[index] = value * 3
    weigh(torch, h).backward(retain_graph=True)
    h[index] = one
    weigh(torch, h).backward()
    return h, h._version, x.grad, value.grad, one.grad


@pytest.mark.parametrize("name", ["int", "list", "mask", "slice list"])
@in_both
def test_the_assigned_value_broadcasts_and_converts(torch, name):
    h = torch.arange(6.0).reshape(2, 3)
    value = torch.tensor([[[5.0]]], requires_grad=True)
    h[index_for(torch, name)] = value
    weigh(torch, h).backward()
    return h, value.grad


@in_both
def test_what_does_not_fit_is_not_assigned(torch):
    x = torch.arange(6.0).reshape(2, 3)
    texts = [
        raised(x.__setitem__, index, value)
        for index in (0, (slice(None), 1), [0, 1], ..., 7, (0, 5), 1.5, (0, 0, 0))
        for value in (torch.ones(4), torch.ones(2, 2), "text", None, [1.0, 2.0])
    ]
    return texts, x, x._version


@in_both
def test_numbers_are_cut_to_integers(torch):
    x = torch.tensor([1, 2, 3])
    x[0] = 1.9
    x[1] = -1.9
    x[2] = True
    b = torch.tensor([True, False])
    b[1] = 2.5
    return x, b, raised(x.__setitem__, 0, float("nan")), raised(x.__setitem__, 0, 1e300), x


@in_both
def test_a_tensor_assigned_to_a_part_of_itself(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    h = x * 2
    h[0] = h[1]
    h[1:] = h[1:] * 2
    h[[0, 2]] = h[[2, 0]]
    weigh(torch, h).backward()
    return h, x.grad
