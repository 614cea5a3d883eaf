"""From what the user typed to an accepted batch: the part that `run`, `submit` and `demo` share.

The order is the promise: everything that can be wrong with the input is found before any service is started, and
everything that can be wrong with services before anything is written.
"""

import dataclasses
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from cli import preflight
from cli.deployment import Deployment
from cli.errors import PreflightFailed
from cli.exits import Exit
from config.connections import Config, Connection
from config.errors import ConfigError
from config.load import load_config
from config.settings import Settings
from governor.governor import Standing
from governor.states import FlowClass
from scheduler import queries
from scheduler.batches import new_batch_id
from scheduler.destination import destination
from store.records import Batch, Item

_SOURCE_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for, read and checked."""

    settings: Settings
    config: Config
    connection: Connection
    items: list[Item]
    account: str | None
    output: str
    source: str
    standing: Standing

    @property
    def lanes(self) -> list[str]:
        return list(dict.fromkeys(self.connection.lane(item.account) for item in self.items))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the user wants the batch to be served beside others; None leaves it to the spec."""

    flow_class: FlowClass | None = None
    weight: float | None = None
    ceiling: int | None = None

    def standing(self, config: Config) -> Standing:
        return Standing(
            flow_class=self.flow_class or FlowClass(config.flow_class),
            weight=config.weight if self.weight is None else self.weight,
            ceiling=config.ceiling if self.ceiling is None else self.ceiling,
        )


NO_WISHES = Wishes()


def read_request(
    sources: Iterable[str],
    *,
    to: str | None,
    account: str | None,
    connection: str | None,
    cap: int | None,
    wishes: Wishes = NO_WISHES,
) -> Request:
    """Reads settings, spec and queries. Starts and writes nothing. Raises `ConfigError` and `InputError`."""
    settings = Settings()
    config = load_config(settings)
    sources = list(sources)
    items = list(queries.read(sources, stdin=sys.stdin, account=account, most_sql_bytes=settings.max_sql_bytes))
    request = Request(
        settings=settings,
        config=config,
        connection=_connection(config, connection, cap),
        items=items,
        account=account or items[0].account,
        output=destination(config, to),
        source=f"queries {' '.join(sources)}"[:_SOURCE_LETTERS],
        standing=wishes.standing(config),
    )
    assert request.lanes  # noqa: S101 - names each account's lane, so that a bad account is found now
    return request


def accept(here: Deployment, request: Request) -> Batch:
    """Checks the services, then makes the queries a batch. Raises `PreflightFailed` before anything is written."""
    warnings = preflight.require(
        here, connection=request.connection.name, account=request.account, output=request.output
    )
    for row in warnings:
        typer.echo(f"warning: {row.message}" + (f"; {row.way_out}" if row.way_out else ""), err=True)
    preflight.reopen_auth(here, request.lanes)
    return here.batches.submit(
        new_batch_id(datetime.now(UTC)),
        request.items,
        connection=request.connection,
        output=request.output,
        source=request.source,
        standing=request.standing,
    )


def _connection(config: Config, name: str | None, cap: int | None) -> Connection:
    try:
        chosen = config.connection(name)
    except ConfigError as error:
        if config.connections:
            raise
        raise PreflightFailed(str(error), way_out="", exit_code=Exit.AUTH, kind="auth") from error
    if cap is None:
        return chosen
    if cap > chosen.cap:
        raise ConfigError(f"--cap {cap} is above the {chosen.cap} of connection {chosen.name}; it can only lower it")
    return dataclasses.replace(chosen, cap=cap)
