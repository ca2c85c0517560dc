"""From a recording to a program: simplified, given places in memory, written down, made to run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.program.notation.values import Array, Value
from minigrad.program.recording.record import Recording
from minigrad.program.rules.blocks import in_blocks
from minigrad.program.rules.lower import lowered
from minigrad.program.rules.memory import planned
from minigrad.program.rules.momenta import with_momenta_at_once
from minigrad.program.rules.pack import packed
from minigrad.program.rules.simplify import Draft, simplified
from minigrad.program.text.buffers import Buffered
from minigrad.program.text.names import Names
from minigrad.program.text.page import Page, constant_text
from minigrad.program.text.plain import Plain
from minigrad.program.text.readable import readable

__all__ = ["Program"]


class Program:
    """A recorded step as text, and as a function of arrays.

    source    the text
    page      the text in its parts
    grads     for each leaf of which the step leaves a new gradient, the expression that finds it
    results   names for what the step returns: results r0, r1 ..., and gradients that are not kept
    kept      the buffers of gradients that the program keeps from step to step
    used      the given tensors and numbers that matter to it
    stored    the given tensors that it writes
    saved     the given tensors that the way back needs
    """

    def __init__(self, recording: Recording, title: str, style: str) -> None:
        self.recording, self.title, self.style = recording, title, style
        tape, results = recording.tape, recording.results
        draft = Draft(
            tape,
            [replace(line, is_back=i >= recording.turn) for i, line in enumerate(tape.lines)],
            [(m.start, m.now) for m in tape.outside.values() if m.is_written],
            [*(new.value for new in results.new), *recording.grads.values()],
            [value for _, value in results.gradients],
        )
        self.results = [f"r{i}" for i in range(len(results.new))]
        self.kept: tuple[str, ...] = ()
        self.page: Page = self.plain(draft) if style == "plain" else self.buffered(draft)
        self.source = self.page.source()
        self.code = compile(self.source, f"<{title} as a NumPy program>", "exec")
        self.used, self.stored = self.find_used()
        read_back = {v.root for line in self.page.draft.lines if line.is_back for v in line.reads()}
        self.saved = [g for g in recording.givens.values() if g.memory.start in read_back]

    def buffered(self, draft: Draft) -> Page:
        draft = in_blocks(packed(with_momenta_at_once(lowered(simplified(draft)))))
        has_way_back = bool(self.recording.results.gradients)  # then there are sets of buffers
        plan = planned(draft, len(draft.outputs if has_way_back else self.recording.results.new))
        names = Names(plan.draft, self.recording.arguments)
        returned, grads = self.parted(plan.draft.outputs)
        leaves = [*self.recording.grads, *(leaf for leaf, _ in self.recording.results.gradients)]
        values = [value.root for value in (*grads, *plan.draft.back)]
        gradients = dict(zip(values, map(names.of_grad, leaves), strict=True))
        if has_way_back:
            page = Buffered(plan, names, [*returned, *grads], gradients, self.title)
            self.grads = {leaf: f"g{i}" for i, leaf in enumerate(self.recording.grads)}
            self.results += self.grads.values()
            return page
        page = Buffered(plan, names, returned, gradients, self.title)
        self.grads = dict(zip(self.recording.grads, map(page.written, grads), strict=True))
        self.kept = tuple(self.grads.values())
        return page

    def plain(self, draft: Draft) -> Page:
        draft = readable(draft, self.recording.grads)
        names = Names(draft, self.recording.arguments, "grad_{}")
        returned, grads = self.parted(draft.outputs)
        self.grads = {leaf: f"grads[{i}]" for i, leaf in enumerate(self.recording.grads)}
        self.results += ["grads"] * bool(grads)
        return Plain(draft, names, returned, grads, self.title)

    def parted(self, outputs: list[Value]) -> tuple[list[Value], list[Value]]:
        """What the step returns, and the gradients that it leaves behind."""
        count = len(self.recording.results.new)
        return outputs[:count], outputs[count:]

    def find_used(self) -> tuple[set[Any], set[Any]]:
        """The given tensors and numbers that matter to the step, and those that it writes."""
        tape, givens = self.recording.tape, self.recording.givens.values()
        read = {value.root for line in tape.lines for value in line.reads()}
        returned = {*self.recording.results.were_there()}
        stored = {given for given in givens if given.memory.is_written or given.writes}
        used: set[Any] = {
            given
            for given in givens
            if given in stored
            or given.tensor in returned
            or given.memory.start in read
            or (given.leaf is not None and given.leaf.is_asked is not None)
        }
        arrays = {id(value.array) for value in read}
        for numbers in self.recording.numbers:
            if any(id(array) in arrays for array in numbers.arrays.values()):
                used.add(numbers)
        return used, stored

    def renewal(self, buffer: str, namespace: dict[str, Any]) -> Callable[[], None]:
        """Makes memory anew, and the views of it: somebody has kept the old one."""
        code = compile("\n".join(self.page.made_of(buffer)), "<set-up>", "exec")
        return lambda: exec(code, namespace)

    def follow_options(self) -> bool:
        """Write the optimizers' numbers of now into the arrays; False if they take other formulas.

        What the program is called with does so by itself: see Kept, in calling/fits.py.
        """
        used = (numbers for numbers in self.recording.numbers if numbers in self.used)
        if not all(numbers.renewed() for numbers in used):
            return False
        self.renew_numbers()
        return True

    def renew_numbers(self) -> None:
        """Numbers that the text has with the other sign follow their arrays."""
        for value in self.page.negated:
            if value.array is not None:
                np.negative(value.array, self.given[self.page.names.given[value]])

    @functools.cached_property
    def given(self) -> dict[str, Array]:
        """The arrays that are there before the step, by name, apart from the arguments'."""
        return {
            name: negative(value.array) if value in self.page.negated else value.array
            for value, name in self.page.names.given.items()
            if value.role not in ("argument", "upstream") and value.array is not None
            if value.kind == "given" or constant_text(value) is None
        }

    def set_up(self, namespace: dict[str, Any]) -> None:
        """Make the step as a function, and buffers of its own."""
        namespace.update({"np": np, **self.given})
        exec(self.code, namespace)


def negative(array: Array) -> Array:
    """As an array also of no dims, of which np.negative makes a number: it is written anew."""
    return np.negative(array, np.empty_like(array))
