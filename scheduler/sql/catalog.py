"""Keeps the tables and columns that each connection was last seen to have, in the ledger.

    schemas/<connection>/tables.json      what was told, whole; replaced as a whole
    schemas/<connection>/not-told.json    why it could not be fetched again, until it can

`forebay schema` writes it, beat once a day where the spec asks for that, and `data_times.py` whenever it asks;
`validate`, `run`, `submit` and `retry` read it, on whichever machine. It is a convenience: without it the names in
queries are not checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from pydantic import AwareDatetime, TypeAdapter

from forebay.queryrun.lists.schemas_page import Table
from forebay.store.errors import BadRecord
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.record_kind import RecordKind, Stored


class Catalog(Stored):
    """What one server told."""

    api_base: str
    account: str | None = None
    """For which it was asked; None for all that the key is for."""
    fetched_at: AwareDatetime
    tables: tuple[Table, ...]

    @cached_property
    def types(self) -> Mapping[str, Mapping[str, str]]:
        """Gives the type of each column of each table, all in lower case."""
        return {
            table.name.lower(): {column.name.lower(): column.type.lower() for column in table.columns}
            for table in self.tables
        }

    @property
    def column_count(self) -> int:
        """Counts the columns of all tables."""
        return sum(len(table.columns) for table in self.tables)

    def without_columns(self) -> "Catalog":
        """Gives what is left where only the times of tables count."""
        return self.model_copy(update={"tables": tuple(replace(table, columns=()) for table in self.tables)})

    @property
    def refreshed(self) -> Sequence[datetime]:
        """Says when the tables were refreshed: the one that is furthest behind, and the newest; nothing if untold."""
        told = [table.refreshed_at for table in self.tables if table.refreshed_at]
        return [min(told), max(told)] if told else []


class NotTold(Stored):
    """Why the tables could not be fetched again."""

    at: AwareDatetime
    reason: str
    way_out: str = ""


_CATALOG = RecordKind(TypeAdapter(Catalog), lambda connection: f"schemas/{segment(connection)}/tables.json")
_NOT_TOLD = RecordKind(TypeAdapter(NotTold), lambda connection: f"schemas/{segment(connection)}/not-told.json")


class Catalogs:
    """What each connection was seen to have. Every method raises StoreError: BadRecord for what cannot be read."""

    def __init__(self, store: Store) -> None:
        """Takes the store of the ledger."""
        self._store = store

    def find(self, connection: str, api_base: str) -> Catalog | None:
        """Reads what this server told for a connection; None if it told nothing yet, or another one did."""
        kept = _CATALOG.find(self._store, connection)
        return kept if kept and kept.api_base == api_base else None

    def readable(self, connection: str, api_base: str) -> Catalog | None:
        """Reads it as `find` does; None, too, for what cannot be read: what is fetched next takes its place."""
        try:
            return self.find(connection, api_base)
        except BadRecord:
            return None

    def keep(self, connection: str, catalog: Catalog) -> None:
        """Keeps what was told, in place of what was told before."""
        _CATALOG.put(self._store, catalog, connection)
        self._store.delete(_NOT_TOLD.key(connection))

    def not_told(self, connection: str) -> NotTold | None:
        """Reads why it could not be fetched again, if so."""
        return _NOT_TOLD.find(self._store, connection)

    def note_not_told(self, connection: str, not_told: NotTold) -> None:
        """Keeps why it could not be fetched again; what was told before stays."""
        _NOT_TOLD.put(self._store, not_told, connection)
