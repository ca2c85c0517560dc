"""What the documents say is what happens: every block of code in them is run."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.__main__ import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(document: Path, language: str) -> list[str]:
    found = BLOCK.findall(document.read_text())
    return [
        re.sub(f"^{indent}", "", code, flags=re.MULTILINE)
        for indent, name, code in found
        if name == language
    ]


def printed(code: str, namespace: dict[str, object]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "document", "exec"), namespace)
    return out.getvalue()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks_run_one_after_the_other(document: Path) -> None:
    namespace: dict[str, object] = {}
    for code in blocks(document, "python"):
        printed(code, namespace)
    assert len(blocks(document, "python")) == document.read_text().count("```python")


def test_the_first_example_prints_the_same_characters_under_pytorch() -> None:
    ours = blocks(ROOT / "README.md", "python")[0]
    theirs = ours.replace("import minigrad as torch", "import torch")
    assert theirs != ours
    assert printed(ours, {}) == printed(theirs, {}).replace("torch", "minigrad")


def test_the_formula_of_the_readme_gives_the_derivatives_that_it_claims() -> None:
    _, formula, derivatives, *_ = blocks(ROOT / "README.md", "python")
    assert printed(formula + derivatives, {}) == "8.0 12.0 12.0\n"


def test_the_program_of_the_readme_names_its_gradient() -> None:
    (program,) = [code for code in blocks(ROOT / "README.md", "python") if "step.source" in code]
    assert "\n    grad_w = (x.T @ grad_sub_out).T\n" in printed(program, {})


def commands() -> list[str]:
    """The README's commands that start minigrad or one of its modules."""
    lines = "\n".join(blocks(ROOT / "README.md", "sh")).splitlines()
    found = [line.partition("#")[0].strip() for line in lines if "pip install" not in line]
    return [command for command in found if command]


@pytest.mark.parametrize("command", commands())
def test_commands_of_the_readme_succeed(
    command: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # one writes a file
    program, *arguments = shlex.split(command)
    if program == "minigrad":
        assert main(arguments) == 0
        assert capsys.readouterr().out
    else:
        assert program == "python"
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True
        )
        assert done.stdout


SHOWN = re.compile(r"^```python\n((?:(?!```).*\n)*)```\n\n```text\n((?:(?!```).*\n)*)```$", re.M)


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_the_documents_show_what_their_blocks_print(document: Path) -> None:
    namespace: dict[str, object] = {}
    shown = dict(SHOWN.findall(document.read_text()))
    for code in blocks(document, "python"):
        out = printed(code, namespace)
        if code in shown:
            assert out == shown.pop(code)
    assert shown == {}


def test_the_files_that_the_documents_link_to_are_there() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), (document.name, target)
