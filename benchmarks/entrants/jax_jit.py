"""JAX, compiled by XLA for the CPU."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import jax
import jax.numpy as np

from benchmarks.entrants import functional
from benchmarks.problems import Net, Points
from benchmarks.trial import Step, Trial

__all__ = ["PROGRAMS"]


def until_ready(step: Step, arguments: tuple[Any, ...], count: int) -> float:
    """The seconds that a step takes: calls return at once, so wait for the last result."""
    begin = perf_counter()
    for _ in range(count):
        result = step(*arguments)
    jax.block_until_ready(result)
    return (perf_counter() - begin) / count


def training(net: Net) -> Trial:
    """A net's training, the whole step in one compiled function."""
    update = functional.updated(net, jax.value_and_grad(functional.loss_of(np, net)))
    return functional.training(net, jax.jit(update), measure=until_ready)


def differentiating(f: Callable[[Any, Any, Any], Any]) -> Callable[[Points], Trial]:
    """The trial of a function of x, by its points."""

    @jax.jit
    def value_and_gradient(x: Any, factor: Any, gradient: Any) -> tuple[Any, Any]:
        value, pull = jax.vjp(lambda x: f(np, x, factor), x)
        return value, pull(gradient)[0]

    return lambda points: functional.differentiating(
        points, value_and_gradient, measure=until_ready
    )


PROGRAMS = {
    "training": training,
    "elementwise": differentiating(functional.elementwise),
    "math": differentiating(functional.math),
}
