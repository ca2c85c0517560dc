"""Modules and parameters in sequence, in lists and in dicts."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import chain
from typing import Any, Self, SupportsIndex

from minigrad.nn.module import Module, check_is_module
from minigrad.nn.parameter import Parameter
from minigrad.nn.place import say_where
from minigrad.notes import nearest, noted, shown
from minigrad.tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "ParameterList", "Sequential"]

call = Module.__call__


class Numbered(Module):
    """What Sequential and ModuleList share: children whose names are their positions."""

    def renumber(self, modules: Iterable[Any]) -> None:
        """Make these the children, with the names "0", "1", ..."""
        modules = list(modules)
        for name in list(self._names.modules):
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def name_at(self, index: SupportsIndex) -> str:
        """The name of the child at a position, which may count from the end."""
        position, count = operator.index(index), len(self)
        if not -count <= position < count:
            raise out_of_range(position, count)
        return list(self._names.modules)[position]

    def __len__(self) -> int:
        return len(self._names.modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __setitem__(self, index: SupportsIndex, module: Module | None) -> None:
        setattr(self, self.name_at(index), module)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        modules = list(self)
        if not isinstance(index, slice):
            self.name_at(index)
        del modules[index]
        self.renumber(modules)

    def append(self, module: Module | None) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Any]) -> Self:
        """Add modules at the end; none of them, if one is refused."""
        new = list(modules)
        for module in new:
            check_is_module(module)
        for module in new:
            self.append(module)
        return self

    def pop(self, index: Any) -> Any:
        """Remove a module and return it; a slice of modules, too."""
        module = self[index]  # type: ignore[index]
        del self[index]
        return module


def out_of_range(position: int, count: int) -> IndexError:
    return noted(
        IndexError(f"index {position} is out of range"),
        f"There are {count} entries" + (f", 0 to {count - 1}. The last is [-1]." if count else "."),
    )


class Sequential(Numbered):
    """Modules applied one after the other: the output of each is the input of the next.

    The arguments are the modules, or one OrderedDict of names and modules. Without any modules it
    is the identity. A slice is a Sequential of the same modules, not of copies.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self.extend(args)

    def forward(self, input: Any) -> Any:
        module, fields = None, self.__dict__
        try:
            for name in self._names.modules:
                module = fields[name]
                if type(module).__call__ is call and module._hooks is None:
                    input = module.forward(input)  # what calling it comes to, in half the time
                else:
                    input = module(input)
        except Exception as error:
            if module is not None:
                say_where(error, module, (input,), {})
            raise
        return input

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self.name_at(index)]

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before position `index`; those behind it move up."""
        check_is_module(module)
        if not -len(self) <= index <= len(self):
            raise noted(
                IndexError(f"Index out of range: {index}"),
                f"The Sequential has {len(self)} modules: write 0 to put it first, "
                "append(module) to put it last.",
            )
        modules = list(self)
        modules.insert(index, module)
        self.renumber(modules)
        return self

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *sequential(other))

    def __iadd__(self, other: Any) -> Self:
        return self.extend(sequential(other))

    def __mul__(self, times: Any) -> Sequential:
        return Sequential(*list(self) * self.factor(times))

    def __rmul__(self, times: Any) -> Sequential:
        return self.__mul__(times)

    def __imul__(self, times: Any) -> Self:
        return self.extend(list(self) * (self.factor(times) - 1))

    def factor(self, times: Any) -> int:
        if not isinstance(times, int):
            raise noted(
                TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}"),
                f"The modules are repeated a whole number of times, and {shown(times)} "
                f"came{nearest(times)}.",
            )
        if times <= 0:
            raise noted(
                ValueError(f"Non-positive multiplication factor {times} for {type(self)}"),
                "The modules are repeated 1 or more times. nn.Sequential() is the one without "
                "modules.",
            )
        return times


def sequential(other: Any) -> Sequential:
    if not isinstance(other, Sequential):
        raise noted(
            ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is "
                "given."
            ),
            "Two Sequentials are put one after the other with +. Write net.append(module) "
            "to add a single one.",
        )
    return other


class ModuleList(Numbered):
    """A list of modules that the module around it can see; a plain list would hide them.

    It is indexed and sliced like a list. It has no forward: how they are used is yours to write.
    """

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._modules[self.name_at(index)]

    def insert(self, index: int, module: Module | None) -> None:
        """Put a module before position `index`, as list.insert does."""
        check_is_module(module)
        modules = list(self)
        modules.insert(index, module)
        self.renumber(modules)

    def extend(self, modules: Iterable[Any]) -> Self:
        """Add modules at the end; none of them, if one is refused."""
        if not isinstance(modules, Iterable):
            raise noted(
                TypeError(
                    "ModuleList.extend should be called with an iterable, but got "
                    f"{type(modules).__name__}"
                ),
                "extend takes several modules: write layers.append(module) for one.",
            )
        return super().extend(modules)

    def __iadd__(self, modules: Iterable[Any]) -> Self:
        return self.extend(modules)

    def __add__(self, modules: Iterable[Any]) -> ModuleList:
        return ModuleList(chain(self, modules))

    def __repr__(self) -> str:
        """Neighbours with the same text are written once: `(0-2): 3 x ReLU()`."""
        if not len(self):
            return f"{type(self).__name__}()"
        runs: list[tuple[list[str], str]] = []
        for name, module in self._modules.items():
            text = repr(module)
            if runs and runs[-1][1] == text:
                runs[-1][0].append(name)
            else:
                runs.append(([name], text))
        lines = [described_run(names, text) for names, text in runs]
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def described_run(names: list[str], text: str) -> str:
    text = text.replace("\n", "\n  ")
    if len(names) == 1:
        return f"({names[0]}): {text}"
    return f"({names[0]}-{names[-1]}): {len(names)} x {text}"


class ModuleDict(Module):
    """A dict of modules that the module around it can see."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module | None) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise noted(KeyError(key), f"The names are {', '.join(map(repr, self)) or 'none'}.")
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._names.modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.modules)

    def __contains__(self, key: object) -> bool:
        return key in self._names.modules

    def keys(self) -> KeysView[str]:
        return self._modules.keys()

    def items(self) -> ItemsView[str, Any]:
        return self._modules.items()

    def values(self) -> ValuesView[Any]:
        return self._modules.values()

    def pop(self, key: str) -> Any:
        """Remove a module and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Remove all modules."""
        for key in list(self):
            del self[key]

    def update(self, modules: Any) -> None:
        """Add or replace modules, from a mapping or from (name, module) pairs."""
        for key, module in pairs(modules):
            self[key] = module


