"""What an explanation tells is what the engine does: each number of it, and PyTorch's too."""

import ast
import io
import re
import subprocess
import sys
import warnings
from itertools import pairwise, product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from both import in_both
from op_cases import ROWS
from op_inputs import Row
from oracle import function, leaf, same_bits_or_equal

import minigrad
from minigrad import Scalar, explain, nn, ops, optim
from minigrad.__main__ import main
from minigrad.guide import PROGRAMS
from minigrad.story import Explanation, explain_program, recording
from minigrad.story.graphs import TensorGraph, numbered, saved
from minigrad.story.kinks import KINKS
from minigrad.story.symbols import read

Capture = pytest.CaptureFixture[str]
MOMENTS = [(name, seed, step) for name in PROGRAMS for seed in (0, 3) for step in (1, 2, 7)]
ARRAY = re.compile(r"^(\[.*\]|-?[\d.]+(e[+-]?\d+)?|-?inf|nan)$")


def trained(name: str, package: str, seed: int, steps: int) -> Any:
    """A network of the guide after some steps: its last gradients are still there."""
    library: ModuleType = minigrad if package == "minigrad.guide" else torch
    program = PROGRAMS[name].load(package)
    library.manual_seed(seed)
    net = program.Net()
    for _ in program.train(net, steps):
        pass
    return net


def same(a: Any, b: Any) -> bool:
    return same_bits_or_equal(np.asarray(a), np.asarray(b))


# ---- the programs of the guide ------------------------------------------------------------------


@pytest.mark.parametrize(("name", "seed", "step"), MOMENTS)
def test_gradients_and_updates_are_the_engines_and_pytorchs(
    name: str, seed: int, step: int
) -> None:
    story = explain_program(name, step, seed=seed)
    for package in ("minigrad.guide", "reference"):
        net = trained(name, package, seed, step)
        parameters = {f"net.{path}": p for path, p in net.named_parameters()}
        assert {g.place.name for g in story.gradients} == parameters.keys()
        for gradient in story.gradients:
            assert same(gradient.after, parameters[gradient.place.name].grad.numpy())
        for update in story.updates:
            assert same(update.after, parameters[update.name].detach().numpy())
            assert same(update.lines[-1][-1], update.after)


class Evaluated(ast.NodeTransformer):
    """Numbers of a text as the arrays that they stand for."""

    def visit_List(self, node: ast.List) -> ast.expr:
        return ast.Call(ast.Name("array", ast.Load()), [node], [])


def value(text: str) -> Any:
    """What a line of numbers amounts to, computed by the ops that it names."""
    tree = ast.fix_missing_locations(Evaluated().visit(ast.parse(text, mode="eval")))
    words = {name: getattr(ops, name) for name in ("matmul", "where", "expand", "reshape")}
    words |= {"row": ops.linalg.row, "array": lambda values: np.array(values, "float32")}
    return eval(compile(tree, text, "eval"), words)


def told(story: Explanation) -> list[str]:
    """The lines of the text, without their indentation."""
    return [line.strip() for line in str(story).splitlines()]


@pytest.mark.parametrize(("name", "seed", "step"), MOMENTS)
def test_the_text_computes_what_it_says(name: str, seed: int, step: int) -> None:
    """`= numbers` followed by `= result`: evaluated, the first gives the second, bit for bit."""
    lines = told(explain_program(name, step, seed=seed))
    checked = 0
    backward = lines[: lines.index("Gradients")]
    for before, line in pairwise(backward):
        if before.startswith("= ") and line.startswith("= "):
            assert same(np.float32(value(before[2:])), np.float32(value(line[2:]))), before
            checked += 1
    assert checked >= len([line for line in backward if re.match(r"\d+\. ", line)])


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_last_product_of_the_text_for_a_parameter_is_its_gradient(name: str) -> None:
    lines = told(explain_program(name))
    products = {}
    for before, line in pairwise(lines):
        if line.startswith("goes to "):
            products[line[8:].partition(",")[0]] = before.removeprefix("= ")
    net = trained(name, "reference", 0, 1)
    for path, p in net.named_parameters():
        assert same(np.float32(value(products[f"net.{path}"])), p.grad.numpy())


