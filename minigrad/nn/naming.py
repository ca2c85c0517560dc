"""How error messages call a value."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor

__all__ = ["typename"]


def typename(value: Any) -> str:
    """The type of a value as PyTorch's messages write it; of a class or function, its own name."""
    if isinstance(value, Tensor):
        return str(value.type())
    named = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(named, "__module__", None)
    name: str = named.__qualname__
    return name if module in (None, "builtins") else f"{module}.{name}"
