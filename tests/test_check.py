"""`reference.check` finds what was planted, makes it small, and leaves the right alone."""

import contextlib
import functools
import io
import itertools
import math
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings

import minigrad
import reference
from minigrad import nn
from reference import bools, check, floats, gradcheck_against_torch, integers, one_of
from reference.checking.comparing import Rule
from reference.checking.kinds import cases

ROOT = Path(__file__).parents[1]


# ---- what is checked: right functions, and wrong ones -------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log(1 + np.exp(x))


def slope(x, g):
    return g * sigmoid(x)


def relu(x):
    return np.maximum(x, 0)


class Value:
    """A learner's engine of single numbers, in the manner of micrograd."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def dead_relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data >= 0),))

    def backward(self):
        self.spread(1.0)

    def spread(self, g):
        self.grad += g
        for parent, by in zip(self.parents, self.slopes, strict=True):
            parent.spread(by * g)


class Array:
    """A learner's tensor with one operation, whose backward takes the gradient of the result."""

    def __init__(self, data, parent=None, by=None):
        self.data = np.asarray(data)
        self.grad = None
        self.parent = parent
        self.by = by

    def square(self):
        return Array(self.data**2, self, self.data)

    def backward(self, gradient):
        self.grad = gradient if self.grad is None else self.grad + gradient
        if self.parent is not None:
            self.parent.backward(gradient * self.by)


class Cube(torch.autograd.Function):
    """Right the first time, wrong the second: its derivative forgets that x has a gradient."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x.detach()


def cube(x):
    return Cube.apply(x)


def strict_add(a, b):
    """Refuses what PyTorch broadcasts."""
    if a.shape != b.shape:
        raise ValueError("shapes differ")
    return a + b


def renamed_error(a, b):
    """Another class of error than PyTorch's."""
    try:
        return a @ b
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def late(x):
    """Wrong from the third element on."""
    out = x.copy()
    out[2:] += 1
    return out


def doubled_in_place(x):
    x *= 2
    return x


