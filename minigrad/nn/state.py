"""state_dict and load_state_dict: the values of a module as a flat dict, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.autograd.grad_mode import no_grad
from minigrad.nn.parameter import Parameter
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module

__all__ = ["load", "save"]


class _IncompatibleKeys(NamedTuple):
    """The keys that a module missed in a state dict, and those that it has no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


def persistent(module: Module) -> dict[str, Tensor]:
    """The module's own parameters and buffers that belong to its state."""
    names = [*module._names.parameters, *(n for n, kept in module._names.buffers.items() if kept)]
    values = {name: module.__dict__[name] for name in names}
    return {name: value for name, value in values.items() if value is not None}


def save(module: Module, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
    """Write the state of a module and of its children into `destination`."""
    for name, value in persistent(module).items():
        destination[prefix + name] = value if keep_vars else value.detach()
    for name, child in module._modules.items():
        if child is not None:
            below = f"{prefix}{name}."
            child.state_dict(destination=destination, prefix=below, keep_vars=keep_vars)


def load(module: Module, state: Any, strict: bool, assign: bool) -> _IncompatibleKeys:
    """Write a state into a module, after all of it was found to fit."""
    if not isinstance(state, Mapping):
        raise noted(
            TypeError(f"Expected state_dict to be dict-like, got {type(state)}."),
            "What is loaded is what model.state_dict() gave, a dict of names and tensors: "
            f"{shown(state)} came.",
        )
    loading = Loading(assign)
    loading.plan(module, dict(state), "")
    errors = (loading.key_errors() if strict else []) + loading.errors
    if errors:
        title = f"Error(s) in loading state_dict for {type(module).__name__}:"
        raise noted(
            RuntimeError("\n\t".join([title, *errors])),
            "Nothing was loaded: the module has its old values. strict=False forgives missing and "
            "unexpected keys, but not values that do not fit.",
        )
    loading.write()
    return _IncompatibleKeys(loading.missing, loading.unexpected)


class Write(NamedTuple):
    """One value that is about to be loaded, and its place."""

    module: Module
    name: str
    old: Tensor
    value: Tensor


class Loading:
    """What loading a state would do, and what is wrong with it."""

    def __init__(self, assign: bool) -> None:
        self.assign = assign
        self.writes: list[Write] = []
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []

    def plan(self, module: Module, state: Mapping[str, Any], prefix: str) -> None:
        """Compare a module and its children with the part of the state under `prefix`."""
        own = persistent(module)
        for name, old in own.items():
            if prefix + name in state:
                self.plan_write(module, name, old, state[prefix + name], prefix + name)
            else:
                self.missing.append(prefix + name)
        for key in state:
            name, dot, _ = key.removeprefix(prefix).partition(".")
            if name not in (module._names.modules if dot else own):
                self.unexpected.append(key)
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                self.plan(child, {k: v for k, v in state.items() if k.startswith(below)}, below)

    def plan_write(self, module: Module, name: str, old: Tensor, value: Any, key: str) -> None:
        error = self.misfit(key, old, value)
        if error is not None:
            self.errors.append(error)
        else:
            self.writes.append(Write(module, name, old, value if is_like(old, value) else value[0]))

    def misfit(self, key: str, old: Tensor, value: Any) -> str | None:
        """PyTorch's words for a value that cannot be loaded in place of the old one."""
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected minigrad.Tensor or '
                f"Tensor-like object from checkpoint but received {type(value)}"
            )
        if not is_like(old, value) and (old.shape, value.shape) != ((), (1,)):
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {old.shape}."
            )
        if self.assign and old.requires_grad and not value.is_floating_point():
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{old.shape} and whose dimensions in the checkpoint are {value.shape}, an "
                "exception occurred : ('Only Tensors of floating point and complex dtype can "
                "require gradients',)."
            )
        return None

    def key_errors(self) -> list[str]:
        return [
            f"{kind} key(s) in state_dict: {quoted(keys)}. "
            for kind, keys in (("Missing", self.missing), ("Unexpected", self.unexpected))
            if keys
        ]

    def write(self) -> None:
        with no_grad():
            for module, name, old, value in self.writes:
                if not self.assign:
                    old.copy_(value)
                elif isinstance(old, Parameter):
                    setattr(module, name, as_parameter(value, old.requires_grad))
                else:
                    setattr(module, name, value)


def quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def is_like(old: Tensor, value: Tensor) -> bool:
    return value.shape == old.shape


def as_parameter(value: Tensor, requires_grad: bool) -> Parameter:
    if isinstance(value, Parameter):
        return value.requires_grad_(requires_grad)
    return Parameter(value, requires_grad)
