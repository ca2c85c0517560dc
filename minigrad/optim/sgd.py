"""Stochastic gradient descent: a step against the gradient, with or without momentum."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np

from minigrad.autograd.grad_mode import enable_grad
from minigrad.autograd.graph import touch
from minigrad.autograd.quiet import silence
from minigrad.fma import BLOCK, fma, in_scratch
from minigrad.notes import noted
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.row import SEVERAL, Row, change
from minigrad.tensor import Tensor, wrap

__all__ = ["SGD"]

Array = np.ndarray[Any, np.dtype[Any]]


class SGD(Optimizer):
    """Stochastic gradient descent.

    For each parameter p with gradient g and momentum buffer b, in this order:

        g ← -g                                       with maximize
        g ← g + weight_decay·p                       with weight_decay
        b ← g                                        with momentum, in the first step
        b ← momentum·b + (1 - dampening)·g           with momentum, in later steps
        g ← g + momentum·b, with nesterov; else b    with momentum
        p ← p - lr·g

    In the literature the first b is often (1 - dampening)·g, and lr is often inside of b, so that
    a change of lr acts on new gradients only; here it acts on the whole step, as in PyTorch.

    A parameter without a gradient is left alone. Parameters are changed in place. The result has
    PyTorch's bits: where PyTorch fuses a product and a sum, they are rounded once (see fma.py).

    `foreach`, `fused` and `differentiable` are kept in the groups for the sake of programs that
    pass them. The first two choose among PyTorch's implementations and have no effect here. A
    differentiable step is not possible in place: such a step raises, as in PyTorch.

    Source: I. Sutskever et al., "On the importance of initialization and momentum in deep learning"
    (2013), in PyTorch's variant.
    """

    rows: dict[int, Row] | None = None  # by the group's number: its small parameters

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def __getstate__(self) -> dict[str, Any]:
        """All but what was found out about the very arrays of this one, which a copy has not."""
        return {name: value for name, value in vars(self).items() if name != "rows"}

    def check_options(self, options: dict[str, Any]) -> None:
        lr, momentum, dampening = options["lr"], options["momentum"], options["dampening"]
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise noted(
                ValueError("Tensor lr must be 1-element"),
                f"One learning rate holds for a group, and a tensor of shape {list(lr.shape)} "
                f"came. Write a group for each rate: [{{'params': [w], 'lr': 0.1}}, ...].",
            )
        refuse_negative("learning rate", lr)
        refuse_negative("momentum value", momentum)
        refuse_negative("weight_decay value", options["weight_decay"])
        if dampening != dampening:
            raise noted(
                ValueError(f"Invalid dampening value: {dampening}"),
                "The dampening is NaN. Write 0 for none.",
            )
        if options["nesterov"] and (momentum <= 0 or dampening != 0):
            raise noted(
                ValueError("Nesterov momentum requires a momentum and zero dampening"),
                f"Here momentum is {momentum} and dampening {dampening}. Write momentum=0.9, "
                "nesterov=True, without dampening.",
            )
        if options["fused"] and options["differentiable"]:
            raise noted(
                RuntimeError("`fused` does not support `differentiable`"),
                "Leave out fused: it changes nothing here, and the step that can be "
                "differentiated is written out.",
            )
        if options["fused"] and options["foreach"]:
            raise noted(
                RuntimeError("`fused` and `foreach` cannot be `True` together."),
                "Both say how PyTorch is to loop over parameters, and neither changes anything "
                "here. Leave both out.",
            )

    def check_state(self, p: Tensor, state: dict[str, Any]) -> None:
        buffer = state.get("momentum_buffer")
        if isinstance(buffer, Tensor) and buffer.shape != p.shape:
            raise noted(
                ValueError(
                    f"size mismatch for momentum_buffer: the loaded one has shape {buffer.shape}, "
                    f"its parameter has shape {p.shape}"
                ),
                "The buffer belongs to another parameter: was the model changed since it was "
                "saved, or are the parameters in another order? Nothing was changed.",
            )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, once.

        A closure clears the gradients, computes the loss, calls backward and returns the loss. It
        runs before the parameters change, and `step` returns what it returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            if group["differentiable"]:
                refuse_leaves(group["params"])
        silence().run(self.update)
        return loss

    def update(self) -> None:
        for i, group in enumerate(self.param_groups):
            params = group["params"]
            if len(params) >= SEVERAL:
                params = self.update_small(i, group)
                if not params:
                    continue
            rule = None
            begun: set[Tensor] = set()
            for p in params:
                grad = p.grad
                if grad is None:
                    continue
                if rule is None or rule.dtype is not p.array.dtype:
                    rule = rule_of(group, p.array.dtype)
                touch(p)  # first: it may refuse
                if rule.momentum is None:
                    rule.apply(p.array, grad.array)
                else:
                    self.apply_with_buffer(rule, p, grad.array, begun)

    def update_small(self, i: int, group: dict[str, Any]) -> list[Tensor]:
        """Change the small parameters of a group at once, if that is right; return the others."""
        params: list[Tensor] = group["params"]
        if type(params[0].array) is not np.ndarray:
            return params  # arrays of a subclass note the calls, for each parameter
        if self.rows is None:
            self.rows = {}
        row = self.rows.get(i)
        if row is None or row.count != len(params):
            row = self.rows[i] = Row(params)
        if row.pick is None:
            return params
        rule = rule_of(group, row.dtype)
        taken = row.take(params, None if rule.momentum is None else self.state)
        if taken is None:
            return params
        change(rule.apply, *taken)
        return [params[k] for k in row.others] if row.others else []

    def apply_with_buffer(self, rule: Rule, p: Tensor, g: Array, begun: set[Tensor]) -> None:
        """`begun` are those that got a buffer in this step: one that is repeated begins again."""
        state = self.state[p]
        buffer = state.get("momentum_buffer")
        if buffer is None or p in begun:
            begun.add(p)
            buffer = state["momentum_buffer"] = wrap(np.empty_like(g))
            rule.apply(p.array, g, buffer.array, first=True)
        else:
            rule.apply(p.array, g, buffer.array)
            touch(buffer)


class Rule:
    """The formulas of SGD with their numbers, for arrays of one dtype.

    The numbers are 0-d arrays, with which NumPy computes faster. Those of fused products are
    rounded to the dtype, as PyTorch does, and then widened for `fma`.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        maximize: bool,
    ) -> None:
        self.dtype = dtype
        self.maximize = maximize
        self.minus_lr = self.factor(-lr)
        self.weight_decay = self.factor(weight_decay) if weight_decay else None
        self.momentum = np.array(momentum, dtype) if momentum else None
        self.gain = self.factor(1 - dampening) if dampening else None
        self.lookahead = self.factor(momentum) if nesterov else None
        self.is_common = dtype == np.float32 and not (
            maximize or weight_decay or dampening or nesterov
        )

    def factor(self, value: float) -> Array:
        return np.array(value, self.dtype).astype(np.float64)

    def apply(self, p: Array, g: Array, b: Array | None = None, first: bool = False) -> None:
        """One step of p, and of its momentum buffer b, in place."""
        if p.size > BLOCK and are_rows(p, g, b):
            if self.is_common and not first:
                self.descend(p, g, b)
                return
            for block in blocks(p, g, b):
                self.apply(*block, first)
            return
        if self.maximize:
            g = np.negative(g)
        if self.weight_decay is not None:
            g = fma(self.weight_decay, p, g)
        if b is not None:
            self.accumulate(b, g, first)
            g = b if self.lookahead is None else fma(self.lookahead, b, g)
        fma(self.minus_lr, g, p, out=p)

    def descend(self, p: Array, g: Array, b: Array | None) -> None:
        """A step of large arrays under the commonest options, with nothing between NumPy's calls.

        A block drives the code of Python out of the cache, so that each line that asks something
        between two blocks takes several times as long as it does elsewhere.
        """
        for numbers, slopes, kept in blocks(p, g, b):
            if kept is not None and self.momentum is not None:
                np.multiply(kept, self.momentum, kept)
                slopes = np.add(kept, slopes, kept)
            in_scratch(self.minus_lr, slopes, numbers, numbers)

    def accumulate(self, b: Array, g: Array, first: bool) -> None:
        if first:
            b[...] = g
            return
        momentum: Any = self.momentum
        is_one = b.size == 1 and type(b) is np.ndarray  # then in Python's floats: see fma
        if is_one:
            b.fill(b.item() * momentum.item())
        else:
            np.multiply(b, momentum, b)
        if self.gain is not None:
            fma(self.gain, g, b, out=b)
        elif is_one:
            b.fill(b.item() + g.item())
        else:
            np.add(b, g, b)


