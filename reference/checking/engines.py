"""How `check` speaks with an engine: make a tensor, read it, differentiate.

Nothing has to be written for a plain NumPy function (with its derivative, if there is one), for a
library with PyTorch's names, and for a class with `.backward()` and `.grad`. For any other engine,
derive from `Engine` and say three things:

    class Mine(reference.Engine):
        name = "mine"

        def tensor(self, array, requires_grad):
            return mine.Variable(array)

        def array(self, tensor):
            return tensor.value

        def grad(self, outputs, inputs, upstream, create_graph):
            return mine.gradients(outputs, inputs, upstream)

    reference.check(mine.softplus, torch.nn.functional.softplus, engine=Mine())
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from reference.checking.kinds import Array

__all__ = ["Engine", "Functions", "Library", "Objects", "engine_of"]


class Engine:
    """Something that computes, and perhaps differentiates.

    Attributes:
        name: what to call it in a report.
        order: how often it can differentiate: 0, 1, or 2 for gradients of gradients.
        errors: how much of an error is compared unless `check` is told: "raised" or not, its
            "class", or its "text" (class and first line).
        dtypes: whether it has dtypes that are worth comparing.
    """

    name = "mine"
    order = 1
    errors = "raised"
    dtypes = True

    def tensor(self, array: Array, requires_grad: bool) -> Any:
        """A tensor with these values, by which to differentiate or not."""
        raise NotImplementedError(f"{type(self).__name__} has to define tensor()")

    def array(self, tensor: Any) -> Array:
        """The values of a tensor; of numbers and arrays, these."""
        raise NotImplementedError(f"{type(self).__name__} has to define array()")

    def grad(
        self,
        outputs: Sequence[Any],
        inputs: Sequence[Any],
        upstream: Sequence[Any],
        create_graph: bool,
    ) -> Sequence[Any]:
        """The gradient by each input, given that of each output; None where there is none."""
        raise NotImplementedError(f"{type(self).__name__} has to define grad()")

    def call(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """The function's result."""
        return function(*arguments)

    def differentiable(self, output: Any) -> bool:
        """Whether a gradient can be taken of this result."""
        return self.array(output).dtype.kind == "f"


