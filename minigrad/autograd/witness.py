"""Arrays that witness what is done to them: the reading of a formula that finds where NaN began.

A witness knows how it was computed, as text. Whatever NumPy computes with it is a witness too, and
the log gets an entry wherever a result is NaN and no operand is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Birth", "number", "spelled", "witness"]

Array = np.ndarray[Any, np.dtype[Any]]
Index = tuple[int, ...]


class Birth(NamedTuple):
    """A NaN that came of numbers: what was computed, of what, and at which elements."""

    text: str
    operator: str
    operands: list[tuple[str, Any]]
    is_new: Array


class Witness(np.ndarray[Any, np.dtype[Any]]):
    """An array with the text of its computation, that tells a log of each NaN that is new."""

    text: str
    log: list[Birth]

    def __array_finalize__(self, parent: Any) -> None:
        self.text = getattr(parent, "text", "...")
        self.log = getattr(parent, "log", [])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            kwargs["out"] = tuple(plain(o) for o in kwargs["out"])
        result = getattr(ufunc, method)(*map(plain, inputs), **kwargs)
        text = spelled(ufunc.__name__, [text_of(x) for x in inputs], method)
        return self.noted(result, text, ufunc.__name__, inputs if method == "__call__" else ())

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        result = func(*map(plain, args), **{key: plain(value) for key, value in kwargs.items()})
        return self.noted(result, f"{func.__name__}({', '.join(map(text_of, args))})", "", ())

    def dot(self, b: Any, out: Any = None) -> Any:
        result = plain(self).dot(plain(b))
        return self.noted(result, spelled("matmul", [self.text, text_of(b)]), "matmul", (self, b))

    def noted(self, result: Any, text: str, operator: str, inputs: tuple[Any, ...]) -> Any:
        if not isinstance(result, np.ndarray | np.generic):
            return result
        array = np.asarray(result)
        if inputs and array.dtype.kind == "f":
            is_new = np.isnan(array) & ~anything_nan(operator, inputs, array.shape)
            if is_new.any():
                pairs = [(text_of(x), plain(x)) for x in inputs]
                self.log.append(Birth(text, operator, pairs, is_new))
        return witness(array, text, self.log)


def witness(value: Any, text: str, log: list[Birth]) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    seen = value.view(Witness)
    seen.text, seen.log = text, log
    return seen


def plain(value: Any) -> Any:
    """The value without its witnesses, also those in a list."""
    if isinstance(value, Witness):
        return value.view(np.ndarray)
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else value


def anything_nan(operator: str, inputs: tuple[Any, ...], shape: Index) -> Any:
    """Where an operand is NaN already, in the shape of the result."""
    nans = [np.isnan(np.asarray(plain(x), float)) for x in inputs]
    if operator != "matmul":
        return np.logical_or.reduce([np.broadcast_to(n, shape) for n in nans])
    return np.full(shape, any(n.any() for n in nans))


# ---- words --------------------------------------------------------------------------------------

SIGNS = {
    "multiply": "*", "divide": "/", "true_divide": "/", "add": "+", "subtract": "-",
    "power": "**", "matmul": "@", "greater": ">", "less": "<", "greater_equal": ">=",
    "less_equal": "<=", "equal": "==", "bitwise_and": "&", "bitwise_or": "|",
}  # fmt: skip


def spelled(name: str, texts: list[str], method: str = "__call__") -> str:
    """The expression as one writes it."""
    inner = [f"({text})" if " " in text else text for text in texts]
    if method != "__call__":
        return f"{name}.{method}({texts[0]})"
    if name == "negative":
        return f"-{inner[0]}"
    if name in SIGNS and len(texts) == 2:
        return f"{inner[0]} {SIGNS[name]} {inner[1]}"
    return f"{name}({', '.join(texts)})"


def text_of(value: Any) -> str:
    if isinstance(value, Witness):
        return value.text
    if isinstance(value, np.ndarray | np.generic):
        return number(value) if value.ndim == 0 else "..."
    return number(value) if isinstance(value, float) else str(value)


def number(value: Any) -> str:
    return f"{float(value):.6g}"
