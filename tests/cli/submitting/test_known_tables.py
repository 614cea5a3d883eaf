from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.cli.submitting.known_tables import known_catalogs, refuse_all_wrong
from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.queryrun.tables import Column
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.catalog import FILE, Catalog, keep_catalog

WRONG = [("fees", "SELECT id FROM charges WHERE paid = 1")]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_x")
    return Settings(_env_file=None)


@pytest.fixture
def config(settings: Settings) -> Config:
    return load_config(settings)


def keep(settings: Settings, config: Config, *, api_base: str | None = None) -> str:
    name, connection = next(iter(config.connections.items()))
    catalog = Catalog(
        api_base=api_base or connection.api_base,
        fetched_at=datetime(2026, 11, 29, tzinfo=UTC),
        tables={"charges": (Column(name="id", type="varchar"), Column(name="paid", type="boolean"))},
    )
    keep_catalog(settings.data_dir, name, catalog)
    return name


def test_types_of_the_schema_that_was_fetched_count(settings: Settings, config: Config) -> None:
    name = keep(settings, config)

    with pytest.raises(InputError, match="write paid = true"):
        refuse_all_wrong(WRONG, settings, config, name)


def test_a_schema_of_another_server_is_none(settings: Settings, config: Config) -> None:
    name = keep(settings, config, api_base="http://127.0.0.1:1")

    assert known_catalogs(settings, config) == {}
    refuse_all_wrong(WRONG, settings, config, name)


def test_a_schema_that_cannot_be_read_keeps_nothing_from_being_judged(settings: Settings, config: Config) -> None:
    name = keep(settings, config)
    (settings.data_dir / FILE).write_text("{")

    refuse_all_wrong(WRONG, settings, config, name)
    with pytest.raises(InputError, match="ILIKE"):
        refuse_all_wrong([("q", "SELECT 1 AS x WHERE 'a' ILIKE 'A'")], settings, config, name)


def test_whoever_knows_better_sends_it(settings: Settings, config: Config) -> None:
    name = keep(settings, config)

    refuse_all_wrong(WRONG, settings.model_copy(update={"check_sql": False}), config, name)
