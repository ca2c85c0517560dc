"""What a notebook shows: well-formed, escaped, with the numbers that are there."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
import torch

import minigrad
from minigrad import diagnose, explain, nn, optim
from minigrad.story import explain_program


def parsed(value: Any) -> ET.Element:
    return ET.fromstring(value._repr_html_())


def tables(root: ET.Element) -> list[list[list[str]]]:
    """The texts of all cells of all tables."""
    return [
        [[cell.text or "" for cell in row.iter("td")] for row in table.iter("tr")]
        for table in root.iter("table")
    ]


def words(root: ET.Element) -> str:
    style = root.find("style")
    assert style is not None
    root.remove(style)
    return " ".join(" ".join(root.itertext()).split())


VALUES = [
    [[1.5, -2.0, 0.0]], 3.25, [1.0, float("nan"), float("inf"), -float("inf")], [], [[]],
    [[True, False]], [1, -2, 3], np.zeros((2, 0, 3)), np.arange(24.0).reshape(2, 3, 4), 0.0,
    [-0.0],
    np.arange(120.0).reshape(5, 4, 3, 2), np.arange(400.0).reshape(20, 20), [1e-9, 1e9],
    np.arange(13),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(np.shape(value)))
def test_a_tensor_is_well_formed_and_looks_like_its_text(value: Any) -> None:
    t = minigrad.tensor(value)
    root = parsed(t)
    assert root.get("class") == "minigrad"
    assert f"Tensor {list(t.shape)} · {str(t.dtype).partition('.')[2]}" in words(root)
    if 0 < t.numel() <= 12 and t.dim() < 3:
        texts = [cell.strip() for table in tables(root) for row in table for cell in row]
        inside = repr(torch.tensor(value)).removeprefix("tensor(").removesuffix(")")
        plain = inside.translate(str.maketrans("[],", "   ")).split()
        assert texts == plain


def test_every_number_is_there_in_full_with_its_index() -> None:
    minigrad.manual_seed(0)
    t = minigrad.randn(2, 3, 4)
    titles = [cell.get("title", "") for cell in parsed(t).iter("td")]
    assert titles == [f"{list(index)} {t.numpy()[index]!s}" for index in np.ndindex(2, 3, 4)]


def test_colours_tell_sign_and_size() -> None:
    styles = [
        cell.get("style") for cell in parsed(minigrad.tensor([2.0, 1.0, 0.0, -2.0])).iter("td")
    ]
    large, small, none, negative = styles
    assert none is None
    assert large == "background:rgba(37,99,235,0.51)"
    assert small < large
    assert negative == "background:rgba(220,38,38,0.51)"


def test_the_gradient_stands_beside_the_value() -> None:
    w = nn.Parameter(minigrad.tensor([[1.0, 2.0]]))
    assert "Parameter [1, 2] · float32 · requires grad, none computed yet" in words(parsed(w))
    (w * w).sum().backward()
    root = parsed(w)
    assert tables(root) == [[["1.", "2."]], [["2.", "4."]]]
    assert [caption.text for caption in root.iter("caption")] == ["value", "gradient"]
    assert "made by MulBackward0" in words(parsed(w * w))


@pytest.mark.parametrize("shape", [(40, 50), (13,), (30, 2), (9, 5, 5), (3, 30, 2), (300, 300)])
def test_a_large_tensor_is_summarised(shape: tuple[int, ...]) -> None:
    minigrad.manual_seed(0)
    t = minigrad.randn(*shape)
    html = t._repr_html_()
    assert len(html) < 40_000
    low, high = t.min().item(), t.max().item()
    assert f"{t.numel():,} elements, from {low:.4g} to {high:.4g}" in words(ET.fromstring(html))


def test_a_summary_counts_what_is_special() -> None:
    t = minigrad.ones(100)
    t[3:7] = 0
    t[9] = float("nan")
    assert "100 elements, from 0 to 1, mean 0.9596, 4 are 0, 1 not finite" in words(parsed(t))
    assert "100 elements, 99 of them True" in words(parsed(t == t))


def test_nothing_changes_in_repr_and_nothing_is_computed() -> None:
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    before = repr(x), repr(y), y._version
    parsed(x), parsed(y)
    assert (repr(x), repr(y), y._version) == before
    assert repr(x) == repr(torch.tensor([1.0, 2.0], requires_grad=True))
    assert x.grad is None


class Sneaky(nn.Module):
    """A module with names that are HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module("<b>bold</b>", nn.Linear(2, 3))
        self.register_parameter("<script>", nn.Parameter(minigrad.ones(2)))
        self.register_buffer("seen", minigrad.zeros(1))

    def extra_repr(self) -> str:
        return '<img src=x onerror="alert(1)">&'


def test_a_module_is_a_tree_and_names_are_escaped() -> None:
    root = parsed(Sneaky())
    assert not list(root.iter("script"))
    assert not list(root.iter("img"))
    assert not list(root.iter("b"))
    own, inner = tables(root)
    assert own[1:] == [
        ["<script>", "[2]", "float32", "2", "not computed"],
        ["seen (buffer)", "[1]", "float32", "1", ""],
    ]
    assert [row[0] for row in inner[1:]] == ["weight", "bias"]
    said = words(root)
    assert 'Sneaky(<img src=x onerror="alert(1)">&) · 11 parameters' in said
    assert "<b>bold</b>: Linear(in_features=2, out_features=3, bias=True)" in said


def test_a_module_tells_frozen_parameters_gradients_and_the_mode() -> None:
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Sequential(nn.Linear(1, 1)))
    net[0].requires_grad_(False)
    net.eval()
    nn.init.zeros_(net[0].bias)
    net(minigrad.zeros(1)).sum().backward()
    root = parsed(net)
    assert [row[-1] for table in tables(root) for row in table if row] == [
        "frozen",
        "frozen",
        "exactly 0",
        "up to 1",
    ]
    assert len(list(root.iter("details"))) == 3
    assert "Sequential · 4 parameters, 2 frozen · eval mode" in words(root)


def test_an_explanation_has_the_lines_of_its_text() -> None:
    for story in (
        explain_program("hidden_layer"),
        explain_program("relu", seed=0),
        explain(minigrad.tensor(2.0, requires_grad=True).exp(), order="naive"),
    ):
        root = parsed(story)
        assert "".join(words(root).replace("·", "").split()) == "".join(str(story).split())
        assert len(list(root.iter("details"))) >= len(story.steps)


def test_a_diagnosis_has_what_its_text_has() -> None:
    minigrad.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = optim.SGD(net.parameters(), lr=5)
    diagnosis = diagnose(net, minigrad.randn(4, 2), minigrad.randn(4), optimizer)
    said = words(parsed(diagnosis))
    assert diagnosis.findings
    for finding in diagnosis.findings:
        assert all(" ".join(detail.split()) in said for detail in finding.details)
    assert f"{diagnosis.layers[0].result:.4g}" in said


def test_dark_pages_are_thought_of_and_nothing_runs_or_is_fetched() -> None:
    for value in (minigrad.ones(2), nn.Linear(1, 1), explain_program("bias")):
        html = value._repr_html_()
        assert "prefers-color-scheme:dark" in html
        for word in ("<script", "http", "url(", "@import", " onclick"):
            assert word not in html


def test_the_import_of_minigrad_does_not_load_it() -> None:
    code = (
        "import minigrad, sys; print([m for m in sys.modules if 'notebook' in m or 'doctor' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
