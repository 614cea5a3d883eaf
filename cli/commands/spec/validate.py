"""Checks the spec and every query of it, asking nobody but the ledger for known tables: `forebay validate`."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from forebay.cli import options
from forebay.cli.commands.spec.init import SCHEMA, write_schema
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text, words
from forebay.cli.output.plain_text import styled
from forebay.cli.submitting.definition_names import is_query_source
from forebay.cli.submitting.known_tables import read_known
from forebay.config.connections import Config
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.same_key import check_keys_differ
from forebay.config.settings import Settings
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.extracts.removed import RemovedExtract, removed_extracts
from forebay.scheduler.sql.catalog import Catalog
from forebay.store.errors import BadRecord, StoreError
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.local import LocalStore

if TYPE_CHECKING:
    from forebay.scheduler.definitions.validation import Remark, Validation
    from forebay.scheduler.sql.trino.selects import Tables

_STYLES = {"error": "red", "warning": "yellow"}


def validate(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|QUERIES",
            help="Names of the spec, or files of queries; all of the spec, if none is named.",
        ),
    ] = None,
    *,
    strict: Annotated[bool, options.flag("--strict", "Warnings are errors.")] = False,
    as_json: options.Json = False,
) -> int:
    """Check the spec and its SQL, or files of queries; runs nothing."""
    settings = Settings()
    config = load_config(settings)
    check_keys_differ(config.connections.values())
    catalogs, unread = _catalogs(settings, config)
    removed = _removed(settings, config)
    tables = {name: catalog.types for name, catalog in catalogs.items()}
    validation = _validated(settings, config, names or [], tables)
    code = Exit.USAGE if validation.errors or (strict and validation.warnings) else Exit.OK
    if as_json:
        _emit(validation, removed, code)
        return code
    for remark in validation.remarks:
        _print(remark)
    plain_text.say(_verdict(validation))
    if config.written and (trouble := _renew_schema(config.written)):
        plain_text.remark(trouble)
    plain_text.remark(*(extract.sentence for extract in removed), unread or _schemas(config, catalogs))
    return code


def _catalogs(settings: Settings, config: Config) -> tuple[dict[str, Catalog], str]:
    """Reads what tables are known, or says why that cannot be read: the rest of the spec is judged without."""
    try:
        return read_known(settings, config), ""
    except StoreError as error:
        way_out = "; `forebay schema` fetches them" if isinstance(error, BadRecord) else ""
        return {}, f"names of tables and columns were not checked: {error}{way_out}"


def _validated(settings: Settings, config: Config, names: list[str], tables: Mapping[str, "Tables"]) -> "Validation":
    # The parser of SQL takes a moment to load, and no other command needs it.
    from forebay.scheduler.definitions.query_validation import validate_queries
    from forebay.scheduler.definitions.validation import validate as validate_spec

    if any(is_query_source(config, name) for name in names):
        known = tables.get(config.default_connection or "")
        most = settings.max_sql_bytes
        return validate_queries(names, stdin=sys.stdin, account=None, most_sql_bytes=most, tables=known)
    if config.written is None:
        raise ConfigError(
            f"there is no spec file {settings.spec} here: `forebay init` writes one; or name files of queries"
        )
    return validate_spec(config, config.written, names, tables)


def _removed(settings: Settings, config: Config) -> list[RemovedExtract]:
    """Finds extracts that the spec has no more, where the ledger is a folder: to ask a bucket is not for here."""
    with suppress(StoreError):
        ledger = open_stores(settings).open(settings.ledger)
        if config.written and isinstance(ledger, LocalStore):
            spec = config.written.spec
            return list(removed_extracts(Ledger(ledger), Marks(ledger, spec.former_names), spec))
    return []


def _renew_schema(written: WrittenSpec) -> str:
    """Writes it where the spec's first line sends an editor: a clone has none yet, and an upgrade knows more keys.

    Returns why it could not: that says nothing of the spec, which may well be read where nothing can be written.
    """
    try:
        with written.document.path.open(encoding="utf-8-sig") as spec:
            if spec.readline().rstrip().endswith(f"$schema={SCHEMA}"):
                write_schema(written.folder)
    except OSError as error:
        return f"the schema that editors read was not renewed: {error.filename or SCHEMA}: {error.strerror}"
    return ""


def _emit(validation: "Validation", removed: Sequence[RemovedExtract], code: Exit) -> None:
    for remark in validation.remarks:
        events.emit("finding", **asdict(remark))
    counts = {"definitions": validation.definitions, "queries": validation.queries, "errors": validation.errors}
    gone = [{"extract": each.name, "end": each.end.isoformat()} for each in removed]
    events.result(code, **counts, warnings=validation.warnings, removed=gone)


def _print(remark: "Remark") -> None:
    place = f"{words.place(remark.file)}, line {remark.line}: "
    kind = (f"{remark.severity:<8}", _STYLES[remark.severity])
    line = styled(kind, (place, "bold"), remark.text, (f"  [{remark.rule}]", "dim"))
    plain_text.wrapped(line, plain_text.stdout())


def _verdict(validation: "Validation") -> str:
    counts = [words.counted(validation.errors, "error"), words.counted(validation.warnings, "warning")]
    complaints = " and ".join(count for count in counts if not count.startswith("0 ")) or "nothing to complain of"
    counted = [words.counted(validation.definitions, "definition")] if validation.definitions else []
    counted.append(words.counted(validation.queries, "query", "queries"))
    return f"{', '.join(counted)}: {complaints}"


def _schemas(config: Config, catalogs: Mapping[str, Catalog]) -> str:
    """Says what names were checked against."""
    missing = [name for name in config.connections if name not in catalogs]
    ages = [f"{name}'s of {_age(catalog.fetched_at)}" for name, catalog in sorted(catalogs.items())]
    if not ages:
        return "names of tables and columns were not checked: there is no schema yet; `forebay schema` fetches one"
    rest = f"; none of {', '.join(missing)}" if missing else ""
    return f"names were checked against the schema: {', '.join(ages)}{rest}"


def _age(since: datetime) -> str:
    days = (datetime.now(UTC) - since).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
