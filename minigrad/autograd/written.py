"""What happens at every call and at every node, written out for each op.

A loop over the arguments of a call costs more than most kernels of the networks that people learn
with. So the few lines that every op goes through are not looped over: they are typed for the op,
as one would type them by hand, and compiled (as namedtuple does with its `__new__`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minigrad.autograd.errors import freed
from minigrad.autograd.graph import Node, tick
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.autograd.plan import Plan

__all__ = ["calling", "going_back", "recording"]

Function = Callable[..., Any]


def calling(used: Callable[[Any], dict[str, Any]]) -> Function:
    """The call of an op, which is this function itself: run the kernel, make the tensor.

    What the code uses is in `used(op)`: of the op its kernel, derivatives, and plans by the mask
    that says which arguments have a node. A tensor that is parameter i becomes
    constant(i, tensor). For two arrays and one parameter:

        def call(x0, x1, p0):
            if isinstance(x0, Tensor):
                a0, node0 = x0.array, x0.node
            elif isinstance(x1, Tensor):
                a0, node0 = x0, None
            else:
                return kernel(x0, x1, p0)
            if isinstance(x1, Tensor):
                a1, node1 = x1.array, x1.node
            else:
                a1, node1 = x1, None
            args = x0, x1, p0
            if isinstance(p0, Tensor):
                p0 = constant(0, p0)
            array = silence().run(kernel, a0, a1, p0)
            if node0 is None:
                if node1 is None:
                    parents, mask = (), 0
                else:
                    parents, mask = (node1,), 2
            else:
                if node1 is None:
                    parents, mask = (node0,), 1
                else:
                    parents, mask = (node0, node1), 3
            if type(array) is not ndarray:
                array = asanyarray(array)
            out = new(Tensor)
            out.array = array
            out.node = out.stamp = out.view_of = None
            if mask and derivatives and is_recording():
                record = plans[mask].record
                out.node = record(parents, args, out)
            if listeners:
                tell(out.node, out, args)
            return out
    """
    call = FunctionType(unwritten.__code__, {}, "call")
    call.__globals__["write"] = functools.partial(write, call, used)
    return call


def unwritten(*args: Any) -> Any:
    """What an op is until it is called: to write all of them would slow down the import."""
    return write()(*args)  # type: ignore[call-arg]  # (the one in the globals of the call)


def write(op: Any, used: Callable[[Any], dict[str, Any]]) -> Function:
    """Give an op the code and the globals of its calls."""
    given = op.signature.names
    arrays = None if op.signature.variadic else len(op.signature.arrays)
    code = call_code(arrays, len(given) - (arrays or 0), op.shares_memory)
    if arrays is not None:
        op.__defaults__ = op.kernel.__defaults__
        code = code.replace(co_varnames=(*given, *code.co_varnames[len(given) :]))
    op.__globals__.update(used(op))
    op.__code__ = code
    return cast(Function, op)


@functools.cache
def call_code(arrays: int | None, parameters: int, shares: bool) -> CodeType:
    """The code of all calls of so many arguments."""
    lines = variadic_lines() if arrays is None else call_lines(arrays, parameters)
    return defined("call", itertools.chain(lines, result_lines(shares)), {}).__code__


def call_lines(arrays: int, parameters: int) -> Iterator[str]:
    """Take the arguments apart, and run the kernel on the arrays."""
    every = range(arrays)
    ps = [f"p{i}" for i in range(parameters)]
    args = ", ".join([*(f"x{i}" for i in every), *ps])
    yield f"def call({args}):"
    yield "    if isinstance(x0, Tensor):"
    yield "        a0, node0 = x0.array, x0.node"
    if arrays > 1:
        yield f"    elif {' or '.join(f'isinstance(x{i}, Tensor)' for i in every[1:])}:"
        yield "        a0, node0 = x0, None"
    yield "    else:"
    yield f"        return kernel({args})"
    for i in every[1:]:
        yield f"    if isinstance(x{i}, Tensor):"
        yield f"        a{i}, node{i} = x{i}.array, x{i}.node"
        yield "    else:"
        yield f"        a{i}, node{i} = x{i}, None"
    yield f"    args = {args},"
    for i, p in enumerate(ps):
        yield f"    if isinstance({p}, Tensor):"
        yield f"        {p} = constant({i}, {p})"
    yield f"    array = silence().run(kernel, {', '.join([*(f'a{i}' for i in every), *ps])})"
    yield from parents_lines(arrays, [], "    ")


def parents_lines(arrays: int, parents: list[int], indent: str, i: int = 0) -> Iterator[str]:
    """Tell the arrays that have a node from the others, from the i-th on."""
    if i == arrays:
        nodes = "".join(f"node{p}, " for p in parents)
        yield f"{indent}parents, mask = ({nodes}), {sum(1 << p for p in parents)}"
    else:
        yield f"{indent}if node{i} is None:"
        yield from parents_lines(arrays, parents, indent + "    ", i + 1)
        yield f"{indent}else:"
        yield from parents_lines(arrays, [*parents, i], indent + "    ", i + 1)


def variadic_lines() -> Iterator[str]:
    """The same of an op that takes any number of arrays."""
    yield "def call(*args):"
    yield "    if not any([isinstance(x, Tensor) for x in args]):"
    yield "        return kernel(*args)"
    yield "    arrays, nodes, mask, bit = [], [], 0, 1"
    yield "    for x in args:"
    yield "        if isinstance(x, Tensor):"
    yield "            arrays.append(x.array)"
    yield "            if x.node is not None:"
    yield "                nodes.append(x.node)"
    yield "                mask += bit"
    yield "        else:"
    yield "            arrays.append(x)"
    yield "        bit += bit"
    yield "    parents = tuple(nodes)"
    yield "    array = silence().run(kernel, *arrays)"


def result_lines(shares: bool) -> Iterator[str]:
    """Make the tensor, and record it if one of the arguments has a node."""
    yield "    if type(array) is not ndarray:"
    yield "        array = asanyarray(array)"  # a NumPy scalar becomes an array; a subclass stays
    yield "    out = new(Tensor)"
    yield "    out.array = array"
    yield "    out.node = out.stamp = out.view_of = None"
    if shares:
        yield "    share_memory(out, plans.op, args)"
    yield "    if mask and derivatives and is_recording():"
    yield "        record = plans[mask].record"  # in two lines: Python would look for a method
    yield "        out.node = record(parents, args, out)"
    yield "    if listeners:"
    yield "        tell(out.node, out, args)"
    yield "    return out"


def recording(plan: Plan, sources: list[int | Function]) -> Function:
    """A function that makes the node of a call, given its parents, arguments and result.

    What is saved for the formulas comes from the sources: each is the position of an argument, or a
    function of the arguments and the result. For one source, the second argument:

        def record(parents, args, out):
            node = Node()
            node.plan = plan
            node.parents = parents
            node.saved = (args[1],)
            node.shape = out.array.shape
            node.hooks = None
            node.time = tick()
            return node
    """
    names = {f"get{i}": source for i, source in enumerate(sources) if not isinstance(source, int)}
    items = [
        f"args[{source}]," if isinstance(source, int) else f"get{i}(args, out),"
        for i, source in enumerate(sources)
    ]
    lines = [
        "def record(parents, args, out):",
        "    node = Node()",
        "    node.plan = plan",
        "    node.parents = parents",
        f"    node.saved = ({' '.join(items)})",
        "    node.shape = out.array.shape",
        "    node.hooks = None",
        "    node.time = tick()",
        "    return node",
    ]
    return defined("record", lines, {"plan": plan, "Node": Node, "tick": tick, **names})


def going_back(
    formulas: list[tuple[Function, list[int]]],
    wanted: tuple[bool, ...],
    kinds: list[str],
    damaged: Function,
) -> Function:
    """The way back through a node in arrays: check what was saved, then apply the formulas to it.

    Each formula comes with the places of the kept values that it names; where its gradient is not
    wanted, the result is None. Of the kept values some are a "tensor", some "tensor or array", and
    the others just a "value"; if a tensor was written to since the node was made, the error is
    `damaged(node, value)`. For one "tensor or array" and one formula of it:

        def back(node, g):
            saved = node.saved
            if saved is None:
                raise freed(node.name())
            v0, = saved
            if isinstance(v0, Tensor):
                stamp = v0.stamp
                if stamp is not None and stamp.time > node.time:
                    raise damaged(node, v0)
                v0 = v0.array
            if type(g) is not ndarray and isinstance(g, generic):
                if type(v0) is ndarray:
                    v0 = v0[()]
            return [formula0(g, v0)]

    Of arrays without dims NumPy makes numbers, and with a number and such an array it computes ten
    times as long as with two numbers.
    """
    calls = [
        f"formula{i}({', '.join(['g', *(f'v{at}' for at in named)])})" if wanted[i] else "None"
        for i, (_, named) in enumerate(formulas)
    ]
    names: dict[str, Any] = {f"formula{i}": formula for i, (formula, _) in enumerate(formulas)}
    names |= {"damaged": damaged, "freed": freed, "Tensor": Tensor}
    names |= {"generic": np.generic, "ndarray": np.ndarray}
    return defined("back", [*back_lines(kinds), f"    return [{', '.join(calls)}]"], names)


def back_lines(kinds: list[str]) -> Iterator[str]:
    """Take what was saved apart, and the arrays out of the tensors."""
    yield "def back(node, g):"
    yield "    saved = node.saved"
    yield "    if saved is None:"
    yield "        raise freed(node.name())"
    if kinds:
        yield f"    {', '.join(f'v{i}' for i in range(len(kinds)))}, = saved"
    dated = [(f"v{i}", kind) for i, kind in enumerate(kinds) if kind != "value"]
    for value, kind in dated:
        indent = "    "
        if kind != "tensor":
            yield f"    if isinstance({value}, Tensor):"
            indent = "        "
        yield f"{indent}stamp = {value}.stamp"
        yield f"{indent}if stamp is not None and stamp.time > node.time:"
        yield f"{indent}    raise damaged(node, {value})"
        yield f"{indent}{value} = {value}.array"
    if dated:
        yield "    if type(g) is not ndarray and isinstance(g, generic):"
        for value, _ in dated:
            yield f"        if type({value}) is ndarray:"
            yield f"            {value} = {value}[()]"


def defined(name: str, lines: Iterable[str], names: dict[str, Any]) -> FunctionType:
    """The function that these lines define."""
    exec(compile("\n".join(lines), f"{__file__}: written", "exec"), names)
    function: FunctionType = names[name]
    return function
