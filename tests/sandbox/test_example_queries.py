"""The example queries run, each for itself, and give a table worth landing."""

import re
from pathlib import Path

import pytest

from tests.sandbox.driver import Api

QUERIES = sorted((Path(__file__).parents[2] / "examples" / "queries").glob("*.sql"))


def test_there_are_forty_of_them() -> None:
    assert len(QUERIES) == 40


@pytest.mark.parametrize("path", QUERIES, ids=[path.stem for path in QUERIES])
def test_a_query_says_what_it_answers_and_gives_rows(api: Api, path: Path) -> None:
    sql = path.read_text()
    assert re.match(r"-- [A-Z].+[.?]\n(SELECT|WITH)", sql)
    header, *rows = api.csv(sql).splitlines()
    assert "_col" not in header
    assert rows
