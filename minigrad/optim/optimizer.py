"""Optimizer: the parameters in groups, each with its options, and what a rule remembers of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from minigrad.autograd.graph import Leaf, RemovableHandle
from minigrad.autograd.leaves import fill_with_zeros
from minigrad.notes import noted, shown
from minigrad.optim.groups import (
    Group,
    all_params,
    check_names,
    check_param,
    check_repeats,
    groups_of,
    options,
    with_defaults,
    with_list,
)
from minigrad.optim.hooks import Hook, StepHooks, hooked, register
from minigrad.tensor import Tensor

__all__ = ["Optimizer"]


class Optimizer:
    """The base of all optimizers.

    params    tensors, or (name, tensor) pairs, or dicts: one for each group, with its tensors under
              "params" and the options in which it differs
    defaults  the options of a group that does not say otherwise

    `param_groups` holds the groups, `state` what the rule remembers of each parameter. A subclass
    defines `step`, and may refuse options in `check_options` and loaded state in `check_state`.
    """

    defaults: dict[str, Any]
    state: defaultdict[Any, Any]
    param_groups: list[Group]
    step_hooks: StepHooks | None = None

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.check_options(defaults)
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups = []
        for group in groups_of(params):
            self.add_param_group(group)

    def __init_subclass__(cls) -> None:
        if "step" in cls.__dict__:
            cls.step = hooked(cls.step)  # type: ignore[method-assign]

    def check_options(self, options: Group) -> None:
        """Raise ValueError if the options of a group make no sense."""

    def check_state(self, p: Tensor, state: dict[str, Any]) -> None:
        """Raise ValueError if a loaded state cannot belong to the parameter."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; a closure computes the loss before."""
        raise noted(
            NotImplementedError(),
            f"Define step in {type(self).__name__}: def step(self, closure=None).",
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with set_to_none=False, fill them with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none and isinstance(p.node, Leaf):
                    p.node.grad = None
                elif p.grad is None:
                    continue
                elif set_to_none:
                    p.grad = None
                else:
                    fill_with_zeros(p.grad)

    def add_param_group(self, param_group: Group) -> None:
        """Optimize more parameters, with their own options. Nothing is added if one is refused."""
        if not isinstance(param_group, dict):
            raise noted(
                TypeError(f"param_group must be a dict, but got {type(param_group)}"),
                f"Write add_param_group({{'params': ...}}): {shown(param_group)} came.",
            )
        group = with_defaults(with_list(param_group), self.defaults)
        for p in group["params"]:
            check_param(p, group)
        check_repeats(group, self.param_groups)
        check_names(group, self.param_groups)
        self.check_options(group)
        self.param_groups.append(group)

    def state_dict(self) -> dict[str, Any]:
        """Options and state as plain data, with numbers in place of the parameters.

        The tensors of the state are the optimizer's own, not copies.
        """
        number = {p: i for i, p in enumerate(all_params(self.param_groups))}
        return {
            "state": {number.get(key, key): value for key, value in self.state.items()},
            "param_groups": [
                options(group) | {"params": [number[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict()` returned, of this or of another optimizer.

        State tensors are copied, and get the dtype of their parameter. All is checked before
        anything is changed: if this raises, the optimizer is as it was.
        """
        saved = state_dict.copy()
        groups = self.loaded_groups(saved["param_groups"])
        numbers = chain.from_iterable(group["params"] for group in saved["param_groups"])
        param_of = dict(zip(numbers, all_params(groups), strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in saved["state"].items():
            p = param_of.get(key)
            if p is None:
                state[key] = deepcopy(value)
            else:
                state[p] = copied(value, p)
                self.check_state(p, state[p])
        self.state, self.param_groups = state, groups

    def loaded_groups(self, saved: list[Group]) -> list[Group]:
        """Our parameters with the saved options; an option that was not saved is the default."""
        if len(saved) != len(self.param_groups):
            raise noted(
                ValueError("loaded state dict has a different number of parameter groups"),
                f"The saved optimizer had {len(saved)} groups and this one has "
                f"{len(self.param_groups)}. Make it with the same groups before loading. "
                "Nothing was changed.",
            )
        groups = []
        for ours, theirs in zip(self.param_groups, saved, strict=True):
            if len(ours["params"]) != len(theirs["params"]):
                raise noted(
                    ValueError(
                        "loaded state dict contains a parameter group that doesn't match the size "
                        "of optimizer's group"
                    ),
                    f"The saved group has {len(theirs['params'])} parameters and this one "
                    f"{len(ours['params'])}: the model has other layers. Nothing was changed.",
                )
            group = deepcopy(theirs | {"params": []}) | {"params": ours["params"]}
            names = {key: ours[key] for key in ("param_names",) if key in ours}
            groups.append(with_defaults(group, self.defaults | names))
            self.check_options(groups[-1])
        return groups

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new args, kwargs."""
        return register(self.hooks_of_step().before, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return register(self.hooks_of_step().after, hook)

    def hooks_of_step(self) -> StepHooks:
        if self.step_hooks is None:
            self.step_hooks = StepHooks()
        return self.step_hooks

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("defaults", "state", "param_groups")}

    def __repr__(self) -> str:
        groups = (
            f"\nParameter Group {i}\n"
            + "".join(f"    {name}: {value}\n" for name, value in sorted(options(group).items()))
            for i, group in enumerate(self.param_groups)
        )
        return f"{type(self).__name__} ({''.join(groups)})"


def copied(value: Any, p: Tensor) -> Any:
    """A copy of loaded state, its tensors in the dtype of the parameter."""
    if isinstance(value, Tensor):
        value = value.detach().clone()
        return value.to(p.dtype) if p.is_floating_point() else value
    if isinstance(value, dict):
        return {  # a count of steps is not a quantity of the parameter
            key: deepcopy(entry) if key == "step" else copied(entry, p)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(copied(entry, p) for entry in value)
    return deepcopy(value)
