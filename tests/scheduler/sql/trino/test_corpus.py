"""Holds the judgement against the corpus: what is wrong is found, and nothing is said of what is right."""

import pytest

from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.trino.judge import judge
from forebay.scheduler.sql.trino.selects import Tables
from tests.scheduler.sql.trino.corpus_queries import CorpusQuery, corpus, sandbox_tables

#: What may be said of a query that is right.
SURPRISES = {"select-star", "limit-order"}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return sandbox_tables()


def test_there_are_as_many_as_there_should_be() -> None:
    assert len(corpus()) >= 150
    assert len({query.name for query in corpus()}) == len(corpus())


@pytest.mark.parametrize("query", corpus(), ids=[query.name for query in corpus()])
def test_a_query_is_judged_as_it_should_be(query: CorpusQuery, tables: Tables) -> None:
    findings = judge(query.sql, tables=tables)

    if query.severity is None:
        assert [finding for finding in findings if finding.rule not in SURPRISES] == []
    else:
        assert (query.severity, query.rule) in [(str(finding.severity), finding.rule) for finding in findings]
        worst = Severity.ERROR if query.severity == "error" else Severity.WARNING
        assert all(worst is Severity.ERROR or finding.severity is not Severity.ERROR for finding in findings)


@pytest.mark.parametrize("query", [each for each in corpus() if each.severity != "error"], ids=lambda each: each.name)
def test_nothing_is_wrong_with_a_query_that_is_right_where_no_schema_is_known(query: CorpusQuery) -> None:
    said = judge(query.sql, tables=None)

    assert [
        finding for finding in said if finding.severity is Severity.ERROR or finding.rule in ("type", "alias")
    ] == []


def test_a_long_query_is_read(tables: Tables) -> None:
    """As finance people write them: 40 steps, some 480 lines."""
    steps = [
        f"step_{number} AS (\n  SELECT\n    currency,\n    date_trunc('month', created) AS month,\n    count(*) AS n,\n"
        f"    sum(amount) AS amount,\n    sum(fee) AS fee\n  FROM balance_transactions\n  WHERE\n    type = 'charge'\n"
        f"    AND created >= date_add('month', -{number}, data_load_time)\n  GROUP BY 1, 2\n)"
        for number in range(40)
    ]
    union = "\nUNION ALL\n".join(f"SELECT '{number}' AS step, * FROM step_{number}" for number in range(40))
    sql = "WITH " + ",\n".join(steps) + "\n" + union

    assert sql.count("\n") > 480
    assert judge(sql, tables=tables) == []
