"""A module of minigrad against its twin in PyTorch, with random parameters and inputs."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

import minigrad
from reference.checking.comparing import Difference, Rule
from reference.checking.engines import Library, UsageError
from reference.checking.kinds import Kind, floats
from reference.checking.report import Disagreement, Result
from reference.checking.running import Run
from reference.checking.script import stage, with_nan_and_inf
from reference.checking.searching import Problem, required, search
from reference.checking.sources import literal
from reference.interchange import to_torch

__all__ = ["gradcheck_against_torch"]

CONTAINERS = ("Module", "ModuleList", "ModuleDict", "ParameterList")


def gradcheck_against_torch(
    module: minigrad.nn.Module,
    *kinds: Kind,
    twin: torch.nn.Module | None = None,
    classes: Mapping[type, type] | None = None,
    order: int = 2,
    rtol: float | None = None,
    atol: float | None = None,
    examples: int = 100,
    seed: int = 0,
    raises: bool = False,
) -> Result:
    """Search for the parameters and inputs on which a module differs from its twin in PyTorch.

        print(reference.gradcheck_against_torch(net))

    Compared are the result, the gradients by all inputs and all parameters, and the gradients of
    these; see `check`. The module is left as it is.

    Args:
        module: the module; its `training` and its parameters' `requires_grad` are respected.
        kinds: of what kind each input is. By default `floats()`, with as many features as the
            first Linear takes.
        twin: the module of PyTorch, with parameters of the same names. By default it is made by
            `to_torch(module, classes)`, which cannot translate classes of your own.
        classes: for each class of your own, that of PyTorch; see `to_torch`.
        order, rtol, atol, examples, seed, raises: as in `check`.
    """
    other = to_torch(module, classes) if twin is None else twin
    paths = [path for path, _ in module.named_parameters()]
    check_names(paths, [path for path, _ in other.named_parameters()])
    names = (required(module.forward) or ["input"])[: len(kinds) or None]
    inputs = dict(zip(names, kinds or default_inputs(module, names), strict=True))
    problem = Problem(
        with_parameters(module, len(inputs)),
        lambda *tensors: torch.func.functional_call(
            other, dict(zip(paths, tensors[len(inputs) :], strict=True)), tensors[: len(inputs)]
        ),
        Library(minigrad),
        inputs | {path: kind_of(p) for path, p in module.named_parameters()},
        Rule(rtol, atol, errors="text", name="minigrad"),
        order,
        title=f"{type(module).__name__} and its twin in PyTorch",
        program=Program(module, other, [*inputs]),
    )
    result = search(problem, False, examples, seed)
    if result and result.failures == result.examples:
        raise UsageError(
            f"{type(module).__name__} raised an error on all of the {result.examples} inputs: "
            "describe what it takes, such as floats((..., 3))"
        )
    if raises and not result:
        raise Disagreement(result)
    return result


def check_names(ours: list[str], theirs: list[str]) -> None:
    if ours != theirs:
        raise UsageError(f"the twin has other parameters: {theirs} in place of {ours}")


def default_inputs(module: minigrad.nn.Module, names: Sequence[str]) -> list[Kind]:
    """Floats, of the first parameter's dtype and with the first Linear's number of features."""
    layers = (m for m in module.modules() if isinstance(m, minigrad.nn.Linear))
    layer = next(layers, None)
    dtype = next((p.dtype.name for p in module.parameters()), "float32")
    shape = (...,) if layer is None else (..., layer.in_features)
    return [floats(shape, dtype) for _ in names]


def kind_of(parameter: minigrad.Tensor) -> Kind:
    """A parameter, as random numbers of its shape and dtype."""
    shape, dtype = tuple(parameter.shape), parameter.dtype.name
    return floats(shape, dtype, low=-2, high=2, empty=True, grad=parameter.requires_grad)


def with_parameters(module: minigrad.nn.Module, inputs: int) -> Callable[..., Any]:
    """The module as a function of its inputs and of all of its parameters."""
    places: dict[Any, list[tuple[Any, str]]] = {}
    for owner in module.modules():
        for name, parameter in owner._parameters.items():
            if parameter is not None:
                places.setdefault(parameter, []).append((owner, name))

    def put(tensors: Sequence[Any]) -> None:
        for spots, tensor in zip(places.values(), tensors, strict=True):
            for owner, name in spots:
                owner.__dict__[name] = tensor  # as it is: a Parameter would be a new leaf

    def call(*tensors: Any) -> Any:
        put(tensors[inputs:])
        try:
            return module(*tensors[:inputs])
        finally:
            put([*places])

    call.__name__ = type(module).__name__
    return call


# ---- the program --------------------------------------------------------------------------------


class Program:
    """Writes the program that shows a difference between a module and its twin."""

    def __init__(
        self, module: minigrad.nn.Module, twin: torch.nn.Module, inputs: Sequence[str]
    ) -> None:
        self.modules = {"minigrad": module, "torch": twin}
        self.inputs = inputs

    def __call__(self, problem: Problem, found: Difference, run: Run) -> str:
        values = [tensor(array) for array in run.case.arguments]
        own = len(self.inputs)
        body = [
            "torch.set_printoptions(precision=10)",
            *(f"{name} = {value}" for name, value in zip(self.inputs, values[:own], strict=True)),
            f"values = [{', '.join(values[own:])}]",
            "for parameter, value in zip(net.parameters(), values):",
            "    parameter.data = value",
            *self.answer(found, run),
        ]
        lines = ["import minigrad", "import torch", "", "", "def answer(torch, net):"]
        lines += [textwrap.indent("\n".join(body), "    "), "", ""]
        for name, module in self.modules.items():
            net = made_again(module, name) or f"...  # put here what makes the module of {name}"
            lines += [f"net = {net}", f'print("{name}:", answer({name}, net))']
        return with_nan_and_inf("\n".join(lines))

    def answer(self, found: Difference, run: Run) -> list[str]:
        """The lines that compute what differs."""
        result = f"net({', '.join(self.inputs)})"
        if stage(found) in ("result", "input") or len(run.upstream) != 1:
            return [f"return {result}"]
        inputs = [name for name in self.inputs if run.inputs[name]]
        lines = [
            *(f"{name}.requires_grad_()" for name in inputs),
            f"leaves = [{', '.join([*inputs, '*net.parameters()'])}]",
            f"upstream = {tensor(*run.upstream.values())}",
        ]
        grad = "torch.autograd.grad({}, allow_unused=True{})".format
        if stage(found) == "gradient":
            return [*lines, f"return {grad(f'{result}, leaves, upstream', '')}"]
        projections = ", ".join(map(tensor, run.projections))
        return [
            *lines,
            "upstream.requires_grad_()",
            f"grads = {grad(f'{result}, leaves, upstream', ', create_graph=True')}",
            "grads = [g for g in grads if g is not None and g.requires_grad]",
            f"return {grad(f'grads, [*leaves, upstream], [{projections}]', '')}",
        ]


def tensor(array: Any) -> str:
    return literal(array, "torch.tensor", f"dtype=torch.{array.dtype}")


def made_again(module: Any, library: str) -> str | None:
    """The expression that makes a module, if it is made of layers only and nothing is shared."""
    text = construction(module, sys.modules[library].nn)
    if text is None:
        return None
    again = eval(text, {library: sys.modules[library]})
    names = [[name for name, _ in net.named_parameters()] for net in (module, again)]
    return text if names[0] == names[1] else None


def construction(module: Any, nn: Any) -> str | None:
    """The expression that makes a layer, or a Sequential of layers."""
    name = type(module).__name__
    if getattr(nn, name, None) is not type(module) or name in CONTAINERS:
        return None
    home = nn.__name__
    if name == "MSELoss":
        return f"{home}.MSELoss(reduction={module.reduction!r})"
    if name != "Sequential":
        return f"{home}.{module!r}"
    children = [construction(child, nn) for child in module]
    return None if None in children else f"{home}.Sequential({', '.join(map(str, children))})"
