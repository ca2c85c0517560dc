"""From a tape to a plan: the same bits, in fewer and cheaper lines, each value in its place.

simplify      fewer lines with the same values
rewrite       how a rule puts lines for a line; lower has the table of the rules:
short_sums    sums of up to four terms as additions
zeros         sums with 0 that nobody can tell from what is added to it
choices       `where` by a written copy, or by bit masks
floats        one number in Python's own arithmetic
momenta       those of small parameters, where they lie side by side, at once
pack          small updates of several parameters side by side
blocks        large arrays in parts that fit the processor's cache
memory        where each value lives: in memory that was there, in buffers, in new arrays
"""
