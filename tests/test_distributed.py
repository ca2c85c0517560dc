"""`python -m reference distributed`: two processes make minigrad's updates, and go away."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reference.__main__ as command
from reference import distributed as module
from reference.distributed import PROCESSES, Step, close, difference, jobs, train_whole, wait

SLEEP = "import time; time.sleep(60)"


def test_two_processes_make_the_updates_of_the_whole_batch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = spied(monkeypatch)
    assert command.main(["distributed", "--steps", "3"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines() if line[:4].strip().isdigit()]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert all(float(row[1]) == pytest.approx(float(row[2]), rel=1e-5) for row in rows)
    assert float(rows[-1][2]) < float(rows[0][2])
    assert "The updates are equal" in out
    assert err == ""
    assert [process.poll() for process in started] == [0] * PROCESSES


def spied(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started from now on."""
    started = []

    class Spied(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(module.subprocess, "Popen", Spied)
    return started


def test_the_processes_share_the_rows() -> None:
    job, _ = jobs("line", seed=0, steps=1)
    parts = [job.part(rank) for rank in range(PROCESSES)]
    assert sorted(np.concatenate([part.input for part in parts]).ravel()) == sorted(
        job.input.ravel()
    )
    assert len({len(part.input) for part in parts}) == 1


def test_a_difference_is_told_and_ends_in_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def trained(job: Any) -> list[list[Step]]:
        ours, _ = jobs("bias", seed=1, steps=2)
        steps = list(train_whole(ours))
        moved = {name: value + 1e-3 for name, value in steps[1].parameters.items()}
        return [steps, [steps[0], replace(steps[1], parameters=moved)]]

    monkeypatch.setattr(module, "train_distributed", trained)
    assert command.main(["distributed", "bias", "--steps", "2"]) == 1
    out = capsys.readouterr().out
    assert "1.0e-03" in out
    assert "The updates differ by more than rounding." in out


def test_steps_are_close_up_to_rounding() -> None:
    a, b, c = (Step(0.0, {"w": np.array([1.0, v])}) for v in (2.0, 2.0 + 1e-7, 2.1))
    assert close(a, b)
    assert not close(a, c)
    assert difference(a, c) == pytest.approx(0.1)


# ---- when something goes wrong ------------------------------------------------------------------


def started(*programs: str) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen([sys.executable, "-c", program]) for program in programs]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for rank in range(PROCESSES):
        (tmp_path / f"said{rank}").write_text(f"what process {rank} said")
    return tmp_path


@pytest.mark.parametrize(
    ("programs", "patience", "error"),
    [
        (
            [SLEEP, "raise SystemExit(3)"],
            30,
            "process 1 ended with status 3",
        ),
        ([SLEEP, ""], 0.5, "they did not end in time"),
    ],
)
def test_nobody_waits_for_what_will_not_come(
    programs: list[str], patience: float, error: str, place: Path
) -> None:
    running = started(*programs)
    try:
        with pytest.raises((RuntimeError, TimeoutError), match=error):
            wait(running, place, time.monotonic() + patience)
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_a_failure_ends_in_status_2_and_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = spied(monkeypatch)
    programs = iter([SLEEP, "raise ValueError('no')"])
    monkeypatch.setattr(module, "WORK", Work(programs))
    assert command.main(["distributed"]) == 2
    assert "ValueError: no" in capsys.readouterr().err
    assert all(process.poll() is not None for process in running)


class Work:
    """The command of a process, another one each time."""

    def __init__(self, programs: Any) -> None:
        self.programs = programs

    def __iter__(self) -> Any:
        return iter([sys.executable, "-c", next(self.programs)])


@pytest.mark.parametrize("words", [["nope"], ["--steps", "-1"]])
def test_a_wrong_command_line_ends_in_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["distributed", *words]) == 2
    assert "error: argument" in capsys.readouterr().err
