"""What code names: variables of its file and attributes, also by texts, as in getattr(x, "name").

A name that is computed could be any. Whether code that computes names has run is only known when
the step is done, and then all variables, or all attributes of what is in sight, matter.
"""

from __future__ import annotations

import contextlib
import dis
import sys
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType
from typing import Any

__all__ = ["Names", "all_variables"]

BY_NAME = {"getattr": 2, "setattr": 2, "delattr": 2, "attrgetter": 1}  # which argument is the name
ALL_ATTRIBUTES = ("vars", "__dict__", "dir", "getmembers", "__getattribute__")
ALL_VARIABLES = ("globals", "eval", "exec")
VARIABLES = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "IMPORT_NAME")
SKIPPED = ("CACHE", "EXTENDED_ARG", "KW_NAMES")


class Names:
    """The names in all code that was read.

    computing  the code that computes names, by id
    is_used    whether some of that has run in a recorded step
    """

    def __init__(self) -> None:
        self.attributes: set[str] = {"training", "forward", "__call__"}
        self.computing: dict[int, CodeType] = {}
        self.is_used = False

    def read(self, code: CodeType, is_library: bool = False) -> set[str]:
        """Learn which attributes code names; return the names of its global variables.

        What the library computes names for, its parameters and modules, is known without them.
        """
        variables = set()
        instructions = [i for i in dis.get_instructions(code) if i.opname not in SKIPPED]
        for at, instruction in enumerate(instructions):
            name, following = instruction.argval, instructions[at + 1 :]
            if instruction.opname in VARIABLES:
                variables.add(subscript(following) if name == "globals" else name)
            elif instruction.opname in ATTRIBUTES:
                self.attributes.add(name)
            elif instruction.opname == "LOAD_CONST" and isinstance(name, str):
                self.attributes.update(name.split("."))  # getattr(settings, "scale")
            elif isinstance(name, CodeType):
                variables |= self.read(name)
            is_text = instruction.opname == "LOAD_CONST"
            if not is_library and not is_text and is_computed(name, following):
                self.computing[id(code)] = code
        return variables

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Take note of whether code that computes names runs meanwhile."""
        if not self.computing:
            yield
            return
        others = sys.getprofile()

        def note(frame: FrameType, event: str, arg: Any) -> None:
            self.is_used |= id(frame.f_code) in self.computing

        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(others)


def all_variables(function: FunctionType) -> bool:
    """Whether a function may ask for variables by names that it computes."""
    return not {*ALL_VARIABLES}.isdisjoint(function.__code__.co_names)


def is_computed(name: Any, following: list[dis.Instruction]) -> bool:
    """Whether what an instruction names is asked for names that are not written out."""
    if name == "globals":
        return not subscript(following)
    if name in BY_NAME:
        return not is_written_out(following, BY_NAME[name])
    return name in ALL_ATTRIBUTES or name in ALL_VARIABLES


def is_written_out(following: list[dis.Instruction], place: int) -> bool:
    """Whether an argument of the call that is made of what follows is written out as a text."""
    depth, pushed = 0, dict[int, dis.Instruction]()
    for instruction in following:
        if instruction.opname in ("PRECALL", "CALL") and instruction.arg == depth:
            return place in pushed and pushed[place].opname == "LOAD_CONST"
        depth += dis.stack_effect(instruction.opcode, instruction.arg, jump=False)
        pushed[depth] = instruction
        if depth < 0:
            break
    return False


def subscript(following: list[dis.Instruction]) -> str:
    """The name in globals()["name"], if it is written out as a text."""
    rest = [i for i in following[:4] if i.opname not in ("PRECALL", "CALL")]
    is_text = len(rest) > 1 and rest[0].opname == "LOAD_CONST" and isinstance(rest[0].argval, str)
    return rest[0].argval if is_text and rest[1].opname.endswith("_SUBSCR") else ""