def planted() -> dict[str, Any]:
    """One of each kind of mistake: the search, what it must find, and the smallest input."""
    n = floats(("n",))
    everywhere = floats(special=True)
    return {
        "derivative": (
            lambda: check(softplus, F.softplus, derivative=lambda x, g: g * sigmoid(-x)),
            ("gradient", "the gradient by x"),
            {"x": 1.0},
        ),
        "upstream forgotten": (
            lambda: check(softplus, F.softplus, derivative=lambda x, g: sigmoid(x)),
            ("gradient", "the gradient by x"),
            {"x": 0.0},
        ),
        "sign": (
            lambda: check(lambda x: -x, torch.neg, derivative=lambda x, g: g),
            ("gradient", "the gradient by x"),
            {"x": 0.0},
        ),
        "kink": (
            lambda: check(relu, F.relu, derivative=lambda x, g: g * (x >= 0)),
            ("gradient", "the gradient by x"),
            {"x": 0.0},
        ),
        "another kink": (
            lambda: check(
                lambda x: np.clip(x, -3, 3.25),
                lambda x: x.clamp(-3, 3.25),
                floats(kinks=[3.25]),
                derivative=lambda x, g: g * ((x >= -3) & (x < 3.25)),
            ),
            ("gradient", "the gradient by x"),
            {"x": 3.25},
        ),
        "tie": (
            lambda: check(
                np.maximum,
                torch.maximum,
                *[floats(shape=())] * 2,
                derivative=lambda a, b, g: (g * (a >= b), g * (b > a)),
            ),
            ("gradient", "the gradient by x1"),
            {"x1": 0.0, "x2": 0.0},
        ),
        "broadcast": (
            lambda: check(
                lambda a, b: a + b, torch.add, n, floats(), derivative=lambda a, b, g: (g, g)
            ),
            ("gradient", "the shape of the gradient by b"),
            {"a": [0.0], "b": 0.0},
        ),
        "dtype": (
            lambda: check(lambda x: np.where(x > 0, x, np.zeros(x.shape)), F.relu),
            ("dtype", "the dtype of the result"),
            {"x": 0.0},
        ),
        "dtype of the gradient": (
            lambda: check(relu, F.relu, derivative=lambda x, g: g * np.float64(1) * (x > 0)),
            ("dtype", "the dtype of the gradient by x"),
            {"x": 0.0},
        ),
        "shape": (
            lambda: check(lambda x: x.sum(0), lambda x: x.sum(0, keepdim=True), n),
            ("shape", "the shape of the result"),
            {"x": [0.0]},
        ),
        "third element": (
            lambda: check(late, torch.clone, n),
            ("value", "the result"),
            {"x": [0.0, 0.0, 0.0]},
        ),
        "dim": (
            lambda: check(
                lambda x, dim: x.sum(0), lambda x, dim: x.sum(dim), floats(("n", "n")),
                one_of(0, 1), engine=minigrad,
            ),
            ("value", "the result"),
            None,
        ),
        "overflow": (
            lambda: check(softplus, F.softplus, floats(low=-1000, high=1000)),
            ("value", "the result"),
            None,
        ),
        "NaN lost": (
            lambda: check(np.fmax, torch.maximum, floats(nan=True), floats(nan=True)),
            ("value", "the result"),
            {"x1": 0.0, "x2": math.nan},
        ),
        "sign of zero": (
            lambda: check(lambda x: x + 0.0, torch.clone, everywhere, exact=True),
            ("value", "the result"),
            {"x": -0.0},
        ),
        "second derivative": (
            lambda: check(cube, lambda x: x**3, engine=torch),
            ("second derivative", "the second derivative by x"),
            {"x": 1.0},
        ),
        "error raised": (
            lambda: check(strict_add, torch.add, engine=minigrad),
            ("error", "the result"),
            {"a": [0.0], "b": 0.0},
        ),
        "error missing": (
            lambda: check(lambda a, b: np.sum(a * b), torch.dot, n, floats(("m",))),
            ("error", "the result"),
            {"a": [0.0], "b": [0.0, 0.0]},
        ),
        "class of the error": (
            lambda: check(
                renamed_error, torch.mm, floats(("n", "k")), floats(("l", "m")), engine=minigrad
            ),
            ("error", "the result"),
            None,
        ),
        "error of the derivative": (
            lambda: check(relu, F.relu, derivative=lambda x, g: g[0]),
            ("error", "the gradient"),
            {"x": 0.0},
        ),
        "for one number": (
            lambda: check(lambda x: x if x > 0 else 0 * x, F.relu, floats(low=-1)),
            ("error", "the result"),
            {"x": [0.0, 0.0]},
        ),
        "writes its input": (
            lambda: check(doubled_in_place, lambda x: x * 2),
            ("input", "the input x after the call"),
            {"x": 1.0},
        ),
        "class with a kink": (
            lambda: check(
                lambda a, b: (a * b).dead_relu(),
                lambda a, b: (a * b).relu(),
                engine=reference.Objects(Value, scalars=True),
            ),
            ("gradient", "the gradient by a"),
            {"a": 0.0, "b": 1.0},
        ),
        "class of arrays": (
            lambda: check(lambda x: x.square(), torch.square, engine=Array),
            ("gradient", "the gradient by x"),
            {"x": 1.0},
        ),
    }  # fmt: skip


PLANTED = planted()


@functools.cache
def found(name: str) -> reference.Result:
    """What the search for a planted mistake finds."""
    result: reference.Result = PLANTED[name][0]()
    return result


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found_and_made_small(name: str) -> None:
    _, difference, smallest = PLANTED[name]
    start = time.process_time()  # the machine may have other work
    result = found(name)
    assert time.process_time() - start < 10  # seconds: a search is something to wait for
    assert not result
    assert (result.difference.aspect, result.difference.what) == difference
    assert sum(np.size(value) for value in result.inputs.values()) <= 6
    if smallest is not None:  # as text, in which NaN is equal to itself and 0. not to -0.
        rounded = {key: np.float64(value).round(2).tolist() for key, value in result.inputs.items()}
        assert repr(rounded) == repr(smallest)


