"""From a plan to a page that a person can read.

names         values are called as in the model, or as the user or an op calls them
formulas      the comments: the user's line, the op, the formula of the derivative
page          the frame: table, imports, set-up, the step
plain         the textbook's style, of a draft made readable; patterns: its shorter words
buffers       the fast style; vocabulary: what its buffers, views and constants are called
"""
