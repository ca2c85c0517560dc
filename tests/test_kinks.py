"""What happens exactly at the kinks, said as claims; each is checked under PyTorch as well.

A function with a kink has no derivative there, and a library chooses. Much hangs on the choice: a
ReLU whose input is exactly 0 must be dead, and what is dead must stay silent even when NaN or
infinity arrives from above.
"""

from collections.abc import Callable
from math import inf, nan
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from op_inputs import FLOATS, LAYOUTS, random_array
from oracle import Array, check

import minigrad
from reference.ulps import same_bits

LIBRARIES = pytest.mark.parametrize("library", [minigrad, torch], ids=["minigrad", "torch"])
DTYPE = pytest.mark.parametrize("dtype", FLOATS)
DEAD = [-inf, -1.0, -1e-45, -0.0, 0.0]
ALIVE = [1e-45, 1.0, inf, nan]
UPSTREAM = [1.0, -2.0, 0.0, inf, -inf, nan]


def gradient(
    library: ModuleType, function: Callable[[Any], Any], at: Any, upstream: Any = None
) -> list[float]:
    """The gradient of the function at a list of numbers, for an upstream gradient of ones."""
    x = library.tensor(at, dtype=library.float64, requires_grad=True)
    y = function(x)
    g = library.ones_like(y) if upstream is None else library.full_like(y, upstream)
    y.backward(g)
    found: list[float] = x.grad.tolist()
    return found


def value(library: ModuleType, function: Callable[[Any], Any], at: Any) -> list[float]:
    found: list[float] = function(library.tensor(at, dtype=library.float64)).tolist()
    return found


def same(found: list[float], expected: list[float]) -> bool:
    """Equal bits: 0. is not -0., and NaN equals NaN."""
    return same_bits(np.asarray(found), np.asarray(expected, float))


# ---- ReLU ---------------------------------------------------------------------------------------


@LIBRARIES
def test_relu_is_dead_at_zero_of_either_sign_and_below(library: ModuleType) -> None:
    assert same(gradient(library, library.relu, DEAD), [0.0] * len(DEAD))


@LIBRARIES
def test_relu_is_alive_above_zero_be_it_ever_so_little_and_at_nan(library: ModuleType) -> None:
    assert same(gradient(library, library.relu, ALIVE), [1.0] * len(ALIVE))


@LIBRARIES
@pytest.mark.parametrize("upstream", UPSTREAM)
def test_nothing_leaks_through_a_dead_relu(library: ModuleType, upstream: float) -> None:
    assert same(gradient(library, library.relu, DEAD, upstream), [0.0] * len(DEAD))


@LIBRARIES
@pytest.mark.parametrize("upstream", UPSTREAM)
def test_everything_passes_a_living_relu(library: ModuleType, upstream: float) -> None:
    assert same(gradient(library, library.relu, ALIVE, upstream), [upstream] * len(ALIVE))


@LIBRARIES
def test_relu_keeps_nan_and_minus_zero_and_makes_plus_zero_of_what_is_below(
    library: ModuleType,
) -> None:
    found = value(library, library.relu, [-inf, -1.0, -0.0, 0.0, 2.0, inf, nan])
    assert same(found, [0.0, 0.0, -0.0, 0.0, 2.0, inf, nan])


@LIBRARIES
@pytest.mark.parametrize("rows", [3, 40, 400])
def test_what_relu_makes_of_a_transpose_lies_as_the_transpose_does(
    library: ModuleType, rows: int
) -> None:
    """Small arrays, middling ones and large ones are computed by different calls of NumPy."""
    x = library.ones(rows, 100).t()
    assert library.relu(x).stride() == x.stride()


@LIBRARIES
def test_the_second_derivative_of_relu_is_zero_everywhere(library: ModuleType) -> None:
    x = library.tensor([*DEAD, *ALIVE], dtype=library.float64, requires_grad=True)
    (first,) = library.autograd.grad(library.relu(x).sum(), x, create_graph=True)
    second = library.autograd.grad(first.sum(), x, allow_unused=True, materialize_grads=True)
    assert second[0].tolist() == [0.0] * 9


