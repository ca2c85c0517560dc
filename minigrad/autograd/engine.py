"""The walk back: from the outputs to the leaves, youngest node first.

A node is younger than its parents. So when the youngest of the waiting nodes is taken from a heap,
no node is left that could still add to its gradient: the gradient is complete. There is no
topological sort, no set of visited nodes and no recursion.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.autograd.grad_mode import set_grad_enabled
from minigrad.autograd.graph import Hooks, Leaf, Node, touch
from minigrad.autograd.op import Op
from minigrad.autograd.quiet import silence
from minigrad.autograd.watch import examiners
from minigrad.notes import noted, shown
from minigrad.tensor import Tensor, wrap

__all__ = ["Gradients", "call", "deposit_all", "own", "run_backward"]

Gradients = dict[Node | Leaf, Any]
ndarray, generic, asanyarray = np.ndarray, np.generic, np.asanyarray
sum_to = ops.sum_to.kernel
LARGE = 1 << 12  # elements: the sum of fewer takes no longer in new memory
accumulating = allocate_lock()  # adding to a gradient reads, adds and writes: one thread at a time


def run_backward(
    roots: Gradients,
    create_graph: bool,
    retain_graph: bool,
    targets: Collection[Node | Leaf] | None = None,
) -> Gradients:
    """Carry the gradients of `roots` back; return those of the leaves, or of the targets.

    Gradients are arrays, or tensors if `create_graph` asks for a graph of the walk itself. With
    targets, only what leads to them is walked. Nothing is written into any `grad` here: an error
    on the way leaves all of them untouched.
    """
    useful = None if targets is None else leading_to(targets, roots)
    found: Gradients = {}
    walk = Walk(roots, useful, retain_graph)
    ready, pending = walk.ready, walk.pending
    examiner = examiners[-1]() if examiners else None
    is_plain = examiner is None and not create_graph  # nobody looks at what happens at each node
    if targets is not None:
        is_plain = is_plain and all(isinstance(target, Leaf) for target in targets)
    while True:
        if is_plain:
            silence().run(walk.descend)
        while walk.hooked:  # here, out of the silence: hooks are the user's
            walk.count_down(walk.hooked.pop(0))
        if not ready:
            break
        node = heappop(ready)[1]
        g = arrived = pending.pop(node)
        if node.hooks is not None:
            g = run_hooks(node.hooks, g)
        if useful is not None:
            ends_here = useful.isdisjoint(node.parents)
            if node in (targets or ()):  # PyTorch captures before the hooks of nodes on the way
                found[node] = g if ends_here else arrived
            if ends_here:
                continue
        if examiner is None:
            grads = node.backward(g, create_graph, useful)
        else:
            grads = examiner.backward(node, g, create_graph, useful)
        if not retain_graph:
            node.release()
        walk.hand_on(node.parents, g, grads)
    found.update(pending)  # what is left are leaves
    return found


class Walk:
    """One walk: the gradients that wait for the rest of them, and the nodes whose turn comes."""

    __slots__ = ("awaited", "hooked", "pending", "ready", "retain_graph", "roots", "useful")

    def __init__(
        self, roots: Gradients, useful: set[Node | Leaf] | None, retain_graph: bool
    ) -> None:
        self.roots, self.useful, self.retain_graph = roots, useful, retain_graph
        self.pending: Gradients = {}
        self.ready: list[tuple[int, Node]] = []
        self.hooked: list[Leaf] = []  # those with hooks that have received something
        self.awaited: Counter[Leaf] | None = None
        for root, g in roots.items():
            if useful is None or root in useful:
                self.begin(root, g)
            elif root.hooks is not None and len(roots) == 1:
                run_hooks(root.hooks, g)  # as in PyTorch, although no way leads to a target

    def begin(self, root: Node | Leaf, g: Any) -> None:
        """Put a root and its gradient first."""
        if isinstance(root, Leaf):
            self.pending[root] = own(g, g)
            if root.hooks is not None:
                self.count_down(root)
        else:
            self.pending[root] = g
            heappush(self.ready, (-root.time, root))

    def descend(self) -> None:
        """Walk, in silence, as long as the next node is an op's, without hooks, and g an array.

        It is in this loop that most walks spend their time: it calls nobody but formulas. So it is
        written for arrays alone; `hand_on` does the same for everybody.
        """
        ready, pending, useful = self.ready, self.pending, self.useful
        retain_graph = self.retain_graph
        while ready and not self.hooked:
            turn = heappop(ready)
            node = turn[1]
            g = pending.pop(node)
            if (
                type(node) is not Node
                or node.hooks is not None
                or (type(g) is not ndarray and not isinstance(g, generic))
            ):
                heappush(ready, turn)
                pending[node] = g
                return
            plan, parents = node.plan, node.parents
            if useful is not None and not useful.issuperset(parents):
                plan = plan.part(tuple([parent in useful for parent in parents]))
            back = plan.back  # not a method: Python is quicker to find it as what it is
            for parent, grad in zip(parents, back(node, g)):  # noqa: B905 (strict costs)
                if grad is None:  # not wanted
                    continue
                if grad.shape != parent.shape:
                    grad = sum_to(grad, parent.shape)
                waiting = pending.get(parent)
                if waiting is not None:
                    is_own = isinstance(parent, Leaf) and type(waiting) is ndarray
                    if is_own and waiting.size > LARGE:
                        waiting += grad  # what waits at a leaf is the leaf's alone
                    else:
                        # In silence the sign will do; of single numbers it is six times as fast.
                        pending[parent] = waiting + grad
                elif isinstance(parent, Leaf):  # as own() does, without a call
                    is_shared = grad is g or grad.base is not None or not grad.flags.c_contiguous
                    pending[parent] = grad.copy() if is_shared else grad
                else:
                    if parent not in pending:  # a user's Function may have given None
                        heappush(ready, (-parent.time, parent))
                    pending[parent] = grad
                if parent.hooks is not None and isinstance(parent, Leaf):
                    self.hooked.append(parent)
            if plan.holds_values and not retain_graph:
                node.saved = None

    def hand_on(self, parents: Sequence[Node | Leaf], g: Any, grads: Sequence[Any]) -> None:
        """Add the gradients of a node's parents to what waits there; g is the node's own."""
        pending, useful = self.pending, self.useful
        for parent, grad in zip(parents, grads, strict=True):
            if useful is not None and parent not in useful:
                continue
            if grad is not None and grad.shape != parent.shape:
                grad = call(ops.sum_to, grad, parent.shape)
            waiting = pending.get(parent)
            if waiting is None:
                if isinstance(parent, Leaf):
                    grad = own(grad, g)
                elif parent not in pending:  # a user's Function may have given None
                    heappush(self.ready, (-parent.time, parent))
                pending[parent] = grad
            elif grad is not None:
                pending[parent] = call(ops.add, waiting, grad)
            if parent.hooks is not None and isinstance(parent, Leaf):
                self.hooked.append(parent)

    def count_down(self, leaf: Leaf) -> None:
        """Run the hooks of a leaf as soon as the last part of its gradient is in.

        A leaf is older than everything, so the heap would finish all leaves last. PyTorch does not
        wait, and a program whose hooks print shows it. The parts are counted only when the first
        leaf with hooks is met.
        """
        if self.awaited is None:
            self.awaited = Counter(self.edges())
        self.awaited[leaf] -= 1
        if self.awaited[leaf] == 0 and leaf.hooks is not None:
            g = self.pending.pop(leaf)  # put last: leaves stand in the order of their completion
            self.pending[leaf] = run_hooks(leaf.hooks, g)

    def edges(self) -> Iterator[Leaf]:
        """The leaf at the end of each edge that will carry a gradient."""
        yield from (root for root in self.roots if isinstance(root, Leaf))
        for node in reachable(self.roots):
            for parent in node.parents:
                if isinstance(parent, Leaf) and (self.useful is None or parent in self.useful):
                    yield parent


def call(op: Op, g: Any, *args: Any) -> Any:
    """An op on a gradient: recorded if it is a tensor; if it is an array, the kernel in silence."""
    if type(g) is not ndarray and isinstance(g, Tensor):
        return op(g, *args)
    return silence().run(op.kernel, g, *args)


def own(grad: Any, g: Any) -> Any:
    """A gradient that a leaf may keep: not the upstream's, not a view, with memory in order."""
    if type(grad) is ndarray and grad is not g and grad.base is None and grad.flags.c_contiguous:
        return grad
    if grad is None:
        return None
    if isinstance(grad, Tensor):
        array = own(grad.array, getattr(g, "array", None))
        return grad if array is grad.array else wrap(array, grad.node)
    return grad.copy()


