"""The checks before anything is spent: rows of `doctor`, and the gate that `run` and `submit` pass.

Each costs a request or two and no slot at Stripe. A check says one sentence, the way out, and the exit code of its
class.
"""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from forebay.cli.deployment import Deployment
from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit, report
from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.governor.heartbeats import Heartbeats
from forebay.governor.redis_client import check_server
from forebay.governor.states import Gate
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import AuthError, QueryRunError, QuotaError
from forebay.scheduler.definitions.accounts import example_account
from forebay.scheduler.errors import InputError
from forebay.store.errors import StoreError
from forebay.store.failures import FailureClass
from forebay.store.interface import Store


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one check found."""

    check: str
    verdict: Verdict
    message: str
    way_out: str = ""
    exit_code: Exit = Exit.OK
    kind: str = ""


def key(config: Config, connection: str | None, account: str | None) -> Row:
    """Whether there is a key, and Stripe takes it."""
    try:
        chosen = config.connection(connection)
        if chosen.key_per_account and account is None:
            account = example_account(config, chosen)
        with QueryRunClient(chosen) as client:
            client.probe(account=account)
    except (ConfigError, InputError) as error:
        # Without any connection the key is missing; that is the class of a refused one, whatever raised it.
        code = Exit.AUTH if not config.connections else report(error).exit_code
        return _failed("key", error, code=code, kind=FailureClass.AUTH if code is Exit.AUTH else "config")
    except AuthError as error:
        return _failed("key", error)
    except QuotaError as error:
        return Row(check="key", verdict=Verdict.WARNING, message=f"Stripe is throttling this key now: {error}")
    except QueryRunError as error:
        way_out = f"check the network, and api_base ({chosen.api_base})"
        return _failed("key", error, code=Exit.USAGE, way_out=way_out)
    of = f" for {account}, one of its accounts" if chosen.key_per_account else ""
    return Row(
        check="key",
        verdict=Verdict.OK,
        message=f"Stripe takes the key of connection {chosen.name}{of} ({chosen.mode} mode, cap {chosen.cap})",
    )


def server(deployment: Deployment) -> Row:
    """Whether Redis answers, and keeps what it is told."""
    name = "embedded Valkey" if deployment.attached else "Redis"
    try:
        warnings = check_server(deployment.redis)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this row's
        way_out = "check FOREBAY_REDIS_URL and the network; without it `forebay run` starts a Valkey of its own"
        return _failed("redis", error, code=Exit.USAGE, way_out="" if deployment.attached else way_out)
    if warnings:
        return Row(check="redis", verdict=Verdict.WARNING, message=" ".join(warnings))
    return Row(check="redis", verdict=Verdict.OK, message=f"{name} answers, and keeps what it is told")


def store(check: str, opened: Callable[[], Store]) -> Row:
    """Whether a place can be written, read and deleted from."""
    try:
        place = opened()
        place.probe()
    except StoreError as error:
        return _failed(check, error, code=Exit.USAGE, way_out=_STORE_WAY_OUT)
    return Row(check=check, verdict=Verdict.OK, message=f"{place.url} can be written and read")


_STORE_WAY_OUT = "check the URL, FOREBAY_S3_ENDPOINT, and the credentials (AWS_ACCESS_KEY_ID, AWS_PROFILE or a role)"


def workers(deployment: Deployment) -> Row:
    """Whether somebody does the work; only a warning, since they may come later."""
    if deployment.attached:
        return Row(check="workers", verdict=Verdict.OK, message="started as needed, on this machine")
    try:
        nodes = Heartbeats(deployment.redis).alive()
    except GovernorError:
        return Row(check="workers", verdict=Verdict.WARNING, message="unknown, since Redis does not answer")
    if not nodes:
        return Row(
            check="workers",
            verdict=Verdict.WARNING,
            message="no worker is alive: what is submitted waits",
            way_out="start one with `forebay worker`",
        )
    return Row(check="workers", verdict=Verdict.OK, message=f"alive on {', '.join(nodes)}")


def destination(deployment: Deployment, output: str) -> Row:
    """Whether results can be written, as far as this machine can tell."""
    row = store("destination", lambda: deployment.store(output))
    if row.verdict is Verdict.FAILED or deployment.attached or not output.startswith("/"):
        return row
    return Row(
        check="destination",
        verdict=Verdict.WARNING,
        message=f"{output} is a folder on {socket.gethostname()}; each worker writes to the one of its own machine",
    )


def rows(deployment: Deployment, *, connection: str | None, account: str | None, output: str) -> Iterator[Row]:
    """All checks, in the order in which people mend things."""
    yield key(deployment.config, connection, account)
    yield server(deployment)
    yield store("ledger", lambda: deployment.ledger_store)
    yield destination(deployment, output)
    yield workers(deployment)


def require(deployment: Deployment, *, connection: str | None, account: str | None, output: str) -> list[Row]:
    """Returns the warnings. Raises `PreflightFailed` with the first check that failed."""
    warnings = []
    for row in rows(deployment, connection=connection, account=account, output=output):
        if row.verdict is Verdict.FAILED:
            raise PreflightFailed(row.message, way_out=row.way_out, exit_code=row.exit_code, kind=row.kind)
        if row.verdict is Verdict.WARNING:
            warnings.append(row)
    return warnings


def reopen_auth(deployment: Deployment, lanes: list[str]) -> None:
    """After a key was seen to be good: a lane that was closed for a bad one need not wait for its next try."""
    for lane in lanes:
        Governor(deployment.redis, lane).open_gates([Gate.AUTH])


def _failed(check: str, error: Exception, *, code: Exit | None = None, kind: str = "", way_out: str = "") -> Row:
    said = report(error)
    return Row(
        check=check,
        verdict=Verdict.FAILED,
        message=said.message,
        way_out=way_out or said.way_out,
        exit_code=code or said.exit_code,
        kind=kind or said.kind,
    )
