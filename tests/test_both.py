"""Tests of the helper that runs a program under both libraries: what differs, it finds."""

import numpy as np
import pytest
import torch
from both import compare, in_both, raised, same_array


def is_torch(library):
    return library is torch


DIFFERENT = {
    "value": lambda t: t.tensor([1.0, 2.0 if is_torch(t) else 3.0]),
    "sign of zero": lambda t: t.tensor(0.0 if is_torch(t) else -0.0),
    "dtype": lambda t: t.tensor(1 if is_torch(t) else 1.0),
    "shape": lambda t: t.ones(1 if is_torch(t) else 2),
    "requires_grad": lambda t: t.ones(1, requires_grad=is_torch(t)),
    "kind": lambda t: 1 if is_torch(t) else True,
    "nested": lambda t: {"a": [1, 2 if is_torch(t) else None]},
    "length": lambda t: [1] * (1 if is_torch(t) else 2),
    "error": lambda t: t.ones(2).view(3 if is_torch(t) else 2),
    "text of an error": lambda t: t.ones(2).view(3 if is_torch(t) else 4),
    "warning": lambda t: is_torch(t) and t.nn.functional.mse_loss(t.ones(1), t.ones(2)),
    "node": lambda t: t.ones(1, requires_grad=True) * 1 if is_torch(t) else None,
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference_is_found(name):
    with pytest.raises(AssertionError, match=r"minigrad .*torch"):
        compare(DIFFERENT[name])


def test_what_is_equal_passes():
    end = compare(lambda t: [t.tensor([float("nan"), -0.0]), t.float32, raised(t.ones(2).view, 3)])
    assert end.value[1:] == [
        "minigrad.float32",
        "RuntimeError: shape '[3]' is invalid for input of size 2",
    ]


def test_a_program_that_shows_nothing_is_no_test():
    @in_both
    def empty(torch):
        torch.ones(1)

    with pytest.raises(AssertionError, match="nothing to compare"):
        empty()


def test_ulps_are_those_of_the_largest_element():
    a, b = np.array([1.0, 1e-9]), np.array([1.0, 1e-9 + 1e-16])
    assert same_array(a, b, ulps=1)
    assert not same_array(a, b, ulps=0)
    assert not same_array(a, np.array([1.0 + 5e-16, 1e-9]), ulps=1)
    assert not same_array(np.array([np.inf]), np.array([1.0]), ulps=9)
    assert same_array(np.array([np.inf, np.nan]), np.array([np.inf, np.nan]), ulps=9)
