"""minigrad: an autograd engine on NumPy with PyTorch's behaviour, made to be read.

`import minigrad as torch` is enough to run a program that keeps to the part of PyTorch that is
here: tensors and their autograd, Linear, ReLU, LeakyReLU, MSELoss, SGD. Read `minigrad/scalar.py`
first: it is the whole idea on Python floats.
"""

from minigrad.tensor import Tensor  # first: it ties the knot of imports

# isort: split
from minigrad import autograd, nn, optim
from minigrad.autograd import (
    enable_grad,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    get_default_dtype,
    linspace,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from minigrad.dtypes import (
    Size,
    device,
    dtype,
    float32,
    float64,
    int32,
    int64,
)
from minigrad.dtypes import bool_ as bool
from minigrad.functions import (
    abs,
    add,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    bmm,
    cat,
    chunk,
    clamp,
    clone,
    cos,
    div,
    dot,
    eq,
    exp,
    flatten,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    log,
    logical_not,
    lt,
    matmul,
    maximum,
    mean,
    minimum,
    mm,
    mul,
    mv,
    ne,
    neg,
    permute,
    pow,
    reciprocal,
    reshape,
    sigmoid,
    sign,
    sin,
    split,
    sqrt,
    square,
    squeeze,
    stack,
    sub,
    sum,
    t,
    tanh,
    transpose,
    unbind,
    unsqueeze,
    where,
)
from minigrad.nn.functional import relu
from minigrad.printing import set_printoptions
from minigrad.random import Generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from minigrad.scalar import Scalar

from minigrad.version import __version__

float = float32
double = float64
int = int32
long = int64
