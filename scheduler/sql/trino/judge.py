"""Judges one query as Trino would: the one place where `validate`, `run`, `submit` and `retry` ask.

Reads it by Trino's grammar, then walks it as Trino analyses it. Errors are what Trino is certain to refuse; warnings
are what only some releases take, and what hangs on a schema that is not known.
"""

from collections.abc import Collection
from itertools import accumulate, pairwise

from forebay.scheduler.sql.findings import Finding, Severity
from forebay.scheduler.sql.trino.remarks import TreeRemarks
from forebay.scheduler.sql.trino.scopes import Columns
from forebay.scheduler.sql.trino.selects import Queries, Tables
from forebay.scheduler.sql.trino.syntax import Node, SqlToken, SyntaxFaultError, SyntaxTree, read, tokens_of
from forebay.scheduler.sql.trino.syntax_remedies import said_of

_QUERIES = frozenset({"Query", "QueryNoWith", "SetOperation", "QuerySpecification", "Table", "InlineTable"})
#: Brackets in brackets; the grammar takes minutes for thousands.
_MOST_NESTED = 150
_WHOLE = frozenset({"tinyint", "smallint", "integer", "bigint"})
_TOO_DEEP = "it is nested so deeply that it was not checked"
_NO_NAMES = {
    "BackQuotedIdentifier": "Trino puts names in double quotes, and knows no backquotes: {name}",
    "DigitIdentifier": "a name that begins with a digit is put in double quotes: {name}",
}


def judge(sql: str, *, tables: Tables | None, hidden: Collection[str] = ()) -> list[Finding]:
    """Lists all that there is to say, in the order of its lines. `hidden`: columns of each table beyond the schema."""
    try:
        tree, findings = _read(sql)
    except _Unfit as unfit:
        return [unfit.finding]
    try:
        remarks = TreeRemarks(tree, dict.fromkeys(findings))
        _walk(remarks)
        Queries(remarks, tables, hidden).query(tree.root, None)
    except RecursionError:
        return [*findings, Finding(line=1, rule="syntax", severity=Severity.WARNING, text=_TOO_DEEP)]
    return sorted(remarks.found, key=lambda finding: finding.line)


def tables_of(sql: str) -> frozenset[str] | None:
    """Names the tables that a query reads, in lower case; None for a text that cannot be judged."""
    try:
        tree, _ = _read(sql)
        queries = Queries(TreeRemarks(tree), None, ())
        queries.query(tree.root, None)
    except (_Unfit, RecursionError):
        return None
    return frozenset(queries.named)


def columns_of(sql: str) -> list[str] | None:
    """Names the columns of a query's result, in lower case; None where its text alone does not tell."""
    names = [column.name for column in _columns(sql, None) or ()]
    return [name for name in names if name] if names and all(names) else None


def types_of(sql: str, tables: Tables) -> dict[str, str]:
    """Gives the types of a query's result by the names of its columns, in lower case: those that the tables make sure.

    A whole number is a `bigint`: how large a sum of small ones is, the judgement does not follow.
    """
    types: dict[str, set[str]] = {}
    for column in _columns(sql, tables) or ():
        known = column.type.name if column.type and column.type.sure else ""
        types.setdefault(column.name or "", set()).add("bigint" if known in _WHOLE else known)
    return {name: kinds.pop() for name, kinds in types.items() if name and len(kinds) == 1 and kinds != {""}}


def _columns(sql: str, tables: Tables | None) -> Columns:
    """Finds the columns of a query's result; None, too, for a text that cannot be judged."""
    try:
        tree, _ = _read(sql)
        return Queries(TreeRemarks(tree), tables, ()).query(tree.root, None)
    except (_Unfit, RecursionError):
        return None


class _Unfit(Exception):
    def __init__(self, line: int, rule: str, text: str, *, sure: bool = True) -> None:
        super().__init__(text)
        severity = Severity.ERROR if sure else Severity.WARNING
        self.finding = Finding(line=line, rule=rule, severity=severity, text=text)


def _depth(tokens: tuple[SqlToken, ...]) -> int:
    return max(accumulate({"(": 1, ")": -1}.get(token.text, 0) for token in tokens))


