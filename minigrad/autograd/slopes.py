"""What gradcheck does: slopes measured between two points, derivatives from the walk back.

Both are matrices with a row for each element of an input and a column for each of a result.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd import gradcheck_report as report
from minigrad.autograd.backward import grad
from minigrad.autograd.function import Function
from minigrad.autograd.gradcheck import GradcheckError
from minigrad.notes import noted
from minigrad.random import Generator
from minigrad.tensor import Tensor, wrap

__all__ = ["Check", "as_tuple", "differentiable"]

Array = np.ndarray[Any, np.dtype[Any]]
Tensors = tuple[Tensor, ...]


class Check(NamedTuple):
    """A function at a point, and what counts as near."""

    func: Callable[..., Any]
    inputs: tuple[Any, ...]
    eps: float
    atol: float
    rtol: float
    nondet_tol: float

    def run(self, fast: bool, undefined: bool) -> None:
        """Raise GradcheckError if anything is wrong."""
        check_inputs(self.inputs)
        results = as_tuple(self.func(*self.inputs))
        outputs = differentiable(results)
        if not outputs:
            self.check_constant(results)
            return
        (self.compare_projections if fast else self.compare)(results, outputs)
        check_zeros(
            grad(outputs, self.wanted, zeros(outputs), allow_unused=True),
            "backward not multiplied by grad_output",
        )
        if undefined:
            self.check_undefined(len(outputs))

    @property
    def positions(self) -> list[int]:
        """Which of the inputs are checked."""
        return [i for i, t in enumerate(self.inputs) if isinstance(t, Tensor) and t.requires_grad]

    @property
    def wanted(self) -> Tensors:
        return tuple(self.inputs[i] for i in self.positions)

    # ---- slopes ---------------------------------------------------------------------------------

    def slopes(self, x: Tensor, where: Any, step: Any) -> list[Array]:
        """(f(x + step) - f(x - step)) / (2 eps) for each result; x is changed at `where` only."""
        low, high = self.near(x, where, -step), self.near(x, where, step)
        for a, b in zip(low, high, strict=True):
            self.check_alike(a, b, where)
        ends = zip(low, high, strict=True)
        return [((b - a) / (2 * self.eps)).array.reshape(-1) for a, b in ends]

    def near(self, x: Tensor, where: Any, step: Any) -> Tensors:
        """The results with x changed; x itself is as before, also if the function fails."""
        before = x.array[where].copy()
        try:
            x.array[where] = before + step
            return tuple(y.detach().clone() for y in as_tuple(self.func(*self.inputs)))
        finally:
            x.array[where] = before

    def numerical(self, x: Tensor, results: tuple[Any, ...]) -> list[Array]:
        """For each result that can have a slope by x, the matrix of them."""
        rows = [self.slopes(x, i, self.eps) for i in np.ndindex(x.array.shape)]
        return [
            np.array([row[k] for row in rows], y.array.dtype).reshape(x.numel(), y.numel())
            for k, y in enumerate(results)
            if y.is_floating_point()
        ]

    def check_alike(self, a: Tensor, b: Tensor, where: Any) -> None:
        index = "" if where is ... else f"on index {where} "
        for what, x, y in (("shape", a.shape, b.shape), ("dtype", a.dtype, b.dtype)):
            if x != y:
                raise noted(
                    AssertionError(
                        f"Expected `func` to return outputs with the same {what} when inputs are "
                        f"perturbed {index}by {self.eps}, but got: {what}s {x} and {y}."
                    ),
                    f"A slope is the difference of two results, and here their {what} depends on "
                    "the numbers of the input: on a mask, or on a branch of func. Check the "
                    "function that is left when that choice is made.",
                )

    # ---- derivatives ----------------------------------------------------------------------------

    def analytical(self, y: Tensor) -> list[Array]:
        """For each input the matrix of derivatives of y; walked twice, which must not differ."""
        first, second = self.jacobian(y), self.jacobian(y)
        for a, b in zip(first, second, strict=True):
            if a.size and np.abs(a - b).max() > self.nondet_tol:
                raise self.not_reentrant(float(np.abs(a - b).max()))
        return first

    def jacobian(self, y: Tensor) -> list[Array]:
        rows = [self.product(y, one) for one in ones_of(y)]
        return [
            np.array([row[k] for row in rows], t.array.dtype).reshape(y.numel(), t.numel()).T
            for k, t in enumerate(self.wanted)
        ]

    def product(self, y: Tensor, v: Tensor) -> list[Array]:
        """vᵀ J by each input, flat; zeros for one that was not used."""
        found = grad(y, self.wanted, v, retain_graph=True, allow_unused=True)
        return [
            (np.zeros_like(t.array) if g is None else g.array).reshape(-1)
            for g, t in zip(found, self.wanted, strict=True)
        ]

    def not_reentrant(self, apart: float) -> Exception:
        return noted(
            GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output "
                "multiple times gives different values, although analytical gradient matches "
                f"numerical gradient.The tolerance for nondeterminism was {self.nondet_tol}."
            ),
            f"Two walks back over the same graph differ by up to {apart:.3g}. A backward must not "
            "draw random numbers, nor keep a state; nondet_tol= says how much is meant.",
        )

    # ---- the comparison -------------------------------------------------------------------------

    def compare(self, results: tuple[Any, ...], outputs: Tensors) -> None:
        matrices = [self.measured(x, results) for x in self.wanted]
        for i, y in enumerate(outputs):
            for j, a in enumerate(self.analytical(y)):
                n = matrices[j][i]
                if not self.close(a, n, self.atol):
                    raise report.mismatch(self, report.Pair(results, y, i, j, n, a))

    def measured(self, x: Tensor, results: tuple[Any, ...]) -> list[Array]:
        """The slopes of those results that require grad."""
        recorded = [y.requires_grad for y in results if y.is_floating_point()]
        matrices = self.numerical(x, results)
        return [matrix for matrix, wanted in zip(matrices, recorded, strict=True) if wanted]

    def close(self, a: Array, n: Array, atol: float) -> bool:
        with np.errstate(all="ignore"):
            return bool(np.all((a == n) | (np.abs(a - n) <= atol + self.rtol * np.abs(n))))

    def compare_projections(self, results: tuple[Any, ...], outputs: Tensors) -> None:
        """v J u both ways, with random v and u: (vᵀ J) u by walks back, v (J u) by slopes."""
        generator = Generator()
        directions = [direction(x, generator) for x in self.wanted]
        weights = [direction(y, generator) for y in outputs]
        walks = [
            self.product(y, wrap(v.reshape(y.array.shape)))
            for y, v in zip(outputs, weights, strict=True)
        ]
        for j, (x, u) in enumerate(zip(self.wanted, directions, strict=True)):
            changes = self.slopes(x, ..., self.eps * u.reshape(x.array.shape))
            moved = [c for c, y in zip(changes, results, strict=True) if y.requires_grad]
            for i, (y, v, change) in enumerate(zip(outputs, weights, moved, strict=True)):
                n, a = np.asarray((v * change).sum()), np.asarray(walks[i][j].dot(u))
                if not self.close(a, n, self.atol * float(u.sum()) * float(v.sum())):
                    pair = report.Pair(results, y, i, j, n, a)
                    raise report.projections_differ(self, pair)

    # ---- promises -------------------------------------------------------------------------------

    def check_constant(self, results: tuple[Any, ...]) -> None:
        """Results that do not require grad must not change with the inputs."""
        for j, x in enumerate(self.wanted):
            for i, matrix in enumerate(self.numerical(x, results)):
                if np.any(matrix != 0):
                    raise report.constant(self, i, j, matrix)

    def check_undefined(self, count: int) -> None:
        """Without a gradient for the results, one by one and all, there is none for the inputs."""
        for gone in [range(count), *([k] for k in range(count if count > 1 else 0))]:
            outputs = differentiable(as_tuple(self.func(*self.inputs)))
            cut = [Undefined.apply(y) if k in gone else y for k, y in enumerate(outputs)]
            try:
                found = grad(cut, self.wanted, zeros(cut), allow_unused=True)
            except RuntimeError as error:
                warn_undefined()
                raise noted(
                    GradcheckError(
                        "Expected backward function to handle undefined output grads. " + ADVICE
                    ),
                    f"Where a result is not used, a Function's backward gets None, and this one "
                    f"raised {type(error).__name__}. Begin it with `if g is None: return None`, or "
                    "write check_undefined_grad=False.",
                ) from error
            if not all(g is None or np.all(g.array == 0) for g in found):
                warn_undefined()
                raise noted(
                    GradcheckError(
                        "Expected all input grads to be undefined or zero when all output grads "
                        "are undefined or zero. " + ADVICE
                    ),
                    "A gradient came back though none went in: backward adds something that is "
                    "not a multiple of its argument. Begin it with `if g is None: return None`.",
                )


ADVICE = (
    'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
)


class Undefined(Function):
    """The same value, whose backward says that it has no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> None:
        return None