@DTYPE
@pytest.mark.parametrize("size", range(71))
def test_relu_keeps_the_sign_of_minus_zero_at_every_size(dtype: str, size: int) -> None:
    zeros = np.full(size, -0.0, dtype)
    assert np.signbit(minigrad.relu(minigrad.from_numpy(zeros)).numpy()).all()


@DTYPE
@pytest.mark.parametrize("function", ["relu(x)", "clamp(x, min=0)", "clamp(x, max=0)"])
def test_a_lone_minus_zero_keeps_its_sign_at_every_place(dtype: str, function: str) -> None:
    for size in (1, 2, 3, 7, 8, 9, 16, 17, 33, 70):
        at_each_place = np.where(np.eye(size, dtype=bool), -0.0, 1.0).astype(dtype)
        check(f"torch.{function}", {"x": at_each_place}, order=1)


@DTYPE
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_relu_keeps_the_sign_of_minus_zero_wherever_it_lies(dtype: str, layout: Any) -> None:
    for shape in [(7, 5), (3, 17), (1, 33), (64, 2)]:
        zeros = layout(np.full(shape, -0.0, dtype))
        check("torch.relu(x)", {"x": zeros}, order=1)
        assert np.signbit(minigrad.relu(minigrad.from_numpy(zeros)).numpy()).all()


def test_a_dead_neuron_has_gradients_of_exactly_zero_and_does_not_move() -> None:
    x = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]])
    layer = minigrad.nn.Linear(2, 3)
    parameters = list(layer.parameters())
    with minigrad.no_grad():
        for parameter in parameters:
            parameter.fill_(-1.0)
    loss = minigrad.nn.functional.mse_loss(minigrad.relu(layer(x)), minigrad.ones(2, 3))
    loss.backward()
    for parameter in parameters:
        assert parameter.grad is not None
        assert same_bits(parameter.grad.numpy(), np.zeros(parameter.shape, "float32"))
    minigrad.optim.SGD(parameters, lr=1e9).step()
    assert all((parameter == -1).numpy().all() for parameter in parameters)


# ---- leaky ReLU ---------------------------------------------------------------------------------


@LIBRARIES
@pytest.mark.parametrize("slope", [0.01, 0.0, -0.5, 1.0, 2.0])
def test_leaky_relu_has_the_negative_slope_at_zero_and_at_nan(
    library: ModuleType, slope: float
) -> None:
    def leaky(x: Any) -> Any:
        return library.nn.functional.leaky_relu(x, slope)

    assert same(gradient(library, leaky, [*DEAD, nan]), [slope] * 6)
    assert same(gradient(library, leaky, [1e-45, 1.0, inf]), [1.0] * 3)


@LIBRARIES
def test_leaky_relu_lets_nan_and_infinity_through_on_both_sides(library: ModuleType) -> None:
    leaky = library.nn.functional.leaky_relu
    assert same(gradient(library, leaky, [-1.0, 0.0, 1.0], inf), [inf] * 3)
    assert same(gradient(library, leaky, [-1.0, 0.0, 1.0], nan), [nan] * 3)


@LIBRARIES
@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (0.01, [-inf, -0.01, -0.0, 0.0, inf, nan]),
        (0.0, [nan, -0.0, -0.0, 0.0, inf, nan]),
        (-0.5, [inf, 0.5, 0.0, -0.0, inf, nan]),
        (1.0, [-inf, -1.0, -0.0, 0.0, inf, nan]),
        (2.0, [-inf, -2.0, -0.0, 0.0, inf, nan]),
    ],
)
def test_leaky_relu_multiplies_by_the_slope_up_to_and_at_zero(
    library: ModuleType, slope: float, expected: list[float]
) -> None:
    def leaky(x: Any) -> Any:
        return library.nn.functional.leaky_relu(x, slope)

    assert same(value(library, leaky, [-inf, -1.0, -0.0, 0.0, inf, nan]), expected)


