"""Module: what a network is made of.

All of a module's attributes are in its `__dict__`, also its parameters, buffers and children: each
value is in one place, and reading it costs what reading any attribute costs. Beside them stand
`Names`, which say, in order, which attributes are parameters, buffers or children.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

from minigrad import dtypes
from minigrad.autograd.graph import Node, RemovableHandle
from minigrad.autograd.leaves import fill_with_zeros
from minigrad.elsewhere import InModules, Later
from minigrad.nn import state
from minigrad.nn.conversion import convert, wanted_dtype
from minigrad.nn.hooks import ForwardHooks, Hook, hooks_of, register
from minigrad.nn.naming import typename
from minigrad.nn.parameter import Parameter
from minigrad.nn.place import say_where
from minigrad.nn.registry import EXPECTED, REMEDY, Names, check_name, enter, initialized
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor

__all__ = ["Module"]

notebook = Later("minigrad.notebook")


def no_forward(self: Module, *input: Any) -> Any:
    raise noted(
        NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        ),
        "Calling a module calls its forward: define `def forward(self, x):` in the class.",
    )


class Module(InModules):
    """The base class of networks and of their layers.

    A subclass calls `super().__init__()`, assigns parameters and other modules to attributes, and
    defines `forward`. `parameters()`, `state_dict()`, `to()` and the other methods find what was
    assigned, in this module and in all modules below it.
    """

    training: bool
    forward: Callable[..., Any] = no_forward
    _names: Names
    _hooks: ForwardHooks | None = None

    def __init__(self) -> None:
        self.__dict__.update(training=True, _names=Names())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooks is None:
                if len(args) == 1 and not kwargs:
                    return self.forward(args[0])  # what most calls are: nothing to unpack
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except Exception as error:
            say_where(error, self, args, kwargs)
            raise

    # ---- attributes ------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        names = self.__dict__.get("_names")
        kind = None if names is None else names.kind(name)
        if isinstance(value, Parameter):
            names = initialized(self, "parameters")
            check_name("parameter", name, names.parameters, type(self))
            enter(self, names.parameters, name, value)
        elif isinstance(value, Module) and kind != "parameter":
            enter(self, initialized(self, "module").modules, name, value)
        elif kind is None:
            object.__setattr__(self, name, value)
        elif value is None or (kind == "buffer" and isinstance(value, Tensor)):
            self.__dict__[name] = value
        else:
            raise noted(
                TypeError(
                    f"cannot assign '{typename(value)}' as {kind} '{name}' ({EXPECTED[kind]} "
                    "expected)"
                ),
                f"'{name}' is a {kind} of this {type(self).__name__}, and {shown(value)} came. "
                f"{REMEDY[kind].format(name=name)}",
            )

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._names.forget(name)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name[0].isdigit()]

    def __copy__(self) -> Self:
        """A module of its own, with the same parameters, buffers and children."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _names=copy.deepcopy(self._names))
        return other

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """What assigning a Parameter does; also for None, "there is no such parameter here"."""
        names = initialized(self, "parameters")
        check_name("parameter", name, names.parameters, self)
        if param is not None and not isinstance(param, Parameter):
            raise noted(
                TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(minigrad.nn.Parameter or None required)"
                ),
                f"Write Parameter(tensor) to make a parameter of a tensor: {shown(param)} came.",
            )
        if param is not None and isinstance(param.node, Node):
            raise noted(
                ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    f"be created explicitly. To express '{name}' as a function of another Tensor, "
                    "compute the value in the forward() method."
                ),
                f"It was computed ({param.node.name()}), and training would change the "
                "result and not its origin. Write Parameter(value.detach()) to begin from its "
                "numbers.",
            )
        enter(self, names.parameters, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the module's state but is not trained.

        A buffer that is not persistent stays out of the state dict.
        """
        names = initialized(self, "buffer")
        check_name("buffer", name, names.buffers, self)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise noted(
                TypeError(
                    f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                    "(minigrad Tensor or None required)"
                ),
                f"A buffer is a tensor that is saved with the module: {shown(tensor)} came. "
                f"Write a plain attribute, self.{name} = ..., for anything else.",
            )
        enter(self, names.buffers, name, tensor, persistent)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def add_module(self, name: str, module: Module | None) -> None:
        """What assigning a module to an attribute does, for names that need not be identifiers."""
        names = initialized(self, "module")
        check_is_module(module)
        check_name("module", name, names.modules, self)
        enter(self, names.modules, name, module)

    @property
    def _parameters(self) -> Mapping[str, Parameter | None]:
        return MappingProxyType({name: self.__dict__[name] for name in self._names.parameters})

    @property
    def _buffers(self) -> Mapping[str, Tensor | None]:
        return MappingProxyType({name: self.__dict__[name] for name in self._names.buffers})

    @property
    def _modules(self) -> Mapping[str, Any]:
        return MappingProxyType({name: self.__dict__[name] for name in self._names.modules})

    # ---- finding what is below -------------------------------------------------------------------

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once, a module's own before those of its children."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths, such as "0.weight"."""
        yield from named_members(self, "parameters", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their paths."""
        yield from named_members(self, "buffers", prefix, recurse, remove_duplicate)

    def children(self) -> Iterator[Module]:
        """The modules directly below, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their paths; its own is `prefix`."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, joined(prefix, name), remove_duplicate)

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as "encoder.0"; the empty path is the module itself."""
        module = self
        for name in target.split(".") if target else ():
            module = attribute(module, name)
            if not isinstance(module, Module):
                raise noted(
                    AttributeError(f"`{name}` is not an nn.Module"),
                    f"{name!r} in the path {target!r} is {shown(module)}. A path leads through "
                    "modules: 'stack.0'.",
                )
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as "encoder.0.weight"."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        value = attribute(owner, name)
        if not isinstance(value, Parameter):
            raise noted(
                AttributeError(f"`{name}` is not an nn.Parameter"),
                f"'{name}' in {target!r} is {shown(value)}: the parameters of "
                f"{type(owner).__name__} are {listing(owner._parameters)}.",
            )
        return value

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        value: Tensor = attribute(owner, name)
        if name not in owner._names.buffers:
            raise noted(
                AttributeError(f"`{name}` is not a buffer"),
                f"'{name}' in {target!r} is {shown(value)}: the buffers of "
                f"{type(owner).__name__} are {listing(owner._buffers)}.",
            )
        return value

    # ---- state -----------------------------------------------------------------------------------

    def state_dict(
        self,
        *,
        destination: dict[str, Any] | None = None,
        prefix: str = "",
        keep_vars: bool = False,
    ) -> dict[str, Any]:
        """All parameters and persistent buffers by path, in an OrderedDict.

        The tensors share the module's memory: they change with it. They have no history, unless
        keep_vars asks for the parameters themselves. For a snapshot, use copy.deepcopy.
        """
        if destination is None:
            destination = OrderedDict()
        state.save(self, destination, prefix, keep_vars)
        return destination

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state._IncompatibleKeys:
        """Copy the values of a state dict into the parameters and buffers.

        With assign=True its tensors take their places instead. Returns the missing and the
        unexpected keys; with strict=True, RuntimeError if there are any. Sizes must always be
        equal. All is checked before anything is written: if this raises, nothing was loaded.
        """
        return state.load(self, state_dict, strict, assign)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with set_to_none=False, fill them with zeros."""
        for param in self.parameters():
            if param.grad is not None:
                if set_to_none:
                    param.grad = None
                else:
                    fill_with_zeros(param.grad)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Whether backward computes gradients of the parameters; False freezes the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules below."""
        if not isinstance(mode, bool):
            raise noted(
                ValueError("training mode is expected to be boolean"),
                f"Write model.train() to train and model.eval() to use it: {shown(mode)} came.",
            )
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """The same as `train(False)`."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` with every module, children before their parents."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # ---- conversion ------------------------------------------------------------------------------

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers, in place: `to(minigrad.float64)`.

        Takes what `Tensor.to` takes. The only device is the CPU.
        """
        kind = wanted_dtype(args, kwargs)
        if kind is not None:
            if not kind.is_floating_point:
                raise noted(
                    TypeError(
                        "nn.Module.to only accepts floating point or complex dtypes, but got "
                        f"desired dtype={kind}"
                    ),
                    f"Parameters are trained by small steps, and {kind} holds whole ones. Write "
                    "minigrad.float32 or minigrad.float64.",
                )
            convert(self, lambda t: t.to(kind) if t.is_floating_point() else t)
        return self

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32, in place."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64, in place."""
        return self.to(dtypes.float64)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers, in place."""
        convert(self, lambda t: t.type(dst_type))
        return self

    def cpu(self) -> Self:
        """The module itself: it has always been on the CPU."""
        return self

    # ---- hooks -----------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns replaces the arguments.

        With `with_kwargs` the call is `hook(module, args, kwargs)`, and it returns both or None.
        """
        return register(hooks_of(self).before, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; what it returns replaces the output.

        With `with_kwargs` the call is `hook(module, args, kwargs, output)`. With `always_call` it
        is made even if something raised.
        """
        return register(hooks_of(self).after, Hook(hook, with_kwargs, always_call), prepend)

    # ---- text ------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the parentheses of the module's text; for subclasses to define."""
        return ""

    def __repr__(self) -> str:
        extra, name = self.extra_repr(), type(self).__name__
        lines = extra.split("\n") if extra else []
        children = [f"({key}): {indented(repr(child))}" for key, child in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{name}({extra})"
        return "\n  ".join([f"{name}(", *lines, *children]) + "\n)"

    def _repr_html_(self) -> str:
        """What a notebook shows: the parts, to be opened, with the shapes of their parameters."""
        return str(notebook.module_html(self))


def check_is_module(value: Any) -> None:
    if value is not None and not isinstance(value, Module):
        raise noted(
            TypeError(f"{typename(value)} is not a Module subclass"),
            f"Layers are modules, and {shown(value)} came. Write the function's module, "
            "nn.ReLU() for relu, or call the function in a forward of your own.",
        )


def attribute(module: Module, name: str) -> Any:
    if not hasattr(module, name):
        raise noted(
            AttributeError(f"{type(module).__name__} has no attribute `{name}`"),
            f"There are {listing(module._names.modules)} below this {type(module).__name__}.",
        )
    return getattr(module, name)


def named_members(
    module: Module, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
) -> Iterator[tuple[str, Any]]:
    """The parameters or buffers of a module and of those below, with their paths."""
    seen = set()
    below = module.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
    for path, owner in below if recurse else [(prefix, module)]:
        for name in getattr(owner._names, kind):
            value = owner.__dict__[name]
            if value is None or value in seen:
                continue
            if remove_duplicate:
                seen.add(value)
            yield joined(path, name), value


def listing(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def indented(text: str) -> str:
    return text.replace("\n", "\n  ")
