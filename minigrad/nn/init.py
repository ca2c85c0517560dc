"""How parameters start. Every function fills a tensor in place, unrecorded, and returns it.

The fans of a weight (out, in, ...) are the numbers of inputs and outputs that one element of it
connects: fan_in = in·r and fan_out = out·r, with r the product of the further dims. Scaling by them
keeps the variance of what flows through a deep network from growing or vanishing.

Sources: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
networks" (2010) for xavier; K. He et al., "Delving deep into rectifiers" (2015) for kaiming.
"""

from __future__ import annotations

import math
import warnings

from minigrad.autograd.grad_mode import no_grad
from minigrad.creation import eye
from minigrad.notes import noted, shown
from minigrad.random import Generator
from minigrad.tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

CONVOLUTIONS = [f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]
GAINS = {
    **dict.fromkeys(["linear", *CONVOLUTIONS, "sigmoid"], 1),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers drawn uniformly from [a, b)."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers drawn from the normal distribution."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    with no_grad():
        return tensor.zero_()


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros elsewhere."""
    if tensor.ndim != 2:
        raise noted(
            ValueError("Only tensors with 2 dimensions are supported"),
            f"An identity matrix has 2 dims, and this tensor has shape {list(tensor.shape)}.",
        )
    with no_grad():
        return tensor.copy_(eye(*tensor.shape))


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Uniform in [-a, a), a = gain·√3·√(2 / (fan_in + fan_out))."""
    bound = math.sqrt(3.0) * xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with mean 0 and standard deviation gain·√(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, xavier_std(tensor, gain), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in [-b, b), b = √3·gain / √fan, for layers that a ReLU or leaky ReLU follows.

    a             the negative slope of the leaky ReLU, of which the gain is calculated
    mode          "fan_in" keeps the variance in the forward pass, "fan_out" in the backward pass
    nonlinearity  what follows the layer; see `calculate_gain`
    """
    if 0 in tensor.shape:
        return untouched(tensor)
    bound = math.sqrt(3.0) * kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with mean 0 and standard deviation gain / √fan; see `kaiming_uniform_`."""
    if 0 in tensor.shape:
        return untouched(tensor)
    return normal_(tensor, 0.0, kaiming_std(tensor, a, mode, nonlinearity), generator)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights are scaled for the nonlinearity that follows them.

    linear, conv and sigmoid 1; tanh 5/3; relu √2; leaky_relu √(2 / (1 + param²)), param being the
    negative slope, 0.01 if not given; selu 3/4.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise noted(
                ValueError(f"negative_slope {param} not a valid number"),
                f"The slope is one number, such as 0.01: {shown(param)} came.",
            )
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in GAINS:
        raise noted(
            ValueError(f"Unsupported nonlinearity {nonlinearity}"),
            f"The supported ones are leaky_relu, {', '.join(GAINS)}.",
        )
    return GAINS[nonlinearity]


def xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = fans(tensor)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise noted(
            ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']"),
            f"'fan_in' keeps the size of activations, 'fan_out' that of gradients; {mode!r} "
            "is neither.",
        )
    fan_in, fan_out = fans(tensor)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan_in if mode == "fan_in" else fan_out)


def fans(tensor: Tensor) -> tuple[int, int]:
    if tensor.dim() < 2:
        raise noted(
            ValueError(
                "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
            ),
            "This scheme is for weights. A bias usually starts with zeros_ or uniform_.",
        )
    size_out, size_in, *rest = tensor.shape
    return size_in * math.prod(rest), size_out * math.prod(rest)


def untouched(tensor: Tensor) -> Tensor:
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return tensor
