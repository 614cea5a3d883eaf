"""Says whom Stripe sends events to: rows of `doctor`. Costs one request, and nothing depends on it.

Runs end as well without events, only later; so what is found here is a warning at most, and a key that may not see the
list is none.
"""

from collections.abc import Collection, Iterator, Sequence

from forebay.cli.output import words
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict
from forebay.cli.submitting.checks.key_check import client_of
from forebay.config.connections import Config, Connection
from forebay.config.errors import ConfigError
from forebay.config.stripe import Api
from forebay.events.stripe_event import types_to_send
from forebay.queryrun.errors import AuthError, NotFoundError, QueryRunError
from forebay.queryrun.lists.destinations_page import DESTINATIONS_PATH, MOST_DESTINATIONS, EventDestination

#: Stripe documents no size of a page; four to each would do. A list that has no end is left there.
_MOST_PAGES = 5

_WAYS_OUT = {
    "no_aws_event_source_exists": "associate the partner event source in AWS; one that waited seven days is deleted, "
    "and the destination is made anew",
    "no_azure_partner_topic_exists": "activate the partner topic in Azure, or make the destination anew",
}
_ENABLE = "enable it in the Dashboard (Workbench, Event destinations)"


def destinations(config: Config, connection: Connection, account: str | None) -> Iterator[CheckResult]:
    """Lists them, as the lane of `account` would, and says what those lack that send events of runs."""
    try:
        _, of_lane = config.of_lane(connection.lane(account))
        found = _listed(connection, of_lane)
    except (AuthError, NotFoundError) as error:
        yield _row(f"this key may not list event destinations, so whether any sends events is not known: {error}")
    except (QueryRunError, ConfigError) as error:
        yield _row(f"the list of event destinations does not answer now: {error}", warns=True)
    else:
        yield from judge(found, connection, generations_of(config, connection))


def _listed(connection: Connection, account: str | None) -> list[EventDestination]:
    found: list[EventDestination] = []
    path: str | None = DESTINATIONS_PATH
    with client_of(connection) as client:
        for _ in range(_MOST_PAGES):
            if path is None:
                break
            page = client.destinations(path, account=account)
            found += page.destinations
            path = page.next_path
    return found


def generations_of(config: Config, connection: Connection) -> set[Api]:
    """Names the generations of the API by which batches of a connection ask: its own, and those of its definitions."""
    spec = config.written.spec if config.written else None
    definitions = (*spec.extracts.values(), *spec.batches.values()) if spec else ()
    named = {each.api for each in definitions if (each.connection or config.default_connection) == connection.name}
    return {connection.api, *(api for api in named if api is not None)}


def judge(found: Sequence[EventDestination], connection: Connection, apis: Collection[Api]) -> Iterator[CheckResult]:
    """Says how they stand, first all in a line, then what is amiss with those that send events of runs."""
    wanted = types_to_send(apis)
    ours = [(each, sent) for each in found if (sent := _sent(each, wanted))]
    full = ", so none can be added" if len(found) >= MOST_DESTINATIONS else ""
    counted = f"{len(found)} of {MOST_DESTINATIONS} event destinations{full}"
    yield _row(f"{counted}: {', '.join(map(_named, found))}" if found else counted)
    for each, sent in ours:
        if not each.enabled:
            reason = each.disabled_reason
            why = f" ({reason})" if reason else ""
            message = f"event destination {each.name} has events of runs and is {each.status or 'not enabled'}{why}"
            yield _row(message, warns=True, way_out=_WAYS_OUT.get(reason, _ENABLE))
        if lacking := sorted(wanted - sent):
            types = words.counted(len(lacking), "type", "types")
            message = f"event destination {each.name} lacks {types} by which ends are told: {', '.join(lacking)}"
            yield _row(message, warns=True, way_out="add them to its events; what is not told is found by looking")
    if connection.webhook_secrets and not any(each.enabled for each, _ in ours):
        yield _row(
            "there are webhook_secrets, and no enabled event destination sends events of runs",
            warns=True,
            way_out="docs/events.md has one to make; ends are found by the list of events, or by looking, meanwhile",
        )


def _sent(destination: EventDestination, wanted: frozenset[str]) -> frozenset[str]:
    return wanted if "*" in destination.enabled_events else wanted & destination.enabled_events


def _named(destination: EventDestination) -> str:
    why = f": {destination.disabled_reason}" if destination.disabled_reason else ""
    return f"{destination.name} ({destination.kind or 'of no kind'}, {destination.status or 'of no status'}{why})"


def _row(message: str, *, warns: bool = False, way_out: str = "") -> CheckResult:
    verdict = CheckVerdict.WARNING if warns else CheckVerdict.OK
    return CheckResult(check="receivers", verdict=verdict, message=message, way_out=way_out)
