from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.scheduler.extracts.tables_read import tables_read
from tests.scheduler.spec import config_of

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def read(folder: Path, sql: str, more: str = "") -> frozenset[str] | None:
    config = config_of(folder, f"extracts:\n  fees: {{sql: {sql}, window: {{every: 1d, start: 2026-10-01}}{more}}}\n")
    return tables_read(config, "fees", NOON)


def test_all_queries_of_a_window_count_tie_outs_and_parameters_among_them(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT id FROM charges WHERE created >= {{ window.start }}")
    (tmp_path / "b.sql").write_text("SELECT * FROM {{ params.table | raw }}")
    more = ", params: {table: fees}, checks: {tie_out: SELECT count(*) AS records FROM payouts}"

    assert read(tmp_path, "[a.sql, b.sql]", more) == {"charges", "fees", "payouts"}


@pytest.mark.parametrize("sql", ["SELECT FROM charges", "missing.sql"])
def test_where_a_query_cannot_be_read_nobody_can_tell(tmp_path: Path, sql: str) -> None:
    assert read(tmp_path, sql) is None


def test_an_extract_without_a_window_that_is_over_reads_nothing_yet(tmp_path: Path) -> None:
    config = config_of(tmp_path, "extracts:\n  fees: {sql: SELECT 1, window: {every: 1d, start: 2027-01-01}}\n")
    assert tables_read(config, "fees", NOON) is None
