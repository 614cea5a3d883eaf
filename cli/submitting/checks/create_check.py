"""Finds out whether a key may create QueryRuns, without creating one: a row of `doctor`.

A create without SQL is refused whatever the key may do (`QueryRunClient.probe_create`), so what tells is by what it is
refused. A 403 is about the key. A refusal of the body tells only where Stripe asks what the key may do before it reads
the body, which is not documented. So the same create is sent once more for an account that is nobody's: if that is a
403, the key was asked about first. That this order is the same for an account and for a permission is likely, since
Stripe has one text for both, and not certain; so the row says that it seems so.
"""

from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed
from forebay.cli.submitting.checks.key_check import client_of, refused
from forebay.config.connections import Connection
from forebay.queryrun.auth_reasons import PERMISSIONS, AuthReason
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import (
    AuthError,
    InvalidRequestError,
    InvalidSqlError,
    ProviderError,
    QueryRunError,
    RefusedError,
)

#: Longer than any account's name is.
NOBODY = "acct_ForebayDoctorAsksForNothing"


def create(connection: Connection, account: str | None) -> CheckResult:
    """Asks Stripe, once or twice, with a key that can read."""
    with client_of(connection) as client:
        own = _refusal(client, account)
        of_the_body = isinstance(own, (InvalidRequestError, InvalidSqlError))
        strangers = _refusal(client, account, NOBODY) if of_the_body else None
    return judge(own, strangers)


def _refusal(client: QueryRunClient, account: str | None, context: str | None = None) -> QueryRunError:
    try:
        client.probe_create(account=account, context=context)
    except QueryRunError as error:
        return error
    raise AssertionError("a create without SQL is never well")


def judge(own: QueryRunError, strangers: QueryRunError | None) -> CheckResult:
    """Says what follows from how a create without SQL is refused, and the same one for an account that is nobody's."""
    match own, strangers:
        case AuthError() as error, _ if error.reason is AuthReason.DENIED:
            return CheckResult(
                check="create",
                verdict=CheckVerdict.FAILED,
                message=f"the key can read QueryRuns and not create them: {error}",
                way_out=f"grant it {PERMISSIONS}. `forebay refetch` and `forebay adopt` work with it as it is",
                exit_code=Exit.AUTH,
                kind=error.error_class,
            )
        case AuthError() as error, _:
            return refused("create", error, about="the key can read QueryRuns and not create them: ")
        case ProviderError(status=int(status)) as error, _ if 200 <= status < 300:
            way_out = "does api_base lead to Stripe? If so, look for that run there, and tell us"
            return failed("create", error, code=Exit.USAGE, way_out=way_out)
        case (InvalidRequestError() | InvalidSqlError()) as error, AuthError():
            return CheckResult(
                check="create",
                verdict=CheckVerdict.OK,
                message=(
                    "the key seems to be allowed to create QueryRuns, which only a run proves: a create without SQL is "
                    f"refused for that ({_shortly(error)}), after Stripe has looked at whom the key may ask for"
                ),
            )
        case (InvalidRequestError() | InvalidSqlError()) as error, _:
            why = f"Stripe refuses a create without SQL for that ({_shortly(error)}) before it asks what the key may do"
        case _:
            why = str(own)
    return CheckResult(
        check="create",
        verdict=CheckVerdict.WARNING,
        message=f"whether the key may create QueryRuns cannot be told without one: {why}",
        way_out="the first batch tells: where it may not, its runs wait and nothing is lost",
    )


def _shortly(error: RefusedError) -> str:
    return ", ".join(str(fact) for fact in (f"HTTP {error.status}", error.code) if fact)
