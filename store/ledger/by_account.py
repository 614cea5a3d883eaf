"""Says how a result over a whole organization is sorted: the part of `batch.json` that its landing goes by."""

from forebay.store.ledger.record_kind import Stored


class ByAccount(Stored):
    """Each account of an organization's result gets an object of its own."""

    column: str
    """That says whose row a record is."""
    keep: bool = False
    """Whether records keep that column. An account's own result has none, and its place says whose it is."""
    expected: tuple[str, ...] = ()
    """Accounts that get an object whether they have records or not."""
