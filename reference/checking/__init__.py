"""Search for the smallest input on which a function differs from PyTorch's.

- `kinds.py`: the kinds of inputs, and how they are drawn
- `engines.py`: how to speak with an engine
- `running.py`: what one side answers to one input
- `comparing.py`: when two answers are the same
- `searching.py`: `check` itself
- `report.py`, `hints.py`, `script.py`, `sources.py`: what it prints
"""

from reference.checking.engines import Engine, Objects
from reference.checking.kinds import Kind, bools, floats, integers, one_of
from reference.checking.report import Disagreement, Result
from reference.checking.searching import check

__all__ = [
    "Disagreement",
    "Engine",
    "Kind",
    "Objects",
    "Result",
    "bools",
    "check",
    "floats",
    "integers",
    "one_of",
]
