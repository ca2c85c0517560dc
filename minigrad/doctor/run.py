"""One forward pass of a copy of the model, with its gradients: what a diagnosis looks at.

The model itself is never run: parameters, buffers, gradients, counters and hooks stay as they are
whatever its `forward` does, and so do the streams of random numbers.
"""

from __future__ import annotations

import copy
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

import minigrad
from minigrad.autograd import enable_grad, grad, inference_mode
from minigrad.autograd.graph import Leaf, Node
from minigrad.autograd.watch import listeners
from minigrad.nn import Module, MSELoss
from minigrad.notes import noted, shown
from minigrad.story.lines import Line, Recording, line_of, users_frame
from minigrad.story.names import reached
from minigrad.tensor import Tensor

__all__ = ["Call", "Run", "undisturbed"]

Array = np.ndarray[Any, np.dtype[Any]]

LOOKED_AT = {"relu", "linear", "linear_without_bias", "matmul", "addmm"}  # whose values are needed


@dataclass(frozen=True, eq=False)
class Call:
    """One op, as it was called.

    op       its name
    node     of its result; None if nothing in it wants a gradient
    nodes    of its tensors
    shapes   of its tensors
    inputs   copies of their arrays; only of ops whose values are needed
    shape    of its result
    value    a copy of it, likewise
    modules  paths of the modules whose forward was running, the innermost last
    line     the line of a forward of the user's that asked for it; None within minigrad's modules
    """

    op: str
    node: Node | None
    nodes: tuple[Node | Leaf | None, ...]
    shapes: tuple[tuple[int, ...], ...]
    inputs: tuple[Array, ...]
    shape: tuple[int, ...]
    value: Array | None
    modules: tuple[str, ...]
    line: Line | None


class Run:
    """A copy of a model that was called on x, its loss on y, and the gradients.

    parameters  by path
    gradients   by path; None for a parameter that the loss does not reach
    calls       the ops of the forward pass; those from `first_of_loss` on belong to the loss
    """

    def __init__(
        self, model: Module, x: Any, y: Any = None, criterion: Callable[..., Any] | None = None
    ) -> None:
        self.twin = copied(model)
        with undisturbed():
            self.x = tuple(map(own, x)) if isinstance(x, tuple) else (own(x),)
            self.y = own(y)
        self.criterion = MSELoss() if criterion is None else criterion
        self.parameters = dict(self.twin.named_parameters())
        leaves = [(path, p.node) for path, p in self.parameters.items()]
        self.paths = {leaf: path for path, leaf in leaves if leaf is not None}
        self.modules = {module: path for path, module in self.twin.named_modules()}
        self.again()

    def path_of(self, node: Node | Leaf | None) -> str | None:
        """The path of the parameter with this leaf; None of anything else."""
        return None if node is None else self.paths.get(node)

    def maker(self, node: Node | Leaf | None) -> Call | None:
        """The op that a node is of; None for a leaf."""
        return self.by_node.get(node) if isinstance(node, Node) else None

    def is_data(self, node: Node | Leaf | None) -> bool:
        """Whether this is the model's input, or a constant: no parameter changes it."""
        return node is None or any(getattr(x, "node", None) is node for x in self.x)

    def again(self) -> None:
        """Call the copy, with its parameters as they are now."""
        self.calls: list[Call] = []
        with undisturbed():
            with listening(self.note):
                self.output = self.twin(*self.x)
                self.first_of_loss = len(self.calls)
                self.loss = self.loss_of(self.output)
            self.by_node = {call.node: call for call in self.calls if call.node is not None}
            self.gradients = self.gradients_of_parameters()

    def loss_of(self, output: Any) -> Tensor:
        if self.y is not None:
            loss = self.criterion(output, self.y)
        elif isinstance(output, Tensor):
            loss = output.sum()
        else:
            raise noted(
                TypeError(f"the model returned {shown(output)}, not a Tensor"),
                "Pass y and criterion=, a function of both that returns the loss.",
            )
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise noted(
                ValueError("the loss must be a tensor of one number"),
                f"It is {shown(loss)}. Take its mean: criterion=lambda output, y: "
                "criterion(output, y).mean().",
            )
        return loss

    def note(self, node: Node | None, out: Tensor | None, args: tuple[Any, ...]) -> None:
        """Write down an op that has just been called."""
        if out is None:  # the second half of a write in place: the first was told before
            return
        frame = sys._getframe()
        op = op_name(node, frame)
        tensors = [a for a in args if isinstance(a, Tensor)]
        wanted = op in LOOKED_AT
        recording = Recording()
        inside = [self.modules.get(module, "") for module, _ in recording.modules(frame)]
        self.calls.append(
            Call(
                op,
                node,
                tuple(t.node for t in tensors),
                tuple(t.array.shape for t in tensors),
                tuple(t.array.copy() for t in tensors) if wanted else (),
                out.array.shape,
                out.array.copy() if wanted else None,
                tuple(inside),
                line_in_forward(frame),
            )
        )

    def gradients_of_parameters(self) -> dict[str, Array | None]:
        """What backward would add to each `.grad`, by the engine itself."""
        wanted = {path: p for path, p in self.parameters.items() if p.requires_grad}
        if self.loss.node is None or not wanted:
            return dict.fromkeys(wanted)
        found = grad(self.loss, list(wanted.values()), retain_graph=True, allow_unused=True)
        return {path: None if g is None else g.array for path, g in zip(wanted, found, strict=True)}

    def gradient_at(self, calls: list[Call]) -> list[Array | None]:
        """The gradients of the results of some calls."""
        results = [result_of(call) for call in calls]
        if self.loss.node is None or not results:
            return [None] * len(results)
        with undisturbed():
            found = grad(self.loss, results, retain_graph=True, allow_unused=True)
        return [None if g is None else g.array for g in found]


