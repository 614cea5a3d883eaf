"""Checks the key of a connection: that there is one, and that Stripe takes it. Costs a request, and no slot."""

import time
from http import HTTPStatus
from urllib.request import getproxies

from forebay.cli.exits import Exit, report
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed
from forebay.config.connections import Config
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
