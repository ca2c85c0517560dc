"""What the functions refuse: PyTorch's class and first line, and a note that teaches.

A note (`error.add_note`) leaves the text alone; Python prints it below. It says in the user's terms
what was expected and what to write.
"""

from typing import Any

import numpy as np
import pytest
from oracle import check

import minigrad

INPUTS = {
    "s": np.float32(2.0),
    "v": np.ones(2, "float32"),
    "w": np.ones(3, "float32"),
    "m": np.ones((2, 3), "float32"),
    "c": np.ones((2, 3, 4), "float32"),
    "d": np.ones((2, 3), "float64"),
    "i": np.array([1, 2, 3]),
    "b": np.array([True, False]),
}

BROADCASTING = {
    "v + w": "do not broadcast",
    "m * v": "do not broadcast",
    "torch.maximum(v, w)": "do not broadcast",
    "torch.where(v > 0, w, 1.)": "do not broadcast",
    "v == w": "do not broadcast",
    "m ** v": "do not broadcast",
    "m.expand(4, 3)": "Only a dim of size 1 can be repeated",
    "m.expand(3)": None,
    "v.expand(-1, 2)": None,
    "s.expand(-1, 3)": "dim 0 would be a new one",
    "v.expand(-2, 2)": "dim 0 would be a new one",
    "v.expand(2, -2)": None,
    "v.clone().add_(torch.ones(3, 2))": "An in-place operation cannot make its target larger",
    "s.clone().logical_and_(v)": "An in-place operation cannot make its target larger",
    "v.clone().logical_xor_(torch.ones(3, 2))": "cannot make its target larger",
    "torch.nn.functional.mse_loss(v, w)": "do not broadcast",
}

DTYPES = {
    "i / 0 + i ** -1": None,
    "i.mean()": "x.float().mean()",
    "b.mean()": "x.float().mean()",
    "-b": None,
    "b - b": None,
    "b - 1": None,
    "1 - b": None,
    "abs(b)": None,
    "b ** b": None,
    "torch.relu(b)": None,
    "torch.nn.functional.leaky_relu(i)": "x.float()",
    "torch.nn.functional.leaky_relu(v, 1e39)": "is not among its values",
    "torch.nn.functional.leaky_relu(v, 1j)": None,
    "torch.nn.functional.leaky_relu(v, 10**40)": None,
    "torch.nn.functional.leaky_relu(v, None)": "one number for all elements",
    "torch.nn.functional.leaky_relu(v, '1')": "one number for all elements",
    "torch.nn.functional.leaky_relu(v, v)": "one number for all elements",
    "torch.nn.functional.leaky_relu(v, s.requires_grad_())": "one number for all elements",
    "torch.nn.functional.leaky_relu_(v, None)": "one number for all elements",
    "torch.nn.functional.mse_loss(i, i)": None,
    "m @ d.T": ".to(minigrad.float32)",
    "torch.mm(m, d.T)": ".to(minigrad.float32)",
    "torch.mv(m, w.double())": ".to(minigrad.float32)",
    "torch.dot(w, w.double())": None,
    "torch.where(i, i, i)": None,
    "i.clone().add_(1.5)": "x = x.float()",
    "i.clone().div_(2)": "x = x.float()",
    "i & 1.5": None,
    "torch.bitwise_not(v)": None,
    "i.clone().requires_grad_()": None,
    "torch.tensor([1], requires_grad=True)": "Write 1. instead of 1",
    "torch.zeros(2, dtype=torch.int64, requires_grad=True)": "Write 1. instead of 1",
    "torch.clamp(v)": None,
    "torch.add(i, i, alpha=1.5)": None,
    "i.clone().fill_(nan)": "is not among its values",
    "torch.full((2,), 1e39)": "is not among its values",
}

SHAPES = {
    "v.view(3)": "exactly the 2 elements",
    "v.reshape(3)": "exactly the 2 elements",
    "m.reshape(4, -1)": "exactly the 6 elements",
    "m.reshape()": "x.reshape(2, 3)",
    "m.view()": "x.view(()) for a single number",
    "m.expand()": "how large",
    "m.permute()": "x.permute(1, 0)",
    "s.reshape()": None,
    "s.permute()": None,
    "m.broadcast_to()": None,
    "m.reshape(sizes=(3, 2))": "x.reshape(shape=...)",
    "m.permute(shape=(1, 0))": "The one name it knows is dims",
    "m.reshape((3, 2), shape=(3, 2))": "by its name and without it",
    "m.reshape(-1, -1)": None,
    "m.reshape(-2, 3)": None,
    "m.t().view(6)": "reshape copies them where it must",
    "torch.zeros(0).reshape(0, -1)": None,
    "c.t()": None,
    "c.permute(0, 0, 1)": None,
    "c.permute(0, 1)": None,
    "v.mT": None,
    "m.sum(5)": None,
    "m.sum(keepdim=True)": "x.sum(dim, keepdim=True), with a dim from 0 to 1",
    "s.mean(keepdim=True)": "a dim from 0 to 0",
    "c.prod(keepdim=True)": "a dim from 0 to 2",
    "m.sum((0, 0))": None,
    "m.squeeze(5)": None,
    "m.unsqueeze(5)": None,
    "m.transpose(0, 5)": None,
    "c.flatten(2, 1)": None,
    "torch.cat([v, m])": None,
    "torch.cat([m, c[0]])": None,
    "torch.cat([])": None,
    "torch.cat([s, s])": None,
    "torch.stack([v, w])": None,
    "torch.stack([])": None,
    "torch.split(w, [1, 1])": None,
    "torch.split(w, -1)": None,
    "torch.split(s, 1)": None,
    "torch.chunk(w, 0)": None,
    "torch.unbind(s)": None,
}

