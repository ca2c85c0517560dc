"""A story in colour: with the package `rich`, where it is installed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from minigrad.story.text import said

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
    try:
        return import_module(f"rich.{name}")
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("rich"):
            raise
        raise ModuleNotFoundError(
            "colours need the package rich, which is not installed; install it with "
            "`python -m pip install rich` or as the extra of minigrad, `python -m pip install "
            '".[cli]"` from a checkout, or go without: the plain text says the same',
            name="rich",
        ) from None


def story(explanation: Explanation) -> Any:
    """What rich prints for an explanation."""
    text = rich("text")
    lines = [text.Text(line.text, STYLES.get(line.role, "")) for line in said(explanation)]
    return text.Text("\n").join(lines)


def show(explanation: Explanation) -> None:
    """Print a story in colour."""
    rich("console").Console(highlight=False, soft_wrap=True).print(story(explanation))
