"""Makes a batch of a request: the second half of `run`, `submit` and `demo`, after `request.py`.

Everything that can be wrong with services is found before anything is written.
"""

from collections.abc import Callable

from forebay.cli.deployment import Deployment
from forebay.cli.output import plain_text, words
from forebay.cli.submitting import preflight
from forebay.cli.submitting.request import Request
from forebay.config.write_mode import WriteMode
from forebay.landing.manifest import SUFFIX
from forebay.landing.result_paths import folder_of
from forebay.scheduler.errors import InputError
from forebay.store.errors import NotFound
from forebay.store.ledger.records import Batch


def accept(deployment: Deployment, request: Request, tell: Callable[..., None] = plain_text.remark) -> Batch:
    """Checks the services, then makes the queries a batch; `tell` takes lines that its user should read.

    Raises `PreflightFailed`, and `InputError` where results would find their place taken, before anything is written.
    """
    new = request.new
    warnings = preflight.require(
        deployment, connection=new.connection.name, account=request.account, output=new.terms.output
    )
    _refuse_where_something_is(deployment, request)
    for row in warnings:
        tell(f"warning: {row.message}" + (f"; {row.way_out}" if row.way_out else ""))
    tell(*request.warnings)
    remark = _accepted_before(deployment, request) or request.note
    if remark:
        tell(remark)
    preflight.reopen_auth(deployment, request.lanes)
    return deployment.submitter.submit(new)


def _accepted_before(deployment: Deployment, request: Request) -> str:
    """Says of what was accepted before how it stands, and that what is asked of it now changes nothing."""
    try:
        batch = deployment.ledger.batch(request.once) if request.once else None
    except NotFound:
        return ""
    if batch is None:
        return ""
    closing = deployment.ledger.closing(batch.id)
    ended = f", and ended as {closing.outcome.replace('_', ' ')!r}" if closing else ""
    again = " without --again" if closing and not batch.caller_key else ""
    return f"accepted already, {batch.created_at:%Y-%m-%d %H:%M} UTC{ended}; nothing of it is run again{again}"


def _refuse_where_something_is(deployment: Deployment, request: Request) -> None:
    """Raises `InputError` for what would find its place taken, so that not one run of it is asked."""
    terms = request.new.terms
    if terms.write is not WriteMode.FAIL_IF_EXISTS or _accepted_before(deployment, request):
        return
    store = deployment.store(terms.output)
    if any(key.endswith(SUFFIX) for key in store.list(folder_of(terms))):
        raise InputError(f"{words.folder(terms)} has results, and write: fail_if_exists lets them stay")
