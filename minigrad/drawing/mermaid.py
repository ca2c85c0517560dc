"""A diagram in the language of Mermaid, which GitHub and many editors draw inside of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.drawing.diagram import Box, Diagram, Path

__all__ = ["mermaid"]

CLASSES = (
    "classDef leaf fill:#eff6ff,stroke:#93c5fd,color:#0f172a",
    "classDef constant stroke-dasharray:4 3",
    "classDef result stroke-width:3px",
)


def mermaid(diagram: Diagram) -> str:
    number = {box: f"n{i}" for i, box in enumerate(diagram.boxes)}
    used = {box.kind for box in diagram.boxes.values()}
    lines = [
        "flowchart TB",
        *group(diagram, (), number, "  "),
        *(f"  {number[source]} --> {number[target]}" for source, target in diagram.edges),
        *(f"  {line}" for line in CLASSES if line.split()[1] in used),
    ]
    return "\n".join(lines) + "\n"


def group(diagram: Diagram, path: Path, number: dict[str, str], indent: str) -> Iterator[str]:
    for box in diagram.boxes.values():
        if box.group == path:
            yield f'{indent}{number[box.id]}["{label(box)}"]{look(box)}'
    for inner in diagram.within(path):
        number_of_group = list(diagram.groups).index(inner)
        yield f'{indent}subgraph g{number_of_group} ["{escaped(diagram.groups[inner].label)}"]'
        yield from group(diagram, inner, number, indent + "  ")
        yield f"{indent}end"


def look(box: Box) -> str:
    return f":::{box.kind}" if box.kind in ("leaf", "constant", "result") else ""


def label(box: Box) -> str:
    first, *rest = [escaped(line.text) for line in box.lines]
    return "<br/>".join([f"<b>{first}</b>", *rest])


def escaped(text: str) -> str:
    """Mermaid's own way to write characters that mean something to it."""
    return "".join(f"#{ord(c)};" if c in '#"<>[]{}`&' else c for c in text)
