"""`python -m reference diff`: two equal texts, and the first line at which two are not."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import reference.__main__ as command
from reference import diff as module
from reference.diff import Parting, diff, imports, neutral, same

ROOT = Path(__file__).parents[1]

TRAINING = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.nn import Linear

net = nn.Sequential(Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
optimizer = optim.SGD(net.parameters(), lr=0.1)
print(net, optimizer, torch.float32)
for step in range(3):
    optimizer.zero_grad()
    loss = F.mse_loss(net(torch.tensor([1.0, 2.0])), torch.tensor([3.0]))
    loss.backward()
    optimizer.step()
    print(step, loss, loss.item())
print(object())
F.mse_loss(torch.ones(2, 1), torch.ones(2))
torch.ones(2) + torch.ones(3)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(TRAINING)
    return path


# ---- whole scripts ------------------------------------------------------------------------------


def test_a_script_prints_the_same_under_both(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["diff", str(script)]) == 0
    assert capsys.readouterr() == ("script.py: the two texts are equal, 22 lines\n", "")


def test_the_first_difference_is_shown(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script.write_text(
        "import sys\nimport torch\nprint('same')\nprint(sys.argv[1])\n"
        "print('pi is', 3.14 if torch.__name__ == 'torch' else 3.15)\nwhile True: print('on')\n"
    )
    assert command.main(["diff", str(script), "--word"]) == 1
    out = capsys.readouterr().out
    assert out == (
        "script.py: the two texts part at line 3\n\n"
        "              same\n"
        "              --word\n"
        "    torch     pi is 3.14\n"
        "    minigrad  pi is 3.15\n"
        "                       ^\n"
    )


# ---- the disguise -------------------------------------------------------------------------------


def run(script: Path, text: str, *arguments: str, imported: str = "torch") -> list[str]:
    """The lines of a script that thinks that minigrad is the library it imports."""
    script.write_text(text)
    words = [sys.executable, "-m", "reference.disguise", imported, "minigrad", str(script)]
    done = subprocess.run(
        [*words, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_every_kind_of_import_is_answered(script: Path) -> None:
    lines = run(
        script,
        "import torch, torch.nn, torch.nn.functional as F, torch.optim as optim\n"
        "import torch.nn.utils\n"
        "from torch import nn, tensor, Tensor\n"
        "from torch.nn import functional\n"
        "from torch.autograd import Function, grad\n"
        "import minigrad\n"
        "print(torch is minigrad, F is functional is minigrad.nn.functional, torch.nn is nn)\n"
        "print(Tensor is minigrad.Tensor, optim is minigrad.optim, torch.__spec__.name)\n"
        "print(Function is minigrad.autograd.Function)\n"
        "import torch.utils.data\n",
    )
    assert lines == [
        "True True True",
        "True True minigrad",
        "True",
        "line 10: ModuleNotFoundError: No module named 'minigrad.utils'",
    ]


def test_a_script_of_minigrad_runs_as_it_is(script: Path) -> None:
    lines = run(script, "import minigrad as torch\nprint(torch.ones(1))", imported="minigrad")
    assert lines == ["tensor([1.])"]


def test_a_script_sees_its_arguments_and_neighbours(script: Path) -> None:
    (script.parent / "neighbour.py").write_text("import torch\nanswer = torch.ones(1).item()")
    text = "import sys, neighbour\nprint(sys.argv[1:], neighbour.answer, __name__)"
    assert run(script, text, "a", "-b") == ["['a', '-b'] 1.0 __main__"]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("raise ValueError('one\\ntwo')", "line 1: ValueError: one"),
        ("def f():\n    raise KeyError\nf()", "line 2: KeyError"),
        ("import sys\nsys.exit(3)", "exit: 3"),
        ("import sys\nprint('end')\nsys.exit()", "end"),
        ("import warnings\nwarnings.warn('careful\\nnow')", "UserWarning: careful"),
        ("import torch\ntorch.nn.nope", "line 2: AttributeError: "),
    ],
)
def test_errors_and_warnings_are_part_of_the_text(script: Path, text: str, last: str) -> None:
    assert run(script, text)[-1].startswith(last)


# ---- the comparison -----------------------------------------------------------------------------


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the two runs print these lines."""

    def give(**lines: list[str]) -> None:
        @contextmanager
        def text(script: str, arguments: Any, imported: str, library: str) -> Iterator[Any]:
            yield iter(lines[library])

        monkeypatch.setattr(module, "text", text)

    return give