def pairs(modules: Any) -> list[Any]:
    """The (name, module) pairs that ModuleDict.update was given."""
    if not isinstance(modules, Iterable):
        raise noted(
            TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(modules).__name__}"
            ),
            f"Write update({{'name': module}}): {shown(modules)} came.",
        )
    if isinstance(modules, Mapping | ModuleDict):
        return list(modules.items())
    listed = list(modules)
    for i, pair in enumerate(listed):
        if not isinstance(pair, Iterable):
            raise noted(
                TypeError(
                    f"ModuleDict update sequence element #{i} should be Iterable; is"
                    f"{type(pair).__name__}"
                ),
                f"Element {i} is {shown(pair)}, and a pair is expected: ('name', module).",
            )
        if len(list(pair)) != 2:
            raise noted(
                ValueError(
                    f"ModuleDict update sequence element #{i} has length {len(list(pair))}; "
                    "2 is required"
                ),
                f"Element {i} holds {len(list(pair))} things, and a pair is expected: ('name', "
                "module).",
            )
    return listed


class ParameterList(Module):
    """A list of parameters that the module around it can see.

    Tensors in it become Parameters; anything else is kept as it is. It only grows.
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def name_at(self, index: SupportsIndex) -> str:
        position = operator.index(index)
        if not -self._size <= position < self._size:
            raise out_of_range(position, self._size)
        return str(position % self._size)

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self.name_at(index))

    def __setitem__(self, index: SupportsIndex, value: Any) -> None:
        setattr(self, self.name_at(index), as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, str(i)) for i in range(self._size)])

    def append(self, value: Any) -> Self:
        """Add a value at the end."""
        setattr(self, str(self._size), as_parameter(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add values at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise noted(
                TypeError(
                    "ParameterList.extend should be called with an iterable, but got "
                    f"{type(values).__name__}"
                ),
                "extend takes several values: write params.append(value) for one.",
            )
        for value in [as_parameter(value) for value in values]:
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise noted(
            RuntimeError("ParameterList should not be called."),
            "It holds parameters and computes nothing. Use them in the forward of the "
            "module around it: x @ self.weights[0].",
        )

    def extra_repr(self) -> str:
        return "\n".join(f"  ({i}): {described(value)}" for i, value in enumerate(self))


def as_parameter(value: Any) -> Any:
    is_plain_tensor = isinstance(value, Tensor) and not isinstance(value, Parameter)
    return Parameter(value) if is_plain_tensor else value


def described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    size = "x".join(map(str, value.shape))
    return f"{type(value).__name__} containing: [{value.dtype} of size {size}]"
