"""The benchmarks: everybody computes the same, takes turns, and the numbers are what they say.

Nothing here asserts that anything is fast.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from math import inf, isnan, nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

import minigrad
from benchmarks import command, footprint, machine, measure, processes, report
from benchmarks.__main__ import main
from benchmarks.contest import Pace, Row, Wrong, check, compete, difference
from benchmarks.contestants import CONTESTANTS, compiled
from benchmarks.entrants import cuda, scalars
from benchmarks.measure import Effort, Entered, enter, reference
from benchmarks.picture import draw
from benchmarks.problems import Chain, Cloud, Net, Nothing, Points, Problem, perceptron
from benchmarks.results import Results, Table, crossing
from benchmarks.statistics import Summary, crossings, ratio, summary
from benchmarks.svg import Scale
from benchmarks.trial import Laps, Missing, Trial
from benchmarks.workloads import SWEEPS, WORKLOADS, Workload

ROOT = Path(__file__).parents[1]
HERE = ("minigrad", "torch", "numpy", "numpy-plain")  # who is there wherever the tests are
COMPUTING = [workload for workload in WORKLOADS if reference(workload)]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True, scope="module")
def small_heap() -> Iterator[None]:
    """A contest ends with `gc.unfreeze()`: the next would search all that the tests have made."""
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "unfreeze", lambda: None)
        yield


@pytest.fixture(scope="module")
def entered() -> Entered:
    return enter(HERE, print)


def small(problem: Problem) -> Problem:
    """A problem of the same form that takes no time."""
    if isinstance(problem, Net):
        sizes = tuple(min(size, 24) for size in problem.sizes)
        return replace(problem, sizes=sizes, batch=min(problem.batch, 8))
    if isinstance(problem, Points):
        return Points(1000)
    if isinstance(problem, Chain):
        return Chain(100)
    assert isinstance(problem, Cloud)
    return Cloud(10, (2, 4, 1))


def shrunk(name: str) -> Workload:
    workload = next(workload for workload in WORKLOADS if workload.name == name)
    return replace(workload, problem=small(workload.problem))


# ---- what is computed ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [workload.name for workload in COMPUTING])
def test_all_contestants_compute_what_float64_computes(entered: Entered, name: str) -> None:
    workload = shrunk(name)
    trials = entered.trials(workload, HERE)
    assert "minigrad" in trials
    assert "numpy-plain" in trials
    for prepare in trials.values():
        assert check(prepare(), reference(workload)) < 1e-5


def test_minigrad_and_torch_run_every_workload_but_scalars(entered: Entered) -> None:
    kinds = {workload.kind for workload in WORKLOADS}
    assert kinds <= set(entered.programs["minigrad"])
    assert kinds - {"scalar"} <= set(entered.programs["torch"])


@pytest.mark.parametrize("name", ["mlp-small", "elementwise"])
def test_a_compiled_step_is_checked_like_any_other(entered: Entered, name: str) -> None:
    calls = []

    def compile(step: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: (calls.append(1), step(*arguments))[1]

    programs = compiled(entered.programs["torch"], compile)
    workload = shrunk(name)
    assert check(programs[workload.kind](workload.problem), reference(workload)) < 1e-5
    assert calls
    assert "chain" not in programs


def test_the_floor_has_a_program_of_its_own_for_each_tiny_net(entered: Entered) -> None:
    steps = {
        name: entered.programs["numpy"]["training"](shrunk(name).problem).step.__qualname__
        for name in ("neuron", "neuron-momentum", "hidden", "mlp-small")
    }
    assert len(set(steps.values())) == 4


@pytest.mark.parametrize("points", [3, 10])
def test_the_scalar_program_takes_any_engine_of_numbers(points: int) -> None:
    problem = Cloud(points, (2, 3, 1))
    workload = Workload("scalar", "", "scalar", problem)
    assert check(scalars.scalar(minigrad.Scalar, problem), reference(workload)) < 1e-12


def spoilt(spoil: Callable[[Any], Any]) -> Trial:
    """minigrad's training, with its first weight spoilt on the way to the check."""
    problem = shrunk("mlp-small").problem
    trial = enter(["minigrad"], print).programs["minigrad"]["training"](problem)
    honest = trial.state

    def state(result: Any) -> Any:
        found = dict(honest(result))
        change = found["weight 0"] - trial.start()["weight 0"]
        return found | {"weight 0": trial.start()["weight 0"] + spoil(change)}

    return replace(trial, state=state)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda change: change * 1.01,
        lambda change: -change,
        lambda change: 0 * change,
        lambda change: change * nan,
        lambda change: np.stack([change, change]),
    ],
)
def test_whoever_computes_something_else_is_refused(spoil: Callable[[Any], Any]) -> None:
    with pytest.raises(Wrong, match=r"its weight 0 is .* off from float64's"):
        check(spoilt(spoil), reference(shrunk("mlp-small")))


