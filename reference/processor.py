"""PyTorch's products, with the same bits on every processor."""

import os

__all__ = ["settle_products"]


def settle_products() -> None:
    """Let this process, and those that it starts, have the products that any processor has.

    MKL multiplies PyTorch's matrices, and goes another way on each kind of processor: a product of
    two terms is rounded once or twice. COMPATIBLE is the way that all of them can go; it is slower.
    It must be chosen before the first product, and a choice of the user's is left alone.

    Source: Intel oneMKL Developer Guide, "Obtaining Numerically Reproducible Results".
    """
    os.environ.setdefault("MKL_CBWR", "COMPATIBLE")
