"""`minigrad.compile`: a step, recorded once, as a program of NumPy calls to be read and run.

A call goes through these files:

    compiled      finds a program that fits the call, or records one; a second recording must agree
    surroundings  what the step can see: tensors, modules, optimizers, numbers; facts to be guarded
    record        runs the step once, as ever, on noting arrays (noting, functions), with stand-ins
                  for leaves and groups (standins, hyper); undoes what is refused (world)
    tape          the lines: calls of NumPy, each with its origin: op, formula, user's line (origin)
    simplify      fewer lines with the same values
    lower         faster ones with the same bits: equal shapes, short_sums, choices, floats (all
                  written by rewrite); pack: small updates side by side; blocks: large ones in parts
    memory        where each value lives
    page          the text: plain is the textbook's, buffers the fast one; names, formulas, calls,
                  expressions
    entry         what is called from now on: asks whether the facts hold (guards, fits), runs the
                  program and leaves tensors as the engine would (effects, gradients), all in the
                  names of one scope; wayback is for results that are differentiated later
    save          the text with its numbers, as a file

No op is defined here: a program is what the kernels and formulas of `ops/` did when they were run.
"""

from minigrad.program.compiled import Compiled, compile
from minigrad.program.errors import CompileError

__all__ = ["CompileError", "Compiled", "compile"]
