"""The numbers that all contestants of a problem start from: float32, the same in every run."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems import Cloud, Net, Points

__all__ = ["Array", "batch", "cloud", "names", "points", "weights"]

Array = NDArray[Any]

SEED = 0


def uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float) -> Array:
    """Numbers from [-bound, bound). In place: the memory of a contestant starts from here."""
    x = rng.random(shape, dtype=np.float32)
    x -= np.float32(0.5)
    x *= np.float32(2 * bound)
    return x


def weights(net: Net) -> dict[str, Array]:
    """First weights, drawn as nn.Linear draws them, by name in the order of `parameters()`."""
    rng = np.random.default_rng(SEED)
    found = {}
    for i, (m, n) in enumerate(pairwise(net.sizes)):
        found[f"weight {i}"] = uniform(rng, (n, m), m**-0.5)
        if net.bias:
            found[f"bias {i}"] = uniform(rng, (n,), m**-0.5)
    return found


def names(net: Net) -> list[str]:
    """The names of the weights."""
    kinds = ("weight", "bias") if net.bias else ("weight",)
    return [f"{kind} {i}" for i in range(len(net.sizes) - 1) for kind in kinds]


def batch(net: Net) -> tuple[Array, Array]:
    """The input and the target, the same in every step; the target is far from the output."""
    rng = np.random.default_rng(SEED + 1)
    return (
        uniform(rng, (net.batch, net.sizes[0]), 1.0),
        uniform(rng, (net.batch, net.sizes[-1]), 1.0) + np.float32(2),
    )


def points(problem: Points) -> tuple[Array, Array, Array]:
    """x in [-1, 1), a factor in [0.5, 1.5), and the gradient that arrives from above."""
    rng = np.random.default_rng(SEED)
    x, factor, gradient = (uniform(rng, (problem.size,), bound) for bound in (1.0, 0.5, 1.0))
    return x, factor + np.float32(1), gradient + np.float32(2)


def cloud(problem: Cloud) -> tuple[Array, Array, list[tuple[Array, Array]]]:
    """Points of the plane, on which side of a circle each is, and (weight, bias) of each layer."""
    rng = np.random.default_rng(SEED)
    x = rng.uniform(-1, 1, (problem.points, problem.sizes[0]))
    side = np.where((x**2).sum(1) < 0.6, 1.0, -1.0)
    layers = [
        (rng.uniform(-1, 1, (n, m)), rng.uniform(-1, 1, n)) for m, n in pairwise(problem.sizes)
    ]
    return x, side, layers
