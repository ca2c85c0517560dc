"""The version, in a file that imports nothing, so that a build can read it without numpy."""

__version__ = "0.1.0"
