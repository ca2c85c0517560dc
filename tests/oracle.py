"""The oracle: run one expression under PyTorch and under minigrad, and compare all one can see.

A case is a line of a program as a user writes it, such as `torch.add(a, b, alpha=2)`, and arrays
for its names. `check` runs it under both libraries on the same bits and compares

    the result        value, dtype, shape, requires_grad, the name of grad_fn, kind of container,
                      with which inputs it shares memory
    or the error      class and first line, with `minigrad` where torch says its own name
    the warnings      class and first line
    the gradient      value, dtype and shape of each input's, for one fixed upstream gradient
    second order      the gradients of a projection of the gradients, by inputs and by upstream
    the inputs        unchanged, and their version counters too

and, of minigrad alone, that no gradient shares memory with anything else. What differs is raised
as an AssertionError with a program of a few lines that shows it under both.
"""

import functools
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import ModuleType
from typing import Any

import numpy as np
import torch
from deviations import known

import minigrad
from reference.ulps import same_bits

Array = np.ndarray[Any, np.dtype[Any]]
Seen = dict[str, Any]


@dataclass(frozen=True)
class Near:
    """How far value, gradient and second-order gradient may lie from PyTorch's, in ulps.

    0 means the same bits, signs of zeros included; 0.5 equal numbers, where 0. is -0. An ulp is
    measured at the larger of the two numbers, or at `floor` where both are smaller: a difference of
    two terms near 1 cannot be known better than to an ulp of 1. If `cancels`, each second-order
    gradient is a sum of such products as the others, whose signs differ, and an ulp is measured at
    the largest of them.
    """

    value: float = 0
    gradient: float = 0
    second: float = 0.5
    floor: float = 0.0
    cancels: bool = False


EXACT = Near()
NUMBERS = Near(0.5, 0.5)  # the same numbers, where a sum of products may begin with +0 or without

# PyTorch spells the type of bools in three ways; minigrad in one.
SPELLINGS = known(
    "bool-spelling",
    {"output type bool": "output type Bool", "CPUBoolType": "minigrad.BoolTensor"},
)
NAME = known("module-name", r"\btorch\b")
PLACE = known("internal-locations", " (Triggered internally")

# What PyTorch's parser of arguments says is not ours to repeat, nor is what Python's says.
UNFIT = "TypeError: the arguments fit no signature"
POSITION = known("method-positions", r" \(position \d\)")
SIGNATURE = known(
    "call-signatures",
    "invalid combination of arguments|required positional argument|unexpected keyword",
)


def function(expression: str, names: Iterable[str]) -> Callable[..., Any]:
    """The expression as a function of the library, under the name torch, and of the tensors."""
    return compiled(expression, tuple(names))


@functools.cache
def compiled(expression: str, names: tuple[str, ...]) -> Callable[..., Any]:
    code = compile(
        f"lambda {', '.join(['torch', *names])}: ({expression})", f"<{expression}>", "eval"
    )
    return eval(code, {"np": np, "inf": np.inf, "nan": np.nan, "operator": operator})  # type: ignore[no-any-return]


# ---- what one library does ----------------------------------------------------------------------


def observe(
    library: ModuleType | Any,
    expression: str,
    inputs: Mapping[str, Array],
    *,
    requires_grad: bool = True,
    order: int = 2,
    upstream: Callable[[Array], Array] | None = None,
) -> Seen:
    """Everything that can be seen of the expression, by what it is."""
    tensors = {name: leaf(library, a, requires_grad) for name, a in inputs.items()}
    call = function(expression, tensors)
    seen: Seen = {}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            results = call(library, *tensors.values())
        except Exception as error:
            seen["error"] = told(error)
            results = ()
    seen["warnings"] = unique(told(w.message) for w in warned)
    if type(results) in (tuple, list) or is_named(results):
        seen["container"] = f"{type(results).__name__} of {len(results)}"
    else:
        results = (results,)
    for i, result in enumerate(results):
        seen.update(described(f"result {i}", result, tensors))
    outputs = [r for r in results if getattr(r, "requires_grad", False) and r.grad_fn is not None]
    if outputs and order:
        seen.update(differentiated(library, outputs, tensors, order, upstream or pattern))
    for name, t in tensors.items():
        seen[f"{name} afterwards"] = same_bits_or_equal(values(t), inputs[name])
        seen[f"version of {name} afterwards"] = t._version
    return seen


def is_named(results: Any) -> bool:
    """Whether it is a tuple with names, such as max(x, 0) returns."""
    return type(results).__module__.endswith("return_types")


def unique(texts: Iterable[str]) -> list[str]:
    """Each text once: made to warn always, PyTorch says some things several times in one call."""
    return list(dict.fromkeys(texts))


def leaf(library: Any, array: Array, requires_grad: bool = True) -> Any:
    """A tensor on its own copy of the array, with the same strides."""
    t = library.from_numpy(duplicate(array))
    return t.requires_grad_() if requires_grad and array.dtype.kind == "f" else t


