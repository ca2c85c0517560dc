"""A tensor as a grid of its numbers, coloured by sign, with the gradient beside the value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from minigrad.autograd.graph import Node
from minigrad.notebook.page import element, page, paragraph
from minigrad.printing import NumberFormat
from minigrad.tensor import Tensor

__all__ = ["grids", "heading", "tensor_html"]

Array = np.ndarray[Any, np.dtype[Any]]

ROWS, COLUMNS, BLOCKS, EDGE = 12, 12, 4, 5  # more than so many: the first and the last few
POSITIVE, NEGATIVE, STRONGEST = "37,99,235", "220,38,38", 0.45
DOTS = "⋯"


def tensor_html(t: Tensor) -> str:
    """What a notebook shows of a tensor."""
    g = None if t.node is None or isinstance(t.node, Node) else t.grad
    parts = [element("div", *grids(t.array, "value" if g is not None else ""))]
    if g is not None:
        parts.append(element("div", *grids(g.array, "gradient")))
    return page(paragraph(heading(t), "mg-title"), element("div", *parts, kind="mg-row"))


def heading(t: Tensor) -> str:
    """`Tensor [2, 3] · float32 · requires grad, not computed yet`."""
    said = [f"{type(t).__name__} {list(t.array.shape)}", str(t.dtype).removeprefix("minigrad.")]
    if isinstance(t.node, Node):
        said.append(f"made by {t.node.name()}")
    elif t.requires_grad:
        said.append("requires grad" + (", none computed yet" if t.grad is None else ""))
    return " · ".join(said)


def grids(array: Array, caption: str) -> Iterator[str]:
    """A grid for each matrix in an array, and a line about all of it if some is left out."""
    if array.size == 0:
        yield paragraph("no elements", "mg-quiet")
        return
    form = NumberFormat(looked_at(array).tolist(), floating=array.dtype.kind == "f")
    scale = strength(array)
    matrices = list(np.ndindex(array.shape[:-2]))
    for index in matrices[:BLOCKS]:
        where = f"[{', '.join(map(str, index))}]" if index else ""
        yield grid(array[index], index, " ".join(filter(None, (caption, where))), form, scale)
    if len(matrices) > BLOCKS:
        yield paragraph(f"and {len(matrices) - BLOCKS} matrices more", "mg-quiet")
    if len(matrices) > BLOCKS or is_cut(array):
        yield paragraph(summary(array), "mg-quiet")


def is_cut(array: Array) -> bool:
    """Whether rows or columns are left out."""
    sizes = zip(array.shape[::-1], (COLUMNS, ROWS), strict=False)  # the last dim is the columns
    return any(size > most for size, most in sizes)


def looked_at(array: Array) -> Array:
    """The numbers that are shown, all in a row."""
    matrix = np.atleast_2d(array)
    blocks = matrix.reshape(-1, *matrix.shape[-2:])[:BLOCKS]
    rows, columns = (
        [i for i in shown(size, most) if i is not None]
        for size, most in zip(blocks.shape[1:], (ROWS, COLUMNS), strict=True)
    )
    return blocks[:, rows][:, :, columns].reshape(-1)


def strength(array: Array) -> float:
    """The largest finite size, which gets the strongest colour."""
    if array.dtype.kind != "f":
        return float(np.max(np.abs(array.astype(np.float64))))
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max(initial=0.0))


def shown(size: int, most: int) -> list[int | None]:
    """The indices of a dim that are shown; None where some are left out."""
    if size <= most:
        return list(range(size))
    return [*range(EDGE), None, *range(size - EDGE, size)]


def grid(
    matrix: Array, before: tuple[int, ...], caption: str, form: NumberFormat, scale: float
) -> str:
    """A matrix, a vector as one row, or a single number, as a table."""
    rows = np.atleast_2d(matrix)
    columns = shown(rows.shape[1], COLUMNS)
    lines = []
    for i in shown(rows.shape[0], ROWS):
        cells = [
            element("td", DOTS, kind="mg-quiet")
            if i is None or j is None
            else cell(rows[i, j], (*before, *(i, j)[2 - matrix.ndim :]), form, scale)
            for j in columns
        ]
        lines.append(element("tr", *cells))
    words = element("caption", escape(caption)) if caption else ""
    return element("table", words, element("tbody", *lines))


def cell(value: Any, index: tuple[int, ...], form: NumberFormat, scale: float) -> str:
    """A number; the exact one and its index are its title."""
    title = f"{list(index)} {value!s}" if index else str(value)
    style = colour(float(value), scale)
    attributes = {"style": style} if style else {}
    return element("td", escape(form.write(value.item())), title=title, **attributes)


def colour(value: float, scale: float) -> str:
    """The background of a number: its hue is the sign, its strength the size."""
    if math.isnan(value):
        return "outline:1px solid rgb(220,38,38)"
    if not value:
        return ""
    share = 1.0 if math.isinf(value) else abs(value) / scale
    return f"background:rgba({POSITIVE if value > 0 else NEGATIVE},{0.06 + share * STRONGEST:.2f})"


def summary(array: Array) -> str:
    """A line about numbers that are too many to be shown."""
    said = f"{array.size:,} elements"
    if array.dtype.kind == "b":
        return f"{said}, {int(array.sum()):,} of them True"
    finite = array[np.isfinite(array)]
    if finite.size:
        mean = finite.mean(dtype=np.float64)
        said += f", from {finite.min():.4g} to {finite.max():.4g}, mean {mean:.4g}"
    lost = array.size - finite.size
    zeros = int(np.count_nonzero(array == 0))
    return (
        said + (f", {zeros:,} are 0" if zeros else "") + (f", {lost:,} not finite" if lost else "")
    )
