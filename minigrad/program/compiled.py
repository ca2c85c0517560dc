"""A compiled step: records when it must, runs a program when it can."""

from __future__ import annotations

import functools
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import MethodType
from typing import Any

from minigrad.autograd.grad_mode import is_inference_mode_enabled
from minigrad.autograd.watch import examiners, watcher
from minigrad.nn.module import Module
from minigrad.notes import noted, shown
from minigrad.program.agreement import difference
from minigrad.program.calling.entry import Entry
from minigrad.program.calling.fits import fits_itself
from minigrad.program.errors import refused
from minigrad.program.program import Program
from minigrad.program.recording.arguments import Arguments, signature_of
from minigrad.program.recording.record import Recording
from minigrad.program.save import file_text

__all__ = ["Compiled", "compile"]

STYLES = ("buffers", "plain")
OWN = {
    "function", "style", "title", "signature", "versions", "recordings", "was_first", "program"
}  # fmt: skip
MOST = 64  # programs that one step keeps


class Version:
    """One program of a step. It is believed when a second recording has found the same."""

    def __init__(self, program: Program, entry: Entry) -> None:
        self.program, self.entry = program, entry
        self.is_believed = False


class Compiled:
    """A step that `minigrad.compile` has taken over: call it as the step itself.

    source      the program of the last call, as text
    recordings  how many programs have been recorded
    """

    def __init__(self, function: Any, style: str) -> None:
        self.function, self.style = function, style
        self.title = getattr(function, "__name__", type(function).__name__)
        self.signature = signature_of(function)
        self.versions: list[Version] = []
        self.recordings = 0
        self.was_first = False
        self.program: Program | None = None

    __call__: Callable[..., Any]  # the entry of the current program: see `use`

    @property
    def source(self) -> str:
        return self.current().source

    def save(self, path: str | PathLike[str]) -> None:
        """Write the program of the last call, with the numbers of now, as a file for NumPy alone.

        `from step import step` then makes steps from where the model was: what `step(x, y)` writes
        are the arrays of the file. It takes and returns arrays; `plain` programs return the
        gradients as well. CompileError before there is a program that could be repeated.
        """
        if self.was_first:
            raise refused(
                "the optimizer has made its state in the last call",
                "The step does other things from now on. Call it once more, then save it.",
            )
        program = self.current()
        if not program.follow_options():
            raise refused(
                "the options of the optimizer have changed since the last call",
                "With other options the step has other formulas. Call it once more, then save it.",
            )
        Path(path).write_text(file_text(program), encoding="utf-8")

    def current(self) -> Program:
        if self.program is None:
            raise refused(
                "there is no program yet",
                "The program is written when the step is called for the first time, with the "
                "shapes of its arguments: call it once.",
            )
        return self.program

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """A call that the current program is not for."""
        if watcher.get() is not None:  # another step is being recorded: this one is part of it
            return self.function(*args, **kwargs)
        if examiners or is_inference_mode_enabled():  # anomaly mode looks at the walk itself
            return self.function(*args, **kwargs)
        for version in self.versions:
            if not version.entry.holds(*args, **kwargs):
                version.entry.rearm()
            if version.entry.holds(*args, **kwargs):
                return self.answer(version, args, kwargs)
        return self.record(args, kwargs)

    def answer(self, version: Version, args: Any, kwargs: Any) -> Any:
        """Run a program that fits; the first time, record again and compare."""
        self.versions.remove(version)
        self.versions.insert(0, version)
        self.program = version.program
        if version.is_believed:
            self.use(version.entry.call)
            return version.entry.call(*args, **kwargs)
        arguments = self.arguments(args, kwargs)
        recording = self.recording(arguments)
        result = recording.run()
        first = version.program.recording
        text = difference(first, recording)
        if text and recording.memories != first.memories:  # an argument is a known tensor this time
            self.keep(recording, arguments)
            return result
        if text:
            recording.undo()
            raise refused(
                f"two calls of the step did different things: {text}",
                "Something that is neither an argument nor within sight of the step has another "
                "value than in the first call: a file, the time, a random number, an iterator. "
                "Pass it as an argument.",
            )
        recording.forget()
        version.is_believed = True  # from the next call on
        return result

    def record(self, args: Any, kwargs: Any) -> Any:
        try:
            arguments = self.arguments(args, kwargs)
        except TypeError:  # Python says it better
            return self.function(*args, **kwargs)
        recording = self.recording(arguments)
        result = recording.run()
        self.keep(recording, arguments)
        return result

    def keep(self, recording: Recording, arguments: Arguments) -> None:
        """Make a program of a recording: the current one, until another fits."""
        program = self.program = Program(recording, self.title, self.style)
        self.recordings += not self.was_first
        self.was_first = recording.is_first
        if not recording.is_first and fits_itself(program):
            self.versions.insert(0, Version(program, Entry(program, arguments, self.call)))
            del self.versions[MOST:]
        recording.forget(program.used)
        self.use(self.call)

    def arguments(self, args: Any, kwargs: Any) -> Arguments:
        return Arguments(self.function, self.signature, args, kwargs)

    def recording(self, arguments: Arguments) -> Recording:
        call = functools.partial(self.function, *arguments.args, **arguments.kwargs)
        return Recording(self.function, call, arguments.by_name())

    def use(self, call: Callable[..., Any]) -> None:
        """Let this be what happens when the step is called."""
        type(self).__call__ = staticmethod(call)  # type: ignore[method-assign]

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: each object has a compiled one of its own, made when it is asked for."""
        if instance is None:
            return self
        method = compile(MethodType(self.function, instance), style=self.style)
        vars(instance)[self.name] = method
        return method

    def __reduce__(self) -> Any:
        """A copy, of a model that has a compiled method for example, has programs of its own."""
        return again, (self.function, self.style)

    def __setattr__(self, name: str, value: Any) -> None:
        """What is set on a compiled module is set on the module."""
        function = vars(self).get("function")
        if isinstance(function, Module) and name not in OWN:
            setattr(function, name, value)
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "function":
            raise AttributeError(name)
        return getattr(self.function, name)

    def __repr__(self) -> str:
        return f"<compiled {self.title}, {self.recordings} recordings>"


def again(function: Any, style: str) -> Any:
    return compile(function, style=style)


def compile(function: Any = None, *, style: str = "buffers") -> Any:
    """Make a program of a step.

    function  what runs a step: any function of tensors, a method, or a module
    style     "buffers", the fast one, or "plain", as in a textbook; ValueError for others

    The program does what the step did with tensors, and nothing else. A step that depends on their
    values, draws random numbers or changes what it can see is refused with CompileError, and has
    changed nothing then. What it does beside that is done while it is recorded, which happens in
    the first call, in the second to confirm it, and when something has changed: `print`, files,
    environment variables, the clock. Put it outside of the step. A change is not noticed inside of
    the items of a list or dict of more than 1,000, of the class that a minigrad module is set to,
    in functions and objects that eval or globals() finds by a text that is computed, and in what
    the extensions of other libraries keep to themselves. Results whose graph is spent share its
    nodes, so that `retain_grad()` on one of them shows on those of other calls.

    "buffers" gives the bits of the step itself. "plain" takes sums, products of matrices, means,
    variances and softmax as NumPy does, and so differs from it by rounding.
    """
    if style not in STYLES:
        raise noted(
            ValueError(f"compile(): style must be one of {', '.join(STYLES)}, not {style!r}"),
            "Write style='plain' to read the program, style='buffers' to have it fast.",
        )
    if function is None:
        return functools.partial(compile, style=style)
    if not callable(function):
        raise noted(
            TypeError(f"compile(): expected a function or a module, got {type(function).__name__}"),
            f"It takes what runs a step, and {shown(function)} came. Write compile(train_step), "
            "without calling it.",
        )
    step = type("Compiled", (Compiled,), {})(function, style)
    step.use(step.call)
    return step
