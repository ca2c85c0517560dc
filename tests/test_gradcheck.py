"""gradcheck and gradgradcheck: PyTorch's answers and words, and a report that finds the place."""

import numpy as np
import pytest
import torch as pytorch
from both import in_both, raised
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.autograd.gradcheck import GradcheckError
from minigrad.autograd.op import op


def point(torch, *values, **options):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True, **options)


def square_with(backward):
    """A Function made for a library: x², with a backward of one's own."""

    def make(torch):
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, g):
                return backward(torch, ctx, g)

        return Square.apply

    return make


# ---- what passes, and what does not -------------------------------------------------------------


RIGHT = {
    "a product": lambda torch, x: x * x.exp(),
    "a sum": lambda torch, x: x.sum(),
    "several": lambda torch, x: (x * 2, (x * x).sum()),
    "a list": lambda torch, x: [x * 2, x * x],
    "linear": lambda torch, x: x * 2,
    "a choice": lambda torch, x: torch.where(x > 0, x * x, x),
    "beside a constant": lambda torch, x: (x * 2, x.detach()),
    "a step": lambda torch, x: (x > 0).double(),
    "nothing but zero": lambda torch, x: x.detach() * 0,
    "no element": lambda torch, x: x[:0] * 2,
    "not contiguous": lambda torch, x: (x.reshape(2, 1) @ x.reshape(1, 2)).t() * 1,
}


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("name", RIGHT)
@in_both
def test_what_is_right(torch, name, fast_mode):
    def function(x):
        return RIGHT[name](torch, x)

    if fast_mode and name in ("a step", "nothing but zero", "no element"):
        return "not in both: fast mode needs a result with elements that requires grad"
    return torch.autograd.gradcheck(function, point(torch, 0.5, -1.25), fast_mode=fast_mode)


WRONG = {
    "detached": lambda torch, x: x.detach() * 2,
    "half detached": lambda torch, x: x * x.detach(),
    "a kink": lambda torch, x: (x - 0.5).relu(),
    "the second result": lambda torch, x: (x * 2, x * x.detach()),
    "another shape": lambda torch, x: x[x > 0.5 - 1e-7],
    "not a tensor": lambda torch, x: 3.0,
    "bools": lambda torch, x: x > 0,
}


@pytest.mark.parametrize("name", WRONG)
@in_both
def test_what_is_wrong(torch, name):
    x = point(torch, 0.5, -1.25)
    error = None
    try:
        torch.autograd.gradcheck(lambda x: WRONG[name](torch, x), x)
    except Exception as caught:
        error = caught
    library = "minigrad" if torch is minigrad else "torch"
    return [type(error).__name__, str(error).replace(library, "torch"), x, x._version]


BACKWARDS = {
    "right": lambda torch, ctx, g: g * 2 * ctx.saved_tensors[0],
    "too much": lambda torch, ctx, g: g * 3 * ctx.saved_tensors[0],
    "a term without g": lambda torch, ctx, g: g * 2 * ctx.saved_tensors[0] + (g.sum().item() == 0),
    "none": lambda torch, ctx, g: None,
    "raises": lambda torch, ctx, g: 1 / 0,
}


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("name", BACKWARDS)
@in_both
def test_backwards_of_ones_own(torch, name, fast_mode):
    square = square_with(BACKWARDS[name])(torch)
    x = point(torch, 0.5, -1.25)
    return raised(torch.autograd.gradcheck, square, x, fast_mode=fast_mode)


