"""What a workload is about, in numbers of sizes: nothing here computes, or imports NumPy."""

from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Chain", "Cloud", "Net", "Nothing", "Points", "Problem", "perceptron"]


@dataclass(frozen=True)
class Net:
    """Linear layers that one step trains on one batch: forward, MSE, backward, SGD.

    The learning rate is so small that nobody is done learning before the clock stops: momentum
    that is fed by gradients of 0 fades into denormal numbers, which take long to multiply.

    sizes        the width of the input, of each layer in between, and of the output
    activations  what follows each layer: "relu", "leaky_relu" or None
    """

    sizes: tuple[int, ...]
    activations: tuple[str | None, ...]
    batch: int
    bias: bool = True
    lr: float = 1e-3
    momentum: float = 0.9

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum((m + self.bias) * n for m, n in pairwise(self.sizes))

    @property
    def memory(self) -> int:
        """About the bytes that a contestant needs for it: what is learned four times, for its
        gradients and momentum too, and each activation four times."""
        return 4 * 4 * (self.parameters + self.batch * sum(self.sizes))


@dataclass(frozen=True)
class Points:
    """Functions of this many numbers, element by element, forward and backward."""

    size: int


@dataclass(frozen=True)
class Chain:
    """This many operations on single numbers, each on the result of the one before."""

    length: int


@dataclass(frozen=True)
class Cloud:
    """A net that tells two clouds of points apart, number by number, without arrays."""

    points: int
    sizes: tuple[int, ...]
    lr: float = 1e-3


@dataclass(frozen=True)
class Nothing:
    """A workload that is about a library as it is."""


Problem = Net | Points | Chain | Cloud | Nothing


def perceptron(*sizes: int, batch: int, lr: float = 1e-3) -> Net:
    """Linear layers with ReLU between them, trained with momentum."""
    hidden = len(sizes) - 2
    return Net(sizes, ("relu",) * hidden + (None,), batch, lr=lr)
