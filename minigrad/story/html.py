"""A story for a notebook: the lines of the text, each step to be closed and opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from minigrad.notebook import element, page
from minigrad.story.text import Said, said

if TYPE_CHECKING:
    from minigrad.story.explanation import Explanation

__all__ = ["story_html"]

KINDS = {
    "source": "mg-quiet",
    "formula": "mg-value",
    "result": "mg-gradient",
    "sum": "mg-quiet",
    "late": "mg-bad",
    "note": "mg-note",
}
HEADS = {"step", "head"}


def story_html(explanation: Explanation) -> str:
    """What a notebook shows of an explanation."""
    blocks: list[list[Said]] = [[]]
    for line in said(explanation):
        if line.role in HEADS:
            blocks.append([])
        if line.text:
            blocks[-1].append(line)
    title, *others = blocks
    return page(*title_of(title), *(section(block) for block in others))


def title_of(block: list[Said]) -> Iterator[str]:
    for line in block:
        kind = "mg-title" if line.role == "title" else KINDS.get(line.role, "")
        yield element("div", escape(line.text.strip()), kind=kind)


def section(block: list[Said]) -> str:
    head, *lines = block
    parts = [
        element("div", escape(line.text), kind=f"mg-lines {KINDS.get(line.role, '')}".strip())
        for line in lines
    ]
    summary = element("summary", escape(" · ".join(re.split(r"\s{2,}", head.text.strip()))))
    return element("details", summary, *parts, open="open")
