"""Makes results that can be loaded, of a tree or out of thin air."""

from datetime import UTC, datetime, timedelta

from forebay.config.result_columns import Nulls
from forebay.landing.formats.stored_table import StoredColumn, StoredTable
from forebay.landing.loading.table_load import Loadable
from forebay.landing.manifest import Manifest
from forebay.store.ledger.batch_policy import Span
from forebay.store.local import LocalStore
from tests.landing.verifying.trees import land, manifest_of

DAY = datetime(2026, 10, 1, tzinfo=UTC)


def window(day: int) -> Span:
    """Gives a day of October, counted from 0."""
    return Span(start=DAY + timedelta(days=day), end=DAY + timedelta(days=day + 1))


def batch_id(day: int, again: int = 0) -> str:
    """Names the batch of a day."""
    return f"fees.202610{day + 1:02}T0000Z-202610{day + 2:02}T0000Z" + (f".r{again}" if again else "")


def result(
    csv: bytes = b"id,amount\n1,5\n",
    container: str = "csv.gz",
    *,
    place: str = "s3://bucket/prefix",
    batch: str = "",
    day: int | None = 0,
    account: str | None = "acct_1",
    name: str = "fees",
    types: tuple[str, ...] = (),
) -> Loadable:
    """Makes one that lies nowhere."""
    batch = batch or batch_id(day or 0)
    manifest = manifest_of(f"{batch}/{account}/{name}", csv, csv, container, account=account)
    return _loadable(manifest, day, f"{place}/{manifest.object.key}", types)


def landed(
    store: LocalStore,
    csv: bytes,
    container: str,
    *,
    day: int | None = 0,
    account: str | None = "acct_1",
    batch: str = "",
) -> Loadable:
    """Lands one in a folder."""
    stem = f"{batch or batch_id(day or 0)}/{account}/fees"
    manifest = land(store, stem, container, csv, account=account)
    return _loadable(manifest, day, str(store._root / manifest.object.key), ())


def _loadable(manifest: Manifest, day: int | None, url: str, types: tuple[str, ...]) -> Loadable:
    if types:
        columns = [StoredColumn(name=name, type=kind) for name, kind in zip(manifest.csv.columns, types, strict=True)]
        table = StoredTable(columns=tuple(columns), nulls=Nulls.EMPTY, row_groups=1)
        manifest = manifest.model_copy(update={"table": table})
    return Loadable(manifest=manifest, window=None if day is None else window(day), url=url)
