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

from forebay.cli import account_keys, preflight
from forebay.cli.deployment import Deployment
from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit
from forebay.cli.named import NO_CHOICE, Choice, definition, expansion, named, wanted
from forebay.config.connections import Config, Connection
from forebay.config.document.definitions import BatchSpec, ExtractSpec
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.config.standing import FlowClass, Standing
from forebay.scheduler.batches import queries
from forebay.scheduler.batches.batches import new_batch_id
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.store.errors import NotFound
from forebay.store.failures import FailureClass
from forebay.store.records import Batch, BatchTerms

_SOURCE_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for, read and checked."""

    settings: Settings
    config: Config
    new: NewBatch
    account: str | None
    """One that it asks about, or None for the connection's own."""
    lanes: list[str]
    size: int
    window: str | None = None
    """The id of a batch that is made once, however often it is asked for."""
    note: str = ""
    """What the user may not expect, though the spec allows it."""


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
    choice: Choice = NO_CHOICE,
) -> Request:
    """Reads settings, spec and queries. Starts and writes nothing. Raises `ConfigError` and `InputError`."""
    settings = Settings()
    config = load_config(settings)
    sources = list(sources)
    name = named(config, sources)
    if name is not None:
        if account is not None:
            raise InputError(f"--account goes with queries; {name} says itself which accounts it asks")
        return _definition(settings, config, name, to=to, connection=connection, cap=cap, wishes=wishes, choice=choice)
    if choice.says_something:
        raise InputError("--window, --param and --fresh go with a batch or an extract of the spec, by its name")
    return _queries(settings, config, sources, to=to, account=account, connection=connection, cap=cap, wishes=wishes)


def _queries(
    settings: Settings,
    config: Config,
    sources: list[str],
    *,
    to: str | None,
    account: str | None,
    connection: str | None,
    cap: int | None,
    wishes: Wishes,
) -> Request:
    """Queries that were handed in by themselves: all in memory, since each was typed or listed by somebody."""
    items = list(queries.read(sources, stdin=sys.stdin, account=account, most_sql_bytes=settings.max_sql_bytes))
    chosen = _connection(config, connection, cap)
    account_keys.require(chosen, dict.fromkeys(item.account for item in items))
    return Request(
        settings=settings,
        config=config,
        new=NewBatch(
            terms=BatchTerms(
                id=new_batch_id(datetime.now(UTC)),
                output=destination(config, to),
                source=f"queries {' '.join(sources)}"[:_SOURCE_LETTERS],
                standing=wishes.standing(config),
            ),
            connection=chosen,
            items=items,
        ),
        account=account or items[0].account,
        # Names each account's lane, so that a bad account is found now.
        lanes=list(dict.fromkeys(chosen.lane(item.account) for item in items)),
        size=len(items),
    )


def _definition(
    settings: Settings,
    config: Config,
    name: str,
    *,
    to: str | None,
    connection: str | None,
    cap: int | None,
    wishes: Wishes,
    choice: Choice,
) -> Request:
    """A batch or an extract of the spec: a stream of items, never held together."""
    said = definition(config, name)
    chosen = _connection(config, connection or (said.connection if said else None), cap)
    found = expansion(
        config,
        name,
        choice=choice,
        now=datetime.now(UTC),
        wanted=dataclasses.replace(
            wanted(settings, connection=chosen, choice=choice),
            output=to,
            flow_class=wishes.flow_class,
            weight=wishes.weight,
            ceiling=wishes.ceiling,
        ),
    )
    account_keys.require(chosen, found.accounts)
    return Request(
        settings=settings,
        config=config,
        new=found.new_batch(fresh=choice.fresh),
        account=found.accounts[0],
        lanes=list(found.lanes),
        size=found.size,
        window=found.terms.id if found.kind == "extract" else None,
        note=_note(said, found),
    )


def _note(said: BatchSpec | ExtractSpec | None, found: Expansion) -> str:
    """Whoever names accounts and gets all of the organization is told, and how to get only those."""
    if said is None or said.fan_out != "auto" or found.fan_out.kind != "organization":
        return ""
    return (
        f"{found.definition} asks the whole organization, accounts that its group does not name among them: "
        f"{found.fan_out.why}; fan_out: per_account asks each account of the group"
    )


def accept(here: Deployment, request: Request) -> Batch:
    """Checks the services, then makes the queries a batch. Raises `PreflightFailed` before anything is written."""
    new = request.new
    warnings = preflight.require(here, connection=new.connection.name, account=request.account, output=new.terms.output)
    for row in warnings:
        typer.echo(f"warning: {row.message}" + (f"; {row.way_out}" if row.way_out else ""), err=True)
    remark = _once(here, request) or request.note
    if remark:
        typer.echo(remark, err=True)
    preflight.reopen_auth(here, request.lanes)
    return here.batches.submit(new)


def _once(here: Deployment, request: Request) -> str:
    """What to say of a window that was accepted before: whatever is asked of it now changes nothing."""
    try:
        batch = here.ledger.batch(request.window) if request.window else None
    except NotFound:
        return ""
    return f"accepted already, {batch.created_at:%Y-%m-%d %H:%M} UTC; nothing of it is run again" if batch else ""


def _connection(config: Config, name: str | None, cap: int | None) -> Connection:
    try:
        chosen = config.connection(name)
    except ConfigError as error:
        if config.connections:
            raise
        raise PreflightFailed(str(error), way_out="", exit_code=Exit.AUTH, kind=FailureClass.AUTH) from error
    if cap is None:
        return chosen
    if cap > chosen.cap:
        raise ConfigError(f"--cap {cap} is above the {chosen.cap} of connection {chosen.name}; it can only lower it")
    return dataclasses.replace(chosen, cap=cap)