def deposit_all(gradients: Gradients, create_graph: bool) -> None:
    """Add every gradient to its leaf, and then call the hooks that wait for that."""
    hooked = []
    with accumulating:
        for leaf, g in gradients.items():
            if not isinstance(leaf, Leaf):
                continue
            if leaf.grad is None and type(g) is ndarray and not leaf.frozen:
                leaf.grad = wrap(g)
            else:
                deposit(leaf, g)
            if leaf.hooks is not None:
                hooked.append((leaf, leaf.hooks))
    for leaf, hooks in hooked:
        with set_grad_enabled(create_graph):
            for hook in tuple(hooks.after.values()):
                hook(leaf)


def deposit(leaf: Leaf, g: Any) -> None:
    """Add to a leaf's `grad`: in place once there is one, as PyTorch does."""
    grad = leaf.grad
    if g is None or leaf.frozen:
        return
    if grad is None:
        leaf.grad = g if isinstance(g, Tensor) else wrap(asanyarray(g))
    elif isinstance(g, Tensor):
        leaf.grad = grad + g
    else:
        touch(grad)
        silence().run(np.add, grad.array, g, grad.array)


def run_hooks(hooks: Hooks, g: Any) -> Any:
    """Show the gradient to the user's hooks; what one of them returns replaces it."""
    recording = isinstance(g, Tensor)
    seen = g if g is None or recording else wrap(np.asanyarray(g), None)
    with set_grad_enabled(recording):
        for hook in tuple(hooks.callbacks.values()):
            result = hook(seen)
            if result is not None:
                seen = checked(result, seen, hook)
        if hooks.retain and seen is not None:
            hooks.grad = own(seen, seen) if hooks.grad is None else hooks.grad + seen
    return seen if seen is None or recording else seen.array


