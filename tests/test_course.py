"""The course: what its pages show is what happens, and its exercises tell right from wrong."""

import importlib.util
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Scalar, nn, ops
from minigrad.__main__ import main
from minigrad.autograd import grad
from minigrad.autograd.plan import parameters
from minigrad.course import plot
from minigrad.course.derivatives import TABLE, formulas, markdown, values_for
from minigrad.course.exercise import Unfinished, Wrong
from minigrad.course.exercises import EXERCISES

ROOT = Path(__file__).parents[1]
COURSE = ROOT / "docs" / "course"
PAGES = sorted(COURSE.glob("[0-9]*.md"))


def load_make() -> Any:
    spec = importlib.util.spec_from_file_location("make", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = load_make()


# ---- the pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", make.PAGES, ids=lambda path: path.stem)
def test_a_page_shows_what_its_blocks_print_and_draw(path: Path) -> None:
    page = make.Page(path)
    assert page.text == page.source
    for picture, svg in page.pictures.items():
        assert picture.read_text() == svg, f"{picture.name}: run `python docs/make.py`"
    assert len(make.PART.findall(page.source)) == page.source.count("```python")


def test_a_page_that_is_not_up_to_date_is_noticed(tmp_path: Path) -> None:
    code = "from minigrad.course import plot\npicture = plot({'a': [1, 2]})\nprint(3)"
    link = "\n\n![a](pictures/a.svg)\n"
    path = tmp_path / "1-page.md"
    path.write_text(f"```python\n{code}\n```\n\n```text\n2\n```{link}")
    page = make.Page(path)
    assert page.text == f"```python\n{code}\n```\n\n```text\n3\n```{link}"
    assert page.pictures == {tmp_path / "pictures/a.svg": plot({"a": [1, 2]}).svg + "\n"}
    assert not make.is_up_to_date(path, page.text)
    assert not make.is_up_to_date(tmp_path / "pictures/a.svg", "")


def test_a_notebook_says_itself_what_the_page_shows() -> None:
    source = (
        "```python\nprint(1)\npicture = draw(c)\n```\n\n```text\n1\n```\n\n![c](pictures/c.svg)\n"
        "\n[next](02-scalar.md)\n\n```sh\nminigrad exercises\n```\n"
    )
    assert make.for_notebook(source) == (
        "```python\nprint(1)\npicture = draw(c)\npicture\n```\n"
        "\n[next](02-scalar.ipynb)\n\n```text\nminigrad exercises\n```\n"
    )


def test_every_picture_belongs_to_a_page() -> None:
    linked = {
        COURSE / name for p in PAGES for name in re.findall(r"\((pictures/.*)\)", p.read_text())
    }
    assert linked == set(COURSE.glob("pictures/*"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_page_has_a_picture_an_exercise_and_the_lines_in_pytorch(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {int(path.stem[:2])}. ")
    assert re.search(r"!\[.+\]\(pictures/.+\.svg\)", text)
    assert re.search(r"^import torch$", text, re.MULTILINE)
    commands = re.findall(r"^minigrad exercises start (\w+)$", text, re.MULTILINE)
    assert commands == [e.name for e in EXERCISES.values() if e.page == path.stem]
    assert len(commands) == 1


def test_the_table_of_contents_and_the_site_have_every_page_in_order() -> None:
    names = [path.name for path in PAGES]
    assert re.findall(r"^\| \[\d+\]\((.+)\)", (COURSE / "index.md").read_text(), re.M) == names
    nav = re.findall(r"- course/(\d.+\.md)", (ROOT / "mkdocs.yml").read_text())
    assert nav == names


# ---- the table of derivatives -------------------------------------------------------------------

ENTRIES = [entry for entries in TABLE.values() for entry in entries]


def test_the_table_of_derivatives_is_up_to_date() -> None:
    assert make.TABLE.read_text() == markdown(), "run `python docs/make.py`"


@pytest.mark.parametrize(("op", "args"), ENTRIES, ids=[op.__name__ for op, _ in ENTRIES])
def test_a_formula_as_text_computes_what_the_formula_does(op: Any, args: Any) -> None:
    values = values_for(op, args)
    assert [*formulas(op, args)] == [*op.derivatives]
    for name, text in formulas(op, args).items():
        formula = op.derivatives[name]
        named = {key: values[key] for key in parameters(formula)}
        words = {**formula.__globals__, "where": ops.where}
        np.testing.assert_array_equal(eval(text, words, named), formula(**named))


# ---- the exercises ------------------------------------------------------------------------------


def slope(f: Any, x: float) -> float:
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


def softplus(x: Scalar) -> Scalar:
    return Scalar(math.log(1 + math.exp(x.data)), "softplus", x, 1 / (1 + math.exp(-x.data)))


def in_order(result: Scalar) -> list[Scalar]:
    return result.history()[::-1]


def sum_to(g: Any, shape: Any) -> Any:
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1)
    return g.sum(axis=stretched, keepdims=True)


def softsign_slope(g: Any, x: Any) -> Any:
    return g / (1 + abs(x)) ** 2


class Scale(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.factor = nn.Parameter(minigrad.ones(features))

    def forward(self, x: Any) -> Any:
        return x * self.factor


def descend(weight: float, x: float, y: float, lr: float, steps: int) -> float:
    for _ in range(steps):
        weight -= lr * 2 * (weight * x - y) * x
    return weight


def is_dead(weight: float, bias: float, inputs: list[float]) -> bool:
    return all(weight * x + bias <= 0 for x in inputs)


def leaky_gradient(g: Any, x: Any, slope: float) -> Any:
    return np.where(x > 0, g, slope * g)


def weight_gradient(g: Any, x: Any) -> Any:
    return g.T @ x


def hidden_gradients(
    x: Any, target: Any, weight1: Any, bias1: Any, weight2: Any, bias2: Any
) -> Any:
    hidden = np.maximum(weight1 @ x + bias1, 0)
    g = 2 * (weight2 @ hidden + bias2 - target)
    g_hidden = np.where(hidden > 0, weight2.T @ g, 0)
    return np.outer(g_hidden, x), g_hidden, np.outer(g, hidden), g


def merged(first: nn.Linear, second: nn.Linear) -> nn.Linear:
    one = nn.Linear(first.in_features, second.out_features)
    with minigrad.no_grad():
        one.weight.copy_(second.weight @ first.weight)
        one.bias.copy_(second.weight @ first.bias + second.bias)
    return one


def mse_gradient(output: Any, target: Any) -> Any:
    return 2 * (output - target) / output.size


def positions(p: float, gradients: Any, rates: Any, momentum: float) -> list[float]:
    buffer, found = 0.0, []
    for g, lr in zip(gradients, rates, strict=True):
        buffer = momentum * buffer + g
        p -= lr * buffer
        found.append(p)
    return found


def fit(net: Any, criterion: Any, optimizer: Any, xs: Any, ys: Any) -> list[float]:
    losses = []
    for x, y in zip(xs, ys, strict=True):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def newton(f: Any, x: Any) -> Any:
    (first,) = grad(f(x), x, create_graph=True)
    (second,) = grad(first, x)
    return (x - first / second).detach()


def names_of_nodes(loss: Any) -> list[str]:
    seen, path = {}, [loss.grad_fn]
    while path:
        node = path.pop()
        if node is not None and node not in seen:
            seen[node] = node.name()
            path += [parent for parent, _ in node.next_functions]
    return [*seen.values()]


def train_step(weight: Any, buffer: Any, x: Any, y: Any, lr: float, momentum: float) -> Any:
    error = weight * x - y
    buffer *= momentum
    buffer += np.mean(2 * error * x)
    weight -= lr * buffer
    return np.mean(error * error)


SOLUTIONS: list[Callable[..., Any]] = [
    slope, softplus, in_order, sum_to, softsign_slope, Scale, descend, is_dead, leaky_gradient,
    weight_gradient, hidden_gradients, merged, mse_gradient, positions, fit, newton,
    names_of_nodes, train_step,
]  # fmt: skip


@pytest.mark.parametrize("answer", SOLUTIONS, ids=lambda answer: answer.__name__)
def test_the_solution_of_each_exercise_is_right(answer: Any) -> None:
    EXERCISES[answer.__name__].check(answer)


def test_every_exercise_has_its_solution_here_in_the_order_of_the_pages() -> None:
    assert [answer.__name__ for answer in SOLUTIONS] == [*EXERCISES]
    pages = [entry.page for entry in EXERCISES.values()]
    assert pages == sorted(pages)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_file_of_an_exercise_is_the_task_and_unfinished(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.py"
    assert main(["exercises", "start", name, str(file)]) == 0
    assert max(map(len, file.read_text().splitlines())) <= 100
    namespace: dict[str, Any] = {}
    exec(file.read_text(), namespace)
    with pytest.raises(Unfinished if name != "Scale" else Wrong):
        EXERCISES[name].check(namespace[name])


def one_sided(f: Any, x: float) -> float:
    return (f(x + 1e-5) - f(x)) / 1e-5


def without_slope(x: Scalar) -> Scalar:
    return Scalar(math.log(1 + math.exp(x.data)), "softplus", x)


def of_smaller_steps(x: Scalar) -> Scalar:
    return (x.exp() + 1).log()


def depth_first(result: Scalar) -> list[Scalar]:
    found = {result: None}
    for parent in result.parents:
        found |= dict.fromkeys(depth_first(parent))
    return [*found]


def twice(result: Scalar) -> list[Scalar]:
    return in_order(result) * 2


def only_in_front(g: Any, shape: Any) -> Any:
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def without_g(g: Any, x: Any) -> Any:
    return 1 / (1 + abs(x)) ** 2


class Forgetful(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.factor = minigrad.ones(features)

    def forward(self, x: Any) -> Any:
        return x * self.factor


class Early(nn.Module):
    def __init__(self, features: int) -> None:
        self.factor = nn.Parameter(minigrad.ones(features))


def uphill(weight: float, x: float, y: float, lr: float, steps: int) -> float:
    for _ in range(steps):
        weight += lr * 2 * (weight * x - y) * x
    return weight


def any_is_below(weight: float, bias: float, inputs: list[float]) -> bool:
    return any(weight * x + bias <= 0 for x in inputs)


def alive_at_zero(weight: float, bias: float, inputs: list[float]) -> bool:
    return all(weight * x + bias < 0 for x in inputs)


def right_side(g: Any, x: Any, slope: float) -> Any:
    return np.where(x >= 0, g, slope * g)


def transposed(g: Any, x: Any) -> Any:
    return x.T @ g


def through_the_gate(*arrays: Any) -> Any:
    weight1, _, weight2, g = hidden_gradients(*arrays)
    return weight1, arrays[4].T @ g, weight2, g


def three_of_four(*arrays: Any) -> Any:
    return hidden_gradients(*arrays)[:3]


def without_bias(first: nn.Linear, second: nn.Linear) -> nn.Linear:
    one = merged(first, second)
    with minigrad.no_grad():
        one.bias.copy_(second.bias)
    return one


def only_the_second(first: nn.Linear, second: nn.Linear) -> nn.Linear:
    return second


def a_pipeline(first: nn.Linear, second: nn.Linear) -> nn.Sequential:
    return nn.Sequential(first, second)


def of_a_sum(output: Any, target: Any) -> Any:
    return 2 * (output - target)


def textbook(p: float, gradients: Any, rates: Any, momentum: float) -> list[float]:
    velocity, found = 0.0, []
    for g, lr in zip(gradients, rates, strict=True):
        velocity = momentum * velocity - lr * g
        p += velocity
        found.append(p)
    return found


def average(p: float, gradients: Any, rates: Any, momentum: float) -> list[float]:
    return positions(p, [(1 - momentum) * g for g in gradients], rates, momentum)


def no_momentum(p: float, gradients: Any, rates: Any, momentum: float) -> list[float]:
    return positions(p, gradients, rates, 0.0)


def never_zeroed(net: Any, criterion: Any, optimizer: Any, xs: Any, ys: Any) -> list[float]:
    optimizer.zero_grad = lambda: None
    return fit(net, criterion, optimizer, xs, ys)


def never_stepped(net: Any, criterion: Any, optimizer: Any, xs: Any, ys: Any) -> list[float]:
    return [criterion(net(x), y).item() for x, y in zip(xs, ys, strict=True)]


def tensors(net: Any, criterion: Any, optimizer: Any, xs: Any, ys: Any) -> list[float]:
    return fit(net, criterion, optimizer, xs[:2], ys[:2])


def without_graph(f: Any, x: Any) -> Any:
    (first,) = grad(f(x), x)
    return x - first / grad(first, x)[0]


def by_the_slope(f: Any, x: Any) -> Any:
    return x - grad(f(x), x)[0]


def along_one_path(loss: Any) -> list[str]:
    node, names = loss.grad_fn, []
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return names


def out_of_place(weight: Any, buffer: Any, x: Any, y: Any, lr: float, momentum: float) -> Any:
    return train_step(weight.copy(), buffer.copy(), x, y, lr, momentum)


def words(f: Any, x: float) -> str:
    return "steep"


WRONG: list[tuple[str, Callable[..., Any], str]] = [
    ("slope", one_sided, "which lie 2 * h apart"),
    ("slope", words, "slope(square, 3.0) should be numbers, and is of the type str: 'steep'"),
    ("softplus", without_slope, "the slope of 3 * softplus(x) at 0.0 is\n    0\nand the engine"),
    ("softplus", of_smaller_steps, "Make it in one step"),
    ("in_order", depth_first, "sends more when it is too late"),
    ("in_order", twice, "a Scalar is in the list twice"),
    ("sum_to", only_in_front, "sum_to(g, (2, 1)) for a g of shape (2, 3) has the shape [2, 3]"),
    ("softsign_slope", without_g, "Where x > 0"),
    ("Scale", Forgetful, "The parameters of Scale(3) are []"),
    ("Scale", Early, "cannot assign parameters before Module.__init__() call"),
    ("descend", uphill, "The slope is 2 * (weight * x - y) * x"),
    ("is_dead", any_is_below, "is_dead(-1.0, 0.5, [1.0, 0.25]) is True"),
    ("is_dead", alive_at_zero, "is_dead(0.0, 0.0, [1.0, 2.0]) is False"),
    ("leaky_gradient", right_side, "Where x > 0 it is g"),
    ("weight_gradient", transposed, "has the shape [2, 1]; it should be [1, 2]"),
    ("hidden_gradients", through_the_gate, "the gradient of bias1 is"),
    ("hidden_gradients", three_of_four, "should return four arrays"),
    ("merged", without_bias, "(W2 b1 + b2)"),
    ("merged", only_the_second, "should return a Linear(2, 1)"),
    ("merged", a_pipeline, "should return an nn.Linear, not Sequential"),
    ("mse_gradient", of_a_sum, "a mean counts each by 1 / n"),
    ("positions", textbook, "That is the rule of many textbooks"),
    ("positions", average, "does not multiply the gradient by 1 - momentum"),
    ("positions", no_momentum, "In each step: buffer ="),
    ("fit", never_zeroed, "zero_grad()"),
    ("fit", never_stepped, "loss.backward(), then optimizer.step()"),
    ("fit", tensors, "has the shape [2]; it should be [4]"),
    ("newton", without_graph, "does not require grad"),
    ("newton", by_the_slope, "newton(bowl, 1.0) is"),
    ("names_of_nodes", along_one_path, "keep a set of those that were seen"),
    ("train_step", out_of_place, "makes a new one"),
]


@pytest.mark.parametrize(("name", "answer", "told"), WRONG, ids=[a.__name__ for _, a, _ in WRONG])
def test_a_wrong_answer_is_told_why(name: str, answer: Any, told: str) -> None:
    with pytest.raises(Wrong) as wrong:
        EXERCISES[name].check(answer)
    assert told in str(wrong.value)


def test_each_exercise_has_a_wrong_answer_here() -> None:
    assert {name for name, _, _ in WRONG} == set(EXERCISES)


# ---- the command --------------------------------------------------------------------------------


def test_a_learner_starts_edits_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["exercises", "start", "slope"]) == 0
    assert "minigrad exercises check slope.py" in capsys.readouterr().out
    assert main(["exercises", "check", "slope.py"]) == 1
    assert "slope: unfinished." in capsys.readouterr().out
    file = tmp_path / "slope.py"
    file.write_text(file.read_text().replace("...", "return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5"))
    assert main(["exercises", "check", "slope.py"]) == 0
    assert main(["exercises", "check", "slope", "slope.py"]) == 0
    assert capsys.readouterr().out == "slope: right.\n" * 2
    assert main(["exercises", "start", "slope"]) == 1
    assert "stays as it is" in capsys.readouterr().err
    assert "return (f(x" in file.read_text()


def test_an_error_in_an_answer_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answers.py"
    file.write_text(
        "def slope(f, x):\n    return f(x) / 0\n\n\ndef mse_gradient(a, b):\n    return a\n"
    )
    assert main(["exercises", "check", str(file)]) == 1
    out = capsys.readouterr().out
    assert "ZeroDivisionError" in out
    assert "in line 2: return f(x) / 0" in out
    assert "mse_gradient: not yet." in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "defines no answer"),
        ("def slope(f, x)\n", "does not run:\nSyntaxError"),
        ("1 / 0\n", "in line 1: 1 / 0"),
        (None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_checked(
    text: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    assert main(["exercises", "check", str(file)]) == 1
    assert told in capsys.readouterr().err


def test_the_exercises_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercises"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[1] for line in listed.splitlines() if line[2:4].isdecimal()] == [
        *EXERCISES
    ]
    assert max(map(len, listed.splitlines())) <= 80
    assert main(["exercises", "show", "fit"]) == 0
    assert capsys.readouterr().out == EXERCISES["fit"].stub
    assert main(["exercises", "show", "slop"]) == 2
    assert "did you mean 'slope'?" in capsys.readouterr().err


def test_checking_imports_numpy_and_no_pytorch() -> None:
    code = (
        "import sys; from minigrad.__main__ import main; main(['exercises']); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


# ---- plots --------------------------------------------------------------------------------------


def test_a_plot_has_its_curves_marks_dots_and_names(tmp_path: Path) -> None:
    picture = plot(
        {"a": [0.0, 1.0, 4.0], "b <": ([0.0, 2.0], [4.0, 0.0])},
        marks={"here": (1.0, 1.0)}, dots=["a"], x="step", y="loss",
    )  # fmt: skip
    assert picture.svg.count("<path") == 1
    assert picture.svg.count("<circle") == 3 + 1
    assert picture._repr_svg_() == picture.svg
    for words in ("here", "b &lt;", "step", "loss"):
        assert f">{words}</text>" in picture.svg
    picture.save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text() == picture.svg + "\n"
    assert repr(picture) == "<a plot of a, b <>"


def test_the_ticks_of_a_plot_are_round_and_within_its_ends() -> None:
    across, up = plot({"a": ([-3.0, 3.0], [0.001, 1000.0])}, log=True).scales()
    assert across.ticks() == [-2.0, 0.0, 2.0]
    assert up.ticks() == pytest.approx([10.0**n for n in range(-3, 4)])
    assert plot({"constant": [2.0, 2.0]}).scales()[1].ticks() == [1.5, 2.0, 2.5]