def test_the_smallest_overflow_lies_just_beyond_the_largest_exponent() -> None:
    (x,) = (float(np.max(value)) for value in found("overflow").inputs.values())
    assert np.log(np.finfo("float32").max) < x <= 89.0


@pytest.mark.parametrize("name", PLANTED)
def test_its_script_prints_both_answers(name: str) -> None:
    result = found(name)
    mine, theirs = printed(result.script)
    for line, value in ((mine, result.difference.mine), (theirs, result.difference.theirs)):
        if isinstance(value, Exception):
            assert type(value).__name__ in line
        elif isinstance(value, np.ndarray):
            close = np.isclose(numbers(line), value.ravel()[-1], rtol=1e-4, equal_nan=True)
            assert close.any()


def printed(script: str) -> tuple[str, str]:
    """What each side prints last."""
    with contextlib.redirect_stdout(io.StringIO()) as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(script, {"__name__": "script"})
    torch.set_printoptions(profile="default")
    minigrad.set_printoptions(profile="default")
    mine, theirs = re.split(r"^torch: ", out.getvalue(), flags=re.MULTILINE)
    return mine, theirs


def numbers(line: str) -> list[float]:
    return [float(word) for word in re.findall(r"-?(?:\d+\.?\d*|\binf\b|\bnan\b)", line)]


@pytest.mark.parametrize(
    ("mine", "theirs", "kinds", "options"),
    [
        (softplus, F.softplus, (), {"derivative": slope}),
        (relu, F.relu, (floats(special=True),), {"derivative": lambda x, g: g * ~(x <= 0)}),
        (np.add, torch.add, (), {}),
        (np.add, torch.add, (integers(), integers()), {}),
        (np.logical_not, torch.logical_not, (bools(empty=True),), {}),
        (minigrad.exp, torch.exp, (floats(special=True, empty=True),), {}),
        (minigrad.add, torch.add, (floats(), integers()), {"mixed": True}),
        (minigrad.mul, torch.mul, (floats(("n",)), floats(("n",))), {"mixed": True, "exact": True}),
        (minigrad.mm, torch.mm, (floats(("n", "k")), floats(("k", "m"))), {}),
        (minigrad.mm, torch.mm, (floats(("n", "k")), floats(("l", "m"))), {}),
        (nn.ReLU(), torch.nn.ReLU(), (), {}),
        (
            lambda a, b: (a * b + a).relu(),
            lambda a, b: (a * b + a).relu(),
            (),
            {"engine": reference.Objects(Value, scalars=True)},
        ),
        (
            lambda a, b: (a * b + a).relu(),
            lambda a, b: (a * b + a).relu(),
            (),
            {"engine": reference.Objects(minigrad.Scalar, scalars=True)},
        ),
        (lambda x: x.unbind(), lambda x: x.unbind(), (floats(("n", 2)),), {"engine": minigrad}),
        (lambda x: x > 0, lambda x: x > 0, (), {}),
    ],
)
def test_what_is_right_passes(
    mine: Any, theirs: Any, kinds: tuple[Any, ...], options: dict[str, Any]
) -> None:
    result = check(mine, theirs, *kinds, examples=30, **options)
    assert result, result.text
    assert result.difference is None
    assert result.examples == 30
    assert "agree on 30 inputs" in repr(result)


@pytest.mark.parametrize(
    ("kinds", "untried"),
    [
        ((floats(),) * 2, "NaN, infinities, signed zeros, empty arrays were not tried: "
         "to try them, give floats(special=True, empty=True)"),
        ((floats((2,), nan=True, inf=True), floats(())), "signed zeros were not tried: "
         "to try them, give floats(special=True)"),
        ((floats(special=True), floats()), "empty arrays were not tried: "
         "to try them, give floats(empty=True)"),
        ((floats(special=True, empty=True), floats()), None),
        ((floats((2,)), integers(())), "NaN, infinities, signed zeros were not tried: "
         "to try them, give floats(special=True)"),
        ((integers(), integers()), None),
    ],
)  # fmt: skip
def test_an_agreement_says_what_was_not_tried(kinds: tuple[Any, ...], untried: str | None) -> None:
    said = check(lambda a, b: -a, lambda a, b: -a, *kinds, examples=5).text.splitlines()
    assert [line for line in said if "tried" in line] == ([untried] if untried else [])


