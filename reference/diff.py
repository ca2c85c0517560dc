"""`python -m reference diff script.py`: one script under PyTorch and under minigrad.

The script is run twice, side by side, with its imports of PyTorch answered by
one library and by the other; a script that imports minigrad and not PyTorch is
run the other way round. Its text is all that it prints, its warnings, and the
error that ends it. The first line where the two texts part is shown. Both runs
start from seed 0, the libraries' own names count as one word, and addresses in
memory are not compared.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from minigrad.guide.command import politely
from reference import MISSING

__all__ = ["Parting", "diff", "main"]

LIBRARIES = ("torch", "minigrad")
CONTEXT, WIDTH = 2, 88
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|\b(?:nan|inf)\b", re.IGNORECASE)


def main(argv: Sequence[str]) -> int:
    """Run a command line; the status is 0 if the texts are equal, 1 if not, 2 if none was."""
    parser = argparse.ArgumentParser(
        prog="python -m reference diff",
        description=(__doc__ or "").partition("\n\n")[2],
        epilog="The exit status is 0 if the texts are equal, 1 if not, 2 if there are none.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--rtol", type=float, default=0.0, metavar="R",
        help="let numbers differ by this part of themselves, such as 1e-5 (default: not at all)",
    )  # fmt: skip
    parser.add_argument("script", help="a program that imports torch, or minigrad in its place")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is given")
    try:
        arguments = parser.parse_args(argv)
        imported = imports(arguments.script)
    except SystemExit as stop:  # argparse has printed its help or its complaint
        return int(stop.code or 0)
    except (OSError, SyntaxError, ValueError) as error:
        print(f"{parser.prog}: {arguments.script} cannot be run: {error}", file=sys.stderr)
        return 2
    if importlib.util.find_spec("torch") is None:
        print(MISSING.format("PyTorch"), file=sys.stderr)
        return 2
    return politely(lambda: report(arguments, imported))


def report(arguments: argparse.Namespace, imported: str) -> int:
    """Compare, and print what was found."""
    name = Path(arguments.script).name
    found = diff(arguments.script, arguments.arguments, imported, arguments.rtol)
    if isinstance(found, Parting):
        print(f"{name}: the two texts part at line {found.line}\n\n{found}")
        return 1
    print(f"{name}: the two texts are equal, {found} line{'s' * (found != 1)}")
    return 0


@dataclass(frozen=True)
class Parting:
    """Where two texts part: which line, both readings (None at an end), the lines before."""

    line: int
    torch: str | None
    minigrad: str | None
    before: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows: list[tuple[str, str | None]] = [("", line) for line in self.before]
        rows += [("torch", self.torch), ("minigrad", self.minigrad)]
        start = max(0, self.column - WIDTH // 2)
        lines = [f"    {name:<8}  {shown(text, start)}".rstrip() for name, text in rows]
        if self.torch is not None and self.minigrad is not None:
            lines.append(" " * (14 + self.column - start) + "^")
        return "\n".join(lines)

    @property
    def column(self) -> int:
        """The place of the first character that differs."""
        if self.torch is None or self.minigrad is None:
            return 0
        a, b = neutral(self.torch), neutral(self.minigrad)
        both = min(len(a), len(b))
        return next((i for i in range(both) if a[i] != b[i]), both)


def shown(text: str | None, start: int) -> str:
    return "(the text ends here)" if text is None else text[start : start + WIDTH]


def diff(
    script: str, arguments: Sequence[str] = (), imported: str = "torch", rtol: float = 0.0
) -> Parting | int:
    """Run a script under both libraries: where the texts part, or their length if they do not.

    Args:
        script: the path of the program.
        arguments: what it is given on its command line.
        imported: the library that it imports, "torch" or "minigrad".
        rtol: how far numbers in the texts may differ, as a part of themselves.
    """
    count = 0
    before: list[str] = []
    with ExitStack() as stack:
        texts = [stack.enter_context(text(script, arguments, imported, n)) for n in LIBRARIES]
        for count, (torch, minigrad) in enumerate(zip_longest(*texts), start=1):
            if not same(torch, minigrad, rtol):
                return Parting(count, torch, minigrad, tuple(before))
            before = [*before, minigrad][-CONTEXT:]
    return count


@contextmanager
def text(
    script: str, arguments: Sequence[str], imported: str, library: str
) -> Iterator[Iterator[str]]:
    """The lines that a script prints under a library, as they come; it is ended if need be."""
    home = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "reference.disguise", imported, library, script, *arguments],
        env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
    )
    try:
        assert process.stdout is not None
        yield lines(process)
    finally:
        process.kill()
        process.communicate()


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """The lines of a process; if it breaks off, one that says so."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line.rstrip("\n")
    if status := process.wait():
        yield f"broken off with status {status}"


def imports(script: str) -> str:
    """The library that a script imports: minigrad if it does so and leaves PyTorch alone."""
    tree = ast.parse(Path(script).read_bytes(), script)
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else module_names(node)
        )
    }
    return "minigrad" if "minigrad" in names and "torch" not in names else "torch"


def module_names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def neutral(line: str) -> str:
    """A line without what may differ: the library's name, addresses, places in C++."""
    line = line.partition(" (Triggered internally")[0]
    line = re.sub(r"\b0x[0-9a-f]{6,}\b", "0x...", line)
    return re.sub(r"\btorch\b", "minigrad", line)


def same(torch: str | None, minigrad: str | None, rtol: float) -> bool:
    """Whether two lines say the same, numbers with a tolerance if there is one."""
    if torch is None or minigrad is None:
        return False
    a, b = neutral(torch), neutral(minigrad)
    if a == b or not rtol:
        return a == b
    words = [NUMBER.sub("#", line).split() for line in (a, b)]
    pairs = zip(NUMBER.findall(a), NUMBER.findall(b), strict=False)
    return words[0] == words[1] and all(near(float(x), float(y), rtol) for x, y in pairs)


def near(a: float, b: float, rtol: float) -> bool:
    return math.isclose(a, b, rel_tol=rtol) or (math.isnan(a) and math.isnan(b))
