"""ready → landed: retrieve a fresh URL, and land what it leads to."""

from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.landing.errors import NoResult
from forebay.queryrun.errors import QueryRunError
from forebay.worker.runtime import Runtime
from forebay.worker.steps.observe import observe
from forebay.worker.steps.reactions import react
from forebay.worker.steps.settling import cancel
from forebay.worker.steps.transfer import Subject, landing_failed, transfer


def download(rt: Runtime, governor: Governor, custody: Custody) -> None:
    """Lands the result of one run."""
    if custody.canceling:
        cancel(governor, custody)
        return
    subject = Subject.of(rt, governor, custody)
    try:
        seen = rt.client(subject.batch.connection).retrieve(custody.bound_to, account=subject.item.account)
    except QueryRunError as error:
        react(rt, governor, custody, error, account=subject.account_of_its_own(governor.lane))
        return
    governor.open_gates(custody.closed_gates)
    if seen.result:
        transfer(rt, governor, custody, subject, seen, seen.result)
    elif seen.succeeded:
        landing_failed(rt, governor, custody, NoResult("Stripe says that the query succeeded, and shows no result"))
    else:
        # Stripe took its word back. What it says now is handled like any other look.
        observe(rt, governor, custody, subject, seen)
