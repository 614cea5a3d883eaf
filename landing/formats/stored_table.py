"""Says as what a result's columns were stored: the part of a manifest that only a format with types has."""

from forebay.config.result_columns import Nulls
from forebay.store.ledger.record_kind import Stored


class StoredColumn(Stored):
    """One column of the stored table."""

    name: str
    """As it is stored; what the CSV calls it stands at the same place of `csv.columns`."""
    type: str
    """`text`, `bigint`, `decimal(38,2)`, …"""
    misfit: str | None = None
    """Which value does not fit the type that was asked for, in a sentence; the column is text then."""


class StoredTable(Stored):
    """The table as it is stored."""

    columns: tuple[StoredColumn, ...]
    nulls: Nulls
    """Which empty fields of the CSV are NULL."""
    row_groups: int
