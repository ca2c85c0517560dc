"""The diagram of a module: what it is made of, its parameters with their shapes."""

from __future__ import annotations

import re
from itertools import pairwise

from minigrad.drawing.diagram import Box, Diagram, Group, Line, Path
from minigrad.nn import Module, Sequential
from minigrad.nn.parameter import Parameter
from minigrad.story.numbers import shape_text

__all__ = ["module_diagram", "module_text", "parameter_lines"]

FEW = 6  # parameters that are listed one by one


def module_diagram(module: Module, name: str) -> Diagram:
    """Modules without modules in them as boxes, the others as groups.

    Only of a Sequential is it known without running it what follows what.
    """
    diagram = Diagram(f"{name or type(module).__name__}: {type(module).__name__}")
    add(diagram, module, name or type(module).__name__, ())
    return diagram


def add(diagram: Diagram, module: Module, name: str, path: Path) -> tuple[list[str], list[str]]:
    """Add a module; return the boxes that data enters and those that it leaves from."""
    children = [(key, child) for key, child in module._modules.items() if child is not None]
    title = f"{name}: {module_text(module)}"
    if not children:
        box = f"box {len(diagram.boxes)}"
        diagram.add(Box(box, "module", (Line("title", title), *parameter_lines(module)), path))
        return [box], [box]
    inner = (*path, name)
    diagram.groups[inner] = Group(title, parameter_lines(module))
    ends = [add(diagram, child, f"{name}.{key}", inner) for key, child in children]
    if not isinstance(module, Sequential):
        return [], []
    for (_, leaving), (entering, _) in pairwise(ends):
        for source in leaving:
            for target in entering:
                diagram.connect(source, target)
    return ends[0][0], ends[-1][1]


def module_text(module: Module) -> str:
    """A module in short: Linear(2, 3), LeakyReLU(0.01); of one with modules in it, the class."""
    text = re.sub(r"\w+=", "", repr(module)).replace(", True)", ")")
    return type(module).__name__ if "\n" in text else text


def parameter_lines(module: Module) -> tuple[Line, ...]:
    """The parameters of a module and of those in it, with shape and gradient; of many, the sum."""
    parameters = dict(module.named_parameters())
    if len(parameters) > FEW:
        return tuple(summary([*parameters.values()]))
    return tuple(line for name, p in parameters.items() for line in lines_of(name, p))


def summary(parameters: list[Parameter]) -> list[Line]:
    numbers = sum(p.array.size for p in parameters)
    computed = sum(p.grad is not None for p in parameters)
    shape = Line("data", f"{len(parameters)} parameters, {numbers:,} numbers")
    if not computed:
        return [shape, Line("missing", "grad not computed")]
    some = "all" if computed == len(parameters) else f"{computed} of {len(parameters)}"
    return [shape, Line("gradient", f"grad of {some}")]


def lines_of(name: str, parameter: Parameter) -> list[Line]:
    shape = Line("data", f"{name} {shape_text(parameter.array.shape)}")
    if not parameter.requires_grad:
        return [shape, Line("missing", "frozen: no gradient")]
    if parameter.grad is None:
        return [shape, Line("missing", "grad not computed")]
    largest = abs(parameter.grad.array).max() if parameter.grad.array.size else 0.0
    return [shape, Line("gradient", f"grad up to {largest:.3g}")]
