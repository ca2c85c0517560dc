"""The calls that are under way: whose code they run, and what comes of them."""

from __future__ import annotations

import dis
import functools
import itertools
import linecache
import os
import sys
from collections.abc import Iterator
from types import CodeType, FrameType

from minigrad import ops
from minigrad.autograd.graph import Node
from minigrad.autograd.op import Op

__all__ = [
    "assigned_next", "formulas", "frames_above", "is_kernel", "is_user", "kernels", "op_under_way",
    "user_line",
]  # fmt: skip

OPS = os.path.dirname(os.path.abspath(ops.__file__))
LIBRARY = os.path.dirname(OPS)
GUIDE = os.path.join(LIBRARY, "guide")


def frames_above(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@functools.cache
def kernels() -> dict[CodeType, Op]:
    """The op that each kernel's code belongs to."""
    return {op.kernel.__code__: op for op in all_ops()}


@functools.cache
def formulas() -> dict[CodeType, str]:
    """The argument by which each formula differentiates."""
    return {formula.__code__: name for op in all_ops() for name, formula in op.derivatives.items()}


def all_ops() -> list[Op]:
    modules = {sys.modules[getattr(ops, name).__module__] for name in ops.__all__}
    found = [value for module in modules for value in vars(module).values()]
    return [value for value in found if hasattr(value, "kernel")]


def is_user(code: CodeType) -> bool:
    """Whether code is a user's; the guide is written as a user would."""
    name = os.path.abspath(code.co_filename)
    return not name.startswith(LIBRARY) or name.startswith(GUIDE)


def is_kernel(code: CodeType) -> bool:
    return os.path.dirname(os.path.abspath(code.co_filename)) == OPS


def assigned_next(frame: FrameType) -> str | None:
    """The variable that the call under way in a frame will be assigned to."""
    return stores(frame.f_code).get(frame.f_lasti)


@functools.cache
def stores(code: CodeType) -> dict[int, str]:
    """For each instruction that is followed by the assignment of a variable, its name.

    An instruction is known by all of its offsets: while a call is under way, Python 3.11 stands at
    the last of them.
    """
    found = {}
    instructions = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
    for this, following in itertools.pairwise(instructions):
        if following.opname.startswith("STORE_") and isinstance(following.argval, str | tuple):
            name = following.argval if isinstance(following.argval, str) else following.argval[0]
            if following.opname not in ("STORE_ATTR", "STORE_SUBSCR"):
                found.update(dict.fromkeys(range(this.offset, following.offset, 2), name))
    return found


def op_under_way() -> str | None:
    """`prod`, or `the derivative of prod`, if it is the one that asks, and not the user's code."""
    name: str | None = None
    for frame in frames_above(sys._getframe(1)):
        code = frame.f_code
        if code in kernels():
            name = name or kernels()[code].__name__
        elif code is Node.backward.__code__:
            return f"the derivative of {frame.f_locals['self'].plan.op.__name__}"
        elif is_user(code):
            return name
    return name


def user_line() -> str:
    """`: text (file, line n)` of the innermost line of the user's code that is under way."""
    for frame in frames_above(sys._getframe(1)):
        if is_user(frame.f_code) and "numpy" not in frame.f_globals.get("__name__", ""):
            name, number = frame.f_code.co_filename, frame.f_lineno
            text = linecache.getline(name, number).strip()
            return f":\n    {text or '(no source)'}\n({name}, line {number})"
    return ""
