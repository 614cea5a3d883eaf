"""What a format with types needs is there when a batch is accepted, and types that are known go with its queries."""

import subprocess
import sys
from pathlib import Path

import pytest

from forebay.cli.submitting.result_types import with_known_types
from forebay.config.connections import Config
from forebay.config.settings import Settings
from forebay.store.ledger.records import Item
from tests.cli.submitting.test_known_tables import config, keep, settings
from tests.servers.processes import environment

__all__ = ["config", "settings"]

SQL = "SELECT id, paid, 1.5 AS rate FROM charges"
ITEM = Item(name="q", sql=SQL, account=None)


def test_the_schema_that_was_fetched_tells_types(settings: Settings, config: Config) -> None:
    name = keep(settings, config)

    (item,) = with_known_types([ITEM], "parquet", settings, config, name)

    assert item.column_types == {"id": "varchar", "paid": "boolean", "rate": "decimal"}


def test_without_a_schema_or_types_nothing_is_added(settings: Settings, config: Config) -> None:
    assert list(with_known_types([ITEM], "parquet", settings, config, "default")) == [ITEM]
    name = keep(settings, config)
    assert list(with_known_types([ITEM], "csv", settings, config, name)) == [ITEM]


@pytest.mark.parametrize(
    "command", [["run", "q.sql"], ["submit", "q.sql"], ["plan", "q.sql"], ["run", "some"], ["backfill", "daily"]]
)
def test_without_its_extra_the_format_is_refused_before_anything_is_written(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "q.sql").write_text("SELECT id FROM charges")
    connection = "{mode: test, key: secret://env/STRIPE_API_KEY, api_base: 'http://127.0.0.1:1'}"
    (tmp_path / "forebay.yaml").write_text(
        f"version: 1\nconnections: {{default: {connection}}}\ndefaults: {{format: parquet}}\n"
        "batches: {some: {sql: SELECT id FROM charges}}\n"
        "extracts: {daily: {sql: SELECT id FROM charges, window: {every: 1d, start: 2026-01-01}}}\n"
    )
    program = (
        f"import sys; sys.modules['pyarrow'] = None; from forebay.cli.main import invoke; sys.exit(invoke({command!r}))"
    )

    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(STRIPE_API_KEY="rk_test_x"),
        timeout=120,
        check=False,
        cwd=tmp_path,
    )

    assert (said.returncode, said.stdout) == (2, "")
    wanted = "format parquet needs pyarrow\n  → pip install 'forebay[parquet]', here and where the workers run\n"
    assert said.stderr.endswith(wanted)
    assert not (tmp_path / ".forebay").exists()