def test_why_the_relu_neuron_is_dead() -> None:
    text = str(explain_program("relu", seed=0))
    assert "where(out <= 0, 0.0, g)" in text
    assert "where([0.0] <= 0, 0.0, [-10.0])" in text
    assert "relu is flat below 0, its slope there is exactly 0: no gradient gets through." in text
    assert "return F.relu(x)" in text
    assert "[[-0.00748682]] - 0.1 * [[0.0]]\n         = [[-0.00748682]]" in text


def test_momentum_is_told() -> None:
    first, second = (explain_program("one_neuron", step).updates[0] for step in (1, 2))
    assert [line[0] for line in first.lines] == ["b = g", "p = p - lr * b"]
    assert [line[0] for line in second.lines] == ["b = momentum * b + g", "p = p - lr * b"]
    assert second.lines[0][1].startswith("0.9 * [[-10")


def test_a_step_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="counted from 1, not 0"):
        explain_program("relu", 0)


# ---- any op -------------------------------------------------------------------------------------


def differentiable(row: Row) -> bool:
    """Whether there is a backward pass to tell: no error on purpose, and a result of floats."""
    try:
        tensors = inputs(row).values()
        total(function(row.expression, row.inputs.names)(minigrad, *tensors)).backward()
    except Exception:
        return False
    return any(t.grad is not None for t in tensors)


def inputs(row: Row) -> dict[str, Any]:
    arrays = row.arrays(row.inputs.samples[0], "float32")
    return {name: leaf(minigrad, array) for name, array in arrays.items()}


def total(result: Any) -> Any:
    results = result if isinstance(result, tuple | list) else [result]
    return sum(r.sum() for r in results if r.grad_fn is not None)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    DIFFERENTIABLE = [row for row in ROWS if differentiable(row)]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=str)
def test_the_story_of_each_op_is_what_the_engine_does(row: Row) -> None:
    """Read with symbols, each formula computes what it computes with arrays; and so the sums."""
    tensors = inputs(row)
    loss = total(function(row.expression, row.inputs.names)(minigrad, *tensors.values()))
    story = loss.explain(names=tensors)
    for step in story.steps:
        check_readings(loss, step.place.node, step.gradient)
    assert str(story)
    loss.backward()
    for gradient in story.gradients:
        assert same(gradient.after, tensors[gradient.place.name].grad.numpy())


def test_most_rows_have_a_story() -> None:
    assert len(DIFFERENTIABLE) > 300


def check_readings(loss: Any, node: Any, g: Any) -> None:
    products = TensorGraph(loss).products(node, g)
    for (name, i), found in zip(numbered(node), products, strict=True):
        reading = read(node.plan.op.derivatives[name], {"g": g, "i": i, **saved(node)})
        assert same(reading.value, found.value)
        assert "Symbol" not in reading.names + reading.numbers


@pytest.mark.parametrize(
    ("op", "name", "values", "names", "numbers"),
    [
        (ops.mul, "a", {"g": 2.0, "b": 3.0}, "g * b", "2.0 * 3.0"),
        (ops.sub, "b", {"g": -2.0}, "-g", "-(-2.0)"),
        (ops.div, "b", {"g": 1.0, "a": 2.0, "b": 4.0},
         "-g * (a / b / b)", "-1.0 * (2.0 / 4.0 / 4.0)"),
        (ops.tanh, "x", {"g": 1.0, "out": 0.5}, "g * (1 - out * out)", "1.0 * (1 - 0.5 * 0.5)"),
        (ops.pow, "x", {"g": np.ones(1), "x": np.full(1, 3.0), "n": 2},
         "g * (n * pow(x, n - 1))", "[1.0] * (2 * pow([3.0], 2 - 1))"),
        (ops.relu, "x", {"g": np.ones(1), "out": np.zeros(1)},
         "where(out <= 0, 0.0, g)", "where([0.0] <= 0, 0.0, [1.0])"),
        (ops.leaky_relu, "x", {"g": np.ones(1), "x": np.zeros(1), "slope": 0.1},
         "where(x > 0, g, g * slope)", "where([0.0] > 0, [1.0], [1.0] * 0.1)"),
    ],
)  # fmt: skip
def test_formulas_as_text(op: Any, name: str, values: Any, names: str, numbers: str) -> None:
    reading = read(op.derivatives[name], values)
    assert (reading.names, reading.numbers) == (names, numbers)


