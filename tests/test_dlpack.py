"""DLPack both ways: memory that libraries share."""

import numpy as np
import pytest
import torch
from both import in_both, raised

import minigrad


@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a.T, lambda a: a[:, 1:]])
@in_both
def test_dlpack_shares_the_memory_of_an_array(torch, layout):
    array = layout(np.arange(6.0).reshape(2, 3))
    t = torch.from_dlpack(array)
    array[0, 0] = 7
    t[1, 1] = 8
    return t, t.stride(), array


@in_both
def test_dlpack_shares_the_memory_of_a_tensor(torch):
    t = torch.arange(3.0)
    twin, array = torch.from_dlpack(t), np.from_dlpack(t)
    t[0] = 7
    return twin, array.copy(), twin.data_ptr() == t.data_ptr()


@pytest.mark.parametrize("value", [2, None, "capsule", [1.0]])
@in_both
def test_dlpack_of_what_is_no_array(torch, value):
    return raised(torch.from_dlpack, value)


@in_both
def test_dlpack_of_a_tensor_that_requires_grad(torch):
    return raised(torch.from_dlpack, torch.ones(2, requires_grad=True))


def test_dlpack_between_the_two_libraries():
    theirs = torch.arange(3.0)
    mine = minigrad.from_dlpack(theirs)
    again = torch.from_dlpack(mine)
    theirs[0] = 7
    assert mine.tolist() == again.tolist() == [7, 1, 2]
