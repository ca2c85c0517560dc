"""How fast minigrad is, measured against PyTorch, hand-written NumPy and other engines.

    python -m benchmarks                        everything, on one thread
    python -m benchmarks mlp chain --quick      some of it, at a glance

What is measured stands in `workloads.py`, who runs in `contestants.py`, and the rules, by which
nobody is timed who computes something else, in `contest.py`.
"""
