"""The text of functions, and of all that they use, so that a script can stand alone."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import sys
import textwrap
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["Sources", "label", "literal"]

LIBRARIES = (
    "torch", "torch.nn.functional", "torch.special", "torch.linalg",
    "minigrad", "minigrad.nn.functional", "numpy",
)  # fmt: skip
PLAIN = (bool, int, float, str, bytes, type(None))


class Sources:
    """The imports and definitions of a script, in the order in which they are needed."""

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}  # a dict without values is an ordered set
        self.blocks: list[str] = []
        self.precise: set[str] = set()  # the libraries that print enough digits by now
        self.known: dict[str, Any] = {}  # what the names mean so far

    def import_(self, line: str) -> None:
        self.imports[line] = None

    def expression(self, function: Any, fallback: str) -> str:
        """How to call a function; what it takes to define it is noted here."""
        if path := public_path(function):
            self.import_(f"import {path.partition('.')[0]}")
            return path
        name = label(function, fallback)
        if isinstance(function, FunctionType | type):
            self.define(name, function)
        else:
            self.missing(name)
        return name

    def take_blocks(self) -> list[str]:
        """The definitions that were noted since the last time."""
        blocks, self.blocks = self.blocks, []
        return blocks

    def define(self, name: str, value: Any) -> None:
        """Note how to make a value that the text calls by this name."""
        if name in self.known and self.known[name] is value:
            return
        self.known[name] = value
        if isinstance(value, ModuleType):
            self.import_(import_line(value.__name__, name))
        elif home := installed(value):
            self.import_(from_line(home, value.__qualname__, name))
        elif isinstance(value, FunctionType | type):
            self.define_by_source(name, value)
        elif isinstance(value, np.ndarray):
            self.import_("import numpy as np")
            self.blocks.append(f"{name} = {literal(value)}")
        elif is_plain(value):
            self.blocks.append(f"{name} = {value!r}")
        else:
            self.missing(name)

    def define_by_source(self, name: str, value: Any) -> None:
        text = source_of(value)
        if text is None:
            return self.missing(name)
        for used, found in names_used(text, value).items():
            if found is not value:
                self.define(used, found)
        is_lambda = getattr(value, "__name__", "") == "<lambda>"
        self.blocks.append(f"{name} = {text}" if is_lambda else text)
        if not is_lambda and value.__name__ != name:
            self.blocks.append(f"{name} = {value.__name__}")
        return None

    def missing(self, name: str) -> None:
        self.blocks.append(f"# put here what makes {name}; its source could not be found")


def label(function: Any, fallback: str) -> str:
    """What a report calls a function."""
    name = getattr(function, "__name__", "<>")
    return public_path(function) or (fallback if "<" in name else name)


def public_path(value: Any) -> str | None:
    """Where everybody finds a function of PyTorch, minigrad or NumPy."""
    name = getattr(value, "__name__", "")
    for module in LIBRARIES:
        if module in sys.modules and getattr(sys.modules[module], name or " ", None) is value:
            return f"{module}.{name}"
    return None


def installed(value: Any) -> str | None:
    """The module that a function or class can be imported from on any machine like this one."""
    home, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "<>")
    if not home or "<" in name or "." in name or home == "__main__":
        return None
    file = getattr(sys.modules.get(home), "__file__", None) or ""
    root = home.partition(".")[0]
    ours = root in ("minigrad", "reference")
    return home if ours or root in sys.stdlib_module_names or "site-packages" in file else None


def import_line(module: str, name: str) -> str:
    return f"import {module}" if module == name else f"import {module} as {name}"


def from_line(module: str, original: str, name: str) -> str:
    return f"from {module} import {original}" + ("" if original == name else f" as {name}")


def is_plain(value: Any) -> bool:
    """Whether the value's repr makes it again."""
    if isinstance(value, tuple | list | set):
        return all(is_plain(v) for v in value)
    if isinstance(value, dict):
        return all(is_plain(v) for pair in value.items() for v in pair)
    return isinstance(value, PLAIN)


def source_of(value: Any) -> str | None:
    """The text of a function or a class, or None; of a lambda, the lambda alone."""
    try:
        text = textwrap.dedent(inspect.getsource(value)).strip()
    except (OSError, TypeError):
        return None
    return lambda_in(value) if getattr(value, "__name__", "") == "<lambda>" else text


def lambda_in(function: FunctionType) -> str | None:
    """The text of a lambda: the innermost one of its file that has all of its instructions."""
    lines, _ = inspect.findsource(function)
    places = [
        ((first, start), (last, end))
        for first, last, start, end in function.__code__.co_positions()
        if None not in (first, last, start, end) and (first, start) != (last, end)
    ]
    around = [
        node
        for node in lambdas("".join(lines))
        if all(is_inside(place, node.body) for place in places)
    ]
    return ast.unparse(around[-1]) if around else None


@functools.cache
def lambdas(text: str) -> list[ast.Lambda]:
    """All lambdas of a program, those around others first."""
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Lambda)]


def is_inside(place: tuple[Any, Any], node: ast.expr) -> bool:
    beginning, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return bool(beginning <= place[0] and place[1] <= end)


def names_used(text: str, value: Any) -> dict[str, Any]:
    """The names in a text that are neither its own nor Python's, with their values."""
    home = sys.modules.get(value.__module__)
    found = dict(vars(home)) if home else {}
    if isinstance(value, FunctionType):
        found = value.__globals__ | closure(value)
    names = {n.id: None for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    return {n: found[n] for n in names if n in found and not hasattr(builtins, n)}


def closure(function: FunctionType) -> dict[str, Any]:
    """The variables of the functions around a function that it uses."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}


def literal(array: np.ndarray[Any, Any], maker: str = "np.array", dtype: str = "") -> str:
    """An expression that makes the array."""
    kind = dtype or f'"{array.dtype}"'
    if array.size == 0:
        return f"{maker.partition('.')[0]}.zeros({array.shape}, {kind})"
    return f"{maker}({nested(array)}, {kind})"


def nested(array: Any) -> str:
    """The numbers of an array as they stand in a program."""
    if np.ndim(array):
        return f"[{', '.join(map(nested, array))}]"
    return str(array[()])
