"""One side of the comparison: what an engine answers to one input, bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from reference.checking.engines import Engine, UsageError, is_float
from reference.checking.kinds import Array, Case

__all__ = ["ASPECTS", "Run", "Seen"]

ASPECTS = ("error", "shape", "dtype", "value", "input", "gradient", "second derivative")


class Seen(NamedTuple):
    """One thing that can be seen from outside.

    Attributes:
        aspect: one of ASPECTS, by which a user may ignore it.
        what: the thing in words.
        value: an array, a shape, the name of a dtype, or the error itself.
    """

    aspect: str
    what: str
    value: Any


class Run:
    """A function, called by an engine on one input.

    `look` yields what is seen, in a fixed order, and computes no further than it is asked. What it
    has computed stays here: arguments, outputs, upstream, gradients and projections.
    """

    def __init__(
        self,
        engine: Engine,
        function: Callable[..., Any],
        inputs: dict[str, bool],  # by which of them to differentiate
        case: Case,
    ) -> None:
        self.engine = engine
        self.function = function
        self.inputs = inputs
        self.case = case
        self.arguments: list[Any] = []
        self.outputs: list[Array] = []
        self.upstream: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self.projections: list[Array] = []

    def look(self, order: int) -> Iterator[Seen]:
        """Everything that is seen, up to an order of derivatives."""
        parts = (self.results, self.first, self.second)[: order + 1]
        for part, what in zip(parts, ("result", "gradient", "second derivative"), strict=False):
            try:
                yield from part()
            except UsageError:
                raise
            except Exception as error:
                yield Seen("error", f"the {what}", error)
                return

    def forward(self) -> list[Any]:
        """Call the function on new tensors; its results, of which there may be several."""
        self.arguments = [
            self.engine.tensor(a.copy(), wanted) if isinstance(a, np.ndarray) else a
            for a, wanted in zip(self.case.arguments, self.inputs.values(), strict=True)
        ]
        result = self.engine.call(self.function, self.arguments)
        outputs = list(result) if isinstance(result, tuple | list) else [result]
        self.outputs = [self.engine.array(output) for output in outputs]
        return outputs

    def results(self) -> Iterator[Seen]:
        self.forward()
        yield Seen("shape", "the number of results", len(self.outputs))
        for i, array in enumerate(self.outputs):
            what = "the result" if len(self.outputs) == 1 else f"result {i}"
            yield from seen("value", what, array)
        for name, before, after in zip(
            self.inputs, self.case.arguments, self.arguments, strict=True
        ):
            if isinstance(before, np.ndarray):
                now = self.engine.array(after).astype(before.dtype)
                yield Seen("input", f"the input {name} after the call", now)

    def first(self) -> Iterator[Seen]:
        """The gradients by the inputs."""
        self.differentiate(create_graph=False)
        for name, array in self.gradients.items():
            yield from seen("gradient", f"the gradient by {name}", array)

    def second(self) -> Iterator[Seen]:
        """The gradients again, recorded this time, and the gradients of these."""
        grads, tensors = self.differentiate(create_graph=True)
        for name, array in self.gradients.items():
            yield from seen("gradient", f"the recorded gradient by {name}", array)
        again = [v for v in grads if v is not None and self.engine.differentiable(v)]
        self.projections = [filled(self.case.projection, self.engine.array(v)) for v in again]
        projections = [self.engine.tensor(h.copy(), False) for h in self.projections]
        found = self.grad(again, [*tensors.values()], projections, create_graph=False)
        for name, array in self.arrays(tensors, found).items():
            yield from seen("second derivative", f"the second derivative by {name}", array)

    def differentiate(self, create_graph: bool) -> tuple[Sequence[Any], dict[str, Any]]:
        """Call anew and differentiate: the gradients, and all by which they can be again."""
        outputs = [v for v, a in zip(self.forward(), self.outputs, strict=True) if is_float(a)]
        many = len(outputs) > 1
        names = [f"upstream {i}" if many else "upstream" for i in range(len(outputs))]
        arrays = [filled(self.case.upstream, self.engine.array(v)) for v in outputs]
        self.upstream = dict(zip(names, arrays, strict=True))
        upstream = [self.engine.tensor(g.copy(), create_graph) for g in arrays]
        inputs = {
            name: argument
            for (name, wanted), argument in zip(self.inputs.items(), self.arguments, strict=True)
            if wanted
        }
        grads = self.grad(outputs, [*inputs.values()], upstream, create_graph)
        self.gradients = self.arrays(inputs, grads)
        return grads, inputs | dict(zip(names, upstream, strict=True))

    def grad(
        self, outputs: list[Any], inputs: list[Any], upstream: list[Any], create_graph: bool
    ) -> Sequence[Any]:
        """The gradients of those results that have any."""
        both = zip(outputs, upstream, strict=True)
        live = [(v, g) for v, g in both if self.engine.differentiable(v)]
        if not live or not inputs:
            return [None] * len(inputs)
        return self.engine.grad([v for v, _ in live], inputs, [g for _, g in live], create_graph)

    def arrays(self, inputs: dict[str, Any], grads: Sequence[Any]) -> dict[str, Array]:
        """The gradients as arrays; where there is none, zeros."""
        return {
            name: np.zeros_like(self.engine.array(x)) if g is None else self.engine.array(g)
            for (name, x), g in zip(inputs.items(), grads, strict=True)
        }


def seen(aspect: str, what: str, array: Array) -> Iterator[Seen]:
    """An array, in three steps: a wrong shape or dtype is told as that."""
    yield Seen("shape" if aspect == "value" else aspect, f"the shape of {what}", array.shape)
    yield Seen("dtype", f"the dtype of {what}", array.dtype.name)
    yield Seen(aspect, what, array)


def filled(numbers: tuple[float, ...], like: Array) -> Array:
    """An array like another one, filled with the numbers over and over."""
    return np.resize(np.array(numbers, like.dtype), like.shape)
