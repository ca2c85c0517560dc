"""Units with a ReLU: which of them are dead on this data, by how much, and what follows from it.

relu is flat at 0 and below: its slope there is exactly 0. A unit whose pre-activation is 0 or less
for every sample gets no gradient, and neither does any of the numbers that only it uses: its row of
the weights, its bias, and the weights of the next layer that it would feed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.autograd.graph import Leaf, Node
from minigrad.doctor.run import Array, Call, Run
from minigrad.story.lines import Line

__all__ = ["Part", "Unit", "units"]

INDEX = tuple[Any, ...]


@dataclass(frozen=True)
class Part:
    """The numbers of a parameter that belong to one unit: `fc.weight[0]`.

    input  the name of the parameter in its op: "weight" or "bias"
    """

    path: str
    index: INDEX
    input: str

    @property
    def name(self) -> str:
        inside = ", ".join(":" if isinstance(i, slice) else str(i) for i in self.index)
        return f"{self.path}[{inside}]"


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit with a ReLU.

    layer    the path of the module whose unit it is; if that is not known, the activation's
    relu     the path of the module in which the relu is called
    number   which unit of the layer, from 0; None if units cannot be told from samples, and all
             of them count as one here
    line     the user's line that calls relu, if it is not a module that does
    samples  how many there are in the data, and `active` of them are above 0
    best     the largest pre-activation; of a dead unit, by how much it misses 0 is -best
    parts    its own numbers, as far as they are known
    silent   the names of those numbers, its own and the next layers', whose gradient is exactly 0
    values   its pre-activations, one for each sample
    inputs   what comes into its layer, (samples, features); None if that is not known
    on_data  whether what comes into its layer depends on no parameter
    """

    layer: str
    relu: str
    number: int | None
    line: Line | None
    samples: int
    active: int
    best: float
    parts: tuple[Part, ...]
    silent: tuple[str, ...]
    values: Array
    inputs: Array | None
    on_data: bool

    @property
    def dead(self) -> bool:
        return self.active == 0

    @property
    def misses(self) -> float:
        """By how much the best pre-activation misses 0; 0 for a unit that is alive."""
        return max(0.0, -self.best) if self.dead else 0.0

    @property
    def name(self) -> str:
        number = "" if self.number is None else f"unit {self.number}"
        return ", ".join(filter(None, (self.layer, number)))

    @property
    def bias(self) -> Part | None:
        return next((part for part in self.parts if part.input == "bias"), None)


@dataclass(frozen=True, eq=False)
class Layer:
    """Where pre-activations come from: the product, and the parameters that make one unit each."""

    product: Call
    weight: tuple[str, INDEX] | None
    bias: str | None


def units(run: Run) -> Iterator[Unit]:
    """All units of the model that have a ReLU, in the order in which they are computed."""
    for call in run.calls[: run.first_of_loss]:
        if call.op == "relu" and call.node is not None and call.inputs[0].size:
            yield from units_of(run, call)


def units_of(run: Run, call: Call) -> Iterator[Unit]:
    z, layer = call.inputs[0], source(run, call)
    relu = call.modules[-1] if call.modules else ""
    if layer is None and z.ndim < 2:  # are these units, or samples of one?
        yield unit(run, call, None, relu, None, z.reshape(-1))
        return
    name = relu if layer is None else layer_name(layer, relu)
    columns = z.reshape(-1, z.shape[-1])
    for number in range(z.shape[-1]):
        yield unit(run, call, layer, name, number, columns[:, number])


def unit(
    run: Run, call: Call, layer: Layer | None, name: str, number: int | None, z: Array
) -> Unit:
    parts = () if layer is None or number is None else tuple(own_parts(layer, number))
    inputs = None if layer is None else layer.product.inputs[rows_at(layer.product)]
    active = int(np.count_nonzero(~(z <= 0)))  # a NaN passes
    silent = () if active else (*silent_own(run, parts), *silent_next(run, call, number))
    return Unit(
        name,
        call.modules[-1] if call.modules else "",
        number,
        call.line,
        z.size,
        active,
        float(z.max()),
        parts,
        silent,
        z,
        None if inputs is None else inputs.reshape(-1, inputs.shape[-1]),
        layer is not None and run.is_data(origin(run, layer.product.nodes[rows_at(layer.product)])),
    )


