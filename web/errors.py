"""Names what a path leads to nothing for, and why a webhook is not taken.

    NothingThere          404   what a path of the page or the API names is not there
    NotUnderstood         400   what a query string or a form asks for cannot be understood
    TooLong               413   a body is longer than is read
    NotKnown              401   nobody shows who asks
    NotLetIn              403   who asks is known, and may not
    TakesAWhile           -     who asks cannot be said at once; the guard asks again in a thread

Of a webhook the status tells Stripe whether to send it again; the reason is counted and logged.

    WebhookRefused
    ├── NotBelieved       400   it is not shown to be Stripe's; nothing of it was parsed
    ├── WebhookTooLong    413   no event of Stripe's is as long
    ├── WebhookTooSlow    408   it did not come whole in time
    └── NotTaken          503   it is Stripe's, and should be sent again: nobody can hear it now

Any answer but 2xx makes Stripe send it again, for three days; so what would be refused again is not refused, but passed
over: events of types that nobody knows, of runs that are not ours.
"""

from typing import ClassVar


class NothingThere(Exception):
    """Raised when a path names what is not there; the message names it."""


class NotUnderstood(Exception):
    """Raised when a parameter is none, or its value is; the message says what may stand there."""


class TooLong(Exception):
    """Raised when a body is longer than is read."""


class NotKnown(Exception):
    """Raised when a request does not show who asks: no word of a proxy, no password, no token, or a wrong one.

    `who` is the name that was given, if one was.
    """

    def __init__(self, message: str, who: str = "") -> None:
        super().__init__(message)
        self.who = who


class NotLetIn(Exception):
    """Raised when somebody is known and has no role, or not the one that it needs."""


class TakesAWhile(Exception):
    """Raised when it has to be computed whether a password fits."""


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
