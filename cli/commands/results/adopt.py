"""Lands QueryRuns that were started elsewhere, in Stripe's Dashboard or by another program: `forebay adopt`."""

import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.following.accepted_batch import accept_and_follow
from forebay.cli.output.console import Manner
from forebay.cli.submitting.fetching import Fetching, asked
from forebay.cli.submitting.request import connection_of
from forebay.cli.submitting.result_types import require_extra
from forebay.config.connections import Connection
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.stripe import RESULT_DAYS, Mode
from forebay.queryrun.dialects import DIALECTS
from forebay.queryrun.models import QueryRun
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.query_text import check_name, check_text
from forebay.store.ledger.fetched import Fetched
from forebay.store.ledger.records import Item

#: As Stripe names a QueryRun of either generation, whatever stands behind it.
_BEGINNINGS = tuple(dialect.id_prefix for dialect in DIALECTS.values())
_ID = re.compile(f"({'|'.join(_BEGINNINGS)})[A-Za-z0-9_-]{{1,247}}")

QueryRuns = Annotated[
    list[str],
    typer.Argument(metavar="QUERYRUN", help="Their ids, as Stripe shows them: qryrun_…, qrun_…", show_default=False),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What its result is called. [default: its id]")
]
Account = Annotated[str | None, typer.Option(metavar="acct_…", help="The account that they ask about.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedPlace:
    """Where they go, and as what."""

    to: options.ToUrl = None
    result_format: options.Format = None


def adopt(
    query_runs: QueryRuns,
    *,
    name: Name = None,
    place: AdoptedPlace,
    account: Account = None,
    connection: options.ConnectionName = None,
    timeout: options.Timeout = None,
    manner: Manner,
) -> int:
    """Land QueryRuns that were started elsewhere.

    In the Dashboard, or by another program. Nothing is run, so a key that can only read will do; one that still runs is
    followed to its end. What it asks Stripe does not say, and neither does its manifest.
    """
    settings = Settings()
    config = load_config(settings)
    chosen = connection_of(config, connection)
    ids = _ids(query_runs, name, account)
    result_format = place.result_format or config.result_format
    require_extra(result_format)
    output = destination(config, place.to)
    _see(chosen, ids, account)
    items = [
        Item(name=name or each, sql="", account=account, fetched=Fetched(query_run=each, elsewhere=True))
        for each in ids
    ]
    adopted = Fetching(
        connection=chosen,
        items=items,
        output=output,
        result_format=result_format,
        source=f"adopt {' '.join(ids)}",
        nulls=config.nulls,
    )
    return accept_and_follow(adopted.request(settings, config), timeout, manner)


def _ids(query_runs: Iterable[str], name: str | None, account: str | None) -> list[str]:
    ids = list(dict.fromkeys(query_runs))
    for each in ids:
        if _ID.fullmatch(each) is None:
            raise InputError(f"{each!r} is no id of a QueryRun: they begin with {' or '.join(_BEGINNINGS)}")
    if name is not None:
        if len(ids) > 1:
            raise InputError("--name goes with one QueryRun; of several each is called by its id")
        if not name.strip():
            raise InputError("--name is empty; without it a result is called by the QueryRun's id")
        check_name("--name", name)
    check_text("--account", "account", account or "")
    return ids


def _see(connection: Connection, ids: Sequence[str], account: str | None) -> None:
    """Asks Stripe for each, one after the other. Raises `InputError` for what has no result, and will have none."""
    with closing(asked(connection, ((each, account) for each in ids))) as shown:
        for each, seen in zip(ids, shown, strict=False):
            if seen is None:
                whose = f"account {account}" if account else "this key"
                unknown = f"Stripe knows no {each} for {whose}, or not any more"
                raise InputError(f"{unknown}; --account and --connection say whose it is")
            if trouble := _trouble(connection, seen):
                raise InputError(f"{trouble}; nothing was begun")


def _trouble(connection: Connection, seen: QueryRun) -> str:
    """Says why nothing can land of it; nothing where something can."""
    if seen.livemode is not None and seen.livemode != (connection.mode is Mode.LIVE):
        return f"{seen.id} is of another mode than connection {connection.name}, which says {connection.mode}"
    if seen.ended and not seen.succeeded:
        why = f": {seen.failure.message}" if seen.failure else ""
        return f"{seen.id} ended as {seen.status} at Stripe, so it has no result{why}"
    if seen.succeeded and seen.result is None:
        return f"Stripe shows no result of {seen.id} any more: it keeps them for {RESULT_DAYS} days"
    return ""
