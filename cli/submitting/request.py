"""Reads what the user typed: a request for a batch, checked as far as it can be without any service.

The first half of `run`, `submit` and `demo`; `accept.py` is the second. Everything that can be wrong with the input is
found here, before anything is started or written.
"""

import dataclasses
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit
from forebay.cli.options import BatchOptions
from forebay.cli.submitting import account_keys
from forebay.cli.submitting.definition_names import definition, named_definition
from forebay.cli.submitting.expanding import expanded, wanted
from forebay.cli.submitting.known_tables import refuse_all_wrong
from forebay.cli.submitting.repeating import next_repeat
from forebay.cli.submitting.result_types import require_extra, with_known_types
from forebay.config.connections import Config, Connection
from forebay.config.document.definitions import BatchSpec, ExtractSpec
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.batches import queries
from forebay.scheduler.batches.new_batch import NewBatch, new_batch_id
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import BatchTerms, Origin

SOURCE_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for, read and checked."""

    settings: Settings
    config: Config
    new: NewBatch
    account: str | None
    """One of those that are asked: whether the key may ask about it is checked before anything is written."""
    lanes: Mapping[str, int]
    """How many runs fall into each."""
    size: int
    window: str | None = None
    """The id of a batch that is made once, however often it is asked for."""
    warnings: tuple[str, ...] = ()
    """What the judgement of its SQL warns of."""
    note: str = ""
    """What the user may not expect, though the spec allows it."""


def read_request(options: BatchOptions) -> Request:
    """Reads settings, spec and queries. Starts and writes nothing. Raises `ConfigError` and `InputError`."""
    settings = Settings()
    config = load_config(settings)
    name = named_definition(config, options.queries)
    if name is not None:
        if options.account is not None:
            raise InputError(f"--account goes with queries; {name} says itself which accounts it asks")
        return _definition(settings, config, name, options)
    if options.definition.given:
        raise InputError(
            "--window, --param, --fresh and --again go with a batch or an extract of the spec, by its name"
        )
    return _queries(settings, config, options)


def _queries(settings: Settings, config: Config, options: BatchOptions) -> Request:
    """Reads queries that were handed in by themselves: all in memory, since each was typed or listed by somebody."""
    items = list(
        queries.read(options.queries, stdin=sys.stdin, account=options.account, most_sql_bytes=settings.max_sql_bytes)
    )
    result_format = options.result_format or config.result_format
    require_extra(result_format)
    connection = connection_of(config, options.connection, options.cap)
    account_keys.require(connection, dict.fromkeys(item.account for item in items))
    warnings = refuse_all_wrong(((item.name, item.sql) for item in items), settings, config, connection.name)
    return Request(
        settings=settings,
        config=config,
        new=NewBatch(
            terms=BatchTerms(
                id=new_batch_id(datetime.now(UTC)),
                output=destination(config, options.to),
                result_format=result_format,
                nulls=config.nulls,
                source=f"queries {' '.join(options.queries)}"[:SOURCE_LETTERS],
                standing=options.standing.applied_to(config.standing),
                origin=Origin(queries=tuple(options.queries), folder=str(Path.cwd()), account=options.account),
            ),
            connection=connection,
            items=list(with_known_types(items, result_format, settings, config, connection.name)),
        ),
        account=options.account or items[0].account,
        # Names each account's lane, so that a bad account is found now.
        lanes=Counter(connection.lane(item.account) for item in items),
        size=len(items),
        warnings=warnings,
    )


def _definition(settings: Settings, config: Config, name: str, options: BatchOptions) -> Request:
    """Expands a batch or an extract of the spec: a stream of items, never held together."""
    spec, again = definition(config, name), options.definition.again
    if again and isinstance(spec, BatchSpec):
        raise InputError(f"--again repeats a window of an extract, and {name} is a batch, which runs anew each time")
    repeat = next_repeat(settings, config, name) if again else None
    expansion, warnings = expansion_of(settings, config, name, options, again=repeat)
    require_extra(expansion.terms.result_format)
    return Request(
        settings=settings,
        config=config,
        new=expansion.new_batch(fresh=options.definition.fresh or again),
        account=expansion.accounts[0],
        lanes=expansion.lanes,
        size=expansion.size,
        window=expansion.terms.id if expansion.kind == "extract" else None,
        warnings=warnings,
        note=_note(spec, expansion),
    )


def expansion_of(
    settings: Settings,
    config: Config,
    name: str,
    options: BatchOptions,
    *,
    again: Callable[[Window], int] | None = None,
) -> tuple[Expansion, tuple[str, ...]]:
    """Expands a definition as it was asked for, and gives what the judgement of its SQL warns of.

    Raises `ConfigError` and `InputError`, and `PreflightFailed` where an account lacks its key.
    """
    spec = definition(config, name)
    connection = connection_of(config, options.connection or (spec.connection if spec else None), options.cap)
    expansion = expanded(
        config,
        name,
        window=options.definition.window,
        again=again,
        now=datetime.now(UTC),
        wanted=dataclasses.replace(
            wanted(settings, connection=connection, values=options.definition.values),
            output=options.to,
            standing=options.standing,
            result_format=options.result_format,
            check_columns=settings.check_sql,
        ),
    )
    account_keys.require(connection, expansion.accounts)
    sorting = expansion.terms.by_account
    hidden = {"account", *([sorting.column.lower()] if sorting else [])} if _asks_all(expansion) else ()
    return expansion, refuse_all_wrong(expansion.samples(), settings, config, connection.name, hidden=hidden)


def _asks_all(expansion: Expansion) -> bool:
    return expansion.fan_out.kind == "organization"


def _note(spec: BatchSpec | ExtractSpec | None, expansion: Expansion) -> str:
    """Tells whoever names accounts and gets all of the organization, and how to get only those."""
    if spec is None or spec.fan_out != "auto" or not _asks_all(expansion):
        return ""
    return (
        f"{expansion.definition} asks the whole organization, accounts that its group does not name among them: "
        f"{expansion.fan_out.why}; fan_out: per_account asks each account of the group"
    )


def connection_of(config: Config, name: str | None, cap: int | None = None) -> Connection:
    """Finds the connection that is meant. Raises `ConfigError`, and `PreflightFailed` where there is no key at all."""
    try:
        connection = config.connection(name)
    except ConfigError as error:
        if config.connections:
            raise
        raise PreflightFailed(str(error), way_out="", exit_code=Exit.AUTH, kind=FailureClass.AUTH) from error
    if cap is None:
        return connection
    if cap > connection.cap:
        most = f"the {connection.cap} of connection {connection.name}"
        raise ConfigError(f"--cap {cap} is above {most}; it can only lower it")
    return dataclasses.replace(connection, cap=cap)
