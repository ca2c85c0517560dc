"""Floating-point silence without a price.

PyTorch computes 1/0 without a word; NumPy warns. `np.errstate` around each call would cost more
than the call. NumPy keeps its error state in a context variable, so one context in which it is
"ignore" is made once, and `silence().run(f, *args)` calls f inside of a copy of it. A copy, since a
context is entered once at a time; it shares what it holds, and is made in no time. The user's own
error state is never touched, and only kernels and formulas on arrays run inside: never a user's
code, but for a finalizer that Python calls there; it is in silence, too.
"""

from __future__ import annotations

import contextvars

import numpy as np

__all__ = ["silence"]

context = contextvars.Context()
context.run(np.seterr, all="ignore")
silence = context.copy
