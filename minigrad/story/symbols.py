"""The third reading of a formula: with symbols, which remember what was done with them.

A derivative is written once, under its op (see `minigrad.ops`). Handed arrays it computes; handed
symbols, it writes itself down:

    >>> from minigrad import ops
    >>> from minigrad.story.symbols import read
    >>> reading = read(ops.mul.derivatives["a"], {"g": 1.0, "b": 3.0})
    >>> reading.names, reading.numbers, reading.value
    ('g * b', '1.0 * 3.0', 3.0)

A `Symbol` carries a value beside its text, so a formula that asks (what is the exponent?) gets its
answer.

The operators of a symbol write themselves. A function that a formula calls must be taught to: the
formula runs with other global names, under which every function is a `Word` that calls the real one
and notes the call.
"""

from __future__ import annotations

import ast
import collections
import functools
import inspect
import operator
import textwrap
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad.autograd.quiet import silence
from minigrad.story.numbers import array_text

__all__ = ["Symbol", "read"]

ATOM, POWER, UNARY, PRODUCT, SUM, AND, XOR, OR, COMPARISON = range(15, 6, -1)  # as Python binds

Write = Callable[[bool], str]  # the text: with numbers, or with names


class Symbol:
    """A value with its text: what it is called, or how it was computed.

    value   what it is: an array, a number, a shape
    write   its text: write(True) with numbers, write(False) with names
    level   how tightly the outermost operator of the text binds
    """

    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]  # == makes a symbol

    def __init__(self, value: Any, write: Write, level: int = ATOM) -> None:
        self.value = value
        self.write = write
        self.level = level

    @property
    def names(self) -> str:
        """The text with the names of the values: `g * b`."""
        return self.write(False)

    @property
    def numbers(self) -> str:
        """The text with the values in place of their names: `1.0 * 3.0`."""
        return self.write(True)

    # ---- what a formula may ask of a value -------------------------------------------------------

    @property
    def T(self) -> Symbol:
        return Symbol(self.value.T, lambda numbers: f"{self.inside(numbers, ATOM)}.T")

    @property
    def shape(self) -> Any:
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        return int(self.value.ndim)

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __getitem__(self, index: Any) -> Symbol:
        return Symbol(
            self.value[plain(index)],
            lambda numbers: f"{self.inside(numbers, ATOM)}[{spelled(index, numbers)}]",
        )

    def __neg__(self) -> Symbol:
        value = silence().run(operator.neg, self.value)
        return Symbol(value, lambda numbers: f"-{self.inside(numbers, POWER)}", UNARY)

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Symbol:
        return symbol(Word(ufunc, ufunc.__name__)(*args, **kwargs))

    def __array_function__(self, function: Any, kinds: Any, args: Any, kwargs: Any) -> Symbol:
        return symbol(Word(function, function.__name__)(*args, **kwargs))

    def inside(self, numbers: bool, level: int) -> str:
        """The text as a part of a larger one whose operator binds at a level."""
        text = self.write(numbers)
        binds = UNARY if self.level == ATOM and text.startswith("-") else self.level
        return text if binds >= level else f"({text})"


def infix(sign: str, compute: Callable[[Any, Any], Any], level: int) -> tuple[Any, Any]:
    """An operator of symbols, and the same with a symbol on the right only."""
    left, right = (level + 1, level) if sign == "**" else (level, level + 1)
    if level == COMPARISON:
        left = level + 1

    def write(a: Any, b: Any) -> Symbol:
        value = silence().run(compute, plain(a), plain(b))
        return Symbol(
            value,
            lambda numbers: f"{part(a, numbers, left)} {sign} {part(b, numbers, right)}",
            level,
        )

    return write, lambda b, a: write(a, b)


def part(value: Any, numbers: bool, level: int) -> str:
    if isinstance(value, tuple):
        return spelled(value, numbers)
    return symbol(value).inside(numbers, level)


OPERATORS = {
    "add": ("+", SUM), "sub": ("-", SUM), "mul": ("*", PRODUCT), "truediv": ("/", PRODUCT),
    "pow": ("**", POWER), "and_": ("&", AND), "or_": ("|", OR), "xor": ("^", XOR),
    "lt": ("<", COMPARISON), "le": ("<=", COMPARISON), "gt": (">", COMPARISON),
    "ge": (">=", COMPARISON), "eq": ("==", COMPARISON), "ne": ("!=", COMPARISON),
}  # fmt: skip

for name, (sign, level) in OPERATORS.items():
    forward, reflected = infix(sign, getattr(operator, name), level)
    setattr(Symbol, f"__{name.rstrip('_')}__", forward)
    if level != COMPARISON:
        setattr(Symbol, f"__r{name.rstrip('_')}__", reflected)


def symbol(value: Any) -> Symbol:
    """A symbol as it is; any other value as a constant, which is spelled the same everywhere."""
    if isinstance(value, Symbol):
        return value
    return Symbol(value, lambda numbers: constant_text(value))


