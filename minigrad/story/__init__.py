"""The third reading of the formulas: a backward pass told with its numbers.

`minigrad.explain(loss)` returns an `Explanation`, which prints as the story and holds it as data.
symbols.py reads the formulas, graphs.py and walk.py go back through a graph as the engine does,
text.py and colour.py write down what they found, lines.py and names.py know what the user calls it.
"""

from minigrad.story.explanation import Explanation, explain
from minigrad.story.lines import Line, Recording, recording
from minigrad.story.programs import explain_program
from minigrad.story.steps import Contribution, Gradient, Place, Step, Update

__all__ = [
    "Contribution",
    "Explanation",
    "Gradient",
    "Line",
    "Place",
    "Recording",
    "Step",
    "Update",
    "explain",
    "explain_program",
    "recording",
]
