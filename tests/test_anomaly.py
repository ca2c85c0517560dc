"""Anomaly mode: PyTorch's errors and warnings, and a note that says where the NaN came from."""

import gc
import subprocess
import sys
import warnings

import numpy as np
import pytest
from both import in_both, neutral, raised
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.autograd import watch
from minigrad.autograd.op import op


@pytest.fixture(autouse=True)
def unheard():
    yield
    assert watch.examiners == []
    watch.listeners.clear()


def quiet(torch, mode=True, **options):
    """The mode without the warning that it has been enabled."""
    return torch.autograd.set_detect_anomaly(mode, **options)


# ---- what PyTorch does --------------------------------------------------------------------------


def leaf(torch, *values):
    return torch.tensor(values, requires_grad=True)


PROGRAMS = {
    "an unused branch": lambda torch, x: torch.where(x > 0, torch.sqrt(x), 0.0),
    "a quotient": lambda torch, x: torch.tensor([0.0, 1.0, 1.0]) / x,
    "a quotient by itself": lambda torch, x: x / x,
    "a NaN": lambda torch, x: x * float("nan"),
    "a logarithm": lambda torch, x: (x - x).log() * 0,
    "a root": lambda torch, x: (x * x).sqrt(),
    "a power": lambda torch, x: (x * x) ** 0.5,
    "a sum of infinities": lambda torch, x: (x * 1) * float("inf") - (x * 1) * float("inf"),
    "two uses": lambda torch, x: (lambda y: y * float("inf") - y * float("inf"))(x * 1),
    "a broadcast": lambda torch, x: torch.tensor([float("inf"), -float("inf"), 0.0]) * x[0],
    "infinite but no NaN": lambda torch, x: x.sqrt(),
    "nothing": lambda torch, x: x * x,
    "at a leaf only": lambda torch, x: x * float("inf") - x * float("inf"),
}


@pytest.mark.parametrize("forward_too", [True, False])
@pytest.mark.parametrize("name", PROGRAMS)
@in_both
def test_what_is_found(torch, name, forward_too):
    x = leaf(torch, 0.0, 1.0, 4.0)
    with quiet(torch, forward_too):
        loss = PROGRAMS[name](torch, x).sum()
    with quiet(torch):
        loss.backward()
    return x.grad


@pytest.mark.parametrize("name", PROGRAMS)
@in_both
def test_what_is_let_through_without_check_nan(torch, name):
    x = leaf(torch, 0.0, 1.0, 4.0)
    with quiet(torch, check_nan=False):
        PROGRAMS[name](torch, x).sum().backward()
    return x.grad


@in_both
def test_the_walk_of_grad_is_examined_too(torch):
    x = leaf(torch, 0.0, 1.0)
    with quiet(torch):
        return [
            raised(torch.autograd.grad, (x.sqrt() * 0).sum(), x),
            raised(torch.autograd.grad, (x.sqrt() * 0).sum(), x, create_graph=True),
            torch.autograd.grad((x * x).sum(), x),
        ]


@in_both
def test_a_gradient_that_nobody_asked_for_is_not_computed(torch):
    x, w = leaf(torch, float("inf")), leaf(torch, 2.0)
    y = x * w
    with quiet(torch):
        (dx,) = torch.autograd.grad(y, x, torch.zeros(1), retain_graph=True)
        refused = raised(lambda: torch.autograd.grad(y, w, torch.zeros(1), create_graph=True))
        both = raised(lambda: torch.autograd.grad(y, (x, w), torch.zeros(1)))
    return dx.tolist(), neutral(refused), neutral(both)


@in_both
def test_a_nan_of_the_second_order(torch):
    x = leaf(torch, 0.0, 1.0)
    with quiet(torch):
        (g,) = torch.autograd.grad((x * x * x).sum(), x, create_graph=True)
        (g.sqrt() * 0).sum().backward()


def function_with(torch, backward):
    class Mine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return backward(torch, g)

    return Mine.apply


BACKWARDS = {
    "nan": lambda torch, g: (g * float("nan"), None),
    "nan for the second": lambda torch, g: (g, g * float("nan")),
    "raises": lambda torch, g: {}["mine"],
    "none": lambda torch, g: (None, None),
}


@pytest.mark.parametrize("name", BACKWARDS)
@in_both
def test_functions_of_ones_own(torch, name):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    with quiet(torch):
        function_with(torch, BACKWARDS[name])(x, y).sum().backward()
    return x.grad, y.grad


@in_both
def test_the_lines_behind_other_errors(torch):
    x = leaf(torch, 1.0, 2.0)
    with quiet(torch, check_nan=False):
        y = x.exp()
        loss = y.sum()
        y.add_(1)
        damaged = raised(loss.backward)
        z = (x.exp()).sum()
        z.backward()
        return damaged, raised(z.backward)


