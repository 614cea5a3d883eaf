"""`forebay validate`: the spec and every query of it, checked without asking anybody."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from forebay.cli import options
from forebay.cli.commands.spec.init import SCHEMA, write_schema
from forebay.cli.exits import Exit
from forebay.cli.output import events, words
from forebay.cli.output.console import stdout
from forebay.config.connections import Config
from forebay.config.document.load_spec import WrittenSpec
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.sql.catalog import Catalog, read_catalogs

if TYPE_CHECKING:
    from forebay.scheduler.definitions.validation import Remark, Validation

_STYLES = {"error": "red", "warning": "yellow"}


def validate(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME…]", help="Extracts and batches; all, if none is named.")
    ] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
    as_json: options.Json = False,
) -> int:
    """Check the spec and its SQL, without asking anybody."""
    # The parser of SQL takes a moment to load, and no other command needs it.
    from forebay.scheduler.definitions.validation import validate as looked_at

    settings = Settings()
    config = load_config(settings)
    if config.written is None:
        raise ConfigError(f"there is no spec file {settings.spec} here; `forebay init` writes one")
    catalogs = _catalogs(settings, config)
    tables = {name: catalog.names for name, catalog in catalogs.items()}
    seen = looked_at(config, config.written, names or [], tables)
    code = Exit.USAGE if seen.errors or (strict and seen.warnings) else Exit.OK
    if as_json:
        _emit(seen, code)
        return code
    for remark in seen.remarks:
        _print(remark)
    typer.echo(_verdict(seen))
    _renew_schema(config.written)
    typer.echo(_schemas(config, catalogs), err=True)
    return code


def _catalogs(settings: Settings, config: Config) -> dict[str, Catalog]:
    """What was fetched from the servers that the connections still name."""
    return {
        name: catalog
        for name, catalog in read_catalogs(settings.data_dir).items()
        if name in config.connections and config.connections[name].api_base == catalog.api_base
    }


def _renew_schema(written: WrittenSpec) -> None:
    """For the editor, where the spec's first line sends it: a clone has none yet, and an upgrade knows more keys."""
    with written.document.path.open(encoding="utf-8-sig") as spec:
        if spec.readline().rstrip().endswith(f"$schema={SCHEMA}"):
            write_schema(written.folder)


def _emit(seen: "Validation", code: Exit) -> None:
    for remark in seen.remarks:
        events.emit({"event": "finding", **asdict(remark)})
    counts = {"definitions": seen.definitions, "queries": seen.queries, "errors": seen.errors}
    result = {"exit": int(code), **counts, "warnings": seen.warnings}
    events.emit({"event": "result", "schema": events.SCHEMA, **result})


def _print(remark: "Remark") -> None:
    place = f"{words.place(remark.file)}, line {remark.line}: "
    kind = (f"{remark.severity:<8}", _STYLES[remark.severity])
    stdout().print(Text.assemble(kind, (place, "bold"), remark.text, (f"  [{remark.rule}]", "dim")))


def _verdict(seen: "Validation") -> str:
    found = [words.counted(seen.errors, "error"), words.counted(seen.warnings, "warning")]
    said = " and ".join(some for some in found if not some.startswith("0 ")) or "nothing to complain of"
    looked = f"{words.counted(seen.definitions, 'definition')}, {words.counted(seen.queries, 'query', 'queries')}"
    return f"{looked}: {said}"


def _schemas(config: Config, catalogs: Mapping[str, Catalog]) -> str:
    """What names were checked against."""
    missing = [name for name in config.connections if name not in catalogs]
    ages = [f"{name}'s of {_age(catalog.fetched_at)}" for name, catalog in sorted(catalogs.items())]
    if not ages:
        return "names of tables and columns were not checked: there is no schema yet; `forebay schema` fetches one"
    rest = f"; none of {', '.join(missing)}" if missing else ""
    return f"names were checked against the schema: {', '.join(ages)}{rest}"


def _age(since: datetime) -> str:
    days = (datetime.now(UTC) - since).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
