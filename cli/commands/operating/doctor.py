"""`forebay doctor`: every check before the start, as rows, then the verdict. Spends nothing."""

import typer
from rich.text import Text

from forebay.cli import options
from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit, report
from forebay.cli.output import events
from forebay.cli.output.console import stdout
from forebay.cli.submitting import preflight
from forebay.cli.submitting.preflight import Row, Verdict
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.definitions.destination import destination

_MARKS = {Verdict.OK: ("ok", "green"), Verdict.WARNING: ("warning", "yellow"), Verdict.FAILED: ("failed", "red")}


def doctor(
    to: options.ToUrl = None,
    account: options.Account = None,
    connection: options.ConnectionName = None,
    *,
    as_json: options.Json = False,
) -> int:
    """Check key, Redis, ledger, destination and workers before anything is spent."""
    found = []
    for row in _rows(to, account, connection):
        found.append(row)
        _print(row, as_json=as_json)
    failed = [row for row in found if row.verdict is Verdict.FAILED]
    # The first in the order of mending decides.
    code = failed[0].exit_code if failed else Exit.OK
    if as_json:
        events.emit({"event": "result", "schema": events.SCHEMA, "exit": int(code), "failed": len(failed)})
    elif failed:
        typer.echo(f"{len(failed)} of {len(found)} checks failed; nothing would be submitted")
    else:
        typer.echo("ready")
    return code


def _rows(to: str | None, account: str | None, connection: str | None) -> list[Row]:
    try:
        settings = Settings()
        config = load_config(settings)
    except ConfigError as error:
        said = report(error)
        return [_failed("settings", said.message, said.exit_code, said.kind, said.way_out)]
    output = destination(config, to)
    try:
        with open_deployment(settings, config) as deployment:
            return list(preflight.rows(deployment, connection=connection, account=account, output=output))
    except Exception as error:  # what kept us from even asking
        said = report(error)
        if said.kind == "internal":
            raise
        return [
            preflight.key(config, connection, account),
            _failed(said.kind, said.message, Exit.USAGE, said.kind, said.way_out),
        ]


def _failed(check: str, message: str, code: Exit, kind: str, way_out: str) -> Row:
    return Row(check=check, verdict=Verdict.FAILED, message=message, exit_code=code, kind=kind, way_out=way_out)


def _print(row: Row, *, as_json: bool) -> None:
    if as_json:
        said = {"event": "check", "check": row.check, "verdict": row.verdict, "message": row.message}
        events.emit(said | {"class": row.kind or None, "next": row.way_out or None})
        return
    mark, style = _MARKS[row.verdict]
    console = stdout()
    console.print(Text.assemble((f"{mark:<8}", style), (f"{row.check:<12}", "bold"), row.message))
    if row.way_out:
        console.print(Text(f"{'':<20}→ {row.way_out}", "dim"))
