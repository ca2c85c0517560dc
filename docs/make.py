"""Make what the pages of the course show: printed text, pictures, the table of derivatives.

    python docs/make.py                 run the pages; write what they print and draw
    python docs/make.py --check         write nothing; say what is not up to date
    python docs/make.py --notebooks DIR write the pages as notebooks (needs jupytext)

A page is Markdown. Its Python blocks run one after the other, as if they stood in one file. The
`text` block after a Python block is what that block prints, and a link to `pictures/NAME.svg` after
it stands for what it has left in the variable `picture`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import linecache
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minigrad.course import derivatives

HERE = Path(__file__).parent
COURSE = HERE / "course"
TABLE = COURSE / "derivatives.md"
PAGES = sorted(path for path in COURSE.glob("*.md") if path != TABLE)
PART = re.compile(
    r"^```python\n(?P<code>.*?)^```\n"
    r"(?P<shown>\n```text\n(?P<text>.*?)^```\n)?"
    r"(?P<linked>\n!\[(?P<alt>[^\]]*)\]\((?P<picture>pictures/[\w-]+\.svg)\)\n)?",
    re.MULTILINE | re.DOTALL,
)
SERIAL = re.compile(r"minigrad-\d+")  # `draw` counts its pictures; a file is to be the same always


class Page:
    """A page of the course, and what comes of running it.

    text      the page with all that its blocks print
    pictures  the SVG of each picture, by its path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = path.read_text(encoding="utf-8")
        self.program = f"{path.stem.split('-', 1)[-1].replace('-', '_')}.py"
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.pictures: dict[Path, str] = {}
        self.text = PART.sub(self.run, self.source)

    def run(self, part: re.Match[str]) -> str:
        """Run a block; return it with what it has printed."""
        begin = len(self.lines)
        self.lines += part["code"].splitlines(keepends=True)
        linecache.cache[self.program] = (len(self.lines), None, self.lines, self.program)
        code = compile("\n" * begin + part["code"], self.program, "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, self.namespace)
        linked = part["linked"] or ""
        if linked:
            target = self.path.parent / part["picture"]
            svg = self.namespace["picture"].svg + "\n"
            self.pictures[target] = SERIAL.sub(f"minigrad-{target.stem}", svg)
        printed = out.getvalue()
        shown = f"\n```text\n{printed}```\n" if printed else ""
        return f"```python\n{part['code']}```\n{shown}{linked}"


def made() -> Iterator[tuple[Path, str]]:
    """Each file that is made, with what is to stand in it."""
    for path in PAGES:
        page = Page(path)
        yield path, page.text
        yield from page.pictures.items()
    yield TABLE, derivatives.markdown()


def is_up_to_date(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def make(check: bool) -> int:
    """Write all that is not up to date, or only say what that is; return the exit status."""
    status = 0
    for path, text in made():
        if is_up_to_date(path, text):
            continue
        print(f"{'out of date' if check else 'written'}: {path.relative_to(HERE)}")
        status = int(check)
        if not check:
            path.write_text(text, encoding="utf-8")
    return status


def for_notebook(text: str) -> str:
    """The Markdown of a page with nothing in it that its notebook says itself."""

    def cell(part: re.Match[str]) -> str:
        shows = "picture\n" if part["linked"] else ""
        return f"```python\n{part['code']}{shows}```\n"

    text = PART.sub(cell, text).replace("```sh\n", "```text\n")  # a cell of shell would be run
    return re.sub(r"\((\d\d-[\w-]+)\.md\)", r"(\1.ipynb)", text)


def notebooks(target: Path) -> int:
    """Write each page as a notebook; what its blocks print is left for the notebook to say."""
    try:
        import jupytext
    except ModuleNotFoundError:
        print('notebooks need jupytext: python -m pip install ".[docs]"', file=sys.stderr)
        return 1
    target.mkdir(parents=True, exist_ok=True)
    for path in PAGES:
        notebook = jupytext.reads(for_notebook(path.read_text(encoding="utf-8")), fmt="md")
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        jupytext.write(notebook, target / f"{path.stem}.ipynb")
    print(f"{len(PAGES)} notebooks in {target}")
    return 0


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--notebooks", metavar="DIR", type=Path, help="write notebooks")
    options = parser.parse_args(words)
    return notebooks(options.notebooks) if options.notebooks else make(options.check)


if __name__ == "__main__":
    sys.exit(main())
