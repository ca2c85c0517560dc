"""PyTorch's own samples of operators, modules and optimisers, for all that minigrad has.

By default each op is run on the first samples of float32 and int64; `--hypothesis-profile thorough`
takes all samples of all five dtypes.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings
from oracle import told
from samples import (
    compare,
    compare_errors,
    counterpart,
    is_sayable,
    near,
    op_db,
    told_briefly,
    translated,
)
from torch.testing._internal import common_utils
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db
from torch.testing._internal.opinfo import core

import minigrad

THOROUGH = settings().max_examples >= 1000
DTYPES = [torch.float32, torch.int64]
DTYPES += [torch.float64, torch.int32, torch.bool] if THOROUGH else []
COUNT = None if THOROUGH else 3

# What is left out, and why.
LEFT_OUT = {
    "norm.nuc": "the nuclear norm is a sum of singular values, and minigrad has no decompositions",
    "rand_like": "its OpInfo calls randn_like",
}
ERRORS_LEFT_OUT = {
    **dict.fromkeys(
        ("eq", "ne", "lt", "le", "gt", "ge"),
        "a number may stand on the left: NumPy's scalars reach the function that way",
    ),
    **dict.fromkeys(
        ("__radd__", "__rmul__", "__rdiv__", "__rand__", "__ror__", "__rxor__"),
        "the method is called on an int, whose own it is: PyTorch calls its class's",
    ),
}

# What is not compared, and why.
NOT_COMPARED = {
    "empty": {"values"},  # nobody knows them
    "empty_like": {"values"},
    "new_empty": {"values"},
    "matmul": {"grad_fn"},  # a matrix times a batch ends in a copy here, in a view there
    "__rmatmul__": {"grad_fn"},
    "__rdiv__": {"grad_fn"},  # Python calls these two with a number alone, not with a tensor
    "__rsub__": {"grad_fn"},
}


def name_of(op: Any) -> str:
    return f"{op.name}{'.' if op.variant_test_name else ''}{op.variant_test_name}"


OPS = [op for op in op_db if counterpart(op.name) and name_of(op) not in LEFT_OUT]
REFUSING = [op for op in OPS if op.error_inputs_func and name_of(op) not in ERRORS_LEFT_OUT]


@pytest.fixture(autouse=True)
def own_numpy_stream() -> Iterator[None]:
    """PyTorch's makers of samples seed NumPy's global stream."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


@pytest.fixture(autouse=True)
def no_unittest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sample looks for its unittest, and reads the source of all frames to find none."""
    for module in (common_utils, core):
        monkeypatch.setattr(module, "extract_test_fn", lambda: None)


# ---- ops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", OPS, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_an_op_is_pytorchs_on_its_own_samples(op: Any) -> None:
    function, ignore = counterpart(op.name), frozenset(NOT_COMPARED.get(op.name, ()))
    assert function is not None
    found = []
    for dtype in op.dtypes.intersection(DTYPES):
        wants_grad = dtype.is_floating_point and op.supports_autograd
        samples = op.sample_inputs("cpu", dtype, requires_grad=wants_grad)
        for sample in itertools.islice(filter(is_sayable, samples), COUNT):
            texts = compare(op, function, sample, ignore)
            found += [f"{text}: {told_briefly(sample)}" for text in texts]
    assert not found, "\n".join(found[:10])


@pytest.mark.parametrize("op", REFUSING, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_an_op_refuses_what_pytorch_refuses(op: Any) -> None:
    function = counterpart(op.name)
    assert function is not None
    found = list(compare_errors(op, function))
    assert not found, "\n".join(found[:10])


def test_nothing_is_left_out_that_is_not_there() -> None:
    names = {name_of(op) for op in op_db}
    assert {*LEFT_OUT, *ERRORS_LEFT_OUT, *NOT_COMPARED} <= names
    assert len(OPS) > 120


# ---- modules ------------------------------------------------------------------------------------

MODULES = [info for info in module_db if hasattr(minigrad.nn, info.module_cls.__name__)]


@pytest.mark.parametrize("info", MODULES, ids=lambda info: info.module_cls.__name__)
@pytest.mark.filterwarnings("ignore")
def test_a_module_is_pytorchs_on_its_own_samples(info: Any) -> None:
    for dtype in (torch.float32, torch.float64):
        samples = info.module_inputs_func(
            info, device="cpu", dtype=dtype, requires_grad=True, training=True
        )
        for sample in samples:
            assert list(differing_module(info.module_cls, sample, dtype)) == [], sample.desc


def differing_module(cls: Any, sample: Any, dtype: torch.dtype) -> Iterator[str]:
    """Where result, gradients and text of a module differ, with the same parameters."""
    made, given = sample.constructor_input, sample.forward_input
    theirs = cls(*made.args, **made.kwargs).to(dtype)
    mine = getattr(minigrad.nn, cls.__name__)(*made.args, **made.kwargs).to(translated(dtype))
    mine.load_state_dict(translated(dict(theirs.state_dict())))
    if repr(mine) != repr(theirs):
        yield f"{mine!r} instead of {theirs!r}"
    args = translated(given.args)
    a, b = mine(*args, **translated(given.kwargs)), theirs(*given.args, **given.kwargs)
    yield from near("result", a, b)
    a.sum().backward()
    b.sum().backward()
    pairs = [*zip(args, given.args, strict=True)]
    pairs += zip(mine.parameters(), theirs.parameters(), strict=True)
    for p, q in pairs:
        if q.requires_grad and q.is_leaf and q.grad is not None:
            yield from near("gradient", p.grad, q.grad)


# ---- optimisers ---------------------------------------------------------------------------------

OPTIMISERS = [info for info in optim_db if hasattr(minigrad.optim, info.optim_cls.__name__)]
each_optimiser = pytest.mark.parametrize(
    "info", OPTIMISERS, ids=lambda info: info.optim_cls.__name__
)


@each_optimiser
def test_an_optimiser_is_pytorchs_on_its_own_samples_to_the_bit(info: Any) -> None:
    for sample in info.optim_inputs_func("cpu"):
        theirs = trained(torch, info.optim_cls, sample.kwargs)
        options = translated(sample.kwargs)
        mine = trained(minigrad, getattr(minigrad.optim, info.optim_cls.__name__), options)
        for a, b in zip(mine, theirs, strict=True):
            assert a.numpy().tobytes() == b.numpy().tobytes(), sample.desc


def trained(library: Any, cls: Any, options: dict[str, Any]) -> list[Any]:
    """Parameters and what the optimiser keeps, after five steps."""
    random = np.random.default_rng(0)
    numbers = [random.normal(size=size).astype(np.float32) for size in ((3, 2), (4,), (1,))]
    parameters = [library.tensor(n).requires_grad_() for n in numbers]
    optimizer = cls(parameters, **options)
    for _ in range(5):
        optimizer.zero_grad()
        sum((p * p).sum() for p in parameters).backward()
        optimizer.step()
    kept = [v for p in parameters for v in optimizer.state[p].values() if v is not None]
    return [v.detach() for v in (*parameters, *kept)]


@each_optimiser
def test_an_optimiser_refuses_what_pytorch_refuses(info: Any) -> None:
    mine = getattr(minigrad.optim, info.optim_cls.__name__)
    for wrong in info.optim_error_inputs_func("cpu", torch.float32):
        given = wrong.optimizer_error_input
        with pytest.raises(Exception) as theirs:  # noqa: PT011 - whichever it is
            info.optim_cls(given.params, **given.kwargs)
        with pytest.raises(theirs.type) as caught:
            mine(translated(given.params), **translated(given.kwargs))
        assert told(caught.value) == told(theirs.value)
