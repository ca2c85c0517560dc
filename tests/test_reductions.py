"""Reductions where they are delicate: ties, NaN, infinities, zeros in a product, no elements.

The rows of op_cases.py say what every form of a reduction does with usual numbers, and Hypothesis
draws unusual ones. Here stand the cases that one would ask about, one by one.
"""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch
from both import in_both, raised
from oracle import EXACT, Near, check

import minigrad

INF, NAN = np.inf, np.nan
NEAR = Near(4, 4, 16, floor=1)


def examine(expression, numbers, near=EXACT, dtype="float32", order=2):
    check(expression, {"x": np.array(numbers, dtype)}, near, order=order)


# ---- which of several ---------------------------------------------------------------------------

TIES = [[1, 3, 3, 2], [3, 3, 3], [-1, -1, 0], [5], [INF, INF, 0], [-INF, -INF], [0, 0]]
WITH_NAN = [[1, NAN, 2], [NAN, NAN], [NAN, INF], [INF, NAN, 1, NAN]]
EVENLY = ("x.max()", "x.min()", "x.amax()", "x.amin()", "x.amax(0)", "x.amin(-1, keepdim=True)")
CHOSEN = ("x.max(0)", "x.min(0)", "x.max(0, keepdim=True)", "x.argmax()", "x.argmin()")
AVERAGED = Near(0, 0, 2)  # a third of a sum is not the sum of thirds


@pytest.mark.parametrize("numbers", [*TIES, *WITH_NAN], ids=str)
@pytest.mark.parametrize("expression", [*EVENLY, *CHOSEN, "x.argmax(0)", "x.argmin(0)"])
def test_ties_and_nan_go_where_pytorchs_go(expression, numbers):
    examine(expression, numbers, AVERAGED)


@in_both
@pytest.mark.parametrize("name", ["max", "amax"])
def test_who_gets_the_gradient_of_the_largest(torch, name):
    x = torch.tensor([[2.0, 2.0], [1.0, 2.0]], requires_grad=True)
    getattr(x, name)().backward()
    whole, x.grad = x.grad, None
    chosen = getattr(x, name)(1)
    (chosen.values if name == "max" else chosen).sum().backward()
    return whole, x.grad


@in_both
def test_the_gradient_of_a_product_of_one_number_is_what_came_and_not_recorded(torch):
    x = torch.tensor(-2.0, requires_grad=True)
    (slope,) = torch.autograd.grad(x.prod(), x, create_graph=True)
    return slope, slope.requires_grad


@in_both
def test_indices_that_were_written_cannot_lead_back(torch):
    x = torch.tensor([[1.0, 2.0], [4.0, 3.0]], requires_grad=True)
    found = x.max(1)
    found.indices.zero_()
    return raised(found.values.sum().backward).partition(":")[0]


# ---- named results ------------------------------------------------------------------------------


@in_both
@pytest.mark.parametrize("name", ["max", "min"])
def test_values_and_indices_have_names_and_print_with_them(torch, name):
    x = torch.tensor([[1.0, 3.0, 2.0], [6.0, 5.0, 4.0]], requires_grad=True)
    found = getattr(torch, name)(x, 1)
    values, indices = found
    assert found.values is values is found[0]
    assert found.indices is indices is found[1]
    assert isinstance(found, tuple)
    assert type(found) is getattr(torch.return_types, name)
    return repr(found), str(found), f"{found}"


def test_named_results_survive_copies_and_pickles():
    found = minigrad.tensor([1.0, 3.0]).max(0)
    for again in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert repr(again) == repr(found)
        assert type(again) is minigrad.return_types.max


# ---- products -----------------------------------------------------------------------------------

FACTORS = [[2, 0, 3], [0, 0, 3], [0, 0, 0], [2, 3, 4], [0], [7], [], [-0.0, -2]]


@pytest.mark.parametrize("numbers", FACTORS, ids=str)
@pytest.mark.parametrize("expression", ["x.prod()", "x.prod(0)", "x.prod(0, keepdim=True)"])
def test_the_derivative_by_a_factor_is_the_product_of_the_others(expression, numbers):
    examine(expression, numbers, Near(0, 0.5, 4))


@pytest.mark.parametrize("numbers", [[1, NAN, 2], [NAN, 0, 2], [INF, 0, 2], [INF, 1]], ids=str)
def test_a_product_with_nan_or_infinity(numbers):
    examine("x.prod(0)", numbers, order=1)


@in_both
def test_the_third_derivative_of_a_product_with_zeros(torch):
    x = torch.tensor([[0.0, 2.0, 0.0, 5.0], [3.0, 2.0, 1.0, 0.0]], requires_grad=True)
    y, grads = x.prod(1).sum(), []
    for factor in (1.0, 2.0, 3.0):
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        grads.append(g)
        y = (g * g.new_tensor([factor, 1.0, -1.0, 2.0])).sum()
    return grads


