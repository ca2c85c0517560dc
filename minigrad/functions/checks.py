"""What the public functions check, and PyTorch's words for what is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from minigrad.notes import nearest, noted, shown
from minigrad.tensor import Tensor

__all__ = [
    "broadcast", "combination", "dim", "dims", "flag", "integer", "integers", "is_integer",
    "named_dims", "not_for_bools", "number", "plain", "resolve", "same_dtype", "size_of",
    "tensor", "tensors", "title",
]  # fmt: skip

Shape = tuple[int, ...]


def tensor(value: Any, function: str, name: str = "input", position: int = 1) -> Tensor:
    """The value if it is a tensor; else TypeError."""
    if isinstance(value, Tensor):
        return value
    error = TypeError(
        f"{function}(): argument '{name}' (position {position}) must be Tensor, not {title(value)}"
    )
    raise noted(error, f"Make a tensor of it first: minigrad.tensor({name}).")


def title(value: Any) -> str:
    """The name of a value's type, as PyTorch spells it."""
    kind = type(value)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


def tensors(values: Any, function: str) -> tuple[Tensor, ...]:
    """The values as a tuple, if they are a list or tuple of tensors."""
    if not isinstance(values, list | tuple):
        raise noted(
            TypeError(
                f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, "
                f"not {type(values).__name__}"
            ),
            f"{function} takes one list or tuple: write {function}([a, b]), with the "
            f"tensors inside it. {shown(values).capitalize()} came.",
        )
    for i, value in enumerate(values):
        if not isinstance(value, Tensor):
            raise noted(
                TypeError(
                    f"expected Tensor as element {i} in argument 0, but got {type(value).__name__}"
                ),
                f"Element {i} of the list is {shown(value)}. Make a tensor of it first: "
                f"minigrad.tensor(values[{i}]).",
            )
    return tuple(values)


def combination(function: str, *arguments: Any) -> TypeError:
    """What PyTorch says of arguments of which one is of a wrong type."""
    kinds = ", ".join("Tensor" if isinstance(v, Tensor) else type(v).__name__ for v in arguments)
    wrong = [shown(v) for v in arguments if not isinstance(v, Tensor | float | int | None)]
    return noted(
        TypeError(f"{function}() received an invalid combination of arguments - got ({kinds})"),
        f"It takes numbers and tensors, and {', '.join(wrong)} came. Write minigrad.tensor(...)."
        if wrong
        else "At least one of them must be a tensor: write minigrad.tensor(...) for it."
        if not any(isinstance(v, Tensor) for v in arguments)
        else "It takes two numbers or two tensors, and one of each came. Make a tensor of "
        "the number: minigrad.tensor(...).",
    )


def plain(value: Any) -> Any:
    """An array or a Python number, for the promotion rules."""
    if isinstance(value, Tensor):
        return value.array
    return value.item() if isinstance(value, np.generic) else value


def is_integer(value: Any) -> bool:
    """Whether a value may stand where an int is meant; bools, floats and arrays may not."""
    return hasattr(value, "__index__") and not isinstance(value, bool | np.ndarray)


def flag(value: Any, function: str, name: str) -> None:
    """TypeError unless the value is a bool."""
    if not isinstance(value, bool | np.bool_):
        raise noted(
            TypeError(f"{function}(): argument '{name}' must be bool, not {title(value)}"),
            f"Write {name}=True or {name}=False: {shown(value)} came.",
        )


def number(value: Any, function: str, name: str) -> None:
    """TypeError unless the value is a real number, which a tensor is not."""
    is_real = isinstance(value, int | float | np.number | np.bool_)
    if not is_real or isinstance(value, complex | np.complexfloating):
        raise noted(
            TypeError(f"{function}(): argument '{name}' must be Number, not {title(value)}"),
            f"'{name}' is a single number, and {shown(value)} came.",
        )


def integer(value: Any, function: str, name: str = "dim", position: int = 2) -> int:
    """An int; else TypeError, which names the argument."""
    if not is_integer(value):
        raise noted(
            TypeError(
                f"{function}(): argument '{name}' (position {position}) must be int, "
                f"not {type(value).__name__}"
            ),
            f"'{name}' must be a whole number, and {shown(value)} came{nearest(value)}.",
        )
    return int(value.__index__())


