"""Finds which of the known words was probably meant, for what says that a word is none of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """Says `, did you mean '…'?`, or what is known where nothing is near."""
    return near_miss(key, known) or f" (known here: {', '.join(known)})"


def near_miss(key: str, known: Iterable[str]) -> str:
    """Says `, did you mean '…'?`, or nothing where nothing is near."""
    by_letters = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(key.casefold(), list(by_letters), n=1)
    return f", did you mean '{by_letters[close[0]]}'?" if close else ""