def test_whoever_computes_something_else_is_not_timed() -> None:
    wrong = {"spoilt": lambda: spoilt(lambda change: 2 * change)}
    (row,) = compete(wrong, reference(shrunk("mlp-small")), Pace(3, 0.0))
    assert row.costs == []
    assert row.why is not None
    assert row.why.startswith("wrong: its weight 0")


def test_a_difference_is_a_part_of_the_change() -> None:
    start, expected = np.full(4, 10.0), np.full(4, 11.0)
    assert difference(expected + 0.25, expected, None, 1) == pytest.approx(0.25 / 11)
    assert difference(expected + 0.25, expected, start, 1) == pytest.approx(0.25, rel=1e-4)
    assert difference(expected + 1e-7, expected, start, 1) == 0  # float32's own rounding
    assert difference(expected[:3], expected, None, 1) == inf


# ---- turns --------------------------------------------------------------------------------------


def fakes(*names: str, cost: float = 2.0) -> tuple[dict[str, Callable[[], Trial]], list[str]]:
    """Contestants whose turns are written down, and the list that they are written into."""
    turns: list[str] = []

    def prepare(name: str) -> Trial:
        def measure(step: Any, arguments: Any, count: int) -> float:
            turns.append(name)
            return cost * (1 + names.index(name))

        return Trial(lambda: None, measure=measure, once=True)

    return {name: partial(prepare, name) for name in names}, turns


def test_contestants_take_turns_and_everybody_is_first_sometimes() -> None:
    trials, turns = fakes("a", "b", "c")
    rows = compete(trials, None, Pace(rounds=4))
    assert "".join(turns) == "abcbcacababc"
    assert [row.costs for row in rows] == [[2.0] * 4, [4.0] * 4, [6.0] * 4]
    assert all(isnan(row.error) for row in rows)


def test_warming_up_is_not_counted() -> None:
    costs = count(1)
    trial = Trial(lambda: None, measure=lambda step, arguments, n: next(costs))
    (row,) = compete({"a": lambda: trial}, None, Pace(rounds=3, turn=0.0))
    assert len(row.costs) == 3
    assert row.costs[0] > 2  # the first turns were for finding the count, and for warming up


def test_rounds_fit_into_the_budget() -> None:
    slow = Trial(lambda: None, measure=lambda step, arguments, n: sleep(0.002))
    (row,) = compete({"a": lambda: slow}, None, Pace(rounds=99, turn=0.001, budget=0.01, least=2))
    assert 2 <= len(row.costs) <= 5


def sleep(seconds: float) -> float:
    import time

    time.sleep(seconds)
    return seconds


def test_a_contestant_who_fails_leaves_a_reason_and_the_others_run() -> None:
    trials, turns = fakes("a", "b")

    def broken() -> Trial:
        raise ValueError("\n  no such op\nand much more")

    def refusing() -> Trial:
        raise Missing("not today")

    rows = compete(trials | {"broken": broken, "refusing": refusing}, None, Pace(rounds=2))
    assert {row.contestant: row.why for row in rows} == {
        "a": None,
        "b": None,
        "broken": "ValueError: no such op and much more",
        "refusing": "not today",
    }
    assert "".join(turns) == "abba"


def test_the_parts_of_a_step_are_means_by_step() -> None:
    laps = Laps("build", "walk")
    laps.note(0.0, 1.0, 3.0)
    laps.note(10.0, 12.0, 13.0)
    assert laps.take() == {"build": 1.5, "walk": 1.5}
    assert laps.take() == {"build": 0.0, "walk": 0.0}


