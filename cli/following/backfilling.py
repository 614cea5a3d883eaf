"""Says which windows a backfill is about and what it comes to, for the command and for the page."""

from collections.abc import Sequence
from datetime import datetime

from forebay.cli.deployment import Deployment
from forebay.cli.submitting.backfill_plan import BackfillPlan, plan_backfill
from forebay.cli.submitting.definition_names import extract_of
from forebay.cli.submitting.expanding import history, moment_of
from forebay.cli.submitting.result_types import require_extra
from forebay.config.connections import Config
from forebay.scheduler.costs.prices import Prices
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.definitions.expansion import Expansion
from forebay.scheduler.errors import InputError
from forebay.scheduler.extracts.gaps import Gap, windows
from forebay.scheduler.windows.calendar import Calendar, Window


def windows_between(config: Config, extract: str, start: str | None, end: str | None, now: datetime) -> list[Window]:
    """Gives the windows that are over between two moments as they are typed, oldest first.

    Raises `ConfigError`, and `InputError` for moments between which no window can lie.
    """
    require_extra(extract_of(config, extract).result_format or config.result_format)
    assert config.written  # noqa: S101 - it has the extract
    calendar = calendar_of(config.written, extract)
    first = moment_of(start, "--from", calendar) if start else None
    last = moment_of(end, "--to", calendar) if end else None
    _refuse_moments(extract, calendar, first, last, now)
    return list(windows(calendar, first, last, now))


def refuse_paused(deployment: Deployment, extract: str) -> None:
    """Raises `InputError` while the extract is paused."""
    if paused := deployment.marks.paused(extract):
        raise InputError(
            f"extract {extract} is paused ({paused.reason or 'no reason given'}), so nothing of it is submitted; "
            f"forebay resume {extract} --extract lets it go on"
        )


def plan_gaps(
    deployment: Deployment, extract: str, asked: int, todo: Sequence[Gap], expansion: Expansion
) -> BackfillPlan:
    """Counts what there is to do, of so many windows that were asked for. Spends nothing."""
    past = history(deployment.settings, deployment.ledger_store).batches(extract)
    assert deployment.config.written  # noqa: S101 - it has the extract
    prices = Prices.of(deployment.config.written.spec)
    return plan_backfill(deployment.ledger, extract, asked, tuple(todo), expansion, past=past, prices=prices)


def _refuse_moments(
    extract: str, calendar: Calendar, first: datetime | None, last: datetime | None, now: datetime
) -> None:
    """Raises `InputError` where no window can lie between the moments."""
    zone = calendar.zone
    if first and last and first >= last:
        raise InputError(
            f"--from {first.astimezone(zone):%Y-%m-%d %H:%M} is not before --to {last.astimezone(zone):%Y-%m-%d %H:%M}"
        )
    if first and first >= now:
        raise InputError(f"--from {first.astimezone(zone):%Y-%m-%d %H:%M} lies ahead: no window there is over yet")
    if last and last <= calendar.first:
        raise InputError(
            f"--to {last.astimezone(zone):%Y-%m-%d %H:%M} is not after the start of {extract}, "
            f"{calendar.first.astimezone(zone):%Y-%m-%d %H:%M}"
        )