def duplicate(array: Array) -> Array:
    """A copy that lies in memory as the original does: with its gaps, order and repetitions."""
    if array.size == 0 or array.flags.c_contiguous:
        return array.copy()
    return np.lib.stride_tricks.as_strided(memory_of(array), array.shape, array.strides)


def memory_of(array: Array) -> Array:
    """The stretch of memory that the elements lie in, copied, with zeros in the gaps."""
    extent = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True))
    memory = np.zeros(extent // array.itemsize + 1, array.dtype)
    np.lib.stride_tricks.as_strided(memory, array.shape, array.strides)[...] = array
    return memory


def described(what: str, result: Any, tensors: Mapping[str, Any]) -> Seen:
    if not hasattr(result, "grad_fn"):
        return {what: ours(repr(result))}
    maker = result.grad_fn
    array = values(result)
    return {
        f"dtype of {what}": ours(str(result.dtype)),
        f"shape of {what}": tuple(result.shape),
        f"requires_grad of {what}": result.requires_grad,
        f"grad_fn of {what}": maker and maker.name().rpartition("::")[2],
        f"{what} shares memory with": [
            name for name, t in tensors.items() if np.may_share_memory(array, values(t))
        ],
        f"{what} is": [name for name, t in tensors.items() if result is t],
        what: array.copy(),
    }


def differentiated(
    library: Any,
    outputs: list[Any],
    tensors: Mapping[str, Any],
    order: int,
    upstream: Callable[[Array], Array],
) -> Seen:
    """First-order gradients, without and with a graph, and those of a projection of them."""
    wanted = {name: t for name, t in tensors.items() if t.requires_grad}
    g = [leaf(library, upstream(values(y)).astype(values(y).dtype)) for y in outputs]
    try:
        grads = grad_of(library, outputs, wanted, g, retain_graph=True)
        seen = named("gradient", grads)
        seen["gradients overlap"] = overlaps(library, grads, [*outputs, *tensors.values(), *g])
        if order == 1:
            return seen
        recorded = grad_of(library, outputs, wanted, g, create_graph=True)
        seen |= named("recorded gradient", recorded)
        again = [v for v in recorded.values() if v is not None and v.requires_grad]
        wanted |= {f"upstream {i}": v for i, v in enumerate(g)}
        second = dict.fromkeys(wanted)
        if again:
            h = [library.from_numpy(pattern(values(v))) for v in again]
            second = grad_of(library, again, wanted, h)
    except Exception as error:
        return {"error of backward": told(error)}
    none = {name: np.zeros_like(values(t)) for name, t in wanted.items()}
    return seen | {
        f"second-order gradient of {name}": none[name] if v is None else values(v)
        for name, v in second.items()
    }


def grad_of(
    library: Any, outputs: list[Any], wanted: Mapping[str, Any], g: list[Any], **options: Any
) -> dict[str, Any]:
    found = library.autograd.grad(outputs, [*wanted.values()], g, allow_unused=True, **options)
    return dict(zip(wanted, found, strict=True))


def named(what: str, grads: Mapping[str, Any]) -> Seen:
    seen: Seen = {}
    for name, g in grads.items():
        if g is None:
            seen[f"{what} of {name}"] = None
        else:
            seen[f"dtype of {what} of {name}"] = ours(str(g.dtype))
            seen[f"shape of {what} of {name}"] = tuple(g.shape)
            seen[f"{what} of {name}"] = values(g).copy()
    return seen


def overlaps(library: Any, grads: Mapping[str, Any], others: list[Any]) -> list[str]:
    """The gradients that share memory with something else. PyTorch's may; ours never."""
    if library is torch:
        return []
    found = {name: values(g) for name, g in grads.items() if g is not None}
    return [
        f"of {name} with an input, output or upstream gradient"
        for name, g in found.items()
        if any(np.may_share_memory(g, values(t)) for t in others)
    ] + [
        f"of {a} with that of {b}"
        for a, b in combinations(found, 2)
        if np.may_share_memory(found[a], found[b])
    ]


def pattern(array: Array) -> Array:
    """A projection: unequal numbers with few bits, so that products with them are exact."""
    few = np.array([1, -0.5, 2, 0.25, -1.5, 3, 0.75, -1], array.dtype)
    return np.resize(few, array.shape) if array.size else np.zeros(array.shape, array.dtype)


def values(t: Any) -> Array:
    array: Array = t.numpy(force=True)
    return array


def told(error: Any) -> str:
    """The class and the first line of an error or warning; what minigrad teaches stands below.

    Of a call that fits no signature, the class alone.
    """
    line = ours(str(error).splitlines()[0] if str(error) else "")
    if type(error) is TypeError and re.search(SIGNATURE, line):
        return UNFIT
    return f"{type(error).__name__}: {re.sub(POSITION, '', line)}"


def ours(text: str) -> str:
    """PyTorch's words, as minigrad says them: with its own name, and without places in C++."""
    for theirs, mine in SPELLINGS.items():
        text = text.replace(theirs, mine)
    return re.sub(NAME, "minigrad", text.partition(PLACE)[0])


# ---- the comparison -----------------------------------------------------------------------------


def check(
    expression: str,
    inputs: Mapping[str, Array],
    near: Near = EXACT,
    *,
    library: Any = minigrad,
    ignore: str | None = None,
    **options: Any,
) -> None:
    """AssertionError where the library and PyTorch differ by more than `near` allows.

    `ignore` is the beginning of what is not compared; `options` go to `observe`.
    """
    __tracebackhide__ = True  # pytest shows the program below, not this function
    theirs = observe(torch, expression, inputs, **options)
    mine = observe(library, expression, inputs, **options)
    differing = [
        f"    {what}: minigrad {a}, torch {b}"
        for what, a, b in differences(mine, theirs, near)
        if ignore is None or not what.startswith(ignore)
    ]
    if differing:
        raise AssertionError("\n".join([expression, *differing, "", snippet(expression, inputs)]))


def differences(mine: Seen, theirs: Seen, near: Near) -> Iterator[tuple[str, str, str]]:
    """What the two libraries do not agree on, and what each of them says."""
    for error in ("error", "error of backward"):
        if (error in mine) != (error in theirs):
            mine, theirs = ({error: seen.get(error, "none")} for seen in (mine, theirs))
    for what in dict.fromkeys([*theirs, *mine]):
        a, b = mine.get(what), theirs.get(what)
        if "error" in what and f"{b}".startswith(UNFIT) and f"{a}".startswith("TypeError"):
            continue
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape:
            if not close(a, b, *allowed(what, near, a, b)):
                yield what, text(a), text(b)
        elif isinstance(a, np.ndarray) or isinstance(b, np.ndarray) or a != b:
            yield what, text(a), text(b)


def allowed(what: str, near: Near, *arrays: Array) -> tuple[float, float]:
    """The ulps by which two arrays may differ, and where an ulp is measured at least."""
    if what.startswith("second-order"):
        return near.second, max(map(largest, arrays)) if near.cancels else near.floor
    return (near.gradient if "gradient" in what else near.value), near.floor


def text(value: Any) -> str:
    return repr(value.tolist()) if isinstance(value, np.ndarray) else repr(value)


def largest(array: Array) -> float:
    return float(np.max(np.abs(array), where=np.isfinite(array), initial=0))


def close(a: Array, b: Array, units: float, floor: float = 0.0) -> bool:
    """Whether two arrays agree to so many units in the last place; 0 asks for the same bits."""
    if a.dtype != b.dtype:
        return False
    if units == 0 or a.dtype.kind != "f":
        return same_bits_or_equal(a, b)
    with np.errstate(all="ignore"):
        scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), a.dtype.type(floor))
        near = np.abs(a - b) <= units * np.spacing(scale)
        return bool(np.all((a == b) | near | (np.isnan(a) & np.isnan(b))))


