"""Checks how the ends of runs come to be known: rows of `doctor`. Costs one request, and nothing depends on it."""

from collections.abc import Iterator

from forebay.cli.deployment import Deployment
from forebay.cli.output.ends import ends_facts, ends_line
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict
from forebay.cli.submitting.checks.key_check import client_of
from forebay.config.connections import Config, Connection
from forebay.config.errors import ConfigError
from forebay.events.stripe_event import SWEPT_TYPES
from forebay.governor.errors import GovernorError
from forebay.governor.view import View
from forebay.queryrun.errors import QueryRunError
from forebay.queryrun.lists.events_page import events_path


def events(config: Config, connection: Connection, account: str | None) -> CheckResult:
    """Asks for the list of events once, as the lane of `account` does. Without it ends are found by looks, later."""
    try:
        _, of_lane = config.of_lane(connection.lane(account))
        with client_of(connection) as client:
            client.events(events_path(SWEPT_TYPES, None), account=of_lane)
    except (QueryRunError, ConfigError) as error:
        return CheckResult(
            check="events",
            verdict=CheckVerdict.WARNING,
            message=f"Stripe's list of events does not answer, so ends are found by looking: {error}",
            way_out="let the key read events, or have them sent (docs/events.md); runs end as well without",
        )
    told = " and webhooks tell" if connection.webhook_secrets else " tells"
    return CheckResult(
        check="events",
        verdict=CheckVerdict.OK,
        message=f"Stripe's list of events{told} of ends; `forebay lanes` says how soon",
    )


def ends(deployment: Deployment, connection: str | None) -> Iterator[CheckResult]:
    """Says of each lane of the connection that was used how its ends came to be known, and how late."""
    view, name = View(deployment.redis), deployment.config.connection(connection).name
    try:
        feeds = {lane: view.feed(lane) for lane in view.lanes() if lane.startswith(f"{name}:")}
    except GovernorError as error:
        yield CheckResult(check="ends", verdict=CheckVerdict.WARNING, message=f"unknown: {error}")
        return
    for lane, feed in feeds.items():
        line = f"{lane}: {ends_line(ends_facts(feed))}"
        if feed.is_of_no_use:
            yield CheckResult(
                check="ends",
                verdict=CheckVerdict.WARNING,
                message=f"{line}; events do not tell of most ends",
                way_out="may the key read the events of these accounts? (docs/events.md); runs end as well without",
            )
        else:
            yield CheckResult(check="ends", verdict=CheckVerdict.OK, message=line)