def integers(values: Any, function: str, name: str = "shape", position: int = 1) -> tuple[int, ...]:
    """A tuple of ints; else TypeError, which names the argument and the one that is none."""
    subject = f"{function}(): argument '{name}'"
    if not isinstance(values, list | tuple):
        raise noted(
            TypeError(
                f"{subject} (position {position}) must be tuple of ints, not "
                f"{type(values).__name__}"
            ),
            f"'{name}' is a tuple of whole numbers, such as (2, 3), and {shown(values)} came.",
        )
    for i, value in enumerate(values):
        if not is_integer(value):
            kind = type(value).__name__
            first = (
                f" (position {position}) must be tuple of ints, but found element of type {kind}"
            )
            other = f" failed to unpack the object at pos {i + 1} with error "
            reason = f'"type must be tuple of ints,but got {kind}"'
            raise noted(
                TypeError(subject + (other + reason if i else f"{first} at pos 0")),
                f"Element {i} of '{name}' is {shown(value)}; whole numbers are "
                f"needed{nearest(value)}.",
            )
    return tuple(int(value) for value in values)


def dim(value: Any, ndim: int, function: str = "size", name: str = "dim", position: int = 2) -> int:
    """A dim counted from the front; a 0-d tensor is treated as if it had one."""
    index, limit = integer(value, function, name, position), max(ndim, 1)
    if not -limit <= index < limit:
        raise noted(
            IndexError(
                f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], "
                f"but got {index})"
            ),
            f"From the front the dims are numbered 0 to {limit - 1}, from the back -1 to "
            f"{-limit}; there is no dim {index}. Write {name}=-1 for the last.",
        )
    return index % limit


def real_dim(value: Any, ndim: int) -> int:
    """A dim that is there: a 0-d tensor has none."""
    if ndim == 0:
        raise noted(
            IndexError(
                f"Dimension specified as {integer(value, 'size')} but tensor has no dimensions"
            ),
            "The tensor holds one number and has no dims. x.item() is the number; "
            "x.reshape(1) is a vector of it.",
        )
    return dim(value, ndim)


def dims(value: Any, ndim: int, function: str) -> Shape:
    """One dim or several, as a tuple counted from the front; None and () mean all."""
    wanted = tuple(dim(d, ndim, function) for d in named_dims(value, function))
    for d in wanted:
        if wanted.count(d) > 1:
            raise noted(
                RuntimeError(f"dim {d} appears multiple times in the list of dims"),
                f"Counted from the front the dims are {list(wanted)}: name each of them once.",
            )
    return wanted or tuple(range(ndim))


def named_dims(value: Any, function: str) -> tuple[int, ...]:
    """The dims as the user counts them: of an int, of several, of None."""
    if isinstance(value, Tensor) and value.array.size != 1:
        raise noted(
            TypeError(f"{function}(): argument 'dim' must be tuple of ints, not Tensor"),
            f"A dim is a number, and {shown(value)} came. Write dim=0, or dim=(0, 1) for several.",
        )
    several = (value,) if is_integer(value) else () if value is None else value
    return integers(several, function, "dim", 2)


def size_of(
    shape: Sequence[Any],
    function: str,
    name: str = "shape",
    position: int = 1,
    named: Mapping[str, Any] = MappingProxyType({}),
) -> Shape:
    """A shape from `f(2, 3)`, `f((2, 3))`, `f(size)`, or by its name, `f(shape=(2, 3))`."""
    if named:
        shape = tuple(by_name(function, name, bool(shape), **named))
    if not shape:
        raise nothing_named(function, name)
    alone = len(shape) == 1 and not is_integer(shape[0])
    return integers(shape[0] if alone else shape, function, name, position)


def by_name(function: str, name: str, is_there: bool, /, **named: Any) -> Iterator[Any]:
    """What is given by the name of the one parameter; TypeError for another, or if it is there."""
    if is_there and name in named:
        raise noted(
            TypeError(f"{function}() got multiple values for argument '{name}'"),
            f"What is to be the {name} stands there by its name and without it. Write one of them.",
        )
    for key, value in named.items():
        if key != name:
            raise noted(
                TypeError(f"{function}() got an unexpected keyword argument '{key}'"),
                f"The one name it knows is {name}: write x.{function}({name}=...).",
            )
        yield value


