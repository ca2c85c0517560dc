"""What the errors teach: each note is read here, and what it tells to write is run.

A lesson is a program of a few lines that ends in a mistake, and words of the note that must be
there: the shapes, names and numbers of this very mistake. `instead` is the corrected last line; the
part of it between « and » stands in the note, and the corrected program runs.
"""

import ast
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from oracle import told

import minigrad


@dataclass(frozen=True)
class Lesson:
    program: str
    note: str | tuple[str, ...]
    instead: str | None = None

    @property
    def setup(self) -> str:
        return "\n".join(dedent(self.program).strip().split("\n")[:-1])

    @property
    def mistake(self) -> str:
        return dedent(self.program).strip().split("\n")[-1]

    @property
    def phrases(self) -> tuple[str, ...]:
        return (self.note,) if isinstance(self.note, str) else self.note

    @property
    def suggestion(self) -> str:
        """What the note says to write: between « and »."""
        assert self.instead is not None
        return self.instead.partition("«")[2].partition("»")[0]

    @property
    def corrected(self) -> str:
        assert self.instead is not None
        return self.setup + "\n" + self.instead.replace("«", "").replace("»", "")

    def __str__(self) -> str:
        return self.mistake


NETWORKS = [
    Lesson(
        """
        net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        net(torch.ones(5, 2))
        """,
        (
            "In 2 (Linear(in_features=4, out_features=1, bias=True)), called with a Tensor of "
            "shape [5, 3] (minigrad.float32)",
            "The input has 3 features, and the layer was made for 4",
        ),
        "net[2] = torch.nn.«Linear(3, 1)»; net(torch.ones(5, 2))",
    ),
    Lesson(
        """
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.stack = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
            def forward(self, x):
                return self.stack(x)
        Net()(torch.ones(5, 4))
        """,
        "In stack.0 (Linear(in_features=2, out_features=3, bias=True)), called with a Tensor of "
        "shape [5, 4] (minigrad.float32).",
    ),
    Lesson(
        """
        layer, x = torch.nn.Linear(2, 3), torch.tensor([1.0, 2.0], dtype=torch.float64)
        layer(x)
        """,
        ("weight holds minigrad.float32", "minigrad.float64 came"),
        "layer(«x.to(minigrad.float32)»)",
    ),
    Lesson(
        """
        layer, x = torch.nn.Linear(2, 3), torch.tensor([1.0, 2.0], dtype=torch.float64)
        layer(x)
        """,
        "or convert the whole layer",
        "«layer.double()»; layer(x)",
    ),
    Lesson(
        """
        layer, x = torch.nn.Linear(2, 3), torch.tensor([1, 2])
        layer(x)
        """,
        ("weight holds minigrad.float32", "minigrad.int64 came"),
        "layer(«x.to(minigrad.float32)»)",
    ),
    Lesson(
        """
        layer, input = torch.nn.Linear(2, 3), [1.0, 2.0]
        layer(input)
        """,
        "In Linear(in_features=2, out_features=3, bias=True), called with a list.",
        "layer(«minigrad.tensor(input)»)",
    ),
]

W = "w = torch.tensor([1.0, 2.0], requires_grad=True)\n"