def test_a_chain_tells_its_parts_for_each_node(entered: Entered) -> None:
    workload = replace(shrunk("chain-10k"), per=100)
    table = measure.table_of(workload, entered, HERE, Pace(rounds=2, turn=0.0), print)
    for row in table.rows:
        assert list(row.parts) == ["build", "walk", "drop"]
        assert sum(costs[0] for costs in row.parts.values()) <= row.costs[0]


# ---- statistics ---------------------------------------------------------------------------------


def test_summaries_are_medians_and_quartiles() -> None:
    assert summary([5.0, 1.0, 3.0, 2.0, 4.0]) == Summary(3.0, 2.0, 4.0)
    assert summary([1.0, 2.0]) == Summary(1.5, 1.25, 1.75)
    assert summary([7.0]) == Summary(7.0, 7.0, 7.0)
    assert isnan(summary([]).median)


def test_ratios_are_taken_within_a_round() -> None:
    drifting, twice = [1.0, 10.0, 100.0], [2.0, 20.0, 200.0]
    assert ratio(twice, drifting) == Summary(2.0, 2.0, 2.0)
    assert ratio([1.0], [0.0]).median == inf


@pytest.mark.parametrize(
    ("found", "vague"),
    [
        (Summary(1.1, 1.0, 1.2), True),
        (Summary(1.1, 1.08, 1.12), False),
        (Summary(9.0, 4.0, 13.0), False),
        (Summary(2.0, 1.0, 3.0), True),
        (Summary(0.5, 0.4, 0.6), False),
        (Summary(0.9, 0.8, 1.0), True),
        (Summary(1.0, 1.0, 1.0), False),
        (Summary(0.0, 0.0, 1.0), True),
    ],
)
def test_a_ratio_is_vague_if_its_spread_is_larger_than_its_difference(
    found: Summary, vague: bool
) -> None:
    assert found.vague is vague


def test_crossings_lie_on_the_line_between_logarithms() -> None:
    assert crossings([1, 100], [10.0, 0.1]) == pytest.approx([10.0])
    assert crossings([1, 10, 100], [2.0, 2.0, 2.0]) == []
    assert len(crossings([1, 10, 100], [0.5, 2.0, 0.5])) == 2


def curve(*costs: tuple[float, float, float]) -> list[Table]:
    """A sweep: at each size, torch's cost and minigrad's least and largest."""
    return [
        Table("width", "", "s", "step", "torch", None, rows, "width", 10**i)
        for i, (theirs, low, high) in enumerate(costs)
        for rows in [[Row("torch", [theirs] * 2), Row("minigrad", [low, high])]]
    ]


def test_a_crossing_is_one_beyond_doubt() -> None:
    clear = curve((2, 1, 1), (1, 2, 2))
    doubtful = curve((2, 1, 1), (2, 1.9, 2.2), (2, 1, 1))
    assert crossing(clear, "minigrad", "torch") == pytest.approx([10**0.5])
    assert crossing(doubtful, "minigrad", "torch") == []


