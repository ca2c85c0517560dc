"""`check`: search for an input on which two functions differ, and make it small.

Hypothesis draws the inputs and shrinks what is found, NumPy and PyTorch compute: nothing of
minigrad takes part unless it is what is checked, so a bug of its own cannot hide another.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import numpy as np
import torch
from hypothesis import HealthCheck, Phase, Verbosity

from reference.checking.comparing import ERRORS, Difference, Rule
from reference.checking.engines import Engine, Library, UsageError, engine_of, is_float
from reference.checking.kinds import Case, Kind, cases, floats
from reference.checking.report import Disagreement, Result, agreement, disagreement
from reference.checking.running import ASPECTS, Run
from reference.checking.script import script

__all__ = ["Problem", "check", "search"]

TORCH = Library(torch)


def check(
    mine: Callable[..., Any],
    theirs: Callable[..., Any],
    *kinds: Kind,
    derivative: Callable[..., Any] | None = None,
    engine: Any = None,
    order: int = 2,
    errors: str | None = None,
    ignore: str | Iterable[str] = (),
    rtol: float | None = None,
    atol: float | None = None,
    exact: bool = False,
    mixed: bool = False,
    examples: int = 300,
    seed: int = 0,
    raises: bool = False,
) -> Result:
    """Search for the smallest input on which a function differs from PyTorch's.

        print(reference.check(softplus, torch.nn.functional.softplus, derivative=slope))

    Compared are: whether an error is raised, and which; the shape, dtype and value of the result;
    that the input is still what it was; the gradient, for random upstream gradients; and, where
    the engine can, the gradient of a random projection of the gradient.

    Args:
        mine: the function that may be wrong. It is called with NumPy arrays, unless an engine is
            given, or it is itself one of minigrad's or PyTorch's.
        theirs: the function that is right; it is called with PyTorch's tensors.
        kinds: of what kind each argument is: `floats()`, `integers()`, `bools()`, `one_of()`. By
            default each one that the function requires is `floats()`.
        derivative: of a NumPy function, `derivative(x, g)`: the gradient by x, or by each argument
            in a tuple, given the gradient g of the result.
        engine: a module with PyTorch's names (minigrad, torch), a class whose objects have
            `.data`, `.backward()` and `.grad`, or an `Engine`.
        order: 0 for values alone, 1 for gradients too, 2 for their gradients too.
        errors: what has to be equal of an error: that it is "raised", its "class", or its "text".
            By default the text for minigrad and torch, and for all else that it is raised.
        ignore: aspects that may differ: any of "error", "shape", "dtype", "value", "input",
            "gradient", "second derivative".
        rtol, atol: the tolerance, by default 1e-4 in float32 and 1e-7 in float64.
        exact: compare bits instead, signs of zeros included.
        mixed: let each input have a dtype of its own.
        examples: how many inputs to try.
        seed: of the search, which is otherwise the same each time.
        raises: raise a `Disagreement` (an AssertionError) instead of returning the result.

    Returns:
        A `Result`: true if no difference was found; printed, it says what was found.
    """
    side = engine_of(engine, mine, derivative)
    kinds = kinds or default_kinds(mine, theirs, side)
    names = argument_names((mine, theirs), kinds)
    much = known(errors or side.errors, ERRORS)
    rule = Rule(rtol, atol, exact, much, ignored(ignore, side), side.name)
    described = dict(zip(names, kinds, strict=True))
    problem = Problem(mine, theirs, side, described, rule, min(order, side.order))
    result = search(problem, mixed, examples, seed)
    if raises and not result:
        raise Disagreement(result)
    return result


@dataclass(frozen=True)
class Problem:
    """Two functions, the engine of the first, their inputs, and what is to be equal."""

    mine: Callable[..., Any]
    theirs: Callable[..., Any]
    engine: Engine
    kinds: dict[str, Kind]
    rule: Rule
    order: int
    other: Engine = TORCH
    title: str = ""
    program: Callable[[Any, Difference, Run], str] = script

    @property
    def sides(self) -> tuple[str, str]:
        """What to call the two in a report."""
        mine, theirs = self.engine.name, self.other.name
        return ("mine" if mine == theirs else mine), theirs

    def runs(self, case: Case) -> tuple[Run, Run]:
        """Both sides of one input."""
        inputs = {
            name: self.order > 0 and kind.grad and is_float(argument)
            for (name, kind), argument in zip(self.kinds.items(), case.arguments, strict=True)
        }
        return (
            Run(self.engine, self.mine, inputs, case),
            Run(self.other, self.theirs, inputs, case),
        )

    def compare(self, mine: Run, theirs: Run) -> Difference | None:
        """The first difference between the two sides."""
        dtypes = {a.dtype.name for a in mine.case.arguments if is_float(a)}
        rule = replace(self.rule, coarsest=min(dtypes, default="float64"))  # float32 < float64
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return rule.first_difference(mine.look(self.order), theirs.look(self.order))


def search(problem: Problem, mixed: bool, examples: int, seed: int) -> Result:
    """Try inputs; of those on which the two differ, report the smallest.

    First any difference is searched for, and then, from the same seed, the smallest input with a
    difference of that aspect: what is shrunk must not turn from a wrong value into a wrong sign.
    """
    attempt = Attempt(problem)
    strategy = cases([*problem.kinds.values()], mixed)
    attempt.run(strategy, examples, seed, Phase.generate)
    if attempt.found is None:
        return agreement(problem, attempt.tried, attempt.failed)
    again = Attempt(problem, attempt.last)
    again.run(strategy, examples, seed, Phase.generate, Phase.shrink)
    return disagreement(problem, again.found or attempt.found, attempt.tried)


class Attempt:
    """One search: what it tried, and the last input on which it found a difference.

    Attributes:
        aspect: the aspect to look for, or None for any.
        last: the aspect in which they differed last.
        tried: the number of inputs until one was found.
        failed: on how many of them both sides raised an error.
    """

    def __init__(self, problem: Problem, aspect: str | None = None) -> None:
        self.problem = problem
        self.aspect = aspect
        self.found: Case | None = None
        self.last: str | None = None
        self.tried = self.failed = 0

    def run(self, strategy: Any, examples: int, seed: int, *phases: Phase) -> None:
        options = hypothesis.settings(
            max_examples=examples,
            phases=phases,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        test: Any = hypothesis.seed(seed)(options(hypothesis.given(strategy)(self.consider)))
        # Flaky: it differed once, and not the next time, and that is worth a report, too.
        with contextlib.suppress(Found, hypothesis.errors.Flaky):
            test()

    def consider(self, case: Case) -> None:
        """Compare on one input; Found says that Hypothesis may look for a smaller one."""
        self.tried += self.found is None
        mine, theirs = self.problem.runs(case)
        difference = self.problem.compare(mine, theirs)
        if difference and self.aspect in (None, difference.aspect):
            self.found, self.last = case, difference.aspect
            raise Found
        self.failed += not theirs.outputs


class Found(Exception):
    """The functions differ."""


# ---- what the user did not say ------------------------------------------------------------------


def default_kinds(mine: Any, theirs: Any, engine: Engine) -> tuple[Kind, ...]:
    """Floats for each argument that has to be given."""
    count = len(required(mine) or required(theirs) or ["x"])
    if getattr(engine, "scalars", False):
        return (floats(shape=(), dtype="float64"),) * count
    return (floats(),) * count


def argument_names(functions: Sequence[Any], kinds: Sequence[Kind]) -> list[str]:
    """What the arguments are called, by the first function that tells."""
    for kind in kinds:
        if not isinstance(kind, Kind):
            raise UsageError(
                f"an input is described by floats(), integers(), bools() or one_of(), not {kind!r}"
            )
    for function in functions:
        names = positional(function)
        if len(names) >= len(kinds):
            return names[: len(kinds)]
    return ["x"] if len(kinds) == 1 else [chr(ord("a") + i) for i in range(len(kinds))]


def positional(function: Any) -> list[str]:
    """The names of the arguments that a function takes by position; none if it does not tell."""
    return [p.name for p in parameters(function)]


def required(function: Any) -> list[str]:
    """The names of those without a default."""
    return [p.name for p in parameters(function) if p.default is p.empty]


def parameters(function: Any) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def known(word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise UsageError(f"{word!r} is none of {', '.join(map(repr, words))}")
    return word


def ignored(ignore: str | Iterable[str], engine: Engine) -> frozenset[str]:
    """The aspects to ignore; an engine without dtypes cannot be blamed for them."""
    words = [ignore] if isinstance(ignore, str) else ignore
    aspects = frozenset(known(word, ASPECTS) for word in words)
    return aspects if engine.dtypes else aspects | {"dtype"}
