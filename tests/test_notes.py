"""What the errors teach: each note is read here, and what it tells to write is run.

A lesson is a program of a few lines that ends in a mistake, and words of the note that must be
there: the shapes, names and numbers of this very mistake. `instead` is the corrected last line; the
part of it between « and » stands in the note, and the corrected program runs.
"""

import pickle
import warnings
from dataclasses import dataclass
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

LESSONS = [*NETWORKS]


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
