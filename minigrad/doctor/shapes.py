"""Shapes that broadcast by accident: (n,) against (n, 1) becomes (n, n), without an error."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.doctor.finding import Finding
from minigrad.doctor.run import Call, Run
from minigrad.nn import MSELoss
from minigrad.nn.functional import lesson_of_broadcast
from minigrad.tensor import Tensor

__all__ = ["broadcasts"]

ELEMENTWISE = {"add", "sub", "mul", "div", "pow", "maximum", "minimum", "where"}


def broadcasts(run: Run) -> Iterator[Finding | str]:
    """A loss that pairs each prediction with every target; in the model, a remark on the line."""
    output, target = run.output, run.y
    if isinstance(run.criterion, MSELoss) and isinstance(target, Tensor):
        if tuple(output.shape) != tuple(target.shape):
            yield of_loss(tuple(output.shape), tuple(target.shape), "")
        return
    for i, call in enumerate(run.calls):
        if not both_stretched(call):
            continue
        at = f" at {call.line.place}: {call.line.part or call.line.text}" if call.line else ""
        if i >= run.first_of_loss:
            yield of_loss(call.shapes[0], call.shapes[1], at)
        else:
            yield f"{call.op} makes {list(call.shape)} of {listed(call)}{at}; is that meant?"


def both_stretched(call: Call) -> bool:
    """Whether the result has a shape that none of the tensors has."""
    several = call.op in ELEMENTWISE and len(call.shapes) > 1
    return several and call.shape not in call.shapes


def listed(call: Call) -> str:
    return " and ".join(str(list(shape)) for shape in call.shapes)


def of_loss(output: tuple[int, ...], target: tuple[int, ...], at: str) -> Finding:
    lesson = lesson_of_broadcast(output, target).strip()
    return Finding(
        "broadcast",
        "",
        f"the loss compares shapes that differ, {list(output)} and {list(target)}{at}",
        (lesson,),
        {"output": output, "target": target},
    )
