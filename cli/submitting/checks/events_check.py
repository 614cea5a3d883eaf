"""Checks how the ends of runs come to be known: a row of `doctor`. Costs one request, and nothing depends on it."""

from urllib.request import getproxies

from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict
from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.proxies import proxy_for
from forebay.events.stripe_event import SWEPT_TYPES
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import QueryRunError
from forebay.queryrun.events_page import events_path


def events(config: Config, connection: str | None, account: str | None) -> CheckResult:
    """Asks for the list of events once. Without it ends are found by looks, some seconds later."""
    try:
        chosen = config.connection(connection)
        with QueryRunClient(chosen, proxy=proxy_for(chosen.api_base, getproxies())) as client:
            client.events(events_path(SWEPT_TYPES, None), account=account)
    except (QueryRunError, ConfigError) as error:
        return CheckResult(
            check="events",
            verdict=CheckVerdict.WARNING,
            message=f"Stripe's list of events does not answer, so ends are found by looking: {error}",
            way_out="let the key read events, or have them sent (docs/events.md); runs end as well without",
        )
    told = " and webhooks tell" if chosen.webhook_secrets else " tells"
    return CheckResult(
        check="events",
        verdict=CheckVerdict.OK,
        message=f"Stripe's list of events{told} of ends; `forebay lanes` says how soon",
    )
