"""A module as a tree to be opened: its parts, and its parameters with shapes and gradients."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from minigrad.nn import Module, Parameter
from minigrad.notebook.page import element, page, paragraph, table
from minigrad.tensor import Tensor

__all__ = ["module_html"]

HEADS = ("parameter", "shape", "dtype", "numbers", "gradient")


def module_html(module: Module) -> str:
    """What a notebook shows of a module."""
    count = sum(p.numel() for p in module.parameters())
    frozen = sum(p.numel() for p in module.parameters() if not p.requires_grad)
    said = f"{one_line(module)} · {count:,} parameters" + (f", {frozen:,} frozen" if frozen else "")
    mode = "" if module.training else " · eval mode"
    return page(paragraph(said + mode, "mg-title"), *inside(module))


def one_line(module: Module) -> str:
    """The class, and what is to be said about it: Linear(in_features=2, out_features=3)."""
    extra = " ".join(module.extra_repr().split())
    return f"{type(module).__name__}({extra})" if extra else type(module).__name__


def inside(module: Module) -> Iterator[str]:
    """The parameters and buffers that are a module's own, then its parts."""
    own = [row(name, p) for name, p in module.named_parameters(recurse=False)]
    own += [row(f"{name} (buffer)", b) for name, b in module.named_buffers(recurse=False)]
    if own:
        yield table(HEADS, own, "mg-words")
    for name, child in module._modules.items():
        if child is None:
            continue
        title = escape(f"{name}: {one_line(child)}")
        content = list(inside(child))
        if content:
            yield element("details", element("summary", title), *content, open="open")
        else:
            yield element("p", title, kind="mg-part")


def row(name: str, t: Tensor) -> tuple[str, ...]:
    shape, dtype = str(list(t.array.shape)), str(t.dtype).removeprefix("minigrad.")
    return name, shape, dtype, f"{t.numel():,}", gradient(t)


def gradient(t: Tensor) -> str:
    """What is to be said of a gradient: its largest element, or why there is none."""
    if not t.requires_grad:
        return "frozen" if isinstance(t, Parameter) else ""
    if t.grad is None:
        return "not computed"
    g = t.grad.array
    if not g.any():
        return "exactly 0"
    return f"up to {np.max(np.abs(g)):.3g}"