AUTOGRAD = [
    Lesson(
        W + "loss = w * w\nloss.backward()",
        "shape [2]: which of its 2 numbers",
        "«loss.sum()».backward()",
    ),
    Lesson(
        W + "loss = w * w\nloss.backward()",
        "how much each one counts",
        "loss.backward(«gradient=minigrad.ones_like(loss)»)",
    ),
    Lesson(
        W + "loss = (w * w).sum(); loss.backward()\nloss.backward()",
        ("freed what MulBackward0 had saved", "compute the loss anew in each step"),
    ),
    Lesson(
        W + "y = w.exp()\ny += 1\ny.sum().backward()",
        ("ExpBackward0 saved this tensor", "x = x + 1 instead of x += 1"),
    ),
    Lesson("x = torch.ones(2)\nx.sum().backward()", "write requires_grad=True"),
    Lesson(W + "w += 1", "under minigrad.no_grad()"),
    Lesson(
        "torch.tensor([1, 2], requires_grad=True)",
        ("this tensor holds minigrad.int64", "1. instead of 1"),
    ),
    Lesson(
        "torch.zeros(2, dtype=torch.int64, requires_grad=True)",
        "or dtype=minigrad.float32",
        "torch.zeros(2, «dtype=minigrad.float32», requires_grad=True)",
    ),
    Lesson(W + "w.numpy()", "detach() says that this is meant", "w.«detach()».numpy()"),
    Lesson(
        W + "import numpy as np; np.asarray(w)",
        "detach() says that this is meant",
        "import numpy as np; np.asarray(w.«detach()»)",
    ),
    Lesson(W + "y = w * 2\ny.requires_grad = False", "computed from tensors that require grad"),
    Lesson(
        "x = torch.ones(2)\nx.register_hook(print)",
        "the hook would never be called",
        "«x.requires_grad_()»; x.register_hook(print)",
    ),
    Lesson(
        "x = torch.ones(2)\nx.retain_grad()",
        "No gradient will pass",
        "«x.requires_grad_()»; x.retain_grad()",
    ),
    Lesson("x = torch.ones(2)\nx.grad = torch.ones(3)", ("each of the 2 in the tensor", "not [3]")),
    Lesson(
        "x, g = torch.ones(2), torch.ones(2, dtype=torch.float64)\nx.grad = g",
        "holds minigrad.float32",
        "«x.grad = g.to(minigrad.float32)»",
    ),
    Lesson("x = torch.ones(2)\nx.grad = 1.0", ("shape [2] here, and 1.0 came",), "«x.grad = None»"),
    Lesson(
        W + "torch.autograd.grad((w * 2).sum(), [torch.ones(1)])",
        "Only a tensor with requires_grad=True",
    ),
    Lesson(
        W + "torch.autograd.grad((w * 2).sum(), [torch.ones(1, requires_grad=True)])",
        "not made from this very tensor",
    ),
    Lesson(W + "(w * 2).backward(torch.ones(3))", "The output has shape [2]"),
    Lesson(
        W + "loss, b = w.sum(), w\ntorch.autograd.grad(loss, [])",
        "An empty list asks for no gradient",
        "«minigrad.autograd.grad(loss, [w, b])»",
    ),
    Lesson(
        W + "h = w.register_hook(lambda g: 5)\nw.sum().backward()",
        "The hook <lambda> returned 5: return a tensor of shape [2]",
    ),
    Lesson(
        W + "x = torch.ones(2).expand(3, 2)\nx.add_(1)",
        "expanded to shape [3, 2]",
        "«x = x.clone()»; x.add_(1)",
    ),
    Lesson(W + "y = (w * 1).split(1)[0]\ny *= 2", "This view of shape [1]", "«y = y * 2»"),
    Lesson(W + "import copy; copy.deepcopy(w * 2)", "This tensor was computed (MulBackward0)"),
]

