"""Tensors print as torch prints them, with the word minigrad where torch says torch.

The word is three letters longer, so where a dtype is printed a line may break earlier than
torch's. Those texts are compared with the breaks between the remarks taken out; that the breaks
come where our own word needs them is tested apart, against a torch remark of the same length.
"""

import re
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import printing

CORNERS = [0.0, -0.0, 1.0, -2.0, 1.5, 0.1, 1e-4, 9.9e-5, 1000.5, 1e5, 99999.5, 1e8, 1.1e8, 3e38]
SPECIAL = [np.nan, np.inf, -np.inf]


@contextmanager
def print_options(**given):
    """The same options for minigrad and torch, and the defaults again afterwards."""
    try:
        for library in (printing, torch):
            library.set_printoptions(**given)
        yield
    finally:
        for library in (printing, torch):
            library.set_printoptions(profile="default")


def torch_text(array, requires_grad=False):
    return repr(torch.tensor(array, requires_grad=requires_grad)).replace("torch.", "minigrad.")


def without_breaks_between_remarks(text):
    return re.sub(r",\s+(size|dtype|grad_fn|requires_grad)=", r", \1=", text)


def floats(dtype):
    """Numbers of one family: any, everyday ones, whole ones, the corners of the rules."""
    families = st.sampled_from(
        [
            st.floats(width=np.dtype(dtype).itemsize * 8),
            st.floats(-100, 100),
            st.integers(-2000, 2000),
            st.sampled_from(CORNERS),
            st.sampled_from([*CORNERS[:5], *SPECIAL]),
        ]
    )
    return families.map(lambda family: family.map(lambda x: np.dtype(dtype).type(x).item()))


def integers(dtype):
    limits = np.iinfo(dtype)
    return st.sampled_from([st.integers(-9, 9), st.integers(limits.min, limits.max)])


FAMILIES = {
    "float32": floats("float32"),
    "float64": floats("float64"),
    "int64": integers("int64"),
    "int32": integers("int32"),
    "bool": st.just(st.booleans()),
}


@st.composite
def arrays(draw, dtypes=tuple(FAMILIES), min_side=0):
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=min_side, max_side=8))
    return draw(hnp.arrays(dtype, shape, elements=draw(FAMILIES[dtype])))


options = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 9),
        "threshold": st.sampled_from([0, 5, 30, 1000, float("inf")]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.integers(1, 140),
        "profile": st.sampled_from(["default", "short", "full", "no such profile"]),
        "sci_mode": st.sampled_from([True, False, None]),
    },
)


# ---- against torch


@settings(deadline=None)
@given(arrays(dtypes=["float32", "int64", "bool"], min_side=1), options)
def test_text_is_torchs_to_the_last_break(array, given_options):
    with print_options(**given_options):
        assert printing.describe(array) == torch_text(array)


@settings(deadline=None)
@given(arrays(), options)
def test_text_of_every_dtype_and_of_empty_tensors_is_torchs(array, given_options):
    with print_options(**given_options):
        ours, theirs = printing.describe(array), torch_text(array)
    assert without_breaks_between_remarks(ours) == without_breaks_between_remarks(theirs)


@settings(deadline=None, max_examples=50)
@given(arrays(dtypes=["float32"], min_side=1), st.integers(20, 100))
def test_where_a_tensor_comes_from_is_said_as_torch_says_it(array, linewidth):
    leaf = torch.tensor(array, requires_grad=True)
    with print_options(linewidth=linewidth):
        assert printing.describe(array, requires_grad=True) == repr(leaf)
        made = printing.describe(array, grad_fn="MulBackward0", requires_grad=True)
        assert made == repr(leaf * 1)


@pytest.mark.parametrize("edgeitems", [0, 3])
@pytest.mark.parametrize("shape", [(), (1,), (9,), (12, 30), (2, 2, 2)])
def test_numbers_and_remarks_break_where_torchs_do_at_every_width(shape, edgeitems):
    made = torch.full(shape, -0.25, requires_grad=True) * 1
    array = made.detach().numpy()
    for linewidth in range(1, 100):
        with print_options(linewidth=linewidth, edgeitems=edgeitems):
            assert printing.describe(array, grad_fn="MulBackward0") == repr(made)


@pytest.mark.parametrize("edgeitems", [0, 1, 2, 3])
@pytest.mark.parametrize("shape", [(), (6,), (7,), (3, 3), (2, 4, 6), (1, 1, 7), (7, 1, 1, 1)])
@pytest.mark.parametrize("threshold", [0, 7])
def test_what_a_summary_leaves_out_is_what_torch_leaves_out(shape, edgeitems, threshold):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    with print_options(threshold=threshold, edgeitems=edgeitems):
        assert printing.describe(array) == torch_text(array)


