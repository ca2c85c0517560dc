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

import minigrad

torch.set_num_threads(1)
torch.set_warn_always(True)  # some of torch's warnings come once per process otherwise

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
    return re.sub(r"\btorch\b", "minigrad", str(text).partition(" (Triggered internally")[0])


def headline(error):
    """The class and the first line of an error's text."""
    return f"{type(error).__name__}: {neutral(error).splitlines()[0] if str(error) else ''}"


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
        return value.name().replace("struct torch::autograd::", "").replace("torch::autograd::", "")
    if isinstance(value, bool | int | float | np.ndarray | None):
        return value
    return neutral(value)


def differences(ours, theirs, ulps=0, path="value"):
    """Where two described values differ, one line for each place."""
    if isinstance(ours, np.ndarray) and isinstance(theirs, np.ndarray):
        if not same_array(ours, theirs, ulps):
            yield f"{path}: minigrad {ours!r}, torch {theirs!r}"
    elif isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        for key in ours:
            yield from differences(ours[key], theirs[key], ulps, f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(mine, other, ulps, f"{path}[{i}]")
    elif isinstance(ours, float) and isinstance(theirs, float):
        if not same_array(np.asarray(ours), np.asarray(theirs), ulps):
            yield f"{path}: minigrad {ours!r}, torch {theirs!r}"
    elif type(ours) is not type(theirs) or ours != theirs:
        yield f"{path}: minigrad {ours!r}, torch {theirs!r}"


def same_array(a, b, ulps):
    """Equal shapes and dtypes; equal bits, or within so many ulps of the largest element."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    exact = (np.isnan(a) & np.isnan(b)) | ((a == b) & (np.signbit(a) == np.signbit(b)))
    if exact.all():
        return True
    finite = np.isfinite(a) & np.isfinite(b)
    if ulps == 0 or not (exact | finite).all():
        return False
    with np.errstate(all="ignore"):
        largest = np.max(np.abs(b), where=finite, initial=0)
        return bool(np.all(exact | (np.abs(a - b) <= ulps * np.spacing(largest))))


def compare(program, *args, ulps=0, **kwargs):
    """Fail unless the program ends in the same way under both libraries; return minigrad's end."""
    ours = outcome(program, minigrad, *args, **kwargs)
    theirs = outcome(program, torch, *args, **kwargs)
    found = [
        *differences(ours.error, theirs.error, path="error"),
        *differences(ours.warnings, theirs.warnings, path="warnings"),
    ]
    if not found:
        found = [*differences(ours.value, theirs.value, ulps)]
    assert not found, "\n" + "\n".join(found)
    return ours


def in_both(program=None, *, ulps=0):
    """A test that runs its body under both libraries; the body must return or raise something."""
    if program is None:
        return functools.partial(in_both, ulps=ulps)

    def test(**kwargs):
        ours = compare(program, ulps=ulps, **kwargs)
        assert ours.error or ours.value is not None, "the program shows nothing to compare"

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