TENSORS = [
    Lesson(
        "x = torch.ones(2, 3)\nx.sum(5)",
        ("0 to 1, from the back -1 to -2", "there is no dim 5"),
        "x.sum(«dim=-1»)",
    ),
    Lesson(
        "x = torch.ones(2, 3)\nx.flatten(1, 0)",
        "start_dim is dim 1 and end_dim is dim 0",
        "«x.flatten(0, 1)»",
    ),
    Lesson("x = torch.ones(2, 3, 4)\nx.permute(0, 1)", "shape [2, 3, 4]", "«x.permute(2, 1, 0)»"),
    Lesson("x = torch.ones(2, 3, 4)\nx.permute(0, 0, 1)", "leaves out [2]"),
    Lesson("x = torch.ones(2, 3, 4)\nx.t()", "shape [2, 3, 4]", "«x.mT»"),
    Lesson("x = torch.ones(3)\nx.mT", "3 numbers", "«x.unsqueeze(-1)».mT"),
    Lesson("x = torch.ones(2, 3)\nx.t().view(6)", "reshape copies", "x.t().«reshape»(6)"),
    Lesson("x = torch.ones(6)\nx.view(4, 2)", "exactly the 6 elements"),
    Lesson("x = torch.ones(6)\nx.view(-1, -1)", "leaves 2 sizes open, and 6 elements"),
    Lesson("x = torch.ones(2, 3)\nx.expand(3)", "[2, 3]", "«x.expand(-1, -1)»"),
    Lesson("x = torch.ones(2, 3)\nx.expand(4, 3)", "Only a dim of size 1"),
    Lesson("torch.ones(2) + torch.ones(3)", "Shapes [2] and [3] do not broadcast"),
    Lesson("x = torch.ones(5)\nx.split([1, 1])", "2 entries, and dim 0 has 5", "«x.split([1, 4])»"),
    Lesson(
        "tensors = [torch.ones(2), torch.ones(3)]\ntorch.stack(tensors)",
        "only equal shapes fit",
        "«minigrad.cat(tensors, dim=0)»",
    ),
    Lesson(
        "tensors = [torch.tensor(1.0), torch.tensor(2.0)]\ntorch.cat(tensors)",
        "Tensor 0 holds one number",
        "«minigrad.stack(tensors)»",
    ),
    Lesson(
        "tensors = [torch.ones(2), torch.ones(2, 2)]\ntorch.cat(tensors)",
        "Tensor 0 has shape [2] and tensor 1 has shape [2, 2]",
    ),
    Lesson("x = torch.ones(3)\nx[3]", "This dim has 3 entries"),
    Lesson("x = torch.ones(3)\nx[0, 0]", "shape [3], that is 1 dims, and the index goes through 2"),
    Lesson(
        "x, index = torch.ones(3), torch.tensor([1.0])\nx[index]",
        "holds minigrad.float32",
        "x[«index.long()»]",
    ),
    Lesson("x = torch.ones(3)\nx[1.0]", "1.0 came: write 1"),
    Lesson("x = torch.tensor(2.0)\nx[0]", "a single number", "«x.item()»"),
    Lesson("x = torch.ones(2, 2)\nx.item()", ("4 elements, shape [2, 2]",), "«x.sum()».item()"),
    Lesson("x = torch.ones(2)\nif x: pass", "shape [2] has 2", "if «bool((x > 0).all())»: pass"),
    Lesson("x = torch.tensor(2.0)\nlen(x)", "the single number 2.0", "«x.numel()»"),
    Lesson("mask = torch.tensor([True])\n-mask", "~x"),
    Lesson("mask = torch.tensor([True])\n1 - mask", "count with 1 and 0", "1 - «mask.long()»"),
    Lesson("x = torch.tensor([1, 2])\nx ** -1", "x ** -1 is 1 / x ** 1", "«x.float() ** -1»"),
    Lesson("x = torch.ones(2)\nx.clamp()", "Without bounds", "«x.clamp(0, 1)»"),
    Lesson("torch.tensor([[1, 2], [3]])", "2 as in the first, and one of 1 came"),
    Lesson("torch.tensor('a')", "'a' is text"),
    Lesson("torch.ones(2, -1)", "-1 is less than 0"),
    Lesson(
        "torch.arange(5, 0)", "Steps of 1 lead from 5 away from 0", "«minigrad.arange(5, 0, -1)»"
    ),
    Lesson(
        "x = torch.ones(2, dtype=torch.float64)\ntorch.ones(1, 2) @ x.reshape(2, 1)",
        "The left side holds minigrad.float32 and the right side minigrad.float64",
    ),
    Lesson(
        "torch.ones(2, 3) @ torch.ones(2, 3)",
        "Each row on the left has 3 numbers, and each column on the right has 2",
    ),
    Lesson(
        "import numpy as np; array = np.arange(3.0)[::-1]\ntorch.from_numpy(array)",
        "strides (-8,)",
        "torch.from_numpy(«array.copy()»)",
    ),
]

