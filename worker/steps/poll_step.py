"""running → ready (or settled): retrieve the QueryRun once, and see whether it ended."""

from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.queryrun.errors import QueryRunError
from forebay.worker.runtime import Runtime
from forebay.worker.steps.observe import observe
from forebay.worker.steps.reactions import react
from forebay.worker.steps.transfer import Subject


def poll(rt: Runtime, governor: Governor, custody: Custody) -> None:
    """Looks at one running QueryRun."""
    subject = Subject.of(rt, governor, custody)
    try:
        seen = rt.client(subject.batch.connection).retrieve(custody.bound_to, account=subject.item.account)
    except QueryRunError as error:
        react(rt, governor, custody, error, account=subject.account_of_its_own(governor.lane))
        return
    governor.open_gates(custody.closed_gates)
    observe(rt, governor, custody, subject, seen)
