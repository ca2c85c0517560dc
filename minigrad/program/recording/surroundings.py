"""What a step can see beside its arguments: the tensors, modules, optimisers and numbers in reach.

The search starts at the names in the code of the step, the variables that it encloses and the
object that it is a method of, and goes on through modules, containers, functions, classes and
objects. Of an object that is no module, and of a function or class, it follows only the attributes
whose names occur in code that the step can reach. What it finds are facts: "net.fc is this module",
"net.training is True". A program is valid while its facts hold; a fact that the step itself changes
is a reason to refuse it.
"""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from types import CellType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any
from weakref import ref

from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.program.recording.code import Names, all_variables
from minigrad.program.recording.facts import (
    LARGEST,
    MAPPINGS,
    MISSING,
    SETS,
    Fact,
    Path,
    contents_of,
    ids_of,
    is_plain,
)
from minigrad.program.recording.iterators import is_iterator
from minigrad.program.recording.ownership import (
    CLOSED,
    LIBRARIES,
    RAW,
    is_closed,
    is_of_library,
)
from minigrad.program.recording.streams import is_stream
from minigrad.tensor import Tensor

__all__ = ["Surroundings"]

METHODS = (FunctionType, staticmethod, classmethod, property)


class Surroundings:
    """Everything within reach of a function."""

    def __init__(self, function: Any, arguments: dict[str, Any]) -> None:
        self.facts: list[Fact] = []
        self.absences: list[Fact] = []  # what the step must not make; no reason to record anew
        self.streams: dict[Any, Path] = {}  # generators of random numbers
        self.tensors: dict[Tensor, Path] = {}
        self.modules: dict[Module, Path] = {}
        self.optimizers: dict[Optimizer, Path] = {}
        self.classes: dict[type, Any] = {}
        self.iterators: list[tuple[Any, Path]] = []
        self.names = Names()
        self.seen: dict[int, Any] = {}
        self.unread: list[tuple[Any, str, Any, Path]] = []  # attributes that no code has named
        self.unnamed: list[tuple[FunctionType, Path]] = []  # functions that name any variable
        self.visit(function, ())
        for name, value in arguments.items():
            if not isinstance(value, Tensor):
                self.visit(value, (name,))
        self.read_attributes()
        self.candidates = self.all_that_could_be_named()

    def fact(self, owner: Any, access: str, key: Any, value: Any, path: Path) -> None:
        self.facts.append(Fact(owner, access, key, value, path))
        self.visit(value, path)

    def visit(self, value: Any, path: Path) -> None:
        """Look at a value, and at what can be reached from it."""
        if is_plain(value) or id(value) in self.seen or is_of_library(value):
            return
        self.seen[id(value)] = value
        if isinstance(value, Tensor):
            self.tensors[value] = path
        elif isinstance(value, RAW):
            self.facts.append(Fact(value, "contents", None, contents_of(value), path))
        elif is_stream(value):
            self.streams[value] = path
        elif isinstance(value, Module):
            self.visit_module(value, path)
        elif isinstance(value, Optimizer):
            self.visit_optimizer(value, path)
        elif isinstance(value, (list, tuple, deque, *MAPPINGS)):
            self.visit_items(value, path)
        elif isinstance(value, FunctionType):
            self.visit_function(value, path)
        elif isinstance(value, MethodType):
            self.visit(value.__func__, path)
            self.visit(value.__self__, path)
        elif isinstance(value, functools.partial):
            for part in (value.func, value.args, value.keywords):
                self.visit(part, path)
        elif isinstance(value, property):
            self.visit(value.fget, path)
        elif isinstance(value, ref):
            self.visit(value(), path)
        elif isinstance(value, ContextVar):
            self.fact(value, "context", None, value.get(MISSING), path)
            with contextlib.suppress(LookupError):
                self.visit(value.get(), path)  # or its default
        elif is_iterator(value):
            self.iterators.append((value, path))
        elif isinstance(value, SETS):
            self.facts.append(Fact(value, "contents", None, contents_of(value), path))
            for member in value:
                self.visit(member, path)
        else:
            self.visit_object(value, path)

    def visit_function(self, function: FunctionType, path: Path) -> None:
        self.visit_variables(function, self.names.read(function.__code__), path)
        if all_variables(function):
            self.unnamed.append((function, path))
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            if cell != CellType():
                self.fact(cell, "cell", None, cell.cell_contents, (*path[:-1], name))
            else:
                self.absences.append(Fact(cell, "cell", None, MISSING, (*path[:-1], name)))
        for name in ("__code__", "__defaults__", "__kwdefaults__"):
            if getattr(function, name) is not None:
                self.fact(function, "attribute", name, getattr(function, name), path)
        own = vars(function)  # the function's own attributes
        self.absences.append(Fact(own, "length", None, len(own), (*path, "__dict__")))
        self.unread += [(function, name, value, (*path, name)) for name, value in own.items()]
        for name in ("__wrapped__", "registry"):  # of functools
            self.visit(own.get(name), path)

    def visit_variables(self, function: FunctionType, names: Iterable[str], path: Path) -> None:
        for name in sorted(names):
            value = function.__globals__.get(name, MISSING)
            if not is_of_library(value):
                self.fact(function.__globals__, "item", name, value, (*path[:-1], name))

    def visit_module(self, module: Module, path: Path) -> None:
        self.modules[module] = path
        self.visit_class(module, path)
        self.facts.append(Fact(vars(module), "length", None, len(vars(module)), path))
        self.no_hooks(module._hooks, path)
        own = module._names
        for name, value in vars(module).items():
            if name in own.parameters or name in own.buffers or name in own.modules:
                self.fact(vars(module), "item", name, value, (*path, name))
            elif not name.startswith("_"):
                self.unread.append((module, name, value, (*path, name)))

    def visit_optimizer(self, optimizer: Optimizer, path: Path) -> None:
        """Who is in which group; the other options are facts only if somebody reads them."""
        self.optimizers[optimizer] = path
        self.visit_class(optimizer, path)
        groups = optimizer.param_groups
        self.facts.append(Fact(optimizer, "attribute", "param_groups", groups, path))
        self.facts.append(Fact(groups, "length", None, len(groups), path))
        for i, group in enumerate(groups):
            self.facts.append(Fact(groups, "item", i, group, path))
            self.fact(group, "item", "params", group["params"], (*path, "params"))
            for value in group.values():
                self.visit(value, path)
        self.fact(optimizer, "attribute", "state", optimizer.state, path)
        ids = ids_of(optimizer.state)
        self.facts.append(Fact(optimizer.state, "values", None, ids, path))
        hooks = optimizer.step_hooks
        self.facts.append(Fact(optimizer, "attribute", "step_hooks", hooks, (*path, "hooks")))
        self.no_hooks(hooks, path)
        for name, value in vars(optimizer).items():
            if name not in ("param_groups", "state"):
                self.unread.append((optimizer, name, value, (*path, name)))

    def no_hooks(self, hooks: Any, path: Path) -> None:
        for kind in () if hooks is None else (hooks.before, hooks.after):
            self.facts.append(Fact(kind, "length", None, len(kind), (*path, "hooks")))

    def visit_items(self, items: Any, path: Path) -> None:
        pairs = list(items.items() if isinstance(items, MAPPINGS) else enumerate(items))
        if len(pairs) > LARGEST:  # as a whole; what is in an element is not looked at
            whole = all(is_plain(value) for _, value in pairs)
            access, held = ("contents", contents_of(items)) if whole else ("values", ids_of(items))
            self.facts.append(Fact(items, access, None, held, path))
            return
        if isinstance(items, MAPPINGS) and len(pairs) > 1 and all(is_plain(k) for k, _ in pairs):
            self.facts.append(Fact(items, "keys", None, tuple(items), path))
        elif not isinstance(items, tuple):
            self.facts.append(Fact(items, "length", None, len(items), path))
        for key, value in pairs:
            if isinstance(key, Tensor):  # an optimizer's state, by parameter
                self.visit(key, path)
                self.visit(value, self.tensors[key])
            elif isinstance(items, tuple):
                self.visit(value, (*path, str(key)))
            else:
                self.fact(items, "item", key, value, (*path, str(key)))

    def visit_object(self, value: Any, path: Path) -> None:
        """A user's object, class or module; of the libraries' own, plain containers."""
        kind = type(value)
        root = kind.__module__.partition(".")[0]
        if root in CLOSED or (hasattr(kind, "__next__") and root in LIBRARIES):
            return
        if isinstance(value, type):
            self.visit_bases(value, value, path)
            if not is_of_library(kind):  # the class of a class
                self.visit_bases(kind, value, path)
            return
        own = getattr(value, "__dict__", {})
        if not isinstance(value, ModuleType):
            self.visit_class(value, path)
            what = (f"the attributes of {'.'.join(path) or 'self'}",)
            self.facts.append(Fact(own, "length", None, len(own), what))
            self.visit(own.get("__wrapped__"), path)  # below a cache, for example
        is_container = any(base.__module__ == "collections" for base in kind.__mro__)
        for name, attribute in attributes(value):
            if is_container:  # a UserDict, for example: its methods, which are no user's, read it
                self.fact(value, "attribute", name, attribute, (*path, name))
            else:
                self.unread.append((value, name, attribute, (*path, name)))

    def visit_class(self, value: Any, path: Path) -> None:
        """Any method of the class may run, but not the one that makes an object."""
        if not is_of_library(type(value)):
            self.facts.append(Fact(value, "class", None, type(value), (*path, "__class__")))
        self.visit_bases(type(value), value, path)

    def visit_bases(self, kind: type, value: Any, path: Path) -> None:
        """The methods and attributes that a class or an object of it has from its bases."""
        for base in kind.__mro__:
            is_new = base not in self.classes
            own = self.classes.setdefault(base, vars(base))
            if is_new and not is_of_library(base):
                self.facts.append(Fact(own, "length", None, len(own), (*path, "__class__")))
            for name, attribute in own.items():
                if isinstance(attribute, METHODS):
                    if name != "__init__" or isinstance(value, type):
                        self.visit_method(name, attribute, path)
                    if is_new and not is_of_library(base):
                        self.unread.append((own, name, attribute, (*path, name)))
                elif not is_of_library(base) and not name.startswith("__"):
                    now = getattr(value, name, MISSING)
                    if now is attribute:  # the class has it, and not the object
                        self.unread.append((value, name, now, (*path, name)))
                    elif hasattr(type(attribute), "__get__"):
                        self.visit(attribute, (*path, name))

    def visit_method(self, name: str, method: Any, path: Path) -> None:
        function = method.fget if isinstance(method, property) else method
        function = getattr(function, "__func__", function)
        if isinstance(function, FunctionType):
            if not is_of_library(function):
                self.visit(function, (*path, name))
            elif name == "forward":
                self.names.read(function.__code__, is_library=True)

    def read_attributes(self, are_all: bool = False) -> None:
        """Follow the attributes that some code names, or all, until there are no more."""
        while True:
            named = [entry for entry in self.unread if self.is_read(*entry[:3], are_all)]
            if not named:
                return
            gone = {*map(id, named)}
            self.unread = [entry for entry in self.unread if id(entry) not in gone]
            for owner, name, value, path in named:
                access = "item" if isinstance(owner, MappingProxyType) else "attribute"
                self.fact(owner, access, name, value, path)

    def is_read(self, owner: Any, name: str, value: Any, are_all: bool) -> bool:
        if name in self.names.attributes or not are_all:
            return name in self.names.attributes
        return not (isinstance(owner, ModuleType) or name.startswith("__") or is_closed(value))

    def all_that_could_be_named(self) -> list[Fact]:
        """What matters if code that computes names runs."""
        if not self.names.computing:
            return []
        certain, self.facts = self.facts, []
        for function, path in self.unnamed:
            found = function.__globals__.items()
            names = [n for n, v in found if is_plain(v) or isinstance(v, Tensor)]
            self.visit_variables(function, names, path)
        self.read_attributes(are_all=True)
        candidates, self.facts = self.facts, certain
        return candidates

    def changed(self) -> Iterator[Fact]:
        """The facts that no longer hold, and what there is now that was absent."""
        if self.names.is_used:
            self.facts, self.candidates = [*self.facts, *self.candidates], []
        return (fact for fact in (*self.facts, *self.absences) if not fact.holds())


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(value, "__dict__", {}).items()
    for base in type(value).__mro__:
        for name in getattr(base, "__slots__", ()):
            if hasattr(value, name):
                yield name, getattr(value, name)
