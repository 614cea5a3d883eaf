"""Says for each I/O of each step what happens if its process dies right before it, and right after it.

Tests named `test_deaths.py` die there, and docs/reliability.md has it as a table. An I/O that is new in a step needs a
row. Of the embedded services a row is a function of theirs: `tests/cli/test_supervisor_deaths.py` dies in each.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathRow:
    """One I/O of a step."""

    step: str
    operation: str
    """As `naming.named` names it: a script of the governor, a command of Redis, a request, a call of a store."""
    before: str
    after: str


NOT_ACCEPTED = "not accepted, nothing runs: the command is given again"
COUNTED = "not accepted, and its runs count as taken of the day until it is over; given again, they count once"
SWEPT = "not accepted; what was written is swept by its mark"
DURABLE = "durable: whoever tends restores it, or the command is given again"
CLAIMED = "the claim is due again after 30 s"
CUSTODY = "custody ends after 60 s, and the step is due again"
REPLAY = "custody ends, and the create is replayed under its key: Stripe answers with the run that it has, or makes it"
LOOK = "custody ends; the next look sees the same end"
LAND = "custody ends; it is landed again from a fresh URL, over what lies there"
NOTED = "its use is noted; custody ends, and it is landed again and noted again, which counts once"
CLOSE = "its lock ends after 60 s, and the next closer begins again"
COPIED = "an object without a manifest, which is no result yet; the next closer copies it again"
PUBLISHED = "that result is there; the next closer publishes the others"
SAID = "all is published; the next closer says so again, and goes on"
EMPTIED = "all is published; the next closer empties quarantine"
CLOSED = "closed; the next closer tells people"
TWICE = "people were told, which is not noted: the next closer tells them once more"
STOPPED = "its reason is kept, and the next closer pauses the batch by that"
OVER = "closed, and people know; the next closer takes it out of the queue"
RETRY = "nothing is retried: the command is given again"
RETRY_COUNTED = (
    "nothing is retried, and its runs count as taken of the day until it is over; given again, they count once"
)
RETRIED = "the ledger knows of it: whoever tends has Redis learn of it, or the command is given again"
RELEASE = "nothing is released: the command is given again"
RELEASED = "released; it is closed anew as every open batch is"
ROUND = "nothing is done yet: the next round, of this beat or of another, does it"
UNTOLD = "its mark says that people were told, and nobody was"
BACKFILL = "what was submitted goes on; the same command goes on with the rest"
LOST = "Redis does not know that window: the next round, or whoever tends, restores it"
GONE = "what it had started ends with it, no lock stays; the next command starts another, which has what Valkey kept"
ALONE = "the supervisor goes by itself once nothing is unfinished; until then the next command finds it"
RESTORED = "it waits as it did; the next round restores what else is lost"


def _row(step: str, operation: str, before: str, after: str | None = None) -> DeathRow:
    return DeathRow(step=step, operation=operation, before=before, after=after or before)


ROWS = [
    _row("forebay submit", "store get batch.json", NOT_ACCEPTED),
    _row("forebay submit", "store put claim of a day", NOT_ACCEPTED, COUNTED),
    _row("forebay submit", "store put writing mark", NOT_ACCEPTED, SWEPT),
    _row("forebay submit", "store put items", SWEPT),
    _row(
        "forebay submit",
        "store put open mark",
        SWEPT,
        "not accepted; the mark of a batch without batch.json is dropped",
    ),
    _row(
        "forebay submit",
        "store put acceptance",
        "not accepted; the mark of a batch without batch.json is dropped",
        "not accepted; its marks are dropped",
    ),
    _row("forebay submit", "store create batch.json", "not accepted; its items are swept", DURABLE),
    _row("forebay submit", "store size writing mark", DURABLE),
    _row("forebay submit", "store delete writing mark", DURABLE),
    _row("forebay submit", "configure", DURABLE),
    _row("forebay submit", "SADD", DURABLE),
    _row("forebay submit", "unreconciled", DURABLE),
    _row("forebay submit", "store list open mark", DURABLE),
    _row("forebay submit", "store list sent record", DURABLE),
    _row("forebay submit", "store get cancel", DURABLE),
    _row("forebay submit", "store list of batches", DURABLE),
    _row("forebay submit", "store list of lanes", DURABLE),
    _row("forebay submit", "SMEMBERS", DURABLE),
    _row("forebay submit", "pipeline", DURABLE),
    _row("forebay submit", "reconciled", DURABLE),
    _row("forebay submit", "open_flow", DURABLE, "accepted and queued"),
    _row("forebay submit", "ZADD", "accepted and queued; whoever tends has people find it", "accepted and queued"),
    _row("forebay submit", "ZMSCORE", "accepted and queued"),
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
    _row("submit", "ready", REPLAY, "its slot is free; custody ends, and the download step lands it"),
    _row("poll", "begin", CLAIMED, CUSTODY),
    _row("poll", "GET QueryRun", LOOK),
    _row("poll", "pipeline", LOOK),
    _row("poll", "defer", LOOK, "it is due for its next look"),
    _row("poll", "ready", LOOK, "its slot is free; custody ends, and the download step lands it"),
    _row("poll", "GET file", "custody ends, and the download step lands it"),
    _row("poll", "a piece of a result", "custody ends, and the download step lands it"),
    _row("poll", "renew", "custody ends, and the download step lands it"),
    _row("poll", "store put result", LAND),
    _row("poll", "store put use", LAND, NOTED),
    _row("poll", "store put manifest", LAND, "it exists; custody ends, and it is landed again, the same"),
    _row("poll", "finish", "it exists; custody ends, and it is landed again, the same", "landed"),
    _row("download", "begin", CLAIMED, CUSTODY),
    _row("download", "GET QueryRun", CUSTODY),
    _row("download", "GET file", LAND),
    _row("download", "defer", LAND, "it is due again, and landed from a fresh URL"),
    _row("download", "a piece of a result", LAND),
    _row("download", "renew", LAND),
    _row("download", "store put result", LAND),
    _row("download", "store put use", LAND, NOTED),
    _row("download", "store put manifest", LAND, "it exists; custody ends, and it is landed again, the same"),
    _row("download", "finish", "it exists; custody ends, and it is landed again, the same", "landed"),
    _row("closing", "pipeline", CLOSE),
    _row("closing", "SET", "another closer takes it at once", CLOSE),
    _row("closing", "ZADD", CLOSE),
    _row("closing", "store get batch.json", CLOSE),
    _row("closing", "store list closing", CLOSE),
    _row("closing", "store get closing", CLOSE),
    _row("closing", "store get stop", CLOSE),
    _row("closing", "store get cancel", CLOSE),
    _row("closing", "store folders of batches", CLOSE),
    _row("closing", "release", CLOSE, "its canary landed and the others go on; the next closer finds them so"),
    _row("closing", "store create stop", CLOSE, STOPPED),
    _row("closing", "pause", STOPPED, "paused; the next closer tells people"),
    _row("closing", "store list failure", CLOSE),
    _row("closing", "store get failure", CLOSE),
    _row("closing", "store get items", CLOSE),
    _row("closing", "store list of results", CLOSE),
    _row("closing", "store list quarantine", CLOSE),
    _row("closing", "store get manifest", CLOSE),
    _row("closing", "store get quarantined manifest", CLOSE),
    _row("closing", "store open quarantined result", CLOSE),
    _row("closing", "store copy quarantined result", CLOSE, COPIED),
    _row("closing", "store put manifest", COPIED, PUBLISHED),
    _row("closing", "store put quarantined batch manifest", PUBLISHED, SAID),
    _row("closing", "store put batch manifest", PUBLISHED, SAID),
    _row("closing", "store delete quarantined manifest", SAID, EMPTIED),
    _row("closing", "store delete quarantined result", EMPTIED),
    _row("closing", "store delete quarantined batch manifest", EMPTIED),
    _row("closing", "store create closing", "published, and not closed: the next closer closes it", CLOSED),
    _row("closing", "store size told mark", CLOSED),
    _row("closing", "tell people", CLOSED, TWICE),
    _row("closing", "store put told mark", TWICE, OVER),
    _row("closing", "HDEL", OVER),
    _row("closing", "standalone/remove_closing", OVER, "over; its lock ends by itself"),
    _row("closing", "unlock", "over; its lock ends by itself", "over"),
    _row("forebay retry", "store get batch.json", RETRY),
    _row("forebay retry", "store put open mark", RETRY, "nothing is retried yet: whoever tends finds nothing to do"),
    _row("forebay retry", "pipeline", RETRY),
    _row("forebay retry", "store list failure", RETRY),
    _row("forebay retry", "store get failure", RETRY),
    _row("forebay retry", "store put claim of a day", RETRY, RETRY_COUNTED),
    _row("forebay retry", "store create failure", RETRY, RETRIED),
    _row("forebay retry", "TIME", RETRIED),
    _row("forebay retry", "ZADD", RETRIED),
    _row("forebay retry", "store list closing", RETRIED),
    _row("forebay retry", "store get closing", RETRIED),
    _row("forebay retry", "store create closing", RETRIED),
    _row("forebay retry", "retry", RETRIED, "its runs wait; their batch is closed anew when they have ended"),
    _row("forebay retry", "store get stop", "its runs wait; their batch is closed anew when they have ended"),
    _row("forebay release", "store get batch.json", RELEASE),
    _row("forebay release", "store list closing", RELEASE),
    _row("forebay release", "store get closing", RELEASE),
    _row("forebay release", "store put open mark", RELEASE),
    _row("forebay release", "store create closing", RELEASE, RELEASED),
    _row("forebay release", "ZADD", RELEASED, "released; the next closer publishes it"),
    _row("beat's round", "store get first seen", ROUND),
    _row("beat's round", "store create first seen", ROUND, "known since then; the next round goes on"),
    _row("beat's round", "store folders of batches", ROUND),
    _row("beat's round", "store list skipped mark", ROUND),
    _row("beat's round", "store list pruned windows", ROUND),
    _row("beat's round", "store list late mark", ROUND),
    _row("beat's round", "store get batch.json", ROUND),
    _row("beat's round", "store list closing", ROUND),
    _row("beat's round", "ZRANGE", ROUND),
    _row("beat's round", "store get pause of an extract", ROUND),
    _row("beat's round", "store create late mark", ROUND, UNTOLD),
    _row("beat's round", "tell people", UNTOLD, "they know; the next round goes on"),
    _row("beat's round", "store create skipped mark", ROUND, "skipped, once; the next round goes on"),
    _row("beat's round", "store list of results", LOST),
    _row("beat's round", "store list failure", LOST),
    _row("beat's round", "store get items", LOST),
    _row("beat's round", "restore_flow", LOST, RESTORED),
    _row("beat's round", "store get stop", RESTORED),
    _row("beat's round", "resume", RESTORED),
    _row("forebay backfill", "store folders of batches", BACKFILL),
    _row("forebay backfill", "store list pruned windows", BACKFILL),
    _row("forebay backfill", "store get batch.json", BACKFILL),
    _row("forebay backfill", "store list closing", BACKFILL),
    _row("forebay backfill", "store get closing", BACKFILL),
    _row("forebay backfill", "PING", BACKFILL),
    _row("forebay backfill", "INFO", BACKFILL),
    _row("forebay backfill", "GET", BACKFILL),
    _row("forebay backfill", "CONFIG", BACKFILL),
    _row("forebay backfill", "standalone/derive_key", BACKFILL),
    _row("forebay backfill", "SET", BACKFILL),
    _row("forebay backfill", "standalone/claim_key", BACKFILL),
    _row("forebay backfill", "store probe of results", BACKFILL),
    _row("forebay backfill", "PUBLISH", BACKFILL),
    _row("forebay backfill", "SCAN", BACKFILL),
    _row("forebay backfill", "pipeline", BACKFILL),
    _row("supervisor", "end_orphan", GONE),
    _row("supervisor", "Home.report", GONE),
    _row("supervisor", "Valkey.start", GONE),
    _row("supervisor", "Home.announce", GONE),
    _row("supervisor", "Keeper.advance", GONE),
    _row("supervisor", "Keeper.ask_to_stop", GONE),
    _row("supervisor", "Keeper.wait", GONE),
    _row("supervisor", "Valkey.stop", GONE),
    _row("command, embedded", "Attached._start", ALONE),
    _row("command, embedded", "Attached._connected", ALONE),
    _row("command, embedded", "_send", ALONE),
    _row("command, embedded", "Attached.leave", ALONE),
]


def without_a_row(seen: Iterable[str], *steps: str) -> list[str]:
    """Lists what was seen in a step and has no row, neither there nor in the others that it takes."""
    told = {row.operation for row in ROWS if row.step in steps}
    return [operation for operation in seen if operation not in told]


def without_an_io(seen: Iterable[str], step: str) -> list[str]:
    """Lists the rows of a step that nothing seen stands for, or that are there twice."""
    left = list(seen)
    rows = [row.operation for row in ROWS if row.step == step]
    return [operation for operation in rows if operation not in left or rows.count(operation) > 1]
