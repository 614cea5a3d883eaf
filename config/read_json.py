"""Reads JSON that others wrote, so that whatever it is comes to one kind of error."""

import json
from typing import Any


def read_json(text: str | bytes) -> Any:
    """Reads a value. Raises `json.JSONDecodeError`, a ValueError, also for one that is nested deeper than Python reads.

    (Bytes that are no text raise UnicodeDecodeError, a ValueError too.)
    """
    try:
        return json.loads(text)
    except RecursionError:
        # Not `from` the error: its frames are as many as the nesting is deep.
        raise json.JSONDecodeError("it is nested too deeply", "", 0) from None