@settings(deadline=None, max_examples=50)
@given(arrays(dtypes=["float32"], min_side=1), st.integers(20, 100))
def test_a_dtype_moves_to_a_new_line_where_torch_would_move_a_remark_as_long(array, linewidth):
    of_torch, of_ours = "grad_fn=<MulBackward0>", "dtype=minigrad.float64"
    assert len(of_torch) == len(of_ours)
    made = torch.tensor(array, requires_grad=True) * 1
    with print_options(linewidth=linewidth):
        ours = printing.describe(array.astype("float64"))
        assert ours == repr(made).replace(of_torch, of_ours)


@settings(deadline=None)
@given(st.lists(options, max_size=4))
def test_options_add_up_as_torchs_do(calls):
    with print_options():
        for call in calls:
            for library in (printing, torch):
                library.set_printoptions(**call)
        assert vars(printing.options) == torch._tensor_str.get_printoptions()


@pytest.mark.parametrize("spec", ["", ".3f", "10.2e", ">12", "g", "%"])
@pytest.mark.parametrize("value", [16.0, 1.2345678, -0.0, np.nan, np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_in_an_f_string_a_tensor_without_dimensions_is_its_number(value, dtype, spec):
    array = np.array(value, dtype)
    assert printing.plain_number(array, spec) == format(torch.tensor(array), spec)


@pytest.mark.parametrize("value", [7, True])
def test_in_an_f_string_whole_numbers_and_truths_stay_what_they_are(value):
    assert printing.plain_number(np.array(value), "") == f"{torch.tensor(value)}" == str(value)


# ---- as a reader sees it; each text is also torch's

EXAMPLES = [
    (np.float32(16.0), "tensor(16.)"),
    (np.float32([1, 2]), "tensor([1., 2.])"),
    (np.float32([1.5, 22.25]), "tensor([ 1.5000, 22.2500])"),
    (np.float32([0.0001]), "tensor([1.0000e-04])"),
    (np.float64([0.0001]), "tensor([0.0001], dtype=minigrad.float64)"),
    (np.float32([1000, 1]), "tensor([1000.,    1.])"),
    (np.float32([1e8]), "tensor([100000000.])"),
    (np.float32([1000.5, 1.0]), "tensor([1.0005e+03, 1.0000e+00])"),
    (np.float32([99999.5]), "tensor([99999.5000])"),
    (np.float32([np.inf, 1, 2]), "tensor([inf, 1., 2.])"),
    (np.float32([np.nan, 1.5]), "tensor([   nan, 1.5000])"),
    (np.float32([-0.0, 0.0]), "tensor([-0., 0.])"),
    (np.array([True, False]), "tensor([ True, False])"),
    (np.array([[1, -20], [3, 4]]), "tensor([[  1, -20],\n        [  3,   4]])"),
    (np.float32([[[1]], [[2]]]), "tensor([[[1.]],\n\n        [[2.]]])"),
    (np.float64([0.5]), "tensor([0.5000], dtype=minigrad.float64)"),
    (np.zeros(0, "float32"), "tensor([])"),
    (np.zeros(0, "int64"), "tensor([], dtype=minigrad.int64)"),
    (np.zeros((0, 3), "float32"), "tensor([], size=(0, 3))"),
    (np.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
]


@pytest.mark.parametrize(("array", "text"), EXAMPLES, ids=[text for _, text in EXAMPLES])
def test_example(array, text):
    assert printing.describe(np.asarray(array)) == text == torch_text(array)


def test_a_remark_that_does_not_fit_moves_below_the_numbers():
    array = np.full(9, 0.25, "float32")
    text = printing.describe(array, grad_fn="MulBackward0")
    assert text.splitlines()[-1] == "       grad_fn=<MulBackward0>)"


def test_lines_are_indented_by_the_prefix():
    text = printing.describe(np.eye(2, dtype="float32"), prefix="Weights(")
    assert text == "Weights([[1., 0.],\n         [0., 1.]])"


# ---- rules of our own


def test_a_summary_looks_only_at_what_it_shows():
    trillion = np.broadcast_to(np.float32(1), (10**6, 10**6))
    assert printing.describe(trillion).count("1.") == 6 * 6


@settings(deadline=None, max_examples=30)
@given(arrays())
def test_printing_changes_nothing(array):
    before = array.tobytes()
    printing.describe(array)
    assert array.tobytes() == before


def test_each_call_sets_the_notation_and_keeps_the_rest():
    with print_options(precision=2, sci_mode=True):
        assert printing.describe(np.float32([1.5])) == "tensor([1.50e+00])"
        printing.set_printoptions(linewidth=70)
        assert printing.describe(np.float32([1.5])) == "tensor([1.50])"
