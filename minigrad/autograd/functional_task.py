"""The steps that the derivatives of functional.py have in common, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd.backward import grad
from minigrad.autograd.grad_mode import enable_grad
from minigrad.notes import noted, shown
from minigrad.ops import stack
from minigrad.tensor import Tensor, wrap

__all__ = [
    "Function", "Group", "Task", "check_strategy", "check_vectorize", "differentiated",
    "group", "of_first_derivative", "of_gradient",
]  # fmt: skip

Function = Callable[..., Any]
Gradients = tuple[Tensor | None, ...]

# ---- tensors, alone or in a tuple ---------------------------------------------------------------

RESULTS = "outputs of the user-provided function"


class Group(NamedTuple):
    """Tensors, and whether they came as a tuple, so that what belongs to them goes back as one."""

    tensors: tuple[Tensor, ...]
    several: bool


def group(value: Any, what: str, name: str) -> Group:
    """A tensor or a tuple of tensors; anything else is a TypeError that says what it was."""
    several = isinstance(value, tuple)
    for i, t in enumerate(value if several else (value,)):
        if not isinstance(t, Tensor):
            which = f"value at index {i}" if several else f"given {what}"
            raise noted(
                TypeError(
                    f"The {what} given to {name} must be either a Tensor or a tuple of Tensors "
                    f"but the {which} has type {type(t)}."
                ),
                "Numbers and lists are no tensors: write minigrad.tensor(...) around them."
                if not isinstance(value, list)
                else "A list does not count as a tuple here: write tuple(...) around it.",
            )
    return Group(value if several else (value,), several)


def fresh(t: Tensor, create_graph: bool, requires_grad: bool) -> Tensor:
    """A tensor of our own: what the function knows of the given one by other ways is a constant."""
    if create_graph and t.requires_grad:
        return t.view(t.shape)
    return t.detach().requires_grad_(requires_grad)


def zeros(t: Tensor) -> Tensor:
    return wrap(np.zeros_like(t.array))


def differentiated(
    outputs: Sequence[Tensor | None],
    inputs: tuple[Tensor, ...],
    weights: tuple[Tensor | None, ...],
    create_graph: bool,
    retain_graph: bool | None = None,
) -> Gradients:
    """The gradients of those outputs that have a history; None where there is none to have."""
    pairs = [(y, g) for y, g in zip(outputs, weights, strict=True) if y is not None and y.node]
    if not pairs:
        return (None,) * len(inputs)
    recorded, upstream = zip(*pairs, strict=True)
    return grad(recorded, inputs, upstream, retain_graph, create_graph, allow_unused=True)


# ---- the steps that they have in common ---------------------------------------------------------


class Task(NamedTuple):
    """Which derivative is computed, and how; its methods are the steps on the way."""

    name: str
    create_graph: bool
    strict: bool

    def inputs(self, inputs: Any) -> Group:
        given = group(inputs, "inputs", self.name)
        return Group(
            tuple(fresh(t, self.create_graph, requires_grad=True) for t in given.tensors),
            given.several,
        )

    def outputs(self, func: Function, x: Group) -> Group:
        y = group(func(*x.tensors), RESULTS, self.name)
        self.depend(y.tensors, of_result)
        return y

    def vector(self, v: Any, like: Group, single: str) -> tuple[Tensor | None, ...]:
        """The tensors of v, which must fit; without v None, if there is but a single number."""
        if v is not None:
            given = group(v, "v", self.name).tensors
            check_fit(given, like)
            return tuple(fresh(t, self.create_graph, requires_grad=False) for t in given)
        if len(like.tensors) != 1 or like.tensors[0].numel() != 1:
            raise noted(
                RuntimeError(
                    f"The vector v can only be None if the {single} with a single element."
                ),
                f"Here the shapes are {shapes(like)}: pass v, of those shapes, to say how much "
                "each number counts.",
            )
        return (None,)

    def first_derivative(
        self, func: Function, inputs: Any, v: Any
    ) -> tuple[Group, tuple[Tensor | None, ...], Group, Gradients]:
        """Inputs, v, the single result, and its recorded gradient."""
        with enable_grad():
            x = self.inputs(inputs)
            direction = self.vector(v, x, "input to the user-provided function is a single Tensor")
            y = self.outputs(func, x)
            self.single(y)
            gradient = differentiated(y.tensors, x.tensors, (None,), create_graph=True)
            self.depend(gradient, of_first_derivative)
        return x, direction, y, gradient

    def single(self, y: Group) -> Tensor:
        """The only result, which must be a single number: there is a Hessian of nothing else."""
        if y.several:
            raise noted(
                RuntimeError(f"The function given to {self.name} should return a single Tensor"),
                f"It returned a tuple of {len(y.tensors)}. A Hessian belongs to one number: "
                "return the tensor that is meant.",
            )
        if y.tensors[0].numel() != 1:
            raise noted(
                RuntimeError(
                    f"The Tensor returned by the function given to {self.name} should contain a "
                    "single element"
                ),
                f"Its shape is {shapes(y)}. Make one number of it, for example with .sum(), or "
                "take jacobian() of a gradient.",
            )
        return y.tensors[0]

    def rows(self, i: int, y: Tensor, x: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """∂y/∂x for each x: a walk from each element of y."""
        if y.numel() == 0:
            raise noted(
                RuntimeError("stack expects a non-empty TensorList"),
                f"Output {i} has the shape {list(y.shape)}, without elements: nothing to stack.",
            )
        rows = [self.row(i, one_of(y, j), y, x) for j in range(y.numel())]
        return tuple(
            stack(0, *[row[k] for row in rows]).view((*y.shape, *t.shape)) for k, t in enumerate(x)
        )

    def row(self, i: int, one: Tensor, y: Tensor, x: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        found = differentiated((y,), x, (one,), self.create_graph, retain_graph=True)
        if self.strict:
            for k, g in enumerate(found):
                if g is None:
                    raise independent(f"Output {i} of the user-provided function", f"input {k}")
                if self.create_graph and not g.requires_grad:
                    raise independent("The jacobian of the user-provided function", f"input {i}", 1)
        return tuple(zeros(t) if g is None else g for g, t in zip(found, x, strict=True))

    def depend(self, results: Sequence[Tensor | None], error: Callable[[int], Exception]) -> None:
        """In strict mode: the error of the first result that does not depend on the inputs."""
        for i, t in enumerate(results if self.strict else ()):
            if t is None:
                raise independent("The output of the user-provided function", f"input {i}")
            if not t.requires_grad:
                raise error(i)

    def filled(
        self, found: Gradients, like: tuple[Tensor, ...], subject: str, place: str
    ) -> tuple[Tensor, ...]:
        """The gradients, with zeros for those that are missing; in strict mode that is an error."""
        for i, g in enumerate(found if self.strict else ()):
            if g is None:
                raise independent(subject, f"{place} {i}", ENDS.get(self.name, 0))
            if self.create_graph and not g.requires_grad:
                which = "jacobian" if self.name in ("vjp", "jvp") else "hessian"
                raise independent(f"The {which} of the user-provided function", f"input {i}", 1)
        return tuple(zeros(t) if g is None else g for g, t in zip(found, like, strict=True))

    def finished(self, tensors: tuple[Tensor, ...], like: Group) -> Any:
        """What the user gets: without history unless it was asked for, and in the same nesting."""
        if not self.create_graph:
            tensors = tuple(t.detach() for t in tensors)
        return tensors if like.several else tensors[0]


def one_of(y: Tensor, j: int) -> Tensor:
    """Zeros like y, with 1 at its j-th element."""
    one = np.zeros(y.array.shape, y.array.dtype)
    one.reshape(-1)[j] = 1
    return wrap(one)


# ---- what is refused ----------------------------------------------------------------------------


def check_fit(v: tuple[Tensor, ...], like: Group) -> None:
    if len(v) != len(like.tensors):
        raise noted(
            RuntimeError(
                f"v is a tuple of invalid length: should be {len(like.tensors)} but got {len(v)}."
                if like.several
                else "The given v should contain a single Tensor."
            ),
            f"v needs a tensor for each of the shapes {shapes(like)}.",
        )
    for i, (given, t) in enumerate(zip(v, like.tensors, strict=True)):
        if given.shape != t.shape:
            which = f"Entry {i} in v" if like.several else "v"
            raise noted(
                RuntimeError(
                    f"{which} has invalid size: should be {t.shape} but got {given.shape}."
                ),
                "v is not broadcast: it has a number for each number that it weighs.",
            )


def shapes(of: Group) -> str:
    return " and ".join(str(list(t.shape)) for t in of.tensors)


def check_strategy(strategy: str) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise noted(
            AssertionError(
                'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
                'function has more outputs than inputs, "forward-mode" tends to be more '
                'performant. Otherwise, prefer to use "reverse-mode".'
            ),
            f"{shown(strategy)} came. Write strategy='reverse-mode', the only one in minigrad.",
        )
    if strategy == "forward-mode":
        raise noted(
            NotImplementedError('minigrad has no forward mode: strategy="forward-mode"'),
            "The walk goes from results to inputs only. The default, reverse-mode, computes the "
            "same matrix; for a few directions of many inputs, jvp is cheaper.",
        )


def check_vectorize(vectorize: bool, strict: bool) -> None:
    if strict and vectorize:
        raise noted(
            RuntimeError(
                "minigrad.autograd.functional.jacobian: `strict=True` and `vectorized=True` are "
                "not supported together. Please either set `strict=False` or `vectorize=False`."
            ),
            "vectorize changes nothing in minigrad. Write vectorize=False, and strict=True tells "
            "which result does not depend on which input.",
        )


ENDS = {"jvp": 2, "hvp": 3}  # which of the ends below a missing product calls for
STRICT = (
    ". This is not allowed in strict mode.",
    ". This is not allowed in strict mode when create_graph=True.",
    " in the grad_outputs when using the double backward trick to compute forward mode gradients."
    " This is not allowed in strict mode.",
    " in the grad_jacobian. This is not allowed in strict mode as it prevents from using the "
    "double backward trick to replace forward mode AD.",
)


def independent(subject: str, place: str, end: int = 0) -> Exception:
    return noted(
        RuntimeError(f"{subject} is independent of {place}{STRICT[end]}"),
        "Without strict this derivative is zeros, which is the right number if the independence "
        "is meant. If it is not: look for a detach(), an item(), or a new tensor made of numbers.",
    )


def of_result(i: int) -> Exception:
    return noted(
        RuntimeError(
            f"Output {i} of the user-provided function does not require gradients. The outputs "
            "must be computed in a differentiable manner from the input when running in strict "
            "mode."
        ),
        "It was made of none of the inputs, or the history was cut: by detach(), under no_grad, "
        "or by a comparison or a conversion to integers.",
    )


def of_gradient(i: int) -> Exception:
    return noted(
        RuntimeError(
            f"The gradient with respect to input {i} is independent of the inputs of the "
            "user-provided function. This is not allowed in strict mode."
        ),
        f"On the way back to input {i} something gives the same number whatever comes to it: a "
        "step such as sign(), or the backward of a Function of your own. Write strict=False if "
        "that is meant.",
    )


def of_first_derivative(i: int) -> Exception:
    return noted(
        RuntimeError(
            "While computing the hessian, found that the jacobian of the user-provided function "
            f"with respect to input {i} is independent of the input. This is not allowed in strict "
            "mode. You should ensure that your function is twice differentiable and that the "
            "jacobian depends on the inputs (this would be violated by a linear function for "
            "example)."
        ),
        "The second derivatives are all zero then; without strict, zeros are what you get.",
    )
