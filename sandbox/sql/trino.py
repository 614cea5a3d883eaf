"""Translates Trino's SQL into DuckDB's: parses it, refuses what is refused, and narrows tables to one account.

Called by engine.py before anything runs. The mapping of functions whose meaning differs is in rewrites.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError, UnsupportedError
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.tokenizer_core import Token

from forebay.sandbox.dataset import TableColumn, is_by_account
from forebay.sandbox.setting_choices import OrganizationColumn
from forebay.sandbox.sql.exact_types import mark_columns
from forebay.sandbox.sql.grammar import check_grammar
from forebay.sandbox.sql.meaning import check_meaning
from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.rewrites import rewrite, unknown_function

_FORBIDDEN = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Placeholder, exp.Parameter, exp.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one query sees of the data, from the moment that it is accepted."""

    account: str | None
    """None sees every account but those without access."""
    no_access: Collection[str] = ()
    data_load_time: datetime
    organization_column: OrganizationColumn = OrganizationColumn.ACCOUNT


#: Each table with its columns.
Tables = Mapping[str, Sequence[TableColumn]]


def translate(sql: str, *, sight: Sight, tables: Tables) -> str:
    """Translates one query, which sees one account's rows, or all of them with the `account` column.

    Raises `SqlRefusedError`, whatever keeps it from being translated: a text that breaks a rule of the translation is
    the sandbox's gap, and its author needs a sentence, not an error of the server.
    """
    try:
        return _translated(sql, sight, tables)
    except SqlRefusedError:
        raise
    except UnsupportedError as exc:
        raise SqlRefusedError(f"line 1:1: the sandbox's engine has no equivalent: {exc}") from exc
    except Exception as exc:
        why = f"{type(exc).__name__}: {exc}".strip(": ").splitlines()[0]
        raise SqlRefusedError(f"line 1:1: the sandbox cannot translate this query ({why})") from exc


def _translated(sql: str, sight: Sight, tables: Tables) -> str:
    check_grammar(sql)
    query = _parse(sql)
    _refuse_foreign_nodes(query, sql)
    types = {table: {column.name: column.type for column in columns} for table, columns in tables.items()}
    check_meaning(query, types)
    if name := unknown_function(query):
        raise SqlRefusedError(f"{position(sql, name)}Function '{name}' not registered")
    mark_columns(query, types)
    _narrow_tables(query, sight, tables, sql)
    load_time = sight.data_load_time.replace(tzinfo=None).isoformat(sep=" ")
    rewrite(query, data_load_time=load_time)
    return query.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


def position(sql: str, word: str) -> str:
    """Says `line 3:7: ` of the first token that reads like `word`, as Trino opens its messages; or nothing."""
    for token in _tokens(sql):
        if token.text.lower() == word.lower():
            return f"line {token.line}:{token.col - len(token.text) + 1}: "
    return ""


def _tokens(sql: str) -> list[Token]:
    try:
        return sqlglot.tokenize(sql, read="trino")
    except TokenError:
        return []


def _parse(sql: str) -> exp.Query:
    try:
        statements = [part for part in sqlglot.parse(sql, read="trino") if part is not None]
    except ParseError as exc:
        where = exc.errors[0] if exc.errors else {}
        problem = f"mismatched input '{where.get('highlight')}'" if where.get("highlight") else "incomplete statement"
        raise SqlRefusedError(f"line {where.get('line', 1)}:{where.get('col', 1)}: {problem}") from exc
    except SqlglotError as exc:
        raise SqlRefusedError(f"line 1:1: {exc}") from exc
    statements = [part for part in statements if not isinstance(part, exp.Semicolon)]
    if len(statements) != 1:
        raise SqlRefusedError(f"line 1:1: expected one statement, found {len(statements)}")
    if isinstance(statements[0], exp.Values):
        return _as_select(statements[0])
    if not isinstance(statements[0], exp.Query):
        raise SqlRefusedError("line 1:1: only a SELECT may be run; the data is read-only")
    for call in list(statements[0].find_all(exp.Anonymous)):
        if (
            call.name.upper() in _QUANTIFIERS
            and len(call.expressions) == 1
            and isinstance(call.expressions[0], exp.Values)
        ):
            call.replace(_QUANTIFIERS[call.name.upper()](this=exp.Subquery(this=call.expressions[0].copy())))
    return statements[0]


#: What sqlglot takes for functions, where VALUES stands in their brackets.
_QUANTIFIERS: dict[str, type[exp.Expr]] = {"ALL": exp.All, "ANY": exp.Any, "SOME": exp.Any}


def _as_select(values: exp.Values) -> exp.Query:
    """Makes a query of VALUES that stands by itself."""
    rows = values.expressions
    width = len(rows[0].expressions) if isinstance(rows[0], exp.Tuple) else 1
    names = [exp.to_identifier(f"_col{at}") for at in range(width)]
    named = exp.Values(expressions=rows, alias=exp.TableAlias(this=exp.to_identifier("given"), columns=names))
    return exp.select(*(exp.column(name) for name in names)).from_(named)


def _refuse_foreign_nodes(query: exp.Query, sql: str) -> None:
    for node in query.find_all(*_FORBIDDEN):
        if not isinstance(node, exp.Query):
            raise SqlRefusedError(f"{position(sql, node.key)}only a SELECT may be run; the data is read-only")


def _narrow_tables(query: exp.Query, sight: Sight, tables: Tables, sql: str) -> None:
    unknown: list[str] = []
    for node in _tables_read(query):
        name = node.name.lower()
        if not isinstance(node.this, exp.Identifier) or node.args.get("db") or name not in tables:
            unknown.append(node.sql(dialect="trino", comments=False).split(" AS ")[0])
            continue
        _narrow(node, name, sight)
    if unknown:
        names = ", ".join(sorted(set(unknown)))
        raise SqlRefusedError(
            f"{position(sql, unknown[0])}The query names tables which do not exist or are inaccessible: [{names}]"
        )


def _tables_read(query: exp.Query) -> list[exp.Table]:
    """Lists every table that is not the name of a WITH clause in whose reach it stands."""
    read: dict[int, exp.Table] = {}
    named: set[int] = set()
    for scope in traverse_scope(query):
        with_names = {name.lower() for name in scope.cte_sources}
        for source in scope.tables:
            read[id(source)] = source
            if not source.args.get("db") and source.name.lower() in with_names:
                named.add(id(source))
    return [table for key, table in read.items() if key not in named]


def _narrow(node: exp.Table, name: str, sight: Sight) -> None:
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name))
    renamed = sight.account is None and sight.organization_column is not OrganizationColumn.ACCOUNT
    everybody_sees = sight.account is None and not sight.no_access and not renamed
    source = exp.Table(this=exp.to_identifier(name), db=exp.to_identifier("sigma"))
    if everybody_sees or not is_by_account(name):
        node.set("db", exp.to_identifier("sigma"))
        node.set("alias", alias)
        return
    account = exp.column("account")
    if sight.account is None:
        named = [exp.alias_(account.copy(), sight.organization_column)] if renamed else None
        rows = exp.select(exp.Star(rename=named)).from_(source)
        if sight.no_access:
            rows = rows.where(account.isin(*sorted(sight.no_access)).not_())
    else:
        rows = exp.select(exp.Star(except_=[exp.to_identifier("account")])).from_(source)
        rows = rows.where(account.eq(exp.Literal.string(sight.account)))
    chosen = rows.subquery()
    for kept in ("joins", "sample", "pivots", "laterals"):
        if node.args.get(kept):
            chosen.set(kept, node.args[kept])
    chosen.set("alias", alias)
    node.replace(chosen)
