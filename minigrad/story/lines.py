"""Which line of the user's program made a node, and what came out of it.

A graph does not know this, and nothing is paid for it while programs run. `recording()` asks Python
to call it at every return of a function; where a tensor is returned whose node it has not seen, the
node has just been made, and the first caller outside of minigrad is the line that asked for it.

    with recording() as made:
        loss = criterion(net(x), y)
    print(explain(loss, made=made))

`explain(function)` does this itself.
"""

from __future__ import annotations

import linecache
import sys
import threading
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Self

import numpy as np

from minigrad.autograd.graph import Leaf, Node
from minigrad.autograd.watch import listeners
from minigrad.nn import Module
from minigrad.scalar import Scalar
from minigrad.tensor import Tensor, wrap

__all__ = ["Line", "Made", "Recording", "recording", "users_frame"]

HOME = Path(__file__).parents[1]

INSIDE, GUIDE = f"{HOME}/", f"{HOME / 'guide'}/"  # the guide's programs are users of minigrad


@dataclass(frozen=True)
class Line:
    """A place in the user's program.

    file, number  where
    text          the whole line, without its indentation; empty if there is no file to be read
    part          the expression in it that was computed, or empty if that is not known
    """

    file: str
    number: int
    text: str
    part: str

    @property
    def place(self) -> str:
        return f"{Path(self.file).name}:{self.number}"


@dataclass(frozen=True)
class Made:
    """How a node came about.

    line     the user's line
    value    a copy of the result
    modules  the modules whose forward was running, the outermost first, each with the number of
             the call: a module may be called twice
    """

    line: Line | None
    value: Any
    modules: tuple[tuple[Module, int], ...]


class Recording:
    """Notes each new node while it is open.

    made       how each node or Scalar came about
    constants  the inputs of each op that want no gradient, with the names that the op gives them
    """

    def __init__(self) -> None:
        self.made: dict[Node | Scalar, Made] = {}
        self.constants: dict[Node, list[tuple[str, Tensor]]] = {}
        self.calls: dict[FrameType, int] = {}
        self.thread = threading.get_ident()
        self.outer: Any = None

    def __enter__(self) -> Self:
        self.outer = sys.getprofile()
        sys.setprofile(self.see)
        listeners.append(self.hear)
        return self

    def __exit__(self, *error: object) -> None:
        listeners.remove(self.hear)
        sys.setprofile(self.outer)
        self.calls.clear()

    def hear(self, node: Any, out: Any, args: tuple[Any, ...]) -> None:
        """Of each op: the inputs that want no gradient, which its node need not have kept."""
        if (
            isinstance(node, Node)
            and node.plan is not None
            and threading.get_ident() == self.thread
        ):
            signature = node.plan.op.signature
            given = [(signature.at(i), value) for i, value in enumerate(args)]
            self.constants[node] = [
                (name, value if isinstance(value, Tensor) else wrap(np.asarray(value)))
                for name, value in given
                if name in signature.arrays and is_constant(value)
            ]

    def see(self, frame: FrameType, event: str, value: Any) -> None:
        if event != "return":
            return
        if isinstance(value, Tensor):
            self.note(frame, value.node, value.array)
        elif isinstance(value, Scalar) and value.op:
            self.note(frame, value, value.data)

    def note(self, frame: FrameType, node: Node | Leaf | Scalar | None, value: Any) -> None:
        if isinstance(node, Node | Scalar) and node not in self.made:
            self.made[node] = Made(line_of(users_frame(frame)), copy(value), self.modules(frame))

    def modules(self, frame: FrameType | None) -> tuple[tuple[Module, int], ...]:
        """The modules that are at work in a frame, with the numbers of their calls."""
        found = []
        while frame is not None:
            if frame.f_code.co_name == "forward":
                module = frame.f_locals.get("self")
                if isinstance(module, Module):
                    found.append((module, self.calls.setdefault(frame, len(self.calls))))
            frame = frame.f_back
        return tuple(reversed(found))

    def get(self, node: Any) -> Made | None:
        return self.made.get(node)


def is_constant(value: Any) -> bool:
    """Whether an argument of an op is an array without history; it may be an index, too."""
    if isinstance(value, Tensor):
        return value.node is None
    return isinstance(value, np.ndarray | np.generic | int | float)


def recording() -> Recording:
    """A `with` block in which the line of each operation is noted, and its result."""
    return Recording()


def users_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that is not minigrad's own."""
    while frame is not None and is_inside(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def is_inside(file: str) -> bool:
    return file.startswith(INSIDE) and not file.startswith(GUIDE)


def line_of(frame: FrameType | None) -> Line | None:
    if frame is None:
        return None
    code, number = frame.f_code, frame.f_lineno
    text = linecache.getline(code.co_filename, number, frame.f_globals)
    return Line(code.co_filename, number, text.strip(), part_of(frame, text))


def part_of(frame: FrameType, text: str) -> str:
    """The expression that a frame is at, cut out of its line."""
    positions = list(frame.f_code.co_positions())
    first, last, start, end = positions[frame.f_lasti // 2]
    if first is None or first != last or start is None or end is None:
        return ""
    return text.encode()[start:end].decode(errors="replace")
