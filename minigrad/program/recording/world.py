"""What a step may change without an array telling: random streams, options, hooks, objects."""

from __future__ import annotations

from typing import Any

from minigrad.program.errors import refused
from minigrad.program.recording.facts import Fact
from minigrad.program.recording.iterators import position
from minigrad.program.recording.standins import leaf_of
from minigrad.program.recording.streams import Stream, shared_streams, stream_of, told
from minigrad.program.recording.surroundings import Surroundings

__all__ = ["World", "refuse_hooks"]


class World:
    """How everything was before a step."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.streams = self.random_streams()
        self.positions = self.positions_now()
        self.states = [
            (
                optimizer,
                {p: copied(state) for p, state in optimizer.state.items()},
                [*optimizer.param_groups],
            )
            for optimizer in surroundings.optimizers
        ]

    def random_streams(self) -> list[Stream]:
        own = self.surroundings.streams.items()
        return [*shared_streams(), *(stream_of(value, ".".join(path)) for value, path in own)]

    def positions_now(self) -> list[Any]:
        return [position(iterator) for iterator, _ in self.surroundings.iterators]

    def refuse_changes(self) -> bool:
        """CompileError if anything has changed; True if an optimiser has made its first state."""
        self.refuse_items_taken()
        for (name, before, _), (_, now, _) in zip(self.streams, self.random_streams(), strict=True):
            if told(before) != told(now):
                raise refused(
                    f"the step draws random numbers from {name}",
                    "A program would have the same numbers in every step. Draw them outside, and "
                    "pass them as an argument.",
                )
        changed = list(self.surroundings.changed())
        for fact in changed:
            if not self.is_state(fact):
                raise refused(
                    f"the step changes {fact}, which is not a tensor's content",
                    "A program computes with tensors, and does nothing else. Count, collect and "
                    "replace between the steps, with what the step returns.",
                )
        return bool(changed)

    def refuse_items_taken(self) -> None:
        iterators, before, now = self.surroundings.iterators, self.positions, self.positions_now()
        for (_, path), was, is_now in zip(iterators, before, now, strict=True):
            if was != is_now:
                raise refused(
                    f"the step takes items of {'.'.join(path)}, an iterator",
                    "A program would have the same items in every step. Take them outside, and "
                    "pass them as arguments: step(*next(batches)). This call has taken its own.",
                )

    def is_state(self, fact: Fact) -> bool:
        """Whether a fact is how much an optimiser remembers."""
        states = [optimizer.state for optimizer, *_ in self.states]
        inner = [state for outer in states for state in outer.values()]
        is_new = fact.access in ("length", "keys", "values") or fact.value is None
        return is_new and any(fact.owner is state for state in states + inner)

    def restore(self) -> None:
        for _, before, put_back in self.streams:
            put_back(before)
        for optimizer, states, groups in self.states:
            optimizer.state.clear()
            optimizer.state.update(states)
            optimizer.param_groups[:] = groups


def copied(state: Any) -> Any:
    return dict(state) if isinstance(state, dict) else state


def refuse_hooks(surroundings: Surroundings) -> None:
    """Hooks are Python code of the user's, which a program cannot call."""
    owners: list[tuple[tuple[str, ...], Any]]
    owners = [(path, module._hooks) for module, path in surroundings.modules.items()]
    owners += [(path, optimizer.step_hooks) for optimizer, path in surroundings.optimizers.items()]
    owners += [
        (path, getattr(leaf_of(tensor), "hooks", None))
        for tensor, path in surroundings.tensors.items()
    ]
    for path, hooks in owners:
        if any(getattr(hooks, name, None) for name in ("before", "callbacks", "after")):
            raise refused(
                f"there is a hook on {'.'.join(path) or 'the module'}",
                "A program cannot call it. Remove it, or do what it does in the step itself.",
            )
