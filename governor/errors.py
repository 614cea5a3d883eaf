"""Names what can go wrong between us and Redis.

GovernorError
├── RedisUnavailable    try again later
│   ├── RedisSilent     it is there and says nothing: stopped, or its machine is busy
│   └── WritesRefused   it answers, and can be read; it goes on by itself once there is room on its disk or in memory
├── NotConnected        nothing was begun; an operator must mend the URL, or what it leads to
├── RedisUnsuitable     an operator must change a setting of the server
├── LaneUnreconciled    try again once the lane is reconciled with the ledger
├── LayoutMismatch      another release of Forebay wrote this lane
├── FlowUnknown         restore it from the ledger, or submit its runs again
└── FlowCanceled        submit its runs again
"""


class GovernorError(Exception):
    """Root of what the governor raises."""


class RedisUnavailable(GovernorError):
    """Raised when Redis does not answer as it should, for now."""


class RedisSilent(RedisUnavailable):
    """Raised when Redis, or the way to it, gave no answer for as long as we wait."""


class WritesRefused(RedisUnavailable):
    """Raised when Redis answers that it cannot write now, with its reason: its disk or its memory is full."""


class NotConnected(GovernorError):
    """Raised when a Redis cannot be talked to, or does not let us in: asked before anything was begun."""


class RedisUnsuitable(GovernorError):
    """Raised when the Redis server is set up in a way that would lose work."""


class LaneUnreconciled(GovernorError):
    """Raised when a create may not be sent: Redis is new or older than it was, so more may run than it knows of."""


class LayoutMismatch(GovernorError):
    """Raised when a lane's data has a layout that this release does not know."""


class FlowUnknown(GovernorError):
    """Raised when Redis knows no such flow, since it never was, or settled long ago."""


class FlowCanceled(GovernorError):
    """Raised when work is added to a canceled flow."""
