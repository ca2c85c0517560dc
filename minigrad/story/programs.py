"""The story of one training step of a program of the guide."""

from __future__ import annotations

from types import FrameType
from typing import Any

import minigrad
from minigrad.guide import PROGRAMS
from minigrad.optim import Optimizer
from minigrad.story.explanation import Explanation, explain
from minigrad.story.lines import Recording
from minigrad.story.names import variables
from minigrad.tensor import Tensor

__all__ = ["AtBackward", "explain_program"]


class AtBackward(Recording):
    """A recording that tells the story when `backward` is called for the step-th time, from 1."""

    def __init__(self, step: int, order: str) -> None:
        super().__init__()
        self.left, self.order = step, order
        self.story: Explanation | None = None

    def see(self, frame: FrameType, event: str, value: Any) -> None:
        if event == "call" and frame.f_code is Tensor.backward.__code__:
            self.meet(frame.f_locals["self"], frame.f_back)
            self.made.clear()  # of the step that is over
            self.constants.clear()
        else:
            super().see(frame, event, value)

    def meet(self, loss: Tensor, caller: FrameType | None) -> None:
        """A loss on which `backward` is called now, and the frame that calls it."""
        self.left -= 1
        if self.left == 0:
            self.tell(loss, caller)

    def tell(self, loss: Tensor, caller: FrameType | None) -> None:
        seen = variables(caller)
        optimizers = [value for value in seen.values() if isinstance(value, Optimizer)]
        self.story = explain(
            loss, optimizer=next(iter(optimizers), None), order=self.order, names=seen, made=self
        )


def explain_program(
    name: str, step: int = 1, order: str = "engine", seed: int = 0, **options: Any
) -> Explanation:
    """The backward pass of one training step of a program of the guide, by its name.

    step     which one, from 1
    options  lr and momentum, where they are not to be the program's own

    The program runs as it is; the story is told when it calls `loss.backward()`, from the variables
    of its own training loop. ValueError for a step before the first.
    """
    if step < 1:
        raise ValueError(f"steps are counted from 1, not {step}")
    module = PROGRAMS[name].load()
    minigrad.manual_seed(seed)
    net = module.Net()
    with AtBackward(step, order) as watching:
        for _ in module.train(net, step, **options):
            pass
    if watching.story is None:
        raise RuntimeError(f"{name} called backward fewer than {step} times")
    return watching.story
