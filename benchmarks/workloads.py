"""The workloads: what each is about, and to whom its ratios are told.

A workload has a kind, which names the function of a contestant that runs it, and a problem, which
is what that function gets. The costs are seconds if nothing else is said.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.problems import Chain, Cloud, Net, Nothing, Points, Problem, perceptron

__all__ = ["SWEEPS", "WORKLOADS", "Workload"]


@dataclass(frozen=True)
class Workload:
    """Something to be done, whose cost is measured.

    rival   who the others are compared with
    floor   who shows what can be had at all
    per     how many times the thing is done that the cost is of: a step has many nodes
    rounds  how many turns each gets if each is a process of its own
    """

    name: str
    about: str
    kind: str
    problem: Problem
    rival: str | None = "torch"
    floor: str | None = "numpy"
    unit: str = "s"
    per: int = 1
    thing: str = "step"
    rounds: int | None = None


MLP_LARGE = perceptron(1024, 2048, 2048, 1024, batch=512, lr=1e-2)

WORKLOADS = (
    Workload(
        "neuron",
        "Linear(1, 1) without bias, MSE, SGD; 1 sample",
        "training",
        Net((1, 1), (None,), batch=1, bias=False, lr=1e-5, momentum=0.0),
    ),
    Workload(
        "neuron-momentum",
        "Linear(1, 1), LeakyReLU, momentum 0.9; 1 sample",
        "training",
        Net((1, 1), ("leaky_relu",), batch=1, lr=1e-5),
    ),
    Workload(
        "hidden",
        "Linear(2, 3), Linear(3, 1), LeakyReLU, momentum 0.9; 1 sample",
        "training",
        Net((2, 3, 1), (None, "leaky_relu"), batch=1, lr=1e-5),
    ),
    Workload(
        "mlp-small",
        "64-128-64-10, ReLU, momentum 0.9; 32 samples",
        "training",
        perceptron(64, 128, 64, 10, batch=32),
    ),
    Workload(
        "mlp-mid",
        "784-512-256-10, ReLU, momentum 0.9; 128 samples",
        "training",
        perceptron(784, 512, 256, 10, batch=128, lr=1e-2),
    ),
    Workload(
        "mlp-large",
        "1024-2048-2048-1024, ReLU, momentum 0.9; 512 samples",
        "training",
        MLP_LARGE,
    ),
    Workload(
        "elementwise",
        "20 of * + relu on 1,000,000 numbers, forward and backward",
        "elementwise",
        Points(1_000_000),
    ),
    Workload(
        "math",
        "exp, tanh, log, sigmoid, sin of 1,000,000 numbers, forward and backward",
        "math",
        Points(1_000_000),
    ),
    Workload(
        "chain-10k",
        "10,000 * and + of single numbers in a row, built, walked back and dropped",
        "chain",
        Chain(10_000),
        floor="numpy-plain",
        per=10_000,
        thing="node",
    ),
    Workload(
        "chain-100k",
        "100,000 of them",
        "chain",
        Chain(100_000),
        floor="numpy-plain",
        per=100_000,
        thing="node",
    ),
    Workload(
        "second-order",
        "mlp-small with the gradient by its input as a penalty",
        "second_order",
        perceptron(64, 128, 64, 10, batch=32),
    ),
    Workload(
        "scalar",
        "a 2-16-16-1 net on 100 points, number by number: minigrad.Scalar",
        "scalar",
        Cloud(100, (2, 16, 16, 1)),
        rival="micrograd",
        floor="numpy-plain",
    ),
    Workload(
        "import",
        "import it in a fresh process",
        "load",
        Nothing(),
        rival=None,
        thing="import",
        rounds=15,
    ),
    Workload(
        "memory-peak",
        "mlp-large: the most that it takes beyond its parameters, in times their size",
        "peak",
        MLP_LARGE,
        unit="x",
        rounds=3,
    ),
    Workload(
        "memory-growth",
        "mlp-small: 1,000 steps with the garbage collector off",
        "growth",
        perceptron(64, 128, 64, 10, batch=32),
        rival=None,
        floor=None,
        unit="KiB",
        thing="1,000 steps",
        rounds=3,
    ),
)


# What a sweep is about, and its net of size n.
SWEEPS: dict[str, tuple[str, Callable[[int], Net]]] = {
    "width": (
        "n-n-n with ReLU, 32 samples",
        lambda n: perceptron(n, n, n, batch=32),
    ),
    "batch": (
        "64-64-64 with ReLU, n samples",
        lambda n: perceptron(64, 64, 64, batch=n),
    ),
}
