"""What a difference looks like: the mistakes that everybody makes once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from reference.checking.comparing import Difference
from reference.checking.kinds import Array, Case
from reference.checking.running import Run
from reference.checking.sources import label

if TYPE_CHECKING:
    from reference.checking.searching import Problem

__all__ = ["hints"]


def hints(problem: Problem, found: Difference, mine: Run, theirs: Run) -> Iterator[str]:
    """What may be the reason, one paragraph each; often there is nothing to say."""
    a, b = found.mine, found.theirs
    if found.aspect == "input":
        yield "The function writes into its argument. Let it work on a copy."
    elif found.aspect == "dtype" and (a, b) == ("float64", "float32"):
        yield "An array that is made without dtype= is float64, and makes float64 of all it meets."
    elif found.aspect == "gradient" and isinstance(a, tuple):
        yield from shape_hints(a, b, theirs)
    elif found.aspect == "gradient":
        yield from gradient_hints(problem, a, b, theirs)
        yield from slope_hints(problem, found, mine)
    elif found.aspect == "value" and not np.isfinite(a).all() and np.isfinite(b).all():
        yield "NaN and infinities come from an overflow on the way, from 0/0, or from inf - inf."
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b):
        yield "They differ in the sign of a zero."


def shape_hints(a: tuple[int, ...], b: tuple[int, ...], theirs: Run) -> Iterator[str]:
    """A gradient has the shape of its input."""
    shapes = [array.shape for array in theirs.outputs]
    if a in shapes:
        yield (
            "It has the result's shape. The input was broadcast, which uses its elements several "
            "times: sum the gradient over these uses, back to the input's shape."
        )
    elif a == b[::-1]:
        yield "It is transposed."


def gradient_hints(problem: Problem, a: Array, b: Array, theirs: Run) -> Iterator[str]:
    """A gradient that is wrong by something simple."""
    near = problem.rule.near
    factors = {float(v) for g in theirs.upstream.values() for v in g.ravel()}
    with np.errstate(all="ignore"):
        if len(factors) == 1 and factors != {1.0} and near(a * factors.pop(), b).all():
            yield (
                "It is right for an upstream gradient of 1: multiply by the gradient of the "
                "result, which is handed to the derivative."
            )
        elif not a.any():
            yield "It is zero: the result does not know that it was made of this input."
        elif near(-a, b).all():
            yield "It has the wrong sign."
        elif near(a, 2 * b).all() or near(2 * a, b).all():
            yield "It is wrong by a factor of 2."


def slope_hints(problem: Problem, found: Difference, mine: Run) -> Iterator[str]:
    """A third opinion: the slope of the function itself, from both sides, in small steps.

    It is measured in float64, at the element where the two gradients differ most.
    """
    name = found.what.rpartition(" by ")[2]
    with np.errstate(all="ignore"):
        distance = np.nan_to_num(np.abs(found.mine - found.theirs), nan=np.inf)
    place = np.unravel_index(np.argmax(distance), distance.shape)
    try:
        left, right = slopes(problem, mine.case, [*problem.kinds].index(name), place)
    except Exception:
        return  # it cannot compute in float64, or not beside this input
    if not np.isfinite([left, right]).all():
        return
    function = label(problem.mine, "the function")
    where = f" at index {list(map(int, place))}" if distance.size > 1 else ""
    if abs(left - right) > 1e-3 * max(1.0, abs(left), abs(right)):
        yield (
            f"There is a kink{where}: measured in small steps, the slope of {function} is "
            f"{left:.4g} on the left and {right:.4g} on the right, and the gradient is a "
            f"convention. PyTorch's is {found.theirs[place]:.4g}."
        )
        return
    slope = (left + right) / 2
    factor = "" if set(mine.case.upstream) == {1.0} else ", times the upstream gradient,"
    text = f"Measured in small steps, the slope of {function} itself{factor} is {slope:.6g}{where}"
    if is_near(slope, found.theirs[place]):
        yield f"{text}: the function is right, and its derivative is not."
    elif is_near(slope, found.mine[place]):
        yield f"{text}: its derivative fits it, but it is not PyTorch's function here."


def is_near(slope: float, gradient: Any) -> bool:
    """Whether a slope that was measured can be this gradient."""
    return abs(slope - float(gradient)) <= 1e-3 * max(1.0, abs(slope))


def slopes(problem: Problem, case: Case, argument: int, place: Any) -> tuple[float, float]:
    """How fast the results, weighted by the upstream gradient, change on either side."""
    x = float(case.arguments[argument][place])
    h = 1e-6 * max(1.0, abs(x))

    def total(value: float) -> float:
        arguments = [
            a.astype("float64") if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
            for a in case.arguments
        ]
        arguments[argument][place] = value
        moved = Case(tuple(arguments), case.upstream, case.projection)
        run = problem.runs(moved)[0]
        run.forward()
        weights = [np.resize(case.upstream, v.shape) for v in run.outputs]
        return float(sum((v * w).sum() for v, w in zip(run.outputs, weights, strict=True)))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (total(x) - total(x - h)) / h, (total(x + h) - total(x)) / h
