"""`explain`: a backward pass told step by step, before it happens and without doing it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.autograd.backward import seeds
from minigrad.elsewhere import Later
from minigrad.notes import noted
from minigrad.optim import Optimizer
from minigrad.scalar import Scalar
from minigrad.story import colour, text
from minigrad.story.graphs import Graph, ScalarGraph, TensorGraph
from minigrad.story.html import story_html
from minigrad.story.lines import Recording, recording, users_frame
from minigrad.story.names import Names, variables
from minigrad.story.steps import Gradient, Step, Update
from minigrad.story.update import updates
from minigrad.story.walk import Walk, depth_first
from minigrad.tensor import Tensor

__all__ = ["Explanation", "explain"]

pages = Later("minigrad.page")


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """A backward pass as data; its text is the story.

    name       what the user calls the number that was explained, or ""
    value      that number
    steps      one for each op, in the order of the walk
    gradients  one for each leaf, in the order in which they were made
    updates    what the optimizer will do, one for each parameter
    optimizer  the class of it, or ""
    order      "engine" or "naive"
    result     what was explained: the tensor or Scalar itself
    made       the recording of its operations; empty if there was none
    names      what things are called
    """

    name: str
    value: Any
    steps: list[Step]
    gradients: list[Gradient]
    updates: list[Update]
    optimizer: str
    order: str
    result: Any
    made: Recording
    names: Names

    def __str__(self) -> str:
        return text.story(self)

    __repr__ = __str__

    def __rich__(self) -> Any:
        return colour.story(self)

    def _repr_html_(self) -> str:
        return story_html(self)

    def beside(self, other: Explanation) -> str:
        """Two stories side by side, step by step: of a Scalar and of a tensor, for example."""
        return text.beside(self, other)

    def html(self) -> str:
        """The story as a page that needs nothing else: the graph, and a slider over the steps."""
        return str(pages.story_page(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file: the text as `.txt`, or the page as `.html`."""
        target = Path(path)
        if target.suffix not in (".txt", ".html"):
            raise noted(
                ValueError(f"a story is saved as one of .txt, .html, not {target.name!r}"),
                "For a picture of the graph alone: minigrad.draw(story).save('graph.svg').",
            )
        text = self.html() if target.suffix == ".html" else f"{self}\n"
        target.write_text(text, encoding="utf-8")

    @property
    def is_wrong(self) -> bool:
        """Whether something came too late in this order."""
        return any(c.late for step in self.steps for c in step.contributions)


def explain(
    loss: Tensor | Scalar | Callable[[], Any],
    *,
    optimizer: Optimizer | None = None,
    order: str = "engine",
    names: Mapping[str, Any] | None = None,
    made: Recording | None = None,
) -> Explanation:
    """How `loss.backward()` will find each gradient, step by step, with formulas and numbers.

    loss       a tensor of one element or a Scalar; or a function that computes one, which is called
               here, so that the story can name the line of each operation
    optimizer  tell also the update that its next step will make of these gradients
    order      "engine": each node when all of its gradient is in; or "naive": depth first, which
               shows what goes wrong then
    names      what things are called: tensors, Scalars, modules by name. By default the variables
               of the caller
    made       a `minigrad.story.recording()` under which the loss was computed

    Nothing is changed: no `.grad` is touched, hooks are not called, and backward can follow. The
    result prints as the story, and holds it as data. RuntimeError as of `backward`: for a tensor of
    several elements, one that needs no gradient, or a graph that was freed.
    """
    if order not in ("engine", "naive"):
        raise noted(
            ValueError(f"order must be 'engine' or 'naive', not {order!r}"),
            "'engine' tells what backward does; 'naive' shows what goes wrong in a walk that goes "
            "depth first.",
        )
    frame = users_frame(sys._getframe())
    result: Any = loss
    if callable(loss) and not isinstance(loss, Tensor | Scalar):
        with recording() as made:
            result = loss()
    graph, root, g = start(result)
    called = Names(variables(frame) if names is None else names)
    made = made or Recording()
    walk = Walk(graph, root, g, called, made)
    chosen = walk if order == "engine" else naive(graph, root, g, called, made)
    found = {gradient.place.node: gradient.after for gradient in chosen.leaves(walk)}
    return Explanation(
        called.get(root) or "",
        result.array if isinstance(result, Tensor) else result.data,
        chosen.steps,
        chosen.leaves(walk),
        [] if optimizer is None else updates(optimizer, found, called),
        type(optimizer).__name__ if optimizer is not None else "",
        order,
        result,
        made,
        called,
    )


def start(loss: Any) -> tuple[Graph, Any, Any]:
    """The graph that a result belongs to, its root there, and the gradient of it by itself."""
    if isinstance(loss, Scalar):
        return ScalarGraph(), loss, 1.0 if loss.op else loss.grad + 1.0
    if not isinstance(loss, Tensor):
        raise noted(
            TypeError(f"explain() takes a Tensor or a Scalar, not {type(loss).__name__}"),
            "Pass the loss itself, before backward, or a function that computes and returns it: "
            "explain(lambda: criterion(net(x), y)).",
        )
    ((root, g),) = seeds((loss,), (None,), create_graph=False).items()
    return TensorGraph(loss), root, g


def naive(graph: Graph, root: Any, g: Any, names: Names, made: Recording) -> Walk:
    """The naive walk that goes wrong, if one does: which input it takes first may decide that."""
    for from_last in (False, True):
        walk = Walk(graph, root, g, names, made, depth_first(graph, root, from_last))
        if any(c.late for step in walk.steps for c in step.contributions):
            break
    return walk
