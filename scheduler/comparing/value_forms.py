"""Says in which form a value of a CSV is written, and what it is whatever its form: by its text alone, without a type.

`row_differences.py` asks, of values that differ. A form is a kind and its digits, and tells nothing of the value.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

#: Without a zero in front: what begins with one is a code or an id, of which each digit counts.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,99})(?:\.(?P<digits>\d{1,100}))?(?P<exponent>[eE][+-]?\d{1,3})?")
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:(?P<joint>[T ])(?P<time>\d\d:\d\d(?::\d\d)?)(?:\.(?P<digits>\d{1,12}))?"
    r" ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?)?"
)
_BOOLEANS = ("true", "false")


def form_of(text: str) -> str:
    """Names the form of a value, for people: `decimal with 2 digits`, `timestamp with T and Z`."""
    if not text:
        return "empty"
    if number := _NUMBER.fullmatch(text):
        return _number_form(number)
    if (moment := _MOMENT.fullmatch(text)) and _instant(moment):
        return _moment_form(moment)
    if text.lower() in _BOOLEANS:
        return "boolean in small letters" if text.islower() else "boolean in capitals"
    return "text"


def without_form(text: str) -> str:
    """Gives what is the same for values that differ in form alone; a text itself."""
    number = _NUMBER.fullmatch(text)
    if number and (number["digits"] or number["exponent"]):
        return _plain(Decimal(text))
    moment = _MOMENT.fullmatch(text)
    if moment and (instant := _instant(moment)):
        return f"{instant.isoformat()}.{(moment['digits'] or '').rstrip('0')}"
    if text.lower() in _BOOLEANS:
        return text.lower()
    return text


def _plain(number: Decimal) -> str:
    """Writes it as a whole number is written, if it is one: `1.50` and `1.5` alike, and `2.00` and `2`."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - neither infinite nor no number
    significant = "".join(map(str, digits)).lstrip("0")
    kept = significant.rstrip("0")
    if not kept:
        return "0"
    exponent += len(significant) - len(kept)
    if exponent >= 0:
        kept, exponent = kept + "0" * exponent, 0
    return f"{'-' * sign}{kept}" + (f"e{exponent}" if exponent else "")


def _instant(moment: re.Match[str]) -> datetime | None:
    """Reads it to the second, in UTC, as Sigma's times without a zone are; None for what no calendar has."""
    zone = moment["zone"] or ""
    try:
        at = datetime.fromisoformat(f"{moment['day']} {moment['time'] or '00:00'}").replace(tzinfo=UTC)
        if zone[:1] not in ("+", "-"):
            return at
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        return at - timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    except (ValueError, OverflowError):
        return None


def _number_form(number: re.Match[str]) -> str:
    if number["exponent"]:
        return "number with an exponent"
    return f"decimal with {_digits(number['digits'])}" if number["digits"] else "whole number"


def _moment_form(moment: re.Match[str]) -> str:
    if not moment["time"]:
        return "date"
    zone = moment["zone"] or "no zone"
    shown = "an offset" if zone[0] in "+-" else zone
    joint = "T" if moment["joint"] == "T" else "a blank"
    digits = f", {_digits(moment['digits'])}" if moment["digits"] else ""
    return f"timestamp with {joint} and {shown}{digits}"


def _digits(digits: str) -> str:
    return f"{len(digits)} digit{'s' * (len(digits) != 1)}"
