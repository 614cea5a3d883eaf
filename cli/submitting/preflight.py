"""Checks what can be checked before anything is spent: rows of `doctor`, and the gate that `run` and `submit` pass.

Each costs a request or two and no slot at Stripe, and comes to a sentence, the way out, and an exit code.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from forebay.cli.deployment import Deployment
from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit, report
from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.config.proxies import proxy_for
from forebay.config.same_key import check_keys_differ
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.errors import GovernorError, WritesRefused
from forebay.governor.governor import Governor
from forebay.governor.redis_client import check_server, check_writes
from forebay.governor.states import Gate
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import AuthError, QueryRunError, QuotaError
from forebay.scheduler.definitions.accounts import example_account
from forebay.scheduler.errors import InputError
from forebay.store.errors import Denied, StoreError
from forebay.store.interface import Store
from forebay.store.ledger.failures import FailureClass
from forebay.store.local import LocalStore


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


def key(config: Config, connection: str | None, account: str | None) -> CheckResult:
    """Checks that there is a key, and that Stripe takes it."""
    try:
        chosen = config.connection(connection)
        check_keys_differ(config.connections.values())
        if chosen.key_per_account and account is None:
            account = example_account(config, chosen)
        with QueryRunClient(chosen, proxy=proxy_for(chosen.api_base, getproxies())) as client:
            client.probe(account=account)
    except (ConfigError, InputError) as error:
        # Without any connection the key is missing; that is the class of a refused one, whatever raised it.
        code = Exit.AUTH if not config.connections else report(error).exit_code
        return failed("key", error, code=code, kind=FailureClass.AUTH if code is Exit.AUTH else "config")
    except AuthError as error:
        return failed("key", error)
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


def server(deployment: Deployment) -> CheckResult:
    """Checks that Redis answers, and keeps what it is told."""
    name = "embedded Valkey" if deployment.attached else "Redis"
    try:
        warnings = check_server(deployment.redis)
    except WritesRefused as error:
        return failed("redis", error, code=Exit.USAGE)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this row's
        way_out = "check FOREBAY_REDIS_URL and the network; without it `forebay run` starts a Valkey of its own"
        return failed("redis", error, code=Exit.USAGE, way_out="" if deployment.attached else way_out)
    if warnings:
        return CheckResult(check="redis", verdict=CheckVerdict.WARNING, message=" ".join(warnings))
    return CheckResult(check="redis", verdict=CheckVerdict.OK, message=f"{name} answers, and keeps what it is told")


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
    """Checks the ledger, and that not everybody can read it."""
    result = store("ledger", lambda: deployment.ledger_store)
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
        nodes = Heartbeats(deployment.redis).workers()
    except WritesRefused:
        return CheckResult(
            check="workers", verdict=CheckVerdict.WARNING, message="they wait until Redis takes writes again"
        )
    except GovernorError:
        return CheckResult(
            check="workers", verdict=CheckVerdict.WARNING, message="unknown, since Redis does not answer"
        )
    if not nodes:
        return CheckResult(
            check="workers",
            verdict=CheckVerdict.WARNING,
            message="no worker is alive: what is submitted waits",
            way_out="start one with `forebay worker`",
        )
    return CheckResult(check="workers", verdict=CheckVerdict.OK, message=f"alive on {', '.join(nodes)}")


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
    redis = server(deployment)
    yield redis
    if redis.verdict is not CheckVerdict.FAILED and deployment.config.connections:
        yield lane(deployment, connection)
    yield ledger(deployment)
    yield destination(deployment, output)
    yield workers(deployment)


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
