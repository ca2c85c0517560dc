"""The backward pass on the page: every step told in HTML, and the graph that shows it.

The graph is drawn once, with the gradients of the end. Each step knows the box that it is at, the
boxes that it gives to, and what stands in them then, so that the page can show the sums growing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from minigrad.autograd.function import Parts
from minigrad.drawing.diagram import Box, Diagram, Line
from minigrad.drawing.graphs import GraphDiagram, data_lines
from minigrad.drawing.picture import gradients_of
from minigrad.drawing.svg import svg
from minigrad.page.markup import Markup, joined, tag
from minigrad.story import Contribution, Explanation, Gradient, Step, Update
from minigrad.story.numbers import array_text
from minigrad.story.text import LUCKY, NAIVE, arrival, described, row_name, short

__all__ = ["Told", "told"]

WAITING = "grad not yet"


@dataclass(frozen=True)
class Told:
    """An explanation, written down.

    title  what it is about
    graph  the picture, as SVG
    steps  an article for each step, and one for the end
    data   of each of them: "box", "to", "gradients" (the new lines of boxes) and "spoken"
    """

    title: str
    graph: Markup
    steps: list[Markup]
    data: list[dict[str, Any]]


def told(explanation: Explanation) -> Told:
    """Write an explanation down, with the values that it holds."""
    diagram, ids = drawn(explanation)
    data = [*told_steps(explanation, ids, diagram), last(explanation)]
    for box in list(diagram.boxes.values()):
        diagram.add(widened(box, data))
    name = explanation.name or "the result"
    return Told(
        f"How the gradients of {name} = {array_text(explanation.value)} come about",
        Markup(svg(diagram)),
        [*map(article, explanation.steps), ending(explanation)],
        data,
    )


# ---- the graph -----------------------------------------------------------------------------------


def drawn(explanation: Explanation) -> tuple[Diagram, dict[Any, str]]:
    """The picture of an explanation, and the box of each node."""
    graph = GraphDiagram(
        explanation.result, explanation.names, explanation.made, gradients_of(explanation)
    )
    graph.known |= values_of(explanation)
    return graph.made_diagram(), graph.ids


def values_of(explanation: Explanation) -> dict[Any, Any]:
    """The values as they were when the story was told; weights may have moved since."""
    places = [step.place for step in explanation.steps]
    places += [gradient.place for gradient in explanation.gradients]
    return {place.node: place.value for place in places if place.value is not None}


def told_steps(
    explanation: Explanation, ids: dict[Any, str], diagram: Diagram
) -> Iterator[dict[str, Any]]:
    for step in explanation.steps:
        arriving = [c for c in step.contributions if not c.late]
        found = {c.place.node: c.after for c in arriving}
        if step.number == 1:
            found[step.place.node] = step.gradient
        yield {
            "box": ids[step.place.node],
            "to": sorted({ids[c.place.node] for c in step.contributions}),
            "gradients": {
                ids[node]: gradient_lines(diagram.boxes[ids[node]], g)
                for node, g in found.items()
                if g is not None and not isinstance(g, Parts)
            },
            "spoken": spoken(step),
        }


def gradient_lines(box: Box, g: Any) -> list[str]:
    """What a box says of its gradient, on as many lines as it has for that."""
    room = sum(line.role == "gradient" for line in box.lines)
    lines = [line.text for line in data_lines("gradient", g, "grad ")]
    return lines if len(lines) <= room else [f"grad {array_text(g)}"][:room]


def widened(box: Box, data: list[dict[str, Any]]) -> Box:
    """A box that is wide enough for all that will stand in it."""
    texts = [text for step in data for text in step["gradients"].get(box.id, ())]
    if not texts:
        return box
    width = max(map(len, [WAITING, *texts]))
    lines = [
        Line(line.role, line.text.ljust(width)) if line.role == "gradient" else line
        for line in box.lines
    ]
    return replace(box, lines=tuple(lines))


# ---- a step --------------------------------------------------------------------------------------


def article(step: Step) -> Markup:
    return tag(
        "article",
        tag("h3", tag("span", f"{step.number}", class_="number"), f" {step.op or 'a Scalar'}"),
        *source(step),
        comes_in(step),
        *map(contribution, step.contributions),
        *(tag("p", note, class_="note") for note in step.notes),
        id=f"step-{step.number}",
        class_="step",
    )


def source(step: Step) -> Iterator[Markup]:
    """The user's line, with the expression in it that was computed."""
    if step.line is None or not step.line.text:
        return
    before, part, after = step.line.text.partition(step.line.part or step.line.text)
    where = tag("span", step.line.place, class_="where")
    yield tag("p", tag("code", before, tag("mark", part), after), " ", where, class_="source")


