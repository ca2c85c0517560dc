"""Parameters that the loss does not reach, and those that the optimizer does not know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.autograd.engine import reachable
from minigrad.autograd.graph import Leaf
from minigrad.doctor.finding import Finding
from minigrad.doctor.moves import number
from minigrad.doctor.run import Call, Run
from minigrad.doctor.units import Unit
from minigrad.nn import Module
from minigrad.optim import Optimizer
from minigrad.story.numbers import shape_text

__all__ = ["not_finite", "silent", "strangers", "unknown_to_optimizer", "unreached"]


def unreached(run: Run) -> Iterator[Finding | str]:
    """Parameters that want a gradient and get none at all: `.grad` stays None."""
    frozen = [path for path, p in run.parameters.items() if not p.requires_grad]
    if frozen:
        yield f"frozen (requires_grad=False), as wished: {', '.join(frozen)}"
    for path, g in run.gradients.items():
        if g is None:
            yield Finding(
                "not reached",
                path,
                f"the loss does not depend on {path}: its .grad stays None",
                (why_unreached(run, path),),
            )


def why_unreached(run: Run, path: str) -> str:
    leaf = run.parameters[path].node
    used = next((call for call in run.calls if leaf in call.nodes), None)
    if used is not None:
        return (
            f"{used.op} uses it{place(used)}, but what comes of that does not get into the loss: "
            "was it left out, detached, or turned into a number (.item(), .data, .numpy())?"
        )
    owner = path.rpartition(".")[0]
    used_without = (
        "It is never part of an operation that is recorded: is forward to use it, or does it run "
        "under no_grad?"
    )
    if not owner:
        return used_without
    return f"Nothing that is recorded uses it: does forward call {owner}, and not under no_grad?"


def place(call: Call) -> str:
    if call.line is not None:
        return f" at {call.line.place}, {call.line.text}"
    return f" in {call.modules[-1]}" if call.modules and call.modules[-1] else ""


def silent(run: Run, found: list[Unit]) -> Iterator[Finding | str]:
    """Parameters with a gradient of exactly 0 that are no dead unit's own."""
    own = {part.path for unit in found if unit.dead for part in unit.parts}
    quiet = [
        path
        for path, g in run.gradients.items()
        if g is not None and g.size and not g.any() and path not in own
    ]
    if not quiet:
        return
    if run.y is not None and run.loss.item() == 0:
        yield "the loss is 0, so all gradients are: there is nothing left to learn here"
        return
    yield Finding(
        "zero gradient",
        ", ".join(quiet),
        f"the gradient of {', '.join(quiet)} is exactly 0",
        (why_silent(found),),
        {"paths": quiet},
    )


def why_silent(found: list[Unit]) -> str:
    layers = dict.fromkeys(unit.layer for unit in found)
    shut = [name for name in layers if all(u.dead for u in found if u.layer == name)]
    if shut:
        return f"Every unit of {' and of '.join(shut)} is dead: no gradient gets past them."
    return (
        "Either what is multiplied by it is 0 for every sample, or something after it is flat: an "
        "activation in its saturation, a clamp, a product with 0."
    )


def strangers(run: Run) -> Iterator[Finding]:
    """Leaves that the loss reaches and that are no parameters of the model: nobody trains them."""
    if run.loss.node is None:
        return
    own = set(run.paths) | {getattr(x, "node", None) for x in (*run.x, run.y)}
    everything = sorted(reachable((run.loss.node,)), key=lambda node: node.time)
    found = [n for n in everything if isinstance(n, Leaf) and n not in own and not n.frozen]
    if not found:
        return
    used = next((call for call in run.calls if found[0] in call.nodes), None)
    shapes = ", ".join(shape_text(leaf.shape) for leaf in found)
    yield Finding(
        "not a parameter",
        "",
        f"the loss reaches {len(found)} of what wants a gradient and is no parameter of the model: "
        f"{shapes}{'' if used is None else place(used)}",
        (
            "model.parameters() does not have it, so no optimizer moves it. Layers in a plain list "
            "are invisible: use nn.ModuleList. A tensor becomes a parameter as an attribute of the "
            "module: self.w = nn.Parameter(w).",
        ),
        {"shapes": [leaf.shape for leaf in found]},
    )


def unknown_to_optimizer(run: Run, model: Module, optimizer: Optimizer) -> Iterator[Finding]:
    """Parameters that the optimizer does not have, and tensors in it that are not the model's."""
    members = {id(p) for group in optimizer.param_groups for p in group["params"]}
    own = dict(model.named_parameters())
    left = [path for path, p in own.items() if p.requires_grad and id(p) not in members]
    if left:
        yield Finding(
            "not optimized",
            ", ".join(left),
            f"the optimizer does not have {', '.join(left)}: nothing will move "
            f"{'it' if len(left) == 1 else 'them'}",
            ("Make the optimizer of model.parameters(), after the last layer was added.",),
            {"paths": left},
        )
    foreign = len(members - {id(p) for p in own.values()})
    if foreign:
        yield Finding(
            "not the model's",
            "",
            f"the optimizer has {foreign} of {len(members)} tensors that are not of this model",
            (
                "It moves those, and not what replaced them. Make the optimizer after the model "
                "is complete: anew, if a layer was replaced or the model made again.",
            ),
            {"count": foreign},
        )
    for i, group in enumerate(optimizer.param_groups):
        if number(group.get("lr", 1)) == 0:
            yield Finding(
                "learning rate", f"group {i}", f"the learning rate of group {i} is 0: nothing moves"
            )


def not_finite(run: Run) -> Iterator[Finding]:
    """A loss or gradients with NaN or infinity in them."""
    if not np.isfinite(run.loss.array).all():
        yield Finding(
            "not finite",
            "loss",
            f"the loss is {run.loss.item()}",
            ("See where it comes from: with minigrad.autograd.detect_anomaly(): around the step.",),
            {"loss": run.loss.item()},
        )
    for path, g in run.gradients.items():
        if g is not None and not np.isfinite(g).all():
            bad = int(np.count_nonzero(~np.isfinite(g)))
            yield Finding(
                "not finite",
                path,
                f"the gradient of {path} is not finite in {bad} of {g.size} elements",
                ("minigrad.autograd.detect_anomaly() tells the element, the line and the reason.",),
                {"elements": bad},
            )
