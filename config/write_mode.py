"""Names what may happen where a result is to land and another one is: what a spec may ask for as `write`."""

from enum import StrEnum


class WriteMode(StrEnum):
    """What a window that runs again does with what the time before left."""

    VERSIONED = "versioned"  # each batch has a place of its own, so nothing is ever there
    REPLACE = "replace"  # the place stays, and shows what was asked last
    FAIL_IF_EXISTS = "fail_if_exists"  # what is there stays
