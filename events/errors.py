"""Names what can be wrong with what came as an event. The caller's answer: drop it and count it, never believe it.

    EventError
    ├── NotAnEvent       it is no event of Stripe's, nor an envelope around one
    └── BadSignature     it was not signed by Stripe for us, or not now

Messages hold no part of a body, a signature or a secret: they are logged as they are.
"""


class EventError(Exception):
    """Root of everything that `events` raises about what others sent."""


class NotAnEvent(EventError):
    """Raised when a body is neither an event of Stripe's nor a known envelope around one."""


class BadSignature(EventError):
    """Raised when a body cannot be shown to be Stripe's, for this endpoint, of these minutes."""
