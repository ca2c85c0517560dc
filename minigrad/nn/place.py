"""Where in a network an error happened: a note with the path of the module, such as `stack.0`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from minigrad.notes import shown

if TYPE_CHECKING:
    from minigrad.nn.module import Module

__all__ = ["say_where"]


class Place(str):
    """A note that knows its module, so that the modules around it can say where that is."""

    __slots__ = ("call", "module")

    module: Module
    call: str

    @classmethod
    def of(cls, module: Module, call: str, path: str = "") -> Self:
        summary = repr(module)
        if "\n" in summary:  # a module of modules: all of its layers would be too much
            summary = type(module).__name__
        place = cls(f"In {f'{path} ({summary})' if path else summary}, called with {call}.")
        place.module, place.call = module, call
        return place

    def seen_from(self, outer: Module) -> Self:
        """The same with the path that leads from `outer` to the module, if one does."""
        for path, module in outer.named_modules():
            if module is self.module:
                return self.of(module, self.call, path)
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # an error that is pickled does not take the network along


def say_where(error: Exception, module: Module, args: tuple[Any, ...], kwargs: Any) -> None:
    """Note the innermost module that the error went through, as it is seen from this one."""
    notes: list[str] = getattr(error, "__notes__", [])
    for i, note in enumerate(notes):
        if isinstance(note, Place):
            notes[i] = note.seen_from(module)
            return
    given = [shown(value) for value in (*args, *kwargs.values())]
    error.add_note(Place.of(module, ", ".join(given) or "no arguments"))
