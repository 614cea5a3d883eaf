"""Lands a result: from its URL to a verified object in the store, in one call of the `download` step.

The manifest is not written here: the caller knows the run, and writes it (`landing.manifest`) after this returned.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from forebay.landing.body import Body
from forebay.landing.content import Content
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.column_rules import AS_TEXT, ColumnRules
from forebay.landing.formats.format import Limits
from forebay.landing.formats.registry import format_named
from forebay.landing.formats.stored_table import StoredTable
from forebay.landing.output import Output, Target
from forebay.store.interface import Store

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """An object that is published, and what was learned about it."""

    key: str
    format: str
    """The container that it is stored in, by its suffix: `csv`, `csv.zip`, `csv.gz`, `csv.zst`, `parquet`."""
    bytes: int
    sha256: str
    csv_bytes: int
    csv_sha256: str
    """Of the CSV itself, whichever format it is stored in."""
    records: int | None
    """Without the header; None if the quotes of the CSV do not pair up."""
    columns: tuple[str, ...]
    received_bytes: int
    received_sha256: str
    table: StoredTable | None = None
    """Of a format with types: what it stored the columns as."""

    @classmethod
    def of(cls, output: Output, content: Content, *, received_bytes: int, received_sha256: str) -> Self:
        """Says it of an object that was just committed, and of the CSV in it."""
        return cls(
            key=output.key,
            format=output.format,
            bytes=output.bytes,
            sha256=output.sha256,
            csv_bytes=content.bytes,
            csv_sha256=content.sha256,
            records=content.records,
            columns=content.columns,
            received_bytes=received_bytes,
            received_sha256=received_sha256,
            table=output.table,
        )


def land(
    fetcher: Fetcher,
    url: SecretStr,
    *,
    content_type: str,
    size: int | None,
    rows: int | None = None,
    store: Store,
    stem: str,
    result_format: str,
    columns: ColumnRules = AS_TEXT,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[int], None] = lambda _: None,
) -> Landed:
    """Streams the result to `<stem>.<suffix>`, in the format of that name, replacing what an earlier try left there.

    `content_type`, `size` and `rows` are what Stripe said of the file. `progress` gets the bytes received after each
    chunk and may raise to stop. `columns` is for formats with types. Whatever raises, nothing is published and nothing
    stays behind.

    Raises LandingError and StoreError; both say by `retry` whether another try may succeed.
    """
    write = format_named(result_format)
    content = Content()
    with ExitStack() as stack:
        delivery = stack.enter_context(fetcher.get(url))
        body = Body(delivery, content_type=content_type, size=size, rows=rows, progress=progress)
        target = Target(store, stem, stack, columns=columns, keep=lambda: progress(body.received))
        output = write(body, content, target, limits)
        body.check_whole(content)
        output.commit()
    return Landed.of(
        output,
        content,
        received_bytes=body.received,
        received_sha256=body.sha256 if body.is_zip else content.sha256,
    )
