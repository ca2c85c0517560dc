"""The page of an explanation: what stands in it, without a browser."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import Scalar, explain, nn, optim
from minigrad.__main__ import main
from minigrad.doctor import diagnose_program
from minigrad.guide import PROGRAMS
from minigrad.page import program_page, story_page
from minigrad.page.markup import script_json, tag
from minigrad.page.plots import curves, needs_logarithm, strip, ticks
from minigrad.page.training import Run, Unit, units
from minigrad.story import Explanation, explain_program
from minigrad.story.numbers import array_text
from minigrad.story.programs import AtBackward

Capture = pytest.CaptureFixture[str]
VOID = {"meta", "link", "input"}


class Page(HTMLParser):
    """Reads a page; every element must be closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, attributes in self.open:
            name = attributes.get("id") or ""
            self.texts[name] = self.texts.get(name, "") + data

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.found if "id" in attributes]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.texts["data"])
        return found


def story() -> Explanation:
    x = minigrad.tensor(3.0, requires_grad=True)
    a = x * 2
    return explain(a * a + a)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_page_tells_every_step_with_its_numbers(name: str) -> None:
    page, told = Page(program_page(name, steps=5)), explain_program(name)
    articles = [name for name in page.ids() if name.startswith("step-") and name[5:].isdigit()]
    assert articles == [f"step-{step.number}" for step in told.steps]
    for step in told.steps:
        text = page.texts[f"step-{step.number}"]
        assert array_text(step.gradient) in text
        for c in step.contributions:
            assert c.formula in text
            assert c.numbers in text
            assert array_text(c.product) in text
    for update in told.updates:
        for formula, _, result in update.lines:
            assert formula in page.texts["step-end"]
            assert array_text(result) in page.texts["step-end"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_numbers_of_the_training_are_the_engines(name: str) -> None:
    data = Page(program_page(name, step=3, seed=3, steps=9)).data["training"]
    minigrad.manual_seed(3)
    program = PROGRAMS[name].load()
    net = program.Net()
    weights = [[p.detach().numpy().ravel().copy() for p in net.parameters()]]
    losses, gradients = [], []
    for loss in program.train(net, 9):
        losses.append(str(loss.detach().numpy()))
        weights.append([p.detach().numpy().ravel().copy() for p in net.parameters()])
        gradients.append([p.grad.numpy().ravel().copy() for p in net.parameters()])
    assert data["losses"] == losses
    assert data["weights"] == by_element(weights)
    assert data["gradients"] == by_element(gradients)


def by_element(moments: list[list[Any]]) -> list[list[str]]:
    return [[str(x) for x in row] for row in np.stack([*map(np.concatenate, moments)]).T]


def test_a_dead_unit_is_called_dead_and_a_living_one_active() -> None:
    states = {
        (name, seed): {
            unit[3] for unit in Page(program_page(name, seed=seed)).data["training"]["units"][0]
        }
        for name, seed in (("relu", 3), ("relu", 1), ("leaky_relu", 3))
    }
    assert states["relu", 3] == {"dead"}
    assert states["relu", 1] == {"active"}
    assert states["leaky_relu", 3] == {"leaky", "active"}


def test_gradients_so_far_grow_to_those_of_the_end() -> None:
    page = Page(story_page(story()))
    steps = [step["gradients"] for step in page.data["backward"]]
    grown = [lines for step in steps for box, lines in step.items() if box == "1"]
    assert grown == [["grad 1"], ["grad 13"]]  # a is given 1, then 6 and 6
    assert page.data["backward"][-1]["spoken"] == "The end: x has 26.0."


@pytest.mark.parametrize("text", [program_page("sequential", steps=3), story_page(story())])
def test_a_page_is_well_formed_and_needs_nothing_else(text: str) -> None:
    page = Page(text)
    assert len(set(page.ids())) == len(page.ids())
    for name, attributes in page.found:
        assert name not in ("iframe", "img", "object", "embed", "base", "form")
        assert not {"src", "srcset", "action", "onclick", "onload"} & set(attributes)
        assert attributes.get("href", "#")[:1] == "#" or attributes["href"] == "data:,"
    assert set(re.findall(r"https?://[^\"\s]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttp|innerHTML", text)
    assert "default-src 'none'" in text


def test_all_controls_and_pictures_have_names() -> None:
    page = Page(program_page("relu", steps=3))
    labels = {attributes.get("for") for name, attributes in page.found if name == "label"}
    for name, attributes in page.found:
        if name == "input":
            assert attributes["id"] in labels
        if name == "button" or attributes.get("tabindex") == "0":
            assert "aria-label" in attributes or attributes["aria-labelledby"] in page.ids()
        if attributes.get("role") == "img":
            assert name == "svg"
    live = {a["id"]: a["aria-live"] for _, a in page.found if "aria-live" in a}
    assert live == {
        "step-spoken": "polite", "step-text": "off", "moment-spoken": "polite", "moment-text": "off"
    }  # fmt: skip


def test_what_the_user_calls_things_is_escaped() -> None:
    nasty = "</script><script>alert(1)</script>"
    x = minigrad.tensor(3.0, requires_grad=True)
    text = explain(x * x, names={nasty: x}).html()
    assert nasty not in text
    assert nasty in Page(text).texts["step-1"]
    assert text.count("</script>") == 2
    assert script_json({"a": "</script>&\u2028"}) == '{"a":"\\u003c/script\\u003e\\u0026\\u2028"}'
    assert tag("p", "a<b", tag("b", '"'), title='"<') == (
        '<p title="&quot;&lt;">a&lt;b<b>&quot;</b></p>'
    )


def test_the_values_are_those_of_the_telling_even_if_the_weights_have_moved() -> None:
    minigrad.manual_seed(0)
    net = nn.Linear(2, 1)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    told = explain(lambda: net(minigrad.ones(2)).sum(), optimizer=optimizer)
    before = told.html()
    told.result.backward()
    optimizer.step()
    names = re.compile(r"minigrad-\d+")
    assert names.sub("", told.html()) == names.sub("", before)


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(lambda: explain(Scalar(2.0) * Scalar(3.0)), id="a Scalar"),
        pytest.param(lambda: explain(Scalar(2.0)), id="no steps"),
        pytest.param(lambda: explain_program("bias", order="naive"), id="naive"),
        pytest.param(
            lambda: explain(lambda: nn.Linear(30, 40)(minigrad.ones(7, 30)).sum()), id="large"
        ),
        pytest.param(
            lambda: explain(minigrad.tensor(float("inf"), requires_grad=True) * 0), id="NaN"
        ),
    ],
)
def test_other_stories_have_a_page_too(what: Any) -> None:
    told = what()
    page = Page(told.html())
    assert len(page.data["backward"]) == len(told.steps) + 1


