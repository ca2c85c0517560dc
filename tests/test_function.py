"""autograd.Function: a user's own forward and backward, as torch runs them."""

import gc
import weakref

import pytest
from both import in_both, raised

import minigrad


def square(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    return Square


def leaf(torch, *values):
    return torch.tensor(values, requires_grad=True)


# ---- the plain case -----------------------------------------------------------------------------


@in_both
def test_forward_and_backward(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    y = square(torch).apply(x)
    y.sum().backward()
    return y, y.grad_fn, y.is_leaf, x.grad, repr(y)


@in_both
def test_it_takes_part_in_a_graph(torch):
    Square = square(torch)
    x, w = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    (Square.apply(x * w) + Square.apply(x)).sum().backward()
    return x.grad, w.grad


@in_both
def test_without_inputs_that_require_grad_nothing_is_recorded(torch):
    Square = square(torch)
    y = Square.apply(torch.tensor([1.0, 2.0]))
    with torch.no_grad():
        z = Square.apply(leaf(torch, 1.0))
    return y, y.grad_fn, z, z.grad_fn


@in_both
def test_forward_runs_without_recording(torch):
    seen = []

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            seen.append((torch.is_grad_enabled(), (x * 2).requires_grad, x.requires_grad))
            return x * 2

        @staticmethod
        def backward(ctx, g):
            seen.append((torch.is_grad_enabled(), g.requires_grad))
            return g * 2

    x = leaf(torch, 1.0)
    y = Look.apply(x)
    torch.autograd.grad(y, x, retain_graph=True)
    torch.autograd.grad(y, x, create_graph=True)
    return seen


@in_both
def test_arguments_that_are_no_tensors(torch):
    seen = []

    class Power(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n, name, options):
            ctx.n, ctx.x = n, x
            seen.append((n, name, options, ctx.needs_input_grad))
            return x**n

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            return g * ctx.n * ctx.x ** (ctx.n - 1), None, None, None

    x = leaf(torch, 1.0, 2.0)
    Power.apply(x, 3, "cube", [1, 2]).sum().backward()
    return x.grad, seen


@in_both
def test_needs_input_grad(torch):
    seen = []

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            seen.append(ctx.needs_input_grad)
            return (
                g * b if ctx.needs_input_grad[0] else None,
                g * a if ctx.needs_input_grad[1] else None,
            )

    a, b = leaf(torch, 2.0), torch.tensor([3.0])
    Product.apply(a, b).backward()
    Product.apply(b, a).backward()
    return a.grad, seen, [f for f, _ in Product.apply(b, a).grad_fn.next_functions]


@in_both
def test_setup_context(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(x, n=3):
            return x**n, x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, n = inputs
            _, double = output
            ctx.save_for_backward(x, double)
            ctx.n = n

        @staticmethod
        def backward(ctx, g, h):
            x, double = ctx.saved_tensors
            return g * ctx.n * x ** (ctx.n - 1) + 2 * h + 0 * double, None

    x = leaf(torch, 1.0, 2.0)
    a, b = Cube.apply(x, 3)
    (a + b).sum().backward()
    return a, b, x.grad


@in_both
def test_attributes_of_the_context_are_kept(torch):
    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None

    x = leaf(torch, 1.0)
    y = Scale.apply(x, 5.0)
    y.backward()
    y.backward()
    return x.grad


# ---- what backward may return -------------------------------------------------------------------


def returning(torch, answer, inputs=1):
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *xs):
            return xs[0] * 2

        @staticmethod
        def backward(ctx, g):
            return answer(g)

    return Bad


ANSWERS = {
    "one": lambda g: g,
    "a tuple": lambda g: (g,),
    "a list": lambda g: [g],
    "none": lambda g: None,
    "too many": lambda g: (g, g),
    "too many, but none": lambda g: (g, None, None),
    "too few": lambda g: (),
    "an int": lambda g: 5,
    "a text": lambda g: ("g",),
    "larger": lambda g: g.expand(3, 2),
    "larger by ones": lambda g: g.reshape(1, 2),
    "smaller": lambda g: g[:1],
    "another shape": lambda g: g.expand(3, 2).t(),
    "a number": lambda g: g.sum(),
    "another dtype": lambda g: g.double(),
    "integers": lambda g: g.long(),
}


@pytest.mark.parametrize("name", ANSWERS)
@in_both
def test_what_backward_may_return_for_one_input(torch, name):
    x = leaf(torch, 1.0, 2.0)
    y = returning(torch, ANSWERS[name]).apply(x)
    return raised(y.sum().backward), x.grad


@pytest.mark.parametrize("name", ["none", "another dtype", "larger", "integers"])
@in_both
def test_what_backward_may_return_for_an_intermediate_result(torch, name):
    x = leaf(torch, 1.0, 2.0)
    seen = []
    h = x * 3
    h.register_hook(seen.append)
    y = returning(torch, ANSWERS[name]).apply(h)
    return raised(y.sum().backward), x.grad, seen


@in_both
def test_what_backward_may_return_for_two_inputs(torch):
    answers = [
        lambda g: g,
        lambda g: (g,),
        lambda g: (g, g),
        lambda g: (None, g),
        lambda g: (g, None),
        lambda g: (g, g, g),
        lambda g: (g, 3),
    ]
    seen = []
    for answer in answers:
        a, b = leaf(torch, 1.0), torch.tensor([2.0])
        y = returning(torch, answer).apply(a, b)
        seen.append((raised(y.backward), a.grad, b.grad))
    return seen


@in_both
def test_none_leaves_grad_untouched(torch):
    x = leaf(torch, 1.0, 2.0)
    x.grad = torch.tensor([7.0, 7.0])
    returning(torch, lambda g: None).apply(x).sum().backward()
    return x.grad


@in_both
def test_a_leaf_with_a_hook_that_gets_none_from_one_side(torch):
    seen = []
    x = leaf(torch, 1.0, 2.0)
    x.register_hook(lambda g: seen.append(g.clone()))
    (returning(torch, lambda g: None).apply(x) + x * 3).sum().backward()
    return x.grad, seen


@in_both
def test_an_error_in_backward_comes_out_as_it_is(torch):
    def fail(g):
        raise ZeroDivisionError("mine")

    x = leaf(torch, 1.0)
    return raised(returning(torch, fail).apply(x).backward), x.grad, torch.is_grad_enabled()


@in_both
@pytest.mark.parametrize("is_used_again", [False, True])
def test_none_passes_through_what_lies_below_and_adds_nothing(torch, is_used_again):
    class Stop(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return None

    x = leaf(torch, 1.0, 2.0)
    h = (x * 2).exp() * x
    again = h * 3  # older than y, so that None comes first
    y = Stop.apply(h)
    (y * y + again if is_used_again else y * y).sum().backward()
    return x.grad, is_used_again


# ---- what is missing or wrong -------------------------------------------------------------------


@in_both
def test_without_backward(torch):
    class Forward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    return raised(Forward.apply(leaf(torch, 1.0)).backward)


@in_both
def test_without_forward(torch):
    class Nothing(torch.autograd.Function):
        pass

    return raised(Nothing.apply, leaf(torch, 1.0))


@in_both
def test_an_instance_cannot_be_called(torch):
    Square = square(torch)
    return raised(lambda: Square()(leaf(torch, 1.0))).partition(" (Example")[0]


@in_both
def test_a_result_that_is_no_tensor(torch):
    class Mixed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, 5, "text", None

        @staticmethod
        def backward(ctx, g, *rest):
            return g * 2

    x = leaf(torch, 1.0)
    y, *others = Mixed.apply(x)
    y.backward()
    return y, others, x.grad


@in_both
def test_a_list_of_results_stays_a_list(torch):
    class Listing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return [x * 2, x * 3]

        @staticmethod
        def backward(ctx, *gs):
            return gs[0] * 2

    return Listing.apply(leaf(torch, 1.0))


# ---- several results ----------------------------------------------------------------------------


def parts(torch, seen, materialize=True):
    class Parts(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(materialize)
            return x * 2, x.sum(), x.double()

        @staticmethod
        def backward(ctx, *gs):
            seen.append(gs)
            a, b, c = (0 if g is None else g for g in gs)
            return a * 2 + b + c * 1.0

    return Parts


@pytest.mark.parametrize("materialize", [True, False])
@pytest.mark.parametrize("used", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2], [2, 1, 0]])
@in_both
def test_several_results(torch, used, materialize):
    seen = []
    x = leaf(torch, 1.0, 2.0)
    results = parts(torch, seen, materialize).apply(x)
    sum([results[i].sum() * (i + 1) for i in used]).backward()
    return x.grad, seen, [r.grad_fn for r in results]


@in_both
def test_a_result_used_several_times(torch):
    seen = []
    x = leaf(torch, 1.0, 2.0)
    a, b, _ = parts(torch, seen).apply(x)
    (a * a + a * b).sum().backward()
    return x.grad, seen


@in_both
def test_backward_runs_once_for_all_results(torch):
    seen = []
    x = leaf(torch, 1.0, 2.0)
    a, b, _ = parts(torch, seen).apply(x)
    c = b * 3
    d = (a.exp() * 0 + a) * c
    torch.autograd.backward([d.sum(), a.sum(), b])
    return x.grad, len(seen)


@in_both
def test_hooks_on_several_results(torch):
    order, seen = [], []
    x = leaf(torch, 1.0, 2.0)
    a, b, _ = parts(torch, seen).apply(x)
    a.register_hook(lambda g: order.append("a"))
    b.register_hook(lambda g: g * 10)
    b.retain_grad()
    (a.sum() + b).backward()
    return x.grad, order, b.grad, seen


@in_both
def test_gradients_with_respect_to_one_of_several_results(torch):
    seen = []
    x = leaf(torch, 1.0, 2.0)
    a, b, _ = parts(torch, seen).apply(x)
    y = (a * b).sum()
    return torch.autograd.grad(y, [a, b]), len(seen)


@in_both
def test_a_result_without_gradient(torch):
    class Sorted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            order = torch.tensor([1, 0])
            mask = x > 1
            kept = x * 5
            ctx.mark_non_differentiable(order, kept)
            return x[order], order, mask, kept

        @staticmethod
        def backward(ctx, g, *others):
            return g[torch.tensor([1, 0])]

    x = leaf(torch, 1.0, 2.0)
    y, *others = Sorted.apply(x)
    (y * torch.tensor([3.0, 4.0])).sum().backward()
    return y, others, x.grad


@in_both
def test_no_result_with_a_gradient(torch):
    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 0
            ctx.mark_non_differentiable(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g

    y = Sign.apply(leaf(torch, 1.0))
    return y, y.grad_fn, y.requires_grad


# ---- saved tensors ------------------------------------------------------------------------------


@in_both
def test_saved_tensors_are_freed_like_those_of_ops(torch):
    x = leaf(torch, 1.0, 2.0)
    y = square(torch).apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return raised(y.backward), x.grad


@in_both
def test_a_saved_input_that_was_written_to(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 1
    y = square(torch).apply(h)
    h.add_(1)
    return raised(y.sum().backward)


def saving_result(torch):
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    return Exp


@in_both(ulps=8)
def test_a_saved_result(torch):
    x = leaf(torch, 1.0, 2.0)
    y = saving_result(torch).apply(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    return y, first, second, torch.autograd.grad(second.sum(), x)


@in_both
def test_a_saved_result_that_was_written_to(torch):
    x = leaf(torch, 1.0, 2.0)
    y = saving_result(torch).apply(x)
    z = y.sum()
    y.mul_(2)
    return raised(z.backward), raised(y.sum().backward)


@in_both
def test_a_saved_intermediate_value(torch):
    class Both(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            half = x / 2
            ctx.save_for_backward(x, half, None)
            return half * x

        @staticmethod
        def backward(ctx, g):
            x, half, nothing = ctx.saved_tensors
            assert nothing is None
            return g * (half + x / 2)

    x = leaf(torch, 1.0, 2.0)
    Both.apply(x).sum().backward()
    return x.grad


@in_both
def test_what_can_be_saved(torch):
    class Save(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, 5)
            return x * 2

    return raised(Save.apply, leaf(torch, 1.0))


@pytest.mark.parametrize("make", [square, saving_result, lambda lib: parts(lib, [])])
def test_no_cycles(make):
    """With the collector off, everything is freed as soon as the last result goes."""
    function = make(minigrad)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            x = minigrad.ones(2, requires_grad=True)
            y = function.apply(x)
            y = y if isinstance(y, minigrad.Tensor) else y[0]
            seen = weakref.ref(y)
            minigrad.autograd.grad(y.sum(), x, create_graph=True)
            y.sum().backward()
            del x, y
            assert seen() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---- second order -------------------------------------------------------------------------------


@in_both
def test_a_backward_of_ops_can_be_differentiated(torch):
    x = leaf(torch, 2.0)
    y = square(torch).apply(square(torch).apply(x))
    orders = []
    for _ in range(4):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        orders.append(y)
    return orders


@in_both
def test_a_backward_can_be_a_function_itself(torch):
    class Slope(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, g):
            ctx.save_for_backward(x, g)
            return 3 * x * x * g

        @staticmethod
        def backward(ctx, h):
            x, g = ctx.saved_tensors
            return 6 * x * g * h, 3 * x * x * h

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return Slope.apply(x, g)

    x = leaf(torch, 2.0, 3.0)
    (first,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    return first, torch.autograd.grad(first.sum(), x)


@in_both
def test_second_order_of_several_results(torch):
    class Pair(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            return x * y, x * x

        @staticmethod
        def backward(ctx, g, h):
            x, y = ctx.saved_tensors
            return g * y + 2 * h * x, g * x

    x, y = leaf(torch, 2.0, 3.0), leaf(torch, 5.0, 7.0)
    a, b = Pair.apply(x, y)
    first = torch.autograd.grad((a * b).sum(), [x, y], create_graph=True)
    return first, torch.autograd.grad((first[0] * first[1]).sum(), [x, y])


# ---- writing in place ---------------------------------------------------------------------------


def doubling(torch, dirty=True):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            if dirty:
                ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    return Double


@in_both
def test_an_input_marked_dirty_gets_the_new_history(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 3
    out = doubling(torch).apply(h)
    (h * h).sum().backward()
    return out is h, h, h._version, x.grad, out.grad_fn


@in_both
def test_dirtying_damages_what_was_saved(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x.exp()
    doubling(torch).apply(h)
    return raised(h.sum().backward)


@in_both
def test_a_leaf_cannot_be_marked_dirty(torch):
    x = leaf(torch, 1.0, 2.0)
    return raised(doubling(torch).apply, x)


@in_both
def test_a_view_marked_dirty_changes_its_base(torch):
    x = leaf(torch, 1.0, 2.0, 3.0)
    h = x * 3
    doubling(torch).apply(h[1:])
    (h * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    return h, x.grad


@in_both
def test_a_constant_marked_dirty(torch):
    t = torch.tensor([1.0, 2.0])
    out = doubling(torch).apply(t)
    return out is t, t, t._version, t.requires_grad


# ---- results that are inputs, or views of them --------------------------------------------------


@in_both
def test_an_input_returned_as_it_is(torch):
    class Same(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 10

    x = leaf(torch, 1.0, 2.0)
    y = Same.apply(x)
    (y * 2).sum().backward()
    return y is x, y, x.grad, y.data_ptr() == x.data_ptr()


@in_both
def test_an_input_returned_as_a_view(torch):
    class Flat(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view(-1)

        @staticmethod
        def backward(ctx, g):
            return g.view(2, 2) * 10

    x = torch.ones(2, 2, requires_grad=True)
    y = Flat.apply(x)
    (y * 2).sum().backward()
    return y, x.grad, y.data_ptr() == x.data_ptr()


@in_both
def test_one_tensor_given_twice(torch):
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            return g * b, g * a

    x = leaf(torch, 1.0, 2.0)
    Product.apply(x, x).sum().backward()
    return x.grad


def test_the_gradient_that_backward_returned_stays_the_users():
    mine = minigrad.tensor([5.0, 6.0])
    x, y = minigrad.ones(2, requires_grad=True), minigrad.ones(2, requires_grad=True)

    class Constant(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return mine, mine

    Constant.apply(x, y).sum().backward()
    Constant.apply(x, y).sum().backward()
    assert mine.tolist() == [5.0, 6.0]
    assert x.grad.tolist() == y.grad.tolist() == [10.0, 12.0]


# ---- calls --------------------------------------------------------------------------------------


@in_both
def test_keywords_and_defaults(torch):
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(x, n=3):
            return x**n

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.n = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.n * x ** (ctx.n - 1), None

    x = leaf(torch, 1.0, 2.0)
    results = [Power.apply(x), Power.apply(x, 2), Power.apply(x, n=2), Power.apply(n=2, x=x)]
    sum(results).sum().backward()
    return results, x.grad, raised(Power.apply, x, m=2)[:9]


@in_both
def test_keywords_of_a_forward_with_a_context(torch):
    seen = []

    class Power(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n=3, *, k=1):
            seen.append(ctx.needs_input_grad)
            return x * n * k

        @staticmethod
        def backward(ctx, g):
            return g

    x = leaf(torch, 1.0)
    Power.apply(x).backward()
    Power.apply(x=x).backward()
    Power.apply(x, n=2)
    return seen, x.grad, raised(Power.apply, x, k=2), raised(Power.apply, x, z=2)


@in_both
def test_a_gradient_for_what_is_no_tensor(torch):
    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            return x * n

        @staticmethod
        def backward(ctx, g):
            return g, g

    return raised(Scale.apply(leaf(torch, 1.0), 3).backward)


@in_both
def test_none_is_handed_on(torch):
    """A function before one that returns None still runs, with zeros; hooks see None."""
    seen = []

    class Cut(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            seen.append(g.clone())

    x = leaf(torch, 1.0, 2.0)
    h = x * 3
    for t in (x, h):
        t.register_hook(seen.append)
    x.register_post_accumulate_grad_hook(lambda t: seen.append("accumulated"))
    h.retain_grad()
    Cut.apply(Cut.apply(h)).sum().backward()
    y = Cut.apply(h * 1).sum()
    return (
        seen,
        x.grad,
        h.grad,
        raised(torch.autograd.grad, y, h),
        torch.autograd.grad(Cut.apply(h * 1).sum(), [h], allow_unused=True),
    )


@in_both
def test_a_hook_cannot_replace_none(torch):
    x = leaf(torch, 1.0, 2.0)
    x.register_hook(lambda g: torch.ones(2))
    return raised(returning(torch, lambda g: None).apply(x).sum().backward)


# ---- writing into what a function returned ------------------------------------------------------


@in_both
def test_results_that_are_views_cannot_be_written_to(torch):
    class Part(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, how):
            return {"view": x.view(-1), "same": x, "part": x[1:], "copy": x * 1}[how]

        @staticmethod
        def backward(ctx, g):
            return g, None

    class Halves(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x[:1], x[1:], x * 2

        @staticmethod
        def backward(ctx, *gs):
            return gs[2]

    texts = []
    for how in ("view", "same", "part", "copy"):
        y = Part.apply(leaf(torch, 1.0, 2.0) * 2, how)
        texts += [raised(y.add_, 1), raised(y[:1].add_, 1), y]
        constant = Part.apply(torch.tensor([1.0, 2.0]), how)
        texts += [raised(constant.add_, 1), constant]
    for part in Halves.apply(leaf(torch, 1.0, 2.0) * 2):
        texts += [raised(part.add_, 1), part]
    return texts


def test_saved_tensors_keep_the_history_they_had():
    """torch refuses to go back through a saved tensor that detach_() was called on."""
    x = leaf(minigrad, 2.0, 3.0)
    h = x * x
    y = square(minigrad).apply(h) + h * h
    h.detach_()
    (first,) = minigrad.autograd.grad(y.sum(), x, create_graph=True)  # of 2 x**4
    (second,) = minigrad.autograd.grad(first.sum(), x)
    assert first.tolist() == [64.0, 216.0]
    assert second.tolist() == [96.0, 216.0]


# ---- what a reader sees -------------------------------------------------------------------------


def printed(value):
    """What is printed, without the address."""
    return repr(value).partition(" at 0x")[0]


@in_both
def test_the_context_prints_as_the_backward_of_its_function(torch):
    class Shown(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            seen.append(printed(ctx))
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return ctx.scale * g

    seen = []
    first, _ = Shown.apply(leaf(torch, 1.0))
    single = square(torch).apply(leaf(torch, 1.0))
    return seen, printed(first.grad_fn), printed(single.grad_fn), raised(first.backward)


@in_both
def test_what_forward_left_is_seen_at_the_node(torch):
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            ctx.save_for_backward(x)
            return x * factor

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None

    h = leaf(torch, 1.0, 2.0) * 3
    node = Scaled.apply(h, 5).grad_fn
    seen = node.factor, node.needs_input_grad, node.saved_tensors
    h.add_(1)
    return seen, raised(lambda: node.saved_tensors), raised(lambda: node.fatcor)
