"""Memory that is freed is kept for the next array.

glibc takes large blocks from the system one by one, and gives each back when it is freed. So every
new large array begins as fresh pages, and to be handed those takes two or three times as long as to
compute what is written to them. What counts as large follows the program: up to 32 MiB, it is more
than the largest block that was freed so far. Then blocks up to that size come from memory that is
kept, as long as no more than twice as much of it lies idle at its end.

Source: mallopt(3), "Note on the dynamic mmap threshold".
"""

from __future__ import annotations

import sys

import numpy as np

__all__ = ["keep_freed_memory"]

LARGEST = (32 << 20) - (64 << 10)  # bytes that glibc learns from; with what it adds to a block


def keep_freed_memory() -> None:
    """Free one block that is as large as that. Nothing is written to it, so it takes no memory.

    Other C libraries learn nothing from it, and nor does glibc where the user has set a threshold.
    """
    if sys.platform == "linux":
        np.empty(LARGEST, np.uint8)
