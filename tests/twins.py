"""Comparing what a program shows under PyTorch and under minigrad: whole texts, all lines of them.

A program is a function of the library: `lambda t: t.nn.Linear(2, 3)`. It shows the text of its
result, or the class and text of its error. (Where values matter and not texts, see both.py.)
"""

import re

import numpy as np
import pytest
import torch
from both import compare, neutral

import minigrad

# PyTorch's first optimizer imports a good part of PyTorch, which changes the warnings filters.
torch.optim.SGD([torch.ones(1, requires_grad=True)]).step()

LIBRARIES = [pytest.param(minigrad, id="minigrad"), pytest.param(torch, id="torch")]


def shown(program, t):
    """What a program shows under one library, from seed 0; an error is shown as well."""
    t.manual_seed(0)
    try:
        return renamed(repr(program(t)))
    except Exception as error:
        return f"{type(error).__name__}: {renamed(str(error))}"


def renamed(text):
    """A text of PyTorch's as minigrad would print it; without addresses, whoever printed it."""
    text = neutral(text).replace("minigrad.nn.modules.", "minigrad.nn.")
    text = re.sub(r"\n +(dtype|requires_grad)=", r" \1=", text)  # the longer name breaks lines
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def assert_same(program):
    """The program shows the same under both libraries, and warns of the same."""
    compare(lambda t: shown(program, t))


def notes(program):
    """The notes of the error that the program raises under minigrad."""
    try:
        program(minigrad)
    except Exception as error:
        return "\n".join(getattr(error, "__notes__", []))
    return pytest.fail("nothing was raised")


def bits(tensor):
    """A tensor of either library as integers: equal if and only if all bits are."""
    array = tensor.detach().numpy()
    return array.view(np.int64 if array.dtype.itemsize == 8 else np.int32)


def named(programs):
    """A table of programs as the arguments of pytest.mark.parametrize."""
    return [pytest.param(program, id=name) for name, program in programs.items()]
