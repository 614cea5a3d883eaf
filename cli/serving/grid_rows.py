"""Finds how many runs are a row of the grid of a batch, so that each row is an account. Pure."""

from collections.abc import Sequence

from forebay.store.ledger.records import Item

#: Of fewer queries an account rows are a strip at the left of an empty page; they flow, and fill it.
FEWEST_COLUMNS = 8


def columns_of(items: Sequence[Item]) -> int:
    """Counts the runs of each account, where these first items of a batch come account by account; else 0.

    What ties a query out stands in the row beside it, and is no query of the account's: by itself it makes no row.
    """
    width = next((at for at, item in enumerate(items) if item.account != items[0].account), 0)
    if sum(not item.ties for item in items[:width]) < FEWEST_COLUMNS:
        return 0
    return width if all(_fits(items, at, width) for at in range(len(items))) else 0


def _fits(items: Sequence[Item], at: int, width: int) -> bool:
    """Tells whether an item is of the account of its row, and has the name of its column."""
    column = at % width
    return items[at].account == items[at - column].account and items[at].name == items[column].name
