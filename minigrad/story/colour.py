"""A story in colour: with the package `rich`, where it is installed."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from minigrad.extras import of_extra
from minigrad.story.text import Said, of_updates, of_walk, table

if TYPE_CHECKING:
    from minigrad.story.explanation import Explanation

__all__ = ["rich", "show", "story"]

STYLES = {
    "title": "bold",
    "head": "bold",
    "step": "bold cyan",
    "source": "italic",
    "formula": "green",
    "result": "bold green",
    "sum": "dim",
    "late": "bold red",
    "note": "yellow",
}


def rich(name: str) -> ModuleType:
    """A module of rich; if it is missing, say what to install."""
    instead = ", or go without: the plain text says the same"
    return of_extra(f"rich.{name}", "cli", "colours", instead)


def story(explanation: Explanation) -> Any:
    """What rich prints for an explanation: coloured lines, and the gradients as a table."""
    parts = [lines(of_walk(explanation)), grid(explanation), lines(of_updates(explanation))]
    return rich("console").Group(*parts)


def lines(found: Iterable[Said]) -> Any:
    text = rich("text").Text
    return text("\n").join(text(line.text, STYLES.get(line.role, "")) for line in found)


def grid(explanation: Explanation) -> Any:
    """The gradients; those that a wrong order has spoilt in red."""
    heads, *rows = table(explanation)
    found = rich("table").Table(title_justify="left")
    for head in heads:
        found.add_column(head, overflow="fold")
    for row in rows:
        is_wrong = explanation.order == "naive" and row[1] != row[2]
        found.add_row(*map(rich("text").Text, row), style=STYLES["late"] if is_wrong else "")
    return found


def show(explanation: Explanation) -> None:
    """Print a story in colour."""
    rich("console").Console(highlight=False, soft_wrap=True).print(story(explanation))
