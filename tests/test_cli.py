"""The command `minigrad`: what it shows, what it accepts, and its manners."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.__main__ import main
from minigrad.guide import DEAD_SEED, LIVING_SEED, PROGRAMS, progress
from minigrad.guide.progress import StatusLine, relayed
from minigrad.version import __version__

ROOT = Path(__file__).parents[1]
WITHOUT_TORCH = (
    "import sys, runpy; sys.modules['torch'] = None;"
    "runpy.run_module('minigrad', run_name='__main__', alter_sys=True)"
)

Capture = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def overview() -> str:
    """What `python -m minigrad` prints where PyTorch cannot be imported."""
    command = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def section(overview: str, name: str) -> str:
    """The part of the overview that is about one program."""
    parts = overview.split("\n\n\n")
    return next(part for part in parts if f"minigrad guide {name}\n" in part)


# The main job


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_overview_shows_each_program(overview: str, name: str) -> None:
    part = section(overview, name)
    assert PROGRAMS[name].title.upper() in part
    assert PROGRAMS[name].teaches in " ".join(part.split())
    assert re.search(r"seed \d+ +start +end", part)
    assert re.search(r"loss +\d+\.\d{4} +0\.0\d{3}", part)  # it has learned


@pytest.mark.parametrize(
    ("name", "row", "end"),
    [
        ("one_neuron", "fc.weight", [5]),
        ("leaky_relu", "fc.weight", [5]),
        ("line", "fc.weight", [2]),
        ("line", "fc.bias", [1]),
    ],
)
def test_the_overview_shows_the_learned_weights(
    overview: str, name: str, row: str, end: list[float]
) -> None:
    start, learned = re.findall(rf"{row} +(-?[\d.]+) +(-?[\d.]+)", section(overview, name))[0]
    assert float(learned) == pytest.approx(end[0], abs=0.1)
    assert start != learned


def test_the_overview_shows_a_dead_and_a_living_relu(overview: str) -> None:
    dead, alive = section(overview, "relu").split("\n\n")[1:]
    assert re.search(rf"seed {DEAD_SEED} .*dead", dead)
    assert re.search(r"loss +25\.0000 +25\.0000", dead)
    assert re.search(r"fc.weight +(-[\d.]+) +\1\n", dead)
    assert re.search(rf"seed {LIVING_SEED} .*alive", alive)
    assert re.search(r"fc.weight +0[\d.]+ +[45][\d.]+\n", alive)


def test_the_overview_fits_a_terminal_of_80_columns(overview: str) -> None:
    assert max(map(len, overview.splitlines())) <= 80
    assert overview.isascii()


# One program


@pytest.mark.parametrize("name", PROGRAMS)
def test_guide_runs_a_program_with_its_options(name: str, capsys: Capture) -> None:
    PROGRAMS[name].load().main(seed=5, steps=3, lr=0.02, momentum=0.5)
    expected = capsys.readouterr().out
    options = ["--seed", "5", "--steps", "3", "--lr", "0.02", "--momentum", "0.5"]
    assert main(["guide", name, *options]) == 0
    assert capsys.readouterr() == (expected, "")


def test_guide_takes_the_defaults_of_the_program(capsys: Capture) -> None:
    PROGRAMS["sequential"].load().main()
    expected = capsys.readouterr().out
    assert main(["guide", "Sequential"]) == 0
    assert capsys.readouterr().out == expected


def test_guide_without_a_name_lists_the_programs(capsys: Capture) -> None:
    assert main(["guide"]) == 0
    out, err = capsys.readouterr()
    assert re.findall(r"^  (\w+)  ", out, re.MULTILINE) == list(PROGRAMS)
    assert all(entry.title in out and entry.network in out for entry in PROGRAMS.values())
    assert max(map(len, out.splitlines())) <= 100
    assert err == ""


# Help and errors


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["guide", "--help"],
        ["compile", "--help"],
        ["explain", "--help"],
        ["diagnose", "--help"],
    ],
)
def test_help_is_worth_reading(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "PyTorch" in out or "NumPy" in out
    assert max(map(len, out.splitlines())) <= 80
    assert err == ""


def test_help_of_guide_names_programs_and_options(capsys: Capture) -> None:
    main(["guide", "--help"])
    out = capsys.readouterr().out
    for word in [*PROGRAMS, "--seed", "--steps", "--lr", "--momentum"]:
        assert word in out


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"minigrad {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("giude", "no command is called 'giude'; did you mean 'guide'?"),
        ("relu", "no command is called 'relu'; did you mean 'guide relu'?"),
        ("xyz", "no command is called 'xyz'; `minigrad --help` lists them"),
        ("guide rleu", "no program is called 'rleu'; did you mean 'relu'?"),
        ("guide one-neuron", "did you mean 'one_neuron'"),
        ("guide xyz", "no program is called 'xyz'; `minigrad guide` lists them"),
        ("guide --seed 3", "--seed needs the NAME of a program to run"),
        ("guide relu --steps -3", "--steps: must be a whole number, 0 or more, not '-3'"),
        ("guide relu --steps 2.5", "--steps: must be a whole number, 0 or more, not '2.5'"),
        ("guide relu --lr nan", "--lr: must be a finite number, 0 or more, not 'nan'"),
        ("guide relu --lr inf", "--lr: must be a finite number, 0 or more, not 'inf'"),
        ("guide relu --lr -0.1", "--lr: must be a finite number, 0 or more, not '-0.1'"),
        ("guide relu --lr fast", "--lr: must be a finite number, 0 or more, not 'fast'"),
        ("guide relu --momentum -1", "--momentum: must be a finite number, 0 or more"),
        ("guide relu --seed x", "--seed: must be an integer of at most 64 bits, not 'x'"),
        (f"guide relu --seed {2**64}", "--seed: must be an integer of at most 64 bits"),
        (f"guide relu --steps {'9' * 5000}", "--steps"),
        ("guide relu bias", "unrecognized arguments: bias"),
        ("--nope", "unrecognized arguments: --nope"),
    ],
)
def test_a_mistake_is_explained_and_ends_in_status_2(
    arguments: str, complaint: str, capsys: Capture
) -> None:
    assert main(arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err.splitlines()[-1]


# Manners


def test_a_closed_pipe_ends_a_program_without_a_word() -> None:
    command = [sys.executable, "-m", "minigrad", "guide", "one_neuron", "--steps", "20000"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"Net(" + os.linesep.encode()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + 13


def test_a_closed_pipe_under_a_terminal_leaves_no_more_than_progress() -> None:
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "minigrad", "guide", "one_neuron", "--steps", "20000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal) as process:
        os.close(terminal)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        with contextlib.suppress(OSError):  # the way in which a terminal says that it is closed
            while seen := os.read(controller, 4096):
                assert b"Error" not in seen
    os.close(controller)
    assert process.returncode == 128 + 13


def test_ctrl_c_ends_a_program_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def interrupt(**options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PROGRAMS["relu"].load(), "main", interrupt)
    assert main(["guide", "relu"]) == 128 + 2
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show progress at once and always."""
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PERIOD", 0.0)


