"""Tensor: an ndarray, and where it came from.

Three slots say everything. `array` holds the numbers. `node` is None if no gradient is wanted, a
Leaf where a gradient comes to rest, or the Node of the op that made the tensor. `stamp` dates
in-place writes, and is None until somebody could alias or overwrite the memory. (`view` says how a
view looks into its base; `frozen` keeps the Leaf of a tensor that stopped requiring grad.)

The methods are one line each. What they do stands in `functions`, the calculus behind it in `ops`.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from minigrad import dtypes
from minigrad.elsewhere import Elsewhere, Later
from minigrad.notes import noted

__all__ = ["Tensor", "wrap"]

Array = np.ndarray[Any, np.dtype[Any]]
ndarray, new = np.ndarray, object.__new__


def wrap(array: Array, node: Node | Leaf | None = None) -> Tensor:
    """A tensor around an ndarray: no copy, no checks."""
    t = new(Tensor)
    t.array = array
    t.node = node
    t.stamp = t.view_of = None
    return t


class Tensor(Elsewhere):
    """A multi-dimensional array that remembers how it was computed.

    `minigrad.tensor(data)` is the usual way to make one. Calling the class is the older way that
    many programs use: `Tensor([1, 2])` is float32 whatever the data, `Tensor(2, 3)` is a shape.
    """

    __module__ = "minigrad"
    __slots__ = ("__weakref__", "array", "frozen", "node", "stamp", "view_of")

    array: Array
    node: Node | Leaf | None
    stamp: Stamp | None
    view_of: View | None
    frozen: Leaf

    def __init__(self, *data: Any, size: Any = None, device: Any = None) -> None:
        dtypes.device(device or "cpu")
        made = legacy.construct(dtypes.float32, data, size)
        self.array, self.node = made.array, made.node
        self.stamp, self.view_of = made.stamp, made.view_of
        if self.stamp is not None:
            self.stamp.remember(self)
        inference.mark(self)

    # ---- what it is -----------------------------------------------------------------------------

    @property
    def shape(self) -> dtypes.Size:
        return dtypes.Size(self.array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.BY_NUMPY[self.array.dtype]

    @property
    def device(self) -> dtypes.device:
        return dtypes.device("cpu")

    @property
    def ndim(self) -> builtins.int:
        return self.array.ndim

    def dim(self) -> builtins.int:
        return self.array.ndim

    def size(self, dim: builtins.int | None = None) -> Any:
        return self.shape if dim is None else self.shape[checks.real_dim(dim, self.array.ndim)]

    def numel(self) -> builtins.int:
        return self.array.size

    nelement = numel

    def element_size(self) -> builtins.int:
        return self.array.itemsize

    @property
    def itemsize(self) -> builtins.int:
        return self.array.itemsize

    @property
    def nbytes(self) -> builtins.int:
        return self.array.size * self.array.itemsize

    @property
    def is_cuda(self) -> builtins.bool:
        return False

    def stride(self, dim: builtins.int | None = None) -> Any:
        strides = tuple(step // self.array.itemsize for step in self.array.strides)
        return strides if dim is None else strides[checks.real_dim(dim, self.array.ndim)]

    def storage_offset(self) -> builtins.int:
        owner = self.array if self.view_of is None else self.view_of.base.array
        return (self.array.ctypes.data - owner.ctypes.data) // self.array.itemsize

    def data_ptr(self) -> builtins.int:
        return self.array.ctypes.data

    def is_contiguous(self) -> builtins.bool:
        return self.array.flags.c_contiguous

    def is_floating_point(self) -> builtins.bool:
        return self.array.dtype.kind == "f"

    def is_complex(self) -> builtins.bool:
        return False

    def type(self, dtype: Any = None) -> Any:
        """The name of the type, `minigrad.FloatTensor`; with a dtype, the tensor converted."""
        if dtype is None:
            return f"minigrad.{self.dtype.title}Tensor"
        return functions.to(self, legacy.kind_of(dtype))

    def is_inference(self) -> builtins.bool:
        """True if it was made in inference_mode, or looks into memory that was."""
        return inference.is_inference(self)

    # ---- autograd -------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> builtins.bool:
        """True if gradients are computed for this tensor, or through it."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: builtins.bool) -> None:
        leaves.set_requires_grad(self, value)

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Self:
        leaves.require_grad(self, requires_grad)
        return self

    @property
    def is_leaf(self) -> builtins.bool:
        """True if no op made it, or none that was recorded."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the op that made the tensor; None for a leaf."""
        node = self.node
        return node if node is None or isinstance(node, Node) else node.behind

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has accumulated here; None before."""
        node = self.node
        return node.grad if isinstance(node, Leaf) else leaves.grad_of(self)

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        leaves.set_grad(self, value)

    @grad.deleter
    def grad(self) -> None:
        leaves.set_grad(self, None)

    @property
    def data(self) -> Tensor:
        """The same memory without history, and without the version counter: for the careful."""
        return leaves.data_of(self)

    @data.setter
    def data(self, value: Tensor) -> None:
        leaves.set_data(self, value)

    @property
    def retains_grad(self) -> builtins.bool:
        return (
            isinstance(self.node, Node) and self.node.hooks is not None and self.node.hooks.retain
        )

    @property
    def output_nr(self) -> builtins.int:
        return 0

    @property
    def _version(self) -> builtins.int:
        refuse_versions()
        return 0 if self.stamp is None else self.stamp.version

    @property
    def _base(self) -> Tensor | None:
        return None if self.view_of is None else self.view_of.base

    def _is_view(self) -> builtins.bool:
        return self.view_of is not None

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: builtins.bool | None = None,
        create_graph: builtins.bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to the `grad` of every leaf that it was made of.

        See `minigrad.autograd.backward`. Without `gradient` the tensor must be a single number.
        """
        autograd.backward(self, gradient, retain_graph, create_graph, inputs)

    def explain(self, **options: Any) -> story.Explanation:
        """What `backward` will do, step by step, with formulas and numbers: `minigrad.explain`."""
        return story.explain(self, **options)

    def detach(self) -> Tensor:
        """The same memory, cut off from the history."""
        return leaves.detach(self)

    def detach_(self) -> Self:
        leaves.detach_(self)
        return self

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(grad)` when this tensor's gradient is known; what it returns replaces it."""
        return leaves.register_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(tensor)` after backward has added to this leaf's `grad`."""
        return leaves.register_post_accumulate_grad_hook(self, hook)

    def retain_grad(self) -> None:
        """Let an intermediate result keep its gradient in `grad`."""
        leaves.retain_grad(self)

    # ---- to Python and NumPy --------------------------------------------------------------------

    def item(self) -> Any:
        """The value of a tensor of one element, as a Python number."""
        if self.array.size != 1:
            raise noted(
                RuntimeError(
                    f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
                ),
                f"The tensor has {self.array.size} elements, shape {list(self.array.shape)}. "
                "Pick one, x[0], or make one of them, x.sum() or x.mean(); x.tolist() gives "
                "them all.",
            )
        return self.array.item()

    def tolist(self) -> Any:
        return self.array.tolist()

    def numpy(self, *, force: builtins.bool = False) -> Array:
        """The ndarray itself: what is written into it is not noticed."""
        return leaves.to_numpy(self, force)

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> Array:
        array = leaves.to_numpy(self, force=False)
        return array.__array__(dtype, copy=copy)

    def __dlpack__(self, **options: Any) -> Any:
        """The memory, for another library: `np.from_dlpack(t)`, `torch.from_dlpack(t)`."""
        if self.node is not None:
            raise noted(
                BufferError("Can't export tensors that require gradient, use tensor.detach()"),
                "The other library would compute without a record, and no gradient could come "
                "back. Write np.from_dlpack(x.detach()) if that is meant.",
            )
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[builtins.int, builtins.int]:
        return self.array.__dlpack_device__()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufuncs.apply_ufunc(ufunc, method, inputs, kwargs)

    def __float__(self) -> builtins.float:
        return leaves.to_float(self)

    def __int__(self) -> builtins.int:
        return builtins.int(leaves.to_number(self))

    def __index__(self) -> builtins.int:
        if self.array.size != 1 or self.array.dtype.kind not in "ib":
            raise noted(
                TypeError("only integer tensors of a single element can be converted to an index"),
                f"The tensor has shape {list(self.array.shape)} and holds {self.dtype}; a "
                "position is one whole number. Write int(x) for the whole part of a single "
                "number.",
            )
        return builtins.int(self.array.item())

    def __bool__(self) -> builtins.bool:
        if self.array.size == 1:
            return builtins.bool(self.array.item())
        how_many = "no values" if self.array.size == 0 else "more than one value"
        raise noted(
            RuntimeError(f"Boolean value of Tensor with {how_many} is ambiguous"),
            "An if or while needs one True or False, and the tensor of shape "
            f"{list(self.array.shape)} has {self.array.size}. Write bool((x > 0).all()) or "
            "bool((x > 0).any()), whichever is meant.",
        )

    def __len__(self) -> builtins.int:
        if self.array.ndim == 0:
            raise noted(
                TypeError("len() of a 0-d tensor"),
                f"The tensor is the single number {self.array.item()}: x.item() reads it, "
                "x.numel() is 1.",
            )
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise noted(
                TypeError("iteration over a 0-d tensor"),
                f"The tensor is the single number {self.array.item()}: x.item() reads it, and "
                "x.reshape(1) can be walked through.",
            )
        return iter(functions.unbind(self))

    def __contains__(self, value: Any) -> builtins.bool:
        return builtins.bool(functions.eq(self, value).array.any())

    __hash__ = object.__hash__  # by identity, whatever == says of the numbers

    def __repr__(self) -> str:
        return printing.describe(
            self.array,
            grad_fn=self.node.name() if isinstance(self.node, Node) else None,
            requires_grad=self.node is not None,
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: a grid of the numbers, with the gradient beside them."""
        return notebook.tensor_html(self)

    def __format__(self, spec: str) -> str:
        if self.array.ndim == 0:
            return printing.plain_number(self.array, spec)
        return object.__format__(self, spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return serialization.reduce(self)

    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Tensor:
        return serialization.deepcopy(self, memo)

    # ---- operators ------------------------------------------------------------------------------
    # A stranger beside the operator gets NotImplemented, and Python says so in its own words.

    def __add__(self, other: Any) -> Tensor:
        return operate(ops.add, functions.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return operate(ops.sub, functions.sub, self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return functions.rsub(self, other) if is_operand(other) else NotImplemented

    def __mul__(self, other: Any) -> Tensor:
        return operate(ops.mul, functions.mul, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return operate(ops.div, functions.div, self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return functions.div(other, self) if is_operand(other) else NotImplemented

    __rdiv__ = __rtruediv__

    def __floordiv__(self, other: Any) -> Tensor:
        return functions.floor_divide(self, other) if is_operand(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Tensor:
        return functions.floor_divide(other, self) if is_operand(other) else NotImplemented

    def __mod__(self, other: Any) -> Tensor:
        return functions.remainder(self, other) if is_operand(other) else NotImplemented

    def __rmod__(self, other: Any) -> Tensor:
        return functions.remainder(other, self) if is_operand(other) else NotImplemented

    def __pow__(self, other: Any) -> Tensor:
        return functions.pow(self, other) if is_operand(other) else NotImplemented

    def __rpow__(self, other: Any) -> Tensor:
        return functions.pow(other, self) if is_operand(other) else NotImplemented

    def __matmul__(self, other: Any) -> Tensor:
        return functions.matmul(self, other) if isinstance(other, Tensor) else NotImplemented

    def __rmatmul__(self, other: Any) -> Tensor:
        return functions.matmul(other, self) if isinstance(other, Tensor) else NotImplemented

    def __neg__(self) -> Tensor:
        return functions.neg(self)

    def __pos__(self) -> Tensor:
        if self.array.dtype.kind == "b":
            raise noted(
                RuntimeError("The `+` operator, on a bool tensor is not supported."),
                "+mask would count with True and False. Write mask.long() to compute with 1 and 0.",
            )
        return self

    def __abs__(self) -> Tensor:
        return functions.abs(self)

    def __eq__(self, other: object) -> Any:
        return functions.eq(self, other) if is_operand(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return functions.ne(self, other) if is_operand(other) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return functions.lt(self, other) if is_operand(other) else NotImplemented

    def __le__(self, other: Any) -> Tensor:
        return functions.le(self, other) if is_operand(other) else NotImplemented

    def __gt__(self, other: Any) -> Tensor:
        return functions.gt(self, other) if is_operand(other) else NotImplemented

    def __ge__(self, other: Any) -> Tensor:
        return functions.ge(self, other) if is_operand(other) else NotImplemented

    def __and__(self, other: Any) -> Tensor:
        return functions.bitwise_and(self, other) if is_operand(other) else NotImplemented

    __rand__ = __and__

    def __or__(self, other: Any) -> Tensor:
        return functions.bitwise_or(self, other) if is_operand(other) else NotImplemented

    __ror__ = __or__

    def __xor__(self, other: Any) -> Tensor:
        return functions.bitwise_xor(self, other) if is_operand(other) else NotImplemented

    __rxor__ = __xor__

    def __invert__(self) -> Tensor:
        if self.is_floating_point():
            raise noted(
                TypeError(
                    "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
                ),
                f"~ turns True and False around, and these are {self.dtype}. Compare first: ~(x "
                "> 0); the negative of a number is -x.",
            )
        return functions.bitwise_not(self)

    def __iadd__(self, other: Any) -> Tensor:
        return functions.add_(self, other) if is_operand(other) else NotImplemented

    def __isub__(self, other: Any) -> Tensor:
        return functions.sub_(self, other) if is_operand(other) else NotImplemented

    def __imul__(self, other: Any) -> Tensor:
        return functions.mul_(self, other) if is_operand(other) else NotImplemented

    def __itruediv__(self, other: Any) -> Tensor:
        return functions.div_(self, other) if is_operand(other) else NotImplemented

    def __ifloordiv__(self, other: Any) -> Tensor:
        return functions.floor_divide_(self, other) if is_operand(other) else NotImplemented

    def __imod__(self, other: Any) -> Tensor:
        return functions.remainder_(self, other) if is_operand(other) else NotImplemented

    def __ipow__(self, other: Any) -> Tensor:
        return functions.pow_(self, other) if is_operand(other) else NotImplemented

    def __iand__(self, other: Any) -> Tensor:
        return functions.bitwise_and_(self, other) if is_operand(other) else NotImplemented

    def __ior__(self, other: Any) -> Tensor:
        return functions.bitwise_or_(self, other) if is_operand(other) else NotImplemented

    def __ixor__(self, other: Any) -> Tensor:
        return functions.bitwise_xor_(self, other) if is_operand(other) else NotImplemented

    def __getitem__(self, index: Any) -> Tensor:
        return functions.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        functions.setitem(self, index, value)

    # ---- the functions of the same names: see there ---------------------------------------------

    def add(self, other: Any, *, alpha: Any = 1) -> Tensor:
        return functions.add(self, other, alpha=alpha)

    def sub(self, other: Any, *, alpha: Any = 1) -> Tensor:
        return functions.sub(self, other, alpha=alpha)

    def mul(self, other: Any) -> Tensor:
        return functions.mul(self, other)

    def div(self, other: Any, **rounding: Any) -> Tensor:
        return functions.div(self, other, **rounding)

    def floor_divide(self, other: Any) -> Tensor:
        return functions.floor_divide(self, other)

    def remainder(self, other: Any) -> Tensor:
        return functions.remainder(self, other)

    def pow(self, exponent: Any) -> Tensor:
        return functions.pow(self, exponent)

    def neg(self) -> Tensor:
        return functions.neg(self)

    def reciprocal(self) -> Tensor:
        return functions.reciprocal(self)

    def square(self) -> Tensor:
        return functions.square(self)

    def exp(self) -> Tensor:
        return functions.exp(self)

    def log(self) -> Tensor:
        return functions.log(self)

    def sqrt(self) -> Tensor:
        return functions.sqrt(self)

    def sin(self) -> Tensor:
        return functions.sin(self)

    def cos(self) -> Tensor:
        return functions.cos(self)

    def tanh(self) -> Tensor:
        return functions.tanh(self)

    def sigmoid(self) -> Tensor:
        return functions.sigmoid(self)

    def abs(self) -> Tensor:
        return functions.abs(self)

    def sign(self) -> Tensor:
        return functions.sign(self)

    def relu(self) -> Tensor:
        return functions.relu(self)

    def relu_(self) -> Tensor:
        return functions.relu_(self)

    def maximum(self, other: Tensor) -> Tensor:
        return functions.maximum(self, other)

    def minimum(self, other: Tensor) -> Tensor:
        return functions.minimum(self, other)

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        return functions.clamp(self, min, max)

    def where(self, condition: Tensor, other: Any) -> Any:
        return functions.where(condition, self, other)

    def eq(self, other: Any) -> Tensor:
        return functions.eq(self, other)

    def ne(self, other: Any) -> Tensor:
        return functions.ne(self, other)

    def lt(self, other: Any) -> Tensor:
        return functions.lt(self, other)

    def le(self, other: Any) -> Tensor:
        return functions.le(self, other)

    def gt(self, other: Any) -> Tensor:
        return functions.gt(self, other)

    def ge(self, other: Any) -> Tensor:
        return functions.ge(self, other)

    def equal(self, other: Tensor) -> builtins.bool:
        return functions.equal(self, other)

    def isclose(self, other: Tensor, *tolerances: Any, **options: Any) -> Tensor:
        return functions.isclose(self, other, *tolerances, **options)

    def allclose(self, other: Tensor, *tolerances: Any, **options: Any) -> builtins.bool:
        return functions.allclose(self, other, *tolerances, **options)

    def isnan(self) -> Tensor:
        return functions.isnan(self)

    def isinf(self) -> Tensor:
        return functions.isinf(self)

    def isfinite(self) -> Tensor:
        return functions.isfinite(self)

    def logical_not(self) -> Tensor:
        return functions.logical_not(self)

    def logical_and(self, other: Tensor) -> Tensor:
        return functions.logical_and(self, other)

    def logical_or(self, other: Tensor) -> Tensor:
        return functions.logical_or(self, other)

    def logical_xor(self, other: Tensor) -> Tensor:
        return functions.logical_xor(self, other)

    def bitwise_and(self, other: Any) -> Tensor:
        return functions.bitwise_and(self, other)

    def bitwise_or(self, other: Any) -> Tensor:
        return functions.bitwise_or(self, other)

    def bitwise_xor(self, other: Any) -> Tensor:
        return functions.bitwise_xor(self, other)

    def bitwise_not(self) -> Tensor:
        return functions.bitwise_not(self)

    def sum(self, *dim: Any, **options: Any) -> Tensor:
        return functions.sum(self, *dim, **options)

    def mean(self, *dim: Any, **options: Any) -> Tensor:
        return functions.mean(self, *dim, **options)

    def prod(self, *dim: Any, **options: Any) -> Tensor:
        return functions.prod(self, *dim, **options)

    def var(self, *dim: Any, **options: Any) -> Tensor:
        return functions.var(self, *dim, **options)

    def std(self, *dim: Any, **options: Any) -> Tensor:
        return functions.std(self, *dim, **options)

    def norm(
        self, p: Any = "fro", dim: Any = None, keepdim: builtins.bool = False, dtype: Any = None
    ) -> Tensor:
        return functions.norm(self, p, dim, keepdim, dtype)

    def max(self, *dim: Any, **options: Any) -> Any:
        return functions.max(self, *dim, **options)

    def min(self, *dim: Any, **options: Any) -> Any:
        return functions.min(self, *dim, **options)

    def amax(self, dim: Any = (), keepdim: builtins.bool = False, **numpys: Any) -> Tensor:
        return functions.amax(self, dim, keepdim, **numpys)

    def amin(self, dim: Any = (), keepdim: builtins.bool = False, **numpys: Any) -> Tensor:
        return functions.amin(self, dim, keepdim, **numpys)

    def argmax(self, dim: Any = None, keepdim: builtins.bool = False, **numpys: Any) -> Tensor:
        return functions.argmax(self, dim, keepdim, **numpys)

    def argmin(self, dim: Any = None, keepdim: builtins.bool = False, **numpys: Any) -> Tensor:
        return functions.argmin(self, dim, keepdim, **numpys)

    def any(self, dim: Any = None, keepdim: builtins.bool = False, **numpys: Any) -> Tensor:
        return functions.any(self, dim, keepdim, **numpys)

    def all(self, dim: Any = None, keepdim: builtins.bool = False, **numpys: Any) -> Tensor:
        return functions.all(self, dim, keepdim, **numpys)

    def logsumexp(self, *dim: Any, **options: Any) -> Tensor:
        return functions.logsumexp(self, *dim, **options)

    def softmax(self, *dim: Any, **options: Any) -> Tensor:
        return functions.softmax(self, *dim, **options)

    def log_softmax(self, *dim: Any, **options: Any) -> Tensor:
        return functions.log_softmax(self, *dim, **options)

    def matmul(self, other: Tensor) -> Tensor:
        return functions.matmul(self, other)

    def mm(self, mat2: Tensor) -> Tensor:
        return functions.mm(self, mat2)

    def mv(self, vec: Tensor) -> Tensor:
        return functions.mv(self, vec)

    def dot(self, tensor: Tensor) -> Tensor:
        return functions.dot(self, tensor)

    def outer(self, vec2: Tensor) -> Tensor:
        return functions.outer(self, vec2)

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        return functions.addmm(self, mat1, mat2, beta=beta, alpha=alpha)

    def bmm(self, mat2: Tensor) -> Tensor:
        return functions.bmm(self, mat2)

    def reshape(self, *shape: Any, **named: Any) -> Tensor:
        return functions.reshape(self, *shape, **named)

    def reshape_as(self, other: Tensor) -> Tensor:
        return functions.reshape(self, checks.tensor(other, "reshape_as", "other").array.shape)

    def view(self, *shape: Any, **named: Any) -> Tensor:
        return functions.view(self, *shape, **named)

    def view_as(self, other: Tensor) -> Tensor:
        return functions.view(self, checks.tensor(other, "view_as", "other").array.shape)

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        return functions.flatten(self, start_dim, end_dim)

    def ravel(self) -> Tensor:
        return functions.ravel(self)

    def squeeze(self, dim: Any = None) -> Tensor:
        return functions.squeeze(self, dim)

    def unsqueeze(self, dim: builtins.int) -> Tensor:
        return functions.unsqueeze(self, dim)

    def t(self) -> Tensor:
        return functions.t(self)

    @property
    def T(self) -> Tensor:
        """All dims in reverse order: of a matrix, its transpose."""
        return functions.reversed_dims(self)

    @property
    def mT(self) -> Tensor:
        """The last two dims exchanged."""
        return functions.matrix_transpose(self)

    def transpose(self, dim0: builtins.int, dim1: builtins.int) -> Tensor:
        return functions.transpose(self, dim0, dim1)

    def permute(self, *dims: Any, **named: Any) -> Tensor:
        return functions.permute(self, *dims, **named)

    def contiguous(self) -> Tensor:
        return functions.contiguous(self)

    def expand(self, *size: Any, **named: Any) -> Tensor:
        return functions.expand(self, *size, **named)

    def expand_as(self, other: Tensor) -> Tensor:
        return functions.expand_as(self, other)

    def broadcast_to(self, *size: Any) -> Tensor:
        return functions.broadcast_to(self, checks.size_of(size, "broadcast_to", "size"))

    def unbind(self, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        return functions.unbind(self, dim)

    def split(self, split_size: Any, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        return functions.split(self, split_size, dim)

    def chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> tuple[Tensor, ...]:
        return functions.chunk(self, chunks, dim)

    def clone(self) -> Tensor:
        return functions.clone(self)

    # ---- in place -------------------------------------------------------------------------------

    def add_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        return functions.add_(self, other, alpha=alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Tensor:
        return functions.sub_(self, other, alpha=alpha)

    def mul_(self, other: Any) -> Tensor:
        return functions.mul_(self, other)

    def div_(self, other: Any, **rounding: Any) -> Tensor:
        return functions.div_(self, other, **rounding)

    def floor_divide_(self, other: Any) -> Tensor:
        return functions.floor_divide_(self, other)

    def remainder_(self, other: Any) -> Tensor:
        return functions.remainder_(self, other)

    def pow_(self, exponent: Any) -> Tensor:
        return functions.pow_(self, exponent)

    def neg_(self) -> Tensor:
        return functions.neg_(self)

    def reciprocal_(self) -> Tensor:
        return functions.reciprocal_(self)

    def square_(self) -> Tensor:
        return functions.square_(self)

    def sqrt_(self) -> Tensor:
        return functions.sqrt_(self)

    def exp_(self) -> Tensor:
        return functions.exp_(self)

    def log_(self) -> Tensor:
        return functions.log_(self)

    def sin_(self) -> Tensor:
        return functions.sin_(self)

    def cos_(self) -> Tensor:
        return functions.cos_(self)

    def tanh_(self) -> Tensor:
        return functions.tanh_(self)

    def sigmoid_(self) -> Tensor:
        return functions.sigmoid_(self)

    def abs_(self) -> Tensor:
        return functions.abs_(self)

    def sign_(self) -> Tensor:
        return functions.sign_(self)

    def logical_and_(self, other: Tensor) -> Tensor:
        return functions.logical_and_(self, other)

    def logical_or_(self, other: Tensor) -> Tensor:
        return functions.logical_or_(self, other)

    def logical_xor_(self, other: Tensor) -> Tensor:
        return functions.logical_xor_(self, other)

    def logical_not_(self) -> Tensor:
        return functions.logical_not_(self)

    def bitwise_and_(self, other: Any) -> Tensor:
        return functions.bitwise_and_(self, other)

    def bitwise_or_(self, other: Any) -> Tensor:
        return functions.bitwise_or_(self, other)

    def bitwise_xor_(self, other: Any) -> Tensor:
        return functions.bitwise_xor_(self, other)

    def bitwise_not_(self) -> Tensor:
        return functions.bitwise_not_(self)

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        return functions.clamp_(self, min, max)

    def copy_(self, src: Tensor, non_blocking: builtins.bool = False) -> Tensor:
        return functions.copy_(self, src)

    def zero_(self) -> Tensor:
        return functions.zero_(self)

    def fill_(self, value: Any) -> Tensor:
        return functions.fill_(self, value)

    def uniform_(self, a: builtins.float = 0.0, b: builtins.float = 1.0, **options: Any) -> Tensor:
        return functions.uniform_(self, a, b, **options)

    def normal_(
        self, mean: builtins.float = 0.0, std: builtins.float = 1.0, **options: Any
    ) -> Tensor:
        return functions.normal_(self, mean, std, **options)

    # ---- new tensors of the same dtype ----------------------------------------------------------

    def new_empty(self, *size: Any, **options: Any) -> Tensor:
        return kin.new_empty(self, *size, **options)

    def new_zeros(self, *size: Any, **options: Any) -> Tensor:
        return kin.new_zeros(self, *size, **options)

    def new_ones(self, *size: Any, **options: Any) -> Tensor:
        return kin.new_ones(self, *size, **options)

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Tensor:
        return kin.new_full(self, size, fill_value, **options)

    def new_tensor(self, data: Any, **options: Any) -> Tensor:
        return kin.new_tensor(self, data, **options)

    # ---- to another dtype -----------------------------------------------------------------------

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        return functions.to_any(self, *args, **kwargs)

    def cpu(self) -> Tensor:
        return self

    def float(self) -> Tensor:
        return functions.to(self, dtypes.float32)

    def double(self) -> Tensor:
        return functions.to(self, dtypes.float64)

    def long(self) -> Tensor:
        return functions.to(self, dtypes.int64)

    def int(self) -> Tensor:
        return functions.to(self, dtypes.int32)

    def bool(self) -> Tensor:
        return functions.to(self, dtypes.bool_)

    def type_as(self, other: Tensor) -> Tensor:
        return functions.to(self, checks.tensor(other, "type_as", "other").dtype)


# The one knot of the library: operators need functions, functions need ops, ops make tensors.
from minigrad import autograd, functions, ops  # noqa: E402
from minigrad.autograd import inference, leaves  # noqa: E402
from minigrad.autograd.graph import Leaf, Node, RemovableHandle, Stamp, View  # noqa: E402
from minigrad.autograd.watch import refuse_versions  # noqa: E402
from minigrad.functions import checks  # noqa: E402
from minigrad.functions.elementwise import is_operand, operate  # noqa: E402

if TYPE_CHECKING:
    from minigrad import kin, legacy, notebook, printing, serialization, story
    from minigrad.functions import ufuncs
else:  # for the methods that not every program calls
    kin, legacy, notebook, printing, serialization, story = (
        Later(f"minigrad.{name}")
        for name in ("kin", "legacy", "notebook", "printing", "serialization", "story")
    )
    ufuncs = Later("minigrad.functions.ufuncs")
