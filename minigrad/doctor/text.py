"""A diagnosis as plain text."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minigrad.doctor.dead import in_words, text
from minigrad.doctor.finding import Finding
from minigrad.doctor.flow import Layer
from minigrad.doctor.units import Unit

if TYPE_CHECKING:
    from minigrad.doctor.diagnosis import Diagnosis

__all__ = ["HEADS", "cells", "heading", "remarks", "report", "title"]

HEADS = ("Layers (root mean squares)", "result", "gradient by it", "gradient by its weight")
WIDTH, MANY = 96, 6  # of a line; findings of one kind beyond so many are told by their titles


def report(diagnosis: Diagnosis) -> str:
    return "\n".join(lines(diagnosis))


def lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield heading(diagnosis)
    seen: defaultdict[str, int] = defaultdict(int)
    for finding in diagnosis.findings:
        seen[finding.kind] += 1
        short = seen[finding.kind] > MANY
        if not short or seen[finding.kind] == MANY + 1:
            yield ""
        yield from of_finding(finding, short)
    besides = remarks(diagnosis)
    if besides:
        yield ""
        yield "Besides"
        for remark in besides:
            yield from wrapped(remark, "   ", "      ")
    if diagnosis.layers:
        yield ""
        yield from table(diagnosis.layers)


def remarks(diagnosis: Diagnosis) -> list[str]:
    """What is well, and what is as wished."""
    return [*living(diagnosis.units), *diagnosis.remarks]


def heading(diagnosis: Diagnosis) -> str:
    count = len(diagnosis.findings)
    said = f"{count} {'finding' if count == 1 else 'findings'}" if count else "nothing is wrong"
    loss = "" if diagnosis.loss is None else f" at loss {diagnosis.loss:.6g}"
    return f"Diagnosis of {diagnosis.model}{loss}: {said}"


def of_finding(finding: Finding, short: bool) -> Iterator[str]:
    yield from wrapped(title(finding), "- " if short else "", "   ")
    if not short:
        for detail in finding.details:
            yield from wrapped(detail, "   ", "   ")


def title(finding: Finding) -> str:
    """The title as a sentence; a name keeps its first letter."""
    text = finding.title
    named = finding.where and text.startswith(finding.where)
    return text if named else text[0].upper() + text[1:]


def wrapped(line: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        line,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def living(units: list[Unit]) -> Iterator[str]:
    """What is to be said of units that are alive: one with its number, several in a sentence."""
    by_layer: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        by_layer[unit.layer].append(unit)
    for layer, found in by_layer.items():
        alive = [unit for unit in found if not unit.dead]
        if len(found) == 1 and alive:
            yield one_alive(found[0])
        elif alive:
            active = sum(unit.active for unit in alive) / sum(unit.samples for unit in alive)
            yield (
                f"{layer or 'relu'}: {len(alive)} of {len(found)} units are alive, active on "
                f"{active:.0%} of the samples"
            )


def one_alive(unit: Unit) -> str:
    if unit.samples == 1:
        return f"{in_words(unit)} is alive: its pre-activation {text(unit.best, unit)} is above 0"
    return (
        f"{in_words(unit)} is alive: active on {unit.active} of {unit.samples} samples, its "
        f"pre-activation is at most {text(unit.best, unit)}"
    )


def table(layers: list[Layer]) -> Iterator[str]:
    """The layers with the sizes of what flows through them."""
    rows = [(f"   {name}", *sizes) for name, *sizes in map(cells, layers)]
    widths = [max(len(row[i]) for row in (HEADS, *rows)) for i in range(len(HEADS))]
    for first, *others in (HEADS, *rows):
        columns = [f"{text:>{width}}" for text, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([f"{first:<{widths[0]}}", *columns])


def cells(layer: Layer) -> tuple[str, ...]:
    return layer.name, *map(cell, (layer.result, layer.gradient, layer.weight))


def cell(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
