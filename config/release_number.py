"""Says which release this is: once, below all that tell it, and where the build reads it."""

__version__ = "0.1.0"
