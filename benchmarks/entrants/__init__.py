"""The contestants' programs: one file for all that is written in the same way.

Each has functions that are named after kinds of workloads. Such a function takes a problem and
returns a Trial. Between minigrad and PyTorch there is no difference but the module that
`torch_like` gets; the others are adapters of a few lines.
"""