def test_what_comes_too_late_is_told_and_not_added() -> None:
    x = minigrad.tensor(3.0, requires_grad=True)
    a = x * 2
    b = a * a
    page = Page(explain(b + a, order="naive").html())
    assert "Comes too late" in page.texts["step-3"]
    assert page.data["backward"][2]["gradients"] == {}
    assert "26.0" in page.texts["step-end"]


def test_a_training_that_explodes_has_a_page_too() -> None:
    with np.errstate(all="ignore"):
        page = Page(program_page("line", lr=10.0, steps=40))
    assert "nan" in page.data["training"]["losses"]


def test_a_unit_is_dead_where_the_doctor_says_so() -> None:
    dead = []
    for seed in range(6):
        (unit,) = diagnose_program("relu", seed=seed).units
        ((first, *_),) = Page(program_page("relu", seed=seed, steps=1)).data["training"]["units"]
        assert (first[3] == "dead") == unit.dead
        dead.append(unit.dead)
    assert {*dead} == {True, False}


def test_a_unit_at_exactly_zero_is_dead_and_a_leaky_one_is_not() -> None:
    x = minigrad.tensor([[0.0, 1.0, -1.0], [-0.0, -2.0, float("nan")]], requires_grad=True)
    watching = AtBackward(1, "engine")
    with watching:
        loss = (nn.functional.relu(x) + nn.functional.leaky_relu(x, 0.1)).sum()
    found = list(units(loss, watching, sys._getframe()))
    assert [unit.state for unit in found] == [
        "dead",
        "partly",
        "partly",
        "leaky",
        "partly",
        "partly",
    ]
    assert [unit.sum for unit in found[:2]] == ["[0.0, -0.0]", "[1.0, -2.0]"]
    assert found[3].sentence == "below zero: 0.1 of the gradient gets through"


