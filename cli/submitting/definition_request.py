"""Reads what the user typed of a definition of the spec: expanded and checked, a request as `request.py` has it."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

from forebay.cli.options import BatchOptions
from forebay.cli.submitting import account_keys
from forebay.cli.submitting.definition_names import definition
from forebay.cli.submitting.expanding import expanded, wanted
from forebay.cli.submitting.known_tables import refuse_all_wrong
from forebay.cli.submitting.repeating import next_repeat
from forebay.cli.submitting.request import Request, connection_of
from forebay.cli.submitting.result_types import require_extra
from forebay.config.connections import Config
from forebay.config.document.definitions import BatchSpec, ExtractSpec
from forebay.config.settings import Settings
from forebay.scheduler.batches.keyed_batch import with_key
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.windows.calendar import Window


def definition_request(settings: Settings, config: Config, name: str, options: BatchOptions) -> Request:
    """Expands a batch or an extract of the spec: a stream of items, never held together."""
    spec, again = definition(config, name), options.definition.again
    if again and isinstance(spec, BatchSpec):
        raise InputError(f"--again repeats a window of an extract, and {name} is a batch, which runs anew each time")
    if options.key is not None and not isinstance(spec, BatchSpec):
        raise InputError(
            f"--key goes with queries and batches; a window of an extract such as {name} is made once anyway"
        )
    repeat = next_repeat(settings, config, name) if again else None
    expansion, warnings = expansion_of(settings, config, name, options, again=repeat)
    require_extra(expansion.terms.result_format)
    new = expansion.new_batch(fresh=options.definition.fresh or again)
    if options.key is not None:
        new = with_key(new, options.key, definition=name, params=options.definition.values)
    return Request(
        settings=settings,
        config=config,
        new=new,
        account=expansion.accounts[0],
        lanes=expansion.lanes,
        size=expansion.size,
        once=new.terms.id if expansion.kind == "extract" or options.key is not None else None,
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
