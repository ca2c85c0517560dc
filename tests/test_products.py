"""Products of vectors, matrices and batches, and norms: what is chosen, refused and propagated.

That each product is right, to the second order, is tested with the table of ops (test_ops.py).
"""

import itertools
import math

import numpy as np
import pytest
from both import in_both, raised

BATCHES = [(2,), (1, 2), (3, 2), (1, 3, 2), (2, 3, 2), (1, 1, 3, 2), (2, 1, 3, 2), (1, 1, 1)]
RANKS = [(), (2,), (2, 2), (1, 2, 2)]
OTHERS = [(2,), (2, 4), (1, 2, 4), (2, 2, 4), (1, 3, 4), (2, 3, 4), (1, 2, 2, 4), (3, 4)]


@pytest.mark.parametrize("b", OTHERS, ids=str)
@pytest.mark.parametrize("a", BATCHES, ids=str)
@in_both
def test_shapes_names_versions_and_refusals(torch, a, b):
    """PyTorch folds batches, or does not, by what requires grad: errors and names tell."""
    ends = []
    for left, right in itertools.product([False, True], repeat=2):
        x, y = torch.ones(a, requires_grad=left), torch.ones(b, requires_grad=right)
        try:
            product = x @ y
        except RuntimeError as error:
            ends.append(error)
        else:
            ends.append((product.shape, product.grad_fn, product._version))
    return ends


@in_both
def test_the_elements_of_a_product_lie_in_order(torch):
    found = []
    for rows, inner, columns in itertools.product([1, 2, 3, 5], repeat=3):
        a, b = torch.ones(rows, inner), torch.ones(inner, columns)
        lefts, rights = (a, torch.ones(inner, rows).t()), (b, torch.ones(columns, inner).t())
        found += [(x @ y).stride() for x in lefts for y in rights]
    return found


@pytest.mark.parametrize("sizes", [(2, 300), (60, 300), (150, 300), (16, 80), (80, 30)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@in_both
def test_rows_times_a_matrix(torch, dtype, sizes):
    """Whole numbers, so that no order of addition rounds. Each size takes another way."""
    kind, (rows, n) = getattr(torch, dtype), sizes
    x = torch.arange(rows * n).view(rows, n).remainder(7).sub(3).to(kind)
    w = torch.arange(n * n).view(n, n).remainder(11).sub(5).to(kind)
    ends = [x @ w.t(), x @ w, x.t().contiguous().t() @ w.t()]
    if dtype != "int64":
        ends += [torch.nn.functional.linear(x, w, bias) for bias in (None, w[7])]
    return ends, [y.stride() for y in ends]


@pytest.mark.parametrize("number", [0.0, 1.0, math.inf, math.nan])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("shapes", [((1, 1), (1, 3)), ((3, 1), (1, 1)), ((1,), (1, 3))], ids=str)
@in_both
def test_a_single_number_as_a_matrix_loses_no_nan(torch, shapes, place, number):
    factors = [torch.full(shape, 2.0) for shape in shapes]
    factors[place][..., 0] = number
    factors[1 - place].view(-1)[:3] = torch.tensor([math.inf, math.nan, 1.0])[
        : factors[1 - place].numel()
    ]
    return factors[0] @ factors[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@in_both
def test_the_sign_of_a_zero_in_a_product_of_one_term(torch, dtype):
    """A column times a row keeps it; with a single number in one of them it is lost."""
    numbers = torch.tensor([0.0, -3.0, -0.0, 2.0] * 6, dtype=getattr(torch, dtype))
    products = []
    for rows, columns in itertools.product([1, 2, 3, 9], repeat=2):
        column, row = numbers[:rows].view(rows, 1), numbers[1 : columns + 1].view(1, columns)
        transpose = numbers[: 2 * rows].view(rows, 2).t().contiguous().t()[:, :1]
        products += [column @ row, transpose @ row, column.view(-1)[:1] @ row]
    return [np.signbit(product.numpy()).tolist() for product in products]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@in_both
def test_the_sign_of_a_zero_in_a_sum_of_products(torch, dtype):
    """A sum begins with 0, so that it is never -0, also of nothing but -0."""
    found = []
    for rows, inner, columns in itertools.product([1, 2, 3], [2, 3, 4, 7], [1, 2, 3]):
        a = torch.full((rows, inner), -0.0, dtype=getattr(torch, dtype))
        b = torch.ones((inner, columns), dtype=a.dtype)
        found += [a @ b, a[0] @ b, a @ b.t().contiguous().t()]
    return [np.signbit(product.numpy()).tolist() for product in found]


@pytest.mark.parametrize("shape", [(2,), (1, 2), (3, 2)], ids=str)
@in_both
def test_the_zeros_of_a_dead_unit(torch, shape):
    """They are printed with their signs."""
    layer = torch.nn.Linear(2, 1)
    x = torch.tensor([-1.0, 2.0]).expand(shape).clone().requires_grad_()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0]]))
        layer.bias.zero_()
    torch.relu(layer(x)).sum().backward()
    return str([layer.weight.grad, layer.bias.grad, x.grad])


