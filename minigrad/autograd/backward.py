"""The two doors to the engine: `backward` fills `.grad`, `grad` returns gradients."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.autograd import leaves
from minigrad.autograd.engine import Gradients, call, deposit_all, own, run_backward
from minigrad.autograd.grad_mode import enable_grad
from minigrad.autograd.graph import Leaf, Node
from minigrad.autograd.watch import watched
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor, wrap

__all__ = ["backward", "grad"]

Tensors = Tensor | Sequence[Tensor]


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add the gradients of `tensors` to the `grad` of every leaf that they were made of.

    grad_tensors  the gradients of the tensors, of the same shapes; None means 1 for a tensor of
                  one element
    retain_graph  keep what was saved for another backward (default: the value of create_graph)
    create_graph  record the walk, so that the gradients can be differentiated again
    inputs        add to these only

    All gradients are added at the end or, if anything fails, none.
    """
    outputs = as_tuple(tensors)
    wanted = None if inputs is None else as_tuple(inputs)
    if wanted is not None and len(wanted) == 0:
        raise noted(
            RuntimeError("`inputs` argument to `backward()` cannot be empty."),
            "An empty list asks for no gradient at all. Name tensors that require grad, or "
            "leave out inputs= to reach all leaves.",
        )
    roots = seeds(outputs, as_gradients(grad_tensors, outputs), create_graph)
    for t in wanted or ():
        leaves.retain_grad(t)
    targets = None if wanted is None else nodes_of(wanted)
    if create_graph:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the "
            "parameter and its gradient which can cause a memory leak. We recommend using "
            "autograd.grad when creating the graph to avoid this. If you have to use this "
            "function, make sure to reset the .grad fields of your parameters to None after use "
            "to break the cycle and avoid the leak.",
            UserWarning,
            stacklevel=3,
        )
    deposit_all(walk(roots, retain_graph, create_graph, targets), create_graph)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`; no `.grad` is touched.

    With several outputs their gradients are summed. An input that was not used is an error, unless
    `allow_unused` (its gradient is None then) or `materialize_grads` (zeros).
    """
    if materialize_grads and allow_unused is False:
        raise noted(
            ValueError(
                "Expected allow_unused to be True or not passed when materialize_grads=True, "
                "but got: allow_unused=False."
            ),
            "Zeros for unused inputs allow that they are unused. Leave out allow_unused.",
        )
    results, wanted = as_tuple(outputs), as_tuple(inputs)
    if len(wanted) == 0:
        raise noted(
            RuntimeError("`inputs` argument to `grad()` cannot be empty."),
            "An empty list asks for no gradient at all. Name the tensors whose gradients "
            "are wanted: minigrad.autograd.grad(loss, [w, b]).",
        )
    roots = seeds(results, as_gradients(grad_outputs, results), create_graph)
    targets = nodes_of(wanted)
    found = walk(roots, retain_graph, create_graph, targets)
    if not (allow_unused or materialize_grads):
        check_used(targets, found)
    gradients = [gradient(found.get(node), node) for node in targets]
    if materialize_grads:
        gradients = [
            wrap(np.zeros_like(t.array)).requires_grad_(create_graph) if g is None else g
            for g, t in zip(gradients, wanted, strict=True)
        ]
    return tuple(gradients)


def walk(
    roots: Gradients, retain_graph: bool | None, create_graph: bool, targets: Any
) -> Gradients:
    retain = create_graph if retain_graph is None else retain_graph
    if create_graph:
        with enable_grad():
            return run_backward(roots, True, retain, targets)
    return run_backward(roots, False, retain, targets)


def as_tuple(tensors: Tensors) -> tuple[Tensor, ...]:
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def as_gradients(gradients: Any, outputs: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    """A gradient or None for each output; what is given beyond that is not looked at."""
    if gradients is None:
        return (None,) * len(outputs)
    given = (gradients,) if isinstance(gradients, Tensor) else tuple(gradients)
    for g in given[: len(outputs)]:
        if g is not None and not isinstance(g, Tensor):
            raise noted(
                TypeError(f"gradients can be either Tensors or None, but got {type(g).__name__}"),
                f"How much each output counts is said by a tensor of its shape, and {shown(g)} "
                "came. Make one of it: minigrad.tensor(...).",
            )
    if len(given) < len(outputs):
        raise noted(
            RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients"),
            f"Each of the {len(outputs)} outputs needs its gradient, or None for 1 where it "
            "is a single number.",
        )
    return given[: len(outputs)]


def seeds(
    outputs: Sequence[Tensor], gradients: Sequence[Tensor | None], create_graph: bool
) -> Gradients:
    """What the walk starts with: the gradient of each output, by node."""
    roots: Gradients = {}
    given = [seed(i, t, gradients[i], create_graph) for i, t in enumerate(outputs)]
    for i, output in enumerate(outputs):
        node = output.node
        if node is None:
            raise noted(
                RuntimeError(
                    f"element {i} of tensors does not require grad and does not have a grad_fn"
                ),
                "Nothing that this tensor was made of requires grad, or it was made under no_grad "
                "or from detached values, so there is nothing to differentiate. Parameters of "
                "modules require grad; for your own tensors write requires_grad=True.",
            )
        roots[node] = call(ops.add, roots[node], given[i]) if node in roots else given[i]
    return roots


def seed(index: int, output: Tensor, given: Tensor | None, create_graph: bool) -> Any:
    """The gradient of one output: the given one, checked, or 1 for a single number."""
    shape, kind = output.array.shape, output.array.dtype
    if given is None:
        if output.array.size != 1 and output.node is not None:
            raise noted(
                RuntimeError("grad can be implicitly created only for scalar outputs"),
                f"This tensor has shape {list(shape)}: which of its {output.array.size} numbers "
                "should fall? Make one number of them, loss.sum() or loss.mean(), or say how much "
                "each one counts: loss.backward(gradient=minigrad.ones_like(loss)).",
            )
        array = watched(np.ones(shape, kind) if shape else one(kind).copy())
        return wrap(array) if create_graph else array
    if given.array.shape != shape:
        raise noted(
            RuntimeError(
                f"Mismatch in shape: grad_output[{index}] has a shape of {given.shape} "
                f"and output[{index}] has a shape of {output.shape}."
            ),
            f"The output has shape {list(shape)} and the gradient says how much each of its "
            f"elements counts, so it has the same shape; {list(given.array.shape)} came. "
            "minigrad.ones_like(output) counts each once.",
        )
    if given.array.dtype != kind:
        given = given.to(output.dtype)
    return given if create_graph else given.array


@cache
def one(kind: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    return np.ones((), kind)  # copying it costs a third of making it


def nodes_of(inputs: Sequence[Tensor]) -> list[Node | Leaf]:
    nodes = []
    for t in inputs:
        if t.node is None:
            raise noted(
                RuntimeError("One of the differentiated Tensors does not require grad"),
                "Only a tensor with requires_grad=True, or one made of such, has a gradient.",
            )
        is_nowhere = isinstance(t.node, Leaf) and t.node.frozen  # a view that was not recorded
        nodes.append(Leaf.unrecorded(t.array) if is_nowhere else t.node)
    return nodes


def check_used(targets: Sequence[Node | Leaf], found: Gradients) -> None:
    for i, node in enumerate(targets):
        if found.get(node) is None:
            raise noted(
                RuntimeError(
                    f"The differentiated Tensor at index {i} appears to not have been used in the "
                    "graph. Set allow_unused=True if this is the desired behavior."
                ),
                "The outputs were not made from this very tensor. A copy, a detached tensor or "
                "the same values in a new tensor do not count.",
            )


def gradient(g: Any, node: Node | Leaf) -> Tensor | None:
    """What was found for a node as a tensor that shares its memory with nothing."""
    if g is None or isinstance(g, Tensor):
        return g
    return wrap(own(np.asanyarray(g), None if isinstance(node, Leaf) else g), None)
