"""Says which types of Trino a query works with, and which of them go together.

Coarse on purpose: it tells apart what Trino never turns into one another by itself. What is not known is None, and goes
together with everything. Used by `expressions.py` and `calls.py`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_FAMILIES = {
    "number": ("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double"),
    "text": ("varchar", "char"),
    "moment": ("date", "timestamp", "timestamp with time zone"),
    "time": ("time", "time with time zone"),
    "days": ("interval day to second",),
    "months": ("interval year to month",),
    "boolean": ("boolean",),
    "binary": ("varbinary",),
    "json": ("json",),
    "uuid": ("uuid",),
    "address": ("ipaddress",),
    "array": ("array",),
    "map": ("map",),
    "row": ("row",),
    "anything": ("unknown",),
}
_FAMILY = {name: family for family, names in _FAMILIES.items() for name in names}
_RANKS = [name for names in _FAMILIES.values() for name in names]
#: Types that are none of the above, and real all the same.
_OTHERS = frozenset(
    [
        "hyperloglog",
        "p4hyperloglog",
        "qdigest",
        "tdigest",
        "setdigest",
        "geometry",
        "sphericalgeography",
        "bingtile",
        "jsonpath",
        "json2016",
        "function",
        "color",
        "codepoints",
        "kdbtree",
        "objectid",
        "model",
        "classifier",
        "regressor",
        "numeric",
        "dec",
        "number",
        "variant",
    ]
)
#: What other engines call a type → how Trino does.
_ELSEWHERE = {
    "string": "varchar", "text": "varchar", "nvarchar": "varchar", "bool": "boolean", "int2": "smallint",
    "int4": "integer", "int8": "bigint", "int64": "bigint", "int32": "integer", "long": "bigint", "signed": "bigint",
    "unsigned": "bigint", "float": "double", "float4": "real", "float8": "double", "float64": "double",
    "datetime": "timestamp", "timestamptz": "timestamp with time zone", "bytea": "varbinary", "bytes": "varbinary",
    "blob": "varbinary", "clob": "varchar", "jsonb": "json", "money": "decimal(18, 2)", "bignumeric": "decimal(38, 9)",
    "mediumint": "integer", "varchar2": "varchar", "timestamp_ntz": "timestamp",
    "timestamp_tz": "timestamp with time zone",
}  # fmt: skip
_WRITTEN = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*(with time zone|without time zone)?\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ValueType:
    """A type, as far as it matters to what it goes together with."""

    name: str
    """As Trino calls it, without its length or precision."""
    inner: tuple["ValueType | None", ...] = ()
    """What an array, a map or a row is made of."""
    sure: bool = True
    """False for what Sigma's columns of that name usually are, where the schema is not known."""

    @property
    def family(self) -> str:
        """Names those that it goes together with."""
        return _FAMILY.get(self.name, self.name)


def named(name: str) -> ValueType:
    """Makes a type of its plain name."""
    return ValueType(name)


def parse_type(text: str) -> ValueType | None:
    """Reads a type as a schema writes it: `timestamp(3)`, `map(varchar, bigint)`; None for one that is not known."""
    written = _WRITTEN.fullmatch(text.lower().replace('"', ""))
    if not written:
        return None
    name = {"int": "integer", "datetime": "timestamp"}.get(written[1], written[1])
    if written[3] == "with time zone":
        name += " with time zone"
    if name not in _FAMILY:
        return None
    if name not in ("array", "map"):
        return ValueType(name)
    inner = tuple(parse_type(part) for part in _parts(written[2] or ""))
    return ValueType(name, inner)


def _parts(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def unknown_type(name: str) -> str | None:
    """Says how Trino calls a type that it does not know by this name, or nothing; None for one that it knows."""
    name = name.lower()
    if name in _FAMILY or name in _OTHERS or name in ("int", "varchar", "row", "array", "map", "interval"):
        return None
    return _ELSEWHERE.get(name, "")


def go_together(one: ValueType | None, other: ValueType | None) -> bool:
    """Tells whether both can be compared, or stand in one column; True where that is not known."""
    if one is None or other is None or "anything" in (one.family, other.family):
        return True
    if one.family != other.family:
        return False
    return all(go_together(mine, theirs) for mine, theirs in zip(one.inner, other.inner, strict=False))


#: To which families one of another is never cast, and by which function it comes there.
_NEVER_CAST = {
    ("moment", "number"): "to_unixtime({})",
    ("number", "moment"): "from_unixtime({})",
    ("time", "number"): "",
    ("number", "time"): "",
    ("days", "number"): "to_milliseconds({})",
    ("months", "number"): "",
    ("number", "days"): "{} * INTERVAL '1' SECOND",
    ("number", "months"): "{} * INTERVAL '1' MONTH",
    ("moment", "boolean"): "{} IS NOT NULL",
    ("boolean", "moment"): "",
}


def turned(quoted: str, found: ValueType, wanted: ValueType) -> str | None:
    """Writes what Trino never casts to a type as something of that type, or as nothing; None where a cast may do."""
    way = _NEVER_CAST.get((found.family, wanted.family))
    return None if way is None else way.format(quoted)


def common(types: Sequence[ValueType | None]) -> ValueType | None:
    """Finds what a column of all of these is; None where one is not known, or they do not go together."""
    known = [each for each in types if each is not None and each.family != "anything"]
    if None in types or not known or not all(go_together(known[0], each) for each in known):
        return named("unknown") if types and None not in types and not known else None
    widest = max(known, key=lambda each: _RANKS.index(each.name) if each.name in _RANKS else -1)
    return replace(widest, sure=are_sure(known))


def are_sure(types: Iterable[ValueType | None]) -> bool:
    """Tells whether none of these is only what such a column usually is."""
    return all(each is None or each.sure for each in types)