def test_the_formula_of_an_op_of_the_users_own() -> None:
    @minigrad.autograd.op.op
    def cube(x: Any, /) -> Any:
        return x * x * x

    cube.derivative(x=lambda g, x: g * 3 * x**2)
    x = minigrad.tensor(2.0, requires_grad=True)
    (step,) = explain(cube(x)).steps
    assert step.contributions[0].formula == "g * 3 * x ** 2"
    assert step.contributions[0].numbers == "1.0 * 3 * 2.0 ** 2"


class Doubled(minigrad.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2, x * 3

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        return g * 2 + h * 3


def test_a_function_of_the_users_own() -> None:
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y, z = Doubled.apply(x)
    story = explain((y * z).sum())
    assert "x: x\n       Doubled.backward(ctx, g)\n     = [12.0, 24.0]" in str(story)
    assert "[3.0, 6.0] of output 0, [2.0, 4.0] of output 1" in str(story)
    (y * z).sum().backward()
    assert same(story.gradients[0].after, x.grad.numpy())


def test_writes_in_place_are_told() -> None:
    x = minigrad.tensor([1.0, -2.0, 3.0], requires_grad=True)

    def written() -> Any:
        y = x * 2
        y[0] = y[1] * 3
        return y.relu_().sum()

    story = explain(written)
    written().backward()
    assert same(story.gradients[0].after, x.grad.numpy())
    assert " at 0x" not in str(story)  # no addresses


# ---- the kinks ----------------------------------------------------------------------------------

X = torch.tensor([0.0, 1.0, -1.0])
CORNERS = {
    "relu": ("torch.nn.functional.relu(x)", 0.0),
    "leaky_relu": ("torch.nn.functional.leaky_relu(x, 0.2)", 0.2),
    "abs": ("torch.abs(x)", 0.0),
    "maximum": ("torch.maximum(x, torch.tensor([0.0, 3.0, 3.0]))", 0.5),
    "minimum": ("torch.minimum(x, torch.tensor([0.0, 3.0, 3.0]))", 0.5),
    "clamp": ("torch.clamp(x, 0.0, 2.0)", 1.0),
    "clamp_between": ("torch.clamp(x, torch.tensor([0.0] * 3), torch.tensor([2.0] * 3))", 1.0),
    "clamp_min": ("torch.clamp(x, min=torch.tensor([0.0] * 3))", 1.0),
    "clamp_max": ("torch.clamp(x, max=torch.tensor([0.0] * 3))", 1.0),
    "sqrt": ("torch.sqrt(x)", np.inf),
}


def test_each_kink_is_tried() -> None:
    assert CORNERS.keys() == KINKS.keys()


@pytest.mark.parametrize("op", CORNERS)
def test_the_slope_at_a_kink_is_the_one_that_the_sentence_says(op: str) -> None:
    expression, slope = CORNERS[op]
    theirs = X.clone().requires_grad_()
    function(expression, ["x"])(torch, theirs).sum().backward()
    x = minigrad.tensor(X.tolist(), requires_grad=True)
    story = explain(lambda: function(expression, ["x"])(minigrad, x).sum())
    assert story.gradients[0].after[0] == theirs.grad[0] == np.float32(slope)
    notes = " ".join(story.steps[-1].notes)
    said = {0.0: "is 0", 0.2: "is 0.2", 0.5: "half", 1.0: "whole", np.inf: "infinite"}[slope]
    assert said in notes
    assert "(at [0])" in notes


def test_a_hook_is_told_of_and_not_called() -> None:
    w = minigrad.tensor(2.0, requires_grad=True)
    called: list[Any] = []
    w.register_hook(called.append)
    (step,) = explain(w * w).steps
    assert "A hook of yours" in step.notes[0]
    assert called == []


def test_nothing_is_said_away_from_a_kink() -> None:
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    assert not any(step.notes for step in explain(lambda: x.abs().relu().sum()).steps)


def test_of_a_relu_whose_input_is_not_known_no_more_is_said_than_is_known() -> None:
    x = minigrad.tensor([1.0, 0.0], requires_grad=True)
    story = explain((x * 1).relu().sum())
    assert "input was 0 or less" in story.steps[1].notes[0]


# ---- shared nodes and the order -----------------------------------------------------------------


def shared(x: Any) -> Any:
    """x is used once, a three times: 2 (2x + 4x²)."""
    a = x * 2
    b = a * a
    return b + a


def test_a_sum_grows() -> None:
    x = minigrad.tensor(3.0, requires_grad=True)
    text = str(explain(lambda: shared(x)))
    assert "goes to the result of step 3, where nothing was before; 2 more to come" in text
    assert "1.0 + 6.0 = 7.0; 1 more to come" in text
    assert "7.0 + 6.0 = 13.0, complete" in text


def test_the_naive_order_loses_what_comes_too_late() -> None:
    x = minigrad.tensor(3.0, requires_grad=True)
    story = explain(shared(x), order="naive")
    assert story.is_wrong
    assert (story.gradients[0].found, story.gradients[0].right) == (2.0, 26.0)
    assert "passed on 1.0 in step 2 already, and 6.0 is lost" in str(story)
    assert re.search(r"x +2\.0 +26\.0 +wrong", str(story))


@pytest.mark.parametrize("turned", [False, True])
def test_the_naive_order_is_shown_where_it_goes_wrong(turned: bool) -> None:
    """Which input the walk takes first may save it: the other way round it is wrong."""
    x = minigrad.tensor(3.0, requires_grad=True)
    a = x * 2
    b = a * a
    assert explain(a + b if turned else b + a, order="naive").is_wrong


def test_a_chain_is_right_in_any_order() -> None:
    x = minigrad.tensor(3.0, requires_grad=True)
    story = explain((x * x).exp(), order="naive")
    assert not story.is_wrong
    assert "even this order is right" in str(story)


def test_the_order_is_the_engines() -> None:
    """Hooks on what is computed on the way run in the order of the walk."""
    x = minigrad.tensor(1.0, requires_grad=True)
    values = [x * 2, x * 3]
    values += [values[0] * values[1], values[1] + x]
    values += [values[3] * values[2]]
    met: list[Any] = []
    for v in values:
        v.register_hook(lambda g, node=v.node: met.append(node))
    told = [step.place.node for step in explain(values[-1]).steps]
    assert met == []
    values[-1].backward()
    assert met == told


# ---- Scalars ------------------------------------------------------------------------------------


def tangle(x: Any, y: Any) -> Any:
    a = x * y + x.exp()
    b = a.tanh() * a - y / x
    return (b * a + a.relu()) * (x - b) ** 2


@pytest.mark.parametrize("values", [(0.5, -1.25), (1.0, 2.0), (-0.3, 0.7)])
def test_a_scalars_story_is_what_scalar_does(values: tuple[float, float]) -> None:
    x, y = map(Scalar, values)
    x.grad = 0.125
    story = explain(lambda: tangle(x, y))
    assert x.grad == 0.125
    tangle(x, y).backward()
    found = {g.place.name: g.after for g in story.gradients if g.place.name}
    assert found == {"x": x.grad, "y": y.grad}


def test_scalar_and_tensor_tell_the_same_story() -> None:
    s, t = Scalar(3.0), minigrad.tensor(3.0, dtype=minigrad.float64, requires_grad=True)
    one, other = explain(lambda: shared(s)), explain(lambda: shared(t))
    assert [step.op for step in one.steps] == [step.op for step in other.steps]
    for a, b in zip(one.steps, other.steps, strict=True):
        assert a.gradient == b.gradient
        assert a.line == b.line
        for c, d in zip(a.contributions, b.contributions, strict=False):
            assert (c.added, c.after, c.part) == (d.added, d.after, d.part)
    rows = [line.split("|") for line in one.beside(other).splitlines()]
    assert ["2. mul" in cell for row in rows for cell in row].count(True) == 2
    assert all(len(row) == 2 for row in rows)


def test_the_naive_order_of_scalars() -> None:
    x = Scalar(3.0)
    story = explain(shared(x), order="naive")
    assert (story.gradients[0].found, story.gradients[0].right) == (2.0, 26.0)


def test_a_kink_of_a_scalar() -> None:
    assert "At exactly 0 relu" in explain(Scalar(0.0).relu()).steps[0].notes[0]


# ---- names and lines ----------------------------------------------------------------------------


def test_things_are_called_what_the_user_calls_them() -> None:
    net, ws = nn.Linear(2, 1), [minigrad.ones(1, requires_grad=True)]
    story = explain((net(minigrad.ones(2)) * ws[0]).sum())
    assert [g.place.name for g in story.gradients] == ["net.weight", "net.bias", "ws[0]"]
    assert (
        explain((net(minigrad.ones(2))).sum(), names={"n": net}).gradients[1].place.name == "n.bias"
    )


def test_the_line_and_the_part_of_it_that_made_a_step() -> None:
    x = minigrad.tensor(3.0, requires_grad=True)
    with recording() as made:
        y = x * x + 2 * x
    lines = [step.line for step in explain(y, made=made).steps]
    assert [line and line.part for line in lines] == ["x * x + 2 * x", "2 * x", "x * x"]
    assert {line and line.text for line in lines} == {"y = x * x + 2 * x"}
    assert {line and line.place.partition(":")[0] for line in lines} == {"test_explain.py"}


def test_without_a_recording_only_the_op_is_said() -> None:
    x = minigrad.tensor(3.0, requires_grad=True)
    (step,) = explain(x * x).steps
    assert step.line is None
    assert (step.op, step.label) == ("mul", "MulBackward0")


def test_a_recording_ends() -> None:
    before = sys.getprofile()
    with pytest.raises(ZeroDivisionError), recording():
        _ = 1 / 0
    assert sys.getprofile() is before


# ---- nothing is changed -------------------------------------------------------------------------


def test_nothing_is_changed() -> None:
    minigrad.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    called: list[int] = []
    net[0].weight.register_hook(lambda g: called.append(1))
    twin = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    twin.load_state_dict(net.state_dict())
    twin_optimizer = optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        for model, chosen in ((net, optimizer), (twin, twin_optimizer)):
            chosen.zero_grad()
            loss = model(minigrad.ones(2)).sum()
            if model is net:
                before = state(net, optimizer)
                story = loss.explain(optimizer=optimizer)
                loss.explain(optimizer=optimizer, order="naive")
                assert state(net, optimizer) == before
                told = data(story)
            loss.backward()
            chosen.step()
        assert data(story) == told  # it holds copies
        for p, q, update in zip(net.parameters(), twin.parameters(), story.updates, strict=True):
            assert same(p.detach().numpy(), q.detach().numpy())
            assert same(update.after, p.detach().numpy())
    assert len(called) == 3


def data(story: Explanation) -> list[Any]:
    """Every number of a story."""
    gradients = [(g.place.value, g.found, g.before, g.after) for g in story.gradients]
    steps = [
        (step.gradient, c.product, c.before) for step in story.steps for c in step.contributions
    ]
    return [
        np.asarray(v).tobytes() for values in (*gradients, *steps) for v in values if v is not None
    ]


def state(net: Any, optimizer: Any) -> list[Any]:
    buffers = [entry["momentum_buffer"] for entry in optimizer.state.values() if entry]
    tensors = [*net.parameters(), *[p.grad for p in net.parameters() if p.grad is not None]]
    everything = [*tensors, *buffers]
    return [(id(t), t._version, t.detach().numpy().tobytes()) for t in everything]


@pytest.mark.parametrize(
    ("momentum", "dampening", "weight_decay", "nesterov", "maximize"),
    [
        options
        for options in product((0, 0.9), (0, 0.3), (0, 0.01), (False, True), (False, True))
        if not options[3] or (options[0] and not options[1])
    ],
)
def test_each_option_of_sgd_is_told_as_it_acts(
    momentum: float, dampening: float, weight_decay: float, nesterov: bool, maximize: bool
) -> None:
    w = minigrad.tensor([0.3, -0.7], requires_grad=True)
    optimizer = optim.SGD(
        [w], lr=minigrad.tensor(0.1), momentum=momentum, dampening=dampening,
        weight_decay=weight_decay, nesterov=nesterov, maximize=maximize,
    )  # fmt: skip
    for _ in range(3):
        optimizer.zero_grad()
        loss = (w * w).sum()
        (update,) = explain(loss, optimizer=optimizer).updates
        loss.backward()
        optimizer.step()
        assert same(update.after, w.detach().numpy())
        for formula, numbers, result in update.lines:
            near = np.asarray(value(numbers), "float32")
            assert np.allclose(near, result, rtol=1e-6, atol=0), formula
        said = " ".join(formula for formula, _, _ in update.lines)
        assert ("momentum" in said) == bool((momentum and "b = g" not in said) or nesterov)
        assert ("weight_decay" in said, "-g" in said) == (bool(weight_decay), maximize)


def test_gradients_that_are_there_already_are_added_to() -> None:
    w = minigrad.tensor([0.3, -0.7], requires_grad=True)
    (w * 3).sum().backward()
    loss = (w * w).sum()
    story = explain(loss, optimizer=optim.SGD([w], lr=0.1))
    loss.backward()
    assert same(story.gradients[0].after, w.grad.numpy())
    assert "; .grad holds [3.0, 3.0] and will be [3.6, 1.6]" in str(story)


def test_another_optimizer_is_told_by_what_it_does() -> None:
    class Halve(optim.Optimizer):
        def step(self, closure: Any = None) -> None:
            with minigrad.no_grad():
                for p in self.param_groups[0]["params"]:
                    p.mul_(0.5)

    w = minigrad.tensor([2.0], requires_grad=True)
    story = explain((w * w).sum(), optimizer=Halve([w], {}))
    assert "[2.0] -> [1.0]" in str(story)
    assert w.tolist() == [2.0]


# ---- what is refused ----------------------------------------------------------------------------


def test_what_cannot_be_explained() -> None:
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    for wrong, error, message in [
        (x * 2, RuntimeError, "grad can be implicitly created only for scalar outputs"),
        (minigrad.tensor(1.0), RuntimeError, "does not require grad"),
        (3.0, TypeError, "takes a Tensor or a Scalar, not float"),
    ]:
        with pytest.raises(error, match=message):
            explain(wrong)
    with pytest.raises(ValueError, match="'engine' or 'naive', not 'random'"):
        explain((x * x).sum(), order="random")


@in_both
def freed(torch: Any) -> Any:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    return y.explain() if hasattr(y, "explain") else y.backward()


def test_a_graph_that_was_freed_is_refused_in_pytorchs_words() -> None:
    freed()


# ---- colours, the command, the price ------------------------------------------------------------


def test_a_missing_rich_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.text", None)
    assert main(["explain", "relu", "--color"]) == 1
    assert "pip install" in capsys.readouterr().err


def test_colours_and_tables() -> None:
    console = pytest.importorskip("rich.console", reason="colours are an extra")
    x = minigrad.tensor(3.0, requires_grad=True)
    for story in (explain_program("relu"), explain(shared(x), order="naive")):
        paper = console.Console(
            record=True, width=120, file=io.StringIO(), color_system="truecolor"
        )
        paper.print(story)
        plain, coloured = (
            paper.export_text(clear=False, styles=False),
            paper.export_text(styles=True),
        )
        steps = str(story).partition("\nGradients")[0].splitlines()
        assert set(map(str.strip, steps)) <= set(map(str.strip, plain.splitlines()))
        assert "\x1b[" in coloured
        assert re.search(r"│ (net.fc.weight|x) +│", plain)


def test_the_command_tells_a_step(capsys: Capture) -> None:
    assert main(["explain", "line", "--seed", "4", "--step", "2", "--lr", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("line, seed 4, step 2\n")
    assert str(explain_program("line", 2, seed=4, lr=0.5)) in printed


def test_the_document_shows_what_the_command_prints(capsys: Capture) -> None:
    document = (Path(__file__).parents[1] / "docs" / "explain.md").read_text(encoding="utf-8")
    assert main(["explain", "relu", "--seed", "0"]) == 0
    assert f"```text\n{capsys.readouterr().out}```" in document


def test_the_document_shows_the_picture_that_it_made() -> None:
    document = (Path(__file__).parents[1] / "docs" / "explain.md").read_text(encoding="utf-8")
    (drawn,) = re.findall(r"```mermaid\n(.*?)```", document, re.DOTALL)
    assert document.count(drawn) == 2


def test_the_command_counts_steps_from_one(capsys: Capture) -> None:
    assert main(["explain", "line", "--step", "0"]) == 2
    assert "counted from 1" in capsys.readouterr().err


def test_large_arrays_are_summarised() -> None:
    minigrad.manual_seed(0)
    net = nn.Linear(40, 30)
    text = str(explain(net(minigrad.rand(20, 40)).relu().mean()))
    assert "<30x40, from " in text
    assert max(map(len, text.splitlines())) < 200


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    program = "import sys, minigrad; print([m for m in sys.modules if 'story' in m])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
