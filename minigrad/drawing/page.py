"""A diagram as one HTML page: modules closed, each to be opened, without a script."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from minigrad.drawing.diagram import Diagram
from minigrad.drawing.svg import svg

__all__ = ["page"]

STYLE = """\
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{margin:2rem auto;max-width:72rem;padding:0 1rem}
details{border:1px solid #94a3b855;border-radius:10px;margin:.8rem 0;padding:.5rem 1rem}
summary{cursor:pointer;font-weight:600}
svg{display:block;margin:.8rem auto}"""


def page(diagram: Diagram) -> str:
    title = escape(diagram.title)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{title}</title>",
            f"<style>\n{STYLE}\n</style></head>",
            f"<body>\n<h1>{title}</h1>",
            *body(diagram),
            "</body>",
            "</html>\n",
        ]
    )


def body(diagram: Diagram) -> Iterator[str]:
    if not diagram.groups:
        yield svg(diagram)
        return
    yield svg(diagram.closed(0))
    yield from groups(diagram)
    yield from details("Everything, opened", [svg(diagram)])


def groups(diagram: Diagram) -> Iterator[str]:
    """Each group, to be opened: its picture, and the groups in it."""
    for path in diagram.within(()):
        inner = diagram.inside(path)
        content = [svg(inner.closed(0)), *groups(inner)]
        yield from details(diagram.groups[path].label, content)


def details(summary: str, content: list[str]) -> Iterator[str]:
    yield f"<details><summary>{escape(summary)}</summary>"
    yield from content
    yield "</details>"