@pytest.mark.usefixtures("impatient")
def test_a_terminal_shows_progress_and_is_clean_afterwards() -> None:
    terminal = Terminal()
    with StatusLine(terminal) as status:
        status.tell("step 10")
        status.tell("step 9")
    assert terminal.getvalue() == "\rstep 10\rstep 9 \r      \r"


@pytest.mark.usefixtures("impatient")
def test_a_file_or_pipe_shows_no_progress() -> None:
    with io.StringIO() as pipe, StatusLine(pipe) as status:
        status.tell("step 10")
        assert pipe.getvalue() == ""


def test_short_runs_show_no_progress() -> None:
    terminal = Terminal()
    with StatusLine(terminal) as status:
        status.tell("step 10")
    assert terminal.getvalue() == ""


@pytest.mark.usefixtures("impatient")
def test_output_into_a_file_is_followed_on_the_terminal() -> None:
    file, terminal = io.StringIO(), Terminal()
    with relayed(file, terminal):
        print("Loss = 25.0")
        print("Loss = 16.0")
    assert file.getvalue() == "Loss = 25.0\nLoss = 16.0\n"
    assert "1 lines written, now: Loss = 16.0" in terminal.getvalue()
    assert terminal.getvalue().endswith(" \r")


@pytest.mark.usefixtures("impatient")
def test_output_on_the_terminal_is_not_followed_twice() -> None:
    terminal = Terminal()
    with relayed(terminal, terminal):
        pass
    assert terminal.getvalue() == ""


@pytest.mark.usefixtures("impatient")
def test_the_overview_shows_its_progress_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main([]) == 0
    assert "line: step 3000, loss" in terminal.getvalue()
    assert "\r" not in capsys.readouterr().out
