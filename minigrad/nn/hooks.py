"""Functions that a user wants called around a module's forward."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.autograd.graph import RemovableHandle
from minigrad.notes import noted, shown

if TYPE_CHECKING:
    from minigrad.nn.module import Module

__all__ = ["ForwardHooks", "Hook", "hooks_of", "register"]

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


class Hook(NamedTuple):
    """A user's function and how he wants it called."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False

    def __call__(self, module: Module, args: Args, kwargs: Kwargs, *output: Any) -> Any:
        given = (args, kwargs) if self.with_kwargs else (args,)
        return self.function(module, *given, *output)


class ForwardHooks:
    """The hooks of one module. Modules without hooks have none of these, and pay nothing."""

    def __init__(self) -> None:
        self.before: OrderedDict[int, Hook] = OrderedDict()
        self.after: OrderedDict[int, Hook] = OrderedDict()

    def call(self, module: Module, args: Args, kwargs: Kwargs) -> Any:
        """The module's forward between its hooks.

        If anything raises, the hooks with always_call that were not reached are still called.
        """
        reached: set[int] = set()
        output = None
        try:
            args, kwargs = self.changed_input(module, args, kwargs)
            output = module.forward(*args, **kwargs)
            for key, hook in list(self.after.items()):
                reached.add(key)
                changed = hook(module, args, kwargs, output)
                if changed is not None:
                    output = changed
        except Exception:
            self.call_the_rest(reached, module, args, kwargs, output)
            raise
        return output

    def changed_input(self, module: Module, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        for hook in list(self.before.values()):
            changed = hook(module, args, kwargs)
            if changed is None:
                continue
            if not hook.with_kwargs:
                args = changed if isinstance(changed, tuple) else (changed,)
            elif isinstance(changed, tuple) and len(changed) == 2:
                args, kwargs = changed
            else:
                raise noted(
                    RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {changed}."
                    ),
                    f"The hook returned {shown(changed)}. Return nothing to leave the arguments, "
                    "or (args, kwargs) to replace both.",
                )
        return args, kwargs

    def call_the_rest(
        self, reached: set[int], module: Module, args: Args, kwargs: Kwargs, output: Any
    ) -> None:
        for key, hook in self.after.items():
            if hook.always_call and key not in reached:
                try:
                    hook(module, args, kwargs, output)
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that "
                        f"was silenced as another error was raised in forward: {error}",
                        stacklevel=4,
                    )


def register(hooks: OrderedDict[int, Hook], hook: Hook, prepend: bool) -> RemovableHandle:
    """Add a hook, last or first; the handle takes it away again."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def hooks_of(module: Module) -> ForwardHooks:
    if module._hooks is None:
        module._hooks = ForwardHooks()
    return module._hooks
