"""Which attributes of a module are parameters, buffers and children, and who may become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.nn.naming import typename
from minigrad.notes import noted

if TYPE_CHECKING:
    from minigrad.nn.module import Module

__all__ = ["EXPECTED", "REMEDY", "Names", "check_name", "enter", "initialized"]


class Names:
    """Which attributes of a module are what; a dict without values is an ordered set."""

    __slots__ = ("buffers", "modules", "parameters")

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self.buffers: dict[str, Any] = {}  # True if it belongs to the state dict
        self.modules: dict[str, Any] = {}

    def kind(self, name: str) -> str | None:
        if name in self.parameters:
            return "parameter"
        if name in self.modules:
            return "child module"
        return "buffer" if name in self.buffers else None

    def forget(self, name: str) -> None:
        for names in (self.parameters, self.buffers, self.modules):
            names.pop(name, None)


EXPECTED = {
    "parameter": "minigrad.nn.Parameter or None",
    "child module": "minigrad.nn.Module or None",
    "buffer": "minigrad.nn.Buffer, minigrad.Tensor or None",
}

REMEDY = {
    "parameter": "Write self.{name} = nn.Parameter(value), or self.{name}.data = value for new "
    "numbers.",
    "child module": "Write del self.{name} first, to give the name to something else.",
    "buffer": "Write self.{name} = minigrad.tensor(value).",
}


def initialized(module: Module, what: str) -> Names:
    """The names of a module, if its class called super().__init__()."""
    names: Names | None = module.__dict__.get("_names")
    if names is None:
        raise noted(
            AttributeError(f"cannot assign {what} before Module.__init__() call"),
            f"Begin {type(module).__name__}.__init__ with super().__init__().",
        )
    return names


def enter(module: Module, own: dict[str, Any], name: str, value: Any, mark: Any = None) -> None:
    """Make a value the attribute `name`, of the kind whose names are `own`."""
    if name not in own:
        module._names.forget(name)
    own[name] = mark
    module.__dict__[name] = value


def check_name(kind: str, name: Any, own: dict[str, Any], holder: Any) -> None:
    """Refuse what cannot be a name, and a name that `holder` has for something else."""
    if not isinstance(name, str):
        raise noted(
            TypeError(f"{kind} name should be a string. Got {typename(name)}"),
            f"Names are text: write '{name}'.",
        )
    if "." in name:
        detail = f", got: {name}" if kind == "module" else ""
        raise noted(
            KeyError(f'{kind} name can\'t contain "."{detail}'),
            "Dots lead from a module to what is below it. Write "
            f"{name.replace('.', '_')!r}, or add it to the module "
            f"{name.rpartition('.')[0]!r}.",
        )
    if name == "":
        raise noted(
            KeyError(f'{kind} name can\'t be empty string ""'),
            "A state_dict finds things by name: give it one.",
        )
    if name not in own and hasattr(holder, name):
        raise noted(
            KeyError(f"attribute '{name}' already exists"),
            f"self.{name} is something else already, perhaps a method of Module. Choose "
            "another name.",
        )