# ---- who is missing -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contestant", "module"),
    [("torch", "torch"), ("micrograd", "micrograd.engine"), ("jax", "jax"), ("mygrad", "mygrad")],
)
def test_what_is_not_installed_is_said(
    contestant: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    files = [name for name in sys.modules if name.startswith("benchmarks.entrants.")]
    for name in files:
        monkeypatch.delitem(sys.modules, name)
    entered = enter([contestant], print)
    assert entered.missing == {contestant: f"{module} is not installed"}


def test_without_a_gpu_the_rows_say_so(entered: Entered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    names = ("torch", "torch-cuda", "torch-cuda-graph")
    table = measure.table_of(
        shrunk("neuron"), enter(names, print), names, Pace(rounds=1, turn=0.0), print
    )
    assert "\n  torch-cuda, torch-cuda-graph: no CUDA device here" in report.table_text(table)


def test_a_torch_without_cuda_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "built without CUDA" in enter(["torch-cuda"], print).missing["torch-cuda"]


def test_minigrad_compile_runs_or_says_why(
    entered: Entered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(step: Any) -> Any:
        raise NotImplementedError("cannot compile this")

    monkeypatch.setattr(minigrad, "compile", refuse, raising=False)
    names = ("minigrad-compile",)
    table = measure.table_of(
        shrunk("neuron"), enter(names, print), names, Pace(rounds=1, turn=0.0), print
    )
    assert "minigrad-compile: NotImplementedError: cannot compile this" in report.table_text(table)


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (
            subprocess.CalledProcessError(1, "", stderr="Traceback\nInvalidCxxCompiler: no g++\n"),
            "does not work here: no reason given",
        ),
        (
            subprocess.CalledProcessError(1, "", stderr="Traceback\nRuntimeError: no g++\nhint"),
            "does not work here: RuntimeError: no g++",
        ),
        (subprocess.TimeoutExpired("", 1), "is not done after"),
    ],
)
def test_torch_compile_is_tried_before_it_enters(
    failure: Exception, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*command: Any, **options: Any) -> Any:
        assert options["timeout"]
        raise failure

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
    assert why in enter(["torch-compile"], print).missing["torch-compile"]


def test_ratios_are_told_to_the_first_who_has_run_if_the_rival_has_not() -> None:
    rows = [Row("minigrad", [1.0]), Row("torch", why="gone"), Row("jax", [3.0])]
    table = Table.of(shrunk("neuron"), rows, ["torch", "jax"])
    assert table.rival == "jax"
    assert table.gain("minigrad") == Summary(3.0, 3.0, 3.0)
    assert table.distance("minigrad") is None


# ---- a GPU that is not there --------------------------------------------------------------------


class FakeCuda:
    """As much of `torch.cuda` as is used: a graph repeats what was launched while it recorded."""

    def __init__(self) -> None:
        self.recording = False
        self.recorded: list[Callable[[], None]] = []
        self.now = 0.0

    def launch(self, kernel: Callable[[], None]) -> None:
        """Run a kernel, or record it."""
        (self.recorded.append if self.recording else lambda run: run())(kernel)

    def Stream(self) -> Any:
        return SimpleNamespace(wait_stream=lambda other: None)

    current_stream = Stream

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        yield

    @contextmanager
    def graph(self, graph: Any) -> Iterator[None]:
        self.recording = True
        yield
        self.recording = False

    def CUDAGraph(self) -> Any:
        return SimpleNamespace(replay=lambda: [kernel() for kernel in self.recorded])

    def synchronize(self) -> None:
        pass

    def Event(self, enable_timing: bool) -> Any:
        event = SimpleNamespace(time=nan, synchronize=self.synchronize)
        event.record = lambda: setattr(event, "time", self.now)
        event.elapsed_time = lambda end: end.time - event.time
        return event


def test_a_captured_step_is_replayed_and_its_warming_up_counted_as_steps() -> None:
    gpu, weight = FakeCuda(), np.zeros(1)

    def step() -> np.ndarray[Any, Any]:
        gpu.launch(lambda: weight.__iadd__(1))
        return weight

    trial = cuda.capture(SimpleNamespace(cuda=gpu), Trial(step))
    assert trial.begun == cuda.WARMING == weight[0]
    assert trial.step() is weight
    assert weight[0] == cuda.WARMING + 1


def test_a_gpu_is_timed_by_its_own_clock() -> None:
    gpu = FakeCuda()

    def step(milliseconds: float) -> None:
        gpu.now += milliseconds

    assert cuda.by_events(SimpleNamespace(cuda=gpu), step, (5.0,), 8) == pytest.approx(0.005)


# ---- processes of their own ---------------------------------------------------------------------


def test_numpy_is_not_imported_before_the_threads_are_set() -> None:
    code = "import sys, benchmarks.__main__; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_an_import_is_measured_in_seconds(entered: Entered) -> None:
    table = measure.table_of(shrunk_import(), entered, ("numpy",), Pace(rounds=1), print)
    assert 0 < table.rows[0].costs[0] < 60


def shrunk_import() -> Workload:
    return next(workload for workload in WORKLOADS if workload.kind == "load")


def test_what_fails_in_a_process_says_its_last_line() -> None:
    with pytest.raises(Missing, match="ModuleNotFoundError: No module named 'no_such_module'"):
        processes.load("no_such_module", Nothing())


def test_an_import_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "mkdtemp", lambda prefix: str(tmp_path / "bytecode"))
    trial = processes.load("colorsys", Nothing())
    assert list((tmp_path / "bytecode").rglob("colorsys*.pyc"))
    del trial
    gc.collect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells memory in other ways")
