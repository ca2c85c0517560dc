"""Half precision, complex numbers and small integers are refused at every door, with a lesson.

A door is wherever a dtype, an array of NumPy or a number comes in. (DEVIATIONS.md, dtypes.)
"""

import numpy as np
import pytest

import minigrad as torch

KINDS = [np.float16, np.complex64, np.uint8, np.dtype("complex128"), np.dtype("float16"), "float16"]

OF_A_DTYPE = """
torch.zeros(2, dtype=k) | torch.ones(2, dtype=k) | torch.empty(2, dtype=k) | torch.eye(2, dtype=k)
torch.full((2,), 1, dtype=k) | torch.arange(2, dtype=k) | torch.linspace(0, 1, 2, dtype=k)
torch.rand(2, dtype=k) | torch.randn(2, dtype=k) | torch.randint(0, 2, (2,), dtype=k)
torch.randperm(2, dtype=k) | torch.tensor([1], dtype=k)
torch.as_tensor([1], dtype=k) | torch.zeros_like(x, dtype=k) | torch.ones_like(x, dtype=k)
torch.full_like(x, 1, dtype=k) | torch.empty_like(x, dtype=k) | torch.rand_like(x, dtype=k)
torch.randn_like(x, dtype=k) | torch.randint_like(x, 2, dtype=k) | x.new_zeros(2, dtype=k)
x.new_ones(2, dtype=k) | x.new_full((2,), 1, dtype=k) | x.new_tensor([1], dtype=k)
x.new_empty(2, dtype=k) | x.to(dtype=k) | x.type(k) | x.sum(dtype=k) | x.mean(dtype=k)
x.prod(dtype=k) | x.softmax(0, dtype=k) | torch.log_softmax(x, 0, dtype=k) | x.norm(dtype=k)
net.to(dtype=k) | net.type(k) | torch.nn.Linear(2, 2, dtype=k) | torch.promote_types(k, torch.bool)
torch.can_cast(k, torch.float32)
""".replace("\n", " | ")[3:-3].split(" | ")

ARRAYS = {
    kind: np.ones(2, kind) for kind in ("float16", "complex64", "uint8", "int16", "longdouble")
} | {"text": np.array(["a", "b"]), "object": np.ones(2, object)}

OF_AN_ARRAY = """
torch.tensor(k) | torch.as_tensor(k) | torch.from_numpy(k) | torch.Tensor(k) | x + k | k + x | x * k
k - x | x / k | k / x | x ** k | k ** x | x // k | x % k | x == k | k == x | x < k | torch.add(x, k)
torch.where(m, k, x) | x.add_(k) | x.copy_(k) | x.clamp(k) | np.add(x, k) | np.add(k, x)
x.new_tensor(k) | np.matmul(x, k) | x @ k | k @ x | x.backward(k) | torch.cat([x, k])
torch.nn.functional.linear(x, k) | torch.nn.Parameter(k) | torch.dot(x, k) | torch.maximum(x, k)
""".replace("\n", " | ")[3:-3].split(" | ")

OF_A_NUMBER = """
torch.tensor(1j) | torch.tensor([1j]) | torch.as_tensor(1j) | x + 1j
1j + x | x * 1j | x - 1j | 1j - x | x / 1j | 1j / x | x // 1j | x % 1j | x ** 1j | 1j ** x | x == 1j
x < 1j | torch.add(x, 1j) | torch.add(x, 1, alpha=1j) | torch.full((2,), 1j) | x.fill_(1j)
torch.full_like(x, 1j) | x.__setitem__(0, 1j) | x.clamp(1j) | torch.where(m, 1j, x)
torch.arange(1j) | torch.arange(0, 1j) | torch.linspace(0, 1j, 2) | x.new_full((2,), 1j)
torch.nn.functional.leaky_relu(x, 1j) | x.norm(1j) | torch.optim.SGD([x], lr=1j)
torch.optim.SGD([x], lr=0.1, momentum=1j) | torch.optim.SGD([x], lr=0.1, weight_decay=1j)
torch.nn.init.constant_(x, 1j) | torch.nn.init.uniform_(x, 0, 1j)
torch.nn.init.normal_(x, 1j) | x.uniform_(0, 1j) | x.normal_(0, 1j) | torch.isclose(x, x, rtol=1j)
torch.allclose(x, x, atol=1j) | x.var(correction=1j) | torch.maximum(x, 1j) | torch.pow(1j, x)
torch.nn.utils.clip_grad_norm_([x], 1j) | torch.nn.utils.clip_grad_value_([x], 1j)
""".replace("\n", " | ")[3:-3].split(" | ")


def check_refused(door: str, k: object = None) -> None:
    x, m, net = torch.ones(2), torch.tensor([True, False]), torch.nn.Linear(2, 2)
    with pytest.raises((TypeError, RuntimeError, ValueError, AttributeError)) as caught:
        eval(door, {"torch": torch, "np": np, "x": x, "m": m, "net": net, "k": k})
    assert "\n".join(getattr(caught.value, "__notes__", [])), "no note"
    assert x.tolist() == [1, 1], "something was written"
    assert net.weight.dtype is torch.float32


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("door", OF_A_DTYPE)
def test_a_dtype_that_is_not_here(door: str, kind: object) -> None:
    check_refused(door, kind)


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("door", OF_AN_ARRAY)
def test_an_array_of_such_a_dtype(door: str, kind: str) -> None:
    check_refused(door, ARRAYS[kind])


@pytest.mark.parametrize("door", OF_A_NUMBER)
def test_a_complex_number(door: str) -> None:
    check_refused(door)
