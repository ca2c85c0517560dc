"""What is called from now on in place of the step.

scope         the names of objects in the generated code
guards        what must hold, as expressions; fits: the questions that take more than an `is`
effects       running the program, and leaving tensors as the engine would
gradients     buffers and tensors that are used again while nobody can tell
wayback       a backward that comes after the call
entry         guards, then effects: the function itself
"""
