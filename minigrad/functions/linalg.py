"""Products of vectors and matrices, with PyTorch's checks."""

from __future__ import annotations

import math
from typing import Any

from minigrad import ops
from minigrad.autograd.graph import stamp_of
from minigrad.functions import checks
from minigrad.functions.elementwise import mul
from minigrad.functions.shape import contiguous, expand, matrix_transpose, reshape, squeeze
from minigrad.notes import noted
from minigrad.tensor import Tensor

__all__ = ["addmm", "bmm", "dot", "matmul", "mm", "mv", "outer"]


def dot(input: Any, other: Any) -> Tensor:
    """Σ aᵢ bᵢ of two vectors of one length."""
    a, b = checks.tensor(input, "dot"), checks.tensor(other, "dot", "tensor", 2)
    if a.array.ndim != 1 or b.array.ndim != 1:
        raise noted(
            RuntimeError(
                f"1D tensors expected, but got {a.array.ndim}D and {b.array.ndim}D tensors"
            ),
            "dot multiplies two vectors pairwise, and these have shapes "
            f"{list(a.array.shape)} and {list(b.array.shape)}. Write a @ b for a product of "
            "matrices, or x.flatten() for a vector.",
        )
    if a.array.dtype != b.array.dtype:
        raise noted(
            RuntimeError(
                f"dot : expected both vectors to have same dtype, but found {a.dtype.title} and "
                f"{b.dtype.title}"
            ),
            f"Products do not convert. Write b.to({a.dtype}).",
        )
    checks.not_for_bools("dot", a, b)
    if a.array.shape != b.array.shape:
        raise noted(
            RuntimeError(
                f"inconsistent tensor size, expected tensor {list(a.array.shape)} and src "
                f"{list(b.array.shape)} to have the same number of elements, but got "
                f"{a.array.size} and {b.array.size} elements respectively"
            ),
            f"dot multiplies pairwise, and here are {a.array.size} and {b.array.size} numbers.",
        )
    return ops.dot(a, b)


def outer(input: Any, vec2: Any) -> Tensor:
    """aᵢ bⱼ of two vectors: a matrix. Dtypes promote."""
    a, b = checks.tensor(input, "outer"), checks.tensor(vec2, "outer", "vec2", 2)
    for v, name in ((a, "self"), (b, "vec2")):
        if v.array.ndim != 1:
            raise noted(
                RuntimeError(f"outer: Expected 1-D argument {name}, but got {v.array.ndim}-D"),
                f"The shape is {list(v.array.shape)}. Write .flatten() after it to take all of its "
                "elements, or a[:, None] * b for a product of your own.",
            )
    return mul(reshape(a, (a.array.size, 1)), b)