@in_both
def test_a_gradient_of_a_layer_loses_no_nan(torch):
    w = torch.ones(1, 3, requires_grad=True)
    x = torch.tensor([[0.0, math.inf, 1.0]], requires_grad=True)
    torch.nn.functional.linear(x, w).backward(torch.tensor([[0.0]]))
    return w.grad, x.grad


@pytest.mark.parametrize("other", RANKS, ids=str)
@pytest.mark.parametrize("shape", RANKS, ids=str)
@in_both
def test_what_mv_refuses(torch, shape, other):
    a, v = torch.ones(shape), torch.ones(other)
    return raised(a.mv, v)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(2,), (1, 2), (3, 2), (1, 3, 2)], ids=str)
@in_both
def test_the_version_of_a_layers_output(torch, shape, bias):
    w = torch.ones(4, 2, requires_grad=True)
    y = torch.nn.functional.linear(torch.ones(shape), w, torch.ones(4) if bias else None)
    before = y._version
    (y * y).sum().backward()  # y has not changed since
    y.detach().add_(1)
    return before, y._version, w.grad, np.shape(y.detach())


@in_both
def test_a_row_times_a_matrix_has_no_version_in_inference_mode(torch):
    with torch.inference_mode():
        y = torch.ones(2) @ torch.ones(2, 3)
        return raised(lambda: y._version), y


@pytest.mark.parametrize("weight", [(2, 3, 3), (1, 2, 3, 3)], ids=str)
@pytest.mark.parametrize("x", [(3,), (2, 3), (2, 2, 3)], ids=str)
@in_both
def test_a_weight_is_a_matrix(torch, x, weight):
    return [
        raised(torch.nn.functional.linear, torch.ones(x), torch.ones(weight), bias)
        for bias in (None, torch.ones(2))
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@in_both
def test_the_norm_of_a_vector_is_added_in_pytorchs_order(torch, dtype):
    torch.manual_seed(0)
    vectors = [torch.randn(n, dtype=getattr(torch, dtype)) for n in [*range(1, 70), 1000]]
    matrices = [torch.randn(n, 5, dtype=getattr(torch, dtype)) for n in range(1, 20)]
    return [x.norm() for x in [*vectors, *matrices]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@in_both
def test_clipping_by_the_norm_has_pytorchs_bits(torch, dtype):
    torch.manual_seed(0)
    ends = []
    for sizes in itertools.product([(1, 1), (3, 2), (7, 1), (5, 13)], [(1,), (3,), (64,)]):
        params = [torch.zeros(size, dtype=getattr(torch, dtype)) for size in sizes]
        for p in params:
            p.grad = torch.randn(p.shape, dtype=p.dtype)
        ends += [torch.nn.utils.clip_grad_norm_(params, 0.5), [p.grad for p in params]]
    return ends
