"""The guide: same seed, same characters as under PyTorch, and each program shows what it claims."""

import ast
import io
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import minigrad
from minigrad.guide import DEAD_SEED, LIVING_SEED, PROGRAMS

ROOT = Path(__file__).parents[1]
SEEDS = (0, 1, 2, 3, 4, -7, 2**40)


def text(module: ModuleType, **options: Any) -> str:
    """What a program prints, with the one word that may differ made the same."""
    with redirect_stdout(io.StringIO()) as out:
        module.main(**options)
    return out.getvalue().replace("minigrad", "torch")


def trained(name: str, seed: int, **options: Any) -> tuple[Any, list[float]]:
    """A network after its training under minigrad, and its losses."""
    program = PROGRAMS[name].load()
    minigrad.manual_seed(seed)
    net = program.Net()
    return net, [loss.item() for loss in program.train(net, **options)]


def both(name: str) -> tuple[ModuleType, ModuleType]:
    return PROGRAMS[name].load(), PROGRAMS[name].load("reference")


# Same seed, same characters


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_seed_prints_the_same_characters_as_torch(name: str, seed: int) -> None:
    ours, theirs = both(name)
    # The whole of the long program for one seed; a third of it is enough for the others.
    options = {"steps": 1001} if name == "line" and seed else {}
    assert text(ours, seed=seed, **options) == text(theirs, seed=seed, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"steps": 0},
        {"steps": 1},
        {"steps": 12, "momentum": 0.0},
        {"steps": 12, "lr": 0.0},
        {"steps": 12, "lr": 1e-30},
        {"steps": 12, "lr": 0.123, "momentum": 0.456},
        {"steps": 300, "lr": 10.0, "momentum": 3.0},  # through inf to nan
    ],
    ids=str,
)
@pytest.mark.parametrize("name", PROGRAMS)
def test_so_it_does_with_other_options(name: str, options: dict[str, Any]) -> None:
    ours, theirs = both(name)
    assert text(ours, seed=1, **options) == text(theirs, seed=1, **options)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "line"])
def test_losses_are_printed_with_all_their_digits(name: str) -> None:
    _, losses = trained(name, seed=1)
    printed = [
        float(line.removeprefix("Loss = "))
        for line in text(PROGRAMS[name].load(), seed=1).splitlines()
        if line.startswith("Loss = ")
    ]
    assert printed == losses


# The files


@pytest.mark.parametrize("name", PROGRAMS)
def test_twins_differ_in_their_imports_only(name: str) -> None:
    def body(path: Path) -> tuple[str, str]:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        lines = source.splitlines()
        above, below = lines[: imports[0].lineno - 1], lines[imports[-1].end_lineno or 0 :]
        return "\n".join(above), "\n".join(below)

    ours = body(ROOT / "minigrad" / "guide" / f"{name}.py")
    theirs = body(ROOT / "reference" / f"{name}.py")
    assert ours == theirs


def test_every_program_is_in_the_table_of_contents() -> None:
    helpers = {"__init__", "command", "compiled", "plotted", "progress", "report"}
    guide, reference = ROOT / "minigrad" / "guide", ROOT / "reference"
    assert {path.stem for path in guide.glob("*.py")} - helpers == set(PROGRAMS)
    assert {path.stem for path in reference.glob("*.py")} >= set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_table_of_contents_tells_the_facts(name: str) -> None:
    entry = PROGRAMS[name]
    program = entry.load()
    lr, momentum, steps = {
        "hidden_layer": (0.01, 0.9, 100),
        "sequential": (0.01, 0.9, 100),
        "line": (0.01, 0.0, 3000),
    }.get(name, (0.1, 0.9, 100))
    assert entry.defaults() == {"seed": 0, "steps": steps, "lr": lr, "momentum": momentum}
    if name != "line":
        numbers = [[round(x) for x in t.tolist()] for t in (program.input, program.target)]
        assert entry.task == "{} -> {}".format(*numbers)


def test_a_program_runs_by_itself() -> None:
    command = [sys.executable, "-m", "minigrad.guide.bias", "--seed", "5", "--steps", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.replace("minigrad", "torch") == text(
        PROGRAMS["bias"].load("reference"), seed=5, steps=3
    )


# What each program shows


def test_descent_finds_the_weight_and_momentum_passes_it_first() -> None:
    net, _ = trained("one_neuron", seed=0)
    assert net.fc.weight.item() == pytest.approx(5, abs=0.05)
    passing, _ = trained("one_neuron", seed=0, steps=8)
    assert passing.fc.weight.item() > 7
    _, losses = trained("one_neuron", seed=0, momentum=0.0)
    assert losses == sorted(losses, reverse=True)


def test_a_relu_that_starts_below_zero_is_dead() -> None:
    program = PROGRAMS["relu"].load()
    minigrad.manual_seed(DEAD_SEED)
    net = program.Net()
    first = net.fc.weight.item()
    assert first < 0
    for loss in program.train(net):
        assert loss.item() == 25
        assert net.fc.weight.grad.item() == 0
        assert net.fc.weight.item() == first


def test_a_relu_that_starts_above_zero_lives() -> None:
    net, _ = trained("relu", LIVING_SEED)
    assert net.fc.weight.item() == pytest.approx(5, abs=0.05)


def test_about_half_of_all_seeds_are_dead() -> None:
    losses = [trained("relu", seed, steps=30)[1] for seed in range(200)]
    dead = sum(seen[0] == seen[-1] == 25 for seen in losses)
    assert 70 <= dead <= 130


def test_the_leak_brings_the_dead_seed_back() -> None:
    net, losses = trained("leaky_relu", DEAD_SEED)
    assert min(losses[:18]) > 24.9
    assert losses[20] < 5
    assert net.fc.weight.item() == pytest.approx(5, abs=0.1)


def test_bias_and_weight_move_by_the_same_amount() -> None:
    start, _ = trained("bias", seed=0, steps=0)
    end, _ = trained("bias", seed=0)
    weight, bias = (
        after.item() - before.item()
        for before, after in zip(start.parameters(), end.parameters(), strict=True)
    )
    assert weight == pytest.approx(bias, abs=1e-4)
    assert end.fc.weight.item() + end.fc.bias.item() == pytest.approx(5, abs=0.05)


@pytest.mark.parametrize("name", ["two_inputs", "three_neurons", "hidden_layer"])
@pytest.mark.parametrize("seed", range(5))
def test_the_larger_networks_reach_their_targets(name: str, seed: int) -> None:
    net, _ = trained(name, seed)
    program = PROGRAMS[name].load()
    assert net(program.input).tolist() == pytest.approx(program.target.tolist(), abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_the_pipeline_is_the_hidden_layer(seed: int) -> None:
    assert trained("sequential", seed)[1] == trained("hidden_layer", seed)[1]


def test_the_line_is_learned() -> None:
    net, _ = trained("line", seed=0)
    assert net.fc.weight.item() == pytest.approx(2, abs=1e-3)
    assert net.fc.bias.item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("library", ["minigrad.guide", "reference"])
def test_two_features_do_not_fit_a_neuron_with_one_input(library: str) -> None:
    program = PROGRAMS["bias"].load(library)
    with pytest.raises(RuntimeError) as caught:
        program.Net()(program.torch.tensor([[1.0, 1.0]]))
    message = "mat1 and mat2 shapes cannot be multiplied (1x2 and 1x1)"
    assert str(caught.value).splitlines()[0] == message