def test_units_are_counted_over_samples_and_steps() -> None:
    run = Run()
    active, partly = (Unit("relu, unit 0", "1.0", "1.0", n, 2, 0.0) for n in (2, 1))
    run.note_units([active], 2)
    run.note_units([partly], 3)
    assert run.units == {"relu, unit 0": [None, active, partly]}
    assert (active.state, partly.state) == ("active", "partly")
    assert partly.sentence == "active for 1 of 2 samples"


def test_the_page_says_what_to_type_for_the_text() -> None:
    text = program_page("relu", 2, seed=5, steps=3, lr=0.2)
    assert "<code>minigrad explain relu --seed 5 --step 2 --lr 0.2</code>" in text
    assert "<dt>learning rate</dt><dd>0.2</dd>" in text


def test_losses_of_very_different_sizes_have_a_logarithmic_scale() -> None:
    assert needs_logarithm([100.0, 1e-3, 1e-4, 0.0])
    assert not needs_logarithm([100.0, 1.0, 0.5])
    assert not needs_logarithm([100.0, 1e-3, -1e-4])
    assert not needs_logarithm([25.0, 25.0])
    assert not needs_logarithm([float("inf"), 1.0, 1.0])
    assert not needs_logarithm([float("nan"), 1.0, 1.0])
    svg = curves("c", [[100.0, 1.0, 0.0]], first=1, logarithmic=True)
    assert re.findall(r">(1e-?\d)<", svg) == ["1e0", "1e1", "1e2"]
    (points,) = re.findall(r'points="([^"]*)"', svg)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert heights == sorted(heights)
    assert "logarithmic" in program_page("line", steps=600)
    assert "logarithmic" not in program_page("relu", steps=5)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 100, [0, 20, 40, 60, 80, 100]), (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-3, 3, [-2, 0, 2])],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected, abs=1e-12)


def test_a_curve_has_a_point_for_each_number_and_strips_one_piece_for_each_run() -> None:
    svg = curves("c", [[1.0, 2.0, float("inf")], [3.0, float("nan"), 1.0]], first=0)
    lines = re.findall(r'points="([^"]*)"', svg)
    assert [len(line.split()) for line in lines] == [3, 3]
    assert "nan" not in svg
    assert re.findall(r'width="(\d+)"', strip(["dead", "dead", "active"])) == ["2", "1"]


# ---- the command, the files ----------------------------------------------------------------------


def test_the_command_writes_a_page(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "page.html"
    assert main(["explain", "relu", "--seed", "3", "--steps", "4", "--html", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: open it in a browser; it needs no network\n"
    data = Page(file.read_text()).data
    assert len(data["training"]["losses"]) == 4


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--steps", "3"], "--steps says how long the training of a page is"),
        (["--html", "page.html", "--color"], "a page has colours of its own"),
        (["--html", "/nowhere/at/all.html", "--steps", "1"], "cannot write the page: "),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], complaint: str, capsys: Capture) -> None:
    assert main(["explain", "relu", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err
    assert not Path("page.html").exists()


def test_a_story_is_saved_by_the_name_of_the_file(tmp_path: Path) -> None:
    told = story()
    told.save(tmp_path / "a.txt")
    told.save(str(tmp_path / "a.html"))
    assert (tmp_path / "a.txt").read_text() == f"{told}\n"
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    with pytest.raises(ValueError, match=r"one of \.txt, \.html, not 'a\.png'") as caught:
        told.save(tmp_path / "a.png")
    assert "minigrad.draw(story)" in caught.value.__notes__[0]


def test_steps_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1, not 0"):
        program_page("relu", step=0)


def test_nothing_of_it_is_imported_before_a_page_is_asked_for() -> None:
    code = (
        "import sys, minigrad; from minigrad import explain; "
        "x = minigrad.tensor(1.0, requires_grad=True); str(explain(x * x)); "
        "print('minigrad.page' in sys.modules, 'minigrad.drawing' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
