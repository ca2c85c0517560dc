"""Programs as learners write them print the same characters under both libraries.

Each file in scripts/ imports torch; here it is run with torch, and once more with its imports
answered by minigrad, as `python -m reference diff` does it. Where sums of more than a few terms or
functions of the last digit come in, the scripts round what they print, as such scripts do.
"""

import contextlib
import importlib
import io
import sys
import warnings
from pathlib import Path
from unittest import mock

import pytest

from reference import disguise
from reference.diff import neutral

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))


def text(script: Path, library: str) -> list[str]:
    """What a script prints, its warnings and the error that ends it, line by line."""
    out = io.StringIO()
    importlib.import_module(library).manual_seed(0)
    others = {name: module for name, module in sys.modules.items() if not is_torch(name)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(mock.patch.object(sys, "argv", sys.argv))
        stack.enter_context(mock.patch.object(sys, "path", sys.path[:]))
        if library != "torch":
            finders = [disguise.Disguise("torch", library), *sys.meta_path]
            stack.enter_context(mock.patch.dict(sys.modules, others, clear=True))
            stack.enter_context(mock.patch.object(sys, "meta_path", finders))
        disguise.run(str(script), [])
    return [neutral(line) for line in out.getvalue().splitlines()]


def is_torch(name: str) -> bool:
    return name.partition(".")[0] == "torch"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_prints_the_same(script: Path) -> None:
    theirs, mine = text(script, "torch"), text(script, "minigrad")
    assert mine == theirs
    assert len(theirs) > 3, "it prints too little to compare"


def test_a_script_is_really_run_by_both(tmp_path: Path) -> None:
    script = tmp_path / "who.py"
    script.write_text("import torch.nn as nn\nprint(nn.Linear.__mro__[-2].__module__[:4])")
    assert text(script, "torch") == ["torc"]
    assert text(script, "minigrad") == ["mini"]
