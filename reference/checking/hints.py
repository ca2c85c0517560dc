"""What a difference looks like: the mistakes that everybody makes once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from reference.checking.comparing import Difference
from reference.checking.engines import is_float
from reference.checking.kinds import Array, Case
from reference.checking.running import Run
from reference.checking.sources import label

if TYPE_CHECKING:
    from reference.checking.searching import Problem

__all__ = ["hints"]

# What NumPy says when an array stands where Python wants a number.
ONE_NUMBER = "truth value of an array|converted to Python scalar|only length-1 arrays"


def hints(problem: Problem, found: Difference, mine: Run, theirs: Run) -> Iterator[str]:
    """What may be the reason, one paragraph each; often there is nothing to say."""
    a, b = found.mine, found.theirs
    if isinstance(a, Exception) and re.search(ONE_NUMBER, str(a)):
        yield (
            "It seems to be meant for single numbers. Describe its input by "
            'floats(shape=(), dtype="float64"), or write it for arrays: np.exp in place of '
            "math.exp, np.where in place of if."
        )
    elif found.aspect == "input":
        yield "The function writes into its argument. Let it work on a copy."
    elif found.aspect == "dtype" and (a, b) == ("float64", "float32"):
        yield (
            "A Python number, and an array that is made without dtype=, counts as float64 and "
            'makes float64 of all it meets. If dtypes do not matter to you: ignore="dtype".'
        )
    elif found.aspect == "gradient" and isinstance(a, tuple):
        yield from shape_hints(a, b, theirs)
    elif found.aspect == "gradient":
        yield from kink_hints(problem, found, mine) or [
            *gradient_hints(problem, a, b, theirs),
            *slope_hints(problem, found, mine),
        ]
    elif found.aspect == "value" and is_float(a) and not is_finite(a) and is_finite(b):
        yield "NaN and infinities come from an overflow on the way, from 0/0, or from inf - inf."
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b):
        yield "They differ in the sign of a zero."


def is_finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())


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


def kink_hints(problem: Problem, found: Difference, mine: Run) -> list[str]:
    """A word on the place, if the function has a kink there."""
    left, right, where = slopes(problem, found, mine)
    if not abs(left - right) > 1e-3 * max(1.0, abs(left), abs(right)):
        return []
    return [
        f"There is a kink{where}: measured in small steps, the slope of "
        f"{label(problem.mine, 'the function')} is {left:.4g} on the left and {right:.4g} on the "
        f"right, and the gradient is a convention. PyTorch's is {worst(found)[1]:.4g}."
    ]


def slope_hints(problem: Problem, found: Difference, mine: Run) -> Iterator[str]:
    """A third opinion: the slope of the function itself."""
    left, right, where = slopes(problem, found, mine)
    slope = (left + right) / 2
    factor = "" if set(mine.case.upstream) == {1.0} else ", times the upstream gradient,"
    text = (
        f"Measured in small steps, the slope of {label(problem.mine, 'the function')} "
        f"itself{factor} is {slope:.6g}{where}"
    )
    a, b = worst(found)
    if is_near(slope, b):
        yield f"{text}: the function is right, and its derivative is not."
    elif is_near(slope, a):
        yield f"{text}: its derivative fits it, but it is not PyTorch's function here."


def worst(found: Difference) -> tuple[float, float]:
    """The two gradients where they differ most."""
    place = worst_place(found)
    return float(found.mine[place]), float(found.theirs[place])


def worst_place(found: Difference) -> tuple[Any, ...]:
    with np.errstate(all="ignore"):
        distance = np.nan_to_num(np.abs(found.mine - found.theirs), nan=np.inf)
    return np.unravel_index(np.argmax(distance), distance.shape)


def is_near(slope: float, gradient: Any) -> bool:
    """Whether a slope that was measured can be this gradient."""
    return abs(slope - float(gradient)) <= 1e-3 * max(1.0, abs(slope))


def slopes(problem: Problem, found: Difference, mine: Run) -> tuple[float, float, str]:
    """How fast the function changes on the left and on the right, and where that was measured.

    It is measured in float64, where the two gradients differ most: the results, weighted by the
    upstream gradient. NaN where nothing can be measured.
    """
    argument = [*problem.kinds].index(found.what.rpartition(" by ")[2])
    place = worst_place(found)
    where = f" at index {list(map(int, place))}" if found.mine.size > 1 else ""
    x = float(mine.case.arguments[argument][place])
    h = 1e-6 * max(1.0, abs(x))
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            low, here, high = (
                total(problem, mine.case, argument, place, value) for value in (x - h, x, x + h)
            )
            return (here - low) / h, (high - here) / h, where
    except Exception:  # it does not compute in float64, or not beside this input
        return np.nan, np.nan, where


def total(problem: Problem, case: Case, argument: int, place: Any, value: float) -> float:
    """The sum of the results, weighted by the upstream gradient, with one element changed."""
    arguments = [a.astype("float64") if is_float(a) else a for a in case.arguments]
    arguments[argument][place] = value
    run = problem.runs(Case(tuple(arguments), case.upstream, case.projection))[0]
    run.forward()
    outputs = [array for array in run.outputs if is_float(array)]
    return float(sum((array * np.resize(case.upstream, array.shape)).sum() for array in outputs))
