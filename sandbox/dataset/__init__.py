"""The data that queries read: generated once at start, the same for the same seed.

people.sql → billing.sql → money.sql make the tables of the schema `sigma`; each starts with what it adds.
"""

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


def columns_by_table(database: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = database.execute(
        "SELECT table_name, list(column_name ORDER BY ordinal_position) FROM information_schema.columns"
        " WHERE table_schema = 'sigma' GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    return dict(rows)
