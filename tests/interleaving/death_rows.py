"""Says for each I/O of each step what happens if its process dies right before it, and right after it.

`test_deaths.py` dies there, and docs/reliability.md has it as a table. An I/O that is new in a step needs a row.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathRow:
    """One I/O of a step."""

    step: str
    operation: str
    """As `deaths.named` names it: a script of the governor, a command of Redis, a request, a call of a store."""
    before: str
    after: str


NOT_ACCEPTED = "not accepted, nothing runs: the command is given again"
SWEPT = "not accepted; what was written is swept by its mark"
DURABLE = "durable: whoever tends restores it, or the command is given again"
CLAIMED = "the claim is due again after 30 s"
CUSTODY = "custody ends after 60 s, and the step is due again"
REPLAY = "custody ends, and the create is replayed under its key: Stripe answers with the run that it has, or makes it"
LOOK = "custody ends; the next look sees the same end"
LAND = "custody ends; it is landed again from a fresh URL, over what lies there"


def _row(step: str, operation: str, before: str, after: str | None = None) -> DeathRow:
    return DeathRow(step=step, operation=operation, before=before, after=after or before)


ROWS = [
    _row("forebay submit", "store get batch.json", NOT_ACCEPTED),
    _row("forebay submit", "store put writing mark", NOT_ACCEPTED, SWEPT),
    _row("forebay submit", "store put items", SWEPT),
    _row(
        "forebay submit",
        "store put open mark",
        SWEPT,
        "not accepted; the mark of a batch without batch.json is dropped",
    ),
    _row("forebay submit", "store create batch.json", "not accepted; its items are swept", DURABLE),
    _row("forebay submit", "store size writing mark", DURABLE),
    _row("forebay submit", "store delete writing mark", DURABLE),
    _row("forebay submit", "configure", DURABLE),
    _row("forebay submit", "SADD", DURABLE),
    _row("forebay submit", "unreconciled", DURABLE),
    _row("forebay submit", "store list open mark", DURABLE),
    _row("forebay submit", "store list sent record", DURABLE),
    _row("forebay submit", "store get of batches", DURABLE),
    _row("forebay submit", "store list of batches", DURABLE),
    _row("forebay submit", "store list of lanes", DURABLE),
    _row("forebay submit", "SMEMBERS", DURABLE),
    _row("forebay submit", "pipeline", DURABLE),
    _row("forebay submit", "reconciled", DURABLE),
    _row("forebay submit", "open_flow", DURABLE, "accepted and queued"),
    _row("forebay submit", "ZADD", "accepted and queued; `ls` learns of it from the ledger", "accepted and queued"),
    _row("pump", "claim", "nothing was claimed: another pump does", CLAIMED),
    _row("pump", "move_clock", "another pump moves it", "moved; another pump claims"),
    _row("pump", "audit", "another pump audits"),
    _row("submit", "begin", CLAIMED, CUSTODY),
    _row("submit", "store get batch.json", CUSTODY),
    _row("submit", "store get items", CUSTODY),
    _row("submit", "standalone/claim_key", CUSTODY),
    _row("submit", "mark_sent", CUSTODY, REPLAY),
    _row("submit", "POST QueryRun", REPLAY),
    _row("submit", "pipeline", REPLAY),
    _row("submit", "bind", REPLAY, "it runs, and is due for its first look"),
    _row("poll", "begin", CLAIMED, CUSTODY),
    _row("poll", "GET QueryRun", LOOK),
    _row("poll", "pipeline", LOOK),
    _row("poll", "defer", LOOK, "it is due for its next look"),
    _row("poll", "ready", LOOK, "its slot is free; custody ends, and the download step lands it"),
    _row("poll", "GET file", "custody ends, and the download step lands it"),
    _row("poll", "a piece of a result", "custody ends, and the download step lands it"),
    _row("poll", "renew", "custody ends, and the download step lands it"),
    _row("poll", "store put result", LAND),
    _row("poll", "store put manifest", LAND, "it exists; custody ends, and it is landed again, the same"),
    _row("poll", "finish", "it exists; custody ends, and it is landed again, the same", "landed"),
    _row("download", "begin", CLAIMED, CUSTODY),
    _row("download", "GET QueryRun", CUSTODY),
    _row("download", "GET file", LAND),
    _row("download", "a piece of a result", LAND),
    _row("download", "renew", LAND),
    _row("download", "store put result", LAND),
    _row("download", "store put manifest", LAND, "it exists; custody ends, and it is landed again, the same"),
    _row("download", "finish", "it exists; custody ends, and it is landed again, the same", "landed"),
]
