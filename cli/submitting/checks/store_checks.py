"""Checks where bytes rest: that ledger and destination can be written, and are those that are meant."""

import socket
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from forebay.cli.deployment import Deployment
from forebay.cli.exits import Exit
from forebay.cli.submitting.checks.check_result import CheckResult, CheckVerdict, failed
from forebay.governor.errors import GovernorError
from forebay.runtime.one_ledger import LedgerElsewhere
from forebay.store.errors import Denied, OptionRefused, StoreError
from forebay.store.interface import Store
from forebay.store.local import LocalStore


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
    if isinstance(error, OptionRefused):
        asked = "FOREBAY_S3_ENCRYPTION, _KMS_KEY, _STORAGE_CLASS or _TAGS"
        return f"grant that, or ask for something else: {asked}, or the options of the destination's URL"
    if isinstance(error, Denied) and "bucket" in str(error):
        return "check the credentials: AWS_ACCESS_KEY_ID, AWS_PROFILE or a role"
    named = "FOREBAY_LEDGER names" if check == "ledger" else "--to, 'output' of the spec or FOREBAY_OUTPUT name"
    return f"mend that, or choose another place: {named} it"


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