# ---- which layer a pre-activation comes from -----------------------------------------------------


def source(run: Run, call: Call) -> Layer | None:
    """The product, and perhaps the bias added to it, that a relu is applied to."""
    bias, units = None, call.shape[-1:]
    maker = run.maker(origin(run, call.nodes[0]))
    while maker is not None and maker.op in ("add", "sub"):
        leaves = [n for n in maker.nodes if isinstance(n, Leaf)]
        makers = [found for n in maker.nodes if (found := run.maker(n)) is not None]
        adds = maker.op == "add" or (not leaves and run.maker(maker.nodes[0]) is not None)
        if len(makers) != 1 or not adds or (leaves and bias):
            return None
        if leaves and [leaf.shape for leaf in leaves] != [units]:
            return None
        bias = run.path_of(leaves[0]) if leaves else bias
        maker = makers[0]
    if maker is None or maker.shape[-1:] != units or maker.op not in WEIGHT_AT or not units:
        return None
    return layer_of(run, maker, bias)


def origin(run: Run, node: Node | Leaf | None) -> Node | Leaf | None:
    """What a node was before it was given other dims, with the last one as it was."""
    maker = run.maker(node)
    while maker is not None and maker.op in RESHAPES and maker.shape[-1:] == maker.shapes[0][-1:]:
        node = maker.nodes[0]
        maker = run.maker(node)
    return node


RESHAPES = {"reshape", "reshape_copy"}  # linear flattens batches of more dims, and back
WEIGHT_AT = {"linear": 1, "linear_without_bias": 1, "matmul": 1, "addmm": 2}


def rows_at(product: Call) -> int:
    """Which of the tensors of a product holds the samples."""
    return WEIGHT_AT[product.op] - 1


def layer_of(run: Run, product: Call, bias: str | None) -> Layer:
    at = WEIGHT_AT[product.op]
    path = run.path_of(product.nodes[at])
    by_row = product.op.startswith("linear")  # (out, in), and with matmul (in, out)
    if product.op == "linear":
        bias = run.path_of(product.nodes[2])
    elif product.op == "addmm":
        bias = run.path_of(product.nodes[0])
    return Layer(product, None if path is None else (path, () if by_row else (slice(None),)), bias)


def own_parts(layer: Layer, number: int) -> Iterator[Part]:
    if layer.weight is not None:
        path, before = layer.weight
        yield Part(path, (*before, number), "weight")
    if layer.bias is not None:
        yield Part(layer.bias, (number,), "bias")


def layer_name(layer: Layer, relu: str) -> str:
    """The module that a unit belongs to: `fc` of `fc.weight`; of a bare parameter, its name."""
    path = layer.weight[0] if layer.weight else layer.bias
    if path is None:
        return layer.product.modules[-1] if layer.product.modules else relu
    return path.rpartition(".")[0] or path


# ---- what gets no gradient -----------------------------------------------------------------------


def silent_own(run: Run, parts: tuple[Part, ...]) -> Iterator[str]:
    """Those of a unit's numbers whose gradient is exactly 0, not only by way of this unit."""
    for part in parts:
        g = run.gradients.get(part.path)
        if g is not None and not g[part.index].any():
            yield part.name


def silent_next(run: Run, call: Call, number: int | None) -> Iterator[str]:
    """The weights of the next layers that would carry this unit's output."""
    for after in run.calls[: run.first_of_loss]:
        if after.op not in WEIGHT_AT or number is None:
            continue
        if origin(run, after.nodes[rows_at(after)]) is not call.node:
            continue
        path = run.path_of(after.nodes[WEIGHT_AT[after.op]])
        g = None if path is None else run.gradients.get(path)
        if path is None or g is None:
            continue
        index: INDEX = (slice(None), number) if after.op.startswith("linear") else (number,)
        if not g[index].any():
            yield Part(path, index, "weight").name
