"""The arguments of one call: by name, and taken apart down to tensors and plain values."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from minigrad.program.errors import refused
from minigrad.return_types import Named

__all__ = ["Argument", "Arguments", "is_named_tuple", "signature_of"]


@dataclass(eq=False)
class Argument:
    """A tensor or plain value; `where` is the expression that finds it: batch[0]."""

    where: str
    value: Any

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "_", self.where).strip("_")


class Arguments:
    """What a step was called with; TypeError for what it does not take."""

    def __init__(self, function: Any, signature: Signature, args: Any, kwargs: Any) -> None:
        self.function_name, self.signature = name_of(function), signature
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        self.args, self.kwargs = bound.args, bound.kwargs
        self.parts: list[Argument] = []
        self.containers: list[Argument] = []
        for name, value in bound.arguments.items():
            self.take_apart(name, value)

    def take_apart(self, where: str, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise refused(
                f"the argument {where} is a NumPy array",
                "Pass a tensor: minigrad.from_numpy(array) makes one on the same memory.",
            )
        if type(value) not in (list, tuple, dict) and not is_named_tuple(value):
            self.parts.append(Argument(where, value))
            return
        self.containers.append(Argument(where, value))
        if is_named_tuple(value):
            for name, item in zip(value.__match_args__, value, strict=True):
                self.take_apart(f"{where}.{name}", item)
            return
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            self.take_apart(f"{where}[{key!r}]", item)

    def by_name(self) -> dict[str, Any]:
        return {part.name: part.value for part in self.parts}

    # ---- as text ---------------------------------------------------------------------------------

    def parameters(self, name: Callable[[Any], str]) -> str:
        """The parameters as they stand in a def, their defaults by the names of objects."""
        parts = []
        for p in self.signature.parameters.values():
            default = None if p.default is Parameter.empty else name(p.default)
            parts.append(p.replace(annotation=Parameter.empty, default=Parameter.empty))
            if default is not None:
                parts[-1] = parts[-1].replace(default=Verbatim(default))
        return str(Signature(parts))

    def passed_on(self) -> str:
        """The arguments as they stand in a call with the same arguments."""
        forms: dict[Any, str] = {
            Parameter.VAR_POSITIONAL: "*{}",
            Parameter.VAR_KEYWORD: "**{}",
            Parameter.KEYWORD_ONLY: "{0}={0}",
        }
        parameters = self.signature.parameters.values()
        return ", ".join(forms.get(p.kind, "{}").format(p.name) for p in parameters)

    def container_checks(self, name: Callable[[Any], str]) -> Iterator[str]:
        for part in self.containers:
            yield f"type({part.where}) is {name(type(part.value))}"
            yield f"len({part.where}) == {len(part.value)}"
            if isinstance(part.value, dict):
                yield f"list({part.where}) == {list(part.value)!r}"


def is_named_tuple(value: Any) -> bool:
    """Whether it is a namedtuple, or what max(dim) returns."""
    return isinstance(value, tuple) and (hasattr(value, "_fields") or isinstance(value, Named))


class Verbatim:
    """Something whose repr is a text as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


ANY = Signature(
    [Parameter("args", Parameter.VAR_POSITIONAL), Parameter("kwargs", Parameter.VAR_KEYWORD)]
)


def signature_of(function: Any) -> Signature:
    """The parameters of a function or module; of a callable without a signature, any.

    Those that it has itself: what `functools.wraps` has wrapped may have others.
    """
    function = getattr(function, "forward", function)
    if hasattr(function, "__signature__"):  # what it says of itself need not be so
        return ANY
    try:
        return inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return ANY


def name_of(function: Any) -> str:
    """The name by which Python would complain of arguments: Trainer.step."""
    function = getattr(function, "forward", function)
    while isinstance(function, functools.partial):
        function = function.func
    if not hasattr(function, "__qualname__"):
        function = type(function).__call__
    return str(function.__qualname__)
