"""backward and grad: what they compute, what they accept, and what they say when they refuse."""

import itertools

import numpy as np
import pytest
from both import compare, in_both, raised
from deviations import known

# ---- what backward asks of its caller -----------------------------------------------------------


@in_both
def test_only_a_scalar_has_an_implicit_gradient(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return raised((x * 2).backward), raised(torch.autograd.grad, x * 2, x), x.grad


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1)])
@in_both
def test_one_element_of_any_rank_counts_as_a_scalar(torch, shape):
    x = torch.full(shape, 3.0, requires_grad=True)
    (x * x).backward()
    return x.grad


@in_both
def test_backward_of_a_leaf_adds_ones(torch):
    x = torch.tensor([[3.0]], requires_grad=True)
    x.backward()
    x.backward()
    return x.grad


@in_both
def test_backward_needs_something_that_requires_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.no_grad():
        unrecorded = (x * 2).sum()
    return [
        raised(torch.tensor(1.0).backward),
        raised(torch.tensor([1.0, 2.0]).backward),
        raised(x.detach().sum().backward),
        raised(unrecorded.backward),
        raised(torch.autograd.grad, torch.tensor(1.0), x),
        raised(torch.autograd.backward, [x.sum(), torch.tensor(1.0)]),
        x.grad,
    ]


@in_both
def test_a_gradient_must_have_the_shape_of_its_tensor(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return [
        raised((x * 2).backward, torch.tensor([1.0])),
        raised((x * 2).backward, torch.ones(1, 2)),
        raised(x.sum().backward, torch.ones(1)),
        raised(x.sum().backward, torch.ones(2)),
        raised(torch.autograd.grad, x * 2, x, torch.ones(3)),
        x.grad,
    ]


@pytest.mark.parametrize("given", [1.0, [1.0, 1.0], "ones", np.ones(2)])
@in_both
def test_a_gradient_must_be_a_tensor(torch, given):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return raised((x * 2).backward, given), raised(torch.autograd.grad, x * 2, x, given)


@in_both
def test_the_number_of_gradients_must_fit(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y, g = x * 2, torch.ones(2)
    return [
        raised(torch.autograd.backward, [y, y], [g]),
        raised(torch.autograd.backward, [y], [g, g]),
        raised(torch.autograd.grad, [y, y], x, [g]),
        raised(torch.autograd.grad, [y], x, [g, g]),
        raised(torch.autograd.backward, [y, y.sum()], [g, None]),
        x.grad,
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "bool"])
@in_both
def test_a_gradient_of_another_dtype_is_converted(torch, dtype):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).backward(torch.tensor([2, 0]).to(getattr(torch, dtype)))
    return x.grad, torch.autograd.grad(x * 3, x, torch.ones(2).to(getattr(torch, dtype)))


@in_both
def test_the_gradient_may_be_any_view(torch):
    x = torch.ones(2, 3, requires_grad=True)
    (x * 2).backward(torch.tensor([1.0, 2.0, 3.0]).expand(2, 3))
    (x * 2).backward(torch.arange(6.0).reshape(3, 2).T)
    return x.grad


@in_both
def test_inputs_must_not_be_empty(torch):
    x = torch.tensor(1.0, requires_grad=True)
    return (
        raised((x * x).backward, inputs=[]),
        raised(torch.autograd.backward, x * x, inputs=()),
        raised(torch.autograd.grad, x * x, []),
        x.grad,
    )


# ---- running twice ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "sqrt", "log", "relu", "abs", "square"])
@in_both(ulps=4)
def test_the_second_backward_fails_where_something_was_saved(torch, name):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = getattr(torch, name)(x).sum()
    y.backward()
    return raised(y.backward), x.grad


WALKED_TWICE = {
    "add": lambda x: x + x,
    "sub": lambda x: 1 - x,
    "neg": lambda x: -x,
    "times a number": lambda x: x * 3,
    "over a number": lambda x: x / 3,
    "mean": lambda x: x.mean(0),
    "sum": lambda x: x.sum(0),
    "view": lambda x: x.view(4).reshape(2, 2).t().T,
    "pick": lambda x: x[0] + x[:, 1],
    "index": lambda x: x[[0, 1, 1]],
    "expand": lambda x: x.unsqueeze(0).expand(3, 2, 2),
    "clone": lambda x: x.clone(),
    "convert": lambda x: x.double(),
    "detached factor": lambda x: x + x.detach() * 2,
}


@pytest.mark.parametrize("name", WALKED_TWICE)
@in_both
def test_walking_twice_is_an_error_only_where_a_value_was_saved(torch, name):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = WALKED_TWICE[name](x).sum()
    y.backward()
    return raised(y.backward), x.grad


@in_both
def test_a_constant_factor_is_saved_as_well(torch):
    x, constant = torch.tensor(3.0, requires_grad=True), torch.tensor(2.0)
    y = x * constant
    y.backward()
    return raised(y.backward), x.grad


