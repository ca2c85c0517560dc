"""One program under two libraries: it must end in the same way under minigrad as under torch.

    @in_both
    def test_the_gradient_of_a_square(torch):
        x = torch.tensor(3.0, requires_grad=True)
        (x * x).backward()
        return x.grad

The body runs twice, with `torch` standing for either library. What it returns, what it raises
(class and first line) and what it warns about must agree, modulo the library's own name.
"""

import functools
import inspect
import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from deviations import known
from oracle import ours, same_bits_or_equal
from oracle import told as headline

import minigrad

NAMESPACE = known("node-names", "(struct )?torch::autograd::")
TENSORS = (torch.Tensor, minigrad.Tensor)
NODES = (minigrad.autograd.graph.Node, minigrad.autograd.graph.Leaf)


@dataclass
class Outcome:
    """How a program ended: the described value, or the error; and the warnings on the way."""

    value: Any
    error: str | None
    warnings: list[str]


def neutral(text):
    """A text of torch's as minigrad would say it, without the place in torch's own sources."""
    return ours(str(text))


def outcome(program, library, *args, **kwargs):
    """Run a program under a library."""
    value, error = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = described(program(library, *args, **kwargs))
        except Exception as raised:
            error = headline(raised)
    return Outcome(value, error, [headline(w.message) for w in caught])


def described(value):
    """Something that can be compared across libraries: no tensor, dtype or node is left in it."""
    if isinstance(value, TENSORS):
        return {
            "dtype": neutral(value.dtype),
            "requires_grad": value.requires_grad,
            "array": np.array(value.detach().numpy(force=True)),
        }
    if isinstance(value, dict):
        return {key: described(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [described(item) for item in value]
    if isinstance(value, BaseException):
        return headline(value)
    if isinstance(value, NODES) or hasattr(value, "next_functions"):
        return re.sub(NAMESPACE, "", value.name())
    if isinstance(value, bool | int | float | np.ndarray | None):
        return value
    return neutral(value)


def differences(mine, theirs, ulps=0, path="value"):
    """Where two described values differ, one line for each place."""
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        if not same_array(mine, theirs, ulps):
            yield f"{path}: minigrad {mine!r}, torch {theirs!r}"
    elif isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys():
        for key in mine:
            yield from differences(mine[key], theirs[key], ulps, f"{path}.{key}")
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for i, (item, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from differences(item, other, ulps, f"{path}[{i}]")
    elif isinstance(mine, float) and isinstance(theirs, float):
        if not same_array(np.asarray(mine), np.asarray(theirs), ulps):
            yield f"{path}: minigrad {mine!r}, torch {theirs!r}"
    elif type(mine) is not type(theirs) or mine != theirs:
        yield f"{path}: minigrad {mine!r}, torch {theirs!r}"


def same_array(a, b, ulps):
    """Equal shapes and dtypes; equal bits, or within so many ulps of the largest element."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if ulps == 0 or a.dtype.kind != "f":
        return same_bits_or_equal(a, b)
    with np.errstate(all="ignore"):
        finite = np.isfinite(b)
        largest = np.max(np.abs(b), where=finite, initial=0)
        near = np.abs(a - b) <= ulps * np.spacing(largest)
        return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))


def compare(program, *args, ulps=0, **kwargs):
    """Fail unless the program ends in the same way under both libraries; return minigrad's end."""
    mine = outcome(program, minigrad, *args, **kwargs)
    theirs = outcome(program, torch, *args, **kwargs)
    found = [
        *differences(mine.error, theirs.error, path="error"),
        *differences(mine.warnings, theirs.warnings, path="warnings"),
    ]
    if not found:
        found = [*differences(mine.value, theirs.value, ulps)]
    assert not found, "\n" + "\n".join(found)
    return mine


def in_both(program=None, *, ulps=0):
    """A test that runs its body under both libraries; the body must return or raise something."""
    if program is None:
        return functools.partial(in_both, ulps=ulps)

    def test(**kwargs):
        end = compare(program, ulps=ulps, **kwargs)
        assert end.error or end.value is not None, "the program shows nothing to compare"

    signature = inspect.signature(program)
    functools.update_wrapper(test, program)
    del test.__wrapped__
    test.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
    return test


def raised(function, *args, **kwargs):
    """The error of a call as text, for programs that go on after it."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        return headline(error)
    return "nothing raised"