@LIBRARIES
def test_a_slope_that_the_dtype_rounds_to_zero_is_zero(library: ModuleType) -> None:
    x = library.tensor([-inf, -1.0, inf])
    assert same(library.nn.functional.leaky_relu(x, 1e-50).tolist(), [nan, -0.0, inf])


@LIBRARIES
def test_a_slope_is_any_single_number(library: ModuleType) -> None:
    leaky = library.nn.functional.leaky_relu
    x, wide = library.tensor([-2.0, 2.0]), library.tensor([-2.0], dtype=library.float64)
    for half in (np.float32(0.5), np.float64(0.5), library.tensor(0.5)):
        assert leaky(x, half).tolist() == leaky(x.clone(), half, inplace=True).tolist() == [-1, 2]
    for slope, expected in ((True, -2), (3, -6), (1e300, -2e300), (library.tensor(3), -6)):
        assert leaky(wide, slope).tolist() == [expected]


def test_leaky_relu_revives_a_neuron_that_relu_leaves_dead() -> None:
    weight = minigrad.tensor([-1.0], requires_grad=True)
    x = minigrad.tensor([2.0])
    minigrad.nn.functional.leaky_relu(weight * x, 0.1).backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == pytest.approx([0.2])


# ---- the other kinks: function, points, derivatives ---------------------------------------------

KINKS: list[tuple[str, Callable[[Any, Any], Any], list[float], list[float]]] = [
    ("abs", lambda m, x: x.abs(), [-1, -0.0, 0, 1, nan, inf], [-1, 0, 0, 1, 0, 1]),
    ("sign", lambda m, x: x.sign(), [-1, 0, 1, nan], [0, 0, 0, 0]),
    ("clamp", lambda m, x: x.clamp(-1, 1), [-2, -1, 0, 1, 2, nan], [0, 1, 1, 1, 0, 0]),
    ("clamp from below", lambda m, x: x.clamp(min=1), [0, 1, 2], [0, 1, 1]),
    ("clamp from above", lambda m, x: x.clamp(max=1), [0, 1, 2], [1, 1, 0]),
    ("clamp with min > max", lambda m, x: x.clamp(2, -1), [-2, -1, 0, 2, 3], [0, 0, 0, 0, 0]),
    ("maximum with itself", lambda m, x: m.maximum(x, x), [-1, 0, nan], [1, 1, 2]),
    ("a tie of maximum", lambda m, x: m.maximum(x, m.zeros_like(x)), [-1, 0, 1], [0, 0.5, 1]),
    ("a tie of minimum", lambda m, x: m.minimum(x, m.zeros_like(x)), [-1, 0, 1], [1, 0.5, 0]),
    ("NaN on the other side", lambda m, x: m.maximum(x, x * nan), [1.0], [nan]),
    ("sqrt", lambda m, x: x.sqrt(), [-1, -0.0, 0, 4], [nan, -inf, inf, 0.25]),
    ("log", lambda m, x: x.log(), [-1, -0.0, 0, 1], [-1, -inf, inf, 1]),
    ("reciprocal", lambda m, x: x.reciprocal(), [0, -0.0, 2], [-inf, -inf, -0.25]),
    ("x ** 0", lambda m, x: x**0, [-1, 0, 1, inf], [0, 0, 0, 0]),
    ("x ** 0.0", lambda m, x: x**0.0, [-1, 0, 1, nan], [0, 0, 0, 0]),
    ("x ** 1", lambda m, x: x**1, [-1, 0, 1], [1, 1, 1]),
    ("x ** 0.5", lambda m, x: x**0.5, [0, -0.0, -2, 4], [inf, -inf, nan, 0.25]),
    ("x ** -1", lambda m, x: x**-1, [0, -0.0], [-inf, -inf]),
    ("0 ** x", lambda m, x: 0**x, [0, 1, -1], [0, 0, -inf]),
    ("(-2.) ** x", lambda m, x: (-2.0) ** x, [1, 2], [nan, nan]),
]