@in_both
def test_the_warnings_lead_from_the_second_order_to_the_first(torch):
    x = leaf(torch, 0.0, 1.0)
    with quiet(torch):
        (g,) = torch.autograd.grad(x.sqrt().sum(), x, create_graph=True)
        return raised((g * 0).sum().backward)


@in_both
def test_the_mode_and_its_warning(torch):
    seen = []

    def look():
        seen.append((torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()))

    look()
    with torch.autograd.detect_anomaly() as given:
        look()
        with torch.autograd.set_detect_anomaly(False), torch.autograd.detect_anomaly(False):
            look()
        look()
        with torch.autograd.set_detect_anomaly(False, check_nan=False):
            look()
        with torch.autograd.set_detect_anomaly(True, False):
            look()
        look()
    look()
    torch.autograd.set_detect_anomaly(True)
    look()
    torch.autograd.set_detect_anomaly(False)
    look()
    torch.set_anomaly_enabled(True, False)
    look()
    torch.set_anomaly_enabled(False)
    look()
    return given, seen


@in_both
def test_an_exception_ends_the_mode(torch):
    def fail():
        with quiet(torch):
            raise ValueError("mine")

    return raised(fail), torch.is_anomaly_enabled()


def warned(torch):
    """The whole warning, which shows the lines of this file."""
    x = leaf(torch, 0.0, 1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with quiet(torch):
            y = x.sqrt() * 0
            try:
                y.sum().backward()
            except RuntimeError:
                return str(caught[-1].message), caught[-1].filename
    raise AssertionError("no NaN was found")


def test_the_warning_shows_the_lines_of_the_forward():
    text, place = warned(minigrad)
    assert "x.sqrt() * 0" in text
    assert ", in warned" in text
    assert "minigrad/autograd" not in text  # the library's own frames are nobody's concern
    assert place == __file__
    import torch

    theirs, _ = warned(torch)
    assert [line.strip() for line in text.splitlines()[-2:]] == [
        line.strip() for line in neutral(theirs).splitlines()[-2:]
    ]


# ---- what PyTorch does not tell -----------------------------------------------------------------


def told(program, *values):
    """The lines of the note."""
    x = leaf(minigrad, *values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with quiet(minigrad), pytest.raises(RuntimeError) as error:
            program(x).sum().backward()
    return error.value.__notes__[0].splitlines()


def test_the_element_the_op_the_line_and_the_reason():
    def unused(x):
        root = x.sqrt()
        return minigrad.where(x > 0, root, 0.0)

    first, made, reason, advice = told(unused, 4.0, 1.0, 9.0, 0.0)
    assert first == "0 / 0 in sqrt's backward at [3], where g / (out * 2) is computed for x."
    assert made.startswith("Made by line ")
    assert made.endswith(f"of {__file__}, in unused: root = x.sqrt()")
    assert reason.startswith(
        "The forward never used this branch of where there: that is why g is 0 (line "
    )
    assert reason.endswith("in unused: return minigrad.where(x > 0, root, 0.0)).")
    assert "sqrt(minigrad.where(is_good, x, 1.0))" in advice


def test_the_line_of_a_write_through_a_view():
    def written(x):
        y = x * 1
        y[:1].mul_(float("inf"))
        return y * 0

    first, made = told(written, 1.0, 2.0)[:2]
    assert first.startswith("0 * inf in mul's backward at [0]")
    assert made.endswith('in written: y[:1].mul_(float("inf"))')

    def seeded(x):
        y = x * 1
        y[:1].mul_(2)
        return hooked(y, lambda g: g * float("nan"))

    assert told(seeded, 1.0, 2.0)[1].endswith("in seeded: y[:1].mul_(2)")


def test_of_two_zeros_none_is_blamed():
    def used_twice(x):
        root = x.sqrt()
        return minigrad.where(x > 0, root, 0.0) + root * 0

    assert len(told(used_twice, 0.0, 1.0)) == 2


def test_the_advice_helps():
    x = leaf(minigrad, 4.0, 0.0)
    with quiet(minigrad):
        is_good = x > 0
        root = minigrad.sqrt(minigrad.where(is_good, x, 1.0))
        minigrad.where(is_good, root, 0.0).sum().backward()
    assert x.grad.tolist() == [0.25, 0]


REASONS = {
    "0 * inf": (
        lambda x: minigrad.where(x > 0, 1 / x, 0.0) * 0,
        "0 * inf in reciprocal's backward",
    ),
    "through other ops": (
        lambda x: minigrad.where(x > 0, x.sqrt() * 3, 0.0),
        "The forward never used this branch of where",
    ),
    "an index": (lambda x: x.sqrt()[1:], "The index had not selected this element there"),
    "relu": (lambda x: (x.sqrt() - 1).relu(), "This unit of relu was not active"),
    "clamp": (lambda x: x.sqrt().clamp(0.5, 3), "Clamp had cut this element off"),
    "maximum": (
        lambda x: minigrad.maximum(x.sqrt(), minigrad.ones(2)),
        "Maximum had chosen the other operand",
    ),
    "a factor": (lambda x: x.sqrt() * 0, "It was multiplied by 0 there"),
    "the formula": (
        lambda x: minigrad.zeros(2) / x,
        "0 / 0 in div's backward at [0], where a / b is computed for b.",
    ),
    "the forward": (lambda x: (x - 1).log() * float("nan"), "b was nan already in mul's backward"),
    "its result": (lambda x: (x - 1).sqrt(), "the result of the forward was nan already in sqrt's"),
    "a sum": (
        lambda x: (lambda y: y * float("inf") - y * float("inf"))(x * 1),
        "g, the sum of -inf from mul and inf from mul, was nan already in mul's backward",
    ),
    "a matrix": (
        lambda x: (x.view(1, 2) * 1).mm(minigrad.full((2, 9), float("inf"))) * minigrad.zeros(9),
        "a sum with the term 0 * inf in matmul's backward at [0, 0] (and at 1 more)",
    ),
    "a hook": (
        lambda x: hooked(x * 1, lambda g: g * float("nan")),
        "it was given so, or a hook made it so",
    ),
    "a Function": (
        lambda x: function_with(minigrad, BACKWARDS["nan"])(x, x),
        "Its own backward returned nan at [0] (and at 1 more).",
    ),
    "a number": (lambda x: (x[0].sqrt() * 0).view(()), "0 / 0 in sqrt's backward, where"),
}


def hooked(y, hook):
    y.register_hook(hook)
    return y


@pytest.mark.parametrize("name", REASONS)
def test_reasons(name):
    program, words = REASONS[name]
    assert words in "\n".join(told(program, 0.0, 1.0))


def test_without_the_forward_the_line_is_not_known():
    x = leaf(minigrad, 0.0)
    loss = (x.sqrt() * 0).sum()
    with (
        quiet(minigrad),
        pytest.warns(UserWarning, match="No forward pass"),
        pytest.raises(RuntimeError) as error,
    ):
        loss.backward()
    assert "turn anomaly mode on around the forward" in error.value.__notes__[0]


@op
def stubborn(x, /):
    return np.array(x.tolist()) * 0 + x


def refuses_witnesses(g, x):
    if type(x) is not np.ndarray:
        raise TypeError("only plain arrays")
    return g * np.nan


stubborn.derivative(x=refuses_witnesses)


def test_a_formula_that_takes_no_witness_only_hides_the_reason():
    assert told(stubborn, 1.0)[0] == "nan in stubborn's backward at [0]."


@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_element_is_the_first_that_is_nan(n, random):
    zeros = sorted(random.sample(range(6), n))
    values = [0.0 if i in zeros else 1.0 + i for i in range(6)]
    first = told(lambda x: minigrad.where(x > 0, x.sqrt(), 0.0), *values)[0]
    more = f" (and at {n - 1} more)" if n > 1 else ""
    assert first.startswith(f"0 / 0 in sqrt's backward at [{zeros[0]}]{more},")


# ---- what it costs ------------------------------------------------------------------------------


def test_nothing_is_there_while_the_mode_is_off():
    program = (
        "import sys, minigrad; x = minigrad.ones(2, requires_grad=True); (x * x).sum().backward();"
        "print([m for m in sys.modules if m.rpartition('.')[2] in "
        "('anomaly', 'reason', 'witness', 'slopes', 'functional_task')],"
        "minigrad.autograd.watch.listeners, minigrad.autograd.watch.examiners)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "[] [] []"


def test_what_was_remembered_goes_with_the_graph():
    from minigrad.autograd.anomaly import made_at, made_by

    with quiet(minigrad):
        x = leaf(minigrad, 1.0, 2.0)
        (g,) = minigrad.autograd.grad((x * x).sum(), x, create_graph=True)
        assert len(made_at) > 0
        assert len(made_by) > 0
    del x, g
    gc.collect()
    assert len(made_at) == len(made_by) == 0


def test_a_compiled_step_is_run_as_it_is_written():
    """Its program has no nodes to be looked at."""
    x = leaf(minigrad, 0.0, 1.0)

    @minigrad.compile
    def step(c):
        (x.sqrt() * c).sum().backward()

    for _ in range(4):
        step(minigrad.ones(2))
    with (
        quiet(minigrad),
        pytest.warns(UserWarning, match="Error detected in SqrtBackward0"),
        pytest.raises(RuntimeError, match="SqrtBackward0"),
    ):
        step(minigrad.zeros(2))
    step(minigrad.zeros(2))
    assert np.isnan(x.grad.tolist()[0])
