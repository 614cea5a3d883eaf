"""Checks the key of a connection: that there is one, and that Stripe takes it. Costs a request, and no slot."""

import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.request import getproxies

from forebay.cli.exits import Exit, report
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed
from forebay.config.connections import Config, Connection
from forebay.config.errors import ConfigError
from forebay.config.proxies import proxy_for
from forebay.config.same_key import check_keys_differ
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import AuthError, ProviderError, QueryRunError, QuotaError
from forebay.scheduler.definitions.accounts import example_account
from forebay.scheduler.errors import InputError
from forebay.store.ledger.failures import FailureClass

#: Between the tries of a probe that Stripe did not answer.
_PAUSES_S = (0.5, 1.0)


class StripeFalters(Exception):
    """Raised when Stripe was reached and gave no answer to a probe, however often it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFound:
    """What came of the first probe, which is sent as runs are."""

    row: CheckResult
    connection: Connection | None = None
    """None where there is none that could be asked by."""
    account: str | None = None
    """Whom the probe was about; None where it named nobody."""
    refusal: AuthError | None = None

    @property
    def taken(self) -> bool:
        """Tells whether Stripe took the key."""
        return self.row.verdict is CheckVerdict.OK


def client_of(connection: Connection) -> QueryRunClient:
    """Makes a client for a few requests of a check; the caller closes it."""
    return QueryRunClient(connection, proxy=proxy_for(connection.api_base, getproxies()))


def probe(connection: Connection, account: str | None) -> None:
    """Probes, and again after a fault of Stripe's. Raises `StripeFalters`, and else what the probe raises."""
    with client_of(connection) as client:
        for pause_s in (*_PAUSES_S, None):
            try:
                client.probe(account=account)
            except ProviderError as error:
                # Where nothing was sent, or something else than Stripe's API answers, the address is wrong, or the way.
                if error.unsent or (error.status is not None and error.status < HTTPStatus.INTERNAL_SERVER_ERROR):
                    raise
                if pause_s is None:
                    raise StripeFalters(str(error)) from error
                time.sleep(pause_s)
            else:
                return


def refused(check: str, error: AuthError, *, about: str = "") -> CheckResult:
    """Says of a refusal what it means, and then what Stripe said."""
    row = failed(check, error, way_out=error.reason.way_out)
    return replace(row, message=f"{about}{error.reason.sentence}: {row.message}")


def key(config: Config, connection: str | None, account: str | None) -> CheckResult:
    """Checks that there is a key, and that Stripe takes it."""
    return find_key(config, connection, account).row


def find_key(config: Config, connection: str | None, account: str | None) -> KeyFound:
    """Checks the same, and says what was asked."""
    try:
        chosen = config.connection(connection)
        check_keys_differ(config.connections.values())
        if chosen.key_per_account and account is None:
            account = example_account(config, chosen)
        probe(chosen, account)
    except (ConfigError, InputError) as error:
        # Without any connection the key is missing; that is the class of a refused one, whatever raised it.
        code = Exit.AUTH if not config.connections else report(error).exit_code
        kind = FailureClass.AUTH if code is Exit.AUTH else "config"
        return KeyFound(row=failed("key", error, code=code, kind=kind))
    except AuthError as error:
        return KeyFound(row=refused("key", error), connection=chosen, account=account, refusal=error)
    except (StripeFalters, QueryRunError) as error:
        return KeyFound(row=_unknown(chosen, error), connection=chosen, account=account)
    of = f" for {account}, one of its accounts" if chosen.key_per_account else ""
    taken = f"Stripe takes the key of connection {chosen.name}{of} ({chosen.mode} mode, cap {chosen.cap})"
    row = CheckResult(check="key", verdict=CheckVerdict.OK, message=taken)
    return KeyFound(row=row, connection=chosen, account=account)


def _unknown(connection: Connection, error: StripeFalters | QueryRunError) -> CheckResult:
    match error:
        case StripeFalters():
            # What is accepted is durable, and its runs wait for Stripe by themselves: a hiccup refuses nothing.
            return CheckResult(
                check="key",
                verdict=CheckVerdict.WARNING,
                message=f"Stripe does not answer well now, so whether it takes the key is not known: {error}",
                way_out="runs wait for it by themselves; `forebay doctor` asks again",
                kind=FailureClass.PROVIDER,
            )
        case QuotaError():
            throttled = f"Stripe is throttling this key now: {error}"
            return CheckResult(
                check="key",
                verdict=CheckVerdict.WARNING,
                message=throttled,
                way_out="runs wait for it by themselves; `forebay doctor` asks again",
                kind=error.error_class,
            )
    way_out = f"check the network, and api_base ({connection.api_base})"
    return failed("key", error, code=Exit.USAGE, way_out=way_out)
