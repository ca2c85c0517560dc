"""The curves of a program are its numbers, and whoever has no matplotlib is told so."""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad.__main__ import main
from minigrad.autograd.watch import listeners
from minigrad.guide import PROGRAMS
from minigrad.guide.plotted import activation_curve, figure, run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what matplotlib imports
    import matplotlib.figure

ACTIVATED = {
    name: "relu" if name == "relu" else "leaky_relu"
    for name in PROGRAMS
    if name not in ("one_neuron", "line")
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_curves_are_those_of_the_training(name: str) -> None:
    course = run(PROGRAMS[name], seed=3, steps=20)
    module = PROGRAMS[name].load()
    minigrad.manual_seed(3)
    net = module.Net()
    first = [p.detach().numpy().copy() for p in net.parameters()]
    assert course.losses == [loss.item() for loss in module.train(net, 20)]
    values = list(course.parameters.values())
    assert all(len(curve) == 21 for curve in values)
    for at, parameters in ((0, first), (-1, [p.detach().numpy() for p in net.parameters()])):
        flat = np.concatenate([p.reshape(-1) for p in parameters])
        assert [curve[at] for curve in values] == flat.tolist()
    assert course.activation == ACTIVATED.get(name, "")
    assert len(course.met) == (21 if name in ACTIVATED else 0)
    if name == "relu":
        assert course.met[0] == first[0]
    assert not any("plotted" in listener.__module__ for listener in listeners)


def test_the_derivative_at_the_kink_is_the_engines() -> None:
    xs = np.array([-2, 0, 2], "float32")
    assert activation_curve("relu", xs)[1].tolist() == [0, 0, 1]
    y, slope = activation_curve("leaky_relu", xs)
    assert y.tolist() == [np.float32(-0.02), 0, 2]
    assert slope.tolist() == [np.float32(0.01), np.float32(0.01), 1]


@pytest.mark.parametrize("name", ["one_neuron", "relu", "hidden_layer"])
def test_the_panels_show_them(name: str) -> None:
    course = run(PROGRAMS[name], seed=3, steps=20)
    drawn: Any = figure(PROGRAMS[name], course)
    assert isinstance(drawn, matplotlib.figure.Figure)
    titles = [axes.get_title() for axes in drawn.axes]
    assert titles == ["loss", "parameters", "activation"][: 3 if course.activation else 2]
    assert drawn.axes[0].lines[0].get_ydata().tolist() == course.losses
    curves = {line.get_label(): line.get_ydata().tolist() for line in drawn.axes[1].lines}
    assert curves == course.parameters
    if course.activation:
        labels = [line.get_label() for line in drawn.axes[2].lines]
        assert labels == [course.activation, "its derivative", "start", "end"]


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_command_writes_a_file(suffix: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / f"curves.{suffix}"
    assert main(["guide", "relu", "--steps", "3", "--seed", "1", "--plot", str(path)]) == 0
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")


def test_without_a_file_it_is_called_like_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["guide", "bias", "--steps", "0", "--plot"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["bias.png"]


def test_what_cannot_be_written_is_said(tmp_path: Path, capsys: Any) -> None:
    for path in (tmp_path / "curves.word", tmp_path / "nowhere" / "curves.png"):
        assert main(["guide", "bias", "--steps", "1", "--plot", str(path)]) == 2
        assert f"--plot {path}: " in capsys.readouterr().err
    assert main(["guide", "--plot"]) == 2
    assert "--plot needs the NAME of a program" in capsys.readouterr().err


def test_without_matplotlib_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["guide", "relu", "--plot"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "plots need the package matplotlib" in err
    assert '".[plot]"' in err
