"""The page, put together of its sources: page.html, page.css and page.js lie beside this file."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import Any

from minigrad.guide import PROGRAMS
from minigrad.page.backward import Told, told
from minigrad.page.markup import Markup, joined, script_json, tag
from minigrad.page.training import Shown, shown, watch
from minigrad.story import Explanation
from minigrad.version import __version__

__all__ = ["program_page", "story_page"]


def story_page(explanation: Explanation) -> str:
    """An explanation as a page: the graph, and a slider over the steps of the backward pass."""
    story = told(explanation)
    return page(story, story.title, "The backward pass", Markup(""), Markup(""), None)


def program_page(
    name: str,
    step: int = 1,
    order: str = "engine",
    seed: int = 0,
    steps: int | None = None,
    **options: Any,
) -> str:
    """A program of the guide as a page: one of its backward passes, and all of its training.

    step     whose backward pass is told, from 1
    steps    how many the training has; by default as many as the program has by itself
    options  lr and momentum, where they are not to be the program's own
    """
    if step < 1:
        raise ValueError(f"steps are counted from 1, not {step}")
    entry = PROGRAMS[name]
    defaults = entry.defaults()
    steps = max(step, defaults["steps"] if steps is None else steps)
    story, run = watch(name, step, order, seed, steps, **options)
    facts = {
        "network": entry.network,
        "task": entry.task,
        "seed": seed,
        "learning rate": options.get("lr", defaults["lr"]),
        "momentum": options.get("momentum", defaults["momentum"]),
    }
    written = shown(run)
    typed = {"seed": seed, "step": step, **({} if order == "engine" else {"order": order})}
    lead = joined([tag("p", entry.teaches), fact_list(facts), command(name, typed | options)])
    title = f"{entry.title[0].upper()}{entry.title[1:]}"
    heading = f"{story.title}, in training step {step}"
    return page(story, title, heading, lead, training(written, steps, step), written)


def page(
    story: Told, title: str, heading: str, lead: Markup, trained: Markup, run: Shown | None
) -> str:
    count = len(story.steps)
    data = {"backward": story.data, "training": None if run is None else run.data}
    return Template(source("page.html")).substitute(
        title=joined([title]),
        style=source("page.css"),
        script=source("page.js"),
        lead=lead,
        heading=joined([heading]),
        last=count,
        graph=story.graph,
        steps=joined(story.steps, "\n"),
        training=trained,
        data=script_json(data),
        version=__version__,
    )


def source(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def fact_list(facts: dict[str, Any]) -> Markup:
    rows = (tag("div", tag("dt", key), tag("dd", str(value))) for key, value in facts.items())
    return tag("dl", *rows, class_="facts")


def command(name: str, given: dict[str, Any]) -> Markup:
    """What to type for the same as text."""
    words = (f"--{key} {value}" for key, value in given.items())
    return tag("p", "As text: ", tag("code", " ".join(["minigrad explain", name, *words])))


def training(run: Shown, steps: int, step: int) -> Markup:
    """The part of the page about the training."""
    return Markup(
        Template(source("training.html")).substitute(
            last=steps,
            step=step,
            loss=run.loss,
            scale=run.scale,
            weights=run.weights,
            rows=run.rows,
            units=units(run.units),
        )
    )


def units(rows: Markup) -> Markup:
    if not rows:
        return tag("p", "No unit of this network has a corner: gradients get through everywhere.")
    return Markup(Template(source("units.html")).substitute(rows=rows))