def _read(sql: str) -> tuple[SyntaxTree, list[Finding]]:
    """Reads exactly one query. Raises `_Unfit`."""
    tokens, findings = tokens_of(sql), []
    if tokens and tokens[-1].text == ";":
        text = "the ; at the end is no part of a query: Trino itself refuses it, and Forebay leaves it out"
        findings.append(Finding(line=tokens[-1].line, rule="semicolon", severity=Severity.WARNING, text=text))
    while tokens and tokens[-1].text == ";":
        tokens = tokens[:-1]
    if not tokens:
        raise _Unfit(1, "statement", "there is no statement, only blanks or comments")
    for token, following in pairwise(tokens):
        if token.text == ";":
            count = 1 + len({number for number, each in enumerate(tokens) if each.text == ";"})
            raise _Unfit(following.line, "statement", f"{count} statements, and a query is one")
    kept, newer = _without_newer(tokens)
    if _depth(tokens) > _MOST_NESTED:
        raise _Unfit(1, "syntax", _TOO_DEEP, sure=False)
    try:
        tree = read(kept)
    except SyntaxFaultError as fault:
        line, text = said_of(fault)
        raise _Unfit(line, "syntax", text) from None
    except RecursionError:
        raise _Unfit(1, "syntax", _TOO_DEEP, sure=False) from None
    if tree.root.kind not in _QUERIES:
        raise _Unfit(tree.line(tree.root), "statement", "no SELECT: Stripe's data can only be read")
    return tree, [*findings, *newer]


def _without_newer(tokens: tuple[SqlToken, ...]) -> tuple[tuple[SqlToken, ...], list[Finding]]:
    """Takes out what only newer releases of Trino read than the one whose grammar this is, and says so."""
    if [token.word for token in tokens[:2]] in (["WITH", "FUNCTION"], ["WITH", "SESSION"]):
        raise _Unfit(
            1, "version", f"not each release of Trino knows WITH {tokens[1].word}, and this was not checked", sure=False
        )
    left_out: set[int] = set()
    findings = []
    for place, token in enumerate(tokens):
        before = [each.word for each in tokens[max(0, place - 2) : place]]
        if token.word == "CORRESPONDING" and any(word in ("UNION", "INTERSECT", "EXCEPT") for word in before):
            left_out.add(place)
            findings.append(_newer(token, "CORRESPONDING"))
        elif token.word == "FILTER" and before[-1:] == [")"] and _ends_within_group(tokens, place - 1):
            left_out.update(range(place, _closing(tokens, place + 1) + 1))
            findings.append(_newer(token, "FILTER behind WITHIN GROUP"))
    return tuple(token for place, token in enumerate(tokens) if place not in left_out), findings


def _newer(token: SqlToken, what: str) -> Finding:
    text = f"not each release of Trino knows {what}"
    return Finding(line=token.line, rule="version", severity=Severity.WARNING, text=text)


def _ends_within_group(tokens: tuple[SqlToken, ...], place: int) -> bool:
    """Tells whether this parenthesis closes `WITHIN GROUP (`."""
    depth = 0
    for at in range(place, 1, -1):
        depth += {")": 1, "(": -1}.get(tokens[at].text, 0)
        if not depth:
            return (tokens[at - 2].word, tokens[at - 1].word) == ("WITHIN", "GROUP")
    return False


def _closing(tokens: tuple[SqlToken, ...], place: int) -> int:
    """Finds where the parenthesis that opens here is closed; the end, if nowhere."""
    depth = 0
    for at in range(place, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if not depth:
            return at
    return len(tokens) - 1


def _walk(remarks: TreeRemarks) -> None:
    """Remarks on what stands for itself, wherever it stands."""
    for node in remarks.tree.root.walk():
        if node.kind in _NO_NAMES:
            name = '"' + remarks.tree.text(node).strip("`") + '"'
            remarks.error(node, "syntax", _NO_NAMES[node.kind].format(name=name))
        elif node.kind == "Parameter":
            remarks.error(node, "syntax", "nobody gives a ? its value; a placeholder of Forebay is written {{ name }}")
        elif node.kind == "QueryNoWith":
            _limit(remarks, node)


def _limit(remarks: TreeRemarks, node: Node) -> None:
    words = remarks.tree.words(node)
    if ("LIMIT" in words or "FETCH" in words) and "ORDER" not in words:
        limit = next(part for part in node.nodes if part.kind in ("LimitRowCount", "RowCount"))
        remarks.warning(limit, "limit-order", "LIMIT without ORDER BY picks other rows each time")