def mm(input: Any, mat2: Any) -> Tensor:
    """The product of two matrices, (n, k) and (k, m)."""
    a, b = checks.tensor(input, "mm"), checks.tensor(mat2, "mm", "mat2", 2)
    if a.array.ndim != 2:
        raise noted(
            RuntimeError("self must be a matrix"),
            f"The left side has shape {list(a.array.shape)}. Write a @ b, which takes "
            "vectors and batches as well, or a.unsqueeze(0) for one row.",
        )
    if b.array.ndim != 2:
        raise noted(
            RuntimeError("mat2 must be a matrix"),
            f"The right side has shape {list(b.array.shape)}. Write a @ b, which takes "
            "vectors and batches as well, or b.unsqueeze(1) for one column.",
        )
    return matrix_product(a, b)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta input + alpha mat1 mat2: matrices (n, k) and (k, m), and what expands to (n, m).

    With beta = 0 the input does not count, not even its NaN. All of one dtype.
    """
    c, a = checks.tensor(input, "addmm"), checks.tensor(mat1, "addmm", "mat1", 2)
    b = checks.tensor(mat2, "addmm", "mat2", 3)
    checks.number(beta, "addmm", "beta")
    checks.number(alpha, "addmm", "alpha")
    for m, name in ((a, "mat1"), (b, "mat2")):
        if m.array.ndim != 2:
            raise noted(
                RuntimeError(f"{name} must be a matrix, got {m.array.ndim}-D tensor"),
                f"{name} has shape {list(m.array.shape)}. Write c + a @ b, which takes vectors and "
                "batches as well.",
            )
    if a.array.shape[1] != b.array.shape[0]:
        raise unequal_inner(a.array.shape, b.array.shape)
    same_dtypes(c, a, b)
    checks.not_for_bools("addmm_impl_cpu_", a)
    c = expand(c, (a.array.shape[0], b.array.shape[1]))
    return ops.addmm(c, a, b, beta, alpha)


def same_dtypes(c: Tensor, a: Tensor, b: Tensor) -> None:
    """One dtype for the three of addmm: RuntimeError."""
    for other, name in ((c, "self"), (a, "mat1")):
        text = (
            f"{name} and mat2 must have the same dtype, but got {other.dtype.title} and "
            f"{b.dtype.title}"
        )
        checks.same_dtype(other, b, text)


def mv(input: Any, vec: Any) -> Tensor:
    """The product of a matrix and a vector, (n, k) and (k,)."""
    a, v = checks.tensor(input, "mv"), checks.tensor(vec, "mv", "vec", 2)
    if a.array.ndim == 0:
        checks.real_dim(0, 0)
    if a.array.ndim != 2 or v.array.ndim != 1:
        raise noted(
            RuntimeError(
                f"vector + matrix @ vector expected, got 1, {a.array.ndim}, {v.array.ndim}"
            ),
            f"mv takes a matrix and a vector, and these have shapes {list(a.array.shape)} "
            f"and {list(v.array.shape)}. Write a @ b for other products.",
        )
    return matrix_vector(a, v)


def bmm(input: Any, mat2: Any) -> Tensor:
    """The products of two batches of matrices, (b, n, k) and (b, k, m)."""
    a, b = checks.tensor(input, "bmm"), checks.tensor(mat2, "bmm", "mat2", 2)
    if a.array.ndim != 3:
        raise noted(
            RuntimeError("batch1 must be a 3D tensor"),
            f"The left side has shape {list(a.array.shape)}, and bmm takes batches of "
            "matrices. Write a @ b for other products.",
        )
    if b.array.ndim != 3:
        raise noted(
            RuntimeError("batch2 must be a 3D tensor"),
            f"The right side has shape {list(b.array.shape)}, and bmm takes batches of "
            "matrices. Write a @ b for other products.",
        )
    (batch, _, inner), (batch2, inner2, _) = a.array.shape, b.array.shape
    if batch != batch2 or inner != inner2:
        raise unequal_batches((batch, inner), (batch2, inner2))
    same_scalar_type(a, b)
    return ops.bmm(a, b)


def matmul(input: Any, other: Any) -> Tensor:
    """The matrix product: of vectors, matrices or batches of them, which broadcast."""
    a, b = checks.tensor(input, "matmul"), checks.tensor(other, "matmul", "other", 2)
    dims = a.array.ndim, b.array.ndim
    if 0 in dims:
        raise noted(
            RuntimeError(
                "both arguments to matmul need to be at least 1D, but they are "
                f"{dims[0]}D and {dims[1]}D"
            ),
            "A tensor of shape [] is a single number, of which there is no product of "
            "matrices. Write a * b.",
        )
    if dims == (1, 1):
        return dot(a, b)
    if dims == (2, 1):
        return matrix_vector(a, b)
    if dims[0] <= 2 and dims[1] == 2:
        return matrix_product(a, b)
    return batched(a, b)


def matrix_product(a: Tensor, b: Tensor) -> Tensor:
    rows = (1, *a.array.shape)[-2:]
    if rows[1] != b.array.shape[0]:
        raise unequal_inner(rows, b.array.shape)
    checks.same_dtype(a, b)
    checks.not_for_bools("addmm_impl_cpu_", a)
    return ops.matmul(a, b) if a.array.ndim == 2 else from_its_matrix(ops.matmul(a, b))


def from_its_matrix(row: Tensor) -> Tensor:
    """A vector times a matrix: PyTorch makes a row, which becomes a vector in place, version 1."""
    if row.stamp is None:  # inference tensors have no versions
        stamp_of(row).version = 1
    return row


def unequal_inner(a: tuple[int, ...], b: tuple[int, ...]) -> Exception:
    return noted(
        RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
        ),
        f"Each row on the left has {a[1]} numbers, and each column on the right has {b[0]}: they "
        "are multiplied pairwise, so the two must be equal.",
    )


def matrix_vector(a: Tensor, v: Tensor) -> Tensor:
    (rows, columns), (length,) = a.array.shape, v.array.shape
    if columns != length:
        raise noted(
            RuntimeError(
                f"size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({length})"
            ),
            f"Each row of the matrix has {columns} numbers and the vector has {length}: the "
            "two must be equal.",
        )
    kinds = f"{v.dtype.title}, {a.dtype.title}, and {v.dtype.title}"
    checks.same_dtype(a, v, f"addmv input tensors must have the same dtype, but got {kinds}")
    checks.not_for_bools("addmv_impl_cpu", a)
    return ops.mv(a, v)


def batched(a: Tensor, b: Tensor) -> Tensor:
    """Batches of matrices; folded where one side is a single matrix or vector."""
    a, b = alone(a, b), alone(b, a)
    if b.array.ndim <= 2:
        return folded(a, b)
    is_vector = a.array.ndim == 1
    if is_vector and a.requires_grad:
        return folded(matrix_transpose(b), a)
    if is_vector:
        a = reshape(a, (1, a.array.size))
    if a.array.ndim == 2 and a.requires_grad:  # so that no gradient of a whole batch is summed
        return contiguous(matrix_transpose(folded(matrix_transpose(b), ops.t(a))))
    (rows, inner), (inner2, columns) = a.array.shape[-2:], b.array.shape[-2:]
    batch = checks.broadcast(a.array.shape[:-2], b.array.shape[:-2])
    if inner != inner2:
        raise unequal_batches((math.prod(batch), inner), (math.prod(batch), inner2))
    same_scalar_type(a, b)
    return ops.reshape_copy(ops.bmm(a, b), (*batch, *(() if is_vector else (rows,)), columns))


def alone(x: Tensor, other: Tensor) -> Tensor:
    """A batch of one matrix as that matrix, if its gradient would be summed over another batch."""
    if x.requires_grad and x.array.ndim == other.array.ndim == 3 and len(x.array) == 1:
        return x if len(other.array) == 1 else squeeze(x, 0)
    return x


def same_scalar_type(a: Tensor, b: Tensor) -> None:
    text = f"expected scalar type {a.dtype.title} but found {b.dtype.title}"
    checks.same_dtype(a, b, text)
    checks.not_for_bools("bmm", a)


def folded(a: Tensor, b: Tensor) -> Tensor:
    """A batch times one matrix or vector: all rows of the batch in one product."""
    *batch, columns = a.array.shape
    rows = reshape(a, (math.prod(batch), columns))
    out = matrix_product(rows, b) if b.array.ndim == 2 else matrix_vector(rows, b)
    return ops.reshape_copy(out, (*batch, *b.array.shape[1:]))


def unequal_batches(expected: tuple[int, int], got: tuple[int, int]) -> Exception:
    return noted(
        RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"{list(expected)} but got: {list(got)}."
        ),
        f"As many matrices on the right as on the left are needed, with {expected[1]} rows each: "
        "one for each column on the left.",
    )