def test_equal_texts_have_a_length(texts: Any) -> None:
    texts(torch=["a", "torch.float32"], minigrad=["a", "minigrad.float32"])
    assert diff("") == 2
    texts(torch=[], minigrad=[])
    assert diff("") == 0


def test_a_text_may_end_early(texts: Any) -> None:
    texts(torch=["a", "b"], minigrad=["a"])
    parting = diff("")
    assert parting == Parting(2, "b", None, ("a",))
    assert str(parting).splitlines()[-1] == "    minigrad  (the text ends here)"


def test_long_lines_are_shown_where_they_part(texts: Any) -> None:
    texts(torch=["x" * 300 + "1"], minigrad=["x" * 300 + "2"])
    lines = str(diff("")).splitlines()
    assert max(map(len, lines)) <= 102
    assert lines[0][lines[2].index("^")] == "1"
    assert lines[1][lines[2].index("^")] == "2"


@pytest.mark.parametrize(
    ("torch", "minigrad", "rtol", "equal"),
    [
        ("torch.Size([2])", "minigrad.Size([2])", 0, True),
        ("torchvision", "minigradvision", 0, False),
        ("<object at 0x7f5b9cccea40>", "<object at 0x7f5b84510ea0>", 0, True),
        ("w (Triggered internally at a.cpp:1.)", "w", 0, True),
        ("loss 1.00001", "loss 1.00002", 0, False),
        ("loss 1.00001", "loss 1.00002", 1e-4, True),
        ("loss 1.00001", "loss   1.00002", 1e-4, True),
        ("loss -1.0e-05, nan", "loss -1.0e-05, nan", 1e-4, True),
        ("loss 1.0 2.0", "loss 1.0", 1e-4, False),
        ("loss 1.0", "lost 1.0", 1e-4, False),
        ("loss nan", "loss inf", 1e-4, False),
    ],
)
def test_what_counts_as_the_same_line(torch: str, minigrad: str, rtol: float, equal: bool) -> None:
    assert same(torch, minigrad, rtol) is equal


def test_a_neutral_line_has_one_name_for_both() -> None:
    assert neutral("torch.float32 in torch") == "minigrad.float32 in minigrad"


@pytest.mark.parametrize(
    ("text", "library"),
    [
        ("import torch", "torch"),
        ("from torch.nn import Linear", "torch"),
        ("import minigrad as torch", "minigrad"),
        ("from minigrad import nn", "minigrad"),
        ("import torch\nimport minigrad", "torch"),
        ("print(1)", "torch"),
    ],
)
def test_the_library_of_a_script_is_known_by_its_imports(
    script: Path, text: str, library: str
) -> None:
    script.write_text(text)
    assert imports(str(script)) == library


# ---- the command --------------------------------------------------------------------------------


def test_what_cannot_be_run_ends_in_status_2(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["diff", "nowhere.py"]) == 2
    assert "nowhere.py cannot be run" in capsys.readouterr().err
    script.write_text("def")
    assert command.main(["diff", str(script)]) == 2
    assert "cannot be run: invalid syntax" in capsys.readouterr().err
    assert command.main(["diff"]) == 2


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    assert "diff SCRIPT" in capsys.readouterr().out
    assert command.main(["diff", "--help"]) == 0
    assert "The exit status is 0 if the texts are equal" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["diff", __file__], ["distributed"]])
def test_without_torch_one_line_says_what_to_install(words: list[str]) -> None:
    code = (
        "import sys, runpy; sys.modules['torch'] = None;"
        f"sys.argv = ['reference', *{words}]; runpy.run_module('reference', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'pip install ".[reference]"' in done.stderr
