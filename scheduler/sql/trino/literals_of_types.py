"""Knows how values of a type are written and counted with: intervals, dates, time zones, units, sums of them.

Part of `expressions.py`: each function says what Trino would refuse, and how it is written.
"""

import re
from datetime import date
from functools import cache
from zoneinfo import available_timezones

from forebay.config.near_miss import near_miss
from forebay.scheduler.sql.trino.remarks import TreeRemarks
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import ValueType, common, named, parse_type, unknown_type

#: One expression, and its type.
Typed = tuple[Node, ValueType | None]

UNITS = frozenset({"millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"})
_FIELDS = UNITS - {"millisecond"} | {
    "day_of_month", "day_of_week", "dow", "day_of_year", "doy", "year_of_week", "yow", "timezone_hour",
    "timezone_minute",
}  # fmt: skip
_MOST_DIGITS = 38
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_LIKE = re.compile(
    r"\s*[+-]?\d{1,6}-\d{1,2}-\d{1,2}(?P<time>[ T]\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d+)?)?)?)?(?P<zone>\s*\S+)?\s*"
)
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT|UT|Z", re.IGNORECASE)
_IN_UNITS = {"WEEK": ("DAY", 7), "QUARTER": ("MONTH", 3), "DECADE": ("YEAR", 10)}
_INTERVAL_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_AMOUNTS = {"SECOND": r"[+-]?\d+(\.\d{1,3})?"}


def rewritten(remarks: TreeRemarks, one: Typed, other: Typed) -> str:
    """Says how the literal `other` is written, that is compared with `one`; nothing where it is no literal."""
    text, kind = remarks.literal(other[0]), one[1]
    if kind is None:
        return ""
    quoted = remarks.quoted(one[0])
    if kind.family == "moment" and text is not None and _DATE.match(text):
        word = "DATE" if _DATE.fullmatch(text) else "TIMESTAMP"
        return f"; write {word} '{text}'"
    if kind.family == "boolean":
        truth = {"1": "true", "0": "false"}.get(text if text is not None else remarks.tree.text(other[0]))
        truth = truth or (text.lower() if text is not None and text.lower() in ("true", "false") else None)
        return f"; write {quoted} = {truth}" if truth else ""
    if kind.family == "number" and text is not None and re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return f"; write {text} without quotes"
    if kind.family == "text" and other[0].kind == "NumericLiteral":
        return f"; write '{remarks.tree.text(other[0])}' in quotes, or CAST({quoted} AS bigint)"
    return ""


def why_not(remarks: TreeRemarks, one: Typed, sign: str, other: Typed) -> str | None:
    """Says why Trino cannot add, subtract, multiply or divide these; None where it can, or where that is not known."""
    left, right = one[1], other[1]
    if left is None or right is None or "anything" in (left.family, right.family):
        return None
    families = {left.family, right.family}
    if families == {"number"} or _is_time(left, sign, right):
        return None

    def quoted(node: Node) -> str:
        return f"({remarks.quoted(node)})" if node.kind == "ArithmeticBinary" else remarks.quoted(node)

    text = f"Trino has no {left.name} {sign} {right.name} ({quoted(one[0])} {sign} {quoted(other[0])})"
    if left.family == "moment" and right.family == "number":
        number = quoted(other[0])
        return f"{text}; write date_add('day', {'-' * (sign == '-')}{number}, {quoted(one[0])})"
    words = remarks.literal(other[0])
    if left.family == "moment" and words is not None:
        return f"{text}; write {as_interval(words, '')}"
    return text + ("; texts are joined by ||" if sign == "+" and "text" in families else "")


def _is_time(left: ValueType, sign: str, right: ValueType) -> bool:
    """Tells whether these are times and intervals that go together."""
    spans, points = ("days", "months"), ("moment", "time")
    if sign in "+-":
        if left.family in points:
            return right.family in spans or (sign == "-" and right.family == left.family)
        return left.family in spans and (right.family == left.family or (sign == "+" and right.family in points))
    if left.family in spans:
        return right.family == "number" and sign in "*/"
    return sign == "*" and left.family == "number" and right.family in spans


def outcome(left: ValueType | None, sign: str, right: ValueType | None) -> ValueType | None:
    """Finds the type of a sum, a product, or the like; None where it is not known."""
    if left is None or right is None:
        known = left or right
        return known if known and known.family == "moment" and sign == "+" else None
    if left.family == right.family == "moment":
        return named("interval day to second")
    if left.family == right.family:
        return common([left, right])
    for each in (left, right):
        if each.family in ("moment", "time"):
            return each
    return next((each for each in (left, right) if each.family in ("days", "months")), None)


def interval(remarks: TreeRemarks, node: Node) -> ValueType:
    """Judges an interval literal."""
    inner = node if node.kind == "Interval" else next(node.nodes)
    value, *fields = inner.nodes
    unit = remarks.tree.text(fields[0]).upper()
    text = remarks.literal(value)
    if len(fields) == 1 and text is not None and not re.fullmatch(_AMOUNTS.get(unit, r"[+-]?\d+"), text.strip()):
        remarks.error(
            node, "type", f"'{text}' is no number of {unit.lower()}s; an interval is written INTERVAL '30' DAY"
        )
    return named("interval year to month" if unit in ("YEAR", "MONTH") else "interval day to second")