def called(name: str, value: Any) -> Symbol:
    """A value under a name."""
    return Symbol(value, lambda numbers: constant_text(value) if numbers else name)


def constant_text(value: Any) -> str:
    """Any value that a formula may be handed, as it would stand in a program."""
    match value:
        case tuple():
            texts = list(map(constant_text, value))
            return f"({', '.join(texts)}{',' * (len(texts) == 1)})"
        case slice():
            ends = ["" if end is None else str(end) for end in (value.start, value.stop)]
            return ":".join([*ends, *([] if value.step is None else [str(value.step)])])
        case np.dtype():
            return value.name
        case bool() | int() | float() | np.ndarray() | np.generic():
            return array_text(value)
    return getattr(value, "__name__", None) or repr(value)


def plain(value: Any) -> Any:
    """The value of a symbol, and of symbols in a tuple."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value.value if isinstance(value, Symbol) else value


def spelled(value: Any, numbers: bool) -> str:
    if isinstance(value, tuple) and any(isinstance(item, Symbol) for item in value):
        texts = [spelled(item, numbers) for item in value]
        return f"({', '.join(texts)}{',' * (len(texts) == 1)})"
    return symbol(value).write(numbers)


# ---- functions that formulas call ----------------------------------------------------------------


class Word:
    """A function under which a formula writes a call down, beside making it."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function = function
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = map(plain, args)
        value = silence().run(
            functools.partial(self.function, **{k: plain(v) for k, v in kwargs.items()}), *values
        )
        given = [*args, *kwargs.values()]
        if not any(isinstance(item, Symbol) for arg in given for item in flat(arg)):
            return value
        body = choice(self.function)
        if body is not None and not kwargs:
            return body(value, args)
        return Symbol(value, functools.partial(self.write, value, given))

    def write(self, value: Any, given: list[Any], numbers: bool) -> str:
        """A call; with numbers, the one number that is a helper's result stands for it."""
        is_number = not (np.ndim(value) or isinstance(value, tuple))
        if numbers and is_number and not hasattr(self.function, "kernel"):
            return constant_text(value)
        return f"{self.name}({', '.join(spelled(arg, numbers) for arg in given)})"


def flat(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


@functools.cache
def choice(function: Any) -> Callable[[Any, tuple[Any, ...]], Symbol] | None:
    """How to write an op whose kernel is one choice between values: as that choice.

    `gate(g, out)` says little; its kernel returns choose(y <= 0, 0.0, x), which read with symbols
    says `where(out <= 0, 0.0, g)`. None for any other function.
    """
    tree = returned(getattr(function, "kernel", None))
    if not (isinstance(tree, ast.Call) and ast.unparse(tree.func) == "choose"):
        return None
    parts = [compile(ast.Expression(argument), "<kernel>", "eval") for argument in tree.args]
    names = function.signature.names
    plain = {"number": lambda value, dtype: value, "ZERO": collections.defaultdict(int)}
    words = {**function.kernel.__globals__, **plain}

    def write(value: Any, args: tuple[Any, ...]) -> Symbol:
        given = dict(zip(names, args, strict=True))
        pieces = [eval(code, words, given) for code in parts]
        return Symbol(
            value, lambda numbers: f"where({', '.join(spelled(p, numbers) for p in pieces)})"
        )

    return write


def returned(kernel: Any) -> ast.expr | None:
    """The expression that a function returns, if that is all that it does, but for short cuts."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kernel)))
    except (OSError, TypeError, SyntaxError):
        return None
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return None
    last = definition.body[-1]
    others = [line for line in definition.body[:-1] if not isinstance(line, ast.Expr | ast.If)]
    return last.value if isinstance(last, ast.Return) and not others else None


# ---- reading -------------------------------------------------------------------------------------


def read(formula: Callable[..., Any], values: Mapping[str, Any]) -> Symbol:
    """The formula of a derivative with symbols: `values` are by the names that it gives them."""
    own = inspect.signature(formula).parameters
    symbols = {name: called(name, value) for name, value in values.items() if name in own}
    if not isinstance(formula, types.FunctionType):
        return symbol(Word(formula, getattr(formula, "__name__", "derivative"))(**symbols))
    words = {name: word(value) for name, value in formula.__globals__.items()}
    reading = types.FunctionType(
        formula.__code__, words, formula.__name__, formula.__defaults__, formula.__closure__
    )
    reading.__kwdefaults__ = formula.__kwdefaults__
    return symbol(reading(**symbols))


def word(value: Any) -> Any:
    """What a global name means to a formula that is read: a function is one that writes."""
    is_function = callable(value) and not isinstance(value, type | types.ModuleType | np.ufunc)
    return Word(value, value.__name__) if is_function and hasattr(value, "__name__") else value
