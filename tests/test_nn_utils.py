"""nn.utils: clipping gradients, and parameters as a vector."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from twins import LIBRARIES, assert_same, bits, named, notes

import minigrad

INF, NAN = float("inf"), float("nan")


def with_grads(t, *grads):
    """Parameters with these gradients; None for a parameter without one."""
    params = [t.nn.Parameter(t.zeros(1 if g is None else len(g))) for g in grads]
    for param, grad in zip(params, grads, strict=True):
        param.grad = None if grad is None else t.tensor(grad)
    return params


def clipped(*args, grads=([3.0, 4.0], None, [0.0]), by="norm", **options):
    """Clip, and show the result and the gradients."""

    def program(t):
        params = with_grads(t, *grads)
        try:
            result = getattr(t.nn.utils, f"clip_grad_{by}_")(params, *args, **options)
        except (RuntimeError, ValueError, TypeError) as error:
            result = type(error).__name__, str(error)
        return result, [p.grad for p in params]

    return program


def doubles(t):
    params = with_grads(t, [3.0, 4.0])
    params.append(t.nn.Parameter(t.zeros(1, dtype=t.float64)))
    params[1].grad = t.ones(1, dtype=t.float64)
    return t.nn.utils.clip_grad_norm_(params, 1.0), [p.grad for p in params]


CLIPPING = {
    "norm": clipped(1.0),
    "below-the-limit": clipped(10.0),
    "norm-1": clipped(1.0, 1),
    "norm-3": clipped(1.0, 3),
    "norm-inf": clipped(1.0, INF),
    "norm-inf-str": clipped(1.0, "inf"),
    "norm-minus-inf": clipped(1.0, -INF),
    "norm-0": clipped(1.0, 0),
    "norm-negative": clipped(1.0, -1),
    "norm-bogus": clipped(1.0, "a"),
    "limit-0": clipped(0.0),
    "limit-negative": clipped(-1.0),
    "limit-inf": clipped(INF),
    "limit-nan": clipped(NAN),
    "limit-str": clipped("a"),
    "limit-none": clipped(None),
    "limit-tensor": lambda t: clipped(t.tensor(1.0))(t),
    "nan": clipped(1.0, grads=([3.0, 4.0], [NAN])),
    "inf": clipped(1.0, grads=([3.0, 4.0], [INF])),
    "nan-refused": clipped(1.0, grads=([3.0], [NAN]), error_if_nonfinite=True),
    "inf-refused": clipped(1.0, grads=([3.0], [INF]), error_if_nonfinite=True),
    "doubles": doubles,
    "no-parameters": lambda t: t.nn.utils.clip_grad_norm_([], 1.0),
    "no-gradients": clipped(1.0, grads=(None, None)),
    "empty-gradient": clipped(1.0, grads=([], [2.0])),
    "empty-generator": lambda t: t.nn.utils.clip_grad_norm_((p for p in []), 1.0),
    "iterator": lambda t: t.nn.utils.clip_grad_norm_(iter(with_grads(t, [3.0, 4.0])), 1.0),
    "one-parameter": lambda t: t.nn.utils.clip_grad_norm_(with_grads(t, [3.0, 4.0])[0], 1.0),
    "int": lambda t: t.nn.utils.clip_grad_norm_(5, 1.0),
    "ints": lambda t: t.nn.utils.clip_grad_norm_([5], 1.0),
    "value": clipped(1.0, by="value", grads=([3.0, -4.0], None, [0.5])),
    "value-negative": clipped(-1.0, by="value"),
    "value-0": clipped(0, by="value"),
    "value-nan": clipped(NAN, by="value"),
    "value-str": clipped("a", by="value"),
    "value-none": clipped(None, by="value"),
    "value-one": lambda t: t.nn.utils.clip_grad_value_((p := with_grads(t, [3.0]))[0], 1) or p,
    "total": lambda t: t.nn.utils.get_total_norm([t.tensor([3.0, 4.0]), t.tensor(12.0)]),
    "total-inf": lambda t: t.nn.utils.get_total_norm([t.tensor([3.0, -4.0])], INF),
    "total-one": lambda t: t.nn.utils.get_total_norm(t.tensor([3.0, 4.0])),
    "total-none": lambda t: t.nn.utils.get_total_norm([]),
    "total-integers": lambda t: t.nn.utils.get_total_norm([t.tensor([3, 4])]),
    "total-refused": lambda t: t.nn.utils.get_total_norm(
        [t.tensor([NAN])], error_if_nonfinite=True
    ),
    "with-norm": lambda t: (
        t.nn.utils.clip_grads_with_norm_(p := with_grads(t, [3.0, 4.0]), 1.0, t.tensor(10.0))
        or p[0].grad
    ),
}


def unpacked(vector):
    """Fill parameters of 2 and 1 elements from a vector, and show them."""

    def program(t):
        params = with_grads(t, [0.0, 0.0], [0.0])
        t.nn.utils.vector_to_parameters(vector(t), params)
        return params, [p._version for p in params]

    return program


VECTORS = {
    "packed": lambda t: t.nn.utils.parameters_to_vector(t.nn.Linear(2, 3).parameters()),
    "packed-none": lambda t: t.nn.utils.parameters_to_vector([]),
    "packed-int": lambda t: t.nn.utils.parameters_to_vector(5),
    "unpacked": unpacked(lambda t: t.tensor([7.0, 8.0, 9.0])),
    "unpacked-longer": unpacked(lambda t: t.tensor([7.0, 8.0, 9.0, 10.0])),
    "unpacked-shorter": unpacked(lambda t: t.tensor([7.0])),
    "unpacked-last-shorter": unpacked(lambda t: t.tensor([7.0, 8.0])),
    "unpacked-doubles": unpacked(lambda t: t.ones(3, dtype=t.float64)),
    "unpacked-integers": unpacked(lambda t: t.tensor([7, 8, 9])),
    "unpacked-list": unpacked(lambda t: [1, 2, 3]),
    "unpacked-matrix": unpacked(lambda t: t.ones(1, 3)),
    "unpacked-0d": unpacked(lambda t: t.tensor(7.0)),
    "unpacked-leaf": unpacked(lambda t: t.ones(3, requires_grad=True)),
}


@pytest.mark.parametrize("program", named(CLIPPING))
def test_clipping(program):
    assert_same(program)


@pytest.mark.parametrize("program", named(VECTORS))
def test_vectors(program):
    assert_same(program)


finite = st.floats(-1e3, 1e3, width=32)


@given(
    grads=st.lists(st.lists(finite, min_size=1, max_size=6), min_size=1, max_size=4),
    limit=st.floats(0.01, 100),
    order=st.sampled_from([1.0, 2.0, 3.0, INF]),
)
def test_clipping_agrees_with_torch(grads, limit, order):
    results = []
    for t in (minigrad, torch):
        params = with_grads(t, *grads)
        norm = t.nn.utils.clip_grad_norm_(params, limit, order)
        results.append([norm.item(), *(x for p in params for x in p.grad.tolist())])
    assert np.allclose(*results, rtol=2e-6, atol=1e-30)


@given(
    grads=st.lists(st.lists(finite, min_size=1, max_size=6), min_size=1),
    limit=st.floats(0.125, 500, width=32),  # the sign of a zero is anybody's guess at limit 0
)
def test_clamping_has_the_bits(grads, limit):
    results = []
    for t in (minigrad, torch):
        params = with_grads(t, *grads)
        t.nn.utils.clip_grad_value_(params, limit)
        results.append(np.concatenate([bits(p.grad) for p in params]))
    assert np.array_equal(*results)


def test_gradients_flow_through_the_vector():
    params = with_grads(minigrad, [0.0, 0.0], [0.0])
    for p in params:
        p.grad = None
    vector = minigrad.nn.utils.parameters_to_vector(params)
    (vector * minigrad.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert [p.grad.tolist() for p in params] == [[1, 2], [3]]


@pytest.mark.parametrize("t", LIBRARIES)
def test_parameters_share_the_vectors_memory(t):
    params, vector = with_grads(t, [0.0, 0.0], [0.0]), t.tensor([7.0, 8.0, 9.0])
    t.nn.utils.vector_to_parameters(vector, params)
    vector.zero_()
    assert [p.tolist() for p in params] == [[0, 0], [0]]


def test_a_vector_that_is_too_short_changes_nothing():
    params = with_grads(minigrad, [0.0, 0.0], [0.0])
    with pytest.raises(RuntimeError, match="is invalid for input of size"):
        minigrad.nn.utils.vector_to_parameters(minigrad.ones(2), params)
    assert [p.tolist() for p in params] == [[0, 0], [0]]


def test_clipping_that_is_refused_changes_nothing():
    params = with_grads(minigrad, [3.0, 4.0], [NAN])
    with pytest.raises(RuntimeError, match="non-finite"):
        minigrad.nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad.tolist() == [3, 4]
    assert "learning rate" in notes(CLIPPING["total-refused"])
