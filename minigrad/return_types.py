"""Several results of one function: a tuple whose elements have names.

values, indices = x.max(0)
x.max(0).values
"""

from __future__ import annotations

from typing import ClassVar

from minigrad.tensor import Tensor

__all__ = ["max", "min"]


class Named(tuple[Tensor, ...]):
    """A tuple of tensors, made from a sequence of them, that prints them with their names."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]]

    def __repr__(self) -> str:
        fields = zip(self.__match_args__, self, strict=True)
        lines = ",\n".join(f"{name}={value!r}" for name, value in fields)
        return f"minigrad.return_types.{type(self).__name__}(\n{lines})"


class max(Named):
    """The largest elements along a dim, and where they are."""

    __slots__ = ()
    __match_args__ = ("values", "indices")

    @property
    def values(self) -> Tensor:
        return self[0]

    @property
    def indices(self) -> Tensor:
        return self[1]


class min(max):
    """The smallest elements along a dim, and where they are."""

    __slots__ = ()
