"""Programs grown line by line under both libraries at once, and compared after every line.

A rule writes a line of Python: a new tensor, an operation, a view, a write in place, a backward, a
hook, a step of an optimizer. The line runs under torch and under minigrad; values, gradients,
versions, what requires grad, what made it, what is raised and what is warned about must agree
before the next line is written. A failure prints the program, to be run under both.

Left out, because the libraries are known to differ there: views that outlive no_grad or several of
which come from one call (torch refuses them once their base was written to), and operands that
share part of their memory with the target in ways that torch does not see, and a constant that
comes to require grad when there are views of it.
"""

import warnings

import numpy as np
import torch
from both import Outcome, described, differences, headline
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from oracle import unique

import minigrad

SHAPES = [(), (1,), (3,), (2, 3), (3, 2), (2, 1), (1, 3)]
NUMBERS = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]

# Exact ones: what a root or an exponential leaves to rounding may be all that is left of a sum.
NEW = [
    "-{a}", "{a} * 0.5", "{a} + 1", "1 - {a}", "{a}.relu()", "{a}.abs()", "{a}.clone()",
    "{a}.sum()", "{a}.mean(0)", "{a}.sum(-1, keepdim=True)", "{a} ** 2", "{a}.clamp(-1, 1)",
    "{a}[[0, 0]]", "torch.cat([{a}, {a}])", "torch.stack([{a}, {b}])", "{a}.split(1)[0] * 2",
    "({a} + {b}).contiguous()", "({a} - {b}).contiguous()", "({a} * {b}).contiguous()",
    "torch.maximum({a}, {b}).contiguous()", "torch.where({a} > 0, {b}, 0.5).contiguous()",
    "{a}.reshape(-1, 1) @ {b}.reshape(1, -1)", "torch.nn.functional.leaky_relu({a}, 0.5)",
    "torch.nn.functional.mse_loss({a}, {a} * 2)", "torch.minimum({a}, {b}).contiguous()",
    "{a}.sign()", "{a}.square()", "{a} ** 3", "{a} / 2", "{a}.sum() * {b}", "{a} @ {b}",
    "({a} * 0).exp()", "({a} * 0).sigmoid()", "({a} * 0).tanh()", "{a}[{a} > 0]", "{a}.nonexistent",
    "torch.clamp({a}, {b}, 1.5)", "torch.clamp({a}, min={b}, max=({b} + 1))",
    "torch.nn.functional.linear({a}.reshape(1, -1), {b}.reshape(1, -1))",
    "{a}.detach().requires_grad_()", "torch.nn.Parameter({a}.detach())",
    "torch.stack({a}.unbind())", "{a}.chunk(2)[0] * 2", "{a}.max()", "{a}.min()", "{a}.max(-1)[0]",
    "{a}.min(0, keepdim=True).values", "{a}.amax(0)", "{a}.amin()",
    "{a}.amax((0, -1))", "{a}.prod()", "{a}.prod(0)", "{a}.norm(1, -1)", "{a}.norm(float('inf'))",
]  # fmt: skip
VIEWS = [
    "{a}[0]", "{a}[-1:]", "{a}[..., 0]", "{a}[:, 1:]", "{a}[None]", "{a}[:]", "{a}.t()", "{a}.T",
    "{a}.contiguous().view(-1)", "{a}.reshape(-1)", "{a}.flatten()", "{a}.unsqueeze(0)",
    "{a}.squeeze()", "{a}.expand(2, *{a}.shape)", "{a}.transpose(0, -1)", "{a}.detach()",
    "{a}[::2]", "{a}[None, ..., None]", "{a}.mT", "{a}.unsqueeze(-1)", "{a}.permute(1, 0)",
    "{a}.view_as({b})", "{a}.expand_as({b})", "{a}.view(-1, 1)",
]  # fmt: skip
WRITES = [
    "{a}.add_({b})", "{a}.sub_({b}, alpha=2)", "{a}.mul_({b})", "{a}.mul_(0.5)", "{a}.div_(2)",
    "{a}.copy_({b})", "{a}.contiguous().zero_()", "{a}.contiguous().fill_(0.5)", "{a}.relu_()",
    "{a}.fill_({b}.sum())", "{a}.clamp_(-1, 1)", "{a} += {b}", "{a} *= 2", "{a}[0] -= 1",
    "{a}[0] = {b}", "{a}[..., -1] = {b}", "{a}.contiguous()[[0]] = 1.5",
    "{a}.contiguous()[[-1]] = {b}", "{a}.contiguous()[{a} > 0] = 0.5", "{a}[0].mul_(2)",
    "{a}.contiguous().view(-1)[-1:].add_({b})", "{a}.detach().add_(1)", "{a}.split(1)[0].add_(1)",
    "{a}.data.add_(1)", "{a}.copy_({b}.detach())", "{a}[:] = {a} * 2", "{a}.detach_()",
    "{a}.t()[0].add_(1)", "{a}.expand(2, *{a}.shape).add_(1)", "{a}.contiguous().zero_().add_({b})",
    "{a}[{a} < 0] *= -1", "{a} -= {a} * 0.5", "{a}.add_(1).mul_(2)", "{a}.T.copy_({b})",
]  # fmt: skip
WALKS = [
    "{a}.backward()", "{a}.sum().backward()", "{a}.sum().backward(retain_graph=True)",
    "{a}.backward(torch.ones_like({a}) * 2, retain_graph=True)",
    "({a}.sum() + {b}.sum()).backward()", "torch.autograd.backward([{a}.sum(), {b}.sum()])",
    "{a}.sum().backward(inputs=[{b} if {b}.is_leaf else {a}.sum()])",
    "({a} * {a}).sum().backward()", "{a}.sum().backward(retain_graph=True); {a}.sum().backward()",
    "{a}.backward({b})", "{a}.sum().backward(create_graph=True)",
]  # fmt: skip
LEAVES = [
    "{a}.requires_grad and {a}.is_leaf and {a}.requires_grad_(False).requires_grad_()",
    "{a}.grad = None",
    "{a}.grad.zero_()",
    "{a}._base is None and {a}.retain_grad()",
    "{a}.register_hook(lambda g: g * 2)",
    "{a}.requires_grad and {a}.is_leaf and setattr({a}, 'grad', torch.ones_like({a}))",
    "{a}.register_hook(lambda g: None)",
    "{a}.register_hook(lambda g: g.sum())",
    "{a}.register_hook(lambda g: g * 2).remove()",
    "{a}.grad.mul_(2)",
    "{a}.register_post_accumulate_grad_hook(lambda t: setattr(t, 'grad', t.grad * 2))",
    "{a}.grad = {b}.detach().clone()",
    "{a}.requires_grad = False",
    "{a}.grad = {a}.grad * 2",
]
OPTIONS = ["lr=0.5", "lr=0.5, momentum=0.5", "lr=1, momentum=0.5, nesterov=True, weight_decay=0.5"]
MODES = ["torch.no_grad()", "torch.enable_grad()", "torch.no_grad(), torch.enable_grad()",
         "torch.set_grad_enabled(False)"]  # fmt: skip

