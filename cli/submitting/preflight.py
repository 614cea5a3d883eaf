"""Checks what can be checked before anything is spent: rows of `doctor`, and the gate that `run` and `submit` pass.

Each costs a request or two and no slot at Stripe, and comes to a sentence, the way out, and an exit code.
"""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from forebay.cli.deployment import Deployment
from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import NOT_CONNECTED, Exit, report
from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.proxies import proxy_for
from forebay.config.redis_urls import state_server
from forebay.config.same_key import check_keys_differ
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.errors import GovernorError, WritesRefused
from forebay.governor.first_contact import greet
from forebay.governor.governor import Governor
from forebay.governor.redis_client import check_writes
from forebay.governor.server_checks import check_server
from forebay.governor.states import Gate
from forebay.governor.view import View
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import AuthError, ProviderError, QueryRunError, QuotaError
from forebay.runtime.one_ledger import LedgerElsewhere
from forebay.scheduler.definitions.accounts import example_account
from forebay.scheduler.errors import InputError
from forebay.store.errors import Denied, StoreError
from forebay.store.interface import Store
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.open_marks import OpenMarks, is_retried
from forebay.store.local import LocalStore

#: Between the tries of a probe that Stripe did not answer.
_PAUSES_S = (0.5, 1.0)


class CheckVerdict(StrEnum):
    """Whether work can begin."""

    OK = "ok"
    WARNING = "warning"  # it can, but may wait or surprise
    FAILED = "failed"  # it cannot


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of one check."""

    check: str
    verdict: CheckVerdict
    message: str
    way_out: str = ""
    exit_code: Exit = Exit.OK
    kind: str = ""

    def error(self) -> PreflightFailed:
        """Makes an error of a failed check, for a command that cannot go on."""
        return PreflightFailed(self.message, way_out=self.way_out, exit_code=self.exit_code, kind=self.kind)


class _StripeFalters(Exception):
    """Raised when Stripe was reached and gave no answer to a probe, however often it was asked."""


def _probe(client: QueryRunClient, account: str | None) -> None:
    """Probes, and again after a fault of Stripe's. Raises `_StripeFalters`, and else what the probe raises."""
    for pause_s in (*_PAUSES_S, None):
        try:
            client.probe(account=account)
        except ProviderError as error:
            # Where nothing was sent, or something else than Stripe's API answers, the address is wrong, or the network.
            if error.unsent or (error.status is not None and error.status < HTTPStatus.INTERNAL_SERVER_ERROR):
                raise
            if pause_s is None:
                raise _StripeFalters(str(error)) from error
            time.sleep(pause_s)
        else:
            return


def key(config: Config, connection: str | None, account: str | None) -> CheckResult:
    """Checks that there is a key, and that Stripe takes it."""
    try:
        chosen = config.connection(connection)
        check_keys_differ(config.connections.values())
        if chosen.key_per_account and account is None:
            account = example_account(config, chosen)
        with QueryRunClient(chosen, proxy=proxy_for(chosen.api_base, getproxies())) as client:
            _probe(client, account)
    except (ConfigError, InputError) as error:
        # Without any connection the key is missing; that is the class of a refused one, whatever raised it.
        code = Exit.AUTH if not config.connections else report(error).exit_code
        return failed("key", error, code=code, kind=FailureClass.AUTH if code is Exit.AUTH else "config")
    except AuthError as error:
        return failed("key", error)
    except _StripeFalters as error:
        # What is accepted is durable, and its runs wait for Stripe by themselves: a hiccup refuses nothing.
        return CheckResult(
            check="key",
            verdict=CheckVerdict.WARNING,
            message=f"Stripe does not answer well now, so whether it takes the key is not known: {error}",
            way_out="runs wait for it by themselves; `forebay doctor` asks again",
        )
    except QuotaError as error:
        return CheckResult(
            check="key", verdict=CheckVerdict.WARNING, message=f"Stripe is throttling this key now: {error}"
        )
    except QueryRunError as error:
        way_out = f"check the network, and api_base ({chosen.api_base})"
        return failed("key", error, code=Exit.USAGE, way_out=way_out)
    of = f" for {account}, one of its accounts" if chosen.key_per_account else ""
    return CheckResult(
        check="key",
        verdict=CheckVerdict.OK,
        message=f"Stripe takes the key of connection {chosen.name}{of} ({chosen.mode} mode, cap {chosen.cap})",
    )


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


def store(check: str, opened: Callable[[], Store]) -> CheckResult:
    """Checks that a place can be written, read and deleted from."""
    try:
        place = opened()
        place.probe()
    except StoreError as error:
        return failed(check, error, code=Exit.USAGE, way_out=_way_out(check, error))
    return CheckResult(check=check, verdict=CheckVerdict.OK, message=f"{place.url} can be written and read")


