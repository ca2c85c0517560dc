"""`minigrad.compile`: a step, recorded once, as a program of NumPy calls to be read and run.

A call goes through these rooms:

    compiled      finds a program that fits the call, or records one
    recording     runs the step once, as ever, with arrays that note what NumPy does
    notation      what they note: values, and lines with the reason for each
    agreement     whether a second recording is the same: only then a program is believed
    rules         fewer and faster lines with the same bits, and a place for each value
    text          the program on a page; save: with its numbers, as a file
    calling       asks whether all is as it was, runs the program, leaves tensors
    program       one recorded step on its way from the tape to the text

No op is defined here: a program is what the kernels and formulas of `ops/` did when they were run.
"""

from minigrad.program.compiled import Compiled, compile
from minigrad.program.errors import CompileError

__all__ = ["CompileError", "Compiled", "compile"]
