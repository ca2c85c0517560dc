"""The guide's nine programs in PyTorch, and the comparison of minigrad with them.

`reference/relu.py` is the twin of `minigrad/guide/relu.py`, and so on: the files differ in
nothing but their imports. `python -m reference` trains each pair side by side and compares
them step by step; see `reference.lockstep`. This package needs PyTorch:
`pip install "minigrad-learn[reference]"`.
"""
