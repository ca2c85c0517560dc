"""`minigrad guide NAME --plot`: the loss, the parameters and the activation as curves.

Drawn by matplotlib, where it is installed (extra `plot`); nothing else here needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

import minigrad
from minigrad import nn
from minigrad.autograd import grad
from minigrad.autograd.watch import listeners
from minigrad.extras import of_extra
from minigrad.guide import Program
from minigrad.nn import functional as F

__all__ = ["Course", "activation_curve", "figure", "matplotlib", "run", "save"]

Array = np.ndarray[Any, np.dtype[Any]]
Activation = Callable[[minigrad.Tensor], minigrad.Tensor]

ACTIVATIONS: dict[str, Activation] = {"relu": F.relu, "leaky_relu": F.leaky_relu}
FEW = 6  # parameters whose legend has room among the curves
BLUE, ORANGE, GREY = "#2563eb", "#c2410c", "#64748b"


@dataclass
class Course:
    """How a training went: the losses, the numbers in the parameters, and what the activation met.

    losses      before each step
    parameters  the values of each number, by name; one more than there are losses
    activation  its name, "" if there is none
    met         what comes into it before each step and at the end; empty without an activation
    """

    losses: list[float] = field(default_factory=list)
    parameters: dict[str, list[float]] = field(default_factory=dict)
    activation: str = ""
    met: list[Array] = field(default_factory=list)


def run(program: Program, seed: int = 0, **options: Any) -> Course:
    """Train a program, and note all of that."""
    module = program.load()
    minigrad.manual_seed(seed)
    net = module.Net()
    course = Course()
    note(course, net, module)
    for loss in module.train(net, **options):
        course.losses.append(loss.item())
        note(course, net, module)
    return course


def note(course: Course, net: nn.Module, module: ModuleType) -> None:
    for name, value in numbers(net):
        course.parameters.setdefault(name, []).append(value)
    if hasattr(module, "input"):
        for name, x in activations(net, module.input):
            course.activation = name
            course.met.append(x)


def numbers(net: nn.Module) -> Iterator[tuple[str, float]]:
    """Each number in the parameters: `fc.weight[0, 1]`; of a single one, the name alone."""
    for name, p in net.named_parameters():
        for index in np.ndindex(p.array.shape):
            place = f"[{', '.join(map(str, index))}]" if p.array.size > 1 else ""
            yield name + place, p.array[index].item()


def activations(net: nn.Module, input: minigrad.Tensor) -> list[tuple[str, Array]]:
    """The activations in a network, each with what comes into it."""
    found: list[tuple[str, Array]] = []

    def listen(node: Any, out: Any, args: tuple[Any, ...]) -> None:
        op = getattr(getattr(node, "plan", None), "op", None)
        if op is not None and op.__name__ in ACTIVATIONS:
            found.append((op.__name__, args[0].array.copy()))

    listeners.append(listen)
    try:
        net(input)
    finally:
        listeners.remove(listen)
    return found


def activation_curve(name: str, xs: Array) -> tuple[Array, Array]:
    """An activation and its derivative at xs, as the engine computes them."""
    x = minigrad.tensor(xs, requires_grad=True)
    y = ACTIVATIONS[name](x)
    (slope,) = grad(y.sum(), (x,))
    return y.detach().numpy(), np.zeros_like(xs) if slope is None else slope.numpy()


# ---- drawing -------------------------------------------------------------------------------------


def matplotlib(name: str) -> ModuleType:
    """A module of matplotlib; if it is missing, say what to install."""
    return of_extra(f"matplotlib.{name}", "plot", "plots")


def save(program: Program, path: str, **options: Any) -> None:
    """Train a program and write its curves: .png, .svg or .pdf, by the name of the file."""
    matplotlib("figure")  # if it is missing, say so before the program runs
    figure(program, run(program, **options)).savefig(path, dpi=150)


def figure(program: Program, course: Course) -> Any:
    """The figure of a training: two panels, three with an activation."""
    panels: list[Callable[[Any, Course], None]] = [draw_losses, draw_parameters]
    panels += [draw_activation] if course.activation else []
    drawn = matplotlib("figure").Figure(figsize=(4.6 * len(panels), 3.8), layout="constrained")
    drawn.suptitle(f"{program.title}: {program.network}, {program.task}", fontsize=11)
    for axes, draw in zip(drawn.subplots(1, len(panels)), panels, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        draw(axes, course)
    return drawn


def draw_losses(axes: Any, course: Course) -> None:
    """The loss of each step; logarithmic where none is 0."""
    axes.plot(range(1, len(course.losses) + 1), course.losses, color=BLUE, lw=1.5)
    axes.set(title="loss", xlabel="step")
    if course.losses and min(course.losses) > 0 and max(course.losses) > min(course.losses):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)


def draw_parameters(axes: Any, course: Course) -> None:
    """Each number in the parameters, from before the first step on."""
    many = len(course.parameters) > FEW
    axes.set_prop_cycle(
        color=matplotlib("cm").ScalarMappable(cmap="tab20").cmap.colors[:: 2 - many]
    )
    for name, values in course.parameters.items():
        axes.plot(values, lw=1.5, label=name)
    axes.set(title="parameters", xlabel="after step")
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if many else {}
    axes.legend(fontsize=7, **beside)


def draw_activation(axes: Any, course: Course) -> None:
    """The activation and its derivative, and where the first and the last step are on it."""
    met = np.concatenate([x.reshape(-1) for x in course.met])
    reach = float(np.abs(met).max(initial=1.0)) * 1.1
    xs = np.linspace(-reach, reach, 801, dtype=np.float32)
    y, slope = activation_curve(course.activation, xs)
    axes.plot(xs, y, color=BLUE, lw=1.5, label=course.activation)
    axes.plot(xs, slope, color=ORANGE, lw=1.5, ls="--", label="its derivative")
    for x, label, style in ((course.met[0], "start", "none"), (course.met[-1], "end", "full")):
        at = x.reshape(-1)
        height, _ = activation_curve(course.activation, at)
        axes.plot(at, height, "o", color=GREY, fillstyle=style, label=label)
    axes.set(title="activation", xlabel="pre-activation")
    axes.legend(fontsize=7)
