"""The list of deviations, DEVIATIONS.md, as the tests read it.

    SPELLINGS = known("bool-spelling", {"output type bool": "output type Bool"})

Where a comparison passes over a difference between the libraries, it says after which entry of the
list: a name that is not in the list is an error, so that no difference is passed over unlisted.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

DOCUMENT = Path(__file__).parents[1] / "DEVIATIONS.md"

T = TypeVar("T")


@dataclass(frozen=True)
class Deviation:
    """An entry: its name, why it is so, and the program that shows it with both of its ends."""

    name: str
    reason: str
    program: str
    torch: str
    minigrad: str


ENTRY = re.compile(
    r"(?P<reason>.*?)\n+```python\n(?P<program>.*?)"
    r"# PyTorch:  (?P<torch>[^\n]*)\n# minigrad: (?P<minigrad>[^\n]*)\n```\s*",
    re.DOTALL,
)


def parsed(document: str) -> dict[str, Deviation]:
    """The entries of a document, by name; ValueError for one that is not shown by a program."""
    entries: dict[str, Deviation] = {}
    for section in re.split(r"^### ", document, flags=re.MULTILINE)[1:]:
        name, _, body = re.split(r"^## ", section, flags=re.MULTILINE)[0].partition("\n")
        found = ENTRY.fullmatch(body.strip() + "\n")
        if found is None or name in entries:
            raise ValueError(f"{name}: not one reason, one program and what it does under both")
        entries[name] = Deviation(name, **found.groupdict())
    return entries


LISTED = parsed(DOCUMENT.read_text())
NAMED: set[str] = set()


def known(name: str, value: T) -> T:
    """The value, which makes a comparison pass over the deviation of this name."""
    if name not in LISTED:
        raise KeyError(f"{name} is not in {DOCUMENT.name}")
    NAMED.add(name)
    return value
