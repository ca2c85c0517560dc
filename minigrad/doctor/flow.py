"""How gradients flow back through the layers: a factor in each, and the product of them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minigrad.doctor.finding import Finding
from minigrad.doctor.run import Array, Call, Run

__all__ = ["Layer", "flow", "layers"]

FAR = 1e3  # between the first layer and the last: that much smaller, or larger, is too much
PRODUCTS = {"linear", "linear_without_bias", "matmul", "addmm"}


@dataclass(frozen=True)
class Layer:
    """A product with a weight of the model, and what comes out of it and back to it.

    path      of the weight
    result    the root of the mean square of its results
    gradient  the same of the gradient by them; None if the loss does not depend on them
    weight    the same of the gradient by the weight; likewise
    """

    path: str
    result: float
    gradient: float | None
    weight: float | None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[0] or self.path


def layers(run: Run) -> list[Layer]:
    """The layers in the order in which they are computed."""
    found = [(call, weight_of(run, call)) for call in run.calls[: run.first_of_loss]]
    known = [(call, path) for call, path in found if path is not None]
    gradients = run.gradient_at([call for call, _ in known])
    return [
        Layer(path, size(call.value) or 0.0, size(g), size(run.gradients.get(path)))
        for (call, path), g in zip(known, gradients, strict=True)
    ]


def weight_of(run: Run, call: Call) -> str | None:
    """The path of the weight that a product multiplies by; None of anything else."""
    if call.op not in PRODUCTS or call.node is None:
        return None
    weights = [n for n in call.nodes if n in run.paths and n is not None and len(n.shape) == 2]
    return run.paths[weights[0]] if weights else None


def size(values: Array | None) -> float | None:
    """The root of the mean square, computed in float64."""
    if values is None or not values.size:
        return None
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def flow(found: list[Layer]) -> Iterator[Finding]:
    """Whether gradients vanish or explode on the way from the last layer to the first."""
    live = [layer for layer in found if layer.gradient and np.isfinite(layer.gradient)]
    if len(live) < 2:
        return
    first, last = live[0], live[-1]
    ratio = first.gradient / last.gradient  # type: ignore[operator]
    if 1 / FAR < ratio < FAR:
        return
    kind = "vanishing gradient" if ratio < 1 else "exploding gradient"
    factor = ratio ** (1 / (len(live) - 1))
    yield Finding(
        kind,
        first.name,
        f"the gradient {'vanishes' if ratio < 1 else 'explodes'} on the way back: "
        f"{last.gradient:.3g} at {last.name}, {first.gradient:.3g} at {first.name}",
        (
            f"That is a factor of {factor:.3g} in each of {len(live) - 1} layers (root mean "
            "squares of the gradients by their results).",
            REMEDY[kind],
        ),
        {"first": first.gradient, "last": last.gradient, "factor": factor},
    )


REMEDY = {
    "vanishing gradient": "Larger initial weights keep it up: nn.init.kaiming_uniform_(weight, "
    "nonlinearity='relu') for layers that feed a ReLU; so does an activation that is not flat.",
    "exploding gradient": "Smaller initial weights keep it down, nn.init.xavier_uniform_(weight); "
    "nn.utils.clip_grad_norm_ between backward and step limits what is left.",
}
