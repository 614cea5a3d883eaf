"""Refuses a query that Trino is certain to refuse, before it is accepted: for `run`, `submit` and `retry --sql-again`.

The judgement is that of `forebay validate` (`trino/judge.py`), but for names that a schema lacks: one that was fetched
some time ago may lack what Stripe has added since.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.findings import Finding, Severity

if TYPE_CHECKING:
    from forebay.scheduler.sql.trino.selects import Tables

_OF_THE_SCHEMA = frozenset({"table", "column"})
#: What is mended before it is sent, and nobody has to know.
_MENDED = frozenset({"semicolon"})


def refuse_wrong(origin: str, sql: str, *, tables: "Tables | None", hidden: Collection[str] = ()) -> list[Finding]:
    """Returns what may surprise all the same.

    Raises `InputError` with the first thing that Trino refuses, and how it is written.
    """
    # The grammar takes a moment to load, and whoever accepts no query does not need it.
    from forebay.scheduler.sql.trino.judge import judge

    findings = judge(sql, tables=tables, hidden=hidden)
    wrong = [each for each in findings if each.severity is Severity.ERROR and each.rule not in _OF_THE_SCHEMA]
    if wrong:
        more = f" (and {len(wrong) - 1} more: `forebay validate` lists them)" if len(wrong) > 1 else ""
        line = f" (line {wrong[0].line} of the SQL)" if wrong[0].line > 1 else ""
        way_out = "; if Stripe takes it all the same, FOREBAY_CHECK_SQL=false sends it as it is"
        raise InputError(f"{origin}: {wrong[0].text}{line}{more}{way_out}")
    return [each for each in findings if each.rule not in _MENDED]
