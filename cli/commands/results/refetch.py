"""Fetches results again from Stripe, which keeps them for 90 days: another format, another place, no new query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.following.accepted_batch import accept_and_follow
from forebay.cli.following.named_batches import named_batches
from forebay.cli.output import events, words
from forebay.cli.output.console import Manner
from forebay.cli.submitting.fetching import Fetching, asked
from forebay.cli.submitting.request import connection_of
from forebay.cli.submitting.result_types import require_extra, with_known_types
from forebay.config.connections import Config, Connection
from forebay.config.load import load_config
from forebay.config.result_format import ResultFormat
from forebay.config.settings import Settings
from forebay.config.stripe import RESULT_DAYS
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.refetching import KnownResult, chosen, fetching, known_results, told_apart
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.errors import InputError
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch

#: Whether Stripe still has them is asked of so many before anything begins, one after the other: some five a second, of
#: the requests that payments share. Of more it is seen as they are fetched.
MOST_ASKED = 100
_MOST_NAMED = 5

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Of its queries: fees, or acct_1/fees. [default: all]", show_default=False),
]
Format = Annotated[ResultFormat | None, options.format_option("as they landed")]
Place = Annotated[
    str | None,
    typer.Option("--to", metavar="URL|PATH", help="s3://bucket/prefix or a folder. [default: where they landed]"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is to be fetched, and what is not there any more."""

    batches: Sequence[Batch]
    """Those that it comes from; one at least."""
    results: list[KnownResult]
    expired: list[KnownResult]


def refetch(
    what: options.BatchOrExtract,
    names: Names = None,
    *,
    to: Place = None,
    result_format: Format = None,
    timeout: options.Timeout = None,
    manner: Manner,
) -> int:
    """Fetch results again: in another format, or to another place.

    Stripe keeps them for 90 days, and no query is run: a key that can only read will do. It says first what has
    expired, and ends with 1 then, or where something did not land.
    """
    settings = Settings()
    config = load_config(settings)
    found = _find(settings, config, what, names or ())
    last = found.batches[-1]
    connection, output = connection_of(config, last.connection), _output(config, found, to, what)
    chosen_format = result_format or last.result_format
    require_extra(chosen_format)
    found = _ask(connection, found)
    if manner.as_json:
        for result in found.expired:
            item, began_at = result.item, result.began_at.isoformat(timespec="seconds")
            query_run = result.fetched.query_run
            events.emit("expired", name=item.name, account=item.account, query_run=query_run, began_at=began_at)
    if found.expired:
        expired = _expired(found)
        if not found.results:
            raise InputError(f"nothing is left to fetch: {expired}")
        manner.remark(expired)
    items = [result.item for result in found.results]
    if last.policy is None:  # of a definition the spec says the types
        items = list(with_known_types(items, chosen_format, settings, config, connection.name))
    again = Fetching(
        connection=connection,
        items=[fetching(replace(each, item=item)) for each, item in zip(found.results, items, strict=True)],
        output=output,
        result_format=chosen_format,
        source=f"refetch {what}",
        column_types=last.column_types,
        nulls=last.nulls,
        by_account=_sorting(found.batches, what),
    )
    return accept_and_follow(again.request(settings, config), timeout, manner, left_out=len(found.expired))


def _sorting(batches: Sequence[Batch], what: str) -> ByAccount | None:
    """Says how results were sorted by account. Raises `InputError` where that was in several ways."""
    ways = {(way.column, way.keep) if (way := batch.by_account) else None for batch in batches}
    if len(ways) > 1:
        raise InputError(f"not all windows of {what} were sorted by account in one way: name one batch at a time")
    return batches[-1].by_account


def _find(settings: Settings, config: Config, what: str, names: Sequence[str]) -> _Found:
    """Finds what is meant, by the ledger and the manifests. Raises `BatchUnknown` and `InputError`."""
    stores = open_stores(settings)
    ledger = Ledger(stores.open(settings.ledger))
    batches = named_batches(ledger, config, what)
    if len({batch.connection for batch in batches}) > 1:
        several = ", ".join(dict.fromkeys(batch.connection for batch in batches))
        raise InputError(f"windows of {what} were asked by several connections ({several}): name one batch at a time")
    known = [(batch, list(known_results(ledger, stores.open(batch.output), batch))) for batch in batches]
    listed = [result for _, results in known for result in results]
    if not listed:
        raise InputError(f"there is no result of {what} whose QueryRun is known: nothing landed, or it was removed")
    wanted = {id(result) for result in chosen(listed, names)}
    kept = [(batch, [result for result in results if id(result) in wanted]) for batch, results in known]
    now, results = datetime.now(UTC), told_apart(kept)
    return _Found(
        batches=batches,
        results=[result for result in results if not result.has_expired(now)],
        expired=[result for result in results if result.has_expired(now)],
    )


def _ask(connection: Connection, found: _Found) -> _Found:
    """Asks Stripe which it still has, where they are few. Raises `AuthError`."""
    if not found.results or len(found.results) > MOST_ASKED:
        return found
    gone = set(_gone(connection, found.results))
    return replace(
        found,
        results=[result for number, result in enumerate(found.results) if number not in gone],
        expired=[*found.expired, *(found.results[number] for number in sorted(gone))],
    )


def _gone(connection: Connection, results: Sequence[KnownResult]) -> Iterator[int]:
    query_runs = ((each.fetched.query_run, each.item.account) for each in results)
    for number, seen in enumerate(asked(connection, query_runs)):
        if seen is None or (seen.ended and seen.result is None):
            yield number


def _expired(found: _Found) -> str:
    count = len(found.expired)
    named = ", ".join(_called(result) for result in found.expired[:_MOST_NAMED])
    more = f" and {count - _MOST_NAMED} more" if count > _MOST_NAMED else ""
    are = "is" if count == 1 else "are"
    of = f"{count} of {words.counted(count + len(found.results), 'result')}"
    return f"{of} {are} not at Stripe any more, which keeps them for {RESULT_DAYS} days: {named}{more}"


def _called(result: KnownResult) -> str:
    return f"{result.called[-1]} ({result.began_at:%Y-%m-%d})"


def _output(config: Config, found: _Found, to: str | None, what: str) -> str:
    """Says where they go. Raises `InputError` for what is no place, or where they lie in several."""
    if to is not None:
        return destination(config, to)
    places = list(dict.fromkeys(batch.output for batch in found.batches))
    if len(places) > 1:
        raise InputError(f"windows of {what} landed in several places: say where these go (--to)")
    return places[0]
