"""Whatever people send: it is judged, and nothing is raised."""

from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.sql.trino.judge import columns_of, judge
from forebay.scheduler.sql.trino.syntax import tokens_of
from tests.scheduler.sql.trino.corpus_queries import corpus, sandbox_tables

TABLES = sandbox_tables()
QUERIES = [words for words in ([token.text for token in tokens_of(query.sql)] for query in corpus()) if len(words) < 80]
WORDS = sorted({word for query in QUERIES for word in query})


@st.composite
def almost_right(draw: st.DrawFn) -> str:
    """Makes a query of the corpus another one: a word or two of it are gone, or others."""
    words = list(draw(st.sampled_from(QUERIES)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(words) - 1))
        words[at : at + draw(st.integers(0, 1))] = draw(st.lists(st.sampled_from(WORDS), max_size=1)) or ["a"]
    return " ".join(words)


@given(sql=almost_right())
def test_a_query_that_is_almost_right_is_judged(sql: str) -> None:
    for tables in (TABLES, None):
        assert all(finding.text and finding.line > 0 for finding in judge(sql, tables=tables))
    columns_of(sql)


@given(sql=st.text(max_size=40))
def test_text_of_any_kind_is_judged(sql: str) -> None:
    assert all(finding.text for finding in judge(sql, tables=TABLES))
