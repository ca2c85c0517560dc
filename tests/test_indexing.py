"""x[index] and x[index] = value against PyTorch, with random indices of every kind.

The rows x[...] of op_cases.py say what each kind of index does. Here indices are drawn, written to,
and looked at from NumPy, from which PyTorch differs in one place.
"""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Array, check

import minigrad

each = pytest.mark.parametrize
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def assigned(index: str, value: str) -> str:
    """An expression that writes into a copy of x, and is the copy."""
    return f"[y := x.clone(), y.__setitem__(np.s_[{index}], {value}), y][-1]"


# ---- random indices -----------------------------------------------------------------------------


def written(values: Any) -> str:
    return f"torch.tensor({values.tolist()})" if isinstance(values, np.ndarray) else repr(values)


@st.composite
def basic_item(draw: st.DrawFn, size: int) -> str:
    """An integer or a slice for one dim, now and then out of range."""
    if draw(st.booleans()):
        return str(draw(st.integers(-size - 1, size)))
    parts = [draw(st.none() | st.integers(-size - 1, size + 1)) for _ in range(2)]
    start, stop = ("" if part is None else part for part in parts)
    step = draw(st.sampled_from(["", ":1", ":2", ":3"]))
    return f"{start}:{stop}{step}"


@st.composite
def advanced_item(draw: st.DrawFn, size: int, count: int) -> str:
    """`count` integers (or one, which broadcasts), or a mask that picks as many."""
    if draw(st.booleans()):
        mask = np.zeros(size, bool)
        mask[draw(st.permutations(range(size)))[:count]] = True
        return written(mask)
    length = draw(st.sampled_from([count, 1]))
    return written(np.array([draw(st.integers(-size, size - 1)) for _ in range(length)]))


@st.composite
def any_index(draw: st.DrawFn, shape: tuple[int, ...] = CUBE.shape) -> str:
    """An index of several parts, among them None and an ellipsis."""
    taken = draw(st.integers(0, len(shape)))
    front = draw(st.integers(0, taken))  # how many of the parts stand before the ellipsis
    sizes = [*shape[:front], *shape[len(shape) - (taken - front) :]][:taken]
    count = draw(st.integers(1, 2))
    items = [
        draw(st.one_of(basic_item(size), basic_item(size), advanced_item(size, count)))
        for size in sizes
    ]
    items.insert(front, "...")
    if taken == front and draw(st.booleans()):
        items.remove("...")
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), "None")
    return ", ".join(items) if items else "()"


@given(any_index())
def test_any_index_picks_what_pytorch_picks_and_sends_gradients_back(index: str) -> None:
    check(f"x[{index}]", {"x": CUBE})


@given(any_index(), st.sampled_from(["7", "2.5", "True"]))
def test_a_number_is_written_to_any_index(index: str, number: str) -> None:
    check(assigned(index, number), {"x": CUBE})


@given(any_index(), st.sampled_from([(), (1,), (4,), (2,), (3, 1), (1, 1, 1, 1), (2, 1, 4)]))
def test_a_tensor_is_written_to_any_index_if_it_broadcasts(
    index: str, shape: tuple[int, ...]
) -> None:
    value = np.arange(100, 100 + int(np.prod(shape)), dtype=np.float32).reshape(shape)
    check(assigned(index, "v"), {"x": CUBE, "v": value})


@given(any_index())
def test_writing_back_what_was_read_changes_nothing(index: str) -> None:
    x = minigrad.from_numpy(CUBE.copy())
    try:
        picked = eval(f"x[{index}]", {"x": x, "torch": minigrad})
    except (IndexError, ValueError):
        return  # out of range: the texts are compared above
    exec(f"x[{index}] = picked", {"x": x, "picked": picked, "torch": minigrad})
    assert x.tolist() == CUBE.tolist()


# ---- kinds of index that a row of the table cannot write ----------------------------------------


@each(
    "index",
    [
        "np.int64(1)", "np.array(1)", "np.array([0, 1])", "np.array([[0], [1]])", "np.array([0.5])",
        "np.array([True, False])", "np.array(True)", "np.True_", "np.float64(1)",
        "slice(np.int64(1), None)", "slice(torch.tensor(1), None)",
        "slice(torch.tensor([1]), None)", "slice(torch.tensor(1.), None)", "[np.array([0, 1])]",
        "[torch.tensor(0), torch.tensor(1)]", "[slice(1)]", "[...]", "[None, 0]", "object", "b'a'",
        "torch.tensor(0.5)", "torch.tensor([])",
    ],
)  # fmt: skip
def test_an_index_of_numpys_or_an_odd_kind(index: str) -> None:
    check(f"x[{index}]", {"x": CUBE})


@each(
    "index",
    ["0", "-1", "()", "...", "None", "0, 0", "None, 0", ":", "...", "True", "False", "[0]", "[]"],
)
def test_a_0_d_tensor_has_no_dim_to_index(index: str) -> None:
    check(f"x[{index}]", {"x": np.array(2.0, np.float32)})


# ---- writing ------------------------------------------------------------------------------------


