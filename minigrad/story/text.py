"""A story as lines of plain text, each with its role, so that others can colour it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minigrad.story.numbers import array_text, shape_text
from minigrad.story.steps import Contribution, Gradient, Place, Step, Update

if TYPE_CHECKING:
    from minigrad.story.explanation import Explanation

__all__ = ["Said", "beside", "said", "story"]

WIDTH, COLUMN = 96, 56  # of a page, and of one of two columns; only lines of numbers are longer
NAIVE = (
    "The naive order: depth first, straight on from each result to what it was made of. A node "
    "passes on what it has when the walk comes by, and what arrives after that is lost."
)
LUCKY = (
    "No node was asked before all of its gradient was in, so that even this order is right: "
    "nothing but leaves is used more than once here, or the walk was lucky."
)


class Said(NamedTuple):
    """A line of text and what it is: title, step, source, place, formula, result, note, ..."""

    role: str
    text: str


def story(explanation: Explanation) -> str:
    return "\n".join(line.text for line in said(explanation))


def beside(one: Explanation, other: Explanation) -> str:
    """Two stories in two columns; the same steps stand at the same height."""
    left, right = (list(blocks(explanation, COLUMN)) for explanation in (one, other))
    width = max((len(line) for block in left for line in block), default=0)
    rows = []
    a: list[str]
    b: list[str]
    for a, b in zip_longest(left, right, fillvalue=[]):
        rows += [f"{x:<{width}}  |  {y}".rstrip() for x, y in zip_longest(a, b, fillvalue="")]
    return "\n".join(rows)


def blocks(explanation: Explanation, width: int) -> Iterator[list[str]]:
    """The lines of a story, from one empty line to the next."""
    block: list[str] = []
    for line in said(explanation, width):
        block.append(line.text)
        if not line.text:
            yield block
            block = []
    yield block


def said(explanation: Explanation, width: int = WIDTH) -> Iterator[Said]:
    """All lines of a story."""
    yield from of_walk(explanation, width)
    yield Said("", "")
    yield from of_gradients(explanation, width)
    yield from of_updates(explanation)


def of_walk(explanation: Explanation, width: int = WIDTH) -> Iterator[Said]:
    """The lines of all steps, under a title."""
    name = explanation.name or "the result"
    yield Said("title", f"How the gradients of {name} = {array_text(explanation.value)} come about")
    if explanation.order == "naive":
        yield from wrapped("note", NAIVE, "", width)
    for step in explanation.steps:
        yield Said("", "")
        yield from of_step(step, width)


def of_updates(explanation: Explanation) -> Iterator[Said]:
    if explanation.updates:
        yield Said("", "")
        yield Said("head", f"The next step of {explanation.optimizer}")
        for update in explanation.updates:
            yield from of_update(update)


def wrapped(role: str, text: str, indent: str, width: int) -> Iterator[Said]:
    for line in textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent):
        yield Said(role, line)


# ---- a step --------------------------------------------------------------------------------------


def of_step(step: Step, width: int) -> Iterator[Said]:
    title = f"{step.number}. {step.op or 'a Scalar'}"
    place = step.line.place if step.line else ""
    yield Said("step", f"{title:<{width - len(place)}}{place}".rstrip())
    if step.line and step.line.text:
        yield Said("source", f"   {step.line.text}")
    called = step.place.name or "result"
    value = "" if step.place.value is None else f"{called} is {array_text(step.place.value)}, "
    yield Said("place", f"   {value}its gradient g = {array_text(step.gradient)}")
    for contribution in step.contributions:
        yield from of_contribution(contribution, width)
    for note in step.notes:
        yield from wrapped("note", note, "   ", width)


def of_contribution(c: Contribution, width: int) -> Iterator[Said]:
    yield Said("place", f"   {c.input}: {described(c.place)}")
    yield Said("formula", f"       {c.formula}")
    if c.numbers not in (c.formula, array_text(c.product)):
        yield Said("formula", f"     = {c.numbers}")
    yield Said("result", f"     = {array_text(c.product)}")
    if c.summed is not None:
        yield Said("result", f"     = {array_text(c.summed)}, summed over what was broadcast")
    yield from wrapped("late" if c.late else "sum", arrival(c), "     ", width)


def described(place: Place) -> str:
    """What a place is: `h, the result of step 3`, `net.fc.weight`."""
    if place.step is not None:
        result = f"the result of step {place.step}"
        return f"{place.name}, {result}" if place.name else result
    return place.name or leaf_text(place)


def leaf_text(place: Place) -> str:
    """A leaf that nobody calls by a name."""
    if place.value is None:
        return f"a leaf, {shape_text(place.shape)}"
    return f"the {'tensor' if place.shape else 'number'} {array_text(place.value)}"


def short(place: Place) -> str:
    """A place in the middle of a sentence."""
    if place.name:
        return place.name
    return leaf_text(place) if place.step is None else f"the result of step {place.step}"


def arrival(c: Contribution) -> str:
    """Where a product is added, and what was there before."""
    to, added = short(c.place), array_text(c.added) if c.added is not None else "nothing"
    if c.late:
        passed = f"{to} passed on {array_text(c.passed)} in step {c.place.step} already"
        return f"comes too late: {passed}, and {added} is lost"
    left = c.place.parts - c.part
    coming = f"; {left} more to come" if left else ""
    if c.part == 1 and (c.before is None or not np.any(c.before)):
        return f"goes to {to}, where nothing was before{coming}"
    complete = ", complete" if c.part > 1 and not left else ""
    growth = f"{array_text(c.before)} + {added} = {array_text(c.after)}"
    return f"goes to {to}: {growth}{complete}{coming}"


# ---- the end -------------------------------------------------------------------------------------


def of_gradients(explanation: Explanation, width: int) -> Iterator[Said]:
    if explanation.order == "naive":
        yield from of_order(explanation, width)
        return
    yield Said("head", "Gradients")
    width = max((len(row_name(g)) for g in explanation.gradients), default=0)
    for g in explanation.gradients:
        yield Said("row", f"   {row_name(g):<{width}}  {array_text(g.found)}{resting(g)}")


def resting(g: Gradient) -> str:
    """What adding to `.grad` makes of it, if there is something to add to."""
    if g.before is None or not np.any(g.before):
        return ""
    return f"; .grad holds {array_text(g.before)} and will be {array_text(g.after)}"


def row_name(g: Gradient) -> str:
    return g.place.name or leaf_text(g.place)


def table(explanation: Explanation) -> list[tuple[str, ...]]:
    """The gradients in rows, under their heads."""
    gradients = explanation.gradients
    if explanation.order == "naive":
        right = [(row_name(g), array_text(g.found), array_text(g.right)) for g in gradients]
        return [("Gradients", "in this order", "right"), *right]
    found = [(row_name(g), array_text(g.found), array_text(g.after)) for g in gradients]
    return [("Gradients", "of this walk", ".grad will be"), *found]


def of_order(explanation: Explanation, width: int) -> Iterator[Said]:
    """Gradients of the naive order beside those of the right one."""
    if not explanation.is_wrong:
        yield from wrapped("note", LUCKY, "", width)
    heads, *rows = table(explanation)
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(3)]
    for role, row in (("head", heads), *(("row", row) for row in rows)):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        wrong = "   wrong" if role == "row" and row[1] != row[2] else ""
        yield Said("late" if wrong else role, f"{'  '.join(cells)}{wrong}".rstrip())


def of_update(update: Update) -> Iterator[Said]:
    yield Said("place", f"   {update.name}")
    if not update.lines:
        yield Said("result", f"       {array_text(update.before)} -> {array_text(update.after)}")
    for formula, numbers, result in update.lines:
        yield Said("formula", f"       {formula}")
        if numbers != array_text(result):
            yield Said("formula", f"         = {numbers}")
        yield Said("result", f"         = {array_text(result)}")
