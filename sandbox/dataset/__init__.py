"""The data that queries read: generated once at start, the same for the same seed.

people.sql → billing.sql → money.sql make the tables of the schema `sigma`; each starts with what it adds.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

_HERE = Path(__file__).parent
_SCRIPTS = ("people.sql", "billing.sql", "money.sql", "trino_functions.sql")


def account_names(count: int) -> list[str]:
    return [f"acct_sandbox{number:04d}" for number in range(1, count + 1)]


def build(database: duckdb.DuckDBPyConnection, *, seed: int, accounts: int, scale: int, data_until: str) -> None:
    for name, value in {"seed": seed, "accounts": accounts, "scale": scale}.items():
        database.execute(f"SET VARIABLE {name} = {value:d}")
    database.execute("SET VARIABLE data_until = CAST(? AS TIMESTAMP)", [data_until])
    for script in _SCRIPTS:
        database.execute((_HERE / script).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str


def columns_by_table(database: duckdb.DuckDBPyConnection) -> dict[str, list[Column]]:
    """`account` comes first in each table; only the organization as a whole sees it."""
    found: dict[str, list[Column]] = {}
    for table, column, kind in database.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'sigma' ORDER BY table_name, ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(Column(column, kind))
    return found
