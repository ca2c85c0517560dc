"""PyTorch's own samples: what its tests feed to an op, run under both libraries and compared.

PyTorch describes each op by an OpInfo, which makes inputs of many shapes, and calls that must fail.
They are taken from the installed PyTorch, translated, and compared in value, dtype, shape,
requires_grad, the name of grad_fn, gradient and second-order gradient, or in the error's class and
first line. How near two numbers must be is PyTorch's own rule, that of torch.testing.assert_close.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import torch
from oracle import UNFIT, ours, told

import minigrad

with mock.patch.object(sys, "argv", sys.argv[:1]), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the module reads pytest's options as if they were its own
    from torch.testing._internal.common_methods_invocations import op_db

__all__ = [
    "compare",
    "compare_errors",
    "counterpart",
    "gradients",
    "is_sayable",
    "near",
    "op_db",
    "told_briefly",
    "translated",
]

Function = Callable[..., Any]
TOLERANCES = {torch.float32: (1.3e-6, 1e-5), torch.float64: (1e-7, 1e-7)}  # assert_close's own
NOT_HERE = {"out", "memory_format", "layout", "pin_memory"}


def counterpart(name: str) -> Function | None:
    """minigrad's function of an OpInfo's name, or its method; None if it has neither."""
    if name.startswith("__") or name == "where":  # whose OpInfo is the method
        return method(name) if hasattr(minigrad.Tensor, name) else None
    found: Any = minigrad
    for part in name.split("."):
        found = getattr(found, part, None)
    if callable(found):
        return on_a_copy(found) if name.endswith("_") else found
    return method(name) if hasattr(minigrad.Tensor, name) else None


def on_a_copy(function: Function) -> Function:
    """As PyTorch's OpInfo calls what writes into its input."""
    return lambda x, *args, **options: function(x.clone(), *args, **options)


def method(name: str) -> Function:
    if isinstance(vars(minigrad.Tensor).get(name), property):
        return lambda x: getattr(x, name)
    return lambda x, *args, **options: getattr(x, name)(*args, **options)


def is_sayable(sample: Any) -> bool:
    """Whether the sample is of what minigrad has: one layout of memory, and no out=."""
    return NOT_HERE.isdisjoint(sample.kwargs)


def translated(value: Any, known: dict[int, Any] | None = None) -> Any:
    """A tensor, dtype, device or size of PyTorch's, or a container of them, as minigrad's.

    What is one tensor there is one here.
    """
    known = {} if known is None else known
    match value:
        case torch.Tensor():
            if id(value) not in known:
                t = minigrad.tensor(value.numpy(force=True))
                known[id(value)] = t.requires_grad_() if value.requires_grad else t
            return known[id(value)]
        case torch.dtype():
            return getattr(minigrad, str(value).removeprefix("torch."))
        case torch.device():
            return minigrad.device(value.type)
        case torch.Size():
            return minigrad.Size(value)
        case list() | tuple():
            return type(value)(translated(item, known) for item in value)
        case dict():
            return {name: translated(item, known) for name, item in value.items()}
    return value


def leaves(value: Any) -> list[Any]:
    """The tensors in arguments or results that gradients can be asked of."""
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, dict):
        return leaves([*value.values()])
    return [value] if getattr(value, "requires_grad", False) else []