def checked(result: Any, seen: Tensor | None, hook: Any) -> Tensor:
    name = getattr(hook, "__name__", "<unknown>")
    if seen is None:
        raise noted(
            RuntimeError("can't replace a None gradient with a non-None value"),
            f"No gradient reached this tensor, so the hook {name} was handed None: return "
            "None as well.",
        )
    if not isinstance(result, Tensor):
        raise noted(
            TypeError(f"expected Variable, but hook returned '{type(result).__name__}'"),
            f"The hook {name} returned {shown(result)}: return a tensor of shape "
            f"{list(seen.shape)} to replace the gradient, or nothing to leave it.",
        )
    if result.shape != seen.shape:
        raise noted(
            RuntimeError(f"hook '{name}' has changed the size of value"),
            f"The gradient has shape {list(seen.shape)} and the hook {name} returned shape "
            f"{list(result.shape)}: what replaces a gradient has its shape.",
        )
    if result.array.dtype != seen.array.dtype:
        raise noted(
            RuntimeError(
                f"hook '{name}' has changed the type of value (was {seen.type()} got "
                f"{result.type()})"
            ),
            f"The gradient holds {seen.dtype} and the hook {name} returned {result.dtype}. "
            f"Return g.to({seen.dtype}).",
        )
    return wrap(result.array.copy(), result.node)  # the hook's own tensor stays the hook's


def reachable(roots: Iterable[Node | Leaf]) -> list[Node | Leaf]:
    """Everything that the roots were made of, each once."""
    order = list(roots)
    seen = set(order)
    for node in order:  # grows while it is read
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                order.append(parent)
    return order


def leading_to(targets: Iterable[Node | Leaf], roots: Iterable[Node | Leaf]) -> set[Node | Leaf]:
    """The part of the graph on a way from a root to a target, the targets included."""
    useful = set(targets)
    for node in sorted(reachable(roots), key=attrgetter("time")):
        if not useful.isdisjoint(node.parents):
            useful.add(node)
    return useful
