"""`diagnose`: everything that keeps a network from learning on this data, with numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from minigrad.doctor import text
from minigrad.doctor.curvature import learning_rates
from minigrad.doctor.dead import dead, dying
from minigrad.doctor.finding import Finding
from minigrad.doctor.flow import Layer, flow, layers
from minigrad.doctor.html import diagnosis_html
from minigrad.doctor.reach import not_finite, silent, strangers, unknown_to_optimizer, unreached
from minigrad.doctor.run import Array, Run
from minigrad.doctor.shapes import broadcasts
from minigrad.doctor.units import Unit, units
from minigrad.nn import Module
from minigrad.notes import noted, shown
from minigrad.optim import SGD, Optimizer
from minigrad.story.names import Names
from minigrad.story.update import updates

__all__ = ["Diagnosis", "diagnose"]


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """What is wrong with a network, as data; its text is the report.

    model      the class of it
    findings   what is wrong, one `Finding` each; empty if nothing is
    remarks    sentences on what was looked at and found well, or is as wished
    units      each unit that has a ReLU, dead or alive
    layers     each layer, with the sizes of its result and of the gradients that come back to it
    loss       the loss, None if no target was given
    gradients  what backward would find, by the path of the parameter; None where it finds nothing
    """

    model: str
    findings: list[Finding]
    remarks: list[str]
    units: list[Unit]
    layers: list[Layer]
    loss: float | None
    gradients: dict[str, Array | None]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def of(self, kind: str) -> list[Finding]:
        """The findings of a kind, "dead unit" for example."""
        return [finding for finding in self.findings if finding.kind == kind]

    def __str__(self) -> str:
        return text.report(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return diagnosis_html(self)


def diagnose(
    model: Module,
    x: Any,
    y: Any = None,
    optimizer: Optimizer | None = None,
    *,
    criterion: Callable[..., Any] | None = None,
) -> Diagnosis:
    """What keeps this network from learning, or will: dead units, lost gradients, wrong shapes.

    model      a Module; a copy of it is run, with its hooks, and nothing of it is changed
    x          its input, or a tuple of inputs; give all of the data, or a large batch: what is said
               of a unit is said on this data
    y          the target; without one, the gradients are those of the sum of the outputs
    optimizer  as it is now: says also what momentum and weight decay do, what the next step does to
               the units, and whether the learning rate is too large for the curvature
    criterion  the loss, called as criterion(output, y); by default MSELoss()

    Looked for are: units with a ReLU that no sample activates; parameters that the loss, the model
    or the optimizer does not know; shapes that broadcast; NaN; gradients that vanish or explode;
    a learning rate beyond 2/λ, where λ is the largest eigenvalue of the Hessian. The numbers are
    the engine's own. Returns a `Diagnosis`, which prints as the report. Errors of the model's
    forward are raised as they are; TypeError for a model that is no Module.
    """
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise noted(
            TypeError(f"optimizer must be an Optimizer, not {type(optimizer).__name__}"),
            f"{shown(optimizer)} came: diagnose(model, x, y, optimizer). A loss is criterion=.",
        )
    run = Run(model, x, y, criterion)
    findings: list[Finding] = []
    remarks: list[str] = []
    found, flowing = list(units(run)), layers(run)
    originals = dict(model.named_parameters())
    sort(broadcasts(run), findings, remarks)
    sort(unreached(run), findings, remarks)
    sort(strangers(run), findings, remarks)
    sort(not_finite(run), findings, remarks)
    findings += [dead(run, unit, optimizer, originals) for unit in found if unit.dead]
    sort(silent(run, found), findings, remarks)
    findings += flow(flowing)
    diagnosis = Diagnosis(
        type(model).__name__,
        findings,
        remarks,
        found,
        flowing,
        None if y is None else run.loss.item(),
        run.gradients,
    )
    if optimizer is not None:
        sort(of_optimizer(run, model, optimizer, found, y is not None), findings, remarks)
    return diagnosis


def sort(found: Iterable[Finding | str], findings: list[Finding], remarks: list[str]) -> None:
    for item in found:
        if isinstance(item, str):
            remarks.append(item)
        else:
            findings.append(item)


def of_optimizer(
    run: Run, model: Module, optimizer: Optimizer, found: list[Unit], has_loss: bool
) -> Iterator[Finding | str]:
    """What the optimizer does with this; at the end the copy is moved by a step."""
    yield from unknown_to_optimizer(run, model, optimizer)
    originals: dict[str, Any] = dict(model.named_parameters())
    if has_loss and isinstance(optimizer, SGD):
        yield from learning_rates(run, optimizer, originals)
        step(run, optimizer, originals)
        yield from dying(found, list(units(run)))


def step(run: Run, optimizer: SGD, originals: dict[str, Any]) -> None:
    """Make the optimizer's next step on the copy, and call it again."""
    names = Names({})
    names.names = {p.node: path for path, p in originals.items()}
    gradients = {originals[path].node: g for path, g in run.gradients.items() if g is not None}
    for update in updates(optimizer, gradients, names):
        if update.name in run.parameters:
            run.parameters[update.name].array[...] = update.after
    run.again()