class Functions(Engine):
    """Plain functions of NumPy arrays, and perhaps `derivative(x, g)`, written by hand.

    The derivative is called with all arguments and then with the gradient of each result; it
    returns the gradient by each argument: an array, or several in a tuple.
    """

    def __init__(self, derivative: Callable[..., Any] | None = None) -> None:
        self.derivative = derivative
        self.order = 0 if derivative is None else 1
        self.arguments: Sequence[Any] = ()

    def tensor(self, array: Array, requires_grad: bool) -> Array:
        return array

    def array(self, tensor: Any) -> Array:
        if hasattr(tensor, "requires_grad"):
            raise UsageError(
                "the function was called with NumPy arrays and returned a "
                f"{type(tensor).__module__.partition('.')[0]} tensor: say which engine it is "
                "written for, engine=minigrad or engine=torch"
            )
        return np.asarray(tensor)

    def call(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        self.arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        return function(*arguments)

    def grad(
        self,
        outputs: Sequence[Any],
        inputs: Sequence[Any],
        upstream: Sequence[Any],
        create_graph: bool,
    ) -> Sequence[Any]:
        assert self.derivative is not None  # the order says so
        found = self.derivative(*self.arguments, *upstream)
        gradients = list(found) if isinstance(found, tuple | list) else [found]
        if len(gradients) == len(self.arguments):  # then those by integers count, too
            both = zip(gradients, self.arguments, strict=True)
            gradients = [g for g, a in both if is_float(a)]
        if len(gradients) != len(inputs):
            raise ValueError(
                f"the derivative returned {len(gradients)} gradients for {len(inputs)} inputs"
            )
        return gradients


class Library(Engine):
    """A library with PyTorch's names: torch itself, minigrad, or one like them."""

    order = 2
    errors = "text"

    def __init__(self, library: ModuleType) -> None:
        self.library = library
        self.name = library.__name__

    def tensor(self, array: Array, requires_grad: bool) -> Any:
        tensor = self.library.from_numpy(array)
        return tensor.requires_grad_() if requires_grad else tensor

    def array(self, tensor: Any) -> Array:
        return np.asarray(tensor.numpy(force=True) if hasattr(tensor, "detach") else tensor)

    def differentiable(self, output: Any) -> bool:
        return bool(getattr(output, "requires_grad", False))

    def grad(
        self,
        outputs: Sequence[Any],
        inputs: Sequence[Any],
        upstream: Sequence[Any],
        create_graph: bool,
    ) -> Sequence[Any]:
        found: Sequence[Any] = self.library.autograd.grad(
            outputs, inputs, upstream, create_graph=create_graph, allow_unused=True
        )
        return found


class Objects(Engine):
    """A class whose objects hold `.data`, and after `.backward()` on a result `.grad`.

    `backward` takes the gradient of the result, or nothing if results are single numbers. With
    scalars=True the objects hold Python numbers, as micrograd's do.
    """

    def __init__(self, of: Callable[[Any], Any], scalars: bool = False) -> None:
        self.of = of
        self.scalars = scalars
        self.dtypes = not scalars
        self.takes_gradient = True  # of backward; known once it was called
        self.name = getattr(of, "__name__", "mine")

    def tensor(self, array: Array, requires_grad: bool) -> Any:
        if not self.scalars:
            return self.of(array)
        if array.ndim:
            raise UsageError(
                f"{self.name} holds one number: describe the input by floats(shape=())"
            )
        return self.of(array.item())

    def array(self, tensor: Any) -> Array:
        if isinstance(tensor, np.ndarray | np.generic | int | float):
            return np.asarray(tensor)
        return np.asarray(tensor.data)

    def differentiable(self, output: Any) -> bool:
        return hasattr(output, "backward")

    def grad(
        self,
        outputs: Sequence[Any],
        inputs: Sequence[Any],
        upstream: Sequence[Any],
        create_graph: bool,
    ) -> Sequence[Any]:
        scale = 1.0
        for output, g in zip(outputs, upstream, strict=True):
            self.takes_gradient = can_be_called(output.backward, g)
            if self.takes_gradient:
                output.backward(self.array(g))
            else:
                scale = self.single(output, g)
                output.backward()
        return [None if x.grad is None else self.array(x.grad) * scale for x in inputs]

    def single(self, output: Any, g: Any) -> float:
        """The gradient of a result that is a single number."""
        if self.array(output).size != 1:
            raise UsageError(
                f"backward() of {self.name} takes no gradient, so that results have to be single "
                "numbers: describe the inputs by floats(shape=()), or end the function in a sum"
            )
        return float(self.array(g).item())


class UsageError(TypeError):
    """`check` was asked for something that cannot be done: not a finding, but a mistake."""


def engine_of(
    engine: Any, function: Callable[..., Any], derivative: Callable[..., Any] | None
) -> Engine:
    """The engine that a user means by a module, a class, or nothing at all."""
    if derivative is not None and engine is not None:
        raise UsageError("derivative= is for a NumPy function: it does not go with engine=")
    if isinstance(engine, Engine):
        return engine
    if isinstance(engine, ModuleType):
        return Library(engine)
    if isinstance(engine, type):
        return Objects(engine)
    if engine is not None:
        raise UsageError(f"an engine is a module, a class or an Engine, not {engine!r}")
    if derivative is None and (home := library_of(function)):
        return Library(home)
    return Functions(derivative)


def library_of(function: Any) -> ModuleType | None:
    """The library with tensors that a function or a module of layers comes from."""
    owners = [function, *type(function).__mro__]
    roots = {str(getattr(owner, "__module__", "")).partition(".")[0] for owner in owners}
    names = roots & {"minigrad", "torch"}
    return sys.modules[names.pop()] if names else None


def can_be_called(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether a function takes so many arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    return True


def is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
