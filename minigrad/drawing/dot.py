"""A diagram in the language of Graphviz: `dot -Tpdf picture.dot`."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.drawing.diagram import Box, Diagram, Path

__all__ = ["dot"]

COLOURS = {
    "title": "black", "shape": "gray40", "data": "blue3", "gradient": "orangered3",
    "missing": "gray40",
}  # fmt: skip


def dot(diagram: Diagram) -> str:
    number = {box: f"n{i}" for i, box in enumerate(diagram.boxes)}
    lines = [
        "digraph {",
        f"  label={quoted(diagram.title)}; labelloc=t; rankdir=TB; compound=true;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, color=gray70, '
        'fontname="monospace", fontsize=11];',
        '  graph [fontname="monospace", fontsize=11, color=slateblue1, style=rounded];',
        "  edge [color=gray50, arrowsize=0.7];",
        *group(diagram, (), number, "  "),
        *(f"  {number[source]} -> {number[target]};" for source, target in diagram.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def group(diagram: Diagram, path: Path, number: dict[str, str], indent: str) -> Iterator[str]:
    for box in diagram.boxes.values():
        if box.group == path:
            yield f"{indent}{number[box.id]} [label=<{label(box)}>{look(box)}];"
    for inner in diagram.within(path):
        yield f"{indent}subgraph cluster_{list(diagram.groups).index(inner)} {{"
        yield f"{indent}  label={quoted(diagram.groups[inner].label)};"
        yield from group(diagram, inner, number, indent + "  ")
        yield f"{indent}}}"


def look(box: Box) -> str:
    styles = {
        "leaf": ", fillcolor=aliceblue, color=steelblue1",
        "constant": ', style="rounded,dashed"',
        "result": ", penwidth=2, color=black",
    }
    return styles.get(box.kind, "")


def label(box: Box) -> str:
    return '<br align="left"/>'.join(
        f'<font color="{COLOURS[line.role]}">{marked(line.role, line.text)}</font>'
        for line in box.lines
    ) + ('<br align="left"/>' if len(box.lines) > 1 else "")


def marked(role: str, text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<b>{escaped}</b>" if role == "title" else escaped


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