# ---- the report ---------------------------------------------------------------------------------


def test_the_report_tells_a_newcomer_what_is_wrong() -> None:
    result = check(softplus, F.softplus, derivative=lambda x, g: g * sigmoid(-x))
    title, inputs, answers, verdict, *_ = repr(result).split("\n\n")
    assert title == "softplus and torch.nn.functional.softplus differ in the gradient by x"
    assert "x         1.0  float32" in inputs
    assert "mine      0.2689414  float32" in answers
    assert "torch     0.7310586  float32" in answers
    assert verdict.replace("\n", " ") == (
        "Measured in small steps, the slope of softplus itself is 0.731059: "
        "the function is right, and its derivative is not."
    )
    assert repr(result).endswith(result.script)
    assert max(map(len, repr(result).splitlines())) <= 100


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("upstream forgotten", "multiply by the gradient of the result"),
        ("sign", "It has the wrong sign."),
        ("kink", "There is a kink: measured in small steps, the slope of relu is 0 on the left"),
        ("broadcast", "sum the gradient over these uses"),
        ("dtype", "makes float64 of all it meets"),
        ("overflow", "come from an overflow on the way"),
        ("sign of zero", "They differ in the sign of a zero."),
        ("writes its input", "Let it work on a copy."),
        ("class of arrays", "It is wrong by a factor of 2."),
        ("for one number", "It seems to be meant for single numbers."),
        ("error raised", "minigrad  ValueError: shapes differ\n    torch     no error, but [0.]"),
    ],
)
def test_the_report_knows_the_usual_mistakes(name: str, hint: str) -> None:
    text = repr(found(name))
    assert hint in text or hint in " ".join(text.split())


def test_the_readme_shows_what_it_prints() -> None:
    readme = (ROOT / "README.md").read_text()
    (code,) = re.findall(
        r"```python\n(import numpy as np\nimport torch\n.*?)```", readme, re.DOTALL
    )
    (text,) = re.findall(r"```text\n(softplus .*?)```", readme, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, {})
    assert out.getvalue().startswith(text)


def test_the_report_says_what_was_not_compared() -> None:
    assert "no gradient was compared: to compare it, give derivative=" in repr(
        check(relu, F.relu, examples=5)
    )
    fails = check(minigrad.mm, torch.mm, floats(("n",)), floats(("m",)), examples=20)
    assert "both raise an error on every one" in repr(fails)


def test_a_script_stands_alone() -> None:
    script = found("second derivative").script
    assert "reference" not in script
    assert __name__ not in script
    mine, theirs = printed(script)
    assert mine.startswith("mine: (tensor(3.)")
    assert theirs.startswith("(tensor(6.)")


def test_a_script_brings_along_what_the_function_uses() -> None:
    table = {"slope": 0.5}
    scale = np.array([2.0, 3.0])

    def helper(x):
        return x * table["slope"] + scale[0] * math.pi

    result = check(lambda x: helper(x), lambda x: x)
    for line in (
        "import math",
        "table = {'slope': 0.5}",
        "scale = np.array([2.0, 3.0]",
        "def helper",
    ):
        assert line in result.script
    assert len(printed(result.script)) == 2


def test_each_lambda_of_a_line_is_found() -> None:
    pairs = [(lambda x: x if x.ndim < 9 else -x, lambda x: (lambda y: y + 1)(x)) for _ in "a"]
    script = check(*pairs[0]).script
    assert "mine = lambda x: x if x.ndim < 9 else -x\n" in script
    assert "theirs = lambda x: (lambda y: y + 1)(x)\n" in script
    printed(script)


