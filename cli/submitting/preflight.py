"""Makes the checks before anything is spent: rows of `doctor`, and the gate that `run` and `submit` pass.

Each costs a request or two and no slot at Stripe, and comes to a sentence, the way out, and an exit code.
"""

from collections.abc import Iterable, Iterator

from forebay.cli.deployment import Deployment
from forebay.cli.submitting.checks import host_checks, key_check, redis_checks, store_checks
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, stands_still
from forebay.governor.governor import Governor
from forebay.governor.states import Gate


def results(
    deployment: Deployment, *, connection: str | None, account: str | None, output: str
) -> Iterator[CheckResult]:
    """Makes all checks, in the order in which people mend things."""
    key = key_check.find_key(deployment.config, connection, account)
    yield key.row
    yield from of_the_deployment(deployment, connection=connection, output=output)
    if key.connection and not deployment.attached:
        # Results would not be fetched, after the runs were spent.
        yield from (row for row in host_checks.from_workers(deployment, key.connection) if row.exit_code)


def of_the_deployment(deployment: Deployment, *, connection: str | None, output: str) -> Iterator[CheckResult]:
    """Makes all checks that are not about the key."""
    nobody = redis_checks.not_connected(deployment)
    redis = nobody or redis_checks.server(deployment)
    yield redis
    if redis.verdict is not CheckVerdict.FAILED and deployment.config.connections:
        yield redis_checks.lane(deployment, connection)
    yield store_checks.ledger(deployment)
    yield store_checks.destination(deployment, output)
    # A Redis that does not answer need not be asked again, with all the patience of a client.
    unknown = stands_still("workers", "unknown, since Redis does not answer") if nobody else None
    yield unknown or redis_checks.workers(deployment)


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
        Governor(deployment.redis, lane).open_gates([Gate.AUTH, Gate.PERMISSION])
