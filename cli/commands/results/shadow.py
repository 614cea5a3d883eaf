"""Asks the items of a definition by both generations of Stripe's API, and compares what lands: `forebay shadow`."""

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from forebay.cli import options
from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.resuming import restore, resume
from forebay.cli.following.session import Session
from forebay.cli.output import events, plain_text, shadow_verdicts, words
from forebay.cli.output.confirm import Yes, confirm
from forebay.cli.output.console import Manner
from forebay.cli.submitting import preflight
from forebay.cli.submitting.definition_names import meant
from forebay.cli.submitting.definition_request import expansion_of
from forebay.cli.submitting.expanding import history
from forebay.cli.submitting.shadow_plan import plan_shadow, require_both
from forebay.config.load import load_config
from forebay.config.result_format import ResultFormat
from forebay.config.settings import Settings
from forebay.config.stripe import Api
from forebay.scheduler.batches.budgets import require
from forebay.scheduler.comparing.landed_pairs import compare_batches
from forebay.scheduler.comparing.shadow_batches import Shadow, shadow_of
from forebay.scheduler.comparing.shadow_report import ShadowReport, write_report
from forebay.scheduler.costs.prices import Prices
from forebay.store.ledger.records import Batch, Item

Name = Annotated[
    str, typer.Argument(metavar="BATCH|EXTRACT", help="A batch or an extract of the spec.", show_default=False)
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="URL|PATH", help="Below which place they land, in _shadow. [default: the spec's]"),
]
Again = Annotated[bool, options.flag("--again", "Compare once more what was compared: other runs.")]
#: Rows of so much that differ take more than some seconds to be compared: it is said that they are.
_LONG_BYTES = 20_000_000


def shadow(
    name: Name,
    *,
    window: options.Window = None,
    param: options.Param = None,
    to: To = None,
    connection: options.ConnectionName = None,
    again: Again = False,
    yes: Yes = False,
    timeout: options.Timeout = None,
    manner: Manner,
) -> int:
    """Ask by both generations of Stripe's API, and compare.

    The same items by reporting and by data, as two batches of class backfill: twice the runs. It says first what that
    comes to, and asks. Nothing of it is published or counts as having run. The same command goes on after an
    interruption, and tells once more what was compared. Ends with 3 where anything differs.
    """
    settings = Settings()
    config = load_config(settings)
    (name,) = meant(config, [name], several=False)
    definition = options.DefinitionOptions(window=window, param=param)
    asked = options.BatchOptions(queries=[name], to=to, connection=connection, definition=definition)
    expansion, warnings = expansion_of(settings, config, name, asked)
    with open_deployment(settings, config) as deployment:
        pair = shadow_of(deployment.ledger, expansion, config.connections.values(), again=again)
        batches = pair.accepted(deployment.ledger)
        if not batches and not _agreed(deployment, pair, yes=yes, manner=manner):
            return Exit.OK
        if len(batches) < len(Api):
            plain_text.remark(*warnings)
            batches = _submit(deployment, pair)
        elif not manner.quiet:
            when = min(batch.created_at for batch in batches.values())
            manner.remark(f"accepted already, {when:%Y-%m-%d %H:%M} UTC; nothing is asked again without --again")
        unended = _follow(deployment, batches, timeout, manner, come_back=_come_back(pair, asked))
        return _compare(deployment, pair, batches, manner) if unended is None else unended


def _agreed(deployment: Deployment, shadow: Shadow, *, yes: bool, manner: Manner) -> bool:
    """Says what it comes to, and asks. Raises `BudgetExceeded` where the day has no room for it."""
    written = deployment.config.written
    assert written  # noqa: S101 - it has the definition
    require(deployment.ledger.spent, shadow.budget, shadow.id, datetime.now(UTC).date())
    past = history(deployment.settings, deployment.ledger_store).batches(shadow.expansion.definition)
    plan = plan_shadow(shadow, past=past, prices=Prices.of(written.spec))
    if manner.as_json:
        events.emit("plan", **plan.facts())
    elif not (manner.quiet and yes):
        plain_text.remark(*plan.lines())
    return confirm(f"Ask {words.runs(shadow.runs)}?", yes=yes, as_json=manner.as_json)


def _submit(deployment: Deployment, shadow: Shadow) -> dict[Api, Batch]:
    """Checks the services, and accepts both batches. Raises `PreflightFailed` before anything is written."""
    expansion = shadow.expansion
    connection, account = expansion.connection, expansion.accounts[0]
    for row in preflight.require(
        deployment, connection=connection.name, account=account, output=expansion.terms.output
    ):
        plain_text.remark(f"warning: {row.message}" + (f"; {row.way_out}" if row.way_out else ""))
    require_both(shadow.connections, account)
    preflight.reopen_auth(deployment, shadow.lanes)
    accepted = (deployment.submitter.submit(new) for new in shadow.new_batches())
    return {batch.api: batch for batch in accepted}


def _follow(
    deployment: Deployment, batches: Mapping[Api, Batch], timeout_s: float | None, manner: Manner, *, come_back: str
) -> Exit | None:
    """Follows both, beside each other; None once they have ended."""
    going_on = [batch for batch in batches.values() if deployment.ledger.closing(batch.id) is None]
    if not going_on:
        return None
    for batch in going_on:
        restore(deployment, batch, manner)
        resume(deployment, batch)
        if manner.as_json:
            events.submitted(batch)
        elif not manner.quiet:
            manner.remark(f"by {batch.api}: {words.runs(batch.size)} → {words.folder(batch)}")
    first, *beside = going_on
    session = Session(deployment, first, manner, beside=beside, come_back=come_back, sums_up=False)
    code = session.follow(timeout_s)
    ended = all(deployment.ledger.closing(batch.id) for batch in going_on)
    return None if ended else code


def _compare(deployment: Deployment, shadow: Shadow, batches: Mapping[Api, Batch], manner: Manner) -> Exit:
    """Compares what landed, writes the report, and tells it."""

    def reading(item: Item, size: int) -> None:
        if size >= _LONG_BYTES and not manner.quiet:
            manner.remark(f"reading {words.size(size)} of {item.name}, whose bytes differ …")

    policy = shadow.expansion.policy
    report = ShadowReport(
        shadow=shadow.id,
        definition=policy.definition,
        window=policy.window,
        compared_at=datetime.now(UTC),
        connection=shadow.expansion.connection.name,
        batches={api: batch.id for api, batch in batches.items()},
        items=tuple(compare_batches(deployment.ledger, deployment.store, batches, reading=reading)),
    )
    store = deployment.store(batches[Api.DATA].output)
    url = store.url_of(write_report(store, report))
    if manner.as_json:
        shadow_verdicts.show_as_json(report, url)
    else:
        shadow_verdicts.show(report, url)
        terms = shadow.expansion.terms
        if terms.result_format == ResultFormat.PARQUET and (
            remark := shadow_verdicts.types_remark(report, terms.column_types)
        ):
            manner.remark(remark)
    return shadow_verdicts.exit_code(report)


def _come_back(shadow: Shadow, asked: options.BatchOptions) -> str:
    """Writes the command that goes on with it, also once another window is the newest."""
    words_typed = ["forebay", "shadow", shadow.expansion.definition]
    if window := shadow.expansion.asked:
        start = window.window.start.astimezone(ZoneInfo(window.timezone))
        words_typed += ["--window", words.moment_option(start)]
    for param in asked.definition.param or ():
        words_typed += ["--param", param]
    for name, value in (("--to", asked.to), ("--connection", asked.connection)):
        words_typed += [name, value] if value else []
    return shlex.join(words_typed)