def test_two_functions_of_one_name_are_not_mixed_up() -> None:
    def made(factor):
        def f(x):
            return x * factor

        return f

    def other():
        def f(x):
            return x + x * x

        return f

    mine, theirs = printed(check(made(3.0), other(), floats(low=1, high=1)).script)
    assert numbers(mine)[0] == 3
    assert numbers(theirs)[0] == 2


def test_a_function_without_source_leaves_a_place_for_it() -> None:
    namespace: dict[str, Any] = {}
    exec("def made_up(x):\n    return x + 1", namespace)
    result = check(namespace["made_up"], torch.clone)
    assert "# put here what makes made_up; its source could not be found" in result.script


# ---- options ------------------------------------------------------------------------------------


def test_it_can_raise() -> None:
    with pytest.raises(reference.Disagreement, match="differ in the dtype") as caught:
        check(lambda x: x.astype("float64"), torch.clone, raises=True)
    assert caught.value.result.inputs == {"x": np.float32(0)}
    check(lambda x: x, torch.clone, raises=True, examples=10)


def test_aspects_can_be_ignored() -> None:
    wide = lambda x: x.astype("float64")  # noqa: E731
    assert check(wide, torch.clone, ignore="dtype", examples=20)
    wrong = lambda x: x.astype("float64") + 1  # noqa: E731
    assert not check(wrong, torch.clone, ignore="dtype", examples=20)
    assert check(wrong, torch.clone, ignore=["dtype", "value"], examples=20)
    assert check(strict_add, torch.add, engine=minigrad, ignore="error", examples=20)


def test_errors_are_compared_as_far_as_wanted() -> None:
    kinds = floats(("n", "k")), floats(("l", "m"))
    options: dict[str, Any] = {"engine": minigrad, "examples": 50}
    assert check(renamed_error, torch.mm, *kinds, errors="raised", **options)
    assert not check(renamed_error, torch.mm, *kinds, errors="class", **options)
    assert check(minigrad.mm, torch.mm, *kinds, errors="text", **options)


def test_tolerances() -> None:
    near = lambda x: x * (1 + 1e-5)  # noqa: E731
    float32 = floats(dtype="float32")
    assert check(near, torch.clone, float32, examples=50)
    assert not check(near, torch.clone, float32, rtol=1e-6, atol=0, examples=50)
    assert not check(near, torch.clone, float32, exact=True, examples=50)


def test_the_order_limits_what_is_compared() -> None:
    assert check(cube, lambda x: x**3, engine=torch, order=1, examples=50)


def test_the_search_is_the_same_each_time() -> None:
    assert repr(PLANTED["third element"][0]()) == repr(found("third element"))


def test_a_random_function_is_told_as_that() -> None:
    coin = itertools.cycle([True, False, False, False, False])
    result = check(lambda x: x + next(coin), torch.clone)
    assert not result
    assert "differ" in repr(result)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check(relu, F.relu, 3), "an input is described by floats"),
        (lambda: check(relu, F.relu, engine=3), "an engine is a module, a class or an Engine"),
        (lambda: check(relu, F.relu, errors="all"), "'all' is none of 'raised', 'class', 'text'"),
        (lambda: check(relu, F.relu, ignore="colour"), "'colour' is none of 'error', 'shape'"),
        (lambda: check(relu, F.relu, engine=minigrad, derivative=slope), "does not go with engine"),
        (lambda: check(lambda x: minigrad.ones(1), F.relu), "engine=minigrad or engine=torch"),
        (
            lambda: check(lambda a: a * a, torch.square, engine=Value),
            r"describe the inputs by floats\(shape=\(\)\)",
        ),
        (
            lambda: check(
                lambda a: a, F.relu, floats(("n",)), engine=reference.Objects(Value, scalars=True)
            ),
            "holds one number",
        ),
        (lambda: floats(("n", 2.5)), "a size is a number, a name or ..., not 2.5"),
    ],
)
def test_a_wrong_call_is_explained(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    "call", [lambda: floats(low=2, high=1), one_of, lambda: floats((..., ...))]
)
def test_a_wrong_value_is_explained(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"needs|only"):
        call()


