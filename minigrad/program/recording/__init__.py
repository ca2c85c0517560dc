"""From a step to a tape: the step runs once, as ever, and everything in its reach is watched.

arguments     the tensors and plain values that it is called with
surroundings  what else it can see, as facts that can be asked again; code: the names in code;
              ownership: whose an object is; iterators, streams: what moves on when it is asked
marked        arrays that know their value; operands, writes: what is asked of them, done to them
noting        the arrays that note each call of NumPy; functions: those that are no ufuncs
standins      what stands in for tensors and leaves; hyper: for an optimiser's groups
momenta       of small parameters, made by the step: side by side in one memory
results       what it returns, and the way back from there
world         what it may change without an array telling
record        one observed call: all of these, put in place and put back
"""
