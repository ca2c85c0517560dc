"""Tensors as text, character for character as PyTorch prints them.

Four questions, one after the other: which elements are shown (`shown`), how one number is written
(`NumberFormat`), where the brackets and line breaks go (`brackets`), and what is said after them
(`remarks`). The module works on plain arrays; `Tensor.__repr__` calls `describe`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

__all__ = ["describe", "options", "plain_number", "set_printoptions"]

Array = np.ndarray[Any, np.dtype[Any]]


class PrintOptions:
    """How tensors are printed; `set_printoptions` explains and changes the fields."""

    def __init__(
        self,
        precision: int = 4,
        threshold: float = 1000,
        edgeitems: int = 3,
        linewidth: int = 80,
        sci_mode: bool | None = None,
    ) -> None:
        self.precision = precision
        self.threshold = threshold
        self.edgeitems = edgeitems
        self.linewidth = linewidth
        self.sci_mode = sci_mode


PROFILES: Final[dict[str | None, PrintOptions]] = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}

options: Final = PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how all tensors are printed, as `torch.set_printoptions` does.

    - `precision`: digits after the decimal point (4 at the start);
    - `threshold`: a tensor with more elements is summarised (1000);
    - `edgeitems`: the elements that a summary shows at both ends of each dimension (3);
    - `linewidth`: the characters of a line, after which it is broken (80);
    - `profile`: `"default"`, `"short"` (2 digits, 2 edge items) or `"full"` (no summaries) sets
      the four above; those that are given as well win;
    - `sci_mode`: scientific notation always (True), never (False), or as the values need it (None).

    An option that is not given stays as it is, except `sci_mode`, which each call sets. An unknown
    profile changes nothing. Both are PyTorch's rules.
    """
    base = PROFILES.get(profile, options)
    options.precision = base.precision if precision is None else precision
    options.threshold = base.threshold if threshold is None else threshold
    options.edgeitems = base.edgeitems if edgeitems is None else edgeitems
    options.linewidth = base.linewidth if linewidth is None else linewidth
    options.sci_mode = sci_mode


def describe(
    array: Array,
    *,
    grad_fn: str | None = None,
    requires_grad: bool = False,
    prefix: str = "tensor(",
) -> str:
    """The text of a tensor: `tensor([1., 2.], grad_fn=<MulBackward0>)`.

    `grad_fn` is the name of the node that made the tensor; without one, `requires_grad` is said.
    Lines after the first are indented by the length of `prefix`.
    """
    text = prefix + numbers(array, len(prefix))
    return attach(text, remarks(array, grad_fn, requires_grad), len(prefix))


def plain_number(array: Array, spec: str) -> str:
    """A 0-d tensor in an f-string: its Python number, formatted. `f"{loss:.3f}"` gives `0.125`.

    A float32 is widened, not rounded again: `1.2345678806304932`.
    """
    return format(array.item(), spec)


# ---- the numbers in their brackets


def numbers(array: Array, indent: int) -> str:
    if array.size == 0:
        return "[]"
    visible, cuts = shown(array)
    form = NumberFormat(visible.ravel().tolist(), floating=array.dtype.kind == "f")
    return brackets(visible.tolist(), cuts, indent, form)


def shown(array: Array) -> tuple[Array, list[bool]]:
    """The elements that are printed, and for each dimension whether its middle is left out."""
    if array.size <= options.threshold or array.ndim == 0:
        return array, [False] * array.ndim
    edge = options.edgeitems
    cuts = [size > 2 * edge for size in array.shape]
    kept = [
        [*range(edge), *range(size - edge, size)] if cut else range(size)
        for size, cut in zip(array.shape, cuts, strict=True)
    ]
    return array[np.ix_(*kept)], cuts


def brackets(rows: Any, cuts: Sequence[bool], indent: int, form: NumberFormat) -> str:
    """Nested lists as text; `cuts` says where the dots go, one truth per dimension."""
    if not cuts:
        return form(rows)
    if len(cuts) == 1:
        return vector(rows, cuts[0], indent, form)
    parts = [brackets(row, cuts[1:], indent + 1, form) for row in rows]
    if cuts[0]:
        parts.insert(options.edgeitems, "...")
    newlines = "\n" * (len(cuts) - 1)  # blank lines set matrices apart, more of them blocks
    return "[" + f",{newlines}{' ' * (indent + 1)}".join(parts) + "]"


def vector(values: list[Any], cut: bool, indent: int, form: NumberFormat) -> str:
    parts = [form(value) for value in values]
    if cut:
        parts.insert(options.edgeitems, " ..." if options.edgeitems else "...")
    per_line = max(1, (options.linewidth - indent) // (form.width + len(", ")))
    lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    return "[" + f",\n{' ' * (indent + 1)}".join(lines) + "]"


# ---- one number


class NumberFormat:
    """Writes the elements of one tensor: all in one style, padded to one width.

    Zeros, infinities and NaN have no say in either, so a lone `nan` may stick out of its column.
    """

    __slots__ = ("width", "write")

    def __init__(self, values: list[Any], floating: bool) -> None:
        if floating:
            values = [value for value in values if value and math.isfinite(value)]
        self.write = style_of(values) if floating else str
        self.width = max((len(self.write(value)) for value in values), default=1)

    def __call__(self, value: Any) -> str:
        return self.write(value).rjust(self.width)


def style_of(values: list[float]) -> Callable[[float], str]:
    """The style that suits the finite non-zero numbers of a tensor."""
    if not values:
        return whole
    if needs_exponents(values) if options.sci_mode is None else options.sci_mode:
        return scientific
    return whole if all(value.is_integer() for value in values) else fixed


def needs_exponents(values: list[float]) -> bool:
    sizes = [abs(value) for value in values]
    smallest, largest = min(sizes), max(sizes)
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def whole(value: float) -> str:
    """`2.`: the point alone says that this is a float; `inf` and `nan` say it themselves."""
    return f"{value:.0f}." if math.isfinite(value) else str(value)


def fixed(value: float) -> str:
    return f"{value:.{options.precision}f}"


def scientific(value: float) -> str:
    return f"{value:.{options.precision}e}"


# ---- what is said after the numbers


def remarks(array: Array, grad_fn: str | None, requires_grad: bool) -> list[str]:
    """What the numbers alone do not tell: a size, a dtype, where the tensor comes from."""
    said = []
    empty, dtype = array.size == 0, array.dtype.name
    hides_size = array.ndim != 1 if empty else options.edgeitems == 0
    if hides_size:
        said.append(f"size={array.shape}")
    if dtype != "float32" and (empty or dtype not in ("int64", "bool")):
        said.append(f"dtype=minigrad.{dtype}")
    if grad_fn is not None:
        said.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        said.append("requires_grad=True")
    return said


def attach(text: str, said: list[str], indent: int) -> str:
    """The text with its remarks, each on a new line if the last one has no room for it."""
    used = len(text) - text.rfind("\n") + 1  # 2 more than the line has: PyTorch's way of counting
    for remark in said:
        separator = ", "
        if used + len(separator + remark) > options.linewidth:
            separator, used = ",\n" + " " * indent, indent - len(", ")
        text += separator + remark
        used += len(", " + remark)
    return text + ")"
