"""Pictures: they show what there is, where it can be read, and each format is valid."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from minigrad import Scalar, draw, explain, nn
from minigrad.drawing import Box, Diagram, Group, Line
from minigrad.drawing.layers import Edge, Item, arrange, crossings, links_of
from minigrad.drawing.layout import Frame, lay_out, size_of

SVG = "{http://www.w3.org/2000/svg}"


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 3)
        self.stack = nn.Sequential(nn.ReLU(), nn.Linear(3, 1))

    def forward(self, x: Any) -> Any:
        return self.stack(self.fc(x))


def network() -> tuple[Net, Any, Any]:
    minigrad.manual_seed(0)
    return Net(), minigrad.tensor([1.0, 1.0]), minigrad.tensor([5.0])


def texts(picture: Any) -> dict[str, list[str]]:
    """What stands in each box, by its title."""
    return {
        box.title: [line.text for line in box.lines[1:]] for box in picture.diagram.boxes.values()
    }


def titles(picture: Any) -> set[tuple[str, str]]:
    boxes = picture.diagram.boxes
    return {(boxes[a].title, boxes[b].title) for a, b in picture.diagram.edges}


# ---- what is shown ------------------------------------------------------------------------------


def test_a_scalar_with_data_and_gradient() -> None:
    a, b = Scalar(2.0), Scalar(-3.0)
    c = a * b + a
    assert texts(draw(c)) == {
        "a": ["2", "grad not computed"],
        "b": ["-3", "grad not computed"],
        "mul": ["-6", "grad not computed"],
        "add  c": ["-4", "grad not computed"],
    }
    c.backward()
    assert texts(draw(c)) == {
        "a": ["2", "grad -2"],
        "b": ["-3", "grad 2"],
        "mul": ["-6", "grad 1"],
        "add  c": ["-4", "grad 1"],
    }
    assert titles(draw(c)) == {("a", "mul"), ("b", "mul"), ("mul", "add  c"), ("a", "add  c")}


def test_a_gradient_that_was_not_computed_is_not_0() -> None:
    w = minigrad.tensor([0.0, 1.0], requires_grad=True)
    loss = (w * w).sum()
    assert texts(draw(loss))["w"] == ["[0, 1]", "grad not computed"]
    loss.backward()
    assert texts(draw(loss))["w"] == ["[0, 1]", "grad [0, 2]"]


def test_only_what_keeps_a_gradient_on_the_way_shows_one() -> None:
    w = minigrad.tensor(3.0, requires_grad=True)
    y = w * w
    y.retain_grad()
    z = y * y
    assert texts(draw(z)) == {
        "w": ["3", "grad not computed"], "mul  y": ["9", "grad not computed"], "mul  z": ["81"],
    }  # fmt: skip
    z.backward()
    assert texts(draw(z))["mul  y"] == ["9", "grad 18"]


def test_an_explanation_shows_all_gradients() -> None:
    net, x, y = network()
    story = explain(lambda: F.mse_loss(net(x), y))
    picture = draw(story)
    F.mse_loss(net(x), y).backward()
    assert "missing" not in {
        line.role for box in picture.diagram.boxes.values() for line in box.lines
    }
    more = {box.more for box in picture.diagram.boxes.values()}
    assert f"net.fc.bias\ndata {text(net.fc.bias)}\ngradient {text(net.fc.bias.grad)}" in more


def text(t: Any) -> str:
    return f"[{', '.join(map(str, t.detach().numpy()))}]"


def test_inputs_that_want_no_gradient_are_shown_where_an_op_has_kept_them() -> None:
    net, x, y = network()
    loss = F.mse_loss(net(x), y)
    kinds = {box.title: box.kind for box in draw(loss).diagram.boxes.values()}
    assert (kinds["x"], kinds["y"], kinds["mse_loss  loss"]) == ("constant", "constant", "result")


def test_all_inputs_are_shown_if_the_operations_were_recorded() -> None:
    w, x = minigrad.tensor(3.0, requires_grad=True), minigrad.tensor([1.0, 2.0])
    assert titles(draw(lambda: (w + x) - 1)) >= {("x", "add"), ("w", "add"), ("number", "sub")}
    assert titles(draw((w + x) - 1)) == {("w", "add"), ("add", "sub")}


def test_modules_are_groups_named_by_their_path() -> None:
    net, x, y = network()
    groups = draw(lambda: F.mse_loss(net(x), y)).diagram.groups
    assert {path: group.label for path, group in groups.items()} == {
        ("net",): "net: Net",
        ("net", "net.fc"): "net.fc: Linear(2, 3)",
        ("net", "net.stack"): "net.stack: Sequential",
        ("net", "net.stack", "net.stack.0"): "net.stack.0: ReLU()",
        ("net", "net.stack", "net.stack.1"): "net.stack.1: Linear(3, 1)",
    }
    told = [line.text for line in groups["net", "net.fc"].lines]
    assert told == ["weight 3x2", "grad not computed", "bias 3", "grad not computed"]


def test_parameters_tell_the_modules_where_no_call_was_recorded() -> None:
    net, x, y = network()
    diagram = draw(F.mse_loss(net(x), y)).diagram
    inside = {box.title for box in diagram.members(("net.fc",))}
    assert inside == {"weight", "bias", "linear"}


def test_a_module_that_is_called_twice_has_two_frames_and_its_parameters_stand_outside() -> None:
    fc = nn.Linear(2, 2)
    picture = draw(lambda: fc(fc(minigrad.ones(2)).relu()).sum())
    assert list(picture.diagram.groups) == [("fc",), ("fc, call 2",)]
    assert {box.title for box in picture.diagram.boxes.values() if not box.group} >= {
        "fc.weight", "fc.bias", "relu",
    }  # fmt: skip
    assert no_overlap(lay_out(picture.diagram))
    fc_twice = fc(fc(minigrad.ones(2)).relu()).sum()
    assert no_overlap(lay_out(draw(fc_twice).diagram))  # nobody recorded which call is which


def test_a_module_by_itself() -> None:
    net, x, _ = network()
    picture = draw(net)
    assert texts(picture) == {
        "net.fc: Linear(2, 3)": ["weight 3x2", "grad not computed", "bias 3", "grad not computed"],
        "net.stack.0: ReLU()": [],
        "net.stack.1: Linear(3, 1)": [
            "weight 1x3",
            "grad not computed",
            "bias 1",
            "grad not computed",
        ],
    }
    assert titles(picture) == {("net.stack.0: ReLU()", "net.stack.1: Linear(3, 1)")}
    net.fc.weight.requires_grad_(False)
    net(x).sum().backward()
    lines = texts(draw(net))["net.fc: Linear(2, 3)"]
    assert lines[:2] == ["weight 3x2", "frozen: no gradient"]
    assert lines[3].startswith("grad up to ")


def test_a_module_with_inputs_is_called() -> None:
    net, x, _ = network()
    assert {box.title for box in draw(net, x).diagram.boxes.values()} >= {"linear", "relu", "x"}
    assert net.fc.weight.grad is None


def test_closed_groups() -> None:
    net, x, y = network()
    picture = draw(lambda: F.mse_loss(net(x), y))
    assert titles(picture.closed()) == {
        ("x", "net: Net"),
        ("net: Net", "mse_loss"),
        ("y", "mse_loss"),
    }
    assert ("net.fc: Linear(2, 3)", "net.stack: Sequential") in titles(picture.closed(1))
    assert picture.closed(9).diagram.edges == picture.diagram.edges


def test_many_parameters_are_told_by_their_sum() -> None:
    net = nn.Sequential(*[nn.Linear(10, 10) for _ in range(4)])
    told = [line.text for line in draw(net).diagram.groups["net",].lines]
    assert told == ["8 parameters, 440 numbers", "grad not computed"]
    net[:2](minigrad.ones(10)).sum().backward()
    assert draw(net).diagram.groups["net",].lines[1].text == "grad of 4 of 8"


def test_large_arrays_are_told_by_shape_and_range() -> None:
    w = minigrad.arange(100.0).reshape(20, 5).requires_grad_()
    assert texts(draw((w * w).sum()))["w"][0] == "20x5 0 … 99"


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(TypeError, match="takes a Tensor, a Scalar or a Module, not int"):
        draw(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="does not require grad"):
        draw(minigrad.ones(2))


# ---- where it stands ----------------------------------------------------------------------------


def rectangles(frame: Frame, x: float = 0, y: float = 0) -> list[tuple[float, float, float, float]]:
    found = []
    for placed in frame.placed:
        a, b = x + placed.x, y + placed.y
        if isinstance(placed.what, Frame):
            inner = rectangles(placed.what, a, b)
            for left, top, right, bottom in inner:
                assert a < left and b < top and right < a + placed.what.width  # noqa: PT018
                assert bottom < b + placed.what.height
            found += inner
        else:
            width, height = size_of(placed.what)
            found.append((a, b, a + width, b + height))
    return found


def no_overlap(frame: Frame) -> bool:
    boxes = rectangles(frame)
    return not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for i, a in enumerate(boxes)
        for b in boxes[:i]
    )


@st.composite
def diagrams(draw: Any) -> Diagram:
    """Any graph without cycles, its boxes in groups as calls make them: stretches of time."""
    count = draw(st.integers(1, 25))
    diagram = Diagram("any")
    starts = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    path: tuple[str, ...] = ()
    for i, change in enumerate(starts):
        path = (
            path[:-1]
            if change == 1
            else (*path, f"g{i}")
            if change == 2 and len(path) < 3
            else path
        )
        if path:
            diagram.groups.setdefault(path, Group(path[-1]))
        lines = tuple(
            Line("title", "x" * n)
            for n in draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
        )
        diagram.add(Box(str(i), "op", lines, path))
        for j in draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else ():
            diagram.connect(str(j), str(i))
    return diagram.tidy()


@settings(max_examples=50)
@given(diagrams())
def test_boxes_never_overlap_and_edges_lead_downward(diagram: Diagram) -> None:
    frame = lay_out(diagram)
    assert no_overlap(frame)
    assert len(rectangles(frame)) == len(diagram.boxes)
    check_routes(frame)


def check_routes(frame: Frame) -> None:
    for route in frame.routes:
        heights = [y for _, y in route.points]
        assert heights == sorted(heights)
        assert all(-1e-6 <= x <= frame.width + 1e-6 for x, _ in route.points)
    for placed in frame.placed:
        if isinstance(placed.what, Frame):
            check_routes(placed.what)


def test_crossings_that_can_be_avoided_are() -> None:
    """Two ladders side by side, listed so that they cross: none is left."""
    a, b, c, d, e, f = items = [Item(i + 1, 30.0, 10.0) for i in range(6)]
    edges = [Edge(u, v, f"{u.key}", 15, 15) for u, v in [(a, d), (b, c), (c, f), (d, e)]]
    layers = arrange(items, edges)
    assert [len(layer) for layer in layers] == [2, 2, 2]
    assert crossings(layers, links_of(edges)) == 0


def test_a_chain_is_straight() -> None:
    x = Scalar(1.0)
    for _ in range(5):
        x = x.tanh()
    (frame,) = [lay_out(draw(x).diagram)]
    middles = {
        round(p.x + size_of(p.what)[0] / 2, 6) for p in frame.placed if isinstance(p.what, Box)
    }
    assert len(middles) == 1


def test_two_hundred_nodes_take_no_time_and_do_not_overlap() -> None:
    random = np.random.default_rng(0)
    values = [Scalar(1.0) for _ in range(10)]
    for back in random.integers(1, 10, (190, 2)):
        values.append(values[-back[0]] * values[-back[1]] + values[-1])
    assert no_overlap(lay_out(draw(values[-1]).diagram))


def test_a_long_chain_needs_no_recursion() -> None:
    x = minigrad.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(sys.getrecursionlimit() + 10):
        y = -y
    assert draw(y).svg.count('class="edge"') == sys.getrecursionlimit() + 10


# ---- the formats --------------------------------------------------------------------------------


def test_the_svg_is_well_formed_and_self_contained() -> None:
    net, x, y = network()
    picture = draw(lambda: F.mse_loss(net(x), y))
    root = ET.fromstring(picture.svg)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert root.find(f"{SVG}title") is not None
    described = root.find(f"{SVG}desc")
    assert described is not None
    assert "relu, [0.36, 0, 0], to linear" in str(described.text)
    assert re.findall(r"https?://[^\"\s]+", picture.svg) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme:dark" in picture.svg
    assert picture._repr_svg_().startswith("<svg")


def test_edges_end_with_a_direction_for_their_arrows() -> None:
    net, x, y = network()
    svg = draw(lambda: F.mse_loss(net(x), y)).svg
    number = r"-?[\d.]+"
    for path in re.findall(r'class="edge" d="([^"]+)"', svg):
        height = 0.0
        for step in re.findall(r"[MVC][^MVC]+", path):
            before, height = height, float(re.findall(number, step)[-1])
            assert step[0] == "M" or abs(height - before) > 0.05, path


def test_two_pictures_in_one_page_do_not_share_names() -> None:
    x = Scalar(1.0)
    one, other = draw(x + x).svg, draw(x + x).svg
    names = [re.findall(r'class="(minigrad-\d+)"', svg)[0] for svg in (one, other)]
    assert names[0] != names[1]
    assert all(f'id="{name}-arrow"' in svg for name, svg in zip(names, (one, other), strict=True))


def test_a_picture_is_the_same_each_time() -> None:
    """A file that is made again differs from the first in nothing but the serial number."""

    def made() -> str:
        net, x, y = network()
        return re.sub(r"minigrad-\d+", "minigrad", draw(lambda: F.mse_loss(net(x), y)).svg)

    first = made()
    kept = [minigrad.zeros(3) for _ in range(50)]  # what is made next lies elsewhere in memory
    assert made() == first
    assert kept


def test_text_is_escaped_in_every_format() -> None:
    x = Scalar(1.0)
    picture = draw(x + x, names={'<a&"b">': x})
    assert ET.fromstring(picture.svg) is not None
    assert "&lt;a&amp;" in picture.dot
    assert "#60;a#38;#34;b#34;#62;" in picture.mermaid
    assert "<a&" not in picture.html


def test_dot_and_mermaid_have_every_box_edge_and_group() -> None:
    net, x, y = network()
    picture = draw(lambda: F.mse_loss(net(x), y))
    boxes, edges, groups = (len(part) for part in (
        picture.diagram.boxes, picture.diagram.edges, picture.diagram.groups,
    ))  # fmt: skip
    assert len(re.findall(r"^ +n\d+ \[label=", picture.dot, re.M)) == boxes
    assert len(re.findall(r"^ +n\d+ -> n\d+;", picture.dot, re.M)) == edges
    assert len(re.findall(r"subgraph cluster_\d+ {", picture.dot)) == groups
    assert picture.dot.count("{") == picture.dot.count("}")
    assert len(re.findall(r'^ +n\d+\["', picture.mermaid, re.M)) == boxes
    assert len(re.findall(r"^ +n\d+ --> n\d+", picture.mermaid, re.M)) == edges
    assert len(re.findall(r"^ +subgraph ", picture.mermaid, re.M)) == groups
    assert len(re.findall(r"^ +end$", picture.mermaid, re.M)) == groups


class Tags(HTMLParser):
    """Which tags are open; fails where they are not nested."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)


def test_the_page_has_each_group_to_be_opened_and_no_script() -> None:
    net, x, y = network()
    picture = draw(lambda: F.mse_loss(net(x), y))
    tags = Tags(picture.html)
    assert tags.open == []
    assert tags.seen.count("details") == len(picture.diagram.groups) + 1
    assert "script" not in tags.seen
    assert "<summary>net.stack.0: ReLU()</summary>" in picture.html


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", "<svg"), ("a.dot", "digraph"), ("a.md", "# How"), ("a.html", "<!doctype html>")],
)
def test_saving(tmp_path: Path, name: str, start: str) -> None:
    x = Scalar(1.0)
    draw(x + x).save(tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_saving_as_something_else(tmp_path: Path) -> None:
    x = Scalar(1.0)
    with pytest.raises(ValueError, match=r"one of \.svg, \.dot, \.md, \.html, not 'a\.png'"):
        draw(x + x).save(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    program = "import sys, minigrad; print([m for m in sys.modules if 'drawing' in m])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
