"""Forebay: a distributed job queue with a concurrency governor for Stripe's Query Run API.

Only what this module names is public; everything below it may change with any release.
"""

__all__ = ["__version__"]

#: The release, said here and nowhere else: the build reads it.
__version__ = "0.1.0"
