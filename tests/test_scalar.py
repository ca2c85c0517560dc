"""Scalar, the tensor engine and PyTorch, three ways on the same numbers."""

import doctest
import gc
import math
import operator
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import Scalar, scalar

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / (b * b + 1),
    "2-": lambda a, b: 2 - a * b,
    "3/": lambda a, b: 3 / (a * a + 1) - b,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg,
    "square": lambda a: a**2,
    "cube": lambda a: a**3,
    "inverse": lambda a: (a * a + 1) ** -1,
    "root": lambda a: (a * a + 1) ** 0.5,
    "exp": lambda a: (a * 0.1).exp(),
    "log": lambda a: (a * a + 1).log(),
    "tanh": lambda a: a.tanh(),
    "relu": lambda a: a.relu(),
    "leaky": lambda a: leaky_relu(a),
}


def leaky_relu(a: Any) -> Any:
    if isinstance(a, Scalar):
        return a.leaky_relu(0.2)
    library = torch if isinstance(a, torch.Tensor) else minigrad
    return library.nn.functional.leaky_relu(a, 0.2)


steps = st.lists(
    st.tuples(st.sampled_from([*BINARY, *UNARY]), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=12,
)
leaves = st.lists(st.sampled_from([-2.0, -1.5, -0.5, 0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=3)


def run(program: list[tuple[str, int, int]], inputs: list[Any]) -> tuple[float, list[float]]:
    """The result of a program and its derivatives by the inputs; values may be used again."""
    values = list(inputs)
    for name, i, j in program:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append(BINARY[name](a, b) if name in BINARY else UNARY[name](a))
    total = values[-1] + sum(x * 0 for x in inputs)
    total.backward()
    value = total.data if isinstance(total, Scalar) else total.item()
    return value, [float(x.grad) for x in inputs]


@given(leaves, steps)
def test_three_engines_agree(numbers: list[float], program: list[tuple[str, int, int]]) -> None:
    ours = run(program, [Scalar(x) for x in numbers])
    if not all(math.isfinite(v) and abs(v) < 1e100 for v in (ours[0], *ours[1])):
        return  # Python's numbers raise or overflow in their own way, and the docstring says so
    results = [ours] + [
        run(program, [m.tensor(x, dtype=m.float64, requires_grad=True) for x in numbers])
        for m in (minigrad, torch)
    ]
    for value, gradients in results[1:]:
        assert value == pytest.approx(ours[0], rel=1e-12, abs=1e-12)
        assert gradients == pytest.approx(ours[1], rel=1e-9, abs=1e-9)


def test_a_number_used_twice_gets_both_gradients() -> None:
    x = Scalar(3.0)
    y = x * x + x
    (y * y + y).backward()
    assert x.grad == (2 * y.data + 1) * (2 * x.data + 1)


def test_sixty_doublings_are_exact() -> None:
    x = y = Scalar(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_backward_again_adds_one_more_time() -> None:
    x = Scalar(2.0)
    y = (x * 3 + 1) * x
    for times in (1, 2, 3):
        y.backward()
        assert x.grad == times * 13.0


def test_intermediate_results_keep_their_own_gradient() -> None:
    x = Scalar(2.0)
    h = x * 3
    (h * h).backward()
    (h * h).backward()
    assert (h.grad, x.grad) == (12.0, 72.0)


def test_a_number_tells_how_it_was_made() -> None:
    x, y = Scalar(3.0), Scalar(4.0)
    product = x * y
    assert (product.op, product.parents) == ("*", (x, y))
    assert (product.a, product.by_a, product.b, product.by_b) == (x, 4.0, y, 3.0)
    assert (x.op, x.parents, x.a, x.b) == ("", (), None, None)
    steps = [x + y, x - y, x / y, -x, x**2, x**y, x.exp(), x.log(), x.tanh(), x.relu()]
    names = ["+", "-", "/", "neg", "**2", "**", "exp", "log", "tanh", "relu"]
    assert [step.op for step in steps] == names
    assert x.leaky_relu().parents == (x,)


@given(leaves, steps)
def test_a_history_lists_each_number_once_and_after_its_parents(
    numbers: list[float], program: list[tuple[str, int, int]]
) -> None:
    values: list[Any] = [Scalar(x) for x in numbers]
    for name, i, j in program:
        a, b = values[i % len(values)], values[j % len(values)]
        with suppress(OverflowError):
            values.append(BINARY[name](a, b) if name in BINARY else UNARY[name](a))
    history = values[-1].history()
    place = {id(node): i for i, node in enumerate(history)}
    assert len(place) == len(history)
    assert history[-1] is values[-1]
    for node in history:
        assert all(place[id(parent)] < place[id(node)] for parent in node.parents)


def test_a_chain_of_100_000_steps_needs_no_recursion() -> None:
    limit = sys.getrecursionlimit()
    x = y = Scalar(1.0)
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert x.grad == 100_001
    del y
    assert sys.getrecursionlimit() == limit


def test_no_reference_circles() -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            x = Scalar(0.5)
            ((x * 2 + x**2).tanh().relu() / 3).backward()
        del x
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_relu_at_its_kink_has_slope_0_and_leaky_relu_its_own() -> None:
    for zero in (0.0, -0.0):
        x = Scalar(zero)
        x.relu().backward()
        assert x.grad == 0.0
        x = Scalar(zero)
        x.leaky_relu(0.1).backward()
        assert x.grad == 0.1


@pytest.mark.parametrize(
    "form",
    [
        lambda x: 2 + x, lambda x: 2 - x, lambda x: 2 * x, lambda x: 2 / x, lambda x: 2**x,
        lambda x: x + 2, lambda x: x - 2, lambda x: x / 2, lambda x: x**x, lambda x: x**0,
    ],
)  # fmt: skip
def test_numbers_on_either_side(form: Callable[[Any], Any]) -> None:
    ours, theirs = Scalar(1.7), torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    y, z = form(ours), form(theirs)
    y.backward()
    z.backward()
    assert y.data == pytest.approx(z.item(), rel=1e-15)
    assert ours.grad == pytest.approx(theirs.grad.item(), rel=1e-15)


@pytest.mark.parametrize("base", [-2.0, 0.0, 0.5])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_a_power_of_two_scalars(base: float, exponent: float) -> None:
    """A negative base has no logarithm: the slope by the exponent is NaN there, as in torch."""
    ours = Scalar(base), Scalar(exponent)
    theirs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (base, exponent)]
    y, z = operator.pow(*ours), operator.pow(*theirs)
    y.backward()
    z.backward()
    assert y.data == z.item()
    for x, t in zip(ours, theirs, strict=True):
        assert x.grad == pytest.approx(t.grad.item(), rel=1e-15, nan_ok=True)


def test_comparison_is_of_the_data_and_the_hash_of_the_object() -> None:
    a, b = Scalar(1.0), Scalar(1.0)
    assert a == b
    assert a == 1.0
    assert a != 2
    assert a < 2 <= Scalar(2.0)
    assert a > 0 >= Scalar(-1.0)
    assert sorted([Scalar(2.0), Scalar(1.0)])[0].data == 1.0
    assert len({a, b}) == 2
    assert float(a) == 1.0


def test_a_stranger_is_refused() -> None:
    with pytest.raises(TypeError, match="not str"):
        Scalar(1.0) + "1"  # type: ignore[operator]


def test_the_docstring_runs() -> None:
    tried = doctest.testmod(scalar)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_micrograds_own_first_example() -> None:
    def expression(x: Any) -> Any:
        z = 2 * x + 2 + x
        q = z.relu() + z * x
        h = (z * z).relu()
        return h + q + q * x

    ours, theirs = Scalar(-4.0), torch.tensor(-4.0, dtype=torch.float64, requires_grad=True)
    result, expected = expression(ours), expression(theirs)
    result.backward()
    expected.backward()
    assert (result.data, ours.grad) == (expected.item(), theirs.grad.item())


def test_micrograds_own_examples() -> None:
    def expression(a: Any, b: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + (b + a).relu()
        d = d + 3 * d + (b - a).relu()
        e = c - d
        g = e**2 / 2.0
        return g + 10.0 / e**2

    ours = Scalar(-4.0), Scalar(2.0)
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-4.0, 2.0)]
    result, expected = expression(*ours), expression(*theirs)
    result.backward()
    expected.backward()
    assert result.data == pytest.approx(expected.item(), rel=1e-14)
    for x, t in zip(ours, theirs, strict=True):
        assert x.grad == pytest.approx(t.grad.item(), rel=1e-14)