def same_bits_or_equal(a: Array, b: Array) -> bool:
    return same_bits(a, b) if a.dtype.kind == "f" else np.array_equal(a, b)


# ---- to paste -----------------------------------------------------------------------------------


def snippet(expression: str, inputs: Mapping[str, Array]) -> str:
    """A program that shows what the expression does, to run as it is and with minigrad."""
    lines = [
        "# run this, and run it again with `import minigrad as torch`",
        "import operator",
        "import numpy as np",
        "import torch",
        "from numpy import inf, nan",
        *(f"{name} = {literal(a)}" for name, a in inputs.items()),
        f"y = {expression}",
        "print(y)",
    ]
    wanted = [name for name, a in inputs.items() if a.dtype.kind == "f"]
    if wanted:
        lines.append("total = sum(v.sum() for v in (y if isinstance(y, tuple) else (y,)))")
        lines.append(f"print(torch.autograd.grad(total, [{', '.join(wanted)}], allow_unused=True))")
    return "\n".join(lines)


def literal(array: Array) -> str:
    """An expression that makes a tensor of these values, lying in memory as they lie."""
    rest = ", requires_grad=True)" if array.dtype.kind == "f" else ")"
    if array.size == 0:
        return f"torch.zeros({array.shape}, dtype=torch.{array.dtype}{rest}"
    if array.flags.c_contiguous:
        return f"torch.tensor({array.tolist()}, dtype=torch.{array.dtype}{rest}"
    memory = f"np.array({memory_of(array).tolist()}, np.{array.dtype})"
    strided = f"np.lib.stride_tricks.as_strided({memory}, {array.shape}, {array.strides})"
    return f"torch.from_numpy({strided})" + (".requires_grad_()" if rest != ")" else "")
