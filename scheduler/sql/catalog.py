"""Keeps the tables and columns that each connection was last seen to have: one file in the data folder.

`forebay schema` writes it, `forebay validate` reads it. It is a convenience of one machine, and no record: without it
the names in queries are not checked.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from forebay.config.read_json import read_json
from forebay.queryrun.tables import Column
from forebay.scheduler.errors import InputError
from forebay.store.ledger.records import aware
from forebay.store.local import LocalStore
from forebay.store.private_folders import make_data_folder

FILE = "schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What one server told."""

    api_base: str
    fetched_at: datetime
    tables: Mapping[str, tuple[Column, ...]]

    @property
    def types(self) -> Mapping[str, Mapping[str, str]]:
        """Gives the type of each column of each table, all in lower case."""
        return {
            table.lower(): {column.name.lower(): column.type.lower() for column in columns}
            for table, columns in self.tables.items()
        }


def read_catalogs(folder: Path) -> dict[str, Catalog]:
    """Reads what each connection was seen to have; nothing was kept, then of none. Raises `InputError`."""
    path = folder / FILE
    try:
        kept = read_json(path.read_text("utf-8"))
        return {name: _catalog(record) for name, record in kept["connections"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} cannot be read; remove it, and `forebay schema` makes it anew") from error


def keep_catalog(folder: Path, connection: str, catalog: Catalog) -> None:
    """Keeps it whole or not at all; what was kept of other connections stays. Sweeps what others left that were killed.

    Raises `InputError`, StoreError and OSError.
    """
    connections = read_catalogs(folder) | {connection: catalog}
    text = json.dumps({"connections": {name: _record(kept) for name, kept in connections.items()}}, indent=1)
    make_data_folder(folder)
    place = LocalStore(folder)
    place.sweep(catalog.fetched_at, lambda _: False)
    for left in folder.glob(f"{FILE}.*"):
        if left.suffix[1:].isdecimal():  # as 0.1.0 named it, by its process
            left.unlink(missing_ok=True)
    place.put(FILE, text.encode() + b"\n")


def _record(catalog: Catalog) -> dict[str, object]:
    return {
        "api_base": catalog.api_base,
        "fetched_at": catalog.fetched_at.isoformat(),
        "tables": {table: [asdict(column) for column in columns] for table, columns in catalog.tables.items()},
    }


def _catalog(record: dict[str, object]) -> Catalog:
    tables = record["tables"]
    if not isinstance(tables, dict):
        raise TypeError("tables")
    return Catalog(
        api_base=str(record["api_base"]),
        fetched_at=aware(datetime.fromisoformat(str(record["fetched_at"]))),
        tables={
            table: tuple(Column(name=str(column["name"]), type=str(column["type"])) for column in columns)
            for table, columns in tables.items()
        },
    )
