"""Makes a request for results whose QueryRuns are there already: what `refetch` and `adopt` share."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.request import getproxies

from forebay.cli.output import words
from forebay.cli.submitting import account_keys
from forebay.cli.submitting.request import SOURCE_LETTERS, Request
from forebay.config.connections import Config, Connection
from forebay.config.proxies import proxy_for
from forebay.config.result_columns import Nulls
from forebay.config.settings import Settings
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import AuthError, NotFoundError, QueryRunError
from forebay.queryrun.models import QueryRun
from forebay.scheduler.batches.new_batch import NewBatch, new_batch_id
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.records import BatchTerms, Item


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
    by_account: ByAccount | None = None
    """How results over an organization are sorted."""

    def request(self, settings: Settings, config: Config) -> Request:
        """Makes it a request for a batch. Raises `PreflightFailed` where an account lacks its key."""
        account_keys.require(self.connection, dict.fromkeys(item.account for item in self.items))
        terms = BatchTerms(
            id=new_batch_id(datetime.now(UTC)),
            output=self.output,
            result_format=self.result_format,
            column_types=self.column_types,
            nulls=self.nulls,
            by_account=self.by_account,
            source=words.first_line(self.source, SOURCE_LETTERS),
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


def asked(
    connection: Connection, query_runs: Iterable[tuple[str, str | None]]
) -> Generator[QueryRun | None, None, None]:
    """Asks Stripe for QueryRuns of accounts, one after the other, and yields what it shows; None for what it knows not.

    Ends before all are asked where Stripe falters, asks for less, or is no such API: whether it answers at all is
    checked before anything is accepted, and the others are seen as they are fetched. Raises `AuthError`.
    """
    with QueryRunClient(connection, proxy=proxy_for(connection.api_base, getproxies())) as client:
        for query_run, account in query_runs:
            try:
                seen = client.retrieve(query_run, account=account)
            except NotFoundError as error:
                if error.code is None:
                    return
                seen = None
            except AuthError:
                raise
            except QueryRunError:
                return
            yield seen
