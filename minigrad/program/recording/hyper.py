"""The numbers of an optimiser: read anew in every step.

SGD keeps the numbers of a group as 0-d arrays in a Rule. The program uses these very arrays, so
that a change of lr or momentum is a matter of writing other numbers into them. Whatever else reads
an option of a group makes the option a fact: with another value, the step is recorded anew.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD, Rule, rule_of
from minigrad.program.errors import refused
from minigrad.program.notation.stack import user_line
from minigrad.tensor import Tensor

__all__ = ["NUMBERS", "Numbers", "WatchedGroup", "all_numbers"]


NUMBERS = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")


class WatchedGroup(dict[str, Any]):
    """Stands in for a group during a recording: knows what is read, and refuses to be changed.

    read        the options that somebody has asked for, also those that there are not
    is_counted  whether somebody has asked for all of them
    """

    def __init__(self, group: dict[str, Any]) -> None:
        super().__init__(group)
        self.group = group
        self.read: set[str] = set()
        self.is_counted = False
        lr = group.get("lr")
        self.lr = None if lr is None else of_its_own(lr.item() if isinstance(lr, Tensor) else lr)

    def __getitem__(self, key: str) -> Any:
        if sys._getframe(1).f_globals["__name__"] == "minigrad.optim.sgd":
            return self.lr if key == "lr" else super().__getitem__(key)
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self:
            return default
        return self[key]

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Any:
        self.read_all()
        return super().__iter__()

    def keys(self) -> Any:
        self.read_all()
        return super().keys()

    def items(self) -> Any:
        self.read_all()
        return super().items()

    def values(self) -> Any:
        self.read_all()
        return super().values()

    def __len__(self) -> int:
        self.read_all()
        return super().__len__()

    def read_all(self) -> None:
        self.read |= self.group.keys()
        self.is_counted = True

    def __setitem__(self, key: str, value: Any) -> None:
        raise changed(f"option '{key}'")

    def change(self, *args: Any, **options: Any) -> Any:
        raise changed("options")

    __delitem__ = __ior__ = update = pop = popitem = setdefault = clear = change


def changed(what: str) -> Exception:
    return refused(
        f"the step changes the {what} of an optimizer",
        "Change them between the steps: a program reads lr and momentum anew in every step.",
        user_line(),
    )


def of_its_own(value: Any) -> Any:
    """A number that equals only itself, so that two groups never share a Rule."""
    own = type("Own", (type(value),), {"__eq__": object.__eq__, "__hash__": object.__hash__})
    return own(value)


class Numbers:
    """The Rule of one group for one dtype, as it was in the recording."""

    def __init__(self, group: dict[str, Any], rule: Rule) -> None:
        self.group, self.rule = group, rule
        self.options = [group[key] for key in NUMBERS]
        self.arrays = {
            name: value for name, value in vars(rule).items() if isinstance(value, np.ndarray)
        }

    def renewed(self) -> bool:
        """Write the group's numbers of now into the arrays; False if the rule is another one.

        A rule without weight decay, for example, has other formulas than one with it.
        """
        rule = rule_of(self.group, self.rule.dtype)
        for name, value in vars(rule).items():
            if isinstance(value, np.ndarray) != (name in self.arrays):
                return False
            if name not in self.arrays and value != getattr(self.rule, name):
                return False
        for name, array in self.arrays.items():
            array[...] = getattr(rule, name)
        self.options = [self.group[key] for key in NUMBERS]
        return True


def all_numbers(optimizer: Optimizer, groups: list[WatchedGroup]) -> list[Numbers]:
    """The rules that an SGD will ask for, while its groups are watched."""
    if getattr(type(optimizer), "update", None) is not SGD.update:
        return []
    return [
        Numbers(watched.group, rule_of(watched, dtype))
        for watched in groups
        for dtype in {p.array.dtype for p in watched.group["params"]}
    ]
