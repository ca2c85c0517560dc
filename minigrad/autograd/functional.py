"""Derivatives of functions: products with a Jacobian or a Hessian, and both of them whole.

For y = f(x) with Jacobian J = ∂y/∂x, and for a single number y with Hessian H = ∂²y/∂x²:

    vjp(f, x, v)      y and vᵀ J    one walk back
    jvp(f, x, v)      y and J v     two: vᵀ J is linear in v, and its derivative by v is J
    jacobian(f, x)    J             a walk for each element of y
    vhp(f, x, v)      y and vᵀ H    a walk, and a walk back through it
    hvp(f, x, v)      y and H v     three
    hessian(f, x)     H             the Jacobian of the Jacobian

`inputs` is a tensor or a tuple; f takes as many arguments, and returns a tensor or a tuple of them.
A tuple in gives tuples out: `jacobian(f, (a, b))[i][j]` is by the j-th input of the i-th output,
where f returns a tuple, and `jacobian(f, (a, b))[j]` where it returns one tensor.

With `create_graph` the results can be differentiated further, by inputs that require grad. With
`strict` a result that does not depend on an input is an error; otherwise it is zeros.
The names and signatures are those of `torch.autograd.functional`.
"""

from __future__ import annotations

from typing import Any

from minigrad.autograd.functional_task import (
    Function,
    Group,
    Task,
    check_strategy,
    check_vectorize,
    differentiated,
    group,
    of_first_derivative,
    of_gradient,
    zeros,
)
from minigrad.autograd.grad_mode import enable_grad
from minigrad.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | tuple[Tensor, ...]


def vjp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The results y = func(*inputs), and vᵀ J: the gradient by each input, with y weighed by v.

    v has the shapes of the results; None means 1, for a result of a single number.
    """
    task = Task("vjp", create_graph, strict)
    with enable_grad():
        x = task.inputs(inputs)
        y = task.outputs(func, x)
        weights = task.vector(v, y, "user-provided function returns a single Tensor")
    found = differentiated(y.tensors, x.tensors, weights, create_graph)
    gradients = task.filled(found, x.tensors, "The output of the user-provided function", "input")
    return task.finished(y.tensors, y), task.finished(gradients, x)


def jvp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The results y = func(*inputs), and J v: how fast y changes where the inputs move by v.

    v has the shapes of the inputs; None means 1, for an input of a single number.
    """
    task = Task("jvp", create_graph, strict)
    with enable_grad():
        x = task.inputs(inputs)
        direction = task.vector(v, x, "input to the user-provided function is a single Tensor")
        y = task.outputs(func, x)
        weights = tuple(zeros(t).requires_grad_() for t in y.tensors)
        products = differentiated(y.tensors, x.tensors, weights, create_graph=True)
        task.depend(products, of_gradient)
        # The products are linear in the weights, whatever these are: their derivative is J.
    found = differentiated(products, weights, direction, create_graph)
    changes = task.filled(found, y.tensors, "The gradient with respect to the input", "entry")
    return task.finished(y.tensors, y), task.finished(changes, y)


def jacobian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """J: for each result y and input x an array of shape `y.shape + x.shape`, ∂y[i…] / ∂x[j…].

    It takes one walk for each element of the results; `vectorize` is accepted, and saves none.
    """
    check_strategy(strategy)
    task = Task("jacobian", create_graph, strict)
    with enable_grad():
        x = task.inputs(inputs)
        y = task.outputs(func, x)
        check_vectorize(vectorize, strict)
        blocks = [task.rows(i, t, x.tensors) for i, t in enumerate(y.tensors)]
    rows = [task.finished(row, x) for row in blocks]
    return tuple(rows) if y.several else rows[0]


def hessian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """H of a function whose result is a single number: ∂²y / ∂x[i…]∂z[j…] for each pair of inputs.

    For inputs x and z the array has the shape `x.shape + z.shape`.
    """
    x = group(inputs, "inputs", "hessian")
    check_strategy(outer_jacobian_strategy)
    task = Task("hessian", create_graph=True, strict=strict)

    def single(*tensors: Tensor) -> Tensor:
        return task.single(task.outputs(func, Group(tensors, True))).squeeze()

    def gradient(*tensors: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = jacobian(single, tensors, create_graph=True)
        task.depend(found, of_first_derivative)
        return found

    rows = jacobian(gradient, x.tensors, create_graph, strict, vectorize)
    return rows if x.several else rows[0][0]


def vhp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The result y = func(*inputs), a single number, and vᵀ H, without making H.

    v has the shapes of the inputs; None means 1, for an input of a single number.
    """
    task = Task("vhp", create_graph, strict)
    x, weights, y, gradient = task.first_derivative(func, inputs, v)
    found = differentiated(gradient, x.tensors, weights, create_graph)
    products = task.filled(found, x.tensors, "The jacobian of the user-provided function", "input")
    return task.finished(y.tensors, y), task.finished(products, x)


def hvp(
    func: Function,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The result y = func(*inputs), a single number, and H v, without making H.

    H is symmetric where the function is twice continuously differentiable: vhp is equal to it
    there, and takes a walk less.
    """
    task = Task("hvp", create_graph, strict)
    x, direction, y, gradient = task.first_derivative(func, inputs, v)
    weights = tuple(zeros(t).requires_grad_() for t in x.tensors)
    products = differentiated(gradient, x.tensors, weights, create_graph=True)
    found = differentiated(products, weights, direction, create_graph)
    changes = task.filled(found, x.tensors, "The hessian of the user-provided function", "entry")
    return task.finished(y.tensors, y), task.finished(changes, x)
