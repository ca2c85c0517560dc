"""Parameter groups: what a user may pass as the parameters of an optimizer."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from minigrad.nn.naming import typename
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor

__all__ = [
    "Group",
    "all_params",
    "check_names",
    "check_param",
    "check_repeats",
    "groups_of",
    "options",
    "with_defaults",
    "with_list",
]

Group = dict[str, Any]


def groups_of(params: Iterable[Any]) -> list[Group]:
    """What the user passed as `params`, as a list of groups."""
    if isinstance(params, Tensor):
        raise noted(
            TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {params.type()}"
            ),
            "Write [tensor] for a single one, or model.parameters() for those of a module.",
        )
    groups = list(params)
    if not groups:
        raise noted(
            ValueError("optimizer got an empty parameter list"),
            "Is it an iterator that was used before? model.parameters() is good for one loop: call "
            "it anew. Or does the module keep its layers in a plain list? Then it cannot see them: "
            "use nn.ModuleList.",
        )
    return groups if isinstance(groups[0], dict) else [{"params": groups}]


def with_list(param_group: Group) -> Group:
    """A copy with a list of tensors as "params", and their names as "param_names" if given."""
    params = param_group["params"]
    if isinstance(params, Tensor):
        params = [params]
    elif isinstance(params, set):
        raise noted(
            TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            ),
            f"Write a list of the {len(params)} tensors instead of a set: the state of an "
            "optimizer is kept in their order.",
        )
    params = list(params)
    names = [p[0] for p in params if isinstance(p, tuple)]
    if names and len(names) != len(params):
        raise noted(
            ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            ),
            f"{len(names)} of the {len(params)} came with a name. Write "
            "model.named_parameters() to name all, model.parameters() to name none.",
        )
    group = param_group | {"params": [p[1] if isinstance(p, tuple) else p for p in params]}
    return group | {"param_names": names} if names else group


def check_param(p: Any, group: Group) -> None:
    if not isinstance(p, Tensor):
        raise noted(
            TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {typename(p)}"
            ),
            f"A parameter is a tensor, and {shown(p)} is among them. Did a dict or the "
            "names come along? Write model.parameters() or [w, b].",
        )
    if not (p.is_leaf or p.retains_grad or group.get("differentiable")):
        raise noted(
            ValueError("can't optimize a non-leaf Tensor"),
            "It is the result of an operation, and the next forward computes it anew. Optimize the "
            "tensors that it is computed from, or its detach().requires_grad_().",
        )


def check_repeats(group: Group, others: list[Group]) -> None:
    if len(set(group["params"])) != len(group["params"]):
        warnings.warn(
            "optimizer contains a parameter group with duplicate parameters; in future, this will "
            "cause an error; see github.com/pytorch/pytorch/issues/40967 for more information",
            stacklevel=5,
        )
    if not set(group["params"]).isdisjoint(all_params(others)):
        raise noted(
            ValueError("some parameters appear in more than one parameter group"),
            f"{len(set(group['params']) & set(all_params(others)))} of the "
            f"{len(group['params'])} tensors are in an earlier group, and would be changed "
            "twice in each step. Leave them out of one of the groups.",
        )


def check_names(group: Group, others: list[Group]) -> None:
    has_names = "param_names" in group
    if any(("param_names" in other) is not has_names for other in others):
        raise noted(
            ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if has_names else 'without'} names to the optimizer"
            ),
            f"The earlier groups came {'without' if has_names else 'with'} names. Write "
            f"model.{'parameters' if has_names else 'named_parameters'}() here as well.",
        )


def with_defaults(group: Group, defaults: dict[str, Any]) -> Group:
    """The group, and the defaults of the options that it does not mention."""
    return group | {name: value for name, value in defaults.items() if name not in group}


def options(group: Group) -> Group:
    return {name: value for name, value in group.items() if name != "params"}


def all_params(groups: list[Group]) -> Iterator[Tensor]:
    return chain.from_iterable(group["params"] for group in groups)
