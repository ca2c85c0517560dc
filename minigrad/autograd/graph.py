"""What a computation leaves behind: nodes, leaves, and the dates of in-place writes.

References point one way, from a result to what it was made of, so the graph is freed by reference
counting as soon as the last result goes. One clock orders everything: a node is younger than its
parents, and a saved value is damaged if and only if its memory was written after the node that
saved it was made.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from minigrad.autograd.quiet import silence

if TYPE_CHECKING:
    from minigrad.autograd.grad_mode import Inference
    from minigrad.autograd.op import Op
    from minigrad.autograd.plan import Plan
    from minigrad.tensor import Tensor

__all__ = [
    "Hooks", "Leaf", "Node", "RemovableHandle", "Stamp", "Step", "Useful", "View", "exchanges",
    "follow", "stamp_of", "tick", "touch", "touch_all",
]  # fmt: skip

Useful = set[Any] | None
Step = tuple["Op", tuple[Any, ...]]  # one op of a view, with its arguments after the first
tick = itertools.count(1).__next__


class Stamp:
    """When an array was last written in place, and how often; shared by all tensors on its memory.

    `views` are weak references to the views of the tensor that owns the memory: a write through
    one of them changes the history of all.
    """

    time = 0
    version = 0
    writes: deque[int] | None = None
    views: list[ref[Tensor]] | None = None

    def touch(self) -> None:
        self.time = tick()
        self.version += 1
        if self.writes is None:
            self.writes = deque(maxlen=64)
        self.writes.append(self.time)

    def version_at(self, time: int) -> int:
        """The version at an earlier time, for error messages; exact for the last 64 writes."""
        return self.version - sum(written > time for written in self.writes or ())

    def remember(self, view: Tensor) -> None:
        """Keep a weak reference to a new view, and drop those to views that are gone."""
        views = self.views
        if views is None:
            views = self.views = []
        elif len(views) >= 16 and len(views) & (len(views) - 1) == 0:  # at 16, 32, 64, ...
            views[:] = [seen for seen in views if seen() is not None]
        views.append(ref(view))


def stamp_of(t: Tensor) -> Stamp:
    """The tensor's stamp, made on first use: most tensors are never aliased nor overwritten."""
    stamp = t.stamp
    if stamp is None:
        stamp = t.stamp = Stamp()
    return stamp


def touch(t: Tensor) -> None:
    """Date an in-place write to the tensor's memory."""
    stamp = t.stamp
    (stamp_of(t) if stamp is None else stamp).touch()


def touch_all(tensors: Iterable[Tensor]) -> None:
    """The same for several, with one date: `touch`, written out for what was written before."""
    time = tick()
    for t in tensors:
        stamp = t.stamp
        if stamp is None or (writes := stamp.writes) is None:
            touch(t)
        else:
            stamp.time = time
            stamp.version += 1
            writes.append(time)


class Exchanges:
    """When a user last gave a tensor the memory of another, or a leaf another gradient.

    What was found out about the arrays of a tensor and of its gradient holds until then.
    """

    time = 0


exchanges = Exchanges()


class View:
    """How a tensor is seen in the memory of another: `base`, then each op of `steps` in turn."""

    __slots__ = ("base", "by_function", "recorded", "siblings", "steps")

    def __init__(self, base: Tensor, steps: tuple[Step, ...]) -> None:
        self.base = base
        self.steps = steps
        self.recorded: bool | Inference = True  # or the mode in which it was made unrecorded
        self.by_function = False  # True if a user's Function returned it
        self.siblings: str | None = None  # which output it is, if several views were returned

    def onward(self, steps: tuple[Step, ...]) -> View:
        """A view of this view; what forbids to write into the one forbids it in the other."""
        view = View(self.base, self.steps + steps)
        view.recorded, view.by_function = self.recorded, self.by_function
        view.siblings = None if self.siblings is None else ""
        return view


def follow(steps: tuple[Step, ...], value: Any) -> Any:
    """The same view of another value: of a gradient, or of the base with a new history."""
    for op, args in steps:
        value = op(value, *args)
    return value


