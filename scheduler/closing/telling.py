"""Tells people about a batch, once an occasion: a mark in the ledger says that it was done.

A crash between the two tells them twice, rather than never.
"""

from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.notify import Message
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch


def tell_once(services: ClosingServices, batch: Batch, occasion: str, message: Message, *, kind: str) -> None:
    """Tells it; `kind` is what the policy's `on` has to name for anybody to be told."""
    notify = batch.policy.notify if batch.policy else None
    if notify is None or kind not in notify.on or services.ledger.told(batch.id, occasion):
        return
    services.keep()
    services.tell(notify, message)
    services.ledger.record_told(batch.id, occasion, services.now())


def closing_occasion(closing: Closing) -> str:
    """Names this closing: a batch that was retried closes again, and people hear of that too."""
    return f"closed-{closing.at:%Y%m%dT%H%M%S%fZ}"
