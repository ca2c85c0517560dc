"""Functions that a user wants called around an optimizer's step."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.autograd.graph import RemovableHandle
from minigrad.notes import noted, shown

if TYPE_CHECKING:
    from minigrad.optim.optimizer import Optimizer

__all__ = ["Hook", "StepHooks", "hooked", "register"]

Hook = Callable[[Any, Any, Any], Any]
Step = Callable[..., Any]


class StepHooks:
    """What a user wants called before and after each step."""

    def __init__(self) -> None:
        self.before: OrderedDict[int, Hook] = OrderedDict()
        self.after: OrderedDict[int, Hook] = OrderedDict()

    def run(self, step: Step, args: Any, kwargs: Any) -> Any:
        optimizer = args[0]
        for hook in list(self.before.values()):
            changed = hook(optimizer, args, kwargs)
            if changed is not None:
                args, kwargs = checked_arguments(step, changed)
        result = step(*args, **kwargs)
        for hook in list(self.after.values()):
            hook(optimizer, args, kwargs)
        return result


def register(hooks: OrderedDict[int, Hook], hook: Hook) -> RemovableHandle:
    """Add a hook; the handle takes it away again."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def checked_arguments(step: Step, changed: Any) -> Any:
    if isinstance(changed, tuple) and len(changed) == 2:
        return changed
    raise noted(
        RuntimeError(
            f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
        ),
        f"The hook returned {shown(changed)}. Return nothing to leave the arguments, or "
        "(args, kwargs) to replace both.",
    )


def hooked(step: Step) -> Step:
    """The step of a subclass, with its instance's hooks around it."""

    @functools.wraps(step)
    def step_with_hooks(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        # A step that a subclass's step calls is a part of that one, and not hooked again.
        if self.step_hooks is None or type(self).step is not step_with_hooks:
            return step(self, *args, **kwargs)
        return self.step_hooks.run(step, (self, *args), kwargs)

    return step_with_hooks
