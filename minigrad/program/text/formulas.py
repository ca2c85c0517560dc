"""The comments of a program: the user's own line, the op, and the formula of the derivative."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import linecache
import textwrap
from collections.abc import Iterator
from types import CodeType
from typing import Any

import numpy as np

from minigrad.autograd.op import Op
from minigrad.program.notation.lines import Line
from minigrad.program.notation.origin import Call, Origin
from minigrad.program.notation.values import Value
from minigrad.program.recording.facts import is_plain
from minigrad.program.recording.standins import WatchedLeaf
from minigrad.program.rules.simplify import is_uniform
from minigrad.program.text.names import Names
from minigrad.program.text.page import tuple_text
from minigrad.tensor import Tensor

__all__ = ["Comments", "formula_text", "statement_text"]

WIDTH = 96


class Comments:
    """Says, before a line, what has not been said yet."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.statement: Any = None
        self.told: list[str] = []

    def before(self, line: Line) -> Iterator[str]:
        origin = line.origin
        is_new = origin.statement is not None and origin.statement != self.statement
        if is_new and not line.is_back:  # the way back is no part of the user's step
            self.statement, self.told = origin.statement, []
            text = statement_text(origin)
            if text:
                yield ""
                yield f"# ---- {textwrap.shorten(text, WIDTH - 12)} ".ljust(WIDTH, "-")
        for i, text in enumerate(self.about(line)):
            if self.told[i : i + 1] != [text]:
                self.told[i:] = [text]
                for row in textwrap.wrap(text, WIDTH - 2, subsequent_indent="      "):
                    yield f"# {row}"

    def about(self, line: Line) -> list[str]:
        """What a line is for: the op, or the op that is differentiated and the formula."""
        origin = line.origin
        if origin.phase == "update":
            found = map(self.names.of_tensor, tensors_of(origin.target))
            names = ", ".join(name for name in found if name)
            return textwrap.wrap(f"update of {names}", WIDTH) if names else []
        if origin.call is None:
            return []
        forward = self.call_text(origin.call)
        if origin.phase == "forward":
            return [forward]
        formula, through = self.formula(line), f"back through {forward}"
        is_sum = self.told and line.function == "add"  # of what comes back on several ways
        if not formula and (is_sum or self.told[:1] == [through]):
            return []
        return [through, formula] if formula else [through]

    def call_text(self, call: Call) -> str:
        """The call as one would write it: output = linear(x, weight, bias)."""
        result = self.names.of_call(call) or "..."
        given = ", ".join(self.argument_text(value) for value in call.arguments.values())
        return f"{result} = {call.op.__name__}({given})"

    def argument_text(self, value: Any) -> str:
        if isinstance(value, tuple | list) and any(isinstance(item, Value) for item in value):
            return tuple_text(map(self.argument_text, value))
        if isinstance(value, np.ndarray) and value.size == 1:
            return f"{value.item():g}"
        if isinstance(value, Value):
            known = self.names.of_value(value)
            return known or number_text(self.names.draft.now(value)) or "..."
        is_simple = is_plain(value) or (isinstance(value, tuple) and all(map(is_plain, value)))
        return repr(value) if is_simple else "..."

    def formula(self, line: Line) -> str:
        """The derivative, its names replaced by those of the program."""
        origin = line.origin
        call, by, upstream = origin.call, origin.by or "", origin.upstream
        summed = ""
        if not by and isinstance(origin.target, WatchedLeaf):
            # What the formula gave is added up over the dimensions that were broadcast.
            by, upstream = self.names.origins.use_of(origin.target.value)[1], line.inputs[0]
            by = "" if self.argument_text(upstream) == "..." else by
            summed = "" if line.function in ("same", "assign") else ", summed to its shape"
        if call is None or by not in call.op.derivatives:
            return ""
        known = {name: self.argument_text(value) for name, value in call.arguments.items()}
        known["out"] = self.names.of_call(call) or "..."
        known["g"] = "..." if upstream is None else self.argument_text(upstream)
        text = formula_text(call.op, by, {k: v for k, v in known.items() if v != "..."})
        return f"  by {known[by] if known[by] != '...' else by}: {text}{summed}" if text else ""


def tensors_of(target: Any) -> Iterator[Tensor]:
    for tensor in target if isinstance(target, tuple) else (target,):
        if isinstance(tensor, Tensor):
            yield tensor


def statement_text(origin: Origin) -> str:
    """The user's line that an origin leads back to."""
    return "" if origin.statement is None else linecache.getline(*origin.statement).strip()


def number_text(value: Value) -> str | None:
    """A constant, if it is one number."""
    if value.kind != "constant" or value.array is None or value.size == 0:
        return None
    return f"{value.array.flat[0]:g}" if is_uniform(value.array) else None


def formula_text(op: Op, name: str, known: dict[str, str]) -> str:
    """The derivative of an op by an argument, with other names for those that are known."""
    formula = op.derivatives[name]
    body = lambdas(inspect.getsourcefile(formula) or "").get(start_of(formula.__code__))
    if body is None:
        return ""
    return " ".join(ast.unparse(Renamed(known).visit(copy.deepcopy(body))).split())


class Renamed(ast.NodeTransformer):
    """Puts other texts for the names of variables; what these decide is decided."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.known.get(node.id, node.id), node.ctx)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        try:
            is_so = eval(ast.unparse(node.test), {"__builtins__": {}})
        except (NameError, SyntaxError, TypeError, AttributeError):
            return node
        return node.body if is_so else node.orelse


@functools.cache
def lambdas(file: str) -> dict[tuple[int, int], ast.expr]:
    """The bodies of all lambdas in a file, by where they start."""
    try:
        with open(file, encoding="utf-8") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError):
        return {}
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, ast.Lambda))
    return {(body.lineno, body.col_offset): body for body in bodies}


def start_of(code: CodeType) -> tuple[int, int]:
    """Line and column of the body of a lambda: the first that any of its instructions has."""
    starts = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    return min(starts, default=(0, 0))
