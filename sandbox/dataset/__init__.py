"""Generates the data that queries read: once, at start, the same for the same seed.

people.sql → billing.sql → money.sql → more_tables.sql make the tables of the schema `sigma`; each starts with what it
adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the settings name accounts, and stand where the extra is not installed
    import duckdb
_HERE = Path(__file__).parent
_SCRIPTS = ("people.sql", "billing.sql", "money.sql", "more_tables.sql", "trino_functions.sql")


def is_by_account(table: str) -> bool:
    """Tells whether an account sees only its own rows of a table, and no column that says whose they are."""
    return table != "exchange_rates_from_usd" and not table.startswith("connected_account_")


def account_names(count: int) -> list[str]:
    """Names the accounts of the organization."""
    return [f"acct_sandbox{number:04d}" for number in range(1, count + 1)]


def build(database: duckdb.DuckDBPyConnection, *, seed: int, accounts: int, scale: int, data_until: str) -> None:
    """Fills the schema `sigma`."""
    for name, value in {"seed": seed, "accounts": accounts, "scale": scale}.items():
        database.execute(f"SET VARIABLE {name} = {value:d}")
    database.execute("SET VARIABLE data_until = CAST(? AS TIMESTAMP)", [data_until])
    for script in _SCRIPTS:
        database.execute((_HERE / script).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column that queries can name, with DuckDB's type."""

    name: str
    type: str


def columns_by_table(database: duckdb.DuckDBPyConnection) -> dict[str, list[TableColumn]]:
    """Lists the columns of each table; first comes `account`, which only the organization as a whole sees."""
    columns: dict[str, list[TableColumn]] = {}
    for table, column, kind in database.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'sigma' ORDER BY table_name, ordinal_position"
    ).fetchall():
        columns.setdefault(table, []).append(TableColumn(column, kind))
    return columns
