"""What a tensor does with its place in the graph: to require grad, to keep it, to be cut off."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np

from minigrad import dtypes
from minigrad.autograd.graph import Hooks, Leaf, Node, RemovableHandle, exchanges, stamp_of, tick
from minigrad.autograd.inference import check_requires_grad, is_inference
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor, wrap

__all__ = [
    "check_floating",
    "data_of",
    "detach",
    "detach_",
    "fill_with_zeros",
    "grad_of",
    "register_hook",
    "register_post_accumulate_grad_hook",
    "require_grad",
    "retain_grad",
    "set_data",
    "set_grad",
    "set_requires_grad",
    "to_float",
    "to_number",
    "to_numpy",
]


def set_requires_grad(t: Tensor, value: bool) -> None:
    """Make a leaf require grad or stop doing so; what it has accumulated stays with it."""
    if not isinstance(value, bool):
        raise noted(
            RuntimeError("requires_grad must be a bool"),
            f"Write True or False: {shown(value)} came.",
        )
    if isinstance(t.node, Node):
        advice = (
            " If you want to use a computed variable in a subgraph that doesn't require "
            "differentiation use var_no_grad = var.detach()."
        )
        raise noted(
            RuntimeError(
                "you can only change requires_grad flags of leaf variables."
                + ("" if value else advice)
            ),
            "This tensor was computed from tensors that require grad, so it does as well.",
        )
    if value:
        check_requires_grad(t)
        check_floating(t.array)
        t.node = t.node or leaf_of(t)
        t.node.frozen = False
        tell_views(t)
    else:
        freeze(t)
        if t.view_of is not None and t.view_of.base.node is not None:
            t.node = Leaf.unrecorded(t.array)  # a view says what its base says


def require_grad(t: Tensor, value: bool) -> None:
    """The method's form of it: it lets a result go on requiring grad."""
    if not isinstance(value, bool):
        raise noted(
            TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                f"{type(value).__name__}"
            ),
            f"Write x.requires_grad_() or x.requires_grad_(False): {shown(value)} came.",
        )
    if value:
        check_requires_grad(t)
    if value and isinstance(t.node, Node):
        return
    if value:
        check_floating(t.array, "only Tensors of floating point dtype can require gradients")
    set_requires_grad(t, value)


def check_floating(
    array: np.ndarray[Any, Any],
    text: str = "only Tensors of floating point and complex dtype can require gradients",
) -> None:
    if array.dtype.kind != "f":
        raise noted(
            RuntimeError(text),
            f"A derivative needs real numbers, and this tensor holds {dtypes.of(array)}. Write "
            "1. instead of 1, or dtype=minigrad.float32.",
        )


def freeze(t: Tensor) -> None:
    """A leaf stops requiring grad: its Leaf waits aside, and takes no gradients meanwhile."""
    if isinstance(t.node, Leaf):
        t.node.frozen = True
        t.frozen, t.node = t.node, None
        tell_views(t)


def tell_views(t: Tensor) -> None:
    """Views that were made of a constant require grad when it comes to, and stop when it stops.

    They were not recorded: as in PyTorch they say so, and keep no gradient.
    """
    for seen in (None if t.stamp is None else t.stamp.views) or ():
        view = seen()
        if view is None or view.view_of is None or view.view_of.base is not t:
            continue
        if t.node is not None and view.node is None:
            view.node = Leaf.unrecorded(view.array)
        elif t.node is None and isinstance(view.node, Leaf) and view.node.frozen:
            view.node = None


def leaf_of(t: Tensor) -> Leaf:
    """The tensor's own Leaf: the one it had before it was frozen, or a new one."""
    leaf: Leaf | None = getattr(t, "frozen", None)
    return Leaf(t.array.shape, t.array.dtype) if leaf is None else leaf


