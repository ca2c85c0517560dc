"""Anomaly mode: where did the NaN come from?

While it is on, every op remembers the lines of the program that called it, and every walk back
looks at what each node returns. The first NaN ends the walk with PyTorch's error and warning. Below
the error a note says more: which element, the op, the line that made it, and the product, quotient
or sum in its formula that gave NaN there, with its numbers (reason.py).

Nothing of this costs anything while the mode is off: this file is imported when the mode is first
asked for, and the engine and the ops find nobody to report to (watch.py).
"""

from __future__ import annotations

import sys
import traceback
import warnings
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minigrad.autograd.engine import call
from minigrad.autograd.graph import Leaf, Node, Useful
from minigrad.autograd.reason import Failure, Step, explained
from minigrad.autograd.watch import examiners, listeners
from minigrad.notes import noted
from minigrad.ops import sum_to
from minigrad.tensor import Tensor

__all__ = [
    "detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_anomaly_enabled",
    "set_detect_anomaly",
]  # fmt: skip

PACKAGE = Path(__file__).parents[1]
INSIDE, GUIDE = f"{PACKAGE}/", f"{PACKAGE / 'guide'}/"  # the guide's programs are a user's


class Settings:
    """For the whole process, as in PyTorch."""

    enabled = False
    check_nan = True


settings = Settings()
made_at: WeakKeyDictionary[Node, traceback.StackSummary] = WeakKeyDictionary()
made_by: WeakKeyDictionary[Node, Node] = WeakKeyDictionary()  # the node whose backward made it
running: ContextVar[Node | None] = ContextVar("minigrad_running", default=None)


def is_anomaly_enabled() -> bool:
    return settings.enabled


def is_anomaly_check_nan_enabled() -> bool:
    return settings.check_nan


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Turn anomaly mode on or off; without `check_nan` only errors are traced, and NaN may be."""
    if mode and not settings.enabled:
        listeners.append(remember)
        examiners.append(Examiner)
    elif settings.enabled and not mode:
        listeners.remove(remember)
        examiners.remove(Examiner)
    settings.enabled, settings.check_nan = mode, check_nan


class detect_anomaly:
    """Anomaly mode within a `with`, around the forward and the backward.

        with minigrad.autograd.detect_anomaly():
            loss = model(x)
            loss.backward()

    A NaN that backward makes is a RuntimeError then, whose note says where it came from. With
    `check_nan=False` it is let through, and only the lines behind other errors are told. It slows
    the program down: for debugging only.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.before = settings.enabled, settings.check_nan
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *exception: object) -> None:
        set_anomaly_enabled(*self.before)


class set_detect_anomaly:
    """Turn anomaly mode on or off at once; as a context manager, restore it at the end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = settings.enabled, settings.check_nan
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        set_anomaly_enabled(*self.before)


# ---- the forward: who made a node ---------------------------------------------------------------


def remember(node: Any, out: Any, args: tuple[Any, ...]) -> None:
    if isinstance(node, Node):
        made_at[node] = traceback.StackSummary.extract(user_frames(), lookup_lines=False)
        maker = running.get()
        if maker is not None:
            made_by[node] = maker


def user_frames() -> list[tuple[Any, int]]:
    """The frames of the program on the stack, outermost first, without those of this library."""
    frames = traceback.walk_stack(sys._getframe(1))
    return [(frame, line) for frame, line in frames if is_the_user_s(frame)][::-1]


def is_the_user_s(frame: Any) -> bool:
    file = frame.f_code.co_filename
    return not file.startswith(INSIDE) or file.startswith(GUIDE)


# ---- the walk back ------------------------------------------------------------------------------


class Examiner:
    """Looks at what each node of one walk returns."""

    def __init__(self) -> None:
        self.steps: dict[Any, list[Step]] = {}

    def backward(self, node: Node, g: Any, create_graph: bool, useful: Useful) -> list[Any]:
        token = running.set(node)
        try:
            grads = node.backward(g, create_graph, useful)
        except Exception:
            warn(node)
            raise
        finally:
            running.reset(token)
        grads = [fitted(grad, parent) for grad, parent in zip(grads, node.parents, strict=True)]
        if settings.check_nan:
            for k, grad in enumerate(grads):
                if has_nan(grad):
                    raise self.anomaly(node, g, k, grad)
        for parent, grad in zip(node.parents, grads, strict=True):
            self.steps.setdefault(parent, []).append(Step(node, g, grad))
        return grads

    def anomaly(self, node: Node, g: Any, k: int, grad: Any) -> Exception:
        warn(node)
        failure = Failure(node, g, k, values(grad), self.steps, made_at)
        return noted(
            RuntimeError(
                f"Function '{node.name()}' returned nan values in its {place(node, k)}th output."
            ),
            explained(failure),
        )


def place(node: Node, k: int) -> int:
    """The k-th gradient among those of all arrays, also of the constant ones."""
    wanted = [i for i, (parent, _) in enumerate(node.next_functions) if parent is not None]
    return wanted[k]


def fitted(grad: Any, parent: Node | Leaf) -> Any:
    """A gradient in the shape of what it is for, as the walk would sum it."""
    if grad is None or getattr(grad, "shape", None) is None or parent.shape is None:
        return grad
    if grad.shape != parent.shape:
        grad = call(sum_to, grad, parent.shape)
    return grad if isinstance(grad, Tensor) else np.asanyarray(grad)


def values(grad: Any) -> Any:
    """The array of a gradient; NumPy makes plain numbers of arrays without dims."""
    array = grad.array if isinstance(grad, Tensor) else grad
    return np.asarray(array) if isinstance(array, np.generic) else array


def has_nan(grad: Any) -> bool:
    array = values(grad)
    return isinstance(array, np.ndarray) and array.dtype.kind == "f" and bool(np.isnan(array).any())


def warn(node: Node) -> None:
    """PyTorch's warnings: the lines that made the node and, if backward did, what led to it."""
    say(node, "Error detected in {}. Traceback of forward call that caused the error:\n{}")
    while node in made_by:
        node = made_by[node]
        say(
            node,
            "\n\nPrevious calculation was induced by {}. Traceback of forward call that induced "
            "the previous calculation:\n{}",
        )


def say(node: Node, text: str) -> None:
    if node in made_at:
        text = text.format(node.name(), "".join(made_at[node].format()))
    else:
        text = (
            f"Error detected in {node.name()}. No forward pass information available. Enable "
            "detect anomaly during forward pass for more information."
        )
    depth = 2
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and not is_the_user_s(frame):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(text, UserWarning, stacklevel=depth)
