"""Runs the corpus of the client's judgement: what is right runs, and what is wrong is refused in words."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.sql.engine import Engine, Ticket
from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.trino import Sight
from tests.sandbox.driver import ACCOUNT
from tests.scheduler.sql.trino.corpus_queries import CorpusQuery, corpus

SIGHT = Sight(account=ACCOUNT, data_load_time=datetime(2026, 11, 1, tzinfo=UTC))
RUNS = [query for query in corpus() if query.refused is None]
REFUSED = [query for query in corpus() if query.refused is not None]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(SandboxSettings(), tmp_path_factory.mktemp("corpus"))
    yield engine
    engine.close()


@pytest.mark.parametrize("query", RUNS, ids=[query.name for query in RUNS])
def test_a_query_that_is_right_runs(
    engine: Engine, query: CorpusQuery, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target: Path = next(tmp_path_factory.getbasetemp().glob("corpus*")) / "result.csv"

    engine.execute(engine.check(query.sql, SIGHT), target, Ticket())

    assert target.read_text().count("\n") >= 1


@pytest.mark.parametrize("query", REFUSED, ids=[query.name for query in REFUSED])
def test_a_query_that_is_wrong_is_refused_in_words(engine: Engine, query: CorpusQuery) -> None:
    with pytest.raises(SqlRefusedError) as refused:
        engine.check(query.sql, SIGHT)

    assert query.refused is not None
    assert query.refused in str(refused.value)
    assert str(refused.value).startswith(("line ", "The query names tables"))