class RemovableHandle:
    """What registering a hook returns; `remove()` takes the hook away again."""

    serial = itertools.count()

    def __init__(self, hooks: dict[int, Any], *others: dict[int, Any]) -> None:
        self.id = next(RemovableHandle.serial)
        self.hooks = (ref_or_self(hooks), *map(ref_or_self, others))

    def remove(self) -> None:
        for hooks in self.hooks:
            found = hooks()
            if found is not None:
                found.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def ref_or_self(hooks: dict[int, Any]) -> Callable[[], dict[int, Any] | None]:
    """A weak reference where the dict allows one (OrderedDict does), to keep nothing alive."""
    try:
        return ref(hooks)
    except TypeError:
        return lambda: hooks


class Hooks:
    """What a user attached to a node or leaf: callbacks, and whether a node keeps its `grad`."""

    __slots__ = ("after", "callbacks", "grad", "retain")

    def __init__(self) -> None:
        self.callbacks: OrderedDict[int, Callable[[Any], Any]] = OrderedDict()
        self.after: OrderedDict[int, Callable[[Any], Any]] = OrderedDict()  # post-accumulate
        self.retain = False
        self.grad: Tensor | None = None


class Node:
    """One recorded application of an op.

    plan     the op, seen from the inputs that want gradients: which formulas to run with what
    parents  the nodes and leaves of those inputs, in the order of the formulas
    saved    what the formulas name, and nothing else; None once the graph was freed
    shape    of the result; a gradient of any larger shape is summed back to it
    time     of birth, by the one clock
    hooks    None, or what the user attached
    """

    __slots__ = ("__weakref__", "hooks", "parents", "plan", "saved", "shape", "time")

    plan: Plan
    parents: tuple[Node | Leaf, ...]
    saved: tuple[Any, ...] | None
    shape: tuple[int, ...]
    time: int
    hooks: Hooks | None

    def backward(self, g: Any, create_graph: bool, useful: Useful = None) -> list[Any]:
        """The gradient of each parent, given the gradient of the result; None stays None.

        If `useful` says for which nodes a gradient is wanted, the others may get None as well.
        """
        if g is None:
            return [None] * len(self.parents)
        plan = self.plan
        if useful is not None and not useful.issuperset(self.parents):
            plan = plan.part(tuple([parent in useful for parent in self.parents]))
        if create_graph:
            return plan.back_in_tensors(self, g)
        return silence().run(plan.back, self, g)

    def release(self) -> None:
        """Forget what was saved; a node that saved no values can be walked again."""
        if self.plan.holds_values:
            self.saved = None

    def kept(self) -> list[Tensor]:
        """The tensors among what was saved."""
        return [value for value in self.saved or () if hasattr(value, "stamp")]

    def name(self) -> str:
        """The name that PyTorch gives to this node, for example MulBackward0."""
        return self.plan.op.label(self)

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        """PyTorch's way to walk the graph: the nodes of all array inputs, None for constants."""
        parents = iter(self.parents)
        return tuple((next(parents) if wanted else None, 0) for wanted in self.plan.wants)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class Leaf:
    """Where a gradient comes to rest. It does not know its tensor: nothing points in a circle."""

    __slots__ = ("__weakref__", "dtype", "frozen", "grad", "hooks", "shape", "time")

    parents: tuple[()] = ()  # the walk ends here
    behind: Node | None = None  # for which it stands in, while a step is recorded

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.grad: Tensor | None = None
        self.shape = shape
        self.dtype = dtype
        self.time = tick()
        self.hooks: Hooks | None = None
        self.frozen = False  # True while its tensor does not require grad

    @classmethod
    def unrecorded(cls, array: np.ndarray[Any, Any]) -> Leaf:
        """Of a view that was not recorded, of what requires grad: it keeps no gradient."""
        leaf = cls(array.shape, array.dtype)
        leaf.frozen = True
        return leaf

    def name(self) -> str:
        return "AccumulateGrad"

    @property
    def next_functions(self) -> tuple[()]:
        return ()

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"
