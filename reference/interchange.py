"""A model of minigrad as a model of PyTorch, with its weights, and the way back.

    twin = to_torch(net)      # for what is beyond minigrad: GPUs, several machines, export
    net = from_torch(twin)

Both return a new model with its own memory. Kept are the structure with all names, so that the
keys of the state dict are the same; every parameter and buffer with its values, dtype and
requires_grad; `training`; and what is shared: a layer or a parameter that stands in two places does
so in the twin. Not carried over are the `.grad` of parameters and the hooks of tensors.

The classes of the contract have twins: Linear, ReLU, LeakyReLU, Identity, Flatten, MSELoss,
Sequential, ModuleList, ModuleDict, ParameterList and Module itself. A class of your own has code in
it that no converter can translate, but very likely the same text does the same under the other
import. So write it down there too, and say which is which:

    twin = to_torch(net, classes={Net: TorchNet})

Its `__init__` is not called: the twin gets what the original holds.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch

import minigrad

__all__ = ["from_torch", "to_torch"]

Classes = Mapping[type, type]

CONTRACT = (
    "Module", "Linear", "ReLU", "LeakyReLU", "Identity", "Flatten", "MSELoss",
    "Sequential", "ModuleList", "ModuleDict", "ParameterList",
)  # fmt: skip
PLAIN = (bool, int, float, complex, str, bytes, type(None), np.ndarray)
DTYPES = {getattr(torch, kind.name): kind for kind in minigrad.dtypes.ALL}


def to_torch(module: minigrad.nn.Module, classes: Classes | None = None) -> torch.nn.Module:
    """The same model in PyTorch.

    Args:
        module: a model of minigrad.
        classes: for each class of your own in it, the class of PyTorch that stands for it.

    Raises:
        TypeError: it holds something that has no twin; the message names all such places. Nothing
            is changed.
    """
    check_is_module(module, minigrad, "to_torch")
    twins = {getattr(minigrad.nn, name): getattr(torch.nn, name) for name in CONTRACT}
    converted: torch.nn.Module = Conversion(minigrad, torch, twins | dict(classes or {}))(module)
    return converted


def from_torch(module: torch.nn.Module, classes: Classes | None = None) -> minigrad.nn.Module:
    """The same model in minigrad.

    Args:
        module: a model of PyTorch, on any device.
        classes: for each class of your own in it, the class of minigrad that stands for it.

    Raises:
        TypeError: it holds something that has no twin; the message names all such places. Nothing
            is changed.
    """
    check_is_module(module, torch, "from_torch")
    twins = {getattr(torch.nn, name): getattr(minigrad.nn, name) for name in CONTRACT}
    converted: minigrad.nn.Module = Conversion(torch, minigrad, twins | dict(classes or {}))(module)
    return converted


@dataclass
class Conversion:
    """One conversion from a library to another; remembers what it has made, for what is shared."""

    source: Any
    target: Any
    twins: Classes
    made: dict[int, Any] = field(default_factory=dict)

    def __call__(self, module: Any) -> Any:
        """The twin of a whole model, if all of it has one."""
        if obstacles := list(self.obstacles(module)):
            raise refusal(self, obstacles)
        return self.module(module)

    def module(self, module: Any) -> Any:
        """The twin of a module, with all below it; None of None."""
        if module is None:
            return None
        if id(module) in self.made:
            return self.made[id(module)]
        kind = self.twins[type(module)]
        twin: Any = object.__new__(kind)
        self.made[id(module)] = twin
        self.target.nn.Module.__init__(twin)
        twin.training = module.training
        for name, value in attributes(module).items():
            setattr(twin, name, self.value(value))
        for name, parameter in module._parameters.items():
            twin.register_parameter(name, self.tensor(parameter))
        for name, buffer in module._buffers.items():
            twin.register_buffer(name, self.tensor(buffer), persistent(module, name))
        for name, child in module._modules.items():
            twin.add_module(name, self.module(child))
        return twin

    def tensor(self, tensor: Any) -> Any:
        """The twin of a tensor or a parameter; None of None."""
        if tensor is None:
            return None
        if id(tensor) not in self.made:
            twin = self.target.from_numpy(tensor.detach().cpu().numpy().copy())
            if isinstance(tensor, self.source.nn.Parameter):
                twin = self.target.nn.Parameter(twin, requires_grad=tensor.requires_grad)
            self.made[id(tensor)] = twin.requires_grad_(tensor.requires_grad)
        return self.made[id(tensor)]

    def value(self, value: Any) -> Any:
        """The twin of an attribute."""
        if isinstance(value, self.source.Tensor):
            return self.tensor(value)
        if isinstance(value, self.source.nn.Module):
            return self.module(value)
        if isinstance(value, self.source.dtype):
            return getattr(self.target, str(value).rpartition(".")[2])
        if isinstance(value, self.source.Size):
            return self.target.Size(value)
        if type(value) in (list, tuple):
            return type(value)(self.value(v) for v in value)
        if type(value) is dict:
            return {key: self.value(v) for key, v in value.items()}
        return self.function(value) if callable(value) else copy.copy(value)

    def function(self, function: Any) -> Any:
        """The function of the same name; None if there is none."""
        name = getattr(function, "__name__", "")
        for source, target in (
            (self.source, self.target),
            (self.source.nn.functional, self.target.nn.functional),
        ):
            if name and getattr(source, name, None) is function:
                return getattr(target, name, None)
        return None

    # ---- what has no twin -----------------------------------------------------------------------

    def obstacles(self, root: Any) -> Iterator[tuple[str, str]]:
        """The places of a model that cannot be converted: path, and what stands there."""
        for path, module in root.named_modules():
            if type(module) not in self.twins:
                yield path, f"a {type(module).__module__}.{type(module).__qualname__}"
                continue
            if has_hooks(module):
                yield path, "a module with hooks"
            own = module._parameters | module._buffers | attributes(module)
            for name, value in own.items():
                if obstacle := self.obstacle(value):
                    yield joined(path, name), obstacle

    def obstacle(self, value: Any) -> str | None:
        """Why a value has no twin: numbers, texts, tensors, and collections of these have one."""
        if isinstance(value, self.source.Tensor):
            supported = self.source is minigrad or value.dtype in DTYPES
            return None if supported else f"a tensor of {value.dtype}"
        if isinstance(value, self.source.nn.Module):
            return next((what for _, what in self.obstacles(value)), None)
        if type(value) in (list, tuple, dict):
            values = value.values() if isinstance(value, dict) else value
            return next(filter(None, map(self.obstacle, values)), None)
        plain = isinstance(value, (*PLAIN, self.source.dtype, self.source.Size))
        return None if plain or self.function(value) else f"a {type(value).__name__}"


# ---- what the two libraries keep in other places ------------------------------------------------

INTERNAL = {*vars(torch.nn.Module()), "_names", "_hooks"}
HOOKS = [name for name in vars(torch.nn.Module()) if name.endswith("_hooks")]


def attributes(module: Any) -> dict[str, Any]:
    """What a user has set on a module beside parameters, buffers and children."""
    known = INTERNAL.union(module._parameters, module._buffers, module._modules)
    return {name: value for name, value in vars(module).items() if name not in known}


def persistent(module: Any, name: str) -> bool:
    """Whether a buffer belongs to the state dict."""
    if isinstance(module, torch.nn.Module):
        return name not in module._non_persistent_buffers_set
    return bool(module._names.buffers[name])


def has_hooks(module: Any) -> bool:
    """Whether calling or loading the module would call code of the user's."""
    if isinstance(module, torch.nn.Module):
        return any(getattr(module, name) for name in HOOKS)
    return module._hooks is not None and any(vars(module._hooks).values())


def check_is_module(module: Any, library: ModuleType, function: str) -> None:
    if not isinstance(module, library.nn.Module):
        raise TypeError(
            f"{function}() takes a {library.__name__}.nn.Module, not {type(module).__name__}"
        )


def refusal(conversion: Conversion, obstacles: list[tuple[str, str]]) -> TypeError:
    """An error that names every place, and says what to do."""
    source, target = conversion.source.__name__, conversion.target.__name__
    places = "; ".join(f"{path or 'the model itself'} is {what}" for path, what in obstacles)
    error = TypeError(f"cannot convert to {target}: {places}")
    error.add_note(
        f"A class of your own holds code that is written for {source}. Write the same class for "
        f"{target}, with the same names of attributes, and hand it over: "
        f"classes={{Net: OtherNet}}. What minigrad has no layer for ends here: it converts "
        f"{', '.join(CONTRACT[1:])}. Hooks have to be removed, and registered on the twin."
    )
    return error


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
