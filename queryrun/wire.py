"""Reads what came over the wire without trusting it. Used by `classify` and the dialects."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from forebay.config.read_json import read_json

_MOST_CHARACTERS = 2_000
#: Of what names something: an error code, a request, a status. Stripe's own are under 60.
_MOST_NAME_CHARACTERS = 120

#: Stripe masks keys in its messages; whatever stands between us and Stripe may not.
_KEY_LIKE = re.compile(r"(?:[sr]k_(?:live|test|org)|whsec_)[\w*]*|(?i:bearer)\s+\S+")


def json_object(body: bytes) -> dict[str, Any]:
    """Reads the JSON object in `body`; an empty one if there is none (a load balancer's HTML, a cut reply)."""
    try:
        return as_object(read_json(body))
    except ValueError:
        return {}


def as_object(value: object) -> dict[str, Any]:
    """Takes `value` as a JSON object; an empty one if it is none."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Gives `value` if it is a string, fit for a log and a terminal: bounded, on one line, without control characters,
    lone surrogates or anything like a key. Anything else is an empty string."""
    if not isinstance(value, str):
        return ""
    printable = "".join(char if char.isprintable() else " " for char in value[:_MOST_CHARACTERS])
    return _KEY_LIKE.sub("[key]", printable).strip()


def name(value: object) -> str:
    """Gives `value` as `text` does, and no longer than what names something."""
    return text(value)[:_MOST_NAME_CHARACTERS]


def instant(value: object) -> datetime | None:
    """Reads RFC 3339 with any number of fractional digits (Python cuts them to six); without a zone it means UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