@LIBRARIES
@pytest.mark.parametrize(
    ("function", "points", "derivatives"), [k[1:] for k in KINKS], ids=[k[0] for k in KINKS]
)
def test_the_derivative_at_the_kink_is(
    library: ModuleType,
    function: Callable[[Any, Any], Any],
    points: list[float],
    derivatives: list[float],
) -> None:
    found = gradient(library, lambda x: function(library, x), [float(p) for p in points])
    assert same([v + 0.0 for v in found], [v + 0.0 for v in map(float, derivatives)])


@LIBRARIES
def test_maximum_with_nan_on_either_side_gives_both_the_gradient(library: ModuleType) -> None:
    a = library.tensor([nan, 1.0], requires_grad=True)
    b = library.tensor([1.0, nan], requires_grad=True)
    library.maximum(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([1.0, 1.0], [1.0, 1.0])


@LIBRARIES
def test_clamp_by_tensors_gives_the_gradient_to_who_decided(library: ModuleType) -> None:
    x, low, high = (
        library.tensor(v, requires_grad=True)
        for v in ([-2.0, -1.0, 0.0, 1.0, 2.0, 0.0], [-1.0] * 5 + [3.0], [1.0] * 5 + [2.0])
    )
    library.clamp(x, low, high).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0, 0]
    assert low.grad.tolist() == [1, 0, 0, 0, 0, 0]
    assert high.grad.tolist() == [0, 0, 0, 0, 1, 1]  # and where low > high, high decides


@LIBRARIES
def test_a_power_of_tensors_at_base_zero(library: ModuleType) -> None:
    base = library.tensor([0.0, 0.0, 0.0, 0.0], requires_grad=True)
    exponent = library.tensor([0.0, 1.0, 2.0, -1.0], requires_grad=True)
    y = library.pow(base, exponent)
    y.sum().backward()
    assert y.tolist() == [1, 0, 0, inf]
    assert base.grad.tolist() == [0, 1, 0, -inf]
    assert exponent.grad.tolist() == [0, 0, 0, -inf]


@LIBRARIES
def test_where_masks_the_result_but_not_a_nan_of_the_branch_not_taken(library: ModuleType) -> None:
    def unsafe(x: Any) -> Any:
        return library.where(x > 0, x.sqrt(), 0.0)

    def safe(x: Any) -> Any:
        return library.where(x > 0, library.where(x > 0, x, 1.0).sqrt(), 0.0)

    assert same(gradient(library, unsafe, [-1.0, 0.0, 4.0]), [nan, nan, 0.25])
    assert same(gradient(library, safe, [-1.0, 0.0, 4.0]), [0.0, 0.0, 0.25])


@LIBRARIES
def test_where_itself_gives_the_other_branch_zero_whatever_arrives(library: ModuleType) -> None:
    assert same(
        gradient(library, lambda x: library.where(x > 0, x, 7.0), [-1.0, 1.0], inf), [0.0, inf]
    )


@LIBRARIES
def test_a_zero_upstream_at_the_pole_of_sqrt_is_nan(library: ModuleType) -> None:
    assert same(gradient(library, lambda x: x.sqrt(), [0.0], 0.0), [nan])


@LIBRARIES
def test_sum_and_mean_of_nothing(library: ModuleType) -> None:
    x = library.zeros(0, requires_grad=True)
    assert x.sum().item() == 0
    assert np.isnan(x.mean().item())
    x.mean().backward()
    assert x.grad.tolist() == []


# ---- any numbers --------------------------------------------------------------------------------


@given(
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0).flatmap(
        lambda shape: random_array(shape, "float32")
    ),
    st.sampled_from(UPSTREAM),
)
def test_a_dead_relu_is_silent_on_any_numbers(x: Array, upstream: float) -> None:
    t = minigrad.from_numpy(x).requires_grad_()
    minigrad.relu(t).backward(minigrad.full(tuple(x.shape), upstream))
    assert t.grad is not None
    expected = np.where(x <= 0, 0.0, upstream).astype(np.float32)
    assert same_bits(t.grad.numpy(), expected)
