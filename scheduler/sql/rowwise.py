"""Reads a Trino query and says what in it is not row by row over a half-open range of one column.

The work behind `scheduler/sql/soundness.py`, in a module of its own because it loads sqlglot.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from forebay.scheduler.sql.functions import AGGREGATES, SCALARS

_ADVICE = "write the window as `{on} >= {{{{ window.start }}}} AND {on} < {{{{ window.end }}}}`"

#: What the outermost SELECT may consist of. Anything else works on all of its rows at once, or is unknown here.
_ROW_BY_ROW = frozenset({"with_", "expressions", "from_", "joins", "laterals", "where"})
_TOGETHER = {
    "distinct": "it has DISTINCT: equal rows in two parts would both stay",
    "group": "it has GROUP BY: a group whose rows fall into two parts would come twice",
    "having": "it has HAVING, which looks at groups and not at single rows",
    "order": "it has ORDER BY: each part would be sorted, and the whole not",
    "limit": "it has LIMIT or FETCH: each part would have that many rows",
    "offset": "it has OFFSET: each part would leave rows out",
}

#: Order of rows and of additions does not show in these, so a subquery that does not name the window may use them.
_EXACT = (exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr)
_CHANGING = (
    exp.Rand, exp.Uuid, exp.Shuffle, exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime,
    exp.Localtime, exp.Localtimestamp,
)  # fmt: skip


def reasons(sql: str, on: str, *, start: datetime, end: datetime) -> list[str]:
    """Gives each reason once, in the order of their weight; none if the query is sound."""
    try:
        parts = sqlglot.parse(sql, read="trino")
    except SqlglotError as error:
        return [f"it cannot be read as a Trino query: {str(error).partition(chr(10))[0]}"]
    statements = [part for part in parts if part is not None and not isinstance(part, exp.Semicolon)]
    if len(statements) == 1 and isinstance(statements[0], exp.SetOperation):
        return ["it is a set operation (UNION, INTERSECT, EXCEPT): put it into a subquery, and the window around it"]
    # Parentheses around the whole may have ORDER BY or LIMIT after them: who needs them in an extract?
    if len(statements) != 1 or not isinstance(query := statements[0], exp.Select):
        return ["it is not one plain SELECT"]
    sentences = [*_not_by_row(query), *_choosing(query), *_window(query, sql, on, start, end)]
    return list(dict.fromkeys(sentences))


def _not_by_row(query: exp.Select) -> Iterator[str]:
    """Says what in the outermost SELECT takes more than one row."""
    for key, value in query.args.items():
        if value and key not in _ROW_BY_ROW:
            yield _TOGETHER.get(key, f"it has {key.strip('_').upper()}, of which nobody knows that it works row by row")
    if any(node.find_ancestor(exp.Select) is query for node in _aggregates(query)):
        yield "it aggregates over the window: each part would give its own totals"


def _choosing(query: exp.Select) -> Iterator[str]:
    """Says what anywhere in it may come out otherwise in another run, so that two parts would not see the same."""
    if query.find(exp.Window):
        yield "it has a window function (OVER): it looks at other rows, which may be in another part"
    if any(node.find_ancestor(exp.Select) is not query for node in query.find_all(exp.Limit, exp.Fetch, exp.Offset)):
        yield "a subquery in it has LIMIT, FETCH or OFFSET: each part may be given other rows"
    if query.find(exp.TableSample):
        yield "it has TABLESAMPLE: each part would be given other rows"
    if query.find(exp.MatchRecognize):
        yield "it has MATCH_RECOGNIZE, which looks at more than one row"
    if any(isinstance(table.this, exp.Func) for table in query.find_all(exp.Table)):
        yield "it reads a table function, which may look at more than one row"
    for node in query.find_all(*_CHANGING):
        yield f"it calls {node.sql_name().lower()}, which is another in each part"
    for node in query.find_all(exp.Anonymous):
        if node.name.lower() not in SCALARS | AGGREGATES:
            yield f"it calls {node.name.lower()}(), of which nobody here knows that it works row by row"
    if any(node.find_ancestor(exp.Select) is not query and not isinstance(node, _EXACT) for node in _aggregates(query)):
        yield "a subquery in it has an aggregate that may come out otherwise in each part"


def _aggregates(query: exp.Select) -> Iterator[exp.Expr]:
    yield from query.find_all(exp.AggFunc)
    yield from (node for node in query.find_all(exp.Anonymous) if node.name.lower() in AGGREGATES)


def _window(query: exp.Select, sql: str, on: str, start: datetime, end: datetime) -> Iterator[str]:
    """Says what is wrong with how the window bounds it: by `on >= start` and `on < end`, and named nowhere else."""
    advice = _ADVICE.format(on=on)
    lower = [column for op, column, moment in _bounds(query) if (op, moment) == (exp.GTE, start)]
    upper = [column for op, column, moment in _bounds(query) if (op, moment) == (exp.LT, end)]
    if len(lower) != 1 or len(upper) != 1:
        yield f"its outermost WHERE does not bound one column by the half-open window: {advice}"
        return
    if lower[0] != upper[0]:
        yield f"its bounds are of two columns, {lower[0]} and {upper[0]}: {advice}"
    elif on.lower() not in (lower[0], lower[0].rpartition(".")[2]):
        yield f"its window bounds {lower[0]}, and `split` says on: {on}"
    # By text, since it may stand anywhere and in any form: as a date, in a subquery, raw.
    if any(sql.count(f"{moment:%Y-%m-%d}") != 1 for moment in (start, end)):
        yield f"it names the window in another place too, where its parts would mean something else: {advice}"


def _bounds(query: exp.Select) -> Iterator[tuple[type[exp.Expr], str, datetime]]:
    """Finds comparisons of a column with a timestamp, AND-ed in the outermost WHERE, the column on the left."""
    where = query.args.get("where")
    for condition in _conjuncts(where.this) if where else ():
        if type(condition) not in _MIRRORED:
            continue
        left, operator, right = condition.this, type(condition), condition.expression
        if isinstance(right, exp.Column):
            left, operator, right = right, _MIRRORED[operator], left
        moment = _timestamp(right)
        if isinstance(left, exp.Column) and moment is not None:
            yield operator, ".".join(part.name for part in left.parts).lower(), moment


_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.LT: exp.GT, exp.GT: exp.LT}


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.this)
        yield from _conjuncts(condition.expression)
    else:
        yield condition


def _timestamp(node: exp.Expr) -> datetime | None:
    """Reads the moment of `TIMESTAMP '…'`; None for anything else, a DATE and a zone of its own among it."""
    if not (isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.TIMESTAMP):
        return None
    try:
        moment = datetime.fromisoformat(node.this.name)
    except ValueError:
        return None
    return None if moment.tzinfo else moment.replace(tzinfo=UTC)
