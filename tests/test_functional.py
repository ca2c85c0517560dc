"""minigrad.autograd.functional says what torch.autograd.functional says, and what calculus says."""

import numpy as np
import pytest
from both import in_both, raised
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import minigrad
from minigrad.autograd import functional

PRODUCTS = ["vjp", "jvp", "vhp", "hvp"]
HESSIANS = ["vhp", "hvp", "hessian"]
ALL = [*PRODUCTS, "jacobian", "hessian"]


def call(torch, name, *args, **options):
    return getattr(torch.autograd.functional, name)(*args, **options)


def two(torch, requires_grad=False):
    return (
        torch.tensor([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]], requires_grad=requires_grad),
        torch.tensor([2.0, -0.5, 1.5], requires_grad=requires_grad),
    )


def number(a, b):
    return (a * a * b).sum() + (b * b * b).sum()


# ---- values, and the nesting of tuples ----------------------------------------------------------


FUNCTIONS = {
    "a tensor of a tensor": (lambda a: a * a * 3, 1),
    "a tensor of two": (lambda a, b: a * b * b, 2),
    "two of a tensor": (lambda a: (a * a, a.sum(1)), 1),
    "two of two": (lambda a, b: (a * b, (a * a).sum()), 2),
    "a tuple of one": (lambda a: (a * a,), 1),
    "one that ignores its second": (lambda a, b: a * a, 2),
    "a constant beside a result": (lambda a, b: (a * b, b.detach() * 2), 2),
}


