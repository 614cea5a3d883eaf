"""Judges calls of functions: that there is such a function, that it takes so many values, and of such types.

Part of `expressions.py`. What no list knows is only a warning: Stripe Sigma may have functions that nobody wrote of.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from forebay.config.near_miss import near_miss
from forebay.scheduler.sql.trino import call_parts, row_patterns
from forebay.scheduler.sql.trino.function_types import ARGUMENTS, PASSED_ON, RETURNED
from forebay.scheduler.sql.trino.known_functions import FunctionKind, KnownFunction, elsewhere, known_functions
from forebay.scheduler.sql.trino.literal_bounds import check_sequence, check_share
from forebay.scheduler.sql.trino.literals_of_types import check_bare_unit, check_unit, check_zone, is_bare_unit
from forebay.scheduler.sql.trino.made_types import MADE, TAKES, array_of
from forebay.scheduler.sql.trino.remarks import IDENTIFIERS
from forebay.scheduler.sql.trino.scopes import NameScope, resolve
from forebay.scheduler.sql.trino.syntax import Node
from forebay.scheduler.sql.trino.value_types import ValueType, common, named, turned

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.expressions import Expressions

#: Parts of a call that are none of its arguments.
_BESIDE = frozenset(
    {
        "QualifiedName",
        "ProcessingMode",
        "SetQuantifier",
        "SortItem",
        "Filter",
        "NullTreatment",
        "Over",
        "ListAggOverflowBehavior",
    }
)
_WITH_UNIT = frozenset({"date_trunc", "date_add", "date_diff"})
_WITH_ZONE = frozenset({"at_timezone", "with_timezone"})
_WITH_PATH = frozenset({"json_extract", "json_extract_scalar", "json_size"})
#: Their results are of the type that all of these arguments have.
_ALIKE = {"coalesce": 0, "greatest": 0, "least": 0, "if": 1, "nullif": 0}

#: What contains() looks into.
_SEARCHED = ARGUMENTS["contains"][0]
_NAMES = ("x", "y", "z")

#: Two functions that format times, each in its own language.
_FORMATS = {"date_format": "format_datetime", "format_datetime": "date_format"}
#: Aggregates that give a list instead where they get more arguments than this.
_MAY_LIST = {"max": 1, "min": 1, "max_by": 2, "min_by": 2}


def name_of(expressions: "Expressions", node: Node) -> str:
    """Reads the name of the function that a call names, in lower case."""
    if node.kind == "Listagg":
        return "listagg"
    return expressions.remarks.name(node.of("QualifiedName")[0])


def arguments_of(node: Node) -> list[Node]:
    """Lists the arguments of a call."""
    return [part for part in node.nodes if part.kind not in _BESIDE]


def judged(expressions: "Expressions", node: Node, scope: NameScope) -> ValueType | None:
    """Judges a call with all that stands in it, and finds the type of its result."""
    name, arguments = name_of(expressions, node), arguments_of(node)
    if scope.is_pattern and name in row_patterns.FUNCTIONS:
        return row_patterns.judge_call(expressions, node, name, arguments, scope)
    function = known_functions().get(name)
    if function is None:
        _unknown(expressions, node, name)
    units = arguments[:1] if name in _WITH_UNIT or function is None else []
    bare = [
        unit for unit in units if is_bare_unit(expressions.remarks, unit) and not _is_column(expressions, unit, scope)
    ]
    types: list[ValueType | None] = []
    for argument in arguments:
        if argument.kind == "Lambda":
            types.append(_lambda(expressions, name, argument, types, scope))
        else:
            types.append(None if argument in bare else expressions.type_of(argument, scope))
    for unit in bare if function else ():
        check_bare_unit(expressions.remarks, unit, name)
    call_parts.judge_beside(expressions, node, scope)
    if function is None:
        return None
    call_parts.check_allowed(expressions, node, function, arguments)
    if _is_taken(expressions, node, function, arguments):
        _literals(expressions, name, arguments)
        _types(expressions, node, name, arguments, types)
    return _result(name, arguments, types)


def _lambda(
    expressions: "Expressions", name: str, node: Node, types: list[ValueType | None], scope: NameScope
) -> ValueType | None:
    """Judges a function that is the next argument behind those of `types`, and finds the type of what it gives."""
    takes = TAKES.get(name, {}).get(len(types))
    given = takes.given(types) if takes else []
    body, found = expressions.judge_lambda(node, scope, given)
    count = sum(part.kind in IDENTIFIERS for part in node.nodes if part is not body)
    if takes and count != len(given):
        usage = "x -> …" if len(given) == 1 else f"({', '.join(_NAMES[: len(given)])}) -> …"
        text = f"the function in {name}() takes {_counted(len(given))}, and not {count}: write {usage}"
        expressions.remarks.error(node, "function", text)
    elif takes and takes.decides:
        expressions.is_boolean(body, found, f"the function in {name}()")
    return found


def _is_column(expressions: "Expressions", node: Node, scope: NameScope) -> bool:
    return scope.is_known and resolve(scope, expressions.remarks.name(node)).found


def _unknown(expressions: "Expressions", node: Node, name: str) -> None:
    if name.startswith("st_") or "." in name:
        return
    if ours := elsewhere(name):
        expressions.remarks.error(node, "function", f"Trino has no {name}(); write {ours}")
    elif near := near_miss(name, known_functions()):
        expressions.remarks.error(node, "function", f"there is no function '{name}'{near}")
    else:
        text = f"neither Trino's documentation nor Stripe Sigma's has a function '{name}'"
        expressions.remarks.warning(node, "function", text)


def _is_taken(expressions: "Expressions", node: Node, function: KnownFunction, arguments: list[Node]) -> bool:
    """Tells whether such a call is one, and remarks if not."""
    remarks, count = expressions.remarks, len(arguments)
    if function.kind is FunctionKind.SOME:
        text = f"{function.name}() is of a plugin, or of a newer release of Trino, and Stripe may not have it"
        remarks.warning(node, "version", text)
    if function.takes(count) or "*" in remarks.tree.words(node):
        return True
    remarks.error(
        node, "function", f"{function.name}() does not take {_counted(count)}: {_usage(function, node, count)}"
    )
    return False


def _counted(count: int) -> str:
    return {0: "no value at all", 1: "one value"}.get(count, f"{count} values")


def _usage(function: KnownFunction, node: Node, count: int) -> str:
    if function.name == "count" and node.of("SetQuantifier"):
        return "write count(DISTINCT (a, b)), with the columns as one row"
    if function.name in ("date_add", "date_diff", "date_trunc") and count < 3:
        return f"write {function.usages[0].replace('unit', chr(39) + 'day' + chr(39))}"
    return f"write {' or '.join(function.usages)}"


def _literals(expressions: "Expressions", name: str, arguments: list[Node]) -> None:
    if name in _WITH_UNIT:
        check_unit(expressions.remarks, arguments[0], name)
    if name in _WITH_ZONE or (name == "from_unixtime" and len(arguments) == 2):
        check_zone(expressions.remarks, arguments[1])
    if name in _FORMATS and len(arguments) > 1:
        _check_format(expressions, name, arguments[1])
    if name in _WITH_PATH:
        _check_path(expressions, arguments[1])
    if name == "sequence":
        check_sequence(expressions.remarks, arguments)
    if name == "approx_percentile":
        check_share(expressions.remarks, arguments)


def _check_path(expressions: "Expressions", node: Node) -> None:
    path = expressions.remarks.literal(node)
    if path is not None and not path.startswith("$"):
        begun = path if path.startswith("[") else f".{path}"
        expressions.remarks.error(node, "function", f"a path into JSON begins with $: write '${begun}'")


def _check_format(expressions: "Expressions", name: str, node: Node) -> None:
    """Warns of a format in the language of the other function."""
    text, other = expressions.remarks.literal(node), _FORMATS[name]
    if text and any(letter.isalpha() for letter in text) and ("%" in text) is (name == "format_datetime"):
        speaks = "'yyyy-MM'" if name == "format_datetime" else "'%Y-%m'"
        expressions.remarks.warning(
            node, "function", f"{name}() speaks formats as {speaks}; as '{text}' those of {other}()"
        )


def _types(
    expressions: "Expressions", node: Node, name: str, arguments: list[Node], types: list[ValueType | None]
) -> None:
    if name == "nullif":
        expressions.meet(node, (arguments[0], types[0]), (arguments[1], types[1]))
    elif name in _ALIKE:
        first = _ALIKE[name]
        expressions.one_type(arguments[first:], types[first:], f"the values of {name}()")
    if name == "if":
        expressions.is_boolean(arguments[0], types[0], "IF")
    wanted = ARGUMENTS.get(name, ())
    if name == "concat" and all(found and found.family != "array" for found in types):
        wanted = (("text", "binary"),) * len(arguments)
    for argument, found, families in zip(arguments, types, wanted, strict=False):
        if found and families and found.family not in (*families, "anything"):
            if name in _WITH_UNIT and argument is arguments[0]:
                usage = known_functions()[name].usages[0].replace("unit", "'day'")
                text = f"the unit of {name}() comes first: {usage}"
                expressions.remarks.error(argument, "function", text)
                return
            hint = _turned(expressions, argument, found, families)
            quoted = expressions.remarks.quoted(argument)
            text = f"{name}() takes {_spoken(families)}, and {quoted} is {found.name}{hint}"
            expressions.remarks.error(argument, "type", text, sure=found.sure)


def _spoken(families: tuple[str, ...]) -> str:
    spoken = {
        "moment": "a date or timestamp",
        "days": "an interval",
        "binary": "bytes",
        "json": "JSON",
        "array": "an array",
        "address": "an IP address",
    }
    return " or ".join(spoken.get(family, f"a {family}") for family in families if family != "months")


def _turned(expressions: "Expressions", argument: Node, found: ValueType, families: tuple[str, ...]) -> str:
    """Says how an argument becomes what its function takes."""
    text, quoted = expressions.remarks.literal(argument), expressions.remarks.quoted(argument)
    if "moment" in families and text and len(text) == len("2026-01-31"):
        return f"; write DATE {quoted}"
    if families == ("binary",) and found.family == "text":
        return f"; write to_utf8({quoted})"
    if families == _SEARCHED and found.family == "text":
        return f"; write strpos({quoted}, part) > 0"
    types = {"text": "varchar", "moment": "timestamp", "number": "double"}
    wanted = next((types[family] for family in types if family in families), None)
    if wanted is None:
        return ""
    way = turned(quoted, found, named(wanted))
    if way is None:
        way = f"CAST({quoted} AS {wanted})"
    return f"; write {way}" if way else ""


def _result(name: str, arguments: list[Node], types: list[ValueType | None]) -> ValueType | None:
    if name in RETURNED:
        return named(RETURNED[name])
    if name in _ALIKE:
        return types[0] if name == "nullif" and types else common(types[_ALIKE[name] :])
    if name in MADE:
        return MADE[name](types)
    place = PASSED_ON.get(name)
    if place is None or place >= len(types):
        return None
    found = types[place]
    if len(arguments) > _MAY_LIST.get(name, len(arguments)):
        return array_of(found)
    if name == "approx_percentile":
        return _percentile(found, types[1:])
    return _summed(name, found) if name in ("sum", "avg") and found and found.family == "number" else found


def _percentile(found: ValueType | None, others: list[ValueType | None]) -> ValueType | None:
    """Finds what a percentile is: a list, where a list of shares is asked for."""
    if None in others:
        return None
    return array_of(found) if any(each and each.family == "array" for each in others) else found


def _summed(name: str, found: ValueType) -> ValueType:
    if found.name == "decimal":
        return found
    return replace(found, name="double" if found.name in ("real", "double") or name == "avg" else "bigint")
