"""`minigrad.compile`: a step, recorded once, as a program of NumPy calls to be read and run."""

from minigrad.program.compiled import Compiled, compile
from minigrad.program.errors import CompileError

__all__ = ["CompileError", "Compiled", "compile"]