def grad_of(t: Tensor) -> Tensor | None:
    """`grad` of a tensor that is no leaf of a graph now."""
    if t.node is None:
        leaf: Leaf | None = getattr(t, "frozen", None)
        return None if leaf is None else leaf.grad
    if t.node.hooks is not None and (t.node.hooks.retain or t.node.hooks.grad is not None):
        return t.node.hooks.grad
    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
        "attribute won't be populated during autograd.backward(). If you indeed want the .grad "
        "field to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. "
        "If you access the non-leaf Tensor by mistake, make sure you access the leaf Tensor "
        "instead. See github.com/pytorch/pytorch/pull/30531 for more information.\n"
        f"This tensor was computed ({t.node.name()}), so backward() only passes through it. To see "
        "its gradient, call its retain_grad() before backward().",
        UserWarning,
        stacklevel=3,
    )
    return None


def set_grad(t: Tensor, value: Tensor | None) -> None:
    if value is not None:
        check_grad(t, value)
    if isinstance(t.node, Node):
        t.node.hooks = t.node.hooks or Hooks()
        t.node.hooks.grad = value
        return
    if t.node is None:
        if value is None and getattr(t, "frozen", None) is None:
            return  # there is none to clear
        t.frozen = leaf_of(t)
    leaf = t.node or t.frozen
    if value is not None and value is not leaf.grad:
        exchanges.time = tick()
    leaf.grad = value


def check_grad(t: Tensor, value: Any) -> None:
    if not isinstance(value, Tensor):
        raise noted(
            TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(value).__name__}"
            ),
            f"A gradient is a tensor, of shape {list(t.array.shape)} here, and "
            f"{shown(value)} came. Write x.grad = None to forget it.",
        )
    if value is t:
        raise noted(
            RuntimeError("can't assign Variable as its own grad"),
            "The value and its gradient are two things. Write x.grad = x.detach().clone() "
            "if their numbers are to be equal.",
        )
    if value.array.dtype != t.array.dtype:
        raise noted(
            RuntimeError(
                f"attempting to assign a gradient with dtype '{value.dtype.abbreviation}' to a "
                f"tensor with grad_dtype '{t.dtype.title}'. The gradient must match the tensor's "
                "grad_dtype (defaults to the tensor's dtype). You can set the tensor's grad_dtype "
                "attribute with a specific dtype, or None to allow any dtype. Set grad_dtype with "
                "caution. Diverging the dtypes of a tensor and its gradient may break downstream "
                "systems that assume they match."
            ),
            f"The tensor holds {t.dtype}, and so does its gradient. Write x.grad = "
            f"g.to({t.dtype}).",
        )
    if value.array.shape != t.array.shape:
        raise noted(
            RuntimeError(
                f"attempting to assign a gradient of size '{list(value.array.shape)}' to a tensor "
                f"of size '{list(t.array.shape)}'. Please ensure that the gradient and the tensor "
                "are the same size"
            ),
            f"A gradient has one number for each of the {t.array.size} in the tensor: shape "
            f"{list(t.array.shape)}, not {list(value.array.shape)}. Write g.expand_as(x) or "
            "g.reshape(x.shape) if that is meant.",
        )


def data_of(t: Tensor) -> Tensor:
    other = wrap(t.array)
    if is_inference(t):
        other.stamp = t.stamp
    return other


def set_data(t: Tensor, value: Any) -> None:
    """Let the tensor look at other memory: same object, same gradient, no history of the change."""
    if not isinstance(value, Tensor):
        raise noted(
            TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}"),
            f"Its memory is replaced by that of another tensor, and {shown(value)} came. "
            "Write x.data = minigrad.tensor(...), or x.data.fill_(0.0) for one number.",
        )
    if t.node is not None and value.array.dtype.kind != "f":
        raise noted(
            RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex "
                "dtype"
            ),
            f"A derivative needs real numbers, and {value.dtype} came. Write value.to({t.dtype}).",
        )
    if t.array is not value.array:
        exchanges.time = tick()
    t.array = value.array
    if isinstance(t.node, Leaf):
        t.node.shape, t.node.dtype = t.array.shape, t.array.dtype


def detach(t: Tensor) -> Tensor:
    other = wrap(t.array)
    other.stamp = stamp_of(t)
    return other


