"""Noting: an ndarray that writes down what NumPy does with it.

The engine, its kernels, its formulas and the optimiser run as always; the arrays that they compute
with are of this class. Every call computes as ever, and adds a line to the tape. What cannot be
written down is refused, so that nothing is missing on a tape: a value that becomes a Python number
or a truth (with another value, the step might go another way), and every method of ndarray that is
not listed here. What NumPy makes without telling has no value, and is refused when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.program.errors import refused
from minigrad.program.notation.calls import index_text
from minigrad.program.notation.lines import Line
from minigrad.program.notation.stack import user_line
from minigrad.program.notation.tape import Memory, Tape
from minigrad.program.notation.values import Array, Value
from minigrad.program.recording.marked import (
    Marked,
    answered,
    flat,
    is_open,
    memory_of,
    plain,
    tape_of,
    unknown,
    value_of,
)
from minigrad.program.recording.operands import indices, operands
from minigrad.program.recording.writes import keep, write

__all__ = ["FUNCTIONS", "Noting", "make", "noting", "seen"]

KNOWN = frozenset((
    "T", "__array__", "__array_finalize__", "__array_function__", "__array_interface__",
    "__array_priority__", "__array_struct__", "__array_ufunc__", "__class__", "__contains__",
    "__dict__", "__len__", "__getitem__", "__setitem__", "all", "any", "astype", "base", "clip",
    "copy", "dot", "dtype", "fill", "flags", "flatten", "item", "itemsize", "look", "max",
    "mean", "memory", "min", "nbytes", "ndim", "noted", "ravel", "reshape", "setflags", "shape",
    "size", "source", "squeeze", "strides", "sum", "swapaxes", "take", "tape", "tolist",
    "transpose", "view",
))  # fmt: skip
WHOLE = (None, Ellipsis, slice(None))
FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # how to note np.where and others: functions.py


class Noting(Marked):
    """An array that notes what is done with it."""

    def __getattribute__(self, name: str) -> Any:
        if name not in KNOWN and is_open(self):
            raise unknown(f"ndarray.{name}")
        return super().__getattribute__(name)

    @property
    def base(self) -> Any:
        """As of an array that does not note: None, or the array that owns the memory."""
        source = self.source
        while source is not None and source.source is not None:
            source = source.source
        return source

    # ---- calls that NumPy hands over -------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        options = {key: option for key, option in options.items() if not is_default(key, option)}
        if "dtype" in options:
            options["dtype"] = np.dtype(options["dtype"])
        call = getattr(ufunc, method)
        raw = [plain(value) for value in inputs]
        tape = tape_of((*inputs, *(out or ())))
        if tape is None:
            return call(*raw, **({"out": plain(out[0])} if out else {}), **options)
        if method not in ("__call__", "reduce", "at") or ufunc.nout != 1 or "where" in options:
            raise unknown(f"np.{ufunc.__name__}.{method}")
        keep(inputs[0] if method == "at" else out and out[0])
        if method == "at":
            call(*raw)
            target, index, source = inputs
            options = {"index": indices(tape, index if isinstance(index, tuple) else (index,))}
            noted = (value_of(tape, target), *operands(tape, (source, target), np.result_type)[:1])
            return write(tape, f"{ufunc.__name__}.at", noted, target, options)
        name = ufunc.__name__ + (".reduce" if method == "reduce" else "")
        noted = operands(tape, inputs, ufunc.resolve_dtypes if method == "__call__" else None)
        if out is None:
            result = call(*raw, **options)
            options.pop("order", None)  # the result's layout tells
            return make(tape, name, noted, result, options)
        call(*raw, out=(plain(out[0]),), **options)
        write(tape, name, noted, out[0], options)
        return out[0]

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        tape = tape_of((self, *flat((*args, *options.values()))))  # `like=self` is no argument
        if tape is None:
            return function(*map(plain, args), **{k: plain(v) for k, v in options.items()})
        if function not in FUNCTIONS:
            raise unknown(f"np.{function.__name__}")
        return FUNCTIONS[function](tape, *args, **options)

    def dot(self, other: Any, out: Any = None) -> Any:
        result = plain(self).dot(plain(other))
        tape = tape_of((self, other))
        return result if tape is None else make(tape, "dot", operands(tape, (self, other)), result)

    # ---- copies ----------------------------------------------------------------------------------

    def copy(self, order: Any = "C") -> Any:
        return assigned(self, plain(self).copy(order))

    def astype(self, dtype: Any, order: Any = "K", *args: Any, copy: bool = True) -> Any:
        if self.dtype == dtype and not copy:
            return self
        return assigned(self, plain(self).astype(dtype, order))

    def flatten(self, order: Any = "C") -> Any:
        return self.reshape(-1).copy()

    def take(self, indices: Any, axis: Any = None) -> Any:
        result = plain(self).take(plain(indices), axis)
        tape = tape_of((self, indices))
        if tape is None:
            return result
        picked = value_of(tape, np.asanyarray(indices))
        return make(tape, "take", (value_of(tape, self), picked), result, {"axis": axis})

    # ---- views -----------------------------------------------------------------------------------

    @property
    def T(self) -> Any:
        return self.transpose()

    def transpose(self, *axes: Any) -> Any:
        array = plain(self).transpose(*axes)
        order = axes[0] if len(axes) == 1 and not hasattr(axes[0], "__index__") else axes
        order = tuple(order or reversed(range(self.ndim)))
        if order == tuple(range(self.ndim)):
            return seen(self, "{}", array)
        is_reversed = order == tuple(reversed(range(self.ndim)))
        return seen(self, "{}.T" if is_reversed else f"{{}}.transpose{order}", array)

    def swapaxes(self, i: int, j: int) -> Any:
        order = list(range(self.ndim))
        order[i], order[j] = order[j], order[i]
        return self.transpose(order)

    def reshape(self, *shape: Any, copy: bool | None = None) -> Any:
        array = plain(self).reshape(*shape, **({} if copy is None else {"copy": copy}))
        sizes = array.shape
        text = "-1" if len(sizes) == 1 else ", ".join(map(str, sizes)) if sizes else "()"
        return seen(self, "{}" if sizes == self.shape else f"{{}}.reshape({text})", array)

    def ravel(self, order: Any = "C") -> Any:
        if order != "C":
            raise unknown(f"ravel(order={order!r})")
        return self.reshape(-1)

    def squeeze(self, axis: Any = None) -> Any:
        return self.reshape(plain(self).squeeze(axis).shape)

    def view(self, kind: Any = None) -> Any:
        if kind is None or kind is np.ndarray or not is_open(self):
            return seen(self, "{}", plain(self)) if kind is None else plain(self)
        return seen(self, f"{{}}.view({np.dtype(kind).name})", plain(self).view(kind))

    def __getitem__(self, index: Any) -> Any:
        items = index if isinstance(index, tuple) else (index,)
        array = plain(self)[tuple(map(plain, items))]
        tape = tape_of((self, *items))
        if tape is None:
            return array
        if any(isinstance(item, np.ndarray | list) for item in items):
            options = {"index": indices(tape, items)}
            return make(tape, "getitem", (value_of(tape, self),), array, options)
        if Ellipsis not in items and np.ndim(array) == 0:
            items = (*items, Ellipsis)  # a view also of a single element
        array = plain(self)[items]
        if self.flags.c_contiguous and all(item in WHOLE for item in items):
            return self.reshape(array.shape)  # only dims of size 1 are new
        is_all = array.shape == self.shape and array.strides == self.strides
        if items[-1:] == (Ellipsis,) and len(items) > 1 and array.ndim:
            items = items[:-1]  # which is a view anyway
        return seen(self, "{}" if is_all else f"{{}}[{index_text(items)}]", array)

    # ---- writes ----------------------------------------------------------------------------------

    def __setitem__(self, index: Any, source: Any) -> None:
        items = index if isinstance(index, tuple) else (index,)
        keep(self)
        plain(self)[tuple(map(plain, items))] = plain(source)
        tape = tape_of((self, source))
        if tape is None:
            return
        noted = operands(tape, (source, self), np.result_type)[:1]
        if any(isinstance(item, np.ndarray | list) for item in items):
            options = {"index": indices(tape, items)}
            write(tape, "setitem", (value_of(tape, self), *noted), self, options)
        else:
            write(tape, "assign", noted, self[index])

    def fill(self, value: Any) -> None:
        self[...] = value

    # ---- what would leave the tape ---------------------------------------------------------------

    def item(self, *index: Any) -> Any:
        return answered(self, plain(self).item, *index)

    def tolist(self) -> Any:
        return answered(self, plain(self).tolist)

    def __bool__(self) -> bool:
        return bool(answered(self, plain(self).__bool__))

    def __int__(self) -> int:
        return int(answered(self, plain(self).__int__))

    def __float__(self) -> float:
        return float(answered(self, plain(self).__float__))

    def __index__(self) -> int:
        return int(answered(self, plain(self).__index__))

    def __contains__(self, value: Any) -> bool:
        return bool(answered(self, plain(self).__contains__, value))

    def __array__(self, *args: Any, **options: Any) -> Any:
        if is_open(self):
            raise refused(
                "the step hands the values of a tensor to NumPy",
                "A program has the calls that tensors make, and not those that are made beside "
                "them. Write it with tensors, or outside of the step.",
                user_line(),
            )
        return plain(self)


def noting(
    tape: Tape, memory: Memory, array: Any, source: Noting | None = None, look: str = ""
) -> Noting:
    """An array that notes, on the memory of another."""
    made = np.ndarray.view(np.asarray(array), Noting)
    made.tape, made.memory, made.source, made.look = tape, memory, source, look
    return made


def make(
    tape: Tape, function: str, inputs: tuple[Any, ...], result: Any, options: Any = None
) -> Noting:
    """Note a call that made a new array."""
    result = np.asarray(result)
    out = Value("result", result)
    tape.add(Line(function, inputs, out, options or {}))
    return noting(tape, Memory(out), result)


def seen(array: Noting, look: str, view: Array) -> Any:
    """A view; or the copy that NumPy had to make of one."""
    tape = tape_of((array,))
    if tape is None:
        return view
    if view.size and not np.may_share_memory(view, plain(array)):
        return make(tape, "look", (value_of(tape, array),), view, {"look": look})
    return noting(tape, memory_of(array), view, array, look)


def assigned(array: Noting, result: Array) -> Any:
    """Note a copy, perhaps in another dtype."""
    if not is_open(array):
        return result
    tape = tape_of((array,))
    assert tape is not None
    return make(tape, "assign", (value_of(tape, array),), result)


def is_default(key: str, option: Any) -> bool:
    """Whether an option of a reduction says what NumPy does without it."""
    return (key == "where" and option is True) or (key == "initial" and option is np._NoValue)
