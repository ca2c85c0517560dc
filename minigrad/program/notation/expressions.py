"""Expressions as text, with the brackets that they need and no others."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ATOM", "CHOICE", "OPERATORS", "OR", "POWER", "PRODUCT", "SIGN", "SUM", "Text", "with_sign",
]  # fmt: skip

# How strongly an expression holds together: what is weaker than its place needs brackets.
CHOICE, COMPARISON, OR, AND, SUM, PRODUCT, SIGN, POWER, ATOM = range(9)
OPERATORS = {
    "greater": (">", COMPARISON),
    "greater_equal": (">=", COMPARISON),
    "less": ("<", COMPARISON),
    "less_equal": ("<=", COMPARISON),
    "equal": ("==", COMPARISON),
    "not_equal": ("!=", COMPARISON),
    "bitwise_or": ("|", OR),
    "bitwise_and": ("&", AND),
    "add": ("+", SUM),
    "subtract": ("-", SUM),
    "multiply": ("*", PRODUCT),
    "divide": ("/", PRODUCT),
    "product": ("@", PRODUCT),
    "dot": ("@", PRODUCT),
    "power": ("**", POWER),
}


class Text(NamedTuple):
    """An expression, and how strongly it holds together."""

    text: str
    strength: int = ATOM

    def within(self, strength: int) -> str:
        """The expression in a place of some strength, in brackets if it needs them."""
        return self.text if self.strength >= strength else f"({self.text})"


def with_sign(sign: str, strength: int, left: Text, right: Text) -> Text:
    """left sign right; equals are taken from the left, powers and comparisons not at all."""
    is_alone = strength in (COMPARISON, POWER)
    a, b = left.within(strength + is_alone), right.within(strength + 1)
    return Text(f"{a} {sign} {b}", strength)
