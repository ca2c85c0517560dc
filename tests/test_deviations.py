"""The list of deviations is true: the program of an entry ends as it says, under both libraries.

A difference that is gone must leave the list, and an entry without a program is none.
"""

import ast
import asyncio
import contextlib
import copy
import io
import pickle
import re
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import oracle
import pytest
import torch
from deviations import LISTED, NAMED, Deviation, known, parsed

import minigrad

MODULES = {
    "asyncio": asyncio, "contextlib": contextlib, "copy": copy, "np": np, "pickle": pickle,
    "warnings": warnings,
}  # fmt: skip


def ending(program: str, library: ModuleType) -> str:
    """What a program prints, or the class and first line of its error."""
    out = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(out):
        warnings.simplefilter("ignore")
        try:
            exec(program, {"torch": library} | MODULES)
        except Exception as error:
            print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    return out.getvalue().strip()


def is_said(end: str, text: str) -> bool:
    """Whether an entry's text says how a program ended; "..." stands for the rest."""
    return (
        end.startswith(text.removesuffix("...").rstrip()) if text.endswith("...") else end == text
    )


@pytest.mark.parametrize("entry", LISTED.values(), ids=lambda entry: entry.name)
def test_an_entry_says_what_both_libraries_do(entry: Deviation) -> None:
    theirs, mine = ending(entry.program, torch), ending(entry.program, minigrad)
    assert is_said(theirs, entry.torch), theirs
    assert is_said(mine, entry.minigrad), mine
    assert theirs != mine, "the difference is gone"
    assert oracle.ours(theirs) != mine or entry.name in NAMED, "but for names, it is gone"


@pytest.mark.parametrize("entry", LISTED.values(), ids=lambda entry: entry.name)
def test_an_entry_gives_its_reason_in_sentences(entry: Deviation) -> None:
    assert re.fullmatch(r"[A-Z`].*[.]", entry.reason, re.DOTALL)


def test_what_the_comparisons_pass_over_is_listed() -> None:
    """The helpers name it when they are imported."""
    assert {"module-name", "internal-locations", "call-signatures", "bool-spelling"} <= NAMED
    with pytest.raises(KeyError, match=r"no-such-thing is not in DEVIATIONS\.md"):
        known("no-such-thing", None)


def test_the_comparisons_pass_over_nothing_else() -> None:
    """Whatever pattern or replacement the oracle applies to a text is one that has a name."""
    tree = ast.parse(Path(oracle.__file__).read_text())
    named = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func) == "known"
    }
    changes = {"sub", "replace", "partition", "search", "removesuffix"}
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        if function.name not in ("told", "ours"):
            continue
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr in changes:
                assert ast.unparse(call.args[0]) in named | {"theirs"}


GOOD = "### a\n\nBecause.\n\n```python\nx\n# PyTorch:  1\n# minigrad: 2\n```\n"


@pytest.mark.parametrize(
    "document",
    [
        "### a\n\nBecause.\n",
        "### a\n\nBecause.\n\n```python\nprint(1)\n```\n",
        GOOD + GOOD,
        GOOD.replace("# minigrad: 2\n", ""),
        GOOD + "\n### b\n\nNo program.\n",
    ],
)
def test_an_entry_without_a_demonstration_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match="not one reason, one program"):
        parsed(document)


def test_an_entry_that_is_no_longer_true_fails() -> None:
    same = Deviation("same", "Because.", "print(1)", "1", "1")
    with pytest.raises(AssertionError):
        test_an_entry_says_what_both_libraries_do(same)
    gone = Deviation("gone", "Because.", "print(torch.ones(1))", "tensor([1.])", "tensor([2.])")
    with pytest.raises(AssertionError):
        test_an_entry_says_what_both_libraries_do(gone)