@in_both
def test_retain_graph_keeps_what_was_saved(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    for _ in range(3):
        y.backward(retain_graph=True)
    y.backward()
    return x.grad, raised(y.backward), raised(y.backward, retain_graph=True), x.grad


@in_both
def test_a_shared_part_of_two_graphs_is_freed_by_the_first(torch):
    x = torch.tensor(3.0, requires_grad=True)
    shared = x * x
    a, b = shared + 1, shared * 2
    a.backward()
    return raised(b.backward), x.grad


@in_both
def test_create_graph_retains_the_graph_unless_told_otherwise(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x * x
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (again,) = torch.autograd.grad(y, x, create_graph=True, retain_graph=False)
    return first, again, raised(torch.autograd.grad, y, x)


# ---- grad ---------------------------------------------------------------------------------------


@in_both
def test_grad_returns_a_tuple_and_touches_no_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    found = torch.autograd.grad((x * y).sum(), (y, x))
    return found, type(found).__name__, x.grad, y.grad


@in_both
def test_grad_of_what_does_not_require_it(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return raised(torch.autograd.grad, x.sum(), torch.ones(2)), raised(
        torch.autograd.grad, x.sum(), [x, x.detach()]
    )


@in_both
def test_grad_of_what_was_not_used(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    other = torch.ones(3, dtype=torch.float64, requires_grad=True)
    y = x.sum()
    return [
        raised(torch.autograd.grad, y, other),
        raised(torch.autograd.grad, y, [x, other]),
        raised(torch.autograd.grad, y, [x, other], allow_unused=False),
        torch.autograd.grad(y, [x, other], allow_unused=True),
        torch.autograd.grad(y, other, allow_unused=True),
        torch.autograd.grad(y, [other, x], materialize_grads=True),
        torch.autograd.grad(y, [other], allow_unused=True, materialize_grads=True),
        raised(torch.autograd.grad, y, other, allow_unused=False, materialize_grads=True),
    ]


@in_both
def test_zeros_for_what_was_not_used_can_be_differentiated_as_the_others(torch):
    x, other = (torch.ones(2, requires_grad=True) for _ in "xy")
    found = torch.autograd.grad(
        (x * x).sum(), [x, other], create_graph=True, materialize_grads=True
    )
    return found, [(g.requires_grad, g.is_leaf) for g in found]


@in_both
def test_a_copy_of_the_input_was_not_used(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return raised(torch.autograd.grad, x.sum(), x.clone()), raised(
        torch.autograd.grad, x.sum(), x[0]
    )


@in_both(ulps=4)
def test_grad_of_intermediate_results_and_of_the_output_itself(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    y = h.exp().sum()
    return torch.autograd.grad(y, [h, x, y, h])


@in_both
def test_grad_stops_at_its_inputs(torch):
    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    h.register_hook(lambda g: seen.append("h"))
    x.register_hook(lambda g: seen.append("x"))
    y = (h * 3).sum()
    return torch.autograd.grad(y, h), seen


@in_both(ulps=4)
def test_grad_leaves_the_rest_of_the_graph_alone(torch):
    x = torch.tensor(2.0, requires_grad=True)
    h = x.exp()
    y = h * 3
    torch.autograd.grad(y, h)
    (through_h,) = torch.autograd.grad(h, x)
    return through_h, raised(y.backward)


@in_both
def test_several_outputs_are_summed(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    a, b = (x * x).sum(), x * 3
    weights = torch.tensor([1.0, 10.0])
    torch.autograd.backward([a, b, b], [None, weights, weights])
    return x.grad, torch.autograd.grad([x.sum(), x * 2], x, [None, weights])


@in_both
def test_one_output_of_several_may_be_made_of_another(torch):
    x = torch.tensor(2.0, requires_grad=True)
    a = x * x
    b = a * a
    torch.autograd.backward([a, b])
    return x.grad


@in_both
def test_backward_inputs_fills_these_only(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0], requires_grad=True)
    z = (x * y).sum()
    z.backward(inputs=[x], retain_graph=True)
    first = x.grad.clone(), y.grad
    z.backward(inputs=y)
    return first, x.grad, y.grad


@in_both
def test_backward_inputs_leave_out_other_roots(torch):
    x = torch.tensor(1.0, requires_grad=True)
    y = torch.tensor(2.0, requires_grad=True)
    torch.autograd.backward([x, y * 3, x * y], inputs=[y])
    return x.grad, y.grad


@in_both(ulps=4)
def test_backward_inputs_may_be_intermediate(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.retain_grad()
    h.exp().sum().backward(inputs=[h])
    return h.grad, x.grad


@in_both
def test_backward_inputs_that_are_no_use(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    unused = torch.tensor(1.0, requires_grad=True)
    return (
        raised(x.sum().backward, inputs=[torch.ones(2)]),
        raised(x.sum().backward, inputs=[unused]),
        unused.grad,
        x.grad,
    )


@in_both
def test_an_integer_result_has_no_gradient(torch):
    x = torch.tensor([1.5, 2.5], requires_grad=True)
    return x.long().requires_grad, raised(x.long().sum().backward), (x > 2).requires_grad


@in_both
def test_gradients_come_back_in_the_dtype_of_the_input(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    z = (x * y).sum() + x.double().sum() + y.float().sum()
    z.backward()
    return z, x.grad, y.grad


BROADCASTS = [
    ((), (2, 3)),
    ((3,), (2, 3)),
    ((2, 1), (1, 3)),
    ((1, 1), (2, 3)),
    ((1,), ()),
    ((0,), (1,)),
]


@pytest.mark.parametrize(("a", "b"), BROADCASTS)
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "pow"])
@in_both(ulps=2)
def test_a_gradient_has_the_shape_of_its_leaf(torch, a, b, name):
    x = torch.full(a, 2.0, requires_grad=True)
    y = torch.full(b, 3.0, requires_grad=True)
    getattr(torch, name)(x, y).sum().backward()
    return x.grad, y.grad


@in_both
def test_nothing_flows_through_an_empty_tensor(torch):
    x = torch.ones(2, 3, requires_grad=True)
    x[:, :0].sum().backward()
    return x.grad


# ---- accumulation -------------------------------------------------------------------------------


@in_both
def test_gradients_add_up_in_the_same_tensor(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 2).sum().backward()
    first, version = x.grad, x.grad._version
    (x * 3).sum().backward()
    return x.grad is first, x.grad, x.grad._version - version


@in_both
def test_a_grad_set_by_hand_is_added_to(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    mine = torch.tensor([10.0, 20.0])
    x.grad = mine
    x.sum().backward()
    return x.grad is mine, mine


@in_both
def test_a_grad_set_to_none_starts_again(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.sum().backward()
    x.grad = None
    before = x.grad
    x.sum().backward()
    del x.grad
    after = x.grad
    (x * 5).sum().backward()
    return before, after, x.grad


@in_both
def test_grad_must_fit_its_tensor(torch):
    x = torch.tensor([1.0], requires_grad=True)
    return [
        raised(setattr, x, "grad", torch.ones(2)),
        raised(setattr, x, "grad", torch.ones(())),
        raised(setattr, x, "grad", torch.ones(1, dtype=torch.float64)),
        raised(setattr, x, "grad", torch.ones(1, dtype=torch.int64)),
        raised(setattr, x, "grad", 1.0),
        raised(setattr, x, "grad", [1.0]),
        raised(setattr, x, "grad", x),
        x.grad,
    ]


@in_both
def test_a_tensor_that_does_not_require_grad_may_hold_one(torch):
    x = torch.tensor([1.0, 2.0])
    x.grad = torch.tensor([3.0, 4.0])
    before = x.grad
    x.requires_grad = True
    x.sum().backward()
    return before, x.grad


@in_both
def test_the_grad_of_an_intermediate_result_warns(torch):
    x = torch.tensor([1.0], requires_grad=True)
    y = x * 2
    y.backward()
    return y.grad, x.grad


@in_both
def test_a_nonleaf_may_be_given_a_grad(torch):
    x = torch.tensor([1.0], requires_grad=True)
    y = x * 2
    y.grad = torch.tensor([5.0])
    y.backward()
    return y.grad, x.grad


@in_both
def test_backward_with_create_graph_warns_of_the_cycle(torch):
    x = torch.tensor([3.0], requires_grad=True)
    (x * x * x).backward(create_graph=True)
    first = x.grad
    (second,) = torch.autograd.grad(first, x)
    x.grad = None
    return first, second


@in_both
def test_the_parts_of_a_large_gradient_are_added_to_nothing_that_a_user_holds(torch):
    handed, kept = torch.ones(5000), torch.full((5000,), 2.0)

    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return kept

    x, y = (torch.linspace(1, 2, 5000).requires_grad_() for _ in range(2))
    (x + x + Doubled.apply(x) + Doubled.apply(y) + y * x + y).backward(handed)
    return x.grad, y.grad, handed, kept


@in_both
def test_accumulating_with_create_graph_makes_a_new_tensor(torch):
    x = torch.tensor([3.0], requires_grad=True)
    (x * x * x).backward(create_graph=True)
    first = x.grad
    (x * x).backward(create_graph=True)
    second, same = x.grad, x.grad is first
    x.grad = None
    return same, first, second, torch.autograd.grad(second, x)


# ---- to require grad, to keep it, to be cut off -------------------------------------------------


@in_both
def test_only_floating_tensors_can_require_grad(torch):
    x = torch.tensor([1, 2])
    return [
        raised(torch.tensor, [1, 2], requires_grad=True),
        raised(torch.zeros, 2, dtype=torch.int64, requires_grad=True),
        raised(torch.ones, 2, dtype=torch.bool, requires_grad=True),
        raised(torch.nn.Parameter, x),
        raised(x.requires_grad_),
        raised(setattr, x, "requires_grad", True),
        raised(x.requires_grad_, False),
        x,
    ]


@in_both
def test_the_flag_must_be_a_bool(torch):
    x = torch.tensor([1.0])
    return [
        raised(setattr, x, "requires_grad", 5),
        raised(setattr, x, "requires_grad", None),
        raised(setattr, x, "requires_grad", "yes"),
        x,
    ]


@in_both
def test_the_flag_of_a_result_cannot_be_turned_off(torch):
    x = torch.tensor([1.0], requires_grad=True)
    y = x * 2
    return (
        raised(setattr, y, "requires_grad", False),
        raised(y.requires_grad_, False),
        raised(setattr, y, "requires_grad", True),
        y.requires_grad_() is y,
        y.requires_grad,
        y.is_leaf,
    )


@in_both
def test_freezing_keeps_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.requires_grad_(False)
    frozen = x.grad, (x * 2).requires_grad
    x.requires_grad_(True)
    x.sum().backward()
    return frozen, x.grad


@in_both
def test_freezing_after_the_forward_changes_nothing_for_that_graph(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    seen = []
    x.register_hook(lambda g: seen.append("hook"))
    x.register_post_accumulate_grad_hook(lambda t: seen.append("accumulated"))
    x.requires_grad = False
    y.backward()
    return x.grad, x.requires_grad, seen


@in_both
def test_leaves_and_results(torch):
    x = torch.tensor([1.0], requires_grad=True)
    y, z = x * 2, torch.tensor([1.0]) * 2
    with torch.no_grad():
        w = x * 2
    return [
        (t.is_leaf, t.requires_grad, t.grad_fn is None, t.retains_grad)
        for t in (x, y, z, w, x.detach(), y.detach(), y.data)
    ]


@in_both(ulps=4)
def test_retain_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.retain_grad()
    h.retain_grad()
    y = h.exp().sum()
    y.retain_grad()
    y.backward(retain_graph=True)
    once = h.grad.clone(), y.grad.clone(), h.retains_grad
    y.backward()
    x.retain_grad()
    return once, h.grad, y.grad, x.grad, x.retains_grad


@in_both
def test_retain_grad_needs_something_that_requires_grad(torch):
    return raised(torch.ones(1).retain_grad)


@in_both
def test_detach_shares_memory_and_ends_the_history(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    d = x.detach()
    (x * d).sum().backward()
    with torch.no_grad():
        d.mul_(10)
    return d, x, x.grad, x._version, d._version, d.data_ptr() == x.data_ptr()


@in_both
def test_detach_in_place(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    same = y.detach_() is y
    view = (x * 3)[0]
    return same, y, y.is_leaf, raised(view.detach_), raised(y.sum().backward)


@in_both
def test_data_shares_memory_but_not_the_version(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    x.data.mul_(10)
    y.backward()
    return x, x._version, x.grad, x.data.requires_grad


@in_both
def test_data_can_be_replaced(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.data = torch.tensor([5.0, 6.0])
    before = x.grad.clone()
    (x * x).sum().backward()
    return x, before, x.grad, x.is_leaf


@in_both
def test_data_of_another_shape(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.data = torch.ones(3)
    x.sum().backward()
    return (
        x,
        x.grad,
        raised(setattr, x, "data", 5),
        raised(setattr, x, "data", torch.ones(1).long()),
    )


@in_both
def test_numpy_refuses_what_requires_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return [
        raised(x.numpy),
        raised(np.asarray, x),
        raised((x * 2).numpy),
        x.numpy(force=True),
        x.detach().numpy(),
        x.tolist(),
        x[0].item(),
    ]


@in_both
def test_numbers_out_of_tensors(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return [
        raised(x.item),
        raised(float, x),
        raised(int, x),
        raised(bool, x),
        raised(bool, torch.ones(0)),
        raised(range(3).__getitem__, torch.tensor(1.0)),
        raised(len, torch.tensor(1.0)),
        raised(iter, torch.tensor(1.0)),
        float(torch.tensor([2.5])),
        int(torch.tensor([[2.5]])),
        range(3)[torch.tensor(1)],
    ]


@in_both
def test_a_number_out_of_what_requires_grad_warns(torch):
    x = torch.tensor([1.5], requires_grad=True)
    return float(x), int(x * 2), bool(x)


@in_both
def test_deepcopy_takes_leaves_only(torch):
    import copy

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    with torch.no_grad():
        twin.mul_(10)
        twin.grad.mul_(10)
    return x, x.grad, twin, twin.grad, twin.is_leaf, raised(copy.deepcopy, x * 2)


# ---- hooks --------------------------------------------------------------------------------------


@in_both
def test_a_hook_sees_the_gradient_and_may_replace_it(torch):
    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.register_hook(lambda g: seen.append(g.clone()))
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: seen.append(g.clone()))
    x.register_hook(lambda g: seen.append(g.clone()))
    x.register_hook(lambda g: g + 1)
    (h * 3).sum().backward()
    return seen, x.grad


@in_both
def test_a_hook_must_return_a_gradient_of_the_same_kind(torch):
    results = [1, "g", [1.0], None, torch.ones(3), torch.ones(2, dtype=torch.float64)]
    texts = []
    for result in results:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        x.register_hook(lambda g, result=result: result)
        texts.append(raised((x * 2).sum().backward))
    return texts


@in_both
def test_the_name_of_a_wrong_hook_is_told(torch):
    def shrink(g):
        return g[:1]

    class Shrinker:
        def __call__(self, g):
            return g[:1]

    texts = []
    for hook in (shrink, Shrinker(), lambda g: g[:1]):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        x.register_hook(hook)
        texts.append(raised((x * 2).sum().backward))
    return texts


@in_both
def test_an_error_in_a_hook_comes_out_as_it_is(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([1.0, 2.0], requires_grad=True)

    def fail(g):
        raise KeyError("mine")

    h = x * 2
    h.register_hook(fail)
    return raised((h * y).sum().backward), torch.is_grad_enabled()


@in_both
def test_a_hook_needs_something_that_requires_grad(torch):
    hook = print
    x = torch.tensor([1.0], requires_grad=True)
    return (
        raised(torch.ones(1).register_hook, hook),
        raised(torch.ones(1).register_post_accumulate_grad_hook, hook),
        raised((x * 2).register_post_accumulate_grad_hook, hook),
    )


@in_both(ulps=4)
def test_hooks_fire_once_the_gradient_is_complete(torch):
    seen = []
    x = torch.tensor(2.0, requires_grad=True)
    x.register_hook(lambda g: seen.append(("x", g.item())))
    h = x * 3
    h.register_hook(lambda g: seen.append(("h", g.item())))
    (h * h + h * h * h + x).backward()
    return seen


@in_both
def test_the_order_in_which_hooks_fire(torch):
    seen = []

    def watch(name, t):
        t.register_hook(lambda g: seen.append(name))
        return t

    x = watch("x", torch.tensor([1.0, 2.0], requires_grad=True))
    w = watch("w", torch.tensor([3.0, 4.0], requires_grad=True))
    b = watch("b", torch.tensor(0.5, requires_grad=True))
    h = watch("h", x * w)
    k = watch("k", h + b)
    m = watch("m", k.exp())
    watch("sum", (m + k * x).sum()).backward()
    return seen


@in_both
def test_a_leaf_hook_fires_as_soon_as_its_gradient_is_in(torch):
    seen = []

    def watch(name, t):
        t.register_hook(lambda g: seen.append(name))
        return t

    w1 = watch("w1", torch.tensor(2.0, requires_grad=True))
    b1 = watch("b1", torch.tensor(1.0, requires_grad=True))
    w2 = watch("w2", torch.tensor(3.0, requires_grad=True))
    b2 = watch("b2", torch.tensor(4.0, requires_grad=True))
    h = watch("h", w1 * 5 + b1)
    out = watch("out", w2 * h + b2)
    (out * out).backward()
    return seen


@in_both
def test_a_leaf_hook_has_fired_when_a_later_node_fails(torch):
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    calls = []
    b.register_hook(lambda g: calls.append(g.tolist()))
    h = a.sqrt()
    y = (h * 1.0 * b).sum()
    h.add_(1)
    return raised(y.backward), calls, a.grad


@in_both
def test_hooks_and_retained_gradients_see_each_other_in_order(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.register_hook(lambda g: g * 10)
    h.retain_grad()
    h.register_hook(lambda g: g * 7)
    (h * 3).sum().backward()
    return h.grad, x.grad


@in_both
def test_handles_take_hooks_away(torch):
    x = torch.tensor([1.0], requires_grad=True)
    seen = []
    first = x.register_hook(lambda g: seen.append("first"))
    x.register_hook(lambda g: seen.append("second"))
    (x * 2).backward()
    first.remove()
    first.remove()
    (x * 2).backward()
    with x.register_hook(lambda g: seen.append("within")):
        (x * 2).backward()
    (x * 2).backward()
    return seen


@in_both
def test_a_hook_may_remove_itself_while_it_runs(torch):
    x = torch.tensor([1.0], requires_grad=True)
    seen = []

    def once(g):
        seen.append("once")
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda g: seen.append("always"))
    (x * 2).backward()
    (x * 2).backward()
    return seen


@in_both
def test_post_accumulate_hooks_see_the_tensor_with_its_grad(torch):
    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    handle = x.register_post_accumulate_grad_hook(
        lambda t: seen.append((t is x, t.grad.clone(), torch.is_grad_enabled()))
    )
    x.register_hook(lambda g: g * 2)
    (x * 3).sum().backward()
    (x * 3).sum().backward()
    handle.remove()
    (x * 3).sum().backward()
    return seen, x.grad


@in_both
def test_a_post_accumulate_hook_may_update_the_tensor(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def step(t):
        with torch.no_grad():
            t.sub_(t.grad, alpha=0.1)
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    for _ in range(3):
        (x * x).sum().backward()
    return x, x.grad


@in_both
def test_post_accumulate_hooks_do_not_run_for_grad(torch):
    seen = []
    x = torch.tensor([1.0], requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda t: seen.append("ran"))
    torch.autograd.grad(x * 2, x)
    return seen


@in_both
def test_post_accumulate_hooks_run_in_the_order_in_which_leaves_are_complete(torch):
    seen = []
    leaves = [torch.tensor(float(i), requires_grad=True) for i in range(4)]
    for i, t in enumerate(leaves):
        t.register_post_accumulate_grad_hook(lambda t, i=i: seen.append((i, t.grad.item())))
    a, b, c, d = leaves
    h = a * b
    (h * c + d + h * a).backward()
    return seen


@in_both
def test_hooks_run_for_grad(torch):
    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    x.register_hook(lambda g: seen.append("x"))
    h.register_hook(lambda g: g * 10)
    return torch.autograd.grad(h.sum(), x), torch.autograd.grad((x * x).sum(), x), seen


@in_both
def test_hooks_of_an_output_run_even_if_it_was_not_made_of_the_inputs(torch):
    seen = []
    x, other = (torch.ones(2, requires_grad=True) for _ in "xy")
    y = x * 2
    y.retain_grad()
    for name, t in (("x", x), ("y", y)):
        t.register_hook(lambda g, name=name: seen.append((name, g.tolist())))
    for t in (x, y):
        seen.append(torch.autograd.grad(t, other, torch.ones(2), allow_unused=True))
        torch.autograd.backward(t, torch.ones(2), inputs=[other])
    seen.append(torch.autograd.grad([y, other * 3], other, [torch.ones(2)] * 2))
    return seen, x.grad, y.grad, other.grad


@in_both
def test_a_hook_on_an_input_of_grad_counts_in_its_result(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.register_hook(lambda g: g * 10)
    return torch.autograd.grad((h * 3).sum(), [h, x])


@in_both
def test_hooks_run_with_the_grad_mode_of_the_walk(torch):
    seen = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.register_hook(lambda g: seen.append((torch.is_grad_enabled(), g.requires_grad)))
    y = (h * h).sum()
    torch.autograd.grad(y, x, retain_graph=True)
    torch.autograd.grad(y, x, create_graph=True)
    return seen


@in_both
def test_a_hook_takes_part_in_higher_orders(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.register_hook(lambda g: g * x)
    (first,) = torch.autograd.grad((h * h).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return first, second


@in_both
def test_a_hook_may_call_backward_itself(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    w = torch.tensor([3.0, 4.0], requires_grad=True)

    def inner(g):
        with torch.enable_grad():
            (w * g).sum().backward()

    x.register_hook(inner)
    (x * x).sum().backward()
    return x.grad, w.grad


# ---- the graph as a user can walk it ------------------------------------------------------------


@in_both
def test_next_functions_lead_to_the_leaves(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x + torch.ones(2)
    add = y.grad_fn
    mul = add.next_functions[0][0]
    leaf = mul.next_functions[0][0]
    return (
        [add, mul, leaf],
        [[f for f, _ in node.next_functions] for node in (add, mul, leaf)],
        mul.next_functions[1][0] is leaf,
    )


@in_both
def test_names_of_nodes(torch):
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    results = [
        x + 1, x - 1, 1 - x, x * 2, x / 2, 2 / x, -x, x**2, 2**x, x**x, x.abs(), x.exp(), x.log(),
        x.sqrt(), x.tanh(), x.sigmoid(), x.sum(), x.sum(0), x.mean(), x.mean(1), x @ x.T,
        x[0] @ x[0], x.view(2), x.reshape(2, 1), x.flatten(), x.squeeze(), x.squeeze(0),
        x.unsqueeze(0), x.t(), x.T, x.transpose(0, 1), x.permute(1, 0), x.expand(3, 2), x[0],
        x[:, 1:], x[[0]], x[None], torch.cat([x, x]), torch.stack([x, x]), torch.maximum(x, x),
        torch.minimum(x, x), x.clamp(0, 1), torch.where(x > 1, x, 0.0), x.relu(),
        torch.nn.functional.leaky_relu(x), torch.nn.functional.mse_loss(x, x), x.clone(),
        x.double(),
    ]  # fmt: skip
    return [result.grad_fn for result in results]


# ---- higher orders ------------------------------------------------------------------------------

FUNCTIONS = {
    "add": lambda torch, x, y: x + y * 2,
    "sub": lambda torch, x, y: 3 - x - y,
    "mul": lambda torch, x, y: x * y,
    "div": lambda torch, x, y: x / y,
    "neg": lambda torch, x, y: -x * y,
    "reciprocal": lambda torch, x, y: 2 / x + y,
    "square": lambda torch, x, y: x**2 * y,
    "cube": lambda torch, x, y: x**3 * y,
    "root": lambda torch, x, y: x**0.5 * y,
    "power": lambda torch, x, y: x**2.5 * y,
    "tensor power": lambda torch, x, y: x**y,
    "exponential": lambda torch, x, y: 2**x * y,
    "exp": lambda torch, x, y: (x * y).exp(),
    "log": lambda torch, x, y: (x * y).log(),
    "sqrt": lambda torch, x, y: (x * y).sqrt(),
    "tanh": lambda torch, x, y: (x * y).tanh(),
    "sigmoid": lambda torch, x, y: (x * y).sigmoid(),
    "abs": lambda torch, x, y: (x * y).abs() * x,
    "maximum": lambda torch, x, y: torch.maximum(x, y) ** 3,
    "minimum": lambda torch, x, y: torch.minimum(x, y) ** 3,
    "clamp": lambda torch, x, y: (x * y).clamp(0.3, 0.8) ** 3,
    "where": lambda torch, x, y: torch.where(x > y, x * y, x**3),
    "relu": lambda torch, x, y: (x - y).relu() ** 3,
    "leaky relu": lambda torch, x, y: torch.nn.functional.leaky_relu(x - y, 0.3) ** 3,
    "mse loss": lambda torch, x, y: torch.nn.functional.mse_loss(x, y) ** 2,
    "mse sum": lambda torch, x, y: torch.nn.functional.mse_loss(x, y, reduction="sum") ** 2,
    "sum": lambda torch, x, y: (x * y).sum(0) ** 3,
    "sum keepdim": lambda torch, x, y: (x * y).sum(1, keepdim=True) ** 3 * x,
    "mean": lambda torch, x, y: (x * y).mean(0) ** 3,
    "matmul": lambda torch, x, y: (x @ y.T) ** 3,
    "mv": lambda torch, x, y: (x @ y[0]) ** 3,
    "dot": lambda torch, x, y: (x[0] @ y[0]) ** 3,
    "vm": lambda torch, x, y: (x[0] @ y.T) ** 3,
    "bmm": lambda torch, x, y: (x.view(2, 1, 2) @ y.view(2, 2, 1)) ** 3,
    "batched": lambda torch, x, y: (x.expand(3, 2, 2) @ y) ** 3,
    "linear": lambda torch, x, y: torch.nn.functional.linear(x, y, y[0]) ** 3,
    "linear vector": lambda torch, x, y: torch.nn.functional.linear(x[0], y, y[0]) ** 3,
    "view": lambda torch, x, y: x.view(4) ** 3 * y.reshape(4),
    "transpose": lambda torch, x, y: x.t() ** 3 * y.transpose(0, 1),
    "permute": lambda torch, x, y: x.permute(1, 0) ** 3 * y.T,
    "squeeze": lambda torch, x, y: x.unsqueeze(0).squeeze() ** 3 * y,
    "expand": lambda torch, x, y: (x.expand(3, 2, 2) * y) ** 3,
    "select": lambda torch, x, y: x[0] ** 3 * y[:, 1],
    "index": lambda torch, x, y: x[[0, 1, 1]] ** 3 * y[0],
    "mask": lambda torch, x, y: x[x > 0.5] ** 3,
    "cat": lambda torch, x, y: torch.cat([x, y, x], 1) ** 3,
    "stack": lambda torch, x, y: torch.stack([x, y * x]) ** 3,
    "clone": lambda torch, x, y: x.clone() ** 3 * y,
    "convert": lambda torch, x, y: x.float() ** 3,
    "setitem": lambda torch, x, y: written(torch, x, y) ** 3,
    "in place": lambda torch, x, y: (x * 2).mul_(y).add_(x) ** 3,
    "broadcast": lambda torch, x, y: (x * y[0] + y[:, :1]) ** 3,
}


def written(torch, x, y):
    out = torch.zeros(3, 2, dtype=torch.float64)
    out[:2] = x * y
    out[2] = y[0]
    return out


@pytest.mark.parametrize("name", FUNCTIONS)
def test_three_orders_of_derivatives(name):
    def program(torch):
        x = torch.tensor([[0.9, 0.4], [0.3, 0.7]], dtype=torch.float64, requires_grad=True)
        y = torch.tensor([[0.6, 0.5], [0.8, 1.1]], dtype=torch.float64, requires_grad=True)
        result = FUNCTIONS[name](torch, x, y)
        orders = [result]
        for _ in range(3):
            result = result.sum()
            if not result.requires_grad:
                break
            found = torch.autograd.grad(result, [x, y], create_graph=True, allow_unused=True)
            orders.append(found)
            found = [g * torch.tensor([[1.0, 2.0], [3.0, 5.0]]) for g in found if g is not None]
            if not found:
                break
            result = found[0] * 1 if len(found) == 1 else found[0] + found[1] * 2
        return orders

    compare(program, ulps=64)


@in_both(ulps=8)
def test_a_gradient_penalty_reaches_the_parameters(torch):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LeakyReLU(0.2), torch.nn.Linear(3, 1))
    x = torch.tensor([[0.5, -1.0], [2.0, 0.3]], requires_grad=True)
    (slope,) = torch.autograd.grad(net(x).sum(), x, create_graph=True)
    ((slope * slope).sum(1).sqrt() - 1).pow(2).mean().backward()
    return [p.grad for p in net.parameters()], x.grad


@in_both
def test_gradients_without_create_graph_have_no_history(torch):
    x = torch.tensor(3.0, requires_grad=True)
    (g,) = torch.autograd.grad(x * x * x, x)
    (h,) = torch.autograd.grad(x * x * x, x, create_graph=True)
    return g.requires_grad, g.grad_fn, h.requires_grad, raised(torch.autograd.grad, g, x)


@in_both
def test_create_graph_records_also_under_no_grad(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x * x
    with torch.no_grad():
        (g,) = torch.autograd.grad(y, x, create_graph=True)
    return g.requires_grad, torch.autograd.grad(g, x)


@in_both
def test_the_upstream_gradient_may_require_grad(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    v = torch.tensor([3.0, 4.0], requires_grad=True)
    (g,) = torch.autograd.grad(x * x, x, v, create_graph=True)
    return torch.autograd.grad(g.sum(), [x, v])


# ---- constants that come to require grad ---------------------------------------------------------

MAKE = {
    "view": lambda torch, x: x[0],
    "view of a view": lambda torch, x: x[:1].view(1),
    "under no_grad": lambda torch, x: unrecorded(torch, x),
    "detached": lambda torch, x: x.detach(),
    "own leaf": lambda torch, x: x[0].requires_grad_(),
    "clone": lambda torch, x: x.clone(),
}
USE = {
    "backward": lambda torch, x, view: ((view * 2).sum().backward(), x.grad, view.grad),
    "grad": lambda torch, x, view: torch.autograd.grad((view * 2).sum(), [view]),
    "walk": lambda torch, x, view: view.sum().backward(),
    "own backward": lambda torch, x, view: view.view(-1)[:1].backward(),
    "write": lambda torch, x, view: view.add_(1),
    "write to it": lambda torch, x, view: (overwritten(torch, x), view, view.grad_fn),
    "stop": lambda torch, x, view: (x.requires_grad_(False), view.requires_grad, view.is_leaf),
    "detach_": lambda torch, x, view: (x.detach_(), view.requires_grad),
    "stop the view": lambda torch, x, view: (view.requires_grad_(False), view.requires_grad),
    "hook": lambda torch, x, view: (view.register_hook(lambda g: g), view)[1],
    "view of it": lambda torch, x, view: (view.view(-1), view.view(-1).grad_fn),
}


def unrecorded(torch, x):
    with torch.no_grad():
        return x[0]


def overwritten(torch, x):
    with torch.no_grad():
        x.add_(1)
    return x._version


REFUSED = known("unrecorded-views", ("under no_grad", "write to it"))
CASES = [case for case in itertools.product(MAKE, USE) if case != REFUSED]


@pytest.mark.parametrize(("make", "use"), CASES)
@in_both
def test_views_of_a_constant_require_grad_when_it_does(torch, make, use):
    x = torch.ones(2)
    view = MAKE[make](torch, x)
    before = view.requires_grad
    x.requires_grad_()
    seen = before, view.requires_grad, view.is_leaf, view.grad_fn
    return seen, USE[use](torch, x, view)


# ---- where nothing depends on the input ----------------------------------------------------------

FLAT = {
    "sign": lambda torch, x, w: x.sign() * w,
    "rounded": lambda torch, x, w: x.div(2, rounding_mode="floor") * w,
    "pow": lambda torch, x, w: x**0 * w,
    "fill_": lambda torch, x, w: (x * 1).fill_(w),
    "zero_": lambda torch, x, w: (x * w).zero_() * w,
    "copy_": lambda torch, x, w: (x * 1).copy_(w),
    "item": lambda torch, x, w: assigned(x * 1, w),
    "where": lambda torch, x, w: torch.where(x > 5, x, w),
    "relu": lambda torch, x, w: (-x).relu() * w,
    "clamp": lambda torch, x, w: x.clamp(5, 6) * w,
    "max": lambda torch, x, w: torch.maximum(x, w * 5),
}


def assigned(x, value):
    x[:] = value
    return x


@pytest.mark.parametrize("name", FLAT)
@in_both
def test_whether_a_gradient_of_zeros_is_a_constant(torch, name):
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    flat = FLAT[name](torch, x, w.sum() if name == "fill_" else w)
    return torch.autograd.grad(flat.sum(), [x, w], create_graph=True, allow_unused=True)


@pytest.mark.parametrize("name", ["sign", "rounded", "pow", "relu"])
@in_both
def test_strict_jvp_of_what_is_flat(torch, name):
    x = torch.ones(2, dtype=torch.float64)
    f = torch.autograd.functional
    return f.jvp(lambda x: FLAT[name](torch, x, 1.0), x, x, strict=True)


@pytest.mark.parametrize("dim", [None, 0])
@in_both
def test_the_name_of_a_node_outlives_what_it_saved(torch, dim):
    y = torch.ones(1, requires_grad=True).prod(**({} if dim is None else {"dim": dim}))
    y.sum().backward()
    return y.grad_fn, raised(y.sum().backward)


@in_both
def test_of_a_gradient_of_another_dtype_and_size_the_dtype_is_said(torch):
    x = torch.tensor([-2.0], requires_grad=True)
    x.grad = torch.tensor(1)
