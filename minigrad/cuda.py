"""So that `"cuda" if minigrad.cuda.is_available() else "cpu"` runs: there is no GPU here."""

__all__ = ["device_count", "is_available"]


def is_available() -> bool:
    """False: minigrad computes on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0
