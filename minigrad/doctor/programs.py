"""The diagnosis of a program of the guide."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import minigrad
from minigrad.doctor.diagnosis import Diagnosis, diagnose
from minigrad.doctor.run import undisturbed
from minigrad.guide import PROGRAMS
from minigrad.optim import SGD
from minigrad.tensor import Tensor

__all__ = ["diagnose_program"]

SAMPLES = 64  # of a program that draws its data


def diagnose_program(name: str, steps: int = 0, seed: int = 0, **options: Any) -> Diagnosis:
    """The network of a program of the guide, by name, before training or after some steps of it.

    options  lr and momentum, where they are not to be the program's own
    """
    module = PROGRAMS[name].load()
    minigrad.manual_seed(seed)
    net = module.Net()
    chosen = {**PROGRAMS[name].defaults(), **options}
    optimizer = SGD(net.parameters(), chosen["lr"], chosen["momentum"])
    training = module.train(net, steps + 1, **options)
    for _ in range(steps):
        next(training)
    if steps:
        optimizer = training.gi_frame.f_locals["optimizer"]
    return diagnose(net, *data(module), optimizer)


def data(module: ModuleType) -> tuple[Tensor, Tensor]:
    """What a program learns from; of one that draws its data anew in each step, some of them."""
    if hasattr(module, "input"):
        return module.input, module.target
    with undisturbed():
        x = minigrad.rand(SAMPLES, 1) * 5
        return x, module.f(x)
