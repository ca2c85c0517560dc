"""Small parameters in a row: changed by as many calls of NumPy as a single one.

What NumPy takes for a few numbers it takes for its calls, and the networks that one learns with
have many parameters of a few numbers each. Those of a group are therefore copied, one behind the
other, into one array; the formulas are run on that, and the results copied back. The formulas work
number by number, so that the bits are the same.

That is right if nothing that a step reads lies in the memory of what it has changed before. A Row
looks for that once. What it found holds as long as the arrays are the same ones, and no user has
given a tensor other memory, or another gradient (see `exchanges` in autograd/graph.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from operator import attrgetter, is_, itemgetter
from typing import Any

import numpy as np

from minigrad.autograd.graph import exchanges, tick, touch_all
from minigrad.tensor import Tensor

__all__ = ["SEVERAL", "Row", "change"]

Array = np.ndarray[Any, np.dtype[Any]]
States = Mapping[Any, Any]

SMALL = 1024  # numbers: to copy more takes longer than the calls that it saves
SEVERAL = 3  # parameters of more than one number: for two, the copies cost what they save

array_of: Any = attrgetter("array")
gradient_of: Any = attrgetter("node.grad.array")  # AttributeError if there is none
buffer_of: Any = itemgetter("momentum_buffer")  # KeyError or TypeError if there is none


class Row:
    """The small parameters of a group, by their places in it, and what was found out about them.

    count    how many parameters the group has
    dtype    of the small ones
    pick     takes the small ones out of those of the group; None if they are not several
    others   the places of the other parameters
    targets  the arrays of the small ones, and of their momentum buffers, as they were last
    time     since when these are the ones
    fits     whether they may be changed at once; None before `look`
    """

    def __init__(self, params: list[Tensor]) -> None:
        self.count = len(params)
        small = [i for i, p in enumerate(params) if p.array.size <= SMALL]
        self.dtype = params[small[0] if small else 0].array.dtype
        small = [i for i in small if params[i].array.dtype is self.dtype]
        are_several = sum(params[i].array.size > 1 for i in small) >= SEVERAL
        self.pick: Any = itemgetter(*small) if are_several else None
        self.others = [i for i in range(self.count) if i not in small]
        self.targets: list[Array] = []
        self.time = 0
        self.fits: bool | None = None

    def take(self, params: list[Tensor], states: States | None) -> Any:
        """What `change` needs: the small ones (and their buffers), their arrays, their gradients.

        None if they may not be changed at once, or one has no gradient or no buffer yet.
        """
        tensors = small = self.pick(params)
        try:
            gs = [*map(gradient_of, small)]
            if states is not None:
                tensors = (*small, *map(buffer_of, map(states.get, small)))
            targets = [*map(array_of, tensors)]
        except (AttributeError, KeyError, TypeError):
            return None
        if (
            self.time < exchanges.time
            or len(targets) != len(self.targets)
            or not all(map(is_, targets, self.targets))
        ):
            self.targets, self.time, self.fits = targets, tick(), None
            return None
        if self.fits is None:
            self.look(gs, arrays_of([params[i] for i in self.others], states or {}))
        return (tensors, targets, gs) if self.fits else None

    def look(self, gs: list[Array], others: Iterable[Array]) -> None:
        """Find out whether they may be changed at once, among the other arrays of the group."""
        arrays = [*self.targets, *gs]
        shapes = [g.shape for g in gs] * (len(arrays) // len(gs))
        self.fits = (
            all(type(a) is np.ndarray and a.dtype is self.dtype for a in arrays)
            and all(a.shape == shape for a, shape in zip(arrays, shapes, strict=True))
            and are_apart(self.targets, [*gs, *others])
        )


def change(apply: Callable[..., None], tensors: Iterable[Tensor], targets: Any, gs: Any) -> None:
    """Run `apply(p, g)`, or `apply(p, g, b)`, once for all that a Row has taken."""
    touch_all(tensors)
    row, g = side_by_side(targets), side_by_side(gs)
    if row.size == g.size:
        apply(row, g)
    else:
        apply(row[: g.size], g, row[g.size :])
    read: Any = BytesIO(row).readinto
    for array in targets:
        read(array)


def arrays_of(params: Iterable[Tensor], states: States) -> Iterator[Array]:
    """The arrays of parameters, of their gradients, and of what is remembered of them."""
    for p in params:
        for t in (p, p.grad, *states.get(p, {}).values()):
            if isinstance(t, Tensor):
                yield t.array


def are_apart(targets: list[Array], others: list[Array]) -> bool:
    """Whether each target lies in order, in memory that no other array lies in."""
    owners = [owner(a) for a in (*targets, *others)]
    users = Counter(map(id, owners))
    return all(map(is_plain, owners)) and all(
        a.flags.c_contiguous and users[id(owner(a))] == 1 for a in targets
    )


def owner(a: Array) -> Any:
    """The array whose memory this one lies in (or what else lends it memory)."""
    return a if a.base is None else a.base


def is_plain(owner: Any) -> bool:
    """Whether the memory is NumPy's own, or what was unpickled: who else lent it may share it."""
    return type(owner) is np.ndarray and isinstance(owner.base, bytes | None)


def side_by_side(arrays: Any) -> Any:
    """The numbers of all of them, in one new array."""
    try:
        numbers = bytearray().join(arrays)
    except TypeError:  # one does not lie in order
        numbers = bytearray().join([array.copy() for array in arrays])
    return np.frombuffer(numbers, arrays[0].dtype)