@pytest.mark.parametrize("undefined", ["zeros", "none", "ones", "TypeError", "RuntimeError"])
@in_both
def test_upstream_gradients_that_are_none(torch, undefined):
    def backward(torch, ctx, g):
        if g is not None:
            return g * 3
        if undefined == "RuntimeError":
            raise RuntimeError("mine")
        if undefined == "TypeError":
            return g * 3
        return {"zeros": torch.zeros(2).double(), "ones": torch.ones(2).double(), "none": None}[
            undefined
        ]

    class Triple(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 3

        @staticmethod
        def backward(ctx, g):
            return backward(torch, ctx, g)

    x = point(torch, 1.0, 2.0)
    return [
        raised(torch.autograd.gradcheck, Triple.apply, x),
        raised(torch.autograd.gradcheck, lambda x: (x * 2, Triple.apply(x)), x),
        raised(torch.autograd.gradcheck, Triple.apply, x, check_undefined_grad=False),
    ]


@in_both
def test_a_backward_that_answers_differently_each_time(torch):
    calls = []

    def backward(torch, ctx, g):
        calls.append(1)
        return g * (2 * ctx.saved_tensors[0] + len(calls) * 1e-9)

    square, x = square_with(backward)(torch), point(torch, 0.5, -1.25)
    return [
        raised(torch.autograd.gradcheck, square, x),
        raised(torch.autograd.gradcheck, square, x, nondet_tol=1e-6),
    ]


@in_both
def test_inputs(torch):
    x, n = point(torch, 1.0, 2.0), point(torch, 3.0)
    f = torch.autograd.gradcheck
    single = x.detach().float().requires_grad_()
    return [
        raised(f, lambda x: x * x, x.detach()),
        raised(f, lambda x: x * x, 2.0),
        raised(f, lambda x: x * x, [x]),
        raised(f, lambda x, n: x**n, (x, 3)),
        raised(f, lambda x, n, c: x * n * c, (x, n, x.detach())),
        raised(f, lambda n, x: x * n.detach(), (n, x)),
        raised(f, lambda x: x * x, n.expand(3)),
        raised(f, lambda x: x * x, torch.tensor(1.5, dtype=torch.float64, requires_grad=True)),
        raised(f, lambda x: x * x, single),
        raised(f, lambda x: x * x, single, eps=1e-3, atol=1e-2, raise_exception=False),
    ]


@in_both
def test_tolerances(torch):
    nearly = square_with(lambda torch, ctx, g: g * 2.01 * ctx.saved_tensors[0])(torch)
    x = point(torch, 1.0, 2.0)
    f = torch.autograd.gradcheck
    return [
        raised(f, nearly, x),
        f(nearly, x, raise_exception=False),
        f(nearly, x, rtol=1e-2),
        f(nearly, x, atol=0.05),
        f(nearly, x, rtol=1e-2, fast_mode=True),
        f(nearly, x, fast_mode=True, raise_exception=False),
    ]


@pytest.mark.parametrize("fast_mode", [False, True])
@in_both
def test_the_tolerances_end_where_pytorch_s_do(torch, fast_mode):
    """The derivative is 1 % too large: between passing and failing there is one step."""
    nearly = square_with(lambda torch, ctx, g: g * 2.02 * ctx.saved_tensors[0])(torch)
    x = point(torch, 1.0, 2.0)

    def passes(atol, rtol):
        options = {"raise_exception": False, "fast_mode": fast_mode}
        return torch.autograd.gradcheck(nearly, x, atol=atol, rtol=rtol, **options)

    return [passes(0, rtol) for rtol in (0.0098, 0.00995, 0.01005, 0.0102)] + [
        passes(10 ** (k / 8), 0) for k in range(-32, 0)
    ]


@in_both
def test_options_that_contradict_each_other(torch):
    x = point(torch, 1.0)
    f, ff = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    return [
        raised(f, lambda x: x, x, check_backward_ad=False),
        raised(ff, lambda x: x, x, check_rev_over_rev=False),
        raised(ff, lambda x: x, x, check_rev_over_rev=False, check_fwd_over_rev=True),
    ]


@pytest.mark.parametrize(
    "option", ["check_forward_ad", "check_batched_grad", "check_batched_forward_grad"]
)
def test_options_that_minigrad_has_not(option):
    options = {option: True, "check_forward_ad": option != "check_batched_grad"}
    with pytest.raises(NotImplementedError, match="minigrad has no") as error:
        gradcheck(lambda x: x, point(minigrad, 1.0), **options)
    assert "Leave the option away" in error.value.__notes__[0]
    with pytest.raises(NotImplementedError, match="check_fwd_over_rev"):
        gradgradcheck(lambda x: x, point(minigrad, 1.0), check_fwd_over_rev=True)


# ---- second derivatives -------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in RIGHT if "step" not in name])
@in_both
def test_second_derivatives_that_are_right(torch, name):
    if name in ("nothing but zero", "a step"):
        return "not in both: there is no gradient"
    torch.manual_seed(0)
    x = point(torch, 0.5, -1.25)
    return torch.autograd.gradgradcheck(lambda x: RIGHT[name](torch, x), x), torch.rand(3)


@in_both
def test_second_derivatives_that_are_wrong(torch):
    """The first derivative is right; the second cannot see that it depends on x."""
    cut = square_with(lambda torch, ctx, g: g * 2 * ctx.saved_tensors[0].detach())(torch)
    x = point(torch, 0.5, -1.25)
    g = x.detach().clone()
    f = torch.autograd.gradgradcheck
    torch.manual_seed(1)
    return [
        torch.autograd.gradcheck(cut, x),
        raised(f, cut, x),
        raised(f, cut, x, gen_non_contig_grad_outputs=True),
        raised(f, cut, x, g.requires_grad_()),
        f(lambda x: x * x * x, x, g),
        f(cut, x, raise_exception=False),
        torch.rand(2),
    ]


def test_second_derivatives_of_what_has_no_first():
    with pytest.raises(ValueError, match="at least one output to require gradient"):
        gradgradcheck(lambda x: x.detach(), point(minigrad, 1.0))


def test_the_error_text_is_torch_s_to_the_last_character():
    """Numbers and all, where both measure the same slopes."""

    def report(torch):
        f = square_with(BACKWARDS["too much"])(torch)
        try:
            torch.autograd.gradcheck(f, point(torch, 0.5, -1.25, 3.0))
        except RuntimeError as error:
            return str(error)

    assert report(minigrad) == report(pytorch).replace("torch.", "minigrad.")


# ---- the report ---------------------------------------------------------------------------------


def told(function, *inputs, check=gradcheck, **options):
    with pytest.raises(GradcheckError) as error:
        check(function, inputs, **options)
    return error.value.__notes__[0]


@op
def cube(x, /):
    return x * x * x


cube.derivative(x=lambda g, x: g * 3 * (x * x) + where(x > 1, g * 0.5, 0.0))


def where(condition, a, b):
    return minigrad.ops.where(condition, a, b)


def test_a_planted_wrong_derivative_is_found_at_its_index():
    x = minigrad.tensor([[0.5, -1.0], [0.25, 2.0]], dtype=minigrad.float64, requires_grad=True)
    note = told(lambda x: cube(x).t(), x)
    assert note.splitlines()[0] == (
        "Farthest apart: output[1, 1] by input[1, 1]. numerical 12, analytical 12.5: 0.5 apart, "
        "where atol + rtol * |numerical| = 0.012 is allowed."
    )
    assert "1 of 16 derivatives" in note
    assert "Farthest apart: output[1, 1] by input[1, 1]" in told(
        lambda x: cube(x).t(), x, fast_mode=True
    )


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    st.randoms(use_true_random=False),
)
def test_wherever_it_is_planted_it_is_found(shape, random):
    planted = tuple(random.randrange(n) for n in shape)
    mask = np.zeros(shape)
    mask[planted] = 1

    class Double(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2 + g * 0.1 * minigrad.from_numpy(mask)

    x = minigrad.from_numpy(np.arange(mask.size).reshape(shape) / 4.0).requires_grad_()
    index = ", ".join(map(str, planted))
    note = told(Double.apply, x)
    assert f"output[{index}] by input[{index}]. numerical 2, analytical 2.1" in note


def test_the_argument_is_counted_among_all_of_them():
    x = point(minigrad, 1.0, 2.0)
    note = told(lambda c, x: x * x.detach() * c, x.detach(), x)
    assert "by input[1] (argument 1 of the function)" in note


def test_second_order_reports_name_the_upstream_gradient_as_an_input():
    cut = square_with(lambda torch, ctx, g: g.detach() * 2 * ctx.saved_tensors[0])(minigrad)
    x = point(minigrad, 0.5, -1.25)
    note = told(cut, x, check=gradgradcheck)
    assert "(argument 1 of the function)" not in note
    assert "of the function" not in note  # both arguments are checked, and counted as they are
    assert note.startswith("Farthest apart: output[1] by input[1]. numerical -2.5, analytical 0")


LOOKS = {
    "a kink": (
        lambda x: x.relu(),
        0.0,
        "There is a kink: the slope is 0 below this point and 1 above",
    ),
    "a factor": (square_with(BACKWARDS["too much"])(minigrad), 2.0, "are 1.5 times the numerical"),
    "a sign": (
        square_with(lambda torch, ctx, g: g * -2 * ctx.saved_tensors[0])(minigrad),
        2.0,
        "only the sign is wrong",
    ),
}


@pytest.mark.parametrize("name", LOOKS)
def test_the_report_says_what_it_looks_like(name):
    function, x, words = LOOKS[name]
    assert words in told(function, point(minigrad, x, 2 * x))


def test_other_failures_teach_too():
    x = point(minigrad, 0.5, 2.0)
    assert "The history was cut" in told(lambda x: x.detach() * 2, x)
    assert "by 2 for each unit" in told(lambda x: x.detach() * 2, x)
    no_g = square_with(lambda torch, ctx, g: g * 2 * ctx.saved_tensors[0] + (g.sum().item() == 0))
    assert "look for a term without g" in told(no_g(minigrad), x)
    with pytest.warns(UserWarning, match="Input #0"):
        note = told(lambda x: x * x, x.detach().float().requires_grad_())
    assert "The input is float32" in note


def test_nan_is_not_near_anything():
    x = point(minigrad, 0.0, 1.0)
    note = told(lambda x: x.abs().sqrt(), x)
    assert "analytical nan" in note or "analytical inf" in note


def test_the_input_is_as_before_though_the_function_fails():
    x = point(minigrad, 1.0, 2.0)

    def fails(x):
        if x.detach()[0] != 1:
            raise KeyError("mine")
        return x * x

    with pytest.raises(KeyError):
        gradcheck(fails, x)
    assert x.tolist() == [1, 2]


def test_the_error_is_importable_as_in_torch():
    from torch.autograd.gradcheck import GradcheckError as theirs

    assert GradcheckError.__name__ == theirs.__name__
    assert GradcheckError.__bases__ == theirs.__bases__ == (RuntimeError,)
    assert minigrad.autograd.gradcheck is gradcheck  # the function, not its module
