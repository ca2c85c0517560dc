"""What a program is made of, before it is text.

values        arrays that were there, constants, results, and views of them
lines         the calls of NumPy that make them, and the loops that some calls are in
tape          all of them, in order, as they are noted
stack         the calls that are under way when a line is noted
origin        why it is there: op, formula, layer, the user's line, as the stack says
calls         a line as an expression of NumPy; expressions: the brackets that they need
"""