TRAINING = [
    Lesson("torch.optim.SGD([], lr=0.1)", "model.parameters() is good for one loop"),
    Lesson(
        "tensor = torch.ones(1)\ntorch.optim.SGD(tensor, lr=0.1)",
        "for a single one",
        "torch.optim.SGD(«[tensor]», lr=0.1)",
    ),
    Lesson("torch.optim.SGD([1.0], lr=0.1)", "and 1.0 is among them"),
    Lesson(W + "torch.optim.SGD([w * 2], lr=0.1)", "the next forward computes it anew"),
    Lesson(W + "torch.optim.SGD([w], lr=-0.1)", "must be 0 or more, and it is -0.1"),
    Lesson(
        W + "torch.optim.SGD([w], lr=0.1, nesterov=True)",
        "momentum is 0",
        "torch.optim.SGD([w], lr=0.1, «momentum=0.9, nesterov=True»)",
    ),
    Lesson(
        "model, other = torch.nn.Linear(2, 1), torch.nn.Linear(3, 1)\n"
        "model.load_state_dict(other.state_dict())",
        "Nothing was loaded",
    ),
    Lesson(
        "net = torch.nn.Linear(1, 1)\nnet.weight = torch.ones(1, 1)",
        ("'weight' is a parameter of this Linear", "a Tensor of shape [1, 1]"),
        "value = torch.ones(1, 1); net.weight = torch.«nn.Parameter(value)»",
    ),
    Lesson(
        "class Net(torch.nn.Module):\n    def __init__(self): self.fc = torch.nn.Linear(1, 1)\n"
        "Net()",
        "Begin Net.__init__ with super().__init__()",
    ),
    Lesson("torch.nn.Sequential(5)", ("Layers are modules, and 5 came", "nn.ReLU() for relu")),
    Lesson("class Net(torch.nn.Module): pass\nNet()(1)", "def forward(self, x):"),
    Lesson(
        "input, target = torch.tensor([1]), torch.tensor([2])\n"
        "torch.nn.functional.mse_loss(input, target)",
        "minigrad.int64 counts in whole steps",
        "torch.nn.functional.«mse_loss(input.float(), target.float())»",
    ),
    Lesson(
        "net = torch.nn.Sequential(torch.nn.ReLU())\nnet[1]",
        "There are 1 entries, 0 to 0",
        "net[«-1»]",
    ),
    Lesson("net = torch.nn.Linear(1, 1)\nnet.train(5)", "5 came"),
]

F64 = "x = torch.ones(2, dtype=torch.float64, requires_grad=True)\n"
FUNCTION = """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return {}
x = torch.ones(2, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(Double.apply, x)
"""

DERIVATIVES = [
    Lesson(
        F64 + "torch.autograd.functional.jacobian(torch.exp, x, strategy='backward')",
        "'backward' came",
        "torch.autograd.functional.jacobian(torch.exp, x, «strategy='reverse-mode'»)",
    ),
    Lesson(
        F64 + "torch.autograd.functional.jacobian(torch.exp, x, strict=True, vectorize=True)",
        "vectorize changes nothing",
        "torch.autograd.functional.jacobian(torch.exp, x, strict=True, «vectorize=False»)",
    ),
    Lesson(
        FUNCTION.format("torch.ones(2, dtype=torch.float64)").replace(
            "torch.autograd.gradcheck(Double.apply, x)",
            "torch.autograd.functional.jvp(Double.apply, x, x.detach(), strict=True)",
        ),
        "On the way back to input 0",
        "torch.autograd.functional.jvp(Double.apply, x, x.detach(), «strict=False»)",
    ),
    Lesson(
        F64 + "torch.autograd.gradcheck(torch.exp, x, check_backward_ad=False)",
        "nothing would be checked",
        "torch.autograd.gradcheck(torch.exp, x, «check_backward_ad=True»)",
    ),
    Lesson(
        F64 + "torch.autograd.gradgradcheck(torch.exp, x, check_rev_over_rev=False)",
        "nothing would be checked",
        "torch.autograd.gradgradcheck(torch.exp, x, «check_rev_over_rev=True»)",
    ),
    Lesson(
        F64 + "torch.autograd.gradcheck(lambda x: x[x > 1], x)",
        "here their shape depends on the numbers of the input",
    ),
    Lesson(
        FUNCTION.format("torch.ones(2) @ torch.ones(3) if g is None else g * 2"),
        ("gets None", "raised RuntimeError", "`if g is None: return None`"),
    ),
    Lesson(
        FUNCTION.format("torch.ones(2, dtype=torch.float64) if g is None else g * 2"),
        ("A gradient came back though none went in", "`if g is None: return None`"),
    ),
    Lesson(
        "x = torch.ones(1, dtype=torch.float64).expand(3).requires_grad_()\n"
        "torch.autograd.gradcheck(torch.exp, x)",
        "Input 0 was expanded to shape [3]",
        "torch.autograd.gradcheck(torch.exp, «x.detach().clone().contiguous().requires_grad_()»)",
    ),
]