def test_the_peak_of_memory_is_that_of_the_process() -> None:
    before, peak = footprint.resident(), footprint.highest()
    assert 1 << 20 < before <= peak * 1.01
    block = np.ones(1 << 24)
    assert footprint.highest() >= before + 0.9 * block.nbytes


# ---- sweeps -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_ends_when_a_step_takes_too_long(entered: Entered, name: str) -> None:
    pace = Pace(rounds=1, turn=0.0, least=1)
    effort = Effort(pace, pace, processes=1, factor=4, longest=1e-9)
    (table,) = measure.sweep(name, entered, HERE, effort, print)
    assert (table.sweep, table.size) == (name, 1)
    assert {row.contestant for row in table.rows} == {"minigrad", "torch", "numpy"}


def test_a_sweep_ends_when_the_memory_is_used_up(
    entered: Entered, monkeypatch: pytest.MonkeyPatch
) -> None:
    net_of = SWEEPS["batch"][1]
    monkeypatch.setattr(machine, "available_memory", lambda: 2 * 3 * net_of(16).memory)
    pace = Pace(rounds=1, turn=0.0, least=1)
    effort = Effort(pace, pace, processes=1, factor=4, longest=inf)
    sizes = [table.size for table in measure.sweep("batch", entered, HERE, effort, print)]
    assert sizes == [1, 4, 16]


def test_a_net_knows_its_parameters() -> None:
    assert perceptron(64, 128, 64, 10, batch=1).parameters == 65 * 128 + 129 * 64 + 65 * 10


# ---- the machine --------------------------------------------------------------------------------


def test_threads_are_set_for_the_time_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("NPROC", raising=False)
    before = torch.get_num_threads()
    with machine.threads(2):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["NPROC"] == "2"
        assert torch.get_num_threads() == 2
        assert machine.describe(2)["threads"] == 2
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "NPROC" not in os.environ
    assert torch.get_num_threads() == before


def test_the_machine_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    found = machine.describe(1)
    assert found["environment"]["OPENBLAS_CORETYPE"] == "Haswell"
    assert found["libraries"]["numpy"] == np.__version__
    assert found["cores"] >= 1
    assert json.loads(json.dumps(found)) == found


def test_without_threadpoolctl_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with machine.threads(1):
        told = report.threads_text(machine.describe(1))
    assert 'pip install "minigrad-learn[bench]"' in told


# ---- the command --------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make --quick quicker than a person could want."""
    pace = Pace(rounds=2, turn=0.0, least=2)
    effort = Effort(pace, pace, processes=1, factor=64, longest=inf)
    monkeypatch.setattr(command, "QUICK", effort)
    monkeypatch.setattr(machine, "available_memory", lambda: 1 << 22)


RUN = ["neuron", "mlp-small", "second-order", "batch", "--quick", "--against", "numpy,torch"]


@pytest.mark.usefixtures("quick")
def test_the_json_has_what_the_tables_show(tmp_path: Path, capsys: Capture) -> None:
    path, picture = tmp_path / "results.json", tmp_path / "results.svg"
    assert main([*RUN, "--json", str(path), "--plot", str(picture)]) == 0
    printed, complaints = capsys.readouterr()
    assert complaints == ""

    content = json.loads(path.read_text())
    assert content["machine"]["libraries"]["torch"] == torch.__version__
    assert content["run"]["command"].startswith("python -m benchmarks neuron")
    tables = {table["workload"]: table for table in content["tables"]}
    assert {"neuron", "mlp-small", "second-order", "batch 1", "batch 64"} <= set(tables)
    for name in ("neuron", "mlp-small", "second-order"):
        shown = printed.split(f"\n{name}: ")[1].split("\n\n")[0]
        for row in tables[name]["rows"]:
            if row["cost"]:
                assert len(row["costs"]) == 2
                assert report.cost_text(row["cost"]["median"], "s") in shown
                gain = report.digits(row["gain"]["median"])
                assert row["contestant"] == "torch" or gain in shown
    assert tables["neuron"]["rows"][0]["distance"]["median"] > 0

    root = ElementTree.parse(picture).getroot()
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"neuron", "mlp-small", "second-order"} <= texts

    assert main(["--load", str(path), "--plot", str(picture)]) == 0
    again = capsys.readouterr().out
    assert printed.split("neuron: ", 1)[1] == again.split("neuron: ", 1)[1]