def comes_in(step: Step) -> Markup:
    pieces: list[str] = []
    if step.place.value is not None:
        value = tag("code", array_text(step.place.value), class_="data")
        pieces += [step.place.name or "the result", " is ", value, "; "]
    g = tag("code", array_text(step.gradient), class_="gradient")
    return tag("p", *pieces, "its gradient ", tag("code", "g", class_="gradient"), " is ", g)


def contribution(c: Contribution) -> Markup:
    rows = [tag("code", c.formula)]
    if c.numbers not in (c.formula, array_text(c.product)):
        rows.append(tag("code", f"= {c.numbers}"))
    rows.append(tag("code", f"= {array_text(c.product)}", class_="gradient"))
    if c.summed is not None:
        summed = tag("span", ", summed over what was broadcast")
        rows.append(tag("code", f"= {array_text(c.summed)}", summed, class_="gradient"))
    return tag(
        "section",
        tag("h4", tag("code", c.input), f": {described(c.place)}"),
        formula_block(rows),
        tag("p", sentence(arrival(c)), class_="late" if c.late else "sum"),
        class_="contribution",
    )


def formula_block(rows: list[Markup]) -> Markup:
    return tag("div", joined(rows), class_="formula")


def sentence(text: str) -> str:
    """A text that comes after nothing: with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def spoken(step: Step) -> str:
    """A step for the ear."""
    given = [f"{short(c.place)} is given {array_text(c.added)}" for c in step.contributions]
    comes = f"Step {step.number}, {step.op or 'a Scalar'}: the gradient {array_text(step.gradient)}"
    return f"{comes} comes in; {'; '.join(given)}." if given else f"{comes} comes in."


# ---- the end -------------------------------------------------------------------------------------


def last(explanation: Explanation) -> dict[str, Any]:
    rows = [f"{row_name(g)} has {array_text(g.found)}" for g in explanation.gradients]
    return {"box": None, "to": [], "gradients": {}, "spoken": f"The end: {'; '.join(rows)}."}


def ending(explanation: Explanation) -> Markup:
    """The gradients, and what the optimizer makes of them."""
    updates = explanation.updates
    return tag(
        "article",
        tag("h3", "The gradients"),
        *order_note(explanation),
        gradient_table(explanation),
        *([tag("h3", f"The next step of {explanation.optimizer}")] if updates else ()),
        *map(update, updates),
        id="step-end",
        class_="step",
    )


def order_note(explanation: Explanation) -> Iterator[Markup]:
    if explanation.order == "naive":
        yield tag("p", NAIVE, class_="note")
        if not explanation.is_wrong:
            yield tag("p", LUCKY, class_="note")


def gradient_table(explanation: Explanation) -> Markup:
    naive = explanation.order == "naive"
    heads = ("in this order", "right") if naive else ("gradient",)
    head = tag("tr", *(tag("th", text, scope="col") for text in ("of", *heads)))
    rows = [gradient_row(g, naive) for g in explanation.gradients]
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag("div", table, class_="wide", tabindex=0, role="group", aria_label="gradients")


def gradient_row(g: Gradient, naive: bool) -> Markup:
    found, right = array_text(g.found), array_text(g.right)
    late = "late" if found != right else "gradient"
    cells = [tag("td", tag("code", found, class_=late))]
    if naive:
        cells.append(tag("td", tag("code", right, class_="gradient")))
    return tag("tr", tag("th", tag("code", row_name(g)), scope="row"), *cells)


def update(update: Update) -> Markup:
    rows = [row for line in update.lines for row in update_rows(*line)]
    if not rows:
        rows = [tag("code", f"{array_text(update.before)} → {array_text(update.after)}")]
    return tag(
        "section", tag("h4", tag("code", update.name)), formula_block(rows), class_="contribution"
    )


def update_rows(formula: str, numbers: str, result: Any) -> Iterator[Markup]:
    yield tag("code", formula)
    if numbers != array_text(result):
        yield tag("code", f"= {numbers}")
    yield tag("code", f"= {array_text(result)}", class_="data")
