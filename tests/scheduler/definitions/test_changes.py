"""What a changed spec changes, in words."""

from datetime import UTC, datetime
from pathlib import Path

from forebay.config.connections import Config
from forebay.scheduler.definitions.changes import changes, record, recorded, shape
from forebay.store.local import LocalStore
from tests.scheduler.spec import config_of

FEES = "extracts:\n  fees: {sql: fees.sql, window: {every: 1d, start: 2026-10-01}, schedule: {when: at_end}}\n"


def shaped(folder: Path, definitions: str, *, sql: str = "SELECT 1") -> dict[str, object]:
    (folder / "fees.sql").write_text(sql)
    config: Config = config_of(folder, definitions)
    assert config.written
    return shape(config.written)


def test_the_same_spec_changes_nothing(tmp_path: Path) -> None:
    assert list(changes(shaped(tmp_path, FEES), shaped(tmp_path, f"# a remark\n{FEES}"))) == []


def test_what_is_new_gone_and_changed_has_a_line_each(tmp_path: Path) -> None:
    before = shaped(tmp_path, FEES)
    after = shaped(
        tmp_path,
        FEES.replace("at_end", "data_ready").replace("1d", "1h") + "batches:\n  close: {sql: SELECT 2}\n",
    )
    assert list(changes(before, after)) == [
        "extracts.fees: changed window.every, schedule.when",
        "batches.close: new",
    ]
    assert list(changes(after, before))[-1] == "batches.close: gone; what was accepted of it goes on"


def test_a_changed_file_of_sql_is_a_change(tmp_path: Path) -> None:
    before, after = shaped(tmp_path, FEES), shaped(tmp_path, FEES, sql="SELECT 2")
    assert list(changes(before, after)) == ["extracts.fees: changed sql.fees"]


def test_what_was_gone_by_is_kept_as_it_was(tmp_path: Path) -> None:
    store, spec_shape = LocalStore(tmp_path / "ledger"), shaped(tmp_path, FEES)
    assert recorded(store) is None
    record(store, spec_shape, "0" * 64, datetime(2026, 10, 1, tzinfo=UTC))
    kept = recorded(store)
    assert kept == spec_shape
    assert "secret://env/ACME_KEY" in store.get("spec/applied.json").decode()


def test_a_record_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("spec/applied.json", b"{")
    assert recorded(store) is None