def ledger(deployment: Deployment) -> CheckResult:
    """Checks the ledger, that it is the one that Redis works for, and that not everybody can read it."""
    result = store("ledger", lambda: deployment.ledger_store)
    try:
        deployment.one_ledger.check()
    except LedgerElsewhere as error:
        return failed("ledger", error, code=Exit.USAGE)
    except (GovernorError, StoreError):
        return result  # said of Redis, or of the ledger, itself
    place = deployment.ledger_store
    if result.verdict is CheckVerdict.OK and isinstance(place, LocalStore) and place.everybody_can_read():
        return CheckResult(
            check="ledger",
            verdict=CheckVerdict.WARNING,
            message="every user of this machine can read the ledger, which holds SQL and the engine's words",
            way_out=f"chmod 700 {unquote(urlsplit(place.url).path)}",
        )
    return result


def _way_out(check: str, error: StoreError) -> str:
    if isinstance(error, Denied) and "bucket" in str(error):
        return "check the credentials: AWS_ACCESS_KEY_ID, AWS_PROFILE or a role"
    named = "FOREBAY_LEDGER names" if check == "ledger" else "--to, 'output' of the spec or FOREBAY_OUTPUT name"
    return f"mend that, or choose another place: {named} it"


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
        return stands_still("workers", "; ".join(f"{who}: {trouble}" for who, trouble in troubles.items()))
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
        marks = OpenMarks(deployment.ledger_store).all()
        unknown = RecentBatches(deployment.redis).unknown([unquote(folder) for folder in marks])
        # Else nothing waits for it: whoever submits next reconciles first. What settled may still have its marks.
        in_the_way = any(map(view.is_busy, waiting)) or any(map(is_retried, marks.values()))
    except (GovernorError, StoreError) as error:
        return stands_still("reconciled", f"unknown: {error}")
    way_out = "workers do that by themselves; `forebay rebuild` does it now"
    if unknown:
        lost = f"Redis does not know {len(unknown)} open batches of the ledger, such as {unknown[0]}: it lost its data"
        return stands_still("reconciled", f"{lost}, or was put back", way_out=way_out)
    if waiting and in_the_way:
        return stands_still(
            "reconciled",
            f"Redis is new or older than it was: nothing is granted on {', '.join(waiting)} until that was reconciled",
            way_out=way_out,
        )
    told = "Redis is new or older than it was, and nothing waits" if waiting else "Redis is what the ledger says"
    return CheckResult(check="reconciled", verdict=CheckVerdict.OK, message=told)


def destination(deployment: Deployment, output: str) -> CheckResult:
    """Checks that results can be written, as far as this machine can tell."""
    result = store("destination", lambda: deployment.store(output))
    if result.verdict is CheckVerdict.FAILED or deployment.attached or not output.startswith("/"):
        return result
    return CheckResult(
        check="destination",
        verdict=CheckVerdict.WARNING,
        message=f"{output} is a folder on {socket.gethostname()}; each worker writes to the one of its own machine",
    )


def results(
    deployment: Deployment, *, connection: str | None, account: str | None, output: str
) -> Iterator[CheckResult]:
    """Makes all checks, in the order in which people mend things."""
    yield key(deployment.config, connection, account)
    nobody = not_connected(deployment)
    redis = nobody or server(deployment)
    yield redis
    if redis.verdict is not CheckVerdict.FAILED and deployment.config.connections:
        yield lane(deployment, connection)
    yield ledger(deployment)
    yield destination(deployment, output)
    # A Redis that does not answer need not be asked again, with all the patience of a client.
    yield stands_still("workers", "unknown, since Redis does not answer") if nobody else workers(deployment)


def require(deployment: Deployment, *, connection: str | None, account: str | None, output: str) -> list[CheckResult]:
    """Returns the warnings. Raises `PreflightFailed` with the first check that failed."""
    warnings = []
    for result in results(deployment, connection=connection, account=account, output=output):
        if result.verdict is CheckVerdict.FAILED:
            raise result.error()
        if result.verdict is CheckVerdict.WARNING:
            warnings.append(result)
    return warnings


def reopen_auth(deployment: Deployment, lanes: Iterable[str]) -> None:
    """Opens lanes that were closed for a bad key: it was seen to be good, so they need not wait for their next try."""
    for lane in lanes:
        Governor(deployment.redis, lane).open_gates([Gate.AUTH])


def stands_still(check: str, message: str, *, way_out: str = "") -> CheckResult:
    """Makes a warning: what is submitted is safe, and nothing comes of it until that was mended."""
    return CheckResult(
        check=check, verdict=CheckVerdict.WARNING, message=message, way_out=way_out, exit_code=Exit.SOME_FAILED
    )


def failed(check: str, error: Exception, *, code: Exit | None = None, kind: str = "", way_out: str = "") -> CheckResult:
    """Makes a failed check of an error, which is right about all that is not given."""
    reported = report(error)
    return CheckResult(
        check=check,
        verdict=CheckVerdict.FAILED,
        message=reported.message,
        way_out=way_out or reported.way_out,
        exit_code=code or reported.exit_code,
        kind=kind or reported.kind,
    )
