"""What an optimizer will make of its parameters, told before it does."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minigrad.autograd.graph import Leaf
from minigrad.autograd.quiet import silence
from minigrad.fma import fma
from minigrad.optim import SGD, Optimizer
from minigrad.optim.sgd import rule_of
from minigrad.story.names import Names
from minigrad.story.numbers import array_text, number_text
from minigrad.story.steps import Update
from minigrad.tensor import Tensor, wrap

__all__ = ["updates"]

Array = np.ndarray[Any, np.dtype[Any]]
Lines = Iterator[tuple[str, str, Any]]


def updates(optimizer: Optimizer, gradients: Mapping[Any, Array], names: Names) -> list[Update]:
    """The next step of an optimizer, made on copies of everything.

    `gradients` holds, by leaf, what will be in `.grad`; of any other parameter it is what is there.
    """
    twins: dict[Tensor, Tensor] = {}
    groups = [copied(group, gradients, twins) for group in optimizer.param_groups]
    twin = copy.copy(optimizer)
    twin.param_groups, twin.step_hooks = groups, None
    twin.state = defaultdict(dict)
    for p, state in optimizer.state.items():
        twin.state[twins.get(p, p)] = copy.deepcopy(state)
    twin.step()
    return [
        update(optimizer, twin, group, p, twins[p], name)
        for group in optimizer.param_groups
        for p, name in named(group, names)
        if twins[p].grad is not None
    ]


def copied(
    group: dict[str, Any], gradients: Mapping[Any, Array], twins: dict[Tensor, Tensor]
) -> dict[str, Any]:
    """A group with copies of its parameters, which have the gradients to come."""
    for p in group["params"]:
        leaf = Leaf(p.array.shape, p.array.dtype)
        resting = None if p.grad is None else p.grad.array
        g = gradients.get(p.node, resting)
        leaf.grad = None if g is None else wrap(np.array(g))
        twins[p] = wrap(p.array.copy(), leaf)
    return {**group, "params": [twins[p] for p in group["params"]]}


def named(group: dict[str, Any], names: Names) -> Iterator[tuple[Tensor, str]]:
    """The parameters of a group with their names, a number if nobody calls them anything."""
    given = group.get("param_names") or [None] * len(group["params"])
    for i, (p, name) in enumerate(zip(group["params"], given, strict=True)):
        yield p, names.get(p.node) or name or f"parameter {i}"


def update(
    optimizer: Optimizer,
    twin: Optimizer,
    group: dict[str, Any],
    p: Tensor,
    after: Tensor,
    name: str,
) -> Update:
    lines: list[tuple[str, str, Any]] = []
    if type(optimizer) is SGD:
        buffers = [owner.state[key] for owner, key in ((optimizer, p), (twin, after)) if owner]
        b, b_after = (state.get("momentum_buffer") for state in buffers)
        lines = silence().run(list, sgd_lines(group, p.array, after, array(b), array(b_after)))
    return Update(name, lines, p.array.copy(), after.array)


def array(t: Tensor | None) -> Array | None:
    return None if t is None else t.array


def sgd_lines(
    group: dict[str, Any], p: Array, after: Tensor, b: Array | None, b_after: Array | None
) -> Lines:
    """The lines of SGD's rule (see `minigrad.optim.SGD`) that its options switch on."""
    rule, text = rule_of(group, p.dtype), array_text
    g, used = after.grad.array, "g"  # type: ignore[union-attr]  # only parameters with one come here
    if rule.maximize:
        yield "g = -g", f"-{text(g)}", (g := np.negative(g))
    if rule.weight_decay is not None:
        decay = option(group["weight_decay"])
        was, g = g, fma(rule.weight_decay, p, g)
        yield "g = g + weight_decay * p", f"{text(was)} + {decay} * {text(p)}", g
    if b_after is not None:
        yield *momentum_line(group, g, b), b_after
        if rule.lookahead is None:
            g, used = b_after, "b"
        else:
            was, g = g, fma(rule.lookahead, b_after, g)
            lookahead = f"{text(was)} + {option(group['momentum'])} * {text(b_after)}"
            yield "g = g + momentum * b", lookahead, g
    yield f"p = p - lr * {used}", f"{text(p)} - {option(group['lr'])} * {text(g)}", after.array


def momentum_line(group: dict[str, Any], g: Array, b: Array | None) -> tuple[str, str]:
    if b is None:
        return "b = g", array_text(g)
    momentum, damping = option(group["momentum"]), option(group["dampening"])
    kept = f"{momentum} * {array_text(b)}"
    if not group["dampening"]:
        return "b = momentum * b + g", f"{kept} + {array_text(g)}"
    formula = "b = momentum * b + (1 - dampening) * g"
    return formula, f"{kept} + (1 - {damping}) * {array_text(g)}"


def option(value: Any) -> str:
    """An option of a group as a number: lr and weight_decay may be tensors."""
    return number_text(value.item() if isinstance(value, Tensor) else value)
