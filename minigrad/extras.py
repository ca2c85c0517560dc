"""Packages that minigrad can do without: imported when they are used, and missed in clear words."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["of_extra"]


def of_extra(module: str, extra: str, use: str, instead: str = "") -> ModuleType:
    """A module of an optional package, the one of minigrad's `extra`.

    If the package is missing, ModuleNotFoundError says what to install for the `use`, and what to
    do `instead`.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if not str(error.name).startswith(package):
            raise
        raise ModuleNotFoundError(
            f"{use} need the package {package}, which is not installed; install it with "
            f"`python -m pip install {package}` or as the extra of minigrad, `python -m pip "
            f'install ".[{extra}]"` from a checkout{instead}',
            name=package,
        ) from None
