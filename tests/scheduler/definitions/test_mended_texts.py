"""Texts of an accepted batch are read once more from where they came, for the window and parameters of then."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.definitions.expand import Wanted, expand_batch, expand_window
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.definitions.mended_texts import can_be_rendered, mended_texts
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, Origin
from forebay.store.local import LocalStore
from tests.scheduler.spec import config_of

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))


def accepted(folder: Path, terms: BatchTerms) -> Batch:
    """As it is read back from the ledger."""
    ledger = Ledger(LocalStore(folder / "ledger"))
    ledger.write_batch(terms, [], connection="acme", created_at=NOW)
    return Ledger(LocalStore(folder / "ledger")).batch(terms.id)


def of_files(folder: Path, *queries: str, account: str | None = None) -> Batch:
    origin = Origin(queries=queries, folder=str(folder), account=account)
    return accepted(folder, BatchTerms(id="b1", output="s3://bucket/out", source="queries", origin=origin))


def of(folder: Path, expansion: Expansion) -> Batch:
    return accepted(folder, expansion.terms)


NO_SPEC = Config.__new__(Config)


def test_files_are_read_again_from_the_folder_of_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "fees.sql").write_text("SELECT 'mended'")
    (tmp_path / "list.csv").write_text("sql,name,account\nSELECT 2,two,acct_2\n")
    batch = of_files(tmp_path, "q/*.sql", "list.csv", account="acct_1")
    monkeypatch.chdir("/")

    assert can_be_rendered(batch)
    assert mended_texts(NO_SPEC, batch, {("acct_1", "fees"), ("acct_2", "two"), (None, "gone")}) == {
        ("acct_1", "fees"): "SELECT 'mended'",
        ("acct_2", "two"): "SELECT 2",
    }


def test_standard_input_cannot_be_read_again(tmp_path: Path) -> None:
    batch = of_files(tmp_path, "-")

    assert not can_be_rendered(batch)
    with pytest.raises(InputError, match="came from standard input"):
        mended_texts(NO_SPEC, batch, {(None, "query")})


def test_a_mended_file_is_checked_as_every_other(tmp_path: Path) -> None:
    (tmp_path / "fees.sql").write_text("DROP TABLE fees")

    with pytest.raises(InputError, match="begins no query"):
        mended_texts(NO_SPEC, of_files(tmp_path, "fees.sql"), {(None, "fees")})


def test_a_batch_from_before_its_origin_was_kept_says_what_works(tmp_path: Path) -> None:
    batch = accepted(tmp_path, BatchTerms(id="b1", output="s3://bucket/out", source="queries"))

    assert not can_be_rendered(batch)
    with pytest.raises(InputError, match="submit it as a new batch"):
        mended_texts(NO_SPEC, batch, {(None, "fees")})


EXTRACT = """extracts:
  daily:
    sql: daily.sql
    accounts: some
    params: {currency: usd}
    window: {every: 1d, start: 2026-01-01, timezone: UTC}
"""
TEXT = "SELECT {{ params.currency }}, {{ account }} FROM fees WHERE created >= {{ window.start }}"


def test_an_extract_is_rendered_for_the_window_and_the_parameters_of_then(tmp_path: Path) -> None:
    (tmp_path / "daily.sql").write_text(TEXT)
    config = config_of(tmp_path, EXTRACT)
    batch = of(tmp_path, expand_window(config, "daily", WINDOW, wanted=Wanted(params={"currency": "eur"})))
    (tmp_path / "daily.sql").write_text(TEXT.replace("fees", "charges"))

    texts = mended_texts(
        load_config(Settings(_env_file=None, spec=tmp_path / "forebay.yaml")), batch, {("acct_2", "daily")}
    )

    assert texts == {
        ("acct_2", "daily"): "SELECT 'eur', 'acct_2' FROM charges WHERE created >= TIMESTAMP '2026-03-01 00:00:00'"
    }


def test_accounts_are_asked_as_then_whatever_history_would_decide_now(tmp_path: Path) -> None:
    config = config_of(tmp_path, "batches:\n  close: {sql: SELECT 1, accounts: three, fan_out: auto}\n")
    batch = of(tmp_path, expand_batch(config, "close", now=NOW))
    assert batch.policy
    whole = dataclasses.replace(batch, policy=batch.policy.model_copy(update={"fan_out": "organization"}))

    wanted = {("acct_1", "close"), (None, "close")}
    assert set(mended_texts(config, batch, wanted)) == {("acct_1", "close")}
    assert set(mended_texts(config, whole, wanted)) == {(None, "close")}


def test_a_batch_whose_window_the_spec_moved_is_a_new_batch(tmp_path: Path) -> None:
    definition = (
        "batches:\n  close: {{sql: SELECT 1, accounts: some, window: {{start: {0}, end: 2026-02-01, timezone: UTC}}}}\n"
    )
    batch = of(tmp_path, expand_batch(config_of(tmp_path, definition.format("2026-01-01")), "close", now=NOW))

    with pytest.raises(InputError, match="another window"):
        mended_texts(config_of(tmp_path, definition.format("2026-01-15")), batch, {("acct_1", "close")})
