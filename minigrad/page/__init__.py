"""An explanation as one page: a file of HTML that needs nothing else, no network and no server.

backward.py writes the steps of the backward pass and the graph beside them, training.py watches a
program of the guide train and writes what became of its weights and units, plots.py draws curves.
All numbers are the engine's and are written here; page.js shows those that a slider asks for.
Without a script the page still tells everything about the backward pass, one step under the other.
"""

from minigrad.page.assembly import program_page, story_page

__all__ = ["program_page", "story_page"]
