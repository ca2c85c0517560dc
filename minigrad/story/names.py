"""What the user calls his tensors: the variables of his program, and the attributes of modules.

A tensor does not know its name. Whoever asks for an explanation stands in a function that has
variables, and there `w` is w, and the weight of `net`'s layer `fc` is `net.fc.weight`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from minigrad.nn import Module
from minigrad.scalar import Scalar
from minigrad.tensor import Tensor

__all__ = ["Names", "variables"]


class Names:
    """Names of nodes, leaves and Scalars, and the tensors that are known by them."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.names: dict[Any, str] = {}
        self.tensors: dict[Any, Tensor] = {}
        self.modules: dict[Module, str] = {}
        self.constants: dict[int, str] = {}  # of tensors without a node, by id
        for name, value in list(variables.items()):
            self.add(name, value)

    def add(self, name: str, value: Any) -> None:
        """A variable, and what is in it: parameters of a module, elements of a list."""
        for path, found in reached(name, value):
            if isinstance(found, Module):
                self.modules.setdefault(found, path)
            elif isinstance(found, Tensor):
                if found.node is None:
                    self.constants.setdefault(id(found), path)
                elif found.node not in self.names:
                    self.names[found.node] = path
                    self.tensors[found.node] = found
            elif found not in self.names:
                self.names[found] = path

    def get(self, node: Any) -> str | None:
        return self.names.get(node)


def variables(frame: FrameType | None) -> dict[str, Any]:
    """The variables that can be seen from a frame, its own before the global ones."""
    if frame is None:
        return {}
    seen = frame.f_locals | {k: v for k, v in frame.f_globals.items() if k not in frame.f_locals}
    return {name: value for name, value in seen.items() if name.isidentifier() and name[0] != "_"}


def reached(name: str, value: Any, deep: bool = True) -> Iterator[tuple[str, Any]]:
    """The tensors, Scalars and modules in a variable, under the names that lead to them."""
    if isinstance(value, Tensor | Scalar):
        yield name, value
    elif isinstance(value, Module):
        yield from value.named_modules(prefix=name)
        yield from value.named_parameters(prefix=name)
    elif deep and type(value) in (list, tuple):
        for i, item in enumerate(value):
            yield from reached(f"{name}[{i}]", item, deep=False)
    elif deep and type(value) is dict:
        for key, item in value.items():
            yield from reached(f"{name}[{key!r}]", item, deep=False)
