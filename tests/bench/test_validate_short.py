"""The bench of judging in a short form: what it counts, not how long it takes."""

from bench.validate import KINDS, forms, said, texts
from tests.scheduler.sql.trino.corpus_queries import corpus, sandbox_tables


def test_lists_are_as_long_as_asked_for_and_what_people_write_has_no_shape_twice() -> None:
    assert [len(texts(kind, 300)) for kind in KINDS] == [300, 300, 3]
    assert len(set(texts("of people", 300))) == 300
    assert texts("of 480 lines", 100)[0].count("\n") >= 480


def test_the_corpus_has_no_false_alarm_and_with_a_schema_nothing_is_let_pass() -> None:
    tables = sandbox_tables()

    assert {said(query, tables) for query in corpus()} == {"right, let pass", "wrong, refused"}
    assert not any("false alarm" in said(query, None) for query in corpus())
    assert "Trino has no ILIKE" in forms(tables)