class Torchlike(reference.Engine):
    """An engine that is described by hand."""

    name = "torchlike"
    order = 2

    def tensor(self, array, requires_grad):
        return minigrad.from_numpy(array).requires_grad_(requires_grad)

    def array(self, tensor):
        return tensor.detach().numpy()

    def differentiable(self, output):
        return output.requires_grad

    def grad(self, outputs, inputs, upstream, create_graph):
        return minigrad.autograd.grad(
            outputs, inputs, upstream, create_graph=create_graph, allow_unused=True
        )


def test_an_adapter_is_enough_for_any_engine() -> None:
    options: dict[str, Any] = {"engine": Torchlike(), "examples": 50}
    assert check(lambda x: x.exp(), lambda x: x.exp(), **options)
    result = check(lambda x: x.detach() * 2, lambda x: x * 2, **options)
    assert result.difference is not None
    assert result.difference.aspect == "gradient"
    assert "It is zero: the result does not know" in repr(result)
    assert "engine = Torchlike()" in result.script


# ---- the kinds of inputs ------------------------------------------------------------------------


@settings(max_examples=25)
@given(cases([floats(("n", 3)), floats((..., "n"), empty=True), integers(()), one_of("mean", 2)]))
def test_sizes_with_one_name_are_equal(case: Any) -> None:
    a, b, number, word = case.arguments
    assert a.shape == (b.shape[-1], 3)
    assert a.shape[0] >= 1
    assert number.shape == ()
    assert number.dtype == "int64"
    assert word in ("mean", 2)


@settings(max_examples=25)
@given(cases([floats(), integers(), bools()]))
def test_open_shapes_broadcast(case: Any) -> None:
    np.broadcast_shapes(*(a.shape for a in case.arguments))


@settings(max_examples=25)
@given(cases([floats(low=-1.5, high=2.5, avoid=[0, 1])]))
def test_bounds_are_kept_and_points_avoided(case: Any) -> None:
    (x,) = case.arguments
    assert ((x >= -1.5) & (x <= 2.5) & (x != 0) & (x != 1)).all()
    assert (np.abs(x) >= 1e-3).all()


@settings(max_examples=25)
@given(cases([floats(("n",), ties=False), floats(("n",), ties=False)]))
def test_ties_can_be_excluded(case: Any) -> None:
    values = np.concatenate(case.arguments)
    assert len(set(values.tolist())) == values.size


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (floats(), [lambda x: x == 0, lambda x: x == 1, lambda x: x.dtype == "float64"]),
        (floats(special=True), [np.isnan, np.isinf, lambda x: (x == 0) & np.signbit(x)]),
        (floats(tiny=True, low=-1, high=1), [lambda x: (x != 0) & (np.abs(x) < 1e-6)]),
        (floats(low=1e-5, high=2e-5), [lambda x: x > 0]),
        (floats(kinks=[3.5]), [lambda x: x == 3.5]),
        (floats(empty=True), [lambda x: x.size == 0]),
        (integers(), [lambda x: x == -5, lambda x: x == 5]),
        (bools(), [lambda x: x, lambda x: ~x]),
    ],
)
def test_what_a_kind_promises_is_tried(kind: Any, shown: list[Callable[[Any], Any]]) -> None:
    for wanted in shown:
        assert any(np.any(wanted(x)) for x in tried(kind))


@functools.cache
def tried(kind: Any) -> list[Any]:
    """Some inputs of a kind."""
    inputs: list[Any] = []
    check(lambda x: inputs.append(x) or x, torch.clone, kind, examples=100)
    return inputs


def test_what_a_kind_does_not_promise_is_not_tried() -> None:
    for x in tried(floats()):
        assert np.isfinite(x).all()
        assert not (np.signbit(x) & (x == 0)).any()
        assert x.size


