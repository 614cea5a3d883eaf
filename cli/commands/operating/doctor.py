"""Makes every check before the start and says what came of each: `forebay doctor`. Spends nothing."""

from collections.abc import Iterator
from typing import Annotated

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit, report
from forebay.cli.following import lane_checks
from forebay.cli.following.causes import budget_cause
from forebay.cli.following.evidence import used_up_budgets
from forebay.cli.output import events, plain_text
from forebay.cli.output.confirm import Yes
from forebay.cli.output.plain_text import styled
from forebay.cli.recording import recorder
from forebay.cli.submitting import preflight
from forebay.cli.submitting.checks import (
    context_check,
    create_check,
    destinations_check,
    events_check,
    format_check,
    host_checks,
    key_check,
    redis_checks,
    schema_check,
)
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.scheduler.definitions.destination import destination

_STYLES = {CheckVerdict.OK: "green", CheckVerdict.WARNING: "yellow", CheckVerdict.FAILED: "red"}


def doctor(
    to: options.ToUrl = None,
    account: options.Account = None,
    connection: options.ConnectionName = None,
    *,
    record: Annotated[
        bool, options.flag("--record", "Ask Stripe what its documents leave open, by a few cheap runs.")
    ] = False,
    with_accounts: Annotated[bool, options.flag("--with-accounts", "The record names the account.")] = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> int:
    """Check key, Redis, ledger, destination and workers.

    No query is run for it. With --record it asks Stripe instead, after it said by what, and writes forebay-record.json.
    """
    if record:
        if to is not None:
            raise typer.BadParameter("--to does not go with --record, which writes nothing to a destination")
        return recorder.record(connection, account, yes=yes, as_json=as_json, with_accounts=with_accounts)
    if yes or with_accounts:
        raise typer.BadParameter("--yes and --with-accounts go with --record")
    results = _results(to, account, connection)
    for result in results:
        _print(result, as_json=as_json)
    failed = [result for result in results if result.verdict is CheckVerdict.FAILED]
    # The first in the order of mending decides.
    standing = failed or [result for result in results if result.exit_code]
    code = standing[0].exit_code if standing else Exit.OK
    if as_json:
        events.result(code, failed=len(failed))
    elif failed:
        plain_text.say(f"{len(failed)} of {len(results)} checks failed; mend that before you submit")
    elif standing:
        plain_text.say(f"not ready: what is submitted waits ({', '.join(result.check for result in standing)})")
    else:
        plain_text.say("ready")
    return code


def _results(to: str | None, account: str | None, connection: str | None) -> list[CheckResult]:
    try:
        settings = Settings()
        config = load_config(settings)
    except ConfigError as error:
        return [failed("settings", error)]
    output = destination(config, to)
    try:
        # Not greeted: a Redis that lets nobody in is one row, and the others are to be seen, too.
        with open_deployment(settings, config, greeted=False) as deployment:
            return list(_rows(deployment, connection, account, output))
    except Exception as error:  # what kept us from even asking
        kind = report(error).kind
        if kind == "internal":
            raise
        return [key_check.key(config, connection, account), failed(kind, error, code=Exit.USAGE)]


def _rows(deployment: Deployment, connection: str | None, account: str | None, output: str) -> Iterator[CheckResult]:
    usable = True
    key_rows, key = context_check.key_rows(deployment.config, connection, account)
    yield from key_rows
    if key.connection and key.taken:
        yield create_check.create(key.connection, key.account)
        yield events_check.events(deployment.config, key.connection, key.account)
        yield from destinations_check.destinations(deployment.config, key.connection, key.account)
    for result in preflight.of_the_deployment(deployment, connection=connection, output=output):
        yield result
        usable = usable and not (result.check in ("redis", "ledger") and result.verdict is CheckVerdict.FAILED)
    if key.connection:
        yield from host_checks.from_here(key.connection, workers_are_here=deployment.attached is not None)
        if usable and not deployment.attached:
            yield from host_checks.from_workers(deployment, key.connection)
    yield from format_check.formats(deployment.config)
    if usable:
        yield from schema_check.schemas(deployment)
        for used in used_up_budgets(deployment):
            cause = budget_cause(*used)
            yield CheckResult(
                check="budget", verdict=CheckVerdict.WARNING, message=cause.message, way_out=cause.way_out
            )
        yield redis_checks.reconciled(deployment)
        yield from lane_checks.moving(deployment)
        if key.taken:
            yield from events_check.ends(deployment, connection)


def _print(result: CheckResult, *, as_json: bool) -> None:
    if as_json:
        more = {"class": result.kind or None, "next": result.way_out or None}
        events.emit("check", check=result.check, verdict=result.verdict, message=result.message, **more)
        return
    verdict = (f"{result.verdict:<8}", _STYLES[result.verdict])
    console = plain_text.stdout()
    console.print(styled(verdict, (f"{result.check:<12}", "bold"), result.message))
    if result.way_out:
        console.print(styled((f"{'':<20}→ {result.way_out}", "dim")))
