"""Programs as files: they run where there is only NumPy, and make the engine's steps."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.__main__ import main
from minigrad.guide import PROGRAMS
from minigrad.guide.compiled import example

STEPS = 6
RUN = """
import importlib, json, sys

sys.modules["minigrad"] = sys.modules["torch"] = None
import numpy as np

losses = {}
for name, (arguments, steps) in json.loads(sys.argv[1]).items():
    program = importlib.import_module(name)
    arrays = [np.array(values, np.float32) for values in arguments]
    found = [program.step(*arrays) for _ in range(steps)]
    losses[name] = [float(one[0] if isinstance(one, tuple) else one) for one in found]
print(json.dumps(losses))
"""


def run(folder, jobs):
    """The losses of programs in a folder, each with its arguments, from a new process."""
    command = [sys.executable, "-W", "error", "-c", RUN, json.dumps(jobs)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def expected(entry):
    """The losses of the engine, from the fourth step on."""
    program, options = entry.load(), entry.defaults()
    minigrad.manual_seed(options["seed"])
    net = program.Net()
    optimizer = optim.SGD(net.parameters(), lr=options["lr"], momentum=options["momentum"])
    losses = []
    for _ in range(3 + STEPS):
        optimizer.zero_grad()
        x, y = example(program)
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[3:]


@pytest.mark.parametrize("style", ["buffers", "plain"])
def test_the_nine_programs_of_the_guide_run_with_numpy_alone(tmp_path, style):
    jobs = {}
    for name, entry in PROGRAMS.items():
        path = tmp_path / f"{name}.py"
        assert main(["compile", name, "--style", style, "--save", str(path)]) == 0
        jobs[name] = [[t.tolist() for t in example(entry.load())], STEPS]
    losses = run(tmp_path, jobs)
    for name, entry in PROGRAMS.items():
        if style == "buffers":
            assert losses[name] == expected(entry)
        else:
            assert losses[name] == pytest.approx(expected(entry), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("style", ["buffers", "plain"])
def test_the_command_prints_the_program(capsys, style):
    assert main(["compile", "hidden_layer", "--style", style]) == 0
    text = capsys.readouterr().out
    assert text.startswith('"""train_step as a NumPy program.\n')
    assert "# ---- loss.backward() ---" in text
    assert "def step(input, target):" in text
    compile(text, "step.py", "exec")


def test_the_command_says_why_it_cannot_save(capsys, tmp_path):
    assert main(["compile", "relu", "--save", str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err


# Files of other steps


def step_of(net, **options):
    optimizer = optim.SGD(net.parameters(), **{"lr": 0.1, **options})

    def train_step(x, y):
        loss = nn.functional.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return train_step


def follows(path: Path, step, x, y, calls=3):
    """Whether the file at a path makes the steps that the compiled step makes."""
    jobs = {path.stem: [[x.tolist(), y.tolist()], calls]}
    return run(path.parent, jobs)[path.stem] == [step(x, y).item() for _ in range(calls)]


def test_large_arrays_in_any_order_of_memory(tmp_path):
    minigrad.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 7, bias=False))
    net[0].weight.data = minigrad.randn(20, 30).T / 8
    step = minigrad.compile(step_of(net, momentum=0.9, nesterov=True, weight_decay=0.01))
    x, y = minigrad.randn(4, 20), minigrad.randn(4, 7)
    for _ in range(3):
        step(x, y)
    step.save(tmp_path / "large.py")
    assert follows(tmp_path / "large.py", step, x, y)


def test_gradients_that_accumulate(tmp_path):
    minigrad.manual_seed(0)
    net = nn.Linear(3, 2)

    def accumulate(x, y):
        loss = nn.functional.mse_loss(net(x) * net.weight.grad.sum(), y)
        loss.backward()
        return loss

    net.weight.grad, net.bias.grad = minigrad.ones(2, 3), minigrad.ones(2)
    step = minigrad.compile(accumulate)
    x, y = minigrad.randn(4, 3), minigrad.randn(4, 2)
    for _ in range(3):
        step(x, y)
    step.save(tmp_path / "accumulated.py")
    assert follows(tmp_path / "accumulated.py", step, x, y)


def test_infinite_constants(tmp_path):
    limits = minigrad.tensor([float("inf"), -float("inf"), float("nan")])
    step = minigrad.compile(lambda x, y: x + limits + minigrad.tensor([float("inf"), 0.0, 1.0]))
    x = minigrad.zeros(3)
    for _ in range(3):
        result = step(x, x)
    step.save(tmp_path / "infinite.py")
    namespace = {}
    exec((tmp_path / "infinite.py").read_text(), namespace)
    assert np.array_equal(namespace["step"](x.numpy()), result.numpy(), equal_nan=True)


def saturating(style, **options):
    """A step of a layer with a sigmoid, an optimizer, and arguments whose exponentials overflow."""
    minigrad.manual_seed(0)
    layer = nn.Linear(2, 1)
    optimizer = optim.SGD(layer.parameters(), **options)

    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(minigrad.sigmoid(layer(x)), y)
        loss.backward()
        optimizer.step()
        return loss

    x = minigrad.tensor([[1.0, 2.0], [-800.0, 300.0], [800.0, -300.0]])
    return minigrad.compile(step, style=style), optimizer, (x, minigrad.ones(3, 1))


@pytest.mark.parametrize("style", ["buffers", "plain"])
def test_a_file_has_the_options_of_now_and_is_as_silent_as_minigrad(tmp_path, style):
    step, optimizer, arguments = saturating(style, lr=0.01, momentum=0.9)
    for _ in range(3):
        step(*arguments)
    optimizer.param_groups[0]["lr"] = 0.5
    step.save(tmp_path / "saved.py")
    jobs = {"saved": ([argument.tolist() for argument in arguments], 4)}
    losses = run(tmp_path, jobs)["saved"]  # from a Python for which warnings are errors
    np.testing.assert_allclose(losses, [step(*arguments).item() for _ in range(4)], rtol=1e-5)
    assert len({*losses}) == 4


def test_a_program_whose_options_ask_for_other_formulas_is_not_saved(tmp_path):
    step, optimizer, arguments = saturating("buffers", lr=0.01)
    for _ in range(3):
        step(*arguments)
    optimizer.param_groups[0]["weight_decay"] = 0.1
    with pytest.raises(minigrad.CompileError, match="options of the optimizer have changed"):
        step.save(tmp_path / "saved.py")
    assert not (tmp_path / "saved.py").exists()
    step(*arguments)
    step.save(tmp_path / "saved.py")


def test_a_program_that_cannot_be_repeated_is_not_saved(tmp_path):
    step = minigrad.compile(step_of(nn.Linear(2, 2), momentum=0.9))
    with pytest.raises(minigrad.CompileError, match="no program yet"):
        step.save(tmp_path / "step.py")
    step(minigrad.ones(2), minigrad.ones(2))
    with pytest.raises(minigrad.CompileError, match="made its state in the last call"):
        step.save(tmp_path / "step.py")
    assert not (tmp_path / "step.py").exists()


def test_tensors_that_share_memory_are_not_saved(tmp_path):
    whole = minigrad.zeros(4)
    part = whole[:2]
    step = minigrad.compile(lambda x: (whole.add_(1), x + part)[1])
    for _ in range(3):
        step(minigrad.ones(2))
    with pytest.raises(minigrad.CompileError, match="share memory"):
        step.save(tmp_path / "step.py")
