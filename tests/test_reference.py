"""The comparison with PyTorch: nine of nine equal, and it would notice if they were not."""

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference.__main__ as command
from minigrad.guide import DEAD_SEED, LIVING_SEED, PROGRAMS
from reference import lockstep as module
from reference.lockstep import STARTS, Parting, lockstep
from reference.ulps import same_bits, ulps

ROOT = Path(__file__).parents[1]

# Nine of nine


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_minigrad_and_torch_agree_in_every_bit(name: str, start: str) -> None:
    steps = 1000 if name == "line" else 100
    result = lockstep(name, start, seed=1, steps=steps)
    assert result.parting is None
    assert result.equal
    assert result.largest == {"loss": 0, "gradient": 0, "parameter": 0}
    assert result.steps == steps


@pytest.mark.parametrize("start", STARTS)
def test_the_relu_neuron_is_dead_or_alive(start: str) -> None:
    assert not lockstep("relu", start, DEAD_SEED).alive
    assert lockstep("relu", start, LIVING_SEED).alive
    assert lockstep("leaky_relu", start, DEAD_SEED).alive


def test_a_start_has_to_be_known() -> None:
    with pytest.raises(ValueError, match="a start is one of"):
        lockstep("relu", "somewhere")


# Planted differences


def sabotaged(name: str, when: int, spoil: Any) -> ModuleType:
    """A program of the guide that spoils its network (and returns its loss) after one step."""
    program = PROGRAMS[name].load()

    def train(net: Any, **options: Any) -> Iterator[Any]:
        for step, loss in enumerate(program.train(net, **options), start=1):
            yield spoil(net, loss) if step == when else loss

    return cast(ModuleType, SimpleNamespace(Net=program.Net, train=train))


def nudge(array: np.ndarray[Any, Any], steps: int = 1) -> None:
    """Move the first element up by some units in the last place."""
    for _ in range(steps):
        array.flat[0] = np.nextafter(array.flat[0], np.float32(np.inf))


def test_a_planted_parameter_is_found() -> None:
    def spoil(net: Any, loss: Any) -> Any:
        nudge(net.fc.bias.detach().numpy(), 3)
        return loss

    result = lockstep("three_neurons", ours=sabotaged("three_neurons", 7, spoil))
    assert result.parting == Parting(7, "parameter", "fc.bias", 3)
    assert result.largest["parameter"] >= 3
    assert not result.equal


def test_a_planted_gradient_is_found() -> None:
    def spoil(net: Any, loss: Any) -> Any:
        nudge(net.fc2.weight.grad.numpy())
        return loss

    result = lockstep("hidden_layer", "weights", ours=sabotaged("hidden_layer", 100, spoil))
    assert result.parting == Parting(100, "gradient", "fc2.weight", 1)
    assert result.largest == {"loss": 0, "gradient": 1, "parameter": 0}
    assert str(result.parting) == "at step 100, in the gradient of fc2.weight, by 1 ulp"


def test_a_planted_loss_is_found() -> None:
    def spoil(net: Any, loss: Any) -> Any:
        nudge(loss.detach().numpy(), 2)
        return loss

    result = lockstep("bias", ours=sabotaged("bias", 1, spoil))
    assert result.parting == Parting(1, "loss", "", 2)
    assert result.largest == {"loss": 2, "gradient": 0, "parameter": 0}
    assert str(result.parting) == "at step 1, in the loss, by 2 ulp"


def test_a_gradient_that_is_missing_is_found() -> None:
    def spoil(net: Any, loss: Any) -> Any:
        net.fc.weight.grad = None
        return loss

    result = lockstep("relu", ours=sabotaged("relu", 2, spoil))
    assert result.parting == Parting(2, "gradient", "fc.weight", math.inf)


def test_a_lost_sign_of_zero_is_found() -> None:
    def spoil(net: Any, loss: Any) -> Any:
        gradient = net.fc.weight.grad.numpy()
        gradient[...] = -gradient
        return loss

    result = lockstep("relu", seed=DEAD_SEED, ours=sabotaged("relu", 2, spoil))
    assert result.parting == Parting(2, "gradient", "fc.weight", 0)
    assert not result.equal


def test_other_first_weights_are_found_from_the_seed_but_not_from_the_weights() -> None:
    def net() -> Any:
        made = PROGRAMS["bias"].load().Net()
        nudge(made.fc.weight.detach().numpy())
        return made

    ours = cast(ModuleType, SimpleNamespace(Net=net, train=PROGRAMS["bias"].load().train))
    parted = lockstep("bias", "seed", ours=ours)
    assert parted.parting == Parting(0, "parameter", "fc.weight", 1)
    assert str(parted.parting) == "before the first step, in fc.weight, by 1 ulp"
    assert lockstep("bias", "weights", ours=ours).equal