REDUCTIONS = [
    Lesson("x = torch.ones(2, 3)\nx.softmax()", "Along which dim of [2, 3]?", "«x.softmax(-1)»"),
    Lesson("x = torch.ones(2, 3)\nx.logsumexp()", "Along which dim", "«x.logsumexp(-1)»"),
    Lesson("x = torch.ones(0, 3)\nx.argmax()", "shape [0, 3] has no elements", "«x.numel()»"),
    Lesson(
        "x = torch.ones(0, 3)\nx.norm(float('inf'))",
        ("The inf norm picks one of the elements", "[0, 3] has none", "p=2, are 0 there"),
    ),
    Lesson("x = torch.ones(0, 3)\nx.norm(float('inf'), 0)", "[0, 3] has none to pick from"),
    Lesson(
        "x = torch.ones(2)\nx.norm(2, dtype=torch.int64)",
        "minigrad.int64 has none",
        "x.norm(2, «dtype=minigrad.float32»)",
    ),
    Lesson(
        "x = torch.ones(2, dtype=torch.float64)\nx.norm(2, dtype=torch.float32)",
        "holds minigrad.float64",
        "«x.norm().to(minigrad.float32)»",
    ),
    Lesson(
        "a, b = torch.ones(2), torch.ones(2)\ntorch.isclose(a, b, rtol=-1.0)",
        "rtol says how far apart",
        "torch.isclose(a, b, «rtol=0»)",
    ),
    Lesson(
        "a, b, c = torch.ones(2), torch.ones(2, 2), torch.ones(2)\ntorch.addmm(c, a, b)",
        "mat1 has shape [2]",
        "«c + a @ b»",
    ),
    Lesson(
        "x = torch.tensor([True])\ntorch.randint_like(x, 3)",
        "end before 3, and a bool is 0 or 1",
        "torch.randint_like(x, «high=2»)",
    ),
]

LESSONS = [*NETWORKS, *AUTOGRAD, *TENSORS, *TRAINING, *DERIVATIVES, *REDUCTIONS]


