"""The guide: nine programs that train a network from scratch, from one weight to a data loop.

Each program is a file of its own, to be read from top to bottom and to be run:
`python -m minigrad.guide.relu --seed 3`. All of them have the same four parts:

- `Net`, the network;
- `input` and `target`, or for `line` the function to be learned;
- `train(net, steps, lr, momentum)`, the training loop, which yields the loss of every step;
- `main(seed, steps, lr, momentum)`, which trains a new network and prints what happens.

The directory `reference` holds the same nine files for PyTorch. They differ from these in
nothing but their imports, and print the same characters from the same seed.

This module is the table of contents: `PROGRAMS`, by name and in the order of the course.
"""

import importlib
import inspect
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Program:
    """One program of the guide: its name, what it shows, and the seeds that show it best."""

    name: str
    title: str
    teaches: str
    network: str
    task: str
    seeds: tuple[int, ...] = (0,)

    def load(self, package: str = "minigrad.guide") -> ModuleType:
        """The program itself, from this package or from another that holds its twin."""
        return importlib.import_module(f"{package}.{self.name}")

    def defaults(self) -> dict[str, Any]:
        """The arguments that its `main` takes, and what they are if nobody says otherwise."""
        parameters = inspect.signature(self.load().main).parameters
        return {name: parameter.default for name, parameter in parameters.items()}


DEAD_SEED, LIVING_SEED = 3, 1  # of the ReLU neuron: first weights -0.99 and 0.52

COURSE = (
    Program(
        "one_neuron",
        title="one neuron",
        teaches="Descent finds a weight: input 1 and target 5 leave one answer, 5/1 = 5. "
        "Momentum carries the weight past it and back a few times before it settles.",
        network="Linear(1, 1, bias=False)",
        task="[1] -> [5]",
    ),
    Program(
        "relu",
        title="a neuron with a ReLU",
        teaches="A ReLU is flat below zero. A unit that starts there has gradient exactly 0, "
        "never moves, and is called dead; half of all seeds begin like that.",
        network="Linear(1, 1, bias=False), relu",
        task="[1] -> [5]",
        seeds=(DEAD_SEED, LIVING_SEED),
    ),
    Program(
        "leaky_relu",
        title="a neuron with a leaky ReLU",
        teaches="A small slope below zero is enough: from the seed with which the ReLU is dead, "
        "the weight creeps up until the output is positive, and then learns as any other.",
        network="Linear(1, 1, bias=False), leaky_relu",
        task="[1] -> [5]",
        seeds=(DEAD_SEED,),
    ),
    Program(
        "bias",
        title="a bias",
        teaches="A bias is a parameter like any other: a weight whose input is always 1. "
        "Here the input is 1 too, so both move by the same amount, and their sum becomes 5.",
        network="Linear(1, 1), leaky_relu",
        task="[1] -> [5]",
    ),
    Program(
        "two_inputs",
        title="two inputs",
        teaches="A whole neuron: one weight for each input, their sum, a bias, an activation. "
        "The gradient of each weight is the error times that weight's own input.",
        network="Linear(2, 1), leaky_relu",
        task="[1, 1] -> [5]",
    ),
    Program(
        "three_neurons",
        title="a layer of three neurons",
        teaches="Each neuron of a layer has weights, a bias and a target of its own; the loss is "
        "the mean of their squared errors, and they learn side by side without meeting.",
        network="Linear(2, 3), leaky_relu",
        task="[1, 1] -> [5, 6, 7]",
    ),
    Program(
        "hidden_layer",
        title="a hidden layer",
        teaches="A layer that feeds a layer. Nobody tells the hidden neurons what to do: their "
        "share of the error comes back through the last neuron's weights, by the chain rule.",
        network="Linear(2, 3), Linear(3, 1), leaky_relu",
        task="[1, 1] -> [10]",
    ),
    Program(
        "sequential",
        title="the same as a pipeline",
        teaches="nn.Sequential passes each module's output to the next. It is the same network, "
        "declared instead of written out: from the same seed, the same losses to the last digit.",
        network="Sequential(Linear(2, 3), Linear(3, 1), LeakyReLU())",
        task="[1, 1] -> [10]",
    ),
    Program(
        "line",
        title="a line, from data",
        teaches="A whole training loop on data: zero the gradients, sample, forward, loss, "
        "backward, step. Each step sees another point of 2x + 1; only weight 2 and bias 1 "
        "suit them all.",
        network="Linear(1, 1)",
        task="x in [0, 5) -> 2x + 1",
    ),
)

PROGRAMS = {program.name: program for program in COURSE}