def detach_(t: Tensor) -> None:
    if t.view_of is not None:
        raise noted(
            RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using "
                "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as "
                "True, gradients are views of DDP buckets, and hence detach_() cannot be called on "
                "these gradients. To fix this error, please refer to the Optimizer.zero_grad() "
                "function in minigrad/optim/optimizer.py as the solution."
            ),
            "This tensor looks into the memory of another, of shape "
            f"{list(t.view_of.base.array.shape)}, and shares its history. Write x = "
            "x.detach().",
        )
    freeze(t)
    t.node = None


def fill_with_zeros(grad: Tensor) -> None:
    """Let a gradient begin again in its memory, which may be a part of other memory."""
    if grad.grad_fn is not None:
        detach_(grad)  # refuses views: their history is another's
    elif grad.requires_grad:
        set_requires_grad(grad, False)
    grad.zero_()


def hooks_of(node: Node | Leaf) -> Hooks:
    if node.hooks is None:
        node.hooks = Hooks()
    return node.hooks


def no_hook() -> RuntimeError:
    return noted(
        RuntimeError("cannot register a hook on a tensor that doesn't require gradient"),
        "No gradient passes through this tensor, so the hook would never be called. Write "
        "x.requires_grad_() before computing with it.",
    )


def register_hook(t: Tensor, hook: Callable[[Any], Any]) -> RemovableHandle:
    if t.node is None:
        raise no_hook()
    return added(hooks_of(t.node).callbacks, hook)


def register_post_accumulate_grad_hook(t: Tensor, hook: Callable[[Any], Any]) -> RemovableHandle:
    if t.node is None:
        raise no_hook()
    if isinstance(t.node, Node):
        raise noted(
            RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors"),
            "Only a leaf accumulates a gradient, and this tensor was computed "
            f"({t.node.name()}). x.register_hook(hook) sees the gradient that passes "
            "through.",
        )
    keeper = OwnHook(t, hook)
    return added(hooks_of(t.node).after, keeper)


class OwnHook:
    """A hook that is called with the tensor itself, which the leaf does not know."""

    def __init__(self, t: Tensor, hook: Callable[[Any], Any]) -> None:
        self.tensor, self.hook = ref(t), hook

    def __call__(self, leaf: Leaf) -> None:
        t = self.tensor()
        if t is not None and (result := self.hook(t)) is not None:
            raise noted(
                RuntimeError("Tensor post accumulate grad hooks should return None."),
                f"The hook returned {shown(result)}, but the gradient stands in x.grad already: "
                "change it there, x.grad.mul_(2), and return nothing.",
            )


def added(hooks: Any, hook: Callable[[Any], Any]) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def retain_grad(t: Tensor) -> None:
    if t.node is None:
        raise noted(
            RuntimeError("can't retain_grad on Tensor that has requires_grad=False"),
            "No gradient will pass through this tensor: neither it nor what it was made of "
            "requires grad. Write x.requires_grad_() before computing with it.",
        )
    if isinstance(t.node, Node):
        hooks_of(t.node).retain = True


def to_numpy(t: Tensor, force: bool) -> np.ndarray[Any, Any]:
    if t.node is not None and not force:
        raise noted(
            RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            ),
            "NumPy would compute on the numbers without a record, and no gradient could come back "
            "through it. detach() says that this is meant.",
        )
    return t.array.__array__()  # itself; the noting arrays of minigrad.compile refuse


def to_number(t: Tensor) -> Any:
    """The value behind int(t), and behind float(t) after its warning."""
    if t.array.size != 1:
        raise noted(
            ValueError("only one element tensors can be converted to Python scalars"),
            f"The tensor has {t.array.size} elements, shape {list(t.array.shape)}. Pick "
            "one, x[0], or make one of them, x.sum() or x.mean(); x.tolist() gives them "
            "all.",
        )
    return t.array.item()


def to_float(t: Tensor) -> float:
    if t.node is not None:
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
            "behavior.\nConsider using tensor.detach() first.",
            UserWarning,
            stacklevel=3,
        )
    return float(to_number(t))
