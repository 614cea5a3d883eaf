"""Stores results: each format is one function in a file of its own, listed in `landing.formats.registry`."""