templates = {kind: st.sampled_from(lines) for kind, lines in {
    "new": NEW, "views": VIEWS, "writes": WRITES, "walks": WALKS, "leaves": LEAVES,
}.items()}  # fmt: skip


# Half of the lines stand alone; the others in a block of some mode.
modes = st.just("") | st.sampled_from(MODES)


class Lockstep(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.lines = ["from contextlib import suppress", "import torch"]
        self.spaces = [{"torch": minigrad}, {"torch": torch}]
        self.count = 0

    # ---- rules ----------------------------------------------------------------------------------

    @rule(shape=st.sampled_from(SHAPES), requires_grad=st.booleans(), data=st.data())
    def make(self, shape, requires_grad, data):
        size = int(np.prod(shape))
        numbers = data.draw(st.lists(st.sampled_from(NUMBERS), min_size=size, max_size=size))
        values = np.array(numbers).reshape(shape).tolist()
        options = "dtype=torch.float64" + (", requires_grad=True" if requires_grad else "")
        self.run(f"{self.fresh()} = torch.tensor({values}, {options})")

    @precondition(lambda self: self.names())
    @rule(template=templates["new"], mode=modes, data=st.data())
    def compute(self, template, mode, data):
        self.run(f"{self.fresh()} = {self.filled(template, data)}", mode)

    @precondition(lambda self: self.names())
    @rule(template=templates["views"], data=st.data())
    def view(self, template, data):
        self.run(f"{self.fresh()} = {self.filled(template, data)}")

    @precondition(lambda self: self.names())
    @rule(template=templates["writes"], mode=modes, data=st.data())
    def write(self, template, mode, data):
        self.run(self.filled(template, data, apart=True), mode)

    @precondition(lambda self: self.names())
    @rule(template=templates["walks"], data=st.data())
    def walk(self, template, data):
        if not self.run(self.filled(template, data), whole=False):
            self.forget_graphs()

    @precondition(lambda self: self.names())
    @rule(order=st.sampled_from([1, 2]), data=st.data())
    def differentiate(self, order, data):
        line = "{a}"
        for i in range(order):
            options = f"create_graph={i < order - 1}, retain_graph=True, allow_unused=True"
            line = f"torch.autograd.grad({line}.sum(), {{b}}, {options})[0]"
        owned = f"({line} + 0).contiguous()"  # torch's own may be an expanded view
        self.run(f"{self.fresh()} = {self.filled(owned, data)}")

    @precondition(lambda self: self.names())
    @rule(template=templates["leaves"], data=st.data())
    def change_a_leaf(self, template, data):
        self.run(self.filled(template, data))

    @precondition(lambda self: self.names())
    @rule(options=st.sampled_from(OPTIONS), data=st.data())
    def make_an_optimizer(self, options, data):
        self.run(
            self.filled(
                f"optimizer = torch.optim.SGD(list(dict.fromkeys([{{a}}, {{b}}])), {options})", data
            )
        )

    @precondition(lambda self: "optimizer" in self.spaces[1])
    @rule(action=st.sampled_from(["step()", "step()", "zero_grad()", "zero_grad(False)"]))
    def optimize(self, action):
        self.run(f"optimizer.{action}")

    # ---- lines ----------------------------------------------------------------------------------

    def names(self):
        return [name for name, value in self.spaces[1].items() if isinstance(value, torch.Tensor)]

    def fresh(self):
        self.count += 1
        return f"t{self.count}"

    def filled(self, template, data, apart=False):
        """The template with names of tensors; `apart` clones an operand in the target's memory."""
        a, b = (data.draw(st.sampled_from(self.names())) for _ in "ab")
        if apart and self.overlap(a, b):
            b = f"{b}.clone()"
        return template.format(a=a, b=b)

    def overlap(self, a, b):
        a, b = (self.spaces[1][name].untyped_storage().data_ptr() for name in (a, b))
        return a == b

    def run(self, line, mode="", whole=True):
        """The line under both libraries; False if both raised the same error.

        `whole` says that an error leaves everything as it was, under torch as well.
        """
        self.lines.append(block(line, mode))
        ours, theirs = (ended(self.lines[-1], space) for space in self.spaces)
        self.demand_equal(ours.error, theirs.error, line)
        self.demand_equal(ours.warnings, theirs.warnings, line)
        if ours.error:
            self.lines[-1] = block(line, "suppress(Exception)", mode)
            if not whole:
                return False
        self.unshare_gradients()
        for name in self.names():
            show = f"print({name}, {name}._version, {name}.grad if {name}.is_leaf else '')"
            self.demand_equal(*(seen(space[name]) for space in self.spaces), name, show)
        self.keep_numbers_small()
        return ours.error is None

    def demand_equal(self, ours, theirs, what, show=""):
        """Or fail with the program so far, ending in a line that shows the difference."""
        found = list(differences(ours, theirs, ulps=16, path=what))
        if found:
            program = [PASTE, *self.lines, show]
            raise AssertionError("\n".join([*found, "", *program]))

    def forget_graphs(self):
        """After a backward that failed torch's gradients and graphs are undefined: start again."""
        for name in self.names():
            is_leaf = self.spaces[1][name].grad_fn is None
            line = f"{name}.grad = None" if is_leaf else f"del {name}"
            self.lines.append(line)
            for space in self.spaces:
                exec(line, space)

    def unshare_gradients(self):
        """torch may leave two gradients in one memory, and add to both at once; we never do."""
        for name in self.names():
            t = self.spaces[1][name]
            if t.is_leaf and t.grad is not None:
                t.grad = t.grad.clone()

    def keep_numbers_small(self):
        """Products of few bits are exact, so that the order of additions does not matter."""
        for name in self.names():
            t = self.spaces[1][name]
            grad = t.grad if t.is_leaf else None
            if any(not (v.detach().double().abs() < 1e4).all() for v in (t, grad) if v is not None):
                self.drop(name)

    def drop(self, name):
        self.lines.append(f"del {name}")
        for space in self.spaces:
            del space[name]


PASTE = "# run this, and again with `import minigrad as torch`"


def block(line, *modes):
    """The line under some context managers, if there are any."""
    modes = ", ".join(filter(None, modes))
    return f"with {modes}: {line}" if modes else line


def ended(line, space):
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(compile(line, "<program>", "exec"), space)
        except Exception as raised:
            # of several damaged tensors either may be named; test_inplace.py compares single ones
            error = headline(raised).partition(" inplace operation: ")[0]
    return Outcome(None, error, unique(headline(warning.message) for warning in caught))


def seen(t):
    kept = t.is_leaf or t.retains_grad
    return described({
        "value": t,
        "grad": t.grad if kept else None,
        "is_leaf": t.is_leaf,
        "version": t._version,
        "grad_fn": t.grad_fn if t._base is None else None,  # a view's is made anew after a write
    })  # fmt: skip


TestLockstep = Lockstep.TestCase
TestLockstep.settings = settings(stateful_step_count=30)
