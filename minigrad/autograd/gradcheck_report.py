"""What gradcheck says where a derivative is not the slope: PyTorch's text, and a note that helps.

The note names the element at which the two are farthest apart, both values, and what is allowed;
and it says what the difference looks like: a kink, a sign, a factor, or the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.autograd.gradcheck import GradcheckError
from minigrad.notes import noted
from minigrad.tensor import Tensor, wrap

if TYPE_CHECKING:
    from minigrad.autograd.slopes import Check

__all__ = ["Pair", "constant", "mismatch", "projections_differ"]

Array = np.ndarray[Any, np.dtype[Any]]


class Pair(NamedTuple):
    """Two matrices that should be equal: of output i, among those that require grad, by input j."""

    results: tuple[Any, ...]
    output: Tensor
    i: int
    j: int
    numerical: Array
    analytical: Array


def mismatch(check: Check, pair: Pair) -> Exception:
    text = f"numerical:{wrap(pair.numerical)}\nanalytical:{wrap(pair.analytical)}\n"
    return noted(GradcheckError(headline(pair) + text), note(check, pair))


def headline(pair: Pair) -> str:
    return f"Jacobian mismatch for output {pair.i} with respect to input {pair.j},\n"


def projections_differ(check: Check, pair: Pair) -> Exception:
    """The two sums differ: look at every element, and say where."""
    text = f"numerical:{pair.numerical}\nanalytical:{pair.analytical}\n"
    x = check.wanted[pair.j]
    n = check.measured(x, pair.results)[pair.i]
    a = check.jacobian(pair.output)[pair.j]
    whole = pair._replace(numerical=n, analytical=a)
    if check.close(a, n, check.atol):
        advice = (
            "Element by element, the two agree: it is their sums in random directions, which "
            "fast_mode compares, that differ. fast_mode=False accepts this function."
        )
    else:
        advice = note(check, whole)
    return noted(GradcheckError(headline(pair) + text), advice)


def constant(check: Check, i: int, j: int, matrix: Array) -> Exception:
    row, column = np.argwhere(matrix != 0)[0]
    shape = check.wanted[j].array.shape
    return noted(
        GradcheckError("Numerical gradient for function expected to be zero"),
        f"Result {i} does not require grad, and yet it changes with {place(check, j, row, shape)}: "
        f"by {matrix[row, column]:.6g} for each unit. The history was cut on the way, by detach(), "
        "item(), or under no_grad.",
    )


def note(check: Check, pair: Pair) -> str:
    n, a = pair.numerical, pair.analytical
    with np.errstate(all="ignore"):
        allowed = check.atol + check.rtol * np.abs(n)
        apart = np.abs(a - n)
        excess = np.where(a == n, -np.inf, apart - allowed)
    excess[np.isnan(excess)] = np.inf
    row, column = np.unravel_index(excess.argmax(), excess.shape)
    x = check.wanted[pair.j]
    where = f"output{indexed(column, pair.output.array.shape)}"
    lines = [
        f"Farthest apart: {where} by {place(check, pair.j, row, x.array.shape)}. "
        f"numerical {n[row, column]:.9g}, analytical {a[row, column]:.9g}: "
        f"{apart[row, column]:.3g} apart, where atol + rtol * |numerical| = "
        f"{allowed[row, column]:.3g} is allowed.",
        f"{np.count_nonzero(excess > 0)} of {n.size} derivatives are beyond what is allowed.",
        *looks(check, pair, int(row), int(column)),
    ]
    return "\n".join(lines)


def place(check: Check, j: int, row: Any, shape: tuple[int, ...]) -> str:
    """The element of an input, counted among all arguments of the function."""
    position = check.positions[j]
    also = "" if position == j else f" (argument {position} of the function)"
    return f"input{indexed(row, shape)}{also}"


def indexed(flat: Any, shape: tuple[int, ...]) -> str:
    index = ", ".join(str(k) for k in np.unravel_index(int(flat), shape)) if shape else ""
    return f"[{index}]" if index else ""


# ---- what it looks like -------------------------------------------------------------------------


def looks(check: Check, pair: Pair, row: int, column: int) -> Iterator[str]:
    if check.wanted[pair.j].array.dtype != np.float64:
        yield (
            "The input is float32: the rounding of the difference, divided by eps, may be all that "
            "is wrong. Check in float64."
        )
    elif (kink := sides(check, pair, row, column)) is not None:
        below, above = kink
        yield (
            f"There is a kink: the slope is {below:.6g} below this point and {above:.6g} above it, "
            "and a derivative may be either, or between. Check at another point."
        )
    elif (ratio := factor(pair)) is not None:
        sign = ": only the sign is wrong" if ratio == -1 else ""
        yield f"All analytical derivatives are {ratio:.6g} times the numerical ones{sign}."


def sides(check: Check, pair: Pair, row: int, column: int) -> tuple[float, float] | None:
    """The slopes on the two sides of the point, if they differ from each other."""
    x = check.wanted[pair.j]
    index = np.unravel_index(row, x.array.shape) if x.array.shape else ()
    which = [k for k, y in enumerate(pair.results) if y.requires_grad][pair.i]
    low, mid, high = (
        float(check.near(x, index, step)[which].array.reshape(-1)[column])
        for step in (-check.eps, 0.0, check.eps)
    )
    below, above = (mid - low) / check.eps, (high - mid) / check.eps
    larger = max(abs(below), abs(above))
    return (below, above) if abs(above - below) > 0.01 * larger + check.atol else None


def factor(pair: Pair) -> float | None:
    """c, if all of the one matrix are c times the other."""
    n, a = pair.numerical.reshape(-1), pair.analytical.reshape(-1)
    size = float(n.dot(n))
    if not np.isfinite(size) or size == 0 or not np.all(np.isfinite(a)):
        return None
    ratio = float(a.dot(n)) / size
    rest = np.abs(a - ratio * n).max()
    rounded = round(ratio, 4)
    return rounded if rest <= 1e-4 * np.abs(n).max() and rounded not in (0, 1) else None