def constructed(remarks: TreeRemarks, node: Node) -> ValueType | None:
    """Judges `TYPE 'text'`."""
    *names, value = node.nodes
    name = remarks.name(names[0]) if names else "double"
    text = remarks.literal(value) or ""
    if name == "interval":
        remarks.error(node, "type", f"an interval is written {as_interval(text, remarks.word_after(node))}")
        return None
    hint = unknown_type(name)
    if hint is not None:
        why = f"; write {hint} {remarks.tree.text(value)}" if hint else ""
        if len(name) == 1:
            why = "; a string of Trino has no letter before it"
        remarks.error(node, "type", f"'{name}' is no type of Trino's{why}")
        return None
    return _moment(remarks, node, name, text) if name in ("date", "timestamp") else parse_type(name)


def as_interval(text: str, unit: str) -> str:
    """Writes an interval as Trino reads it; `text` may name its unit itself: `30 days`."""
    written = re.fullmatch(r"\s*([+-]?\d+)\s*([a-zA-Z]*?)s?\s*", text)
    if not written:
        return "INTERVAL '30' DAY"
    number, singular = written[1], (written[2] or unit).upper().rstrip("S")
    name, times = _IN_UNITS.get(singular, (singular, 1))
    return f"INTERVAL '{int(number) * times}' {name if name in _INTERVAL_UNITS else 'DAY'}"


def _moment(remarks: TreeRemarks, node: Node, name: str, text: str) -> ValueType:
    written = _DATE_LIKE.fullmatch(text)
    if not written or (name == "date" and written["time"]) or not _is_day(text):
        remarks.error(node, "type", f"'{text}' is no {name}: one is written {name.upper()} '{_EXAMPLES[name]}'")
        return named(name)
    if name == "timestamp" and written["zone"]:
        return named("timestamp with time zone")
    return named(name)


_EXAMPLES = {"date": "2026-01-31", "timestamp": "2026-01-31 00:00:00"}


def _is_day(text: str) -> bool:
    """Tells whether the calendar has such a day; what is not written with all its digits is let pass."""
    if not _DATE.match(text.strip()):
        return True
    try:
        date.fromisoformat(text.strip()[:10])
    except ValueError:
        return False
    return True


@cache
def _zones() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones()}


def check_zone(remarks: TreeRemarks, node: Node) -> None:
    """Remarks on a time zone that nobody knows, or not in this spelling."""
    text = remarks.literal(node)
    if text is None or _OFFSET.fullmatch(text) or not _zones() or text in _zones().values():
        return
    right = _zones().get(text.casefold().replace(" ", "_"))
    hint = f"; write '{right}'" if right else near_miss(text, _zones().values())
    remarks.error(node, "time-zone", f"there is no time zone '{text}'{hint}")


def check_unit(remarks: TreeRemarks, node: Node, called: str) -> None:
    """Remarks on what is no unit of time, in the first argument of a function."""
    text = remarks.literal(node)
    if text is not None and text.lower() not in UNITS:
        remarks.error(node, "function", f"'{text}' is no unit of {called}{_near_unit(text)}")


def check_bare_unit(remarks: TreeRemarks, node: Node, called: str) -> None:
    """Remarks on a unit of time that lacks its quotes, where no column has that name."""
    unit = remarks.name(node).rstrip("s")
    remarks.error(node, "function", f"the unit of {called} is a text: {called}('{unit}', …)")


def is_bare_unit(remarks: TreeRemarks, node: Node) -> bool:
    """Tells whether this is a unit of time without its quotes."""
    return node.kind == "ColumnReference" and remarks.name(node).rstrip("s") in UNITS


def _near_unit(text: str) -> str:
    singular = text.lower().rstrip("s")
    return f"; write '{singular}'" if singular in UNITS else near_miss(text, UNITS) or f" ({', '.join(sorted(UNITS))})"


def check_extract(remarks: TreeRemarks, unit: Node, value: Node, found: ValueType | None) -> None:
    """Remarks on `extract(…)` of what is no part of a time, and from what is no time."""
    name, quoted = remarks.name(unit), remarks.quoted(value)
    if name == "epoch":
        remarks.error(unit, "function", f"Trino extracts no epoch; write to_unixtime({quoted})")
    elif name not in _FIELDS:
        remarks.error(unit, "function", f"Trino extracts no '{name}'{near_miss(name, _FIELDS)}")
    if found and found.family not in ("moment", "time", "days", "months", "anything"):
        text = f"{quoted} is {found.name}, and extract takes parts of times: write CAST({quoted} AS timestamp)"
        remarks.error(value, "type", text, sure=found.sure)


def check_type(remarks: TreeRemarks, node: Node) -> None:
    """Remarks on a type that Trino does not have, wherever in a type it stands."""
    for part in node.walk():
        if part.kind == "GenericType":
            name = remarks.name(next(part.nodes))
            hint = unknown_type(name)
            if hint is not None:
                way = (
                    f"; write {hint}"
                    if hint
                    else near_miss(name, ("varchar", "bigint", "double", "decimal", "timestamp"))
                )
                remarks.error(part, "type", f"Trino has no type '{name}'{way}")
            elif name in ("decimal", "dec", "numeric") and not _is_decimal(remarks, part):
                text = f"a decimal has 38 digits at most, all of its places among them: {remarks.tree.text(part)}"
                remarks.error(part, "type", text)


def _is_decimal(remarks: TreeRemarks, node: Node) -> bool:
    """Tells whether Trino has a decimal of these digits and places; what is no number is remarked on as a type."""
    given = [remarks.tree.text(each) for each in node.of("TypeParameter")]
    if not all(each.isdecimal() for each in given):
        return True
    digits, places, *_ = [*map(int, given), 0, 0] if given else [_MOST_DIGITS, 0]
    return 1 <= digits <= _MOST_DIGITS and places <= digits
