"""The table of derivatives, read from the formulas that the engine runs.

A formula is called with symbols in place of arrays, and the symbols write down what is done with
them (see `minigrad.story.symbols`). Nothing is written twice: a formula that is changed in
`minigrad/ops` is another one in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.autograd.op import Op
from minigrad.story.symbols import read

__all__ = ["TABLE", "Entry", "formulas", "markdown", "values_for"]

X = np.array([[0.5, 2.0], [3.0, 1.5]])
Y = np.array([[1.0, 2.5], [0.5, 2.0]])
ROW = np.array([1.0, -2.0])
DIMS = (0,)

INTRODUCTION = """\
Written by `python docs/make.py`, which reads the formulas of `minigrad/ops` with symbols: this is
what the engine runs. `g` is the gradient of the result, and `out` the result. A formula may give a
gradient of the shape of the result; the engine sums it back (page [4](04-broadcasting.md))."""

Entry = tuple[Op, tuple[Any, ...]]

# The ops with an example of what they are called with: a formula may ask, and needs an answer.
TABLE: dict[str, list[Entry]] = {
    "Arithmetic": [
        (ops.add, (X, Y)), (ops.sub, (X, Y)), (ops.mul, (X, Y)), (ops.div, (X, Y)),
        (ops.neg, (X,)), (ops.reciprocal, (X,)), (ops.pow, (X, 3.0)), (ops.power, (X, Y)),
        (ops.exponential, (X, 2.0)), (ops.remainder, (X, Y)),
    ],
    "Functions": [
        (ops.exp, (X,)), (ops.log, (X,)), (ops.sqrt, (X,)), (ops.tanh, (X,)),
        (ops.sigmoid, (X,)), (ops.sin, (X,)), (ops.cos, (X,)), (ops.abs, (X,)),
    ],
    "Choices": [
        (ops.where, (X > 1, X, Y)), (ops.maximum, (X, Y)), (ops.minimum, (X, Y)),
        (ops.clamp, (X, 1.0, 2.0)),
    ],
    "Fewer elements of many": [
        (ops.sum, (X, DIMS, False)), (ops.mean, (X, DIMS, False)), (ops.prod, (X, DIMS, False)),
        (ops.logsumexp, (X, DIMS, False)), (ops.softmax, (X, DIMS)), (ops.log_softmax, (X, DIMS)),
    ],
    "Products": [
        (ops.dot, (ROW, ROW)), (ops.mv, (X, ROW)), (ops.matmul, (X, Y)),
        (ops.linear, (X, Y, ROW)),
    ],
    "Networks": [
        (ops.relu, (X,)), (ops.leaky_relu, (X, 0.01)), (ops.mse_loss, (X, Y, "mean")),
    ],
    "Elements that move": [
        (ops.reshape, (X, (4,))), (ops.t, (X,)), (ops.permute, (X, (1, 0))),
        (ops.expand, (X, (3, 2, 2))), (ops.getitem, (X, (slice(1, None),))),
    ],
}  # fmt: skip


def values_for(op: Op, args: tuple[Any, ...]) -> dict[str, Any]:
    """All that a formula of the op may name: its arguments, its result, the result's gradient."""
    out = op.kernel(*args)
    values = dict(zip(op.signature.names, args, strict=True))
    for name in op.signature.arrays:
        values |= {f"{name}_shape": values[name].shape, f"{name}_dtype": values[name].dtype}
    return values | {"out": out, "g": np.ones_like(out)}


def formulas(op: Op, args: tuple[Any, ...]) -> dict[str, str]:
    """The derivative of an op by each of its inputs, as text."""
    values = values_for(op, args)
    return {name: read(formula, values).names for name, formula in op.derivatives.items()}


def markdown() -> str:
    """The whole table, as a page of the course."""
    return "\n".join(page()) + "\n"


def page() -> Iterator[str]:
    yield "# The table of derivatives"
    yield ""
    yield INTRODUCTION
    for title, entries in TABLE.items():
        yield f"\n## {title}\n"
        yield "| op | by | derivative |"
        yield "|---|---|---|"
        for op, args in entries:
            call = f"`{op.__name__}({', '.join(op.signature.names)})`"
            for name, text in formulas(op, args).items():
                yield f"| {call} | `{name}` | `{text.replace('|', chr(92) + '|')}` |"
                call = ""
