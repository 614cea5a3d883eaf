"""Finds what is wrong with a query before anybody runs it: that it is none, and what people regret later.

Pure: SQL in, findings out, in the order of their lines. `scheduler/definitions/validation.py` renders templates for it
and knows where they come from; `tokens.py` and `columns.py` have the rules about punctuation and names. Errors are what
Stripe would refuse; warnings are queries that run, and surprise.
"""

import contextlib
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from forebay.scheduler.sql.columns import Tables, line_of, unknown_names
from forebay.scheduler.sql.tokens import forgiven

#: It announces each statement that it does not know, and we say that ourselves.
logging.getLogger("sqlglot").addFilter(lambda record: record.levelno > logging.WARNING)


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # Stripe would refuse it
    WARNING = "warning"  # it runs, and may not be what is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about a query."""

    line: int
    """From 1, within the SQL."""
    rule: str
    """Names its kind for machines."""
    severity: Severity
    text: str


def lint(sql: str, *, tables: Tables | None, hidden: Collection[str] = ()) -> list[Finding]:
    """Lists all findings. `tables` None: names are not checked. `hidden`: columns of each table beyond the schema."""
    try:
        query = _query(sql)
    except _Unfit as unfit:
        return [unfit.finding]
    findings = list(_limits(query))
    # One alias twice: only the engine can say which one is meant.
    with contextlib.suppress(OptimizeError):
        scopes = traverse_scope(query)
        findings += _stars(scopes)
        findings += _names(scopes, tables, hidden) if tables is not None else ()
    return sorted(findings, key=lambda finding: finding.line)


def columns_of(sql: str) -> list[str] | None:
    """Names the columns of a query's result, in lower case; None where its text alone does not tell."""
    try:
        query = _query(sql)
    except _Unfit:
        return None
    names = [name.lower() for name in query.named_selects]
    return None if any(name in ("", "*") for name in names) else names


class _Unfit(Exception):
    def __init__(self, line: int, rule: str, text: str) -> None:
        super().__init__(text)
        self.finding = Finding(line=line, rule=rule, severity=Severity.ERROR, text=text)


def _query(sql: str) -> exp.Query:
    """Parses it. Raises `_Unfit` for what is not exactly one SELECT."""
    wrong, statements = _parsed(sql)
    if not statements:
        raise _Unfit(1, "statement", "there is no statement, only blanks or comments")
    if len(statements) > 1:
        raise _Unfit(line_of(statements[1]), "statement", f"{len(statements)} statements, and a query is one")
    query = statements[0]
    if not isinstance(query, exp.Query):
        raise _Unfit(line_of(query), "statement", "no SELECT: Stripe's data can only be read")
    if wrong is not None:
        raise _Unfit(wrong[0], "syntax", wrong[1])
    for select in query.find_all(exp.Select):
        if not select.expressions:
            raise _Unfit(line_of(select), "syntax", "a SELECT names no columns")
    for name in query.find_all(exp.Identifier):
        name.set("this", name.name.lower())  # quotes or not, Trino compares names without their case
    return query


def _parsed(sql: str) -> tuple[tuple[int, str] | None, list[exp.Expr]]:
    """Says what the parser forgave, and gives the statements. Raises `_Unfit` for what it did not forgive."""
    try:
        parsed = sqlglot.parse(sql, read="trino")
        statements = [part for part in parsed if part is not None and not isinstance(part, exp.Semicolon)]
        return forgiven(sql), statements
    except ParseError as error:
        raise _Unfit(*_where_and_what(error)) from error
    except SqlglotError as error:  # of the tokenizer, which does not say where
        raise _Unfit(1, "syntax", "a string, a quoted name or a comment is never closed") from error
    except RecursionError:
        raise _Unfit(1, "syntax", "it is nested too deeply to be read") from None


def _where_and_what(error: ParseError) -> tuple[int, str, str]:
    first = error.errors[0] if error.errors else {}
    at, described = first.get("highlight") or "", str(first.get("description") or "")
    if described.startswith("Expecting"):
        text = f"expected {described.removeprefix('Expecting ')} after '{at}'"
    elif described.startswith("Required"):
        text = f"something is missing after '{at}'"
    else:
        text = f"'{at}' is not expected here" if at else "the statement is incomplete"
    return int(first.get("line") or 1), "syntax", text


def _names(scopes: list[Scope], tables: Tables, hidden: Collection[str]) -> Iterator[Finding]:
    for line, rule, text in unknown_names(scopes, tables, hidden):
        yield Finding(line=line, rule=rule, severity=Severity.ERROR, text=text)


def _stars(scopes: list[Scope]) -> Iterator[Finding]:
    """Finds `SELECT *` from a table of Stripe's. From a WITH clause it is a matter of taste: that lists columns."""
    for scope in scopes:
        if not isinstance(scope.expression, exp.Select) or isinstance(scope.expression.parent, exp.Exists):
            continue
        for projection in scope.expression.expressions:
            if projection.is_star and _draws_from_a_table(scope, projection):
                text = "SELECT * changes its columns when Stripe adds one; list those that are meant"
                line = line_of(projection)
                yield Finding(line=line, rule="select-star", severity=Severity.WARNING, text=text)


def _draws_from_a_table(scope: Scope, star: exp.Expression) -> bool:
    sources = scope.selected_sources
    named = star.table if isinstance(star, exp.Column) else ""
    drawn = [sources[named]] if named in sources else list(sources.values())
    return any(isinstance(source, exp.Table) for _, source in drawn)


def _limits(query: exp.Query) -> Iterator[Finding]:
    for node in query.find_all(exp.Query):
        limit = node.args.get("limit")
        if limit is not None and not node.args.get("order"):
            text = "LIMIT without ORDER BY picks other rows each time"
            yield Finding(line=line_of(limit, node), rule="limit-order", severity=Severity.WARNING, text=text)
