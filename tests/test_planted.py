"""Random programs find what is planted in minigrad, and print a program that shows it."""

import contextlib
import io
import sys
import warnings
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from test_state_machine import PASTE, Lockstep

import minigrad
from minigrad.autograd.engine import deposit_all
from minigrad.autograd.graph import Node
from minigrad.tensor import Tensor

IN_A_HURRY = {
    "max_examples": 100, "stateful_step_count": 12, "derandomize": True, "database": None,
    "deadline": None, "report_multiple_bugs": False, "suppress_health_check": list(HealthCheck),
}  # fmt: skip


def found(*phases: Phase) -> str:
    """What random programs say of minigrad as it is now."""
    chosen = settings(phases=(Phase.generate, *phases), **IN_A_HURRY)  # type: ignore[arg-type]
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(Lockstep, settings=chosen)
    return str(caught.value)


def printed(program: str, library: Any) -> str:
    """What a program prints, with the error that ends it and its warnings."""
    program = program.replace("import torch\n", "")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(program, {"torch": library})
        except Exception as error:
            print(type(error).__name__)
    return out.getvalue() + "".join(sorted({type(w.message).__name__ for w in caught}))


times = Tensor.__mul__
DOOR = sys.modules["minigrad.autograd.backward"]  # the name of the module is also its function's


def deposit_twice(gradients: Any, create_graph: bool) -> None:
    deposit_all(gradients, create_graph)
    deposit_all(gradients, create_graph)


PLANTED: dict[str, tuple[Any, str, Any]] = {
    "a wrong dtype": (Tensor, "__mul__", lambda a, b: times(a, b).float()),
    "a wrong shape": (Tensor, "contiguous", lambda t: t.reshape(-1)),
    "a wrong node": (Node, "name", lambda node: "AddBackward0"),
    "a version that is not counted": (Tensor, "_version", property(lambda t: 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_random_programs_find_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED[name])
    text = found()
    _, paste, program = text.partition(PASTE)
    assert paste
    assert printed(program, torch) != printed(program, minigrad)
    monkeypatch.undo()
    mine = printed(program, minigrad).replace("minigrad", "torch")
    assert mine.split() == printed(program, torch).split()


def test_the_program_has_a_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DOOR, "deposit_all", deposit_twice)
    difference, _, program = found(Phase.shrink).partition(PASTE)
    assert difference
    assert len(program.strip().splitlines()) <= 6, program
    assert "backward" in program
    assert printed(program, torch) != printed(program, minigrad)
