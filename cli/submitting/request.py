"""Reads what the user typed: a request for a batch, checked as far as it can be without any service.

The first half of `run`, `submit` and `demo`; `accept.py` is the second. What asks for a definition of the spec is read
by `definition_request.py`. Everything that can be wrong with the input is found here, before anything is started or
written.
"""

import dataclasses
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit
from forebay.cli.options import BatchOptions
from forebay.cli.output import words
from forebay.cli.submitting import account_keys
from forebay.cli.submitting.definition_names import named_definition
from forebay.cli.submitting.known_tables import refuse_all_wrong
from forebay.cli.submitting.result_types import require_extra, with_known_types
from forebay.config.connections import Config, Connection
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.batches import queries
from forebay.scheduler.batches.keyed_batch import with_key
from forebay.scheduler.batches.new_batch import NewBatch, new_batch_id
from forebay.scheduler.definitions.destination import destination
from forebay.scheduler.errors import InputError
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import BatchTerms, Item, Origin

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
    once: str | None = None
    """The id of a batch that is made once, however often it is asked for: a window's, or that of a caller's key."""
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
        from forebay.cli.submitting.definition_request import definition_request  # all that definitions are made of

        return definition_request(settings, config, name, options)
    if options.definition.given:
        raise InputError(
            "--window, --param, --fresh and --again go with a batch or an extract of the spec, by its name"
        )
    return _queries(settings, config, options)


def _queries(settings: Settings, config: Config, options: BatchOptions) -> Request:
    """Reads queries that were handed in by themselves."""
    items = queries.read(
        options.queries, stdin=sys.stdin, account=options.account, most_sql_bytes=settings.max_sql_bytes
    )
    origin = Origin(queries=tuple(options.queries), folder=str(Path.cwd()), account=options.account)
    return queries_request(
        settings, config, items, options, source=f"queries {' '.join(options.queries)}", origin=origin
    )


def queries_request(
    settings: Settings,
    config: Config,
    read: Iterable[Item],
    options: BatchOptions,
    *,
    source: str,
    origin: Origin | None,
) -> Request:
    """Makes a request of queries: all in memory, since each was typed or listed by somebody.

    Raises `ConfigError` and `InputError`.
    """
    items = list(read)
    result_format = options.result_format or config.result_format
    require_extra(result_format)
    connection = connection_of(config, options.connection, options.cap)
    account_keys.require(connection, dict.fromkeys(item.account for item in items))
    warnings = refuse_all_wrong(((item.name, item.sql) for item in items), settings, config, connection.name)
    new = NewBatch(
        terms=BatchTerms(
            id=new_batch_id(datetime.now(UTC)),
            output=destination(config, options.to),
            result_format=result_format,
            nulls=config.nulls,
            source=words.first_line(source, SOURCE_LETTERS),
            standing=options.standing.applied_to(config.standing),
            origin=origin,
        ),
        connection=connection,
        items=list(with_known_types(items, result_format, settings, config, connection.name)),
    )
    if options.key is not None:
        new = with_key(new, options.key, queries=items)
    return Request(
        settings=settings,
        config=config,
        new=new,
        account=options.account or items[0].account,
        # Names each account's lane, so that a bad account is found now.
        lanes=Counter(connection.lane(item.account) for item in items),
        size=len(items),
        once=new.terms.id if options.key is not None else None,
        warnings=warnings,
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
