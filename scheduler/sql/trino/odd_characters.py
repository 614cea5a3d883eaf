"""Knows characters that look like those of SQL and are none: of word processors, web pages, other keyboards.

Part of `syntax_remedies.py`. They come with text that was copied, some of them are invisible, and the fault that the
grammar sees may stand a little before them.
"""

import unicodedata

from forebay.scheduler.sql.trino.fault_place import FaultPlace

_MEANT = {
    "‘": "'", "’": "'", "‚": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "−": "-", "≥": ">=", "≤": "<=", "≠": "<>", "×": "*", "÷": "/",
}  # fmt: skip
_FURTHEST = 3


def odd_character(place: FaultPlace) -> tuple[int, str] | None:
    """Finds one near the fault; says in which line, and what is written in its place."""
    for step in (0, -1, *range(1, _FURTHEST + 1)):
        text = place.text(step)
        if len(text) == 1 and not text.isascii():
            return place.line(step), _said(text)
    return None


def _said(character: str) -> str:
    code = f"U+{ord(character):04X}"
    if unicodedata.category(character)[0] in "ZC":
        return f"an invisible character stands here ({code}), as in text that was copied from a page: write a blank"
    if character in _MEANT:
        meant = _MEANT[character]
        quote = "; a text stands in 'straight single quotes', a name in \"double\" ones" if meant in "'\"" else ""
        return f"{character} ({code}) is no sign of SQL's: write {meant}{quote}"
    wide = unicodedata.normalize("NFKC", character)
    if wide != character and wide.isascii():
        return f"{character} ({code}) is of another keyboard: write {wide}"
    if character.isalpha():
        return f"a name with {character} is put in double quotes"
    return f"{character} ({code}) is no sign of SQL's"