def ending(program: str, library: object) -> Exception | None:
    """The error that a program ends in under a library."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(program, {"torch": library, "minigrad": library})
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
def test_the_note_names_what_was_met(lesson: Lesson) -> None:
    error = ending(f"{lesson.setup}\n{lesson.mistake}", minigrad)
    assert error is not None, "no mistake"
    notes = "\n".join(getattr(error, "__notes__", []))
    for phrase in lesson.phrases:
        assert phrase in notes, notes


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
def test_the_error_is_pytorchs_and_its_note_adds_nothing_to_the_text(lesson: Lesson) -> None:
    program = f"{lesson.setup}\n{lesson.mistake}"
    mine, theirs = ending(program, minigrad), ending(program, torch)
    assert mine is not None
    assert theirs is not None
    assert told(mine) == told(theirs)


@pytest.mark.parametrize(
    "lesson", [lesson for lesson in LESSONS if lesson.instead is not None], ids=str
)
def test_what_the_note_tells_to_write_works(lesson: Lesson) -> None:
    error = ending(f"{lesson.setup}\n{lesson.mistake}", minigrad)
    assert lesson.suggestion in "\n".join(getattr(error, "__notes__", [])), error
    assert ending(lesson.setup, minigrad) is None
    corrected = ending(lesson.corrected, minigrad)
    assert corrected is None, corrected


# ---- the place in a network ----------------------------------------------------------------------


def place_of(error: Exception | None) -> str:
    return "\n".join(note for note in getattr(error, "__notes__", []) if note.startswith("In "))


def test_one_place_is_named_and_it_is_the_innermost_as_seen_from_the_outermost() -> None:
    nn = minigrad.nn
    inner = nn.Sequential(nn.ReLU(), nn.Linear(3, 1))
    outer = nn.Sequential(nn.Linear(2, 2), nn.Sequential(inner))
    with pytest.raises(RuntimeError) as caught:
        outer(minigrad.ones(2))
    assert place_of(caught.value).startswith("In 1.0.1 (Linear(in_features=3,")
    with pytest.raises(RuntimeError) as caught:
        inner(minigrad.ones(2))
    assert place_of(caught.value).startswith("In 1 (Linear(in_features=3,")


def test_where_no_layer_is_the_container_is_named() -> None:
    net = minigrad.nn.Sequential(minigrad.nn.ReLU(), None)
    with pytest.raises(TypeError) as caught:
        net(minigrad.ones(2))
    assert place_of(caught.value) == (
        "In Sequential, called with a Tensor of shape [2] (minigrad.float32)."
    )


def test_a_module_of_modules_is_named_without_its_layers() -> None:
    class Net(minigrad.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = minigrad.nn.Linear(1, 1)

        def forward(self, x: minigrad.Tensor, scale: float = 1) -> minigrad.Tensor:
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        Net()(minigrad.ones(2, dtype=minigrad.int64), scale=0.5)
    assert caught.value.__notes__ == [
        "In Net, called with a Tensor of shape [2] (minigrad.int64), 0.5."
    ]


def test_a_layer_in_a_plain_list_is_named_without_a_path() -> None:
    layers = [minigrad.nn.Linear(2, 1)]

    class Net(minigrad.nn.Module):
        def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
            return layers[0](x)

    with pytest.raises(RuntimeError) as caught:
        Net()(minigrad.ones(3))
    assert place_of(caught.value).startswith("In Linear(in_features=2")


def test_an_error_that_travels_to_another_process_leaves_the_network_behind() -> None:
    with pytest.raises(RuntimeError) as caught:
        minigrad.nn.Linear(2, 1)(minigrad.ones(3))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.__notes__ == caught.value.__notes__
    assert {type(note) for note in copy.__notes__} == {str}


# ---- warnings ------------------------------------------------------------------------------------

# A warning has no notes: what it teaches stands in further lines, under PyTorch's own text.


def warned(program: str, library: object) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(program, {"torch": library})
    (warning,) = caught
    assert warning.category is UserWarning
    return str(warning.message)


WARNINGS = {
    "torch.nn.functional.mse_loss(torch.ones(3, 1), torch.ones(3))": (
        "[3, 1] and [3] broadcast to [3, 3]: the loss is made of 9 differences, where input and "
        "target hold 3 and 3. Write target.reshape(input.shape)"
    ),
    "torch.nn.MSELoss()(torch.ones(4), torch.ones(1))": "write target.expand_as(input)",
    "torch.nn.MSELoss()(torch.ones(1), torch.ones(2, 1))": "write input.expand_as(target)",
    "torch.nn.MSELoss()(torch.ones(3, 1), torch.ones(4))": "[3, 1] and [4] broadcast to [3, 4]",
    "(torch.ones(2, requires_grad=True) * 2).grad": (
        "This tensor was computed (MulBackward0), so backward() only passes through it. To see its "
        "gradient, call its retain_grad() before backward()."
    ),
}


@pytest.mark.parametrize("program", WARNINGS)
def test_a_warning_begins_with_pytorchs_text_and_teaches_below(program: str) -> None:
    mine, theirs = warned(program, minigrad), warned(program, torch)
    first, _, lesson = mine.partition("\n")
    assert told(UserWarning(first)) == told(UserWarning(theirs))
    assert "\n" not in theirs.partition(" (Triggered")[0].replace("torch", "")
    assert WARNINGS[program] in lesson


@pytest.mark.parametrize("shapes", [((3, 1), (3,)), ((4,), (1,)), ((1,), (2, 1))])
def test_what_the_warning_of_mse_loss_tells_to_write_is_silent(shapes: tuple) -> None:
    input, target = (minigrad.ones(shape) for shape in shapes)
    with pytest.warns(UserWarning, match="target size") as caught:
        minigrad.nn.functional.mse_loss(input, target)
    (suggestion,) = (
        code
        for code in (
            "target.reshape(input.shape)", "target.expand_as(input)", "input.expand_as(target)"
        )
        if code in str(caught[0].message)
    )  # fmt: skip
    changed = eval(suggestion)
    input, target = (input, changed) if suggestion.startswith("target") else (changed, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        minigrad.nn.functional.mse_loss(input, target)


def test_shapes_that_do_not_broadcast_are_left_to_the_error() -> None:
    with pytest.warns(UserWarning, match="target size") as caught, pytest.raises(RuntimeError):
        minigrad.nn.functional.mse_loss(minigrad.ones(2), minigrad.ones(3))
    assert "\n" not in str(caught[0].message)


# ---- no error without a note ---------------------------------------------------------------------

WITHOUT_NOTE = {
    "program/compiled.py AttributeError": "copy and pickle ask an object that is not made yet",
    "extras.py ModuleNotFoundError": "its text teaches: the commands print the text alone",
    "page/": "called by the command alone, which prints the text alone",
    "story/programs.py ValueError": "its text teaches: the command prints the text alone",
    "story/programs.py RuntimeError": "no program of the guide does it; for authors of programs",
}


def unnoted(tree: ast.AST) -> list[ast.Call]:
    """The errors that a module makes and gives no note: neither around it nor by its name."""
    found = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            calls = [node for node in own_nodes(function) if isinstance(node, ast.Call)]
            taught = {id(call.args[0]) for call in calls if is_teaching(call) and call.args}
            names = {
                node.id for call in calls if is_teaching(call) for node in ast.walk(call)
                if isinstance(node, ast.Name)
            }  # fmt: skip
            named = {
                id(node.value)
                for node in own_nodes(function)
                if isinstance(node, ast.Assign) and names & {ast.unparse(t) for t in node.targets}
            }
            found += [c for c in calls if is_error(c) and id(c) not in taught | named]
    return found


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function that are not those of a function within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            waiting.extend(ast.iter_child_nodes(node))


def is_error(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id.endswith(("Error", "Exception"))


def is_teaching(call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith(("noted", ".add_note"))


PACKAGE = Path(minigrad.__file__).parent
SOURCES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("name", SOURCES)
def test_every_error_has_a_note_or_a_reason_for_none(name: str) -> None:
    errors = unnoted(ast.parse(SOURCES[name].read_text()))
    without = {f"{name} {ast.unparse(error.func)}" for error in errors}
    if f"{name.partition('/')[0]}/" not in WITHOUT_NOTE:
        assert without == {known for known in WITHOUT_NOTE if known.startswith(f"{name} ")}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f():\n    raise TypeError('no')", 1),
        ("def f():\n    raise noted(TypeError('no'), 'Write this.')", 0),
        ("def f():\n    return ValueError('no')", 1),
        ("def f():\n    error = TypeError('no')\n    raise noted(error, 'Write this.')", 0),
        ("def f():\n    error = TypeError('no')\n    error.add_note('This.')\n    raise error", 0),
        ("def f():\n    error = TypeError('no')\n    raise error", 1),
        ("def f():\n    def g():\n        raise KeyError(1)\n    return g", 1),
    ],
)
def test_an_error_without_a_note_is_found(source: str, count: int) -> None:
    assert len(unnoted(ast.parse(source))) == count


OWN = {
    "minigrad.dtypes.result_type()": "write result_type(a, b)",
    "minigrad.scalar.Scalar(1.0) + 'a'": "Take a number out of the str first",
    "minigrad.compile(5)": "and 5 came. Write compile(train_step), without calling it",
    "minigrad.compile(print, style='fast')": "Write style='plain' to read the program",
    "minigrad.ops.exp.derivative(y=lambda g: g)": "write def exp(y, /)",
    "minigrad.ops.exp.derivative(x=lambda g, y: g)": "g, the gradient of the result; out",
}


@pytest.mark.parametrize("program", OWN)
def test_the_errors_that_pytorch_does_not_have_teach_as_well(program: str) -> None:
    error = ending(f"import minigrad.scalar\n{program}", minigrad)
    assert error is not None
    assert OWN[program] in "\n".join(getattr(error, "__notes__", []))