PRODUCTS = {
    "m @ m": "the two must be equal",
    "torch.mm(m, m)": "the two must be equal",
    "v @ m.T": "the two must be equal",
    "c @ m": "the two must be equal",
    "m @ v": None,
    "v @ w": None,
    "s @ s": None,
    "m @ s": None,
    "c @ c": "one for each column",
    "torch.mm(v, m)": None,
    "torch.mm(m, v)": None,
    "torch.mv(m, m)": None,
    "torch.dot(m, m)": None,
    "torch.bmm(m, m)": None,
    "torch.bmm(c, m)": None,
    "torch.bmm(c, c)": "one for each column",
    "torch.nn.functional.linear(v, m)": "Linear(2, 2)",
    "torch.nn.functional.linear(s, m)": None,
    "torch.nn.functional.linear(m, d, v)": "layer.double()",
    "torch.nn.functional.linear(m, d)": ".to(minigrad.float32)",
}

INDEXING = {
    "w[5]": "This dim has 3 entries",
    "w[0, 0]": None,
    "w[0.5]": None,
    "w[torch.tensor([0.5])]": None,
    "v[torch.tensor([True])]": None,
    "s[0]": None,
    "s[:]": None,
    "w[::-1]": "cannot be walked backwards",
    "w[[5]]": "This dim has 3 entries",
    "m[[0, 1], [0, 1, 2]]": None,
    "w.clone().__setitem__(0, 'a')": "A number or a tensor can be written",
    "w.clone().__setitem__([0, 1], torch.ones(3))": None,
    "w.clone().__setitem__(0, torch.ones(3))": None,
}

ARGUMENTS = {
    "torch.relu([1.])": "Make a tensor of it first",
    "torch.exp(1.)": "Make a tensor of it first",
    "torch.add(v, [1.])": "Make a tensor of it first",
    "torch.maximum(v, 1.)": "Make a tensor of it first",
    "torch.matmul(m, 2)": "Make a tensor of it first",
    "torch.cat(m)": None,
    "torch.cat([m, 1])": None,
    "m.reshape('a')": None,
    "m.reshape(2, 3.)": None,
    "m.permute(0, 1.)": None,
    "m.flatten(1.)": None,
    "m.unsqueeze('a')": None,
    "v + None": None,
    "v + 'a'": None,
    "v * [1, 2]": None,
    "v @ 2": None,
    "v < None": None,
    "v.fill_([1])": None,
    "v.clone().fill_(m)": None,
    "v.type('nope')": None,
    "torch.zeros(2, dtype=5)": None,
    "torch.nn.functional.mse_loss(v, v, reduction='bogus')": None,
}

ERRORS = BROADCASTING | DTYPES | SHAPES | PRODUCTS | INDEXING | ARGUMENTS


def raised(expression: str) -> Exception:
    """The error that minigrad raises."""
    tensors = {name: minigrad.from_numpy(np.asarray(a).copy()) for name, a in INPUTS.items()}
    environment: dict[str, Any] = {"torch": minigrad, "nan": np.nan, **tensors}
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any: which one, is tested below
        eval(expression, environment)
    return caught.value


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("expression", ERRORS)
def test_the_error_is_pytorchs(expression: str) -> None:
    inputs = {name: np.asarray(a) for name, a in INPUTS.items()}
    check(expression, inputs, requires_grad=False)
    assert raised(expression)


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(
    ("expression", "note"), [(e, note) for e, note in ERRORS.items() if note is not None]
)
def test_the_note_says_what_to_do(expression: str, note: str) -> None:
    notes = getattr(raised(expression), "__notes__", [])
    assert any(note in text for text in notes), notes


def test_notes_are_sentences() -> None:
    for expression, note in ERRORS.items():
        if note is not None and "mse_loss" not in expression:
            for text in raised(expression).__notes__:
                assert text[0].isupper(), text
                assert text[-1] in ".!", text


def test_an_error_leaves_the_target_of_an_in_place_operation_alone() -> None:
    x = minigrad.ones(2)
    for write in (
        lambda: x.add_(minigrad.ones(3)),
        lambda: x.copy_(minigrad.ones(3)),
        lambda: x.__setitem__(5, 1.0),
        lambda: x.__setitem__(0, minigrad.ones(2)),
        lambda: x.fill_(minigrad.ones(2)),
    ):
        with pytest.raises((RuntimeError, IndexError)):
            write()
    assert x.tolist() == [1, 1]
    assert x._version == 0