# ---- near enough --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "rule", "equal"),
    [
        (1.0, 1.0 + 1e-9, Rule(), True),
        (1.0, 1.0 + 1e-6, Rule(), False),
        (1.0, math.inf, Rule(), False),
        (math.inf, math.inf, Rule(), True),
        (-math.inf, math.inf, Rule(), False),
        (math.nan, math.nan, Rule(), True),
        (math.nan, 1.0, Rule(), False),
        (0.0, -0.0, Rule(), True),
        (0.0, -0.0, Rule(exact=True), False),
        (math.nan, -math.nan, Rule(exact=True), True),
        (1.0, 1.1, Rule(rtol=0.2), True),
    ],
)
def test_equality_of_numbers(a: float, b: float, rule: Rule, equal: bool) -> None:
    assert rule.equal(np.array([a]), np.array([b])) is equal
    assert rule.equal(np.array([a]), np.array(b)) is False


# ---- modules ------------------------------------------------------------------------------------


class Slippery(nn.LeakyReLU):
    """Takes another slope than it says."""

    def forward(self, input):
        return nn.functional.leaky_relu(input, 2 * self.negative_slope)


def network(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.ReLU(), *layers, nn.Linear(2, 1))


@pytest.mark.parametrize(
    "module",
    [
        network(nn.LeakyReLU(0.1)),
        network().double(),
        network(*[nn.Linear(2, 2, bias=False)] * 2),
        network().requires_grad_(False),
        nn.MSELoss(reduction="sum"),
    ],
)
def test_a_module_agrees_with_its_twin(module: nn.Module) -> None:
    before = {name: p.tolist() for name, p in module.named_parameters()}
    result = gradcheck_against_torch(module, examples=20)
    assert result, result.text
    assert {name: p.tolist() for name, p in module.named_parameters()} == before
    assert all(isinstance(p, nn.Parameter) and p.grad is None for p in module.parameters())


def test_a_wrong_module_is_found_with_its_parameters() -> None:
    result = gradcheck_against_torch(
        nn.Sequential(nn.Linear(1, 1), Slippery(0.01)), classes={Slippery: torch.nn.LeakyReLU}
    )
    assert not result
    assert set(result.inputs) == {"input", "0.weight", "0.bias"}
    assert all(value.size == 1 for value in result.inputs.values())
    assert "Sequential and its twin in PyTorch differ" in repr(result)


@pytest.mark.parametrize("order", [0, 1])
def test_the_script_of_a_module_prints_both_answers(order: int) -> None:
    module, twin = nn.Sequential(nn.LeakyReLU(0.5)), torch.nn.Sequential(torch.nn.LeakyReLU(0.25))
    result = gradcheck_against_torch(module, twin=twin, order=order)
    mine, theirs = printed(result.script)
    assert mine.removeprefix("minigrad: ") != theirs


def test_a_module_needs_inputs_that_it_takes_and_a_twin_with_its_names() -> None:
    with pytest.raises(TypeError, match="Flatten raised an error on all of the 20 inputs"):
        gradcheck_against_torch(nn.Flatten(5), floats(("n",)), examples=20)
    with pytest.raises(TypeError, match="the twin has other parameters"):
        gradcheck_against_torch(nn.Linear(1, 1), twin=torch.nn.Linear(1, 1, bias=False))


# ---- what is not installed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "name", "call"),
    [
        ("torch", "PyTorch", "reference.check"),
        ("hypothesis", "Hypothesis", "reference.floats()"),
        ("torch", "PyTorch", "from reference import to_torch"),
    ],
)
def test_what_is_missing_is_told_in_one_line(missing: str, name: str, call: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import reference; {call}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    advice = 'to install it, in the checkout: pip install ".[reference]"'
    assert last == f"ImportError: {name} is missing; {advice}"


def test_the_package_has_what_it_names_and_nothing_else() -> None:
    assert all(hasattr(reference, name) for name in reference.__all__)
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        reference.chekc  # noqa: B018