# The distance in units in the last place


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (1.0, 1.0, 0),
        (0.0, -0.0, 0),
        (math.inf, math.inf, 0),
        (-math.inf, -math.inf, 0),
        (math.nan, math.nan, 0),
        (math.nan, -math.nan, 0),
        (math.nan, 1.0, math.inf),
        (math.nan, math.inf, math.inf),
        (math.nan, 0.0, math.inf),
    ],
)
def test_ulps_of_special_values(dtype: type, a: float, b: float, distance: float) -> None:
    x, y = dtype(a), dtype(b)
    assert ulps(x, y) == distance
    assert ulps(y, x) == distance


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ulps_counts_across_exponents_zero_and_infinity(dtype: type) -> None:
    info = np.finfo(dtype)
    one, tiny = dtype(1), info.smallest_subnormal
    assert ulps(one, one + info.eps) == 1
    assert ulps(one, one - info.epsneg) == 1
    assert ulps(one, dtype(2)) == 2**info.nmant
    assert ulps(tiny, -tiny) == 2
    assert ulps(dtype(-0.0), tiny) == 1
    assert ulps(info.smallest_normal, dtype(0)) == 2**info.nmant
    assert ulps(info.max, dtype(np.inf)) == 1
    # From end to end: all exponents but the last, twice over, plus the infinities.
    numbers = ((1 << info.bits - 1) - (1 << info.nmant)) * 2
    assert ulps(dtype(-np.inf), dtype(np.inf)) == float(numbers)


@given(st.floats(width=32, allow_nan=False), st.integers(0, 40))
def test_ulps_counts_the_steps_of_nextafter(value: float, count: int) -> None:
    x = y = np.float32(value)
    with np.errstate(over="ignore"):
        for _ in range(count):
            y = np.nextafter(y, np.float32(np.inf))
    expected = min(count, ulps(x, np.float32(np.inf)))
    assert ulps(x, y) == ulps(y, x) == expected


def test_ulps_keeps_the_shape() -> None:
    x = np.array([[1, 2], [3, 4]], np.float32)
    y = x.copy()
    nudge(y, 5)
    assert ulps(x, y).tolist() == [[5, 0], [0, 0]]
    assert ulps(x.T, y.T).tolist() == [[5, 0], [0, 0]]
    assert ulps(x[:0], y[:0]).shape == (0, 2)


def test_ulps_refuses_what_cannot_be_compared() -> None:
    x = np.ones(2, np.float32)
    with pytest.raises(TypeError, match="float32, float64"):
        ulps(x, x.astype(np.float64))
    with pytest.raises(TypeError, match="int64"):
        ulps(np.ones(2, np.int64), np.ones(2, np.int64))
    with pytest.raises(ValueError, match="shape"):
        ulps(x, x[:1])


def test_bits_are_equal_up_to_the_kind_of_nan() -> None:
    zero, nan = np.array([0.0]), np.array([math.nan])
    assert same_bits(nan, -nan)
    assert same_bits(zero, zero.copy())
    assert not same_bits(zero, -zero)
    assert not same_bits(zero, nan)
    assert not same_bits(zero, zero.astype(np.float32))
    assert not same_bits(zero, zero[:0])


# The command


def test_the_table_shows_that_all_are_equal(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--steps", "20", "--seed", str(DEAD_SEED)]) == 0
    out, err = capsys.readouterr()
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    for name in PROGRAMS:
        state = "dead" if name == "relu" else "alive"
        assert rows[name] == [name, "20", "0", "0", "0", "equal", state]
    assert "9 of 9 equal in every bit" in out
    assert err == ""


def test_names_choose_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["bias", "relu", "--steps", "2"]) == 0
    assert "2 of 2 equal" in capsys.readouterr().out


def test_a_difference_is_told_and_ends_in_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def spoil(net: Any, loss: Any) -> Any:
        nudge(net.fc.weight.grad.numpy())
        return loss

    def parted(name: str, start: str, seed: int, steps: int | None) -> module.Result:
        ours = sabotaged(name, 2, spoil) if name == "bias" else None
        return lockstep(name, start, seed, steps, ours=ours)

    monkeypatch.setattr(module, "lockstep", parted)
    assert command.main(["relu", "bias", "--steps", "3"]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 equal" in out
    assert "bias, same seed: they part at step 2, in the gradient of fc.weight, by 1 ulp" in out
    assert "bias, same weights: they part at step 2" in out


@pytest.mark.parametrize("arguments", [["rleu"], ["--steps", "-1"], ["--seed", "x"]])
def test_a_wrong_command_line_ends_in_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    assert "error: argument" in capsys.readouterr().err


def test_without_torch_one_line_says_what_to_install() -> None:
    code = (
        "import sys, runpy; sys.modules['torch'] = None; sys.argv = ['reference'];"
        "runpy.run_module('reference', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'pip install ".[reference]"' in done.stderr
