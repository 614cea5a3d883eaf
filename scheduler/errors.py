"""Names what can be wrong with what a user asks for.

SchedulerError
├── InputError        the queries cannot be read, or are none; nothing was submitted
│   ├── TemplateError a placeholder of a query, or its value, is wrong
│   └── SourceError   the spec names a file that is not there, or no query
├── KeyTaken          something else was submitted under this key; nothing was submitted
├── WindowHasRun      a window ran under another name, or its record was pruned; nothing was submitted
├── BudgetExceeded    a definition's runs of the day are taken; nothing was begun
├── BatchUnknown      no batch of this id in the ledger
├── BatchCanceled     a canceled batch takes no more work
├── NotDropped        a batch is canceled in the ledger, and what becomes of its runs cannot be told
├── NothingToReview   nothing of a batch waits in quarantine for a decision
└── NotOpened         a batch is in the ledger, and Redis did not take it
"""


class SchedulerError(Exception):
    """Root of what the scheduler raises."""


class InputError(SchedulerError):
    """Raised when the input holds no queries, or one that cannot be a query; names the file and the line."""


class TemplateError(InputError):
    """Raised when a query's placeholder cannot be filled in; names where it stands, and never quotes the value."""

    def __init__(self, origin: str, line: int, why: str) -> None:
        super().__init__(f"{origin}, line {line}: {why}")
        self.origin = origin
        self.line = line


class SourceError(InputError):
    """Raised when a path in the spec leads to no file that can be used; names the place in the spec."""

    def __init__(self, origin: str, line: int, why: str) -> None:
        super().__init__(f"{origin}, line {line}: {why}")
        self.origin = origin
        self.line = line
        self.why = why


class KeyTaken(SchedulerError):
    """Raised when a caller's key is that of a batch of other content."""

    def __init__(self, key: str, batch_id: str) -> None:
        super().__init__(
            f"the key {key!r} is that of batch {batch_id}, which asks something else; nothing was submitted"
        )
        self.key = key
        self.batch_id = batch_id


class BudgetExceeded(SchedulerError):
    """Raised when more runs would be begun than a definition may begin a day."""

    def __init__(self, definition: str, runs: int, spent: int, per_day: int, why: str = "") -> None:
        self.reason = f"{spent:,} of today (UTC) are taken, and {why or f'its budget says {per_day:,}'}"
        """What stands against it, without what was wanted."""
        super().__init__(f"{definition}: this takes {runs:,} run{'s' * (runs != 1)}, {self.reason}; nothing was begun")
        self.runs, self.spent, self.per_day = runs, spent, per_day


class WindowHasRun(SchedulerError):
    """Raised when a window is submitted that ran and has no batch of that id: to run it again is no accident."""

    def __init__(self, batch_id: str, former: str | None = None) -> None:
        """Tells it; `former` is the batch in which it ran before its extract was renamed, else it was pruned."""
        how = (
            f"{batch_id} has run as {former}: `forebay show {former}` says what came of it"
            if former
            else f"{batch_id} has run, and its record was pruned; what it landed is where it was"
        )
        super().__init__(f"{how}. `forebay run NAME --window … --again` runs it once more")
        self.batch_id = batch_id


class BatchUnknown(SchedulerError):
    """Raised when the ledger knows no such batch."""

    def __init__(self, batch_id: str, near: str = "") -> None:
        """Tells it; `near` asks for the one that may be meant."""
        super().__init__(f"there is no batch {batch_id!r} in this ledger{near}; `forebay ls` lists them")
        self.batch_id = batch_id
        self.near = near


class BatchCanceled(SchedulerError):
    """Raised when runs of a canceled batch are asked for again."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"batch {batch_id} was canceled; submit its queries again instead")
        self.batch_id = batch_id


class NotDropped(SchedulerError):
    """Raised when a batch was canceled of which Redis lost something, and this process cannot bring that back."""

    def __init__(self, batch_id: str, why: str) -> None:
        super().__init__(
            f"batch {batch_id} is canceled in the ledger, and workers drop what waits; what of it may run at Stripe "
            f"is not known, since Redis lost it and could not be told again from here ({why})"
        )
        self.batch_id = batch_id


class NothingToReview(SchedulerError):
    """Raised when somebody decides about results in quarantine, and there are none, or not yet."""

    def __init__(self, batch_id: str, why: str) -> None:
        super().__init__(f"there is nothing to decide about batch {batch_id}: {why}")
        self.batch_id = batch_id


class NotOpened(SchedulerError):
    """Raised when a batch was accepted, and then Redis failed: it waits in the ledger."""

    def __init__(self, batch_id: str, why: str) -> None:
        super().__init__(
            f"batch {batch_id} is accepted and safe in the ledger, but Redis failed before it could run ({why}); "
            f"once that is mended: forebay watch {batch_id}"
        )
        self.batch_id = batch_id
