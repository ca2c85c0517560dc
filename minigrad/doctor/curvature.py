"""Is the learning rate too large for the curvature of the loss? Second derivatives know.

Along a direction in which the loss curves by λ, a step of descent multiplies the distance to the
bottom by 1 - lr·λ: beyond lr = 2/λ it grows with each step. The steepest curvature is the largest
eigenvalue of the Hessian H, and power iteration finds it without making H: v ← Hv / |Hv|, where Hv
is the derivative of (gradient · v). What is found is never more than the largest one, as vᵀHv is
not for any v of length 1.

With momentum m the bound is 2(1 + m)/λ, with dampening d that divided by 1 - d, with Nesterov's
rule 2(1 + m)/((1 + 2m)λ); weight decay adds itself to λ. Source: the eigenvalues of one step, which
is linear in (p, b), are within the unit circle up to there; for heavy ball B. Polyak, "Some methods
of speeding up the convergence of iteration methods" (1964).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad import creation
from minigrad.autograd import grad
from minigrad.doctor.finding import Finding
from minigrad.doctor.moves import number
from minigrad.doctor.run import Array, Run, undisturbed
from minigrad.optim import SGD
from minigrad.tensor import Tensor

__all__ = ["bound", "curvature", "learning_rates"]

ITERATIONS, CLOSE = 100, 1e-4


def learning_rates(run: Run, optimizer: SGD, originals: dict[str, Any]) -> Iterator[Finding | str]:
    """A finding for each group whose learning rate is too large; for others, a remark."""
    for i, group in enumerate(optimizer.param_groups):
        members = {id(p) for p in group["params"]}
        paths = [path for path, p in originals.items() if id(p) in members]
        steepest = curvature(run.loss, [run.parameters[path] for path in paths])
        where = "" if len(optimizer.param_groups) == 1 else f"group {i}"
        yield judged(group, -steepest if group["maximize"] else steepest, where)


def judged(group: dict[str, Any], steepest: float, where: str) -> Finding | str:
    lr, limit = number(group["lr"]), bound(group, steepest)
    of = f" of {where}" if where else ""
    values = {"lr": lr, "curvature": steepest, "bound": limit}
    if not limit < np.inf:
        return (
            f"learning rate{of} {lr:g}: the loss does not curve upwards here, which sets no limit"
        )
    rule = bound_text(group)
    if lr <= limit:
        return (
            f"learning rate{of} {lr:g}: below {limit:.4g} = {rule}, with the curvature λ = "
            f"{steepest:.4g}"
        )
    return Finding(
        "learning rate",
        where,
        f"learning rate{of} {lr:g} is too large: beyond {limit:.4g} the steps diverge",
        (
            f"The loss curves by λ = {steepest:.4g} in the steepest direction here, and steps of "
            f"{described(group)} overshoot the bottom by more each time if lr > {rule} = "
            f"{limit:.4g}.",
            f"Write lr={half(limit)} or less, or make the curvature smaller: scale inputs that "
            "are large.",
        ),
        values,
    )


def half(limit: float) -> str:
    """A round number of about half of a bound."""
    return f"{float(f'{limit / 2:.1g}'):g}"


def described(group: dict[str, Any]) -> str:
    if not group["momentum"]:
        return "SGD"
    return f"SGD with {'Nesterov ' * group['nesterov']}momentum {group['momentum']:g}"


def bound(group: dict[str, Any], steepest: float) -> float:
    """The learning rate beyond which a step of SGD diverges on a parabola that curves so."""
    curve = steepest + number(group["weight_decay"])
    if not curve > 0:
        return float("inf")
    m = group["momentum"]
    if not m:
        return 2 / curve
    if group["nesterov"]:
        return float(2 * (1 + m) / ((1 + 2 * m) * curve))
    gain = 1 - group["dampening"]
    return float(2 * (1 + m) / (gain * curve)) if gain > 0 else float("inf")


def bound_text(group: dict[str, Any]) -> str:
    """The formula of the bound, with the options that are used."""
    m, d, decay = group["momentum"], group["dampening"], number(group["weight_decay"])
    curve = f"(λ + {decay:g})" if decay else "λ"
    if not m:
        return f"2/{curve}"
    if group["nesterov"]:
        return f"2(1 + {m:g})/((1 + 2·{m:g}){curve})"
    return f"2(1 + {m:g})/((1 - {d:g}){curve})" if d else f"2(1 + {m:g})/{curve}"


def curvature(loss: Tensor, parameters: list[Tensor]) -> float:
    """The largest eigenvalue of the Hessian of the loss by these parameters, 0 if it has none."""
    reached = [p for p in parameters if p.requires_grad]
    if loss.node is None or not reached:
        return 0.0
    with undisturbed():
        found = grad(loss, reached, create_graph=True, retain_graph=True, allow_unused=True)
        pairs = [
            (p, g)
            for p, g in zip(reached, found, strict=True)
            if g is not None and g.node is not None
        ]
        if not pairs:
            return 0.0
        product = hessian_product([p for p, _ in pairs], [g for _, g in pairs])
        size = sum(p.array.size for p, _ in pairs)
        first = largest(product, size)
        if first >= 0:
            return first
        # The largest of all is negative: look for the largest above it.
        return max(0.0, largest(lambda v: product(v) - first * v, size) + first)


def hessian_product(parameters: list[Tensor], gradients: list[Tensor]) -> Callable[[Array], Array]:
    """H v for a vector of all parameters, one after the other."""
    cuts = np.cumsum([p.array.size for p in parameters])[:-1]

    def product(v: Array) -> Array:
        weights = [
            creation.tensor(part.reshape(p.array.shape).astype(p.array.dtype))
            for part, p in zip(np.split(v, cuts), parameters, strict=True)
        ]
        found = grad(gradients, parameters, weights, retain_graph=True, allow_unused=True)
        rows = [
            np.zeros(p.array.size) if g is None else g.array.reshape(-1).astype(np.float64)
            for p, g in zip(parameters, found, strict=True)
        ]
        return np.concatenate(rows)

    return product


def largest(product: Callable[[Array], Array], size: int) -> float:
    """The eigenvalue of the largest size, with its sign, of a symmetric matrix: power iteration."""
    v: Array = np.random.default_rng(0).standard_normal(size)  # a stream of its own
    value = 0.0
    for _ in range(ITERATIONS):
        v = v / np.linalg.norm(v)
        image = product(v)
        value = float(v @ image)
        length = np.linalg.norm(image)
        if not np.isfinite(length) or length == 0:
            return value
        if np.linalg.norm(image - value * v) <= CLOSE * abs(value):
            break
        v = image
    return value
