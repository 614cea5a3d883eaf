"""What the engine says of a result, held against the file itself."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.sql.engine import Engine, Executed, Ticket
from forebay.sandbox.sql.trino import Sight
from tests.sandbox.driver import ACCOUNT

Execute = Callable[[str], tuple[Executed, list[list[str]]]]

#: What breaks lines, quotes and counts, and NULL.
CELLS = st.none() | st.text(alphabet="a,\"'\r\n \t", max_size=4)


@pytest.fixture(scope="module")
def execute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Execute]:
    spool = tmp_path_factory.mktemp("executed")
    engine = Engine(SandboxSettings(accounts=1), spool)
    sight = Sight(account=ACCOUNT, data_load_time=datetime(2026, 11, 1, tzinfo=UTC))

    def executed(sql: str) -> tuple[Executed, list[list[str]]]:
        target = spool / "result.csv"
        told = engine.execute(engine.check(sql, sight), target, Ticket())
        with target.open(newline="") as file:
            return told, list(csv.reader(file))

    yield executed
    engine.close()


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=6), names=st.sampled_from([("a", "b"), ("a", "A"), ("a,b", "c")])
)
@example(rows=[], names=("a", "a"))
def test_rows_and_columns_are_always_as_many_as_in_the_file(
    execute: Execute, rows: list[tuple[str | None, str | None]], names: tuple[str, str]
) -> None:
    values = ", ".join(f"({_literal(one)}, {_literal(other)})" for one, other in [("x", "x"), *rows])
    chosen = f'x AS "{names[0]}", y AS "{names[1]}"'
    told, (header, *records) = execute(f"SELECT {chosen} FROM (VALUES {values}) AS t (x, y)")
    assert [column.name for column in told.columns] == header == list(names)
    assert told.row_count == len(records) == len(rows) + 1


def _literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