@each(
    ("index", "value"),
    [
        ("0", "[1., 2.]"), ("0", "(1.,)"), ("0", "'a'"), ("0", "None"), ("0", "{}"),
        ("0", "np.ones(4)"), ("0", "np.float64(2)"), ("0", "torch.ones(1, 1, 3, 4)"),
        ("0", "torch.ones(2, 3, 4)"), ("0", "torch.ones(5)"),
        ("0", "torch.ones(3, 4, dtype=torch.float64)"), ("0", "torch.tensor(3)"),
        ("[0, 1]", "torch.ones(3, 4, dtype=torch.float64)"), ("[0, 1]", "torch.ones(5)"),
        ("[0, 1]", "torch.tensor(1)"), ("[0, 1]", "torch.ones(1, 1, 1, 3, 4)"), ("[0, 1]", "2.5"),
        ("x > 3", "0"), ("x > 3", "torch.ones(3)"), ("x > 30", "torch.ones(0)"),
        ("x > 30", "torch.ones(2)"), ("x > 3", "torch.tensor([1])"), ("...", "5"), ("()", "5"),
        ("None", "5"), ("0, 0, 0, 0", "1"), ("0, 0, 0", "torch.tensor([5.])"),
        ("0, 0, 0", "torch.tensor([5., 6.])"), ("1.0", "1"), ("5", "1"), ("::-1", "0"),
        ("[5]", "0"), ("0", "1e39"), ("0", "2**63"), ("0", "inf"), ("True", "3"),
        ("0, :, [0, 1]", "torch.zeros(3, 2)"), ("slice(None), [0, 1]", "torch.zeros(2, 2, 4)"),
    ],
)  # fmt: skip
def test_what_can_be_written_where(index: str, value: str) -> None:
    check(assigned(index, value), {"x": CUBE})


@each(
    "value",
    ["1.9", "torch.tensor(1.9)", "2**40", "2**31", "True", "nan", "inf", "torch.tensor(2**40)"],
)
@each("dtype", ["int64", "int32", "bool"])
def test_numbers_are_written_into_integers_as_c_writes_them(dtype: str, value: str) -> None:
    check(assigned("0", value), {"x": np.zeros(3, dtype)})
    check(assigned("[0, 1]", value), {"x": np.zeros(3, dtype)})


def test_where_a_place_is_written_twice_the_last_value_stays() -> None:
    x = minigrad.zeros(3)
    x[[0, 0, 1]] = minigrad.tensor([1.0, 2.0, 3.0])
    assert x.tolist() == [2, 3, 0]


def test_a_place_that_is_read_twice_receives_both_gradients() -> None:
    x = minigrad.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x[[0, 0, 1]].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 1, 0]


def test_what_was_overwritten_has_gradient_zero_and_what_was_written_has_it_instead() -> None:
    x, v = (minigrad.ones(3, requires_grad=True) for _ in range(2))
    y = x * 2
    y[1:] = v[1:] * 3
    y.sum().backward()
    assert x.grad is not None
    assert v.grad is not None
    assert (x.grad.tolist(), v.grad.tolist()) == ([2, 0, 0], [0, 3, 3])


def test_an_integer_makes_a_view_and_a_list_a_copy() -> None:
    x = minigrad.zeros(2, 2)
    row, copy = x[0], x[[0]]
    x[0, 0] = 5
    assert row.tolist() == [5, 0]
    assert copy.tolist() == [[0, 0]]
    row[1] = 7
    assert x.tolist() == [[5, 7], [0, 0]]


def test_one_element_of_a_vector_is_a_view_too() -> None:
    x = minigrad.zeros(3)
    element = x[1]
    element.add_(4)
    assert x.tolist() == [0, 4, 0]


@each("library", [minigrad, torch], ids=["minigrad", "torch"])
def test_an_overlapping_assignment_over_whole_rows_is_as_if_copied_first(library: Any) -> None:
    x = library.arange(6.0)
    x[:3] = x[3:].clone() + x[:3]
    assert x.tolist() == [3, 5, 7, 3, 4, 5]


# ---- beside NumPy -------------------------------------------------------------------------------


def test_an_integer_beside_a_list_is_used_up_first_unlike_in_numpy() -> None:
    assert CUBE[0, :, [0, 1]].shape == (2, 3)
    assert minigrad.from_numpy(CUBE)[0, :, [0, 1]].shape == (3, 2)
    assert torch.from_numpy(CUBE)[0, :, [0, 1]].shape == (3, 2)


NUMPY_LIKE = st.sampled_from(["...", "1", "-1", ":", "1:", "::2", "None", "[0, 1]", "[[0], [1]]"])


@given(st.lists(NUMPY_LIKE, max_size=3))
def test_elsewhere_an_index_means_what_it_means_in_numpy(items: list[str]) -> None:
    lists = [item for item in items if item.startswith("[")]
    assume(items.count("...") < 2 and not (lists and {"1", "-1"} & set(items)))
    index = f"{', '.join(items)}," if items else "()"

    def picked(x: Any) -> Array:
        return np.asarray(eval(f"x[{index}]", {"x": x}))

    assert np.array_equal(picked(minigrad.from_numpy(CUBE)), picked(CUBE))
