"""Whether operations are recorded: no_grad, enable_grad, set_grad_enabled.

The mode is a context variable: each thread starts with recording on, and tasks of an event loop
do not disturb each other. It is read in one place, where ops record (op.py).
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from minigrad.notes import noted, shown

__all__ = [
    "Inference", "Mode", "enable_grad", "is_grad_enabled", "is_inference_mode_enabled",
    "is_recording", "no_grad", "set_grad_enabled",
]  # fmt: skip


class Inference:
    """The mode inside of inference_mode: false, since nothing is recorded, whatever `grad` says."""

    def __init__(self, grad: bool) -> None:
        self.grad = grad  # what is_grad_enabled() tells

    def __bool__(self) -> bool:
        return False


enabled: ContextVar[bool | Inference] = ContextVar("minigrad_grad_enabled", default=True)


def is_grad_enabled() -> bool:
    """True if operations are recorded for backward in this thread now."""
    mode = enabled.get()
    return mode.grad if isinstance(mode, Inference) else mode


def is_recording() -> bool:
    """Whether anything is recorded: not in inference mode, even if gradients are enabled there."""
    return bool(enabled.get())


def is_inference_mode_enabled() -> bool:
    """True inside of inference_mode, in this thread."""
    return isinstance(enabled.get(), Inference)


class Mode:
    """A grad mode as a context manager and as a decorator, also of generator functions."""

    mode: bool

    def __init__(self) -> None:
        # A stack: one object may be entered again while inside.
        self.outer: list[bool | Inference] = []

    def __enter__(self) -> None:
        self.outer.append(enabled.get())
        self.turn()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        enabled.set(self.outer.pop())

    def turn(self) -> None:
        """Set the mode; in inference mode that is said, and nothing is recorded all the same."""
        enabled.set(Inference(self.mode) if is_inference_mode_enabled() else self.mode)

    def fresh(self) -> Mode:
        """A new manager for one call, so that decorated functions may recurse."""
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You "
                "should only decorate functions or methods. To preserve the current behavior of "
                "class decoration, you can directly decorate the `__init__` method and nothing "
                "else.",
                FutureWarning,
                stacklevel=2,
            )
        if inspect.isgeneratorfunction(function):
            return self.around_generator(function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.fresh():
                return function(*args, **kwargs)

        return decorated

    def around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The mode holds while the generator's own code runs, never while its consumer does."""

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self.fresh():
                generator = function(*args, **kwargs)
                resume = functools.partial(next, generator)
            while True:
                try:
                    with self.fresh():
                        value = resume()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                    resume = functools.partial(generator.send, sent)
                except GeneratorExit:
                    with self.fresh():
                        generator.close()
                    raise
                except BaseException as error:  # whatever the consumer throws is the generator's
                    resume = functools.partial(generator.throw, error)

        return decorated


class Decorator(Mode):
    """A mode without arguments: `@no_grad` and `@no_grad()` mean the same."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode.__init__()  # type: ignore[misc]
        return mode(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()


class no_grad(Decorator):
    """Nothing inside is recorded, and results do not require grad."""

    mode = False


class enable_grad(Decorator):
    """Recording is on inside, whatever it is outside."""

    mode = True


class set_grad_enabled(Mode):
    """Turn recording on or off at once; as a context manager, restore the old mode at the end."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        if not isinstance(mode, bool):
            raise noted(
                TypeError(
                    "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                    f"{type(mode).__name__}"
                ),
                f"Write set_grad_enabled(True) or set_grad_enabled(False): {shown(mode)} came.",
            )
        self.mode = mode
        self.before = enabled.get()
        self.turn()

    def __enter__(self) -> None:
        self.outer.append(self.before)
        self.turn()

    def fresh(self) -> Mode:
        return set_grad_enabled(self.mode)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        enabled.set(self.before)  # as a decorator it acts on the calls only
        return super().__call__(function)

    def __repr__(self) -> str:
        return f"{__name__}.set_grad_enabled(mode={self.mode})"
