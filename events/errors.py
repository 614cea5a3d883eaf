"""Names what can be wrong with what came as an event, which is dropped and counted, and with a queue of them.

    EventError
    ├── NotAnEvent       it is no event of Stripe's, nor an envelope around one
    └── BadSignature     it was not signed by Stripe for us, or not now
    QueueError
    ├── QueueAway        a queue of events does not answer as it should: try again
    └── QueueRefused     trying again changes nothing; an operator must act

Messages hold no part of a body, a signature or a secret: they are logged as they are.
"""

from enum import StrEnum


class SignatureRule(StrEnum):
    """Names what a webhook's body must hold to be believed, one after the other."""

    ONE_HEADER = "one_header"  # there is one Stripe-Signature, and it can be read
    SIGNED = "signed"  # one of its v1 was made of this time and these bytes, with a secret of this endpoint
    NOT_OLD = "not_old"  # that was no longer ago than the tolerance
    NOT_AHEAD = "not_ahead"  # nor is it further ahead


class EventError(Exception):
    """Root of everything that `events` raises about what others sent."""


class NotAnEvent(EventError):
    """Raised when a body is neither an event of Stripe's nor a known envelope around one."""


class BadSignature(EventError):
    """Raised when a body is not shown to be Stripe's, for this endpoint, of these minutes. `rule` is what it broke."""

    def __init__(self, rule: SignatureRule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class QueueError(Exception):
    """Root of what goes wrong between us and a queue of events."""


class QueueAway(QueueError):
    """Raised when a queue cannot be reached, or asks for patience."""


class QueueRefused(QueueError):
    """Raised when there is no such queue, or no right to read it."""
