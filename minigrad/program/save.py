"""A program as a file: with the numbers that it is given, it runs where there is only NumPy."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from minigrad.program.errors import refused
from minigrad.program.notation.values import Array
from minigrad.program.text.page import array_text

if TYPE_CHECKING:
    from minigrad.program.program import Program

__all__ = ["file_text"]

WIDTH = 96
SILENT = '@np.errstate(all="ignore")'
LITERAL = 64  # numbers that are written out; larger arrays are written in base64
STORED = """
def stored(text, dtype, shape):
    \"""An array, its bytes written in base64.\"""
    return np.frombuffer(bytearray(base64.b64decode(text)), dtype).reshape(shape)
"""


def file_text(program: Program) -> str:
    """The program and what its arrays hold now; CompileError if two of them share memory."""
    refuse_overlaps(program.given)
    given = [line for name, array in program.given.items() for line in lines_of(name, array)]
    sections = [["# given", *given]] if given else []
    if not any(array.size > LITERAL for array in program.given.values()):
        return in_silence(program.page.source(sections))
    text = program.page.source([[*STORED.splitlines(), ""], *sections])
    return in_silence(text.replace("\nimport numpy", "\nimport base64\n\nimport numpy", 1))


def in_silence(text: str) -> str:
    """The text with a step of which NumPy does not warn, as it does not in minigrad."""
    return text.replace("\ndef step(", f"\n{SILENT}\ndef step(", 1)


def refuse_overlaps(given: dict[str, Array]) -> None:
    for (a, x), (b, y) in combinations(given.items(), 2):
        if np.shares_memory(x, y):
            raise refused(
                f"{a} and {b} share memory, which two arrays of a file cannot",
                "Use the program where its tensors are, or compile a step that sees one of them.",
            )


def lines_of(name: str, array: Array) -> Iterator[str]:
    """The assignment of an array with the same elements in the same order of memory."""
    order = sorted(range(array.ndim), key=lambda i: -array.strides[i])
    back = tuple(order.index(i) for i in range(array.ndim))
    moved = "" if order == sorted(order) else f".transpose({back})"
    array = array.transpose(order)
    if array.size <= LITERAL:
        text = f"{name} = {array_text(array)}{moved}"
        rows = [text] if len(text) <= WIDTH else text.replace("], ", "],\n    ").splitlines()
        for row in rows:
            yield from textwrap.wrap(row, WIDTH, subsequent_indent="     ")
    else:
        yield f'{name} = stored("""'
        yield from textwrap.wrap(base64.b64encode(array.tobytes()).decode(), WIDTH)
        yield f'""", "{array.dtype.str}", {array.shape}){moved}'