@pytest.mark.parametrize("in_a_tuple", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@in_both
def test_jacobians_in_every_nesting(torch, name, in_a_tuple):
    function, count = FUNCTIONS[name]
    inputs = two(torch)[:count]
    if count == 1 and not in_a_tuple:
        inputs = inputs[0]
    return call(torch, "jacobian", function, inputs)


@pytest.mark.parametrize("name", FUNCTIONS)
@in_both
def test_products_with_the_jacobian(torch, name):
    function, count = FUNCTIONS[name]
    inputs = two(torch)[:count]
    y = function(*inputs)
    v = tuple(t * 0.5 + 1 for t in y) if isinstance(y, tuple) else y * 0.5 + 1
    u = tuple(t - 2 for t in inputs)
    return [
        call(torch, "vjp", function, inputs, v),
        call(torch, "jvp", function, inputs, u),
    ]


@pytest.mark.parametrize("name", HESSIANS)
@in_both
def test_hessians_and_products_with_them(torch, name):
    inputs = two(torch)
    v = () if name == "hessian" else (tuple(t + 1 for t in inputs),)
    alone = () if name == "hessian" else (inputs[1] * 2,)
    return [
        call(torch, name, number, inputs, *v),
        call(torch, name, lambda b: (b * b * b).sum(), inputs[1], *alone),
        call(torch, name, lambda a, b: (a * a).sum(), inputs, *v),  # b is not used
    ]


@pytest.mark.parametrize("name", ALL)
@in_both
def test_a_function_of_one_number_needs_no_vector(torch, name):
    x = torch.tensor(1.5)
    return call(torch, name, lambda x: x * x * x, x), call(torch, name, lambda x: x**3, (x,))


@pytest.mark.parametrize("name", ["jacobian", "hessian"])
@in_both
def test_vectorize_changes_no_value(torch, name):
    """Only PyTorch's zeros have another sign where it computes all rows at once."""
    found = call(torch, name, number, two(torch), vectorize=True)
    return [t + 0.0 for t in flattened(found, torch)]


@in_both
def test_the_shape_of_a_jacobian_is_that_of_the_result_and_that_of_the_input(torch):
    w = torch.tensor([[2.0, -1.0], [0.0, 1.0]])
    return call(torch, "jacobian", lambda x: x @ w.T + 1, torch.ones(4, 2))


@in_both
def test_results_of_a_single_number(torch):
    inputs = two(torch)
    return [
        call(torch, "vjp", lambda a, b: number(a, b).reshape(1, 1), inputs),
        call(torch, "hessian", lambda a, b: number(a, b).reshape(1, 1), inputs),
        call(torch, "jacobian", number, inputs),
    ]


@in_both
def test_the_inputs_and_the_grad_mode_are_left_alone(torch):
    a, b = two(torch, requires_grad=True)
    with torch.no_grad():
        found = call(torch, "jacobian", lambda a, b: a * b, (a, b))
    call(torch, "hessian", number, (a, b))
    return found, a.grad, b.grad, a._version, a.requires_grad, torch.is_grad_enabled()


@in_both
def test_what_the_function_knows_by_other_ways_is_constant(torch):
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    return [
        call(torch, name, lambda x: x * a, a, *v, create_graph=create_graph)
        for name, v in (("jacobian", ()), ("vjp", (a.detach(),)), ("jvp", (a.detach(),)))
        for create_graph in (False, True)
    ]


# ---- create_graph -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@in_both
def test_with_create_graph_the_result_has_a_history(torch, name):
    inputs = two(torch, requires_grad=True)
    v = (inputs[0].detach() + 1, inputs[1].detach())
    args = (
        () if name in ("jacobian", "hessian") else ((torch.tensor(2.0),) if name == "vjp" else (v,))
    )
    found = call(torch, name, number, inputs, *args, create_graph=True)
    flat = flattened(found, torch)
    total = sum((t * t).sum() for t in flat if t.requires_grad)
    total.backward()
    return [(t, t.requires_grad) for t in flat], [t.grad for t in inputs]


def flattened(found, torch):
    if isinstance(found, torch.Tensor):
        return [found]
    return [t for part in found for t in flattened(part, torch)]


@in_both
def test_gradients_flow_to_the_vector_as_well(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    v = torch.tensor([0.5, -1.0], requires_grad=True)
    for name in ("vjp", "jvp"):
        call(torch, name, lambda x: x * x * x, x, v, create_graph=True)[1].sum().backward()
    for name in ("vhp", "hvp"):
        call(torch, name, lambda x: (x * x * x).sum(), x, v, create_graph=True)[1].sum().backward()
    return x.grad, v.grad


@pytest.mark.parametrize("name", ALL)
@in_both
def test_without_create_graph_nothing_has_a_history(torch, name):
    x = torch.tensor(2.0, requires_grad=True)
    return call(torch, name, lambda x: x * x, x)


# ---- strict -------------------------------------------------------------------------------------


def linear(a, b):
    return (a + b).sum()


STRICT = {
    "constant": lambda a, b: a.detach().sum() * 2,
    "an input unused": lambda a, b: (a * a).sum(),
    "linear": linear,
    "linear in one": lambda a, b: (a * a).sum() + b.sum(),
    "quadratic": lambda a, b: (a * a).sum() + (b * b).sum(),
    "bilinear": lambda a, b: (a * b).sum(),
    "right": number,
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("which", STRICT)
@pytest.mark.parametrize("name", ALL)
@in_both
def test_strict(torch, name, which, create_graph):
    inputs = two(torch, requires_grad=True)
    v = () if name in ("jacobian", "hessian", "vjp") else (two(torch),)
    found = call(torch, name, STRICT[which], inputs, *v, create_graph=create_graph, strict=True)
    return [t.detach() for t in flattened(found, torch)]


@in_both
def test_strict_names_the_output_and_the_input(torch):
    inputs = two(torch)
    return [
        raised(call, torch, "jacobian", lambda a, b: (a * b, a * 2), inputs, strict=True),
        raised(call, torch, "jacobian", lambda a, b: (a * b, 2 * b.detach()), inputs, strict=True),
        raised(call, torch, "vjp", lambda a, b: (a * 2, a), inputs, inputs[:1] * 2, strict=True),
    ]


# ---- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@in_both
def test_what_is_no_tensor(torch, name):
    x = torch.tensor(2.0)
    return [
        raised(call, torch, name, lambda x: x, inputs)
        for inputs in (2.0, [x], (x, 3), (None,), "x")
    ] + [raised(call, torch, name, lambda x, y=y: y, x) for y in (2.0, [x], (x, 3))]


@pytest.mark.parametrize("name", PRODUCTS)
@in_both
def test_vectors_that_do_not_fit(torch, name):
    x, b = torch.tensor([1.0, 2.0]), torch.tensor(1.0)

    def f(x):
        return (x * x).sum() if "h" in name else x * x

    def pair(x, b):
        return (x * b).sum() if "h" in name else (x * b, b)

    return [
        raised(call, torch, name, f, x, torch.ones(1)),
        raised(call, torch, name, f, x, (x, x)),
        raised(call, torch, name, f, x),
        raised(call, torch, name, f, x, 2.0),
        raised(call, torch, name, f, x, [x]),
        raised(call, torch, name, pair, (x, b), (x,)),
        raised(call, torch, name, pair, (x, b), x),
        raised(call, torch, name, pair, (x, b), (x, x)),
        raised(call, torch, name, pair, (x, b)),
    ]


@pytest.mark.parametrize("name", HESSIANS)
@in_both
def test_a_hessian_belongs_to_a_single_number(torch, name):
    x = torch.tensor([1.0, 2.0])
    v = () if name == "hessian" else (x,)
    results = [lambda x: x, lambda x: (x.sum(), x.sum()), lambda x: (x.sum(),), lambda x: x[:0]]
    return [raised(call, torch, name, f, x, *v) for f in results]


@in_both
def test_other_refusals(torch):
    x = torch.tensor([1.0, 2.0])
    return [
        raised(call, torch, "jacobian", lambda x: x, torch.tensor([1, 2])),
        raised(call, torch, "jacobian", lambda x: x[:0], x),
        raised(call, torch, "jacobian", lambda x: x, x, strategy="sideways"),
        raised(call, torch, "jacobian", lambda x: x, x, strict=True, vectorize=True),
        raised(call, torch, "hessian", lambda x: x.sum(), x, strict=True, vectorize=True),
    ]


def test_forward_mode_is_refused_with_the_reason():
    x = minigrad.ones(2)
    for name, option in (("jacobian", "strategy"), ("hessian", "outer_jacobian_strategy")):
        with pytest.raises(NotImplementedError, match="no forward mode") as error:
            getattr(functional, name)(
                lambda x: x.sum(), x, vectorize=True, **{option: "forward-mode"}
            )
        assert "reverse-mode, computes the same matrix" in error.value.__notes__[0]


NOTES = {
    "jvp of a tuple": (lambda x: functional.jvp(lambda x: x, x), "shapes are [2, 3]: pass v"),
    "fit": (lambda x: functional.vjp(lambda x: x, x, x[0]), "not broadcast"),
    "length": (lambda x: functional.vjp(lambda x: x, x, (x, x)), "each of the shapes [2, 3]"),
    "hessian": (lambda x: functional.hessian(lambda x: x, x), "Its shape is [2, 3]"),
    "list": (lambda x: functional.jacobian(lambda x: x, [x]), "write tuple(...)"),
    "number": (lambda x: functional.jacobian(lambda x: 2.0, x), "minigrad.tensor(...)"),
    "cut": (
        lambda x: functional.vjp(lambda x: x.detach().sum(), x, strict=True),
        "the history was cut: by detach()",
    ),
    "unused": (
        lambda x: functional.vjp(lambda x, y: y.sum(), (x, x), strict=True),
        "Without strict this derivative is zeros",
    ),
    "linear": (
        lambda x: functional.hvp(lambda x: x.sum(), x, x, strict=True),
        "second derivatives are all zero",
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_notes_teach(name):
    program, words = NOTES[name]
    with pytest.raises((RuntimeError, TypeError)) as error:
        program(minigrad.ones(2, 3))
    assert words in error.value.__notes__[0]


# ---- calculus -----------------------------------------------------------------------------------


small = arrays(
    np.float64,
    array_shapes(min_dims=0, max_dims=2, max_side=3),
    elements=st.integers(-8, 8).map(lambda n: n / 4),
)


@given(small, st.randoms(use_true_random=False))
def test_the_products_are_those_with_the_whole_matrices(array, random):
    """Quarters stay exact, so the equations hold to the bit."""
    x = minigrad.from_numpy(array)
    v, u = (
        minigrad.from_numpy(np.vectorize(lambda _: random.randint(-8, 8) / 4)(array)) for _ in "vu"
    )
    w = minigrad.from_numpy(np.roll(array, 1))

    def f(x):
        return x * x * w + x.sum() * x

    jacobian = functional.jacobian(f, x).numpy().reshape(array.size, array.size)
    np.testing.assert_array_equal(
        functional.vjp(f, x, v)[1].numpy().reshape(-1), v.numpy().reshape(-1) @ jacobian
    )
    np.testing.assert_array_equal(
        functional.jvp(f, x, u)[1].numpy().reshape(-1), jacobian @ u.numpy().reshape(-1)
    )

    def energy(x):
        return (f(x) * x).sum()

    hessian = functional.hessian(energy, x).numpy().reshape(array.size, array.size)
    np.testing.assert_array_equal(hessian, hessian.T)
    for product in (functional.hvp, functional.vhp):
        np.testing.assert_array_equal(
            product(energy, x, u)[1].numpy().reshape(-1), hessian @ u.numpy().reshape(-1)
        )


def test_the_module_is_there_without_an_import_of_its_own():
    assert minigrad.autograd.functional is functional
    with pytest.raises(AttributeError, match="has no attribute 'functionals'"):
        minigrad.autograd.functionals  # noqa: B018
