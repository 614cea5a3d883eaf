"""Gathers what is known of a result's columns before it lands: from its batch, its item, and Stripe's answer."""

from forebay.landing.formats.column_rules import ColumnRules, column_rules
from forebay.queryrun.models import ResultFile
from forebay.store.ledger.records import Batch, Item


def column_rules_of(batch: Batch, item: Item, result: ResultFile) -> ColumnRules:
    """Raises UnknownResult where a newer Forebay accepted the batch, and meant what this one does not know.

    What does not fit is kept where somebody closes the batch: it stays in quarantine, and is told.
    """
    return column_rules(
        named=batch.column_types,
        told=result.columns,
        known=item.column_types or {},
        nulls=batch.nulls,
        keep_misfits=batch.policy is not None and batch.policy.quarantined,
    )
