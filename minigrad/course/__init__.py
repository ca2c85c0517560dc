"""What the course in docs/course needs beside the engine: small plots, and the exercises.

plot.py draws curves as SVG; exercise.py says what an exercise is; numbers.py, networks.py and
training.py are the exercises, each with the check of its answers; command.py is
`minigrad exercises`.
"""

from minigrad.course.plot import Plot, plot

__all__ = ["Plot", "plot"]
