"""Fetches which tables and columns SQL can name, all of them or none: for `forebay schema`, and for beat once a day."""

from __future__ import annotations

from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import ProviderError
from forebay.queryrun.lists.schemas_page import Table, schemas_path

#: Of 1,000 tables each. Stripe has some 350; whoever tells of more than this has no end.
MOST_PAGES = 5


def fetch_tables(client: QueryRunClient, *, account: str | None = None) -> tuple[Table, ...]:
    """Fetches all tables, in one request for each thousand of them, in the order of their names.

    Raises QueryRunError and ConfigError, as the client does: ProviderError, too, for a list without an end, and for one
    that is empty, by which no query would be right.
    """
    tables: dict[str, Table] = {}
    path = schemas_path()
    for _ in range(MOST_PAGES):
        page = client.schemas(path, account=account)
        tables |= {table.name: table for table in page.tables}
        if page.next_path is None:
            break
        path = page.next_path
    else:
        raise ProviderError(f"Stripe's list of tables has no end: {MOST_PAGES} pages, and one more")
    if not tables:
        raise ProviderError("Stripe's list of tables is empty")
    return tuple(tables[name] for name in sorted(tables))