def nothing_named(function: str, name: str) -> TypeError:
    """What PyTorch says where no size is named at all; view takes a dtype as well."""
    missing = f'{function}() missing 1 required positional arguments: "{name}"'
    combined = f"{function}() received an invalid combination of arguments - got ()"
    form = f"x.{function}"
    return noted(
        TypeError(combined if function == "view" else missing),
        "Say each dim in its new place, as x.permute(1, 0) does."
        if function == "permute"
        else f"Say how large it is to be: {form}(2, 3), or {form}(()) for a single number.",
    )


def resolve(shape: Shape, count: int) -> Shape:
    """A shape with its -1 worked out, if `count` elements fit into it."""
    free = shape.count(-1)
    if free > 1:
        raise noted(
            RuntimeError("only one dimension can be inferred"),
            f"{list(shape)} leaves {free} sizes open, and {count} elements can be laid out "
            "so in several ways. Write numbers for all but one.",
        )
    for i, n in enumerate(shape):
        if n < -1:
            raise noted(
                RuntimeError(f"invalid shape dimension {n} at index {i} of shape {list(shape)}"),
                f"A size is 0 or more, or -1 for the one that is to be worked out; {n} is neither.",
            )
    known = math.prod(n for n in shape if n != -1)
    if free and known == 0 and count == 0:
        raise noted(
            RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            ),
            f"Whatever stands for -1, {list(shape)} has room for 0 elements. Write the size "
            "that you mean instead of -1.",
        )
    if (known == 0 or count % known) if free else known != count:
        raise noted(
            RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}"),
            f"A new shape must have room for exactly the {count} elements that are there.",
        )
    return tuple(count // known if n == -1 else n for n in shape)


def broadcast(*shapes: Shape) -> Shape:
    """The common shape, or PyTorch's error that names the two sizes that differ."""
    result: Shape = ()
    for shape in shapes:
        result = broadcast_two(result, shape)
    return result


def broadcast_two(a: Shape, b: Shape) -> Shape:
    ndim = max(len(a), len(b))
    padded_a, padded_b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    for i in reversed(range(ndim)):
        if padded_a[i] != padded_b[i] and 1 not in (padded_a[i], padded_b[i]):
            raise mismatch(padded_a[i], padded_b[i], i, a, b)
    return tuple(n if m == 1 else m for m, n in zip(padded_a, padded_b, strict=True))


def mismatch(m: int, n: int, where: int, a: Shape, b: Shape) -> Exception:
    return noted(
        RuntimeError(
            f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton "
            f"dimension {where}"
        ),
        f"Shapes {list(a)} and {list(b)} do not broadcast: seen from the last dimension, two sizes "
        "must be equal, or one of them must be 1.",
    )


def not_for_bools(name: str, *operands: Any) -> None:
    """NotImplementedError if the operands are bools; `name` is PyTorch's for the loop it lacks."""
    if all(map(is_bool, operands)):
        raise noted(
            NotImplementedError(f"\"{name}\" not implemented for 'Bool'"),
            "True and False are no numbers to this function. Write x.long() to compute "
            "with 1 and 0, or x.float().",
        )


def is_bool(value: Any) -> bool:
    """Whether an operand, a tensor, array or number, is of bools."""
    return isinstance(plain(value), bool) or getattr(plain(value), "dtype", None) == np.bool_


def same_dtype(a: Tensor, b: Tensor, text: str | None = None) -> None:
    """Products of matrices never promote: RuntimeError, with PyTorch's text for the product."""
    if a.array.dtype == b.array.dtype:
        return
    left, right = a.dtype, b.dtype
    text = text or (
        "expected m1 and m2 to have the same dtype, but got: "
        f"{left.abbreviation} != {right.abbreviation}"
    )
    raise noted(
        RuntimeError(text),
        f"The left side holds {left} and the right side {right}, and products of matrices do not "
        f"convert. Write .to({left}) after the right side.",
    )
