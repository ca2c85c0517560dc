"""HTML that is safe by construction: what is not markup yet is escaped."""

from __future__ import annotations

import json
from html import escape
from typing import Any

__all__ = ["Markup", "joined", "script_json", "tag"]


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: object) -> Markup:
    """An element; `class_="note"` and `data_box=3` become `class="note"` and `data-box="3"`.

    An attribute that is True is written by its name alone, one that is None or False not at all.
    """
    written = "".join(
        f" {key}" if value is True else f' {key}="{escape(str(value))}"'
        for key, value in (
            (key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()
        )
        if value is not None and value is not False
    )
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Any, between: str = "") -> Markup:
    """Pieces one after the other, each escaped unless it is markup."""
    return Markup(
        between.join(piece if isinstance(piece, Markup) else escape(piece) for piece in content)
    )


def script_json(data: Any) -> Markup:
    """Data for a `<script type="application/json">`: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