def warn_undefined() -> None:
    warnings.warn(
        "Backwards compatibility: New undefined gradient support checking feature is enabled by "
        "default, but it may break existing callers of this function. If this is true for you, you "
        'can call this function with "check_undefined_grad=False" to disable the feature',
        UserWarning,
        stacklevel=5,
    )


def check_zeros(gradients: tuple[Tensor | None, ...], text: str) -> None:
    for j, g in enumerate(gradients):
        if g is not None and not np.all(g.array == 0):
            raise noted(
                GradcheckError(text),
                f"With zeros as upstream gradient, input {j} got {g.detach()}. A backward returns "
                "the upstream gradient times the derivative, so from zeros only zeros can come: "
                "look for a term without g.",
            )


def check_inputs(inputs: tuple[Any, ...]) -> None:
    any_wanted = False
    for i, t in enumerate(inputs):
        if isinstance(t, Tensor) and t.requires_grad:
            any_wanted = True
            check_input(i, t)
    if not any_wanted:
        raise noted(
            ValueError(
                "gradcheck expects at least one input tensor to require gradient, but none of them "
                "have requires_grad=True."
            ),
            "Make the point with minigrad.tensor(..., dtype=minigrad.float64, requires_grad=True).",
        )


def check_input(i: int, t: Tensor) -> None:
    if t.array.dtype != np.float64:
        warnings.warn(
            f"Input #{i} requires gradient and is not a double precision floating point or "
            "complex. This check will likely fail if all the inputs are not of double precision "
            "floating point or complex. ",
            UserWarning,
            stacklevel=5,
        )
    if any(n > 1 and step <= 0 for n, step in zip(t.array.shape, t.array.strides, strict=True)):
        raise noted(
            RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs "
                "that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            ),
            f"Input {i} was expanded to shape {list(t.array.shape)}, and its elements repeat in "
            "memory: to nudge one would nudge several. Write "
            "x.detach().clone().contiguous().requires_grad_().",
        )


def as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def differentiable(results: tuple[Any, ...]) -> Tensors:
    return tuple(y for y in results if y.requires_grad)


def zeros(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [wrap(np.zeros(t.array.shape, t.array.dtype)) for t in tensors]


def ones_of(y: Tensor) -> Iterator[Tensor]:
    """For each element of y zeros of its shape, with 1 at that element."""
    for k in range(y.numel()):
        one = np.zeros(y.array.shape, y.array.dtype)
        one.reshape(-1)[k] = 1
        yield wrap(one)


def direction(t: Tensor, generator: Generator) -> Array:
    """A random direction of length 1, with a number for each element."""
    u = generator.uniform((t.numel(),), np.dtype(np.float32)).astype(t.array.dtype)
    unit: Array = u / np.linalg.norm(u)
    return unit