@pytest.mark.parametrize("rows", [8, 100, 512, 513, 20_000])
def test_what_a_sum_of_many_rows_loses(rows):
    """Of positive numbers, whose sum loses most: a few units of the last place, as in PyTorch."""
    x = np.random.default_rng(rows).random((rows, 40), dtype=np.float32)
    exact = x.sum(0, dtype=np.float64)
    for sums in (minigrad.from_numpy(x).sum(0), torch.from_numpy(x).sum(0)):
        assert np.abs(sums.numpy() / exact - 1).max() < 4 * 2.0**-23


# ---- how far from the mean, and from 0 ----------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("expression", ["x.var()", "x.std()", "x.var(0)", "x.std(0)"])
@pytest.mark.parametrize(
    "numbers",
    [[1, 2, 4], [[0.1, 1], [0.1, 2], [0.1, 4]], [INF, 1], [1, NAN], [3e4, 3.0001e4]],
    ids=str,
)
def test_variance_and_deviation(expression, numbers, dtype):
    examine(expression, numbers, Near(4, 64, 256, floor=1), dtype, order=1)


@pytest.mark.parametrize("options", ["", "correction=0", "correction=2", "0, correction=3", "0"])
@pytest.mark.parametrize("numbers", [[5], [5, 5], [1, 2], []], ids=str)
def test_no_freedom_is_warned_of_and_gives_what_division_gives(numbers, options):
    examine(f"x.var({options})", numbers, NEAR, order=1)
    examine(f"x.std({options})", numbers, NEAR, order=1)


def test_the_warning_points_to_the_line_that_asked():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        minigrad.ones(1).var()
        minigrad.std(minigrad.ones(1))
    assert [w.filename for w in caught] == [__file__] * 2


@pytest.mark.parametrize("p", ["", "0", "1", "2", "3", "1.5", "0.5", "-1", "inf", "-inf"])
@pytest.mark.parametrize("numbers", [[3, -4, 0], [0, 0], [2, 2], [INF, 1], [NAN, 1]], ids=str)
def test_norms_at_0_at_ties_and_beyond_all_numbers(p, numbers):
    examine(f"x.norm({p})", numbers, NEAR, order=1)


@pytest.mark.parametrize("p", ["-2", "-1", "0", "0.5", "1", "2", "2.5", "3", "float('inf')"])
@pytest.mark.parametrize("dims", ["", ", 1", ", (0, 1), True"])
def test_a_single_number_is_its_own_norm_even_if_its_square_is_none(p, dims):
    for number in (1e-30, -3e30, -1e-45, 0.0, -0.0, NAN, -INF):
        examine(f"x.norm({p}{dims})", [[number]], NEAR, order=1)


# ---- exponentials -------------------------------------------------------------------------------

FAR = [[1000, 1000], [-1000, -1000], [1000, 0], [-INF, -INF], [INF, 1], [-INF, 0], [NAN, 1], []]


@pytest.mark.parametrize("numbers", FAR, ids=str)
@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_exponentials_of_large_and_infinite_numbers(name, numbers):
    examine(f"x.{name}(0)", numbers, NEAR, order=1)


# ---- no elements --------------------------------------------------------------------------------

OF_NONE = [
    "sum", "mean", "prod", "var", "std", "max", "min", "amax", "amin", "argmax", "argmin", "any",
    "all", "norm",
]  # fmt: skip


@pytest.mark.parametrize("dim", ["", "0", "1", "-1, keepdim=True"])
@pytest.mark.parametrize("name", OF_NONE)
def test_reductions_of_nothing(name, dim):
    check(f"torch.{name}(x{', ' * bool(dim)}{dim})", {"x": np.zeros((0, 3), "float32")})


# ---- what is refused teaches --------------------------------------------------------------------

REFUSED = {
    "e.max()": "without elements there is no largest",
    "e.amin()": "without elements there is no largest",
    "e.argmax(0)": "Along dim 0 the shape [0, 3] has no elements",
    "i.var()": "Write x.float().var()",
    "i.norm()": "Write x.float().norm()",
    "i.softmax(0)": "Write x.float().softmax(0)",
    "(i > 1).argmax()": "x.int().argmax()",
    "x.prod(dtype=torch.int64)": "x.detach()",
    "x.norm('nuc')": "norms of vectors",
    "torch.outer(x, x)": "The shape is [2, 3]",
    "torch.addmm(x, x, x.T.double())": ".to(minigrad.float32)",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_refused_says_what_to_write_instead(expression):
    torch = minigrad
    names = {
        "torch": torch,
        "e": torch.zeros(0, 3),
        "i": torch.tensor([1, 2]),
        "x": torch.ones(2, 3, requires_grad=True),
    }
    with pytest.raises((RuntimeError, IndexError, NotImplementedError)) as caught:
        eval(expression, names)
    assert REFUSED[expression] in "\n".join(caught.value.__notes__)