def results(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


# ---- one sample ---------------------------------------------------------------------------------


def compare(op: Any, function: Function, sample: Any, ignore: frozenset[str]) -> Iterator[str]:
    """Where minigrad's function parts from PyTorch's op on a sample."""
    theirs_in = ((sample.input, *sample.args), sample.kwargs)
    mine_in = translated(theirs_in)
    minigrad.manual_seed(42)  # as PyTorch's OpInfo seeds what draws
    try:
        theirs = op(*theirs_in[0], **theirs_in[1])
    except Exception as error:
        yield from different_error(error, function, *mine_in)
        return
    try:
        mine = function(*mine_in[0], **mine_in[1])
        yield from different(results(mine), results(theirs), ignore)
        if leaves(theirs) and op.supports_autograd:
            yield from different_gradients(op, (mine, mine_in), (theirs, theirs_in))
    except Exception as error:
        yield f"minigrad raises {told(error)}"


def different(mine: list[Any], theirs: list[Any], ignore: frozenset[str]) -> Iterator[str]:
    if len(mine) != len(theirs):
        yield f"{len(mine)} results instead of {len(theirs)}"
    for a, b in zip(mine, theirs, strict=False):
        if not isinstance(b, torch.Tensor):
            if a != b and ours(repr(b)) != repr(a):
                yield f"{a!r} instead of {b!r}"
            continue
        if "values" not in ignore:
            yield from near("value", a, b)
        if (a.dtype, tuple(a.shape)) != (translated(b.dtype), tuple(b.shape)):
            yield f"{a.dtype} of shape {a.shape} instead of {b.dtype} of shape {b.shape}"
        if a.requires_grad is not b.requires_grad:
            yield f"requires_grad {a.requires_grad}"
        if "grad_fn" not in ignore and maker(a) != maker(b):
            yield f"grad_fn {maker(a)} instead of {maker(b)}"


def maker(t: Any) -> str | None:
    return t.grad_fn and t.grad_fn.name().rpartition("::")[2]


def near(what: str, mine: Any, theirs: Any) -> Iterator[str]:
    """By PyTorch's own rule; where terms cancel, an element is known as well as the largest."""
    rtol, atol = {torch.float32: (1.3e-6, 1e-5), torch.float64: (1e-7, 1e-7)}.get(
        theirs.dtype, (0, 0)
    )
    a, b = np.array(mine.numpy(force=True)), theirs.numpy(force=True)
    finite = np.isfinite(b)
    largest = np.max(np.abs(b), where=finite, initial=1) if a.dtype.kind == "f" else 1
    if a.dtype != b.dtype or a.shape != b.shape:
        yield f"{what}: {a.dtype}{a.shape} instead of {b.dtype}{b.shape}"
    elif not np.allclose(a, b, rtol, atol * largest, equal_nan=True):
        yield f"{what}: {a.ravel()[:6]} instead of {b.ravel()[:6]}"


# ---- gradients ----------------------------------------------------------------------------------


def different_gradients(op: Any, mine: Any, theirs: Any) -> Iterator[str]:
    """First order, and where the op has it the second, of fixed projections."""
    again = op.supports_gradgrad
    a, b = gradients(minigrad, *mine, again), gradients(torch, *theirs, again)
    for order, (first, second) in enumerate(zip(a, b, strict=True), 1):
        for i, (g, h) in enumerate(zip(first, second, strict=True)):
            if zero(g) and zero(h):
                continue
            if g is None or h is None:
                yield f"gradient {i} of order {order}: {g} instead of {h}"
            else:
                yield from near(f"gradient {i} of order {order}", g, h)


def zero(g: Any) -> bool:
    return g is None or not g.numpy(force=True).any()


def gradients(library: Any, out: Any, arguments: Any, again: bool) -> list[list[Any]]:
    """The gradients of a projection of the results, and those of a projection of them."""
    wanted, outputs, found = leaves(arguments), leaves(results(out)), []
    for _ in range(1 + again):
        if not outputs:
            break
        g = [projection(library, y) for y in outputs]
        grads = library.autograd.grad(
            outputs, wanted, g, allow_unused=True, create_graph=again, retain_graph=True
        )
        found.append(list(grads))
        outputs = [y for y in grads if y is not None and y.requires_grad and y.grad_fn is not None]
    return found + [[None] * len(wanted)] * (1 + again - len(found))


def projection(library: Any, y: Any) -> Any:
    count = int(np.prod(y.shape))
    values = np.cos(np.arange(count)).reshape(tuple(y.shape))
    return library.tensor(values).to(y.dtype)


# ---- errors -------------------------------------------------------------------------------------


def compare_errors(op: Any, function: Function) -> Iterator[str]:
    """Where a call that PyTorch refuses is not refused here, or with other words."""
    for wrong in op.error_inputs("cpu"):
        sample = wrong.sample_input
        if not is_sayable(sample):
            continue
        args, options = (sample.input, *sample.args), sample.kwargs
        try:
            ours_in = translated((args, options))
        except (TypeError, AttributeError, ValueError):
            continue  # a dtype or layout that minigrad does not have, or more dims than NumPy has
        try:
            op(*args, **options)
        except Exception as error:
            for text in different_error(error, function, *ours_in):
                yield f"{text}: {told_briefly(sample)}"


def told_briefly(sample: Any) -> str:
    """A sample in a line: of tensors the dtype and shape."""
    return f"{brief(sample.input)} {brief(sample.args)} {brief(sample.kwargs)}"


def brief(value: Any) -> Any:
    match value:
        case torch.Tensor():
            return f"{str(value.dtype)[6:]}{list(value.shape)}"
        case list() | tuple():
            return [brief(item) for item in value]
        case dict():
            return {name: brief(item) for name, item in value.items()}
    return value


def different_error(error: Exception, function: Function, args: Any, options: Any) -> Iterator[str]:
    expected = told(error)
    try:
        function(*args, **options)
    except Exception as found:
        fits = expected == UNFIT and isinstance(found, TypeError)
        if not fits and told(found) != expected:
            yield f"raises {told(found)} instead of {expected}"
    else:
        yield f"does not raise {expected}"
