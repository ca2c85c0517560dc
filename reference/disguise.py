"""Run a script as if it had imported another library: the other half of `reference.diff`.

    python -m reference.disguise torch minigrad script.py ARGUMENTS

runs the script with every `import torch`, `from torch import nn`, `import torch.nn.functional as F`
and so on answered by minigrad. What the script would tell a person beside its output, warnings and
the error that ends it, becomes part of the output, without what differs from run to run.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class Disguise(MetaPathFinder, Loader):
    """Answers the imports of one library with the modules of another."""

    def __init__(self, name: str, library: str) -> None:
        self.name = name
        self.library = library

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname.partition(".")[0] == self.name else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Nothing: there is such a module already, and its own spec has to stay."""

    def exec_module(self, module: ModuleType) -> None:
        real = self.library + module.__name__.removeprefix(self.name)
        sys.modules[module.__name__] = importlib.import_module(real)


def run(script: str, arguments: Sequence[str]) -> None:
    """Run a script as a program; end as it ends."""
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
    warnings.showwarning = show_warning
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as stop:
        if stop.code:
            print(f"exit: {stop.code}")
    except BaseException as error:
        print(ending(script, error))


def show_warning(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
    print(f"{category.__name__}: {str(message).splitlines()[0]}")


def ending(script: str, error: BaseException) -> str:
    """The last line of an error, with the line of the script that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename == script]
    place = f"line {lines[-1]}: " if lines else ""
    text = str(error).partition("\n")[0]
    return f"{place}{type(error).__name__}" + (f": {text}" if text else "")


if __name__ == "__main__":
    name, library, script, *arguments = sys.argv[1:]
    importlib.import_module(library).manual_seed(0)  # for scripts that do not; the rest is equal
    if name != library:
        sys.meta_path.insert(0, Disguise(name, library))
    run(script, arguments)