read_numbers = itemgetter("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")


def rule_of(group: dict[str, Any], dtype: np.dtype[Any]) -> Rule:
    """The rule of a group as its options are now: a user may change them between steps."""
    numbers = read_numbers(group)
    if isinstance(numbers[0], Tensor) or isinstance(numbers[3], Tensor):  # lr, weight_decay
        numbers = tuple(n.item() if isinstance(n, Tensor) else n for n in numbers)
    return cached_rule(dtype, numbers, isinstance(numbers[0], int))


@lru_cache(maxsize=256)
def cached_rule(dtype: np.dtype[Any], numbers: tuple[Any, ...], lr_is_int: bool) -> Rule:
    """A Rule is made once. (0 and 0.0 are one key, but -0 and -0.0 are not the same factor.)"""
    return Rule(dtype, *numbers)


def are_rows(*arrays: Array | None) -> bool:
    """Whether each can be cut where it lies; a subclass of arrays gets to see itself whole."""
    return all(a is None or (a.flags.c_contiguous and type(a) is np.ndarray) for a in arrays)


def blocks(p: Array, g: Array, b: Array | None) -> Iterator[tuple[Array, Array, Array | None]]:
    """The arrays, cut alike into blocks, so that intermediate results never leave the cache."""
    p, g, b = p.reshape(-1), g.reshape(-1), None if b is None else b.reshape(-1)
    for start in range(0, p.size, BLOCK):
        cut = slice(start, start + BLOCK)
        yield p[cut], g[cut], None if b is None else b[cut]


def refuse_negative(name: str, value: Any) -> None:
    if isinstance(value, complex):
        raise noted(
            TypeError("'<' not supported between instances of 'complex' and 'float'"),
            f"The {name.removesuffix(' value')} is {value}, and a step has one direction. Write a "
            "real number of 0 or more.",
        )
    if value < 0.0 or value != value:
        raise noted(
            ValueError(f"Invalid {name}: {value}"),
            f"The {name.removesuffix(' value')} must be 0 or more, and it is {value}.",
        )


def refuse_leaves(params: list[Tensor]) -> None:
    """A step with its own derivative would have to record writes to leaves."""
    if any(p.requires_grad and p.is_leaf and p.grad is not None for p in params):
        raise noted(
            RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            ),
            "With differentiable=True the step would be recorded, and a recorded operation must "
            "not change a leaf. Leave differentiable out for ordinary training.",
        )
