"""Makes text that others wrote fit for a screen and a log: what could steer a terminal, or hide, is spelled out.

Names, reasons, SQL and the words of Stripe or of an engine may hold anything. Escape sequences, bells, line breaks, C1
controls, marks that turn the direction of writing and lone surrogates become what a programmer would type for them
(`\\x1b`, `\\n`, `\\u202e`): nothing is lost, and nothing acts. Used by all that writes to people: `cli/output/`, logs.
"""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

#: Controls, marks of format, surrogates, and the two separators that some readers take for a new line.
_ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable(text: str) -> str:
    """Gives the text on one line, with each character that is not to be seen spelled out."""
    if text.isprintable():
        return text
    return "".join(_spelled(char) if unicodedata.category(char) in _ACTING else char for char in text)


def printable_lines(text: str) -> list[str]:
    """Gives the lines of a text in which line breaks and tabs are meant, such as SQL, each of them printable."""
    return [printable(line.expandtabs(4)) for line in text.replace("\r\n", "\n").split("\n")]


def printable_json(record: Mapping[str, Any]) -> str:
    """Writes an object as JSON on one line: readable, but for what acts, which JSON spells in its own way."""
    text = json.dumps(record, ensure_ascii=False, default=str)
    if text.isprintable():
        return text
    # Outside of its strings JSON has nothing but ASCII that is to be seen, so this changes no value.
    return "".join(json.dumps(char)[1:-1] if unicodedata.category(char) in _ACTING else char for char in text)


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
