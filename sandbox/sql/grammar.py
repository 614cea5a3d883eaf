"""Refuses what Trino's own grammar does not read, and functions, types, units and zones that Trino does not have.

The sandbox's own reading: it shares no code with the client's, only the library with the grammar. Messages begin as
Trino's do, with line and column. What sqlglot and DuckDB would forgive ends here, before `trino.py` translates.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import available_timezones

from antlr4 import CommonTokenStream, InputStream
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.ErrorListener import ErrorListener
from antlr4.Token import Token
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser

from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.supported import EXTRACTED, FUNCTIONS, TYPES, UNITS

#: Brackets in brackets that are read: Trino has a bound, too, and the grammar takes minutes for thousands.
_MOST_NESTED = 150
_MOST_EXPECTED = 6
_LONGEST_SEQUENCE = 10_000
_MANY = 100
#: Functions that take a lambda, at which place, and of how many values.
_LAMBDAS: dict[str, dict[int, int]] = {
    **{name: {1: 1} for name in ("transform", "filter", "any_match", "all_match", "none_match")},
    **{name: {1: 2} for name in ("map_filter", "transform_keys", "transform_values")},
    "zip_with": {2: 2},
    "reduce": {2: 2, 3: 1},
}
_LAMBDA = re.compile(r"\(?([\w,\"]*)\)?->")
_MONTHS = 12
#: How literals of a day, and of a day with its time, begin.
_MOMENTS = {
    "DATE": re.compile(r"\s*[+-]?\d{1,4}-\d{1,2}-\d{1,2}\s*$"),
    "TIMESTAMP": re.compile(r"\s*[+-]?\d{1,4}-\d{1,2}-\d{1,2}"),
}


def check_grammar(sql: str) -> None:
    """Raises `SqlRefusedError` for what Trino would refuse by its grammar and its lists of names."""
    stream = InputStream(sql)
    stream.data = [ord(letter.upper()) if letter.isascii() else ord(letter) for letter in sql]
    tokens = CommonTokenStream(SqlBaseLexer(stream))
    tokens.fill()
    read = [token for token in tokens.tokens if token.channel == Token.DEFAULT_CHANNEL and token.type != Token.EOF]
    _check_shape(read)
    for context in _walk(_parsed(tokens)):
        rule = _RULES.get(type(context).__name__.removesuffix("Context"))
        if rule is not None:
            rule(context)


def _check_shape(read: list[Any]) -> None:
    if not read:
        raise SqlRefusedError("line 1:1: expected one statement, found 0")
    depth = 0
    for token in read:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth > _MOST_NESTED:
            raise SqlRefusedError(f"{_place(token)}the sandbox reads no query that is nested so deeply")
    ends = [place for place, token in enumerate(read) if token.text == ";"]
    if ends and ends[0] < len(read) - 1 and read[ends[0] + 1].text != ";":
        raise SqlRefusedError(f"{_place(read[ends[0] + 1])}expected one statement, found {len(ends) + 1} or more")


class _TrinoWords(ErrorListener):  # type: ignore[misc] # the library has no types
    def syntaxError(self, recognizer: Any, symbol: Any, *_rest: Any) -> None:  # noqa: N802 - the library's name
        where = _place(symbol)
        if symbol.type == Token.EOF:
            raise SqlRefusedError(f"{where}mismatched input '<EOF>'{_expected(recognizer)}")
        raise SqlRefusedError(f"{where}mismatched input '{symbol.text}'{_expected(recognizer)}")


def _expected(recognizer: Any) -> str:
    kinds = [kind for span in recognizer.getExpectedTokens().intervals or () for kind in span]
    names = [_token_name(recognizer, kind) for kind in kinds[:_MOST_EXPECTED]]
    return f". Expecting: {', '.join(names)}" if names and len(kinds) <= _MOST_EXPECTED else ""


def _token_name(recognizer: Any, kind: int) -> str:
    if kind == Token.EOF:
        return "<EOF>"
    return str(recognizer.literalNames[kind] if kind < len(recognizer.literalNames) else recognizer.symbolicNames[kind])


def _parsed(tokens: Any) -> Any:
    try:
        return _parse(tokens, PredictionMode.SLL)
    except SqlRefusedError:  # the quick way may refuse what is right
        return _parse(tokens, PredictionMode.LL)


def _parse(tokens: Any, mode: Any) -> Any:
    tokens.seek(0)
    parser = SqlBaseParser(tokens)
    parser.removeErrorListeners()
    parser.addErrorListener(_TrinoWords())
    parser._interp.predictionMode = mode  # noqa: SLF001 - how ANTLR's documentation sets it
    return parser.singleStatement()


def _walk(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        context = waiting.pop()
        if isinstance(context, SqlBaseParser.SingleStatementContext):
            _check_reads(context)
        yield context
        children = [child for child in context.getChildren() if hasattr(child, "getChildren") and child.getChildCount()]
        waiting.extend(reversed(children))


def _check_reads(context: Any) -> None:
    statement = context.statement()
    if not isinstance(statement, SqlBaseParser.StatementDefaultContext):
        raise SqlRefusedError(f"{_place(context.start)}only a SELECT may be run; the data is read-only")


def _place(token: Any) -> str:
    return f"line {token.line}:{token.column + 1}: "


def _at(context: Any) -> str:
    return _place(_first_token(context))


def _first_token(context: Any) -> Any:
    """Finds where a context begins; its own note of it may be hidden by a label."""
    while not hasattr(context, "symbol"):
        context = context.getChild(0)
    return context.symbol


def _text(context: Any) -> str:
    return str(context.getText())


def _call(context: Any) -> None:
    name = _text(context.qualifiedName()).lower().strip('"')
    if name not in FUNCTIONS:
        raise SqlRefusedError(f"{_at(context)}Function '{name}' not registered")
    arguments = [_text(each) for each in context.expression()]
    least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        count = f"{least}" if most == least else f"{least} at least" if most > _MANY else f"{least} to {most}"
        raise SqlRefusedError(
            f"{_at(context)}Unexpected parameters for function {name}: it takes {count}, and not {len(arguments)}"
        )
    for place, taken in _LAMBDAS.get(name, {}).items():
        written = _LAMBDA.match(arguments[place]) if place < len(arguments) else None
        if written and len(written[1].split(",")) != taken:
            raise SqlRefusedError(f"{_at(context)}Unexpected parameters for function {name}: its lambda takes {taken}")
    if name == "regexp_replace" and _LAMBDA.match(arguments[-1]):
        raise SqlRefusedError(
            f"{_at(context)}the sandbox cannot run this construct of Trino's: regexp_replace by a lambda"
        )
    unit = arguments[0] if name in ("date_trunc", "date_add", "date_diff") and arguments else ""
    if unit.startswith("'") and unit.strip("'").lower() not in UNITS:
        raise SqlRefusedError(f"{_at(context)}{unit} is not a valid {name.upper()} field")
    if name == "sequence" and all(each.isdigit() for each in arguments):
        start, stop, step = (*map(int, arguments), 1)[:3]
        if (stop - start) // (step or 1) >= _LONGEST_SEQUENCE:
            raise SqlRefusedError(f"{_at(context)}result of sequence function must not have more than 10000 entries")


def _extract(context: Any) -> None:
    field = _text(context.identifier()).lower()
    if field not in EXTRACTED:
        raise SqlRefusedError(f"{_at(context)}Invalid EXTRACT field: {field}")


def _zone(context: Any) -> None:
    zone = _text(context.string()).strip("'")
    zones = available_timezones()
    if zones and zone not in zones and zone[:1] not in "+-" and not zone.upper().startswith("UTC"):
        raise SqlRefusedError(f"{_at(context)}'{zone}' is not a valid time zone")


def _type(context: Any) -> None:
    name = _text(context.identifier()).lower().strip('"')
    if name not in TYPES:
        raise SqlRefusedError(f"{_at(context)}Unknown type: {name}")


def _constructor(context: Any) -> None:
    if context.identifier() is None:
        return
    _type(context)
    written = _text(context.string()).strip("'")
    kind = _text(context.identifier()).upper()
    if kind in _MOMENTS and not (_MOMENTS[kind].match(written) and _is_day(written)):
        raise SqlRefusedError(f"{_at(context)}'{written}' is not a valid {kind} literal")


def _is_day(written: str) -> bool:
    """Tells whether the calendar has the day that a literal begins with."""
    year, month, day = map(int, re.findall(r"\d+", written)[:3])
    return 1 <= month <= _MONTHS and 1 <= day <= monthrange(max(year, 1), month)[1]


def _backquoted(context: Any) -> None:
    advice = "backquoted identifiers are not supported; use double quotes to quote identifiers"
    raise SqlRefusedError(f"{_at(context)}{advice}")


def _digits(context: Any) -> None:
    advice = "identifiers must not start with a digit; surround the identifier with double quotes"
    raise SqlRefusedError(f"{_at(context)}{advice}")


def _parameter(context: Any) -> None:
    raise SqlRefusedError(f"{_at(context)}Incorrect number of parameters: expected 1 but found 0")


def _pattern(context: Any) -> None:
    if context.MATCH_RECOGNIZE() is not None:
        raise SqlRefusedError(f"{_at(context)}the sandbox cannot run this construct of Trino's: MATCH_RECOGNIZE")


def _group_by(context: Any) -> None:
    if _text(context).lower() in ("all", "auto"):
        raise SqlRefusedError(f"{_at(context)}Column '{_text(context).lower()}' cannot be resolved")


_RULES: dict[str, Callable[[Any], None]] = {
    "FunctionCall": _call,
    "Extract": _extract,
    "TimeZoneString": _zone,
    "GenericType": _type,
    "TypeConstructor": _constructor,
    "BackQuotedIdentifier": _backquoted,
    "DigitIdentifier": _digits,
    "Parameter": _parameter,
    "GroupBy": _group_by,
    "PatternRecognition": _pattern,
}
