"""PyTorch beside minigrad: the same nine programs, and the tools to compare and to convert.

    check, floats, ...         the smallest input on which a function differs from PyTorch's
    gradcheck_against_torch    the same for a module, with random parameters and inputs
    to_torch, from_torch       a model of one library as a model of the other

    python -m reference                  the nine programs, step by step
    python -m reference diff script.py   a whole script under both libraries
    python -m reference distributed      on from here: two processes, the same updates

`reference/relu.py` is the twin of `minigrad/guide/relu.py`, and so on: the files differ in nothing
but their imports. This package needs PyTorch, and `check` Hypothesis, but not to be imported:
`pip install ".[reference]"`, in the checkout, installs both.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reference.checking import (
        Disagreement,
        Engine,
        Kind,
        Objects,
        Result,
        bools,
        check,
        floats,
        integers,
        one_of,
    )
    from reference.checking.modules import gradcheck_against_torch
    from reference.interchange import from_torch, to_torch

HOMES = {
    **dict.fromkeys(
        [
            "Disagreement", "Engine", "Kind", "Objects", "Result",
            "bools", "check", "floats", "integers", "one_of",
        ],
        "reference.checking",
    ),
    "gradcheck_against_torch": "reference.checking.modules",
    **dict.fromkeys(["from_torch", "to_torch"], "reference.interchange"),
}  # fmt: skip

__all__ = [
    "Disagreement",
    "Engine",
    "Kind",
    "Objects",
    "Result",
    "bools",
    "check",
    "floats",
    "from_torch",
    "gradcheck_against_torch",
    "integers",
    "one_of",
    "to_torch",
]

MISSING = '{} is missing; to install it, in the checkout: pip install ".[reference]"'
NEEDED = {"torch": "PyTorch", "hypothesis": "Hypothesis"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then what that needs."""
    if name not in HOMES:
        raise AttributeError(f"module 'reference' has no attribute {name!r}")
    try:
        module = importlib.import_module(HOMES[name])
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        raise ImportError(MISSING.format(NEEDED[error.name]), name=error.name) from None
    return getattr(module, name)
