"""When two answers are the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.checking.kinds import Array
from reference.checking.running import Seen

__all__ = ["ERRORS", "Difference", "Rule", "told"]

ERRORS = ("raised", "class", "text")

# What a parser of arguments says is nobody's to repeat.
SIGNATURE = "invalid combination of arguments|required positional argument|unexpected keyword"

# Far above the rounding of a few operations, far below any mistake in a formula.
TOLERANCES = {"float16": (1e-2, 1e-2), "float32": (1e-4, 1e-4), "float64": (1e-7, 1e-7)}


@dataclass(frozen=True)
class Difference:
    """The first thing in which two answers to one input differ; None where one has no answer."""

    aspect: str
    what: str
    mine: Any
    theirs: Any


@dataclass(frozen=True)
class Rule:
    """What counts as equal.

    Attributes:
        rtol, atol: |mine - theirs| <= atol + rtol |theirs|; if None, as fits the dtype.
        exact: the same bits instead, the signs of zeros included.
        errors: how much of an error has to be the same, one of ERRORS.
        ignore: aspects that are not compared.
        name: what one library says where the other one says torch.
        coarsest: the least precise dtype that the numbers have been through.
    """

    rtol: float | None = None
    atol: float | None = None
    exact: bool = False
    errors: str = "raised"
    ignore: frozenset[str] = frozenset()
    name: str = "torch"
    coarsest: str = "float64"

    def first_difference(self, mine: Iterable[Seen], theirs: Iterable[Seen]) -> Difference | None:
        """The first thing that is not equal; neither side is asked for more than that."""
        for a, b in zip(self.relevant(mine), self.relevant(theirs), strict=False):
            failed = [seen for seen in (a, b) if isinstance(seen.value, Exception)]
            if len(failed) == 1 or a.what != b.what:
                what = failed[0].what if failed else a.what
                values = [s.value if isinstance(s.value, Exception) else None for s in (a, b)]
                return Difference("error", what, *values)
            if not self.equal(a.value, b.value):
                return Difference(a.aspect, a.what, a.value, b.value)
        return None

    def relevant(self, seen: Iterable[Seen]) -> Iterable[Seen]:
        return (one for one in seen if one.aspect not in self.ignore)

    def equal(self, mine: Any, theirs: Any) -> bool:
        """Whether two values, shapes, names or errors are the same."""
        if isinstance(mine, Exception) and isinstance(theirs, Exception):
            return told(mine, self.errors, self.name) == told(theirs, self.errors, self.name)
        if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
            return mine.shape == theirs.shape and bool(self.near(mine, theirs).all())
        return bool(mine == theirs)

    def near(self, mine: Array, theirs: Array) -> Array:
        """Element by element, whether two arrays are equal or near enough; NaN equals NaN."""
        same = np.asarray(mine == theirs)
        if "f" not in (mine.dtype.kind, theirs.dtype.kind):
            return same
        with np.errstate(all="ignore"):
            if self.exact:
                same &= np.signbit(mine) == np.signbit(theirs)
            else:
                rtol, atol = self.tolerance(mine, theirs)
                distance = np.abs(mine - theirs)
                same |= (distance <= atol + rtol * np.abs(theirs)) & np.isfinite(theirs)
            return np.asarray(same | (np.isnan(mine) & np.isnan(theirs)))

    def tolerance(self, mine: Array, theirs: Array) -> tuple[float, float]:
        """The relative and absolute tolerance, by the least precise dtype."""
        dtypes = [a.dtype.name for a in (mine, theirs) if a.dtype.kind == "f"]
        rtol, atol = max(TOLERANCES[dtype] for dtype in (*dtypes, self.coarsest))
        return (
            rtol if self.rtol is None else self.rtol,
            atol if self.atol is None else self.atol,
        )


def told(error: Exception, much: str, name: str = "torch") -> str:
    """As much of an error as is compared, with `torch` for the library's own name."""
    if much == "raised":
        return "an error"
    line = re.sub(rf"\b{re.escape(name)}\b", "torch", str(error).partition("\n")[0])
    if much == "class" or (type(error) is TypeError and re.search(SIGNATURE, line)):
        return type(error).__name__
    return f"{type(error).__name__}: {line}"
