"""From a recording to a program: simplified, given places in memory, written down, made to run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.program.lower import lowered
from minigrad.program.memory import planned
from minigrad.program.names import Names
from minigrad.program.pack import packed
from minigrad.program.record import Recording
from minigrad.program.simplify import Draft, simplified
from minigrad.program.tape import Array
from minigrad.program.text import Text

__all__ = ["Program"]


class Program:
    """A recorded step as text, and as a function of arrays.

    source     the text
    namespace  the set-up, made; `namespace["step"]` takes the arrays of the arguments and returns
               those of the results
    grads      for each leaf of which the step leaves a new gradient, the name of its buffer
    """

    def __init__(self, recording: Recording, name: str) -> None:
        self.recording, self.title = recording, name
        tape, results = recording.tape, recording.results
        draft = Draft(
            tape,
            [replace(line, is_back=i >= recording.turn) for i, line in enumerate(tape.lines)],
            [(m.start, m.now) for m in tape.outside.values() if is_written(m)],
            [*(new.value for new in results.new), *recording.grads.values()],
            [value for _, value in results.gradients],
        )
        plan = planned(packed(lowered(simplified(draft))))
        count = len(results.new)
        returned, grads = plan.draft.outputs[:count], plan.draft.outputs[count:]
        leaves = [leaf for leaf, _ in results.gradients]
        self.names = Names(plan, recording.arguments)
        self.names.name_outputs(
            [*zip(recording.grads, grads, strict=True), *zip(leaves, plan.draft.back, strict=True)]
        )
        self.text = Text(plan, self.names, returned, name)
        self.source = self.text.source()
        self.code = compile(self.source, f"<{name} as a NumPy program>", "exec")
        self.grads = {
            leaf: self.text.of(value) for leaf, value in zip(recording.grads, grads, strict=True)
        }

        self.used, self.stored = self.find_used()

    def find_used(self) -> tuple[set[Any], set[Any]]:
        """The given tensors and numbers that matter to the step, and those that it writes."""
        tape, givens = self.recording.tape, self.recording.givens.values()
        read = {value.root for line in tape.lines for value in line.reads()}
        stored = {given for given in givens if is_written(given.memory) or given.writes}
        used: set[Any] = {
            given
            for given in givens
            if given in stored
            or given.memory.start in read
            or (given.leaf is not None and given.leaf.is_asked is not None)
        }
        arrays = {id(value.array) for value in read}
        for numbers in self.recording.numbers:
            if any(id(array) in arrays for array in numbers.arrays.values()):
                used.add(numbers)
        return used, stored

    def renewal(self, buffer: str, namespace: dict[str, Any]) -> Callable[[], None]:
        """Makes a buffer anew, and the views of it: somebody has kept the old one."""
        code = compile("\n".join(self.text.made_of(buffer)), "<set-up>", "exec")
        return lambda: exec(code, namespace)

    def renew_numbers(self, namespace: dict[str, Any]) -> None:
        """Numbers that the text uses as Python's follow the arrays."""

    @functools.cached_property
    def given(self) -> dict[str, Array]:
        """The arrays that are there before the step, by name, apart from the arguments'."""
        return {
            name: value.array
            for value, name in self.names.given.items()
            if value.kind == "given" and value.role not in ("argument", "upstream")
            if value.array is not None
        }

    def new_namespace(self) -> dict[str, Any]:
        """The set-up, made anew: buffers of its own."""
        namespace: dict[str, Any] = {"np": np, **self.given}
        exec(self.code, namespace)
        return namespace


def is_written(memory: Any) -> bool:
    return memory.start.kind == "given" and memory.now is not memory.start
