"""Pictures of computations and networks, made in Python alone.

diagram.py says what a picture shows, graphs.py and modules.py make that of a computation and of a
module; layers.py and layout.py find places for it; svg.py, dot.py, mermaid.py and page.py write it.
"""

from minigrad.drawing.diagram import Box, Diagram, Group, Line
from minigrad.drawing.picture import Picture, draw

__all__ = ["Box", "Diagram", "Group", "Line", "Picture", "draw"]
