"""What is not here, and what is nearest.

minigrad has a part of PyTorch. Where a program asks for more, it gets Python's own AttributeError,
and a note that says where minigrad ends and what to write instead: another name, an expression of a
line, or what family of things is missing and why. This module is imported when the first such name
is asked for.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from minigrad.elsewhere import Absent
from minigrad.notes import noted

__all__ = ["COMPOSED", "FAMILIES", "OF_MODULES", "SPELLED", "attribute_of", "note"]

# ---- other names for what is here ---------------------------------------------------------------

SPELLED = {
    "absolute": "abs", "absolute_": "abs_", "asarray": "as_tensor", "clip": "clamp",
    "clip_": "clamp_", "concat": "cat", "concatenate": "cat", "divide": "div", "divide_": "div_",
    "float_power": "pow", "greater": "gt", "greater_equal": "ge",
    "less": "lt", "less_equal": "le", "multiply": "mul", "multiply_": "mul_", "negative": "neg",
    "negative_": "neg_", "not_equal": "ne", "permute_copy": "permute", "swapaxes": "transpose",
    "swapdims": "transpose", "subtract": "sub", "subtract_": "sub_", "tensor_split": "split",
    "true_divide": "div", "true_divide_": "div_",
    "range": "arange", "logspace": "linspace", "bool_": "bool",
}  # fmt: skip

# ---- what is an expression of a line ------------------------------------------------------------

COMPOSED = {
    "clamp_min": "clamp(x, min=value)", "clamp_max": "clamp(x, max=value)", "fmax": "maximum(x, y)",
    "fmin": "minimum(x, y)", "positive": "+x", "isposinf": "x == inf", "isneginf": "x == -inf",
    "isreal": "x == x", "kron": "(a[:, None, :, None] * b[None, :, None, :]).reshape(n, m)",
    "meshgrid": "x[:, None].expand(n, m) and y.expand(n, m)", "column_stack": "stack(tensors, 1)",
    "row_stack": "cat(tensors, 0)", "broadcast_tensors": "x.expand(shape)",
    "repeat_interleave": "x[:, None].expand(n, times).reshape(-1)", "diff": "x[1:] - x[:-1]",
    "cosine_similarity": "(x * y).sum() / ((x * x).sum() * (y * y).sum()).sqrt()",
    "count_nonzero": "(x != 0).sum()", "vander": "x[:, None] ** minigrad.arange(n)",
    "finfo": "np.finfo('float32')", "iinfo": "np.iinfo('int64')",
    "fill_diagonal_": "x[i, i] = value",
    "new": "x.new_zeros(...)", "random_": "x.copy_(minigrad.randint(low, high, x.shape))",
    "exponential_": "x.copy_(-minigrad.rand(x.shape).log())", "apply_": "map over x.tolist()",
    "scalar_tensor": "tensor(value)", "nansum": "where(isnan(x), 0.0, x).sum()",
    "pairwise_distance": "((x - y) ** 2).sum(-1).sqrt()", "ndimension": "x.dim()",
    "addcdiv": "x + value * a / b", "addcmul": "x + value * a * b", "lerp": "x + w * (y - x)",
    "expm1": "exp(x) - 1", "log1p": "log(1 + x)", "log2": "log(x) / math.log(2)",
    "log10": "log(x) / math.log(10)", "exp2": "2 ** x", "rsqrt": "x ** -0.5",
    "tan": "sin(x) / cos(x)", "sinh": "(exp(x) - exp(-x)) / 2", "cosh": "(exp(x) + exp(-x)) / 2",
    "floor": "div(x, 1, rounding_mode='floor')", "ceil": "-div(-x, 1, rounding_mode='floor')",
    "trunc": "div(x, 1, rounding_mode='trunc')", "fix": "div(x, 1, rounding_mode='trunc')",
    "round": "div(x + 0.5, 1, rounding_mode='floor')",
    "frac": "x - div(x, 1, rounding_mode='trunc')",
    "fmod": "x - y * div(x, y, rounding_mode='trunc')", "hypot": "sqrt(x * x + y * y)",
    "heaviside": "where(x > 0, 1.0, where(x == 0, y, 0.0))",
    "nan_to_num": "where(isnan(x), 0.0, x)", "masked_fill": "where(mask, value, x)",
    "softplus": "log(1 + exp(x))", "silu": "x * sigmoid(x)", "relu6": "clamp(x, 0, 6)",
    "hardtanh": "clamp(x, -1, 1)", "elu": "where(x > 0, x, alpha * (exp(clamp(x, max=0)) - 1))",
    "celu": "where(x > 0, x, alpha * (exp(clamp(x, max=0) / alpha) - 1))",
    "gelu": "x * sigmoid(1.702 * x), which is near it", "logsigmoid": "-log(1 + exp(-x))",
    "softsign": "x / (1 + abs(x))", "tanhshrink": "x - tanh(x)",
    "prelu": "where(x > 0, x, weight * x)", "mish": "x * tanh(log(1 + exp(x)))",
    "l1_loss": "abs(input - target).mean()",
    "smooth_l1_loss": "where(abs(d) < 1, d * d / 2, abs(d) - 0.5).mean(), with d = input - target",
    "huber_loss": "where(abs(d) < 1, d * d / 2, abs(d) - 0.5).mean(), with d = input - target",
    "binary_cross_entropy": "-(y * log(p) + (1 - y) * log(1 - p)).mean()",
    "binary_cross_entropy_with_logits": "(clamp(x, min=0) - x * y + log(1 + exp(-abs(x)))).mean()",
    "nll_loss": "-x[minigrad.arange(len(y)), y].mean()",
    "hstack": "cat(tensors, 1)", "vstack": "cat(tensors, 0)", "dstack": "stack(tensors, 2)",
    "select": "x[index], with : for the dims before it", "movedim": "x.permute(...)",
    "narrow": "x[start : start + length], with : for the dims before it",
    "moveaxis": "x.permute(...)", "index_select": "x[index], with : for the dims before it",
    "take": "x.flatten()[index]", "gather": "x[minigrad.arange(len(x))[:, None], index]",
    "masked_select": "x[mask]", "nonzero": "where(x), a tuple of indices",
    "repeat": "cat or expand",
    "tile": "cat or expand", "flip": "x[minigrad.arange(len(x) - 1, -1, -1)]",
    "roll": "cat([x[-n:], x[:-n]])", "unflatten": "x.reshape(...)", "atleast_1d": "x.reshape(-1)",
    "atleast_2d": "x.reshape(1, -1)", "diag": "x[i, i], with i = minigrad.arange(n)",
    "diagonal": "x[i, i], with i = minigrad.arange(n)", "trace": "x[i, i].sum(), i = arange(n)",
    "tril": "x * (i[:, None] >= i), with i = minigrad.arange(n)",
    "triu": "x * (i[:, None] <= i), with i = minigrad.arange(n)",
    "one_hot": "(y[:, None] == minigrad.arange(classes)).float()",
    "numpy_T": "x.permute(...)", "H": "x.mT", "mH": "x.mT", "adjoint": "x.mT",
    "einsum": "@ and permute", "tensordot": "@ and reshape", "inner": "x @ y", "vdot": "x @ y",
    "ger": "x[:, None] * y", "baddbmm": "x + a @ b", "addmv": "x + a @ v",
    "addbmm": "x + (a @ b).sum(0)", "addr": "x + a[:, None] * b", "chain_matmul": "a @ b @ c",
    "normal": "minigrad.randn(size) * std + mean", "bernoulli": "(minigrad.rand(size) < p).float()",
    "fliplr": "x[:, minigrad.arange(n - 1, -1, -1)]", "deg2rad": "x * math.pi / 180",
    "rad2deg": "x * 180 / math.pi", "is_nonzero": "bool(x)", "dropout": "x * mask / (1 - p)",
    "cumsum": "(minigrad.ones(n, n) * (i[:, None] >= i)) @ x, with i = minigrad.arange(n)",
    "Dropout": "x * mask / (1 - p), with mask = (minigrad.rand(x.shape) >= p).float()",
    "Tanh": "x.tanh() in your forward", "Sigmoid": "x.sigmoid() in your forward",
    "Softplus": "(1 + x.exp()).log() in your forward", "SiLU": "x * x.sigmoid() in your forward",
    "ReLU6": "x.clamp(0, 6) in your forward", "Hardtanh": "x.clamp(-1, 1) in your forward",
    "L1Loss": "(input - target).abs().mean()", "Unflatten": "x.reshape(...) in your forward",
        }  # fmt: skip

# ---- what families of things are outside --------------------------------------------------------

LAYERS = "Linear, ReLU, LeakyReLU, Identity, Flatten and Sequential"
FAMILIES = (
    (r"(?i)conv|unfold|^fold$|Fold$",
     "Convolutions are outside of minigrad. What is nearest is a Linear layer on x.flatten(1)."),
    (r"(?i)pool",
     "Pooling is outside of minigrad. Where windows do not overlap, reshape makes a dim of them, "
     "and mean(dim) reduces it."),
    (r"(?i)batch_?norm|layer_?norm|group_?norm|instance_?norm|rms_?norm|^normalize$|LocalResponse",
     "Normalization layers are outside of minigrad. Written out, one is (x - x.mean(0)) / std, "
     "with std = ((x - x.mean(0)) ** 2).mean(0).sqrt()."),
    (r"(?i)rnn|lstm|gru(cell)?$",
     "Recurrent layers are outside of minigrad. One step of the plain one is "
     "(self.a(x) + self.b(h)).tanh(), with two Linear layers, in a loop of Python."),
    (r"(?i)transformer|attention",
     "Attention is outside of minigrad. It is made of products (@), exp and a sum: weights = "
     "(q @ k.mT / d ** 0.5).exp(), divided by weights.sum(-1, keepdim=True), times v."),
    (r"(?i)embedding",
     "Embedding layers are outside of minigrad. weight[index] is what one computes: its gradient "
     "adds up where an index comes again."),
    (r"(?i)dropout",
     "Dropout is outside of minigrad. Written out it is x * mask / (1 - p), with mask = "
     "(minigrad.rand(x.shape) >= p).float()."),
    (r"(?i)cross_?entropy|nll|bce|loss|kl_div|ctc",
     "The one loss here is MSELoss (nn.functional.mse_loss). Others are an expression of log, exp, "
     "abs and mean: a loss is any tensor of one number."),
    (r"(?i)^ada|adam|rmsprop|rprop|adagrad|lbfgs|^asgd$|muon",
     "The one optimizer here is SGD (with momentum, dampening, weight decay, Nesterov). To write "
     "another, subclass minigrad.optim.Optimizer: its step() reads p.grad and changes p under "
     "no_grad."),
    (r"lr_scheduler|swa_utils",
     "Schedulers are outside of minigrad. A rate is changed by "
     "optimizer.param_groups[0]['lr'] = rate."),
    (r"(?i)cuda|^mps|xpu|hip|rocm|tpu|backends|accelerator|pin_memory|get_device|record_stream",
     "minigrad computes on the CPU, with NumPy: there is no other device. Leave the line out, or "
     "write device = 'cpu'."),
    (r"^(float16|half|bfloat16|float8.*|complex(32|64|128)?|cfloat|cdouble|chalf|u?int(8|16)"
     r"|uint(32|64)|short|byte|char|quint8|qint.*|(Half|BFloat16|Byte|Char|Short)Tensor|is_complex"
     r"|autocast|amp|view_as_(real|complex)|real|imag|conj.*|angle|polar)_?$",
     "minigrad has five dtypes: float32, float64, int64, int32 and bool. Half precision, complex "
     "numbers and small integers are outside: use x.float(), or x.double() for more digits."),
    (r"^(save|load|hub|package|serialization)$",
     "minigrad writes no files of its own. pickle.dump(net.state_dict(), file) and "
     "net.load_state_dict(pickle.load(file)) do, of files that you trust; "
     "np.savez(path, **{k: v.numpy() for k, v in net.state_dict().items()}) of any."),
    (r"^(jit|script|trace|fx|export|onnx|_dynamo|inductor|quantization|ao|qat|quantiz.*|intrinsic)$",
     "Compilers of PyTorch are outside of minigrad. minigrad.compile(step) records a training step "
     "as a NumPy program."),
    (r"^(vmap|func|functorch)$",
     "vmap is outside of minigrad: ops take batches as they are. minigrad.autograd.functional has "
     "vjp, jvp, jacobian and hessian."),
    (r"^(distributed|multiprocessing|parallel|DataParallel|share_memory_|is_shared|rpc)$",
     "One process is where minigrad ends. `python -m reference distributed` goes on from there: "
     "the same model in PyTorch, in two processes."),
    (r"^(utils|data|DataLoader|TensorDataset|Dataset|datasets|vision)$",
     "Loaders of data are outside of minigrad. A batch is x[i : i + n]; shuffled, "
     "x[minigrad.randperm(len(x))[:n]]."),
    (r"sparse|coalesce|to_dense|indices|values$|crow_|ccol_|nested",
     "Tensors are dense here, each on its NumPy array. Sparse ones are outside of minigrad."),
    (r"^(linalg|svd|qr|eig|eigh|lstsq|solve|inverse|det|logdet|slogdet|cholesky.*|lu.*|pinverse"
     r"|matrix_(exp|power|rank)|triangular_solve|geqrf|orgqr|ormqr)$",
     "Of linear algebra minigrad has products: matmul, mm, mv, dot, bmm. Decompositions do not "
     "carry gradients here: np.linalg computes them on x.detach().numpy()."),
    (r"^(fft|stft|istft|special|signal|distributions|profiler|masked|tensorboard)$",
     "This part of PyTorch is outside of minigrad, which is tensors, their gradients and small "
     "networks. On x.detach().numpy() NumPy and SciPy compute it, without gradients."),
    (r"^(arg)?sort|topk|unique|bincount|hist|kthvalue|median|mode|quantile|searchsorted|bucketize"
     r"|cummax|cummin|cumprod|isin$|multinomial",
     "Sorting and counting are outside of minigrad. NumPy does it on x.detach().numpy(); "
     "x[minigrad.as_tensor(np.argsort(x.detach().numpy()))] carries the gradients."),
    (r"scatter|index_(add|copy|fill|put)|put_|take_along|masked_scatter",
     "To write at indices is an item assignment here: x[index] = value. Where indices come again, "
     "the gradient of x[index] adds up."),
    (r"^(acos|arccos|asin|arcsin|atan|arctan|acosh|arccosh|asinh|arcsinh|atanh|arctanh|atan2|erf"
     r"|arctan2|erfc|erfinv|lgamma|digamma|polygamma|i0|sinc|logit|logaddexp2?|xlogy|copysign|gcd"
     r"|lcm|nextafter|signbit|sgn|cross|cdist|dist|renorm|mvlgamma|ldexp|frexp)_?$",
     "This function is outside of minigrad. With autograd.Function you can add it: forward in "
     "NumPy, backward by its derivative."),
    (r"(?i)pad|upsample|interpolate|grid_sample|affine_grid|pixel|channel_shuffle",
     "Images are outside of minigrad. A border of zeros is cat([zeros, x, zeros], dim)."),
    (r"^(set_default_(dtype|device|tensor_type)|get_default_device|set_num_threads"
     r"|get_num_threads|set_float32_matmul_precision|use_deterministic_algorithms|set_flush_denormal"
     r"|set_warn_always|set_num_interop_threads|are_deterministic_algorithms_enabled)$",
     "minigrad has no global settings apart from the seed and the print options: floats are "
     "float32 unless dtype= says otherwise, and the threads are NumPy's (OMP_NUM_THREADS)."),
    (r"^(memory_format|contiguous_format|preserve_format|channels_last|strided|layout|storage"
     r"|untyped_storage|as_strided|set_|resize_|names|rename|align_to|refine_names)$",
     "Memory is NumPy's here: x.detach().numpy() is the array itself, with its strides; "
     "x.contiguous() puts the elements in order."),
    (r"^(Threshold|threshold|rrelu|RReLU|SELU|selu|ELU|CELU|GELU|GLU|glu|Hard\w+|hard\w+|Soft\w+"
     r"|soft\w+|LogSigmoid|LogSoftmax|log_softmax|Mish|PReLU|Tanhshrink|gumbel_softmax)_?$",
     "The activations here are ReLU, LeakyReLU, tanh and sigmoid. Others are an expression of exp, "
     "log, where and clamp."),
    (
        r"^(eq|ne|lt|le|gt|ge|greater|less|greater_equal|less_equal|not_equal)_$",
        "A comparison makes a tensor of bools. To keep it as numbers, write x.copy_(x > y).",
    ),
    (
        r"^(squeeze|unsqueeze|t|transpose|swapaxes|swapdims)_$|^resize",
        "Shapes do not change in place here: a view costs nothing. Write x = x.squeeze().",
    ),
    (
        r"(bitwise_)?(left|right)_shift_?$",
        "Shifts are outside of minigrad: x << n is x * 2**n, and x >> n is x // 2**n.",
    ),
    (r"^[A-Z]\w*$",
     f"The layers here are {LAYERS}. Any other is a Module of your own, with a forward."),
)  # fmt: skip

# ---- what modules of nn have in PyTorch ---------------------------------------------------------

AROUND = (
    "Backward hooks of a whole module are outside of minigrad. The same gradients pass through the "
    "tensors that go in and come out: in forward, write x.register_hook(function) and "
    "y.register_hook(function); a tensor that the function returns replaces the gradient."
)
STATE = (
    "The state of a module here is its parameters and buffers: register_buffer(name, tensor) adds "
    "to it, and a subclass may define state_dict and load_state_dict."
)
OF_MODULES = {
    "register_backward_hook": AROUND, "register_full_backward_hook": AROUND,
    "register_full_backward_pre_hook": AROUND,
    "compile": "Compile the whole step of a training: minigrad.compile(step).",
    "get_extra_state": STATE, "set_extra_state": STATE,
    "register_state_dict_post_hook": STATE, "register_state_dict_pre_hook": STATE,
    "register_load_state_dict_post_hook": STATE, "register_load_state_dict_pre_hook": STATE,
    "set_submodule": "Assign it: net.layers[0] = module, or setattr(parent, name, module).",
    "half": "minigrad has five dtypes: a network is of float32, or of float64 after double().",
}  # fmt: skip

# ---- the error ----------------------------------------------------------------------------------


def attribute_of(where: str, owner: object, kind: type, name: str) -> AttributeError:
    """The error for `tensor.name` or `module.name`, or of the class of one."""
    what = f"type object {kind.__name__!r}" if owner is None else f"{kind.__name__!r} object"
    error = AttributeError(f"{what} has no attribute {name!r}", name=name, obj=owner)
    if where == "module" and name in OF_MODULES:
        return noted(error, OF_MODULES[name])
    there = [n for base in kind.__mro__ for n, v in vars(base).items() if not isinstance(v, Absent)]
    return noted(error, note(where, name, there))


def is_public(name: str) -> bool:
    """What Python and NumPy ask for by themselves begins with an underscore."""
    return not name.startswith("_")


def note(where: str, name: str, names: Iterable[str]) -> str:
    """Where minigrad ends, and what is nearest."""
    known = [n for n in names if is_public(n)]
    if SPELLED.get(name) in known:
        return f"It is written {where}.{SPELLED[name]} here."
    plain = name if name in COMPOSED else name.rstrip("_")
    if plain in COMPOSED:
        return f"minigrad has no {name}, since it can be composed: {COMPOSED[plain]}."
    for pattern, text in FAMILIES:
        if re.search(pattern, name):
            return text
    near = difflib.get_close_matches(name, known, 1)
    advice = f"The nearest name is {where}.{near[0]}." if near else "dir() lists what there is."
    return f"minigrad has a part of PyTorch, and {where}.{name} is not in it. {advice}"
