"""Pieces of HTML: well-formed, escaped, for light and dark pages.

Colours are half transparent and text takes the page's own colour, because a notebook's theme need
not be that of the system. Whoever strips the style still sees tables and lists.
"""

from __future__ import annotations

from html import escape

__all__ = ["element", "page", "paragraph", "table"]

STYLE = """\
.minigrad{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;
color:inherit;margin:.3em 0;max-width:100%;overflow-x:auto}
.minigrad .mg-row{display:flex;flex-wrap:wrap;gap:.4em 2em;align-items:flex-start}
.minigrad p{margin:.2em 0}
.minigrad .mg-title{font-weight:600}
.minigrad .mg-quiet{opacity:.7}
.minigrad .mg-lines{white-space:pre-wrap;margin:.1em 0}
.minigrad table{border-collapse:separate;border-spacing:2px;margin:.2em 0;width:auto;
border:0;background:none}
.minigrad caption{caption-side:top;text-align:left;padding:0 0 .1em;opacity:.8;color:inherit;
white-space:nowrap}
.minigrad td,.minigrad th{padding:.1em .5em;text-align:right;border:0;border-radius:3px;
font-weight:400;white-space:pre;color:inherit}
.minigrad th{opacity:.7}
.minigrad .mg-words td,.minigrad .mg-words th{text-align:left}
.minigrad details{margin:.1em 0 .1em .2em;padding-left:.8em;border-left:2px solid #94a3b866}
.minigrad .mg-part{padding-left:calc(1.2em + 2px)}
.minigrad summary{cursor:pointer}
.minigrad tr{background:none}
.minigrad .mg-sizes td:first-child,.minigrad .mg-sizes th:first-child{text-align:left}
.minigrad .mg-found{border-left:3px solid #dc2626;padding-left:.8em;margin:.6em 0}
.minigrad .mg-value{color:#2563eb}
.minigrad .mg-gradient{color:#c2410c}
.minigrad .mg-note{color:#a16207}
.minigrad .mg-bad{color:#dc2626}
@media (prefers-color-scheme:dark){.minigrad .mg-value{color:#60a5fa}
.minigrad .mg-gradient{color:#fb923c}.minigrad .mg-note{color:#facc15}
.minigrad .mg-bad{color:#f87171}}"""


def page(*content: str) -> str:
    """What `_repr_html_` returns: pieces of HTML with the style that they need."""
    return element("div", f"<style>\n{STYLE}\n</style>\n", *content, kind="minigrad")


def element(tag: str, *content: str, kind: str = "", **attributes: str) -> str:
    """An element around pieces of HTML; `kind` is its class. Text must have been escaped."""
    given = {"class": kind} | attributes if kind else attributes
    written = "".join(f' {name}="{escape(value)}"' for name, value in given.items())
    return f"<{tag}{written}>{''.join(content)}</{tag}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text, which is escaped here."""
    return element("p", escape(text), kind=kind)


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]], kind: str = "") -> str:
    """A table of plain texts."""
    head = element("tr", *(element("th", escape(text), scope="col") for text in heads))
    body = [element("tr", *(element("td", escape(text)) for text in row)) for row in rows]
    return element("table", element("thead", head), element("tbody", *body), kind=kind)