def result_of(call: Call) -> Tensor:
    result = Tensor.__new__(Tensor)
    result.array, result.node = call.value, call.node  # type: ignore[assignment]
    result.stamp = result.view_of = None
    return result


def op_name(node: Node | None, frame: FrameType | None) -> str:
    """The op that is telling: its node knows it, and without a node its own frame does."""
    if node is not None:
        plan = getattr(node, "plan", None)
        return node.name() if plan is None else str(plan.op.__name__)
    while frame is not None:
        op: Any = frame.f_locals.get("this") if frame.f_code.co_name == "apply" else None
        if hasattr(op, "kernel"):
            return str(op.__name__)
        frame = frame.f_back
    return ""


def line_in_forward(frame: FrameType | None) -> Line | None:
    """The user's line, if it belongs to what the model does, and not to the caller of all this."""
    users = users_frame(frame)
    while frame is not None and frame is not users:
        if frame.f_code is Run.again.__code__:
            return None
        frame = frame.f_back
    return line_of(users)


@contextmanager
def listening(listener: Callable[[Any, Any, tuple[Any, ...]], None]) -> Iterator[None]:
    """Call a listener at each op of this thread."""
    here = threading.get_ident()

    def listen(node: Any, out: Any, args: tuple[Any, ...]) -> None:
        if threading.get_ident() == here:
            listener(node, out, args)

    listeners.append(listen)
    try:
        yield
    finally:
        listeners.remove(listen)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Record here, whatever the caller's mode; warn of nothing; leave all random streams as is."""
    ours, python, numpys = minigrad.get_rng_state(), random.getstate(), np.random.get_state()
    with ExitStack() as modes:
        modes.enter_context(inference_mode(False))
        modes.enter_context(enable_grad())
        modes.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            minigrad.set_rng_state(ours)
            random.setstate(python)
            np.random.set_state(numpys)


def own(value: Any) -> Any:
    """A copy of a tensor, so that a forward that writes into its input writes into the copy."""
    if not isinstance(value, Tensor):
        return value
    return value.detach().clone().requires_grad_(value.requires_grad)


def copied(model: Module) -> Module:
    """A deep copy of a model; results of earlier calls that it keeps are not copied."""
    if not isinstance(model, Module):
        raise noted(
            TypeError(f"diagnose() takes a Module, not {type(model).__name__}"),
            "Pass the network first, then its input: diagnose(net, x, y, optimizer).",
        )
    kept: dict[int, Any] = {}
    for module in model.modules():
        for name, value in vars(module).items():
            for _, found in reached(name, value):
                if isinstance(found, Tensor) and isinstance(found.node, Node):
                    kept[id(found)] = found
    try:
        with undisturbed():
            return copy.deepcopy(model, kept)
    except Exception as error:
        raise noted(
            error,
            "diagnose() runs a copy of the model, so that the model itself stays as it is, and "
            f"copy.deepcopy could not copy this {type(model).__name__}.",
        ) from None
