from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.cli.submitting.known_tables import known_catalog, read_known, refuse_all_wrong
from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.store.local import LocalStore

WRONG = [("fees", "SELECT id FROM charges WHERE paid = 1")]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_x")
    return Settings(_env_file=None)


@pytest.fixture
def config(settings: Settings) -> Config:
    return load_config(settings)


def keep(settings: Settings, config: Config, *, api_base: str | None = None, **types: str) -> str:
    name, connection = next(iter(config.connections.items()))
    columns = {"id": "varchar", "paid": "boolean"} | types
    catalog = Catalog(
        api_base=api_base or connection.api_base,
        fetched_at=datetime(2026, 11, 29, tzinfo=UTC),
        tables=(Table(name="charges", columns=tuple(Column(name=column, type=columns[column]) for column in columns)),),
    )
    Catalogs(LocalStore(Path(settings.ledger))).keep(name, catalog)
    return name


def test_types_of_the_schema_that_was_fetched_count(settings: Settings, config: Config) -> None:
    name = keep(settings, config)

    with pytest.raises(InputError, match="write paid = true"):
        refuse_all_wrong(WRONG, settings, config, name)


@pytest.mark.parametrize("kind", ["", "hyperlog", "tuple(varchar, 7)", "datetime", "?"])
def test_a_type_that_is_not_known_refuses_nothing(settings: Settings, config: Config, kind: str) -> None:
    name = keep(settings, config, made=kind)

    for sql in ("SELECT made FROM charges WHERE made > current_date", "SELECT max(made) AS m FROM charges"):
        assert refuse_all_wrong([("q", sql)], settings, config, name) == ()


def test_a_schema_of_another_server_is_none(settings: Settings, config: Config) -> None:
    name = keep(settings, config, api_base="http://127.0.0.1:1")

    assert read_known(settings, config) == {}
    refuse_all_wrong(WRONG, settings, config, name)


def test_a_schema_that_cannot_be_read_keeps_nothing_from_being_judged(settings: Settings, config: Config) -> None:
    name = keep(settings, config)
    (Path(settings.ledger) / "schemas" / name / "tables.json").write_text("{")

    refuse_all_wrong(WRONG, settings, config, name)
    with pytest.raises(InputError, match="ILIKE"):
        refuse_all_wrong([("q", "SELECT 1 AS x WHERE 'a' ILIKE 'A'")], settings, config, name)


def test_a_connection_that_the_spec_has_no_more_has_none(settings: Settings, config: Config) -> None:
    keep(settings, config)

    assert known_catalog(settings, config, "gone") is None


def test_looking_for_one_makes_no_ledger(settings: Settings, config: Config, tmp_path: Path) -> None:
    assert read_known(settings, config) == {}
    assert list(tmp_path.iterdir()) == []


def test_whoever_knows_better_sends_it(settings: Settings, config: Config) -> None:
    name = keep(settings, config)

    refuse_all_wrong(WRONG, settings.model_copy(update={"check_sql": False}), config, name)
