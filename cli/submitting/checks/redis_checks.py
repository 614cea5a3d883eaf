"""Checks Redis: that it is there and can do what lanes need, knows what the ledger says, and that somebody works."""

from itertools import islice

from forebay.cli.deployment import Deployment
from forebay.cli.exits import NOT_CONNECTED, Exit
from forebay.cli.output import words
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed, stands_still
from forebay.config.errors import ConfigError
from forebay.config.redis_urls import state_server
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.errors import GovernorError, WritesRefused
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import check_writes
from forebay.governor.server_checks import check_server
from forebay.governor.view import View
from forebay.scheduler.batches.ledger_progress import ledger_progress
from forebay.scheduler.batches.lost_batches import lost_batches
from forebay.store.errors import NotFound, Refused, StoreError
from forebay.store.ledger.open_marks import is_retried

#: Of what Redis has lost so many are read and counted.
MOST_COUNTED = 20


def not_connected(deployment: Deployment) -> CheckResult | None:
    """Says why there is no Redis that lets us in; None if there is one."""
    try:
        if not deployment.attached:
            greet(state_server(deployment.settings))
    except (ConfigError, GovernorError) as error:
        return failed("redis", error, code=Exit.USAGE)
    return None


def server(deployment: Deployment) -> CheckResult:
    """Checks that Redis can do what lanes need, and keeps what it is told."""
    try:
        found = check_server(deployment.redis)
    except WritesRefused as error:
        return failed("redis", error, code=Exit.USAGE)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this row's
        return failed("redis", error, code=Exit.USAGE, way_out="" if deployment.attached else NOT_CONNECTED)
    if found.warnings:
        return CheckResult(check="redis", verdict=CheckVerdict.WARNING, message=" ".join(found.warnings))
    name = "embedded Valkey" if deployment.attached else found.name
    answers = f"{name} answers in {found.round_trip_ms:.1f} ms, and keeps what it is told"
    return CheckResult(check="redis", verdict=CheckVerdict.OK, message=answers)


def lane(deployment: Deployment, connection: str | None) -> CheckResult:
    """Checks that nobody else fills the cap of this connection's key: another connection, or another folder."""
    try:
        chosen = deployment.config.connection(connection)
        deployment.runtime.claim_key(chosen)
    except (ConfigError, GovernorError) as error:
        return failed("lane", error, code=Exit.USAGE)
    return CheckResult(
        check="lane", verdict=CheckVerdict.OK, message=f"nobody else is known to fill the cap of {chosen.name}"
    )


def workers(deployment: Deployment) -> CheckResult:
    """Checks that somebody does the work; only a warning, since they may come later."""
    if deployment.attached:
        return CheckResult(check="workers", verdict=CheckVerdict.OK, message="started as needed, on this machine")
    try:
        check_writes(deployment.redis)
        heartbeats = Heartbeats(deployment.redis)
        nodes, troubles = heartbeats.workers(), heartbeats.troubles()
    except WritesRefused:
        return stands_still("workers", "they wait until Redis takes writes again")
    except GovernorError:
        return stands_still("workers", "unknown, since Redis does not answer")
    if troubles:
        told = (f"{words.complainer(who)}: {trouble}" for who, trouble in troubles.items())
        return stands_still("workers", "; ".join(told))
    if not nodes:
        return stands_still(
            "workers", "no worker is alive: what is submitted waits", way_out="start one with `forebay worker`"
        )
    return CheckResult(check="workers", verdict=CheckVerdict.OK, message=f"alive on {', '.join(nodes)}")


def reconciled(deployment: Deployment) -> CheckResult:
    """Checks that Redis is what the ledger says: neither emptied nor put back to what it was."""
    view = View(deployment.redis)
    try:
        waiting = [lane for lane in view.lanes() if view.lane(lane).unreconciled]
        marks = deployment.ledger.open_marks.all()
        lost = [*islice(lost_batches(deployment.ledger, deployment.redis, marks), MOST_COUNTED + 1)]
        # Else nothing waits for it: whoever submits next reconciles first. What settled may still have its marks.
        retried = (folder for folder, names in marks.items() if is_retried(names))
        in_the_way = bool(waiting) and (
            any(map(view.is_busy, waiting)) or not all(_has_settled(deployment, folder) for folder in retried)
        )
    except (GovernorError, StoreError, ConfigError) as error:
        return stands_still("reconciled", f"unknown: {error}")
    way_out = "workers do that by themselves; `forebay rebuild` does it now"
    if lost:
        most = f"more than {MOST_COUNTED} batches"
        many = most if len(lost) > MOST_COUNTED else words.counted(len(lost), "open batch", "open batches")
        unknown = f"Redis does not know {many} of the ledger, such as {lost[0][0]}: it lost its data, or was put back"
        return stands_still("reconciled", unknown, way_out=way_out)
    if in_the_way:
        return stands_still(
            "reconciled",
            f"Redis is new or older than it was: nothing is granted on {', '.join(waiting)} until that was reconciled",
            way_out=way_out,
        )
    told = "Redis is new or older than it was, and nothing waits" if waiting else "Redis is what the ledger says"
    return CheckResult(check="reconciled", verdict=CheckVerdict.OK, message=told)


def _has_settled(deployment: Deployment, folder: str) -> bool:
    """Tells by the ledger whether nothing is left to do of a batch: a worker takes its marks away, where one is."""
    try:
        batch = deployment.ledger.batch_in(folder)
    except NotFound:
        return True  # a mark without a batch
    except Refused:
        return False
    return ledger_progress(deployment.ledger, deployment.store, batch).done
