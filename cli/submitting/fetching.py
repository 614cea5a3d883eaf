"""Makes a request for results whose QueryRuns are there already: what `refetch` and `adopt` share."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.request import getproxies

from forebay.cli.submitting import account_keys
from forebay.cli.submitting.request import Request
from forebay.config.connections import Config, Connection
from forebay.config.proxies import proxy_for
from forebay.config.result_columns import Nulls
from forebay.config.settings import Settings
from forebay.queryrun.client import QueryRunClient
from forebay.scheduler.batches.new_batch import NewBatch, new_batch_id
from forebay.store.ledger.records import BatchTerms, Item

_SOURCE_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """What is fetched, and where it goes."""

    connection: Connection
    items: Sequence[Item]
    output: str
    result_format: str
    source: str
    column_types: Mapping[str, str] = field(default_factory=dict)
    nulls: str = Nulls.EMPTY

    def request(self, settings: Settings, config: Config) -> Request:
        """Makes it a request for a batch. Raises `PreflightFailed` where an account lacks its key."""
        account_keys.require(self.connection, dict.fromkeys(item.account for item in self.items))
        terms = BatchTerms(
            id=new_batch_id(datetime.now(UTC)),
            output=self.output,
            result_format=self.result_format,
            column_types=self.column_types,
            nulls=self.nulls,
            source=self.source[:_SOURCE_LETTERS],
            standing=config.standing,
        )
        return Request(
            settings=settings,
            config=config,
            new=NewBatch(terms=terms, connection=self.connection, items=self.items),
            account=self.items[0].account,
            lanes=Counter(self.connection.lane(item.account) for item in self.items),
            size=len(self.items),
        )


@contextmanager
def asking(connection: Connection) -> Iterator[QueryRunClient]:
    """Opens a client of the connection, for a command that asks a few things itself."""
    with QueryRunClient(connection, proxy=proxy_for(connection.api_base, getproxies())) as client:
        yield client