@pytest.mark.usefixtures("quick")
def test_results_survive_being_written_and_read(tmp_path: Path) -> None:
    path, copy = tmp_path / "results.json", tmp_path / "copy.json"
    assert (
        main(["hidden", "--quick", "--against", "torch,jax,torch-cuda", "--json", str(path)]) == 0
    )
    Results.read(path).write(copy)
    assert path.read_text() == copy.read_text()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["mlp"], ["mlp-small", "mlp-mid", "mlp-large"]),
        (["neuron"], ["neuron"]),
        (["chain", "Import"], ["chain-10k", "chain-100k", "import"]),
        (["width", "math"], ["math", "width"]),
        ([], [*(workload.name for workload in WORKLOADS), *SWEEPS]),
    ],
)
def test_a_word_means_a_workload_or_a_family(words: list[str], names: list[str]) -> None:
    from benchmarks.__main__ import build_parser

    assert command.workloads(build_parser(), words) == names


def test_minigrad_always_runs_and_nobody_twice() -> None:
    from benchmarks.__main__ import build_parser

    parser = build_parser()
    found = command.contestants(parser, "torch, NumPy,torch", quick=False)
    assert found == ["minigrad", "minigrad-compile", "torch", "numpy"]
    assert command.contestants(parser, None, quick=False) == list(CONTESTANTS)
    assert "torch-compile" not in command.contestants(parser, None, quick=True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nuron"], "no workload is called 'nuron'; did you mean 'neuron'"),
        (["xyzzy"], "`python -m benchmarks --help` lists them"),
        (["--against", "pytorch"], "no contestant is called 'pytorch'; did you mean 'torch'"),
        (["--threads", "0"], "must be a whole number, 1 or more, not '0'"),
        (["--threads", "many"], "must be a whole number, 1 or more, not 'many'"),
        (["--json", "no/such/folder/a.json"], "cannot write 'no/such/folder/a.json': No such"),
        (["--plot", "a.png"], "the picture is an SVG, so not 'a.png'"),
        (["--load", "no-such-file.json"], "cannot read results from 'no-such-file.json'"),
        (["--load", str(ROOT / "pyproject.toml")], "cannot read results from"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_errors_end_with_status_2_and_say_what_is_wrong(
    words: list[str], complaint: str, capsys: Capture
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err


def test_the_help_lists_all_workloads_and_contestants(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for name in (*(workload.name for workload in WORKLOADS), *SWEEPS, *CONTESTANTS):
        assert f"\n  {name} " in told


# ---- text and picture ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0012, "1.20 ms"),
        (1.5e-7, "150 ns"),
        (2.0, "2.00 s"),
        (99.96e-6, "100 us"),
        (0.0, "0.00 ns"),
    ],
)
def test_costs_have_three_digits_and_a_unit(value: float, told: str) -> None:
    assert report.cost_text(value, "s") == told
    assert report.cost_text(12.3, "x") == "12.3 x"


def test_a_row_whose_spread_is_larger_than_its_difference_says_so() -> None:
    assert report.ratio_text(Summary(1.1, 0.9, 1.3)) == "1.10* (0.90-1.30)"
    assert report.ratio_text(Summary(9.0, 8.9, 9.1)) == "9.00  (8.90-9.10)"


def test_the_picture_shows_where_two_cross() -> None:
    results = Results(machine.describe(1), {}, {}, curve((2, 1, 1), (1, 2, 2)))
    assert "n = 3<" in draw(results)
    ElementTree.fromstring(draw(results))


def test_a_picture_of_nothing_is_a_picture() -> None:
    ElementTree.fromstring(draw(Results(machine.describe(1), {}, {}, [])))


def test_scales_are_logarithmic() -> None:
    scale = Scale(1, 100, 0, 200)
    assert [scale(value) for value in (1, 10, 100)] == [0, 100, 200]
    assert scale.ticks(1, 2, 5) == pytest.approx([1, 2, 5, 10, 20, 50, 100])
