"""`draw`: a picture of a computation or of a network, made in Python alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from minigrad.drawing.diagram import Diagram
from minigrad.drawing.dot import dot
from minigrad.drawing.graphs import GraphDiagram
from minigrad.drawing.mermaid import mermaid
from minigrad.drawing.modules import module_diagram
from minigrad.drawing.page import page
from minigrad.drawing.svg import svg
from minigrad.nn import Module
from minigrad.notes import noted
from minigrad.scalar import Scalar
from minigrad.story import Explanation
from minigrad.story.lines import Recording, recording, users_frame
from minigrad.story.names import Names, variables
from minigrad.tensor import Tensor

__all__ = ["Picture", "draw"]


class Picture:
    """A picture, to be shown or saved: in a notebook it shows itself.

    svg, dot, mermaid, html  the picture in each of these languages, as text
    diagram                  its boxes, edges and groups, as data
    """

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram

    @property
    def svg(self) -> str:
        return svg(self.diagram)

    @property
    def dot(self) -> str:
        return dot(self.diagram)

    @property
    def mermaid(self) -> str:
        return mermaid(self.diagram)

    @property
    def html(self) -> str:
        return page(self.diagram)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file: `.svg`, `.dot` (for Graphviz), `.md` (with Mermaid) or `.html`."""
        target = Path(path)
        write = WRITERS.get(target.suffix)
        if write is None:
            raise noted(
                ValueError(
                    f"a picture is saved as one of {', '.join(WRITERS)}, not {target.name!r}"
                ),
                "For a PNG, save an .svg and convert it, or open it in a browser.",
            )
        target.write_text(write(self), encoding="utf-8")

    def closed(self, depth: int = 0) -> Picture:
        """The same with modules that are nested deeper than `depth` closed, a box for each."""
        return Picture(self.diagram.closed(depth))

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        boxes, edges = len(self.diagram.boxes), len(self.diagram.edges)
        return f"<{self.diagram.title}: a picture of {boxes} boxes and {edges} edges>"


WRITERS: dict[str, Callable[[Picture], str]] = {
    ".svg": lambda picture: picture.svg + "\n",
    ".dot": lambda picture: picture.dot,
    ".md": lambda picture: f"# {picture.diagram.title}\n\n```mermaid\n{picture.mermaid}```\n",
    ".html": lambda picture: picture.html,
}


def draw(
    what: Tensor | Scalar | Module | Explanation | Callable[[], Any],
    *inputs: Any,
    names: Mapping[str, Any] | None = None,
) -> Picture:
    """A picture of how a result is computed, or of a network.

    what    a tensor or Scalar; a function that computes one, which is called here, so that the
            operations of each module can stand in a frame of their own; a module; or what `explain`
            returned, for a picture with all gradients
    inputs  of a module: with them it is called, and the picture shows what it computes; without,
            what it is made of
    names   what things are called; by default the variables of the caller

    Data is in one colour and gradients in another; a gradient that nobody has computed yet says so.
    """
    frame = users_frame(sys._getframe())
    called = Names(variables(frame) if names is None else names)
    if isinstance(what, Module) and not inputs:
        return Picture(module_diagram(what, called.modules.get(what, "")))
    result: Any = what
    made, gradients = Recording(), {}
    if isinstance(what, Explanation):
        result, made, gradients = what.result, what.made, gradients_of(what)
    elif callable(what) and not isinstance(what, Tensor | Scalar):
        with recording() as made:
            result = what(*inputs)
    check(result)
    return Picture(GraphDiagram(result, called, made, gradients).made_diagram())


def gradients_of(story: Explanation) -> dict[Any, Any]:
    found = {step.place.node: step.gradient for step in story.steps}
    return found | {g.place.node: g.found for g in story.gradients}


def check(result: Any) -> None:
    if not isinstance(result, Tensor | Scalar):
        raise noted(
            TypeError(f"draw() takes a Tensor, a Scalar or a Module, not {type(result).__name__}"),
            "A function that is drawn must return the tensor or Scalar that it computes.",
        )
    if isinstance(result, Tensor) and result.node is None:
        raise noted(
            RuntimeError("there is nothing to draw: the tensor does not require grad"),
            "What it was made of was not recorded, because none of it requires grad.",
        )
