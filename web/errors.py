"""Names why a webhook is not taken. The status tells Stripe whether to send it again; the reason is counted and logged.

    WebhookRefused
    ├── NotBelieved       400   it is not shown to be Stripe's; nothing of it was parsed
    ├── WebhookTooLong    413   no event of Stripe's is as long
    ├── WebhookTooSlow    408   it did not come whole in time
    └── NotTaken          503   it is Stripe's, and should be sent again: nobody can hear it now

Any answer but 2xx makes Stripe send it again, for three days; so what would be refused again is not refused, but passed
over: events of types that nobody knows, of runs that are not ours.
"""

from typing import ClassVar


class WebhookRefused(Exception):
    """Root of why a webhook is not taken. `reason` is one word of a fixed set, for counts."""

    status: ClassVar[int]

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotBelieved(WebhookRefused):
    """Raised when a body broke a rule of the signature: `reason` is that rule."""

    status = 400


class WebhookTooLong(WebhookRefused):
    """Raised when a body is longer than is read."""

    status = 413


class WebhookTooSlow(WebhookRefused):
    """Raised when a body did not come whole in time, or its sender went away."""

    status = 408


class NotTaken(WebhookRefused):
    """Raised when an event cannot be handed on now: Redis is away, too many wait, or our secret cannot be read."""

    status = 503
