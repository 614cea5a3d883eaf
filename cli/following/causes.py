"""Finds what keeps a batch from getting on: from its snapshot and what else was seen, to causes with their ways out.

A pure function, so that every mode tells the same: `follow.py` gathers what it is told from, `evidence.py` what
concerns the deployment as a whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from forebay.cli.exits import WRITES_REFUSED
from forebay.cli.output import words
from forebay.cli.output.audience import Snapshot
from forebay.cli.output.cause import Cause, CauseKind
from forebay.governor.seen import ClosedGate, LaneGlance, RunView
from forebay.governor.states import Gate
from forebay.scheduler.closing.grouping import without_ids
from forebay.store.ledger.records import Batch

#: A rate that was too high for a second is no news, nor a Redis that was restarted and is reconciled at once.
HICCUP_MS = 5_000
#: A step that broke so often is no hiccup: the waits between come to some seconds.
TRIES = 3
#: A batch that has not changed for so long has a cause, or one is missing.
UNMOVED_S = 60.0

_GATES = {
    Gate.CAP: (CauseKind.CAP_FULL, "Stripe refuses more runs, its cap is full"),
    Gate.AUTH: (CauseKind.KEY_REFUSED, "Stripe refuses the key"),
    Gate.PERMISSION: (CauseKind.KEY_REFUSED, "Stripe lets the key create nothing"),
    Gate.CREATE: (CauseKind.THROTTLED, "Stripe asks for fewer creates"),
    Gate.RETRIEVE: (CauseKind.THROTTLED, "Stripe asks for fewer looks"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTrouble:
    """Why a step of a single run broke the last time."""

    text: str
    tries: int


def troubles_of(runs: Iterable[RunView]) -> tuple[RunTrouble, ...]:
    """Gathers what single runs stumble over."""
    return tuple(RunTrouble(text=run.trouble, tries=run.tries) for run in runs if run.trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen of a deployment, beside the batch."""

    refuses_writes: str = ""
    """Why Redis takes nothing, if so."""
    workers: tuple[str, ...] | None = None
    """The hosts on which one is alive; None where nobody can know yet."""
    complaints: tuple[tuple[str, str], ...] = ()
    """Who lives and cannot work, and why."""
    used_up: tuple[tuple[str, str], ...] = ()
    """Definitions whose budget of today is used up, and what says so."""
    put_off: tuple[tuple[str, str], ...] = ()
    """Batches that cannot be closed, and why."""
    start_workers: str = "start one with: forebay worker"
    """What to do where none is alive."""

    def of(self, batch: str) -> "Evidence":
        """Gives what of it concerns a batch: not what keeps another one from being closed."""
        return replace(self, put_off=tuple((of, why) for of, why in self.put_off if of == batch))


def causes(
    snapshot: Snapshot, seen: Evidence, troubles: Iterable[RunTrouble] = (), *, unmoved_s: float = 0.0
) -> tuple[Cause, ...]:
    """Lists them, those that stop everything first. `unmoved_s`: since when nothing of the batch has changed."""
    if snapshot.ended:
        return ()
    found = [
        *deployment_causes(seen.of(snapshot.batch.id)),
        *(() if snapshot.progress.known else lost(snapshot.batch)),
        *(cause for lane in snapshot.progress.lanes for cause in lane_causes(lane, snapshot.now_ms)),
        *_own(snapshot),
        *retrying(troubles),
        *_outnumbered(snapshot),
    ]
    return tuple(found or _unmoved(snapshot, unmoved_s))


def deployment_causes(seen: Evidence) -> Iterator[Cause]:
    """Says why nothing of any batch moves."""
    if seen.refuses_writes:
        yield Cause(
            kind=CauseKind.REFUSES_WRITES,
            message=f"nothing moves: {seen.refuses_writes}",
            way_out=WRITES_REFUSED,
        )
    elif seen.workers == ():
        yield Cause(
            kind=CauseKind.NO_WORKER, message="no worker is alive, so nothing moves", way_out=seen.start_workers
        )
    for who, trouble in seen.complaints:
        yield Cause(kind=CauseKind.WORKER_STUCK, message=f"{who}: {trouble}")
    for definition, why in seen.used_up:
        yield budget_cause(definition, why)
    for batch, why in seen.put_off:
        yield put_off_cause(batch, why)


def put_off_cause(batch: str, why: str) -> Cause:
    """Says that a batch cannot be checked and published."""
    return Cause(
        kind=CauseKind.CLOSING_PUT_OFF,
        message=f"batch {batch} cannot be closed: {words.first_line(why, 400)}",
        way_out="mend that: it is tried again every quarter of a minute, and what landed is kept where it is",
    )


def budget_cause(definition: str, why: str) -> Cause:
    """Says that a definition has nothing left to spend today."""
    return Cause(
        kind=CauseKind.BUDGET,
        message=f"{definition} has used up its budget of today, so no more of it begins: {why}",
        way_out="it goes on at 00:00 UTC; its budget in the spec says how much it may spend a day",
    )


def lane_causes(lane: LaneGlance, now_ms: int) -> Iterator[Cause]:
    """Says why a lane sends less than it could."""
    waits = lane.unreconciled
    if waits and waits.since_ms is not None and now_ms - waits.since_ms >= HICCUP_MS:
        yield Cause(
            kind=CauseKind.UNRECONCILED,
            lane=lane.lane,
            message=f"lane {lane.lane} starts nothing: Redis is new or older than it was, and has to be reconciled",
            detail=f"for {words.duration((now_ms - waits.since_ms) / 1000)}",
            way_out="a worker does it by itself; by hand: forebay rebuild",
        )
    if lane.held > max(0, lane.cap - lane.margin):
        yield Cause(
            kind=CauseKind.OVER_CAP,
            lane=lane.lane,
            message=f"lane {lane.lane} begins nothing: more may be alive at Stripe than its cap has room for",
            detail=f"{lane.held} of {lane.cap - lane.margin}",
        )
    if lane.paused:
        yield Cause(
            kind=CauseKind.LANE_PAUSED,
            lane=lane.lane,
            message=f"lane {lane.lane} is paused: {lane.paused.reason}",
            detail=f"for {words.duration((now_ms - lane.paused.since_ms) / 1000)}",
            way_out=f"forebay resume {lane.lane}",
        )
    for gate in lane.gates:
        if gate.gate in (Gate.CAP, Gate.AUTH, Gate.PERMISSION) or now_ms - gate.since_ms >= HICCUP_MS:
            yield _closed(lane, gate, now_ms)


def _closed(lane: LaneGlance, gate: ClosedGate, now_ms: int) -> Cause:
    kind, text = _GATES[gate.gate]
    # A refusal below our own cap is the one sign that there are others.
    others = ", others use it too" if gate.gate is Gate.CAP and lane.held < lane.cap - lane.margin else ""
    return Cause(
        kind=kind,
        lane=lane.lane,
        message=f"{text}{others}: {gate.reason}",
        detail=words.gate_times(gate, now_ms),
        way_out="mend the key; `forebay doctor` checks it" if kind is CauseKind.KEY_REFUSED else "",
    )


def lost(*batches: Batch) -> Iterator[Cause]:
    """Says that Redis has lost batches that have not settled."""
    named = f"batch {batches[0].id}" if len(batches) == 1 else words.counted(len(batches), "batch", "batches")
    yield Cause(
        kind=CauseKind.BATCH_LOST,
        message=f"Redis has lost its data: it does not know {named}, of which not all has settled",
        way_out="a worker restores it within minutes; at once: forebay rebuild",
    )


def _own(snapshot: Snapshot) -> Iterator[Cause]:
    """Says what holds the batch as a whole back."""
    progress, batch = snapshot.progress, snapshot.batch.id
    if progress.done:
        yield Cause(kind=CauseKind.CLOSING, message="all settled: checking and publishing")
    elif progress.canceling:
        yield Cause(kind=CauseKind.CANCELING, message="canceled: following what Stripe still runs to its end")
    elif progress.paused:
        yield Cause(
            kind=CauseKind.BATCH_PAUSED,
            message=f"paused: {progress.paused.reason}",
            way_out=f"forebay resume {batch}",
        )
    elif progress.canary_out:
        yield Cause(kind=CauseKind.CANARY, message="its first run goes alone; the others follow once it has ended well")


def retrying(troubles: Iterable[RunTrouble], *, of: str = "") -> Iterator[Cause]:
    """Groups what single runs stumble over again and again: a destination that refuses is one thing to mend."""
    alike: dict[str, list[RunTrouble]] = {}
    for trouble in troubles:
        if trouble.tries >= TRIES:
            alike.setdefault(without_ids(trouble.text), []).append(trouble)
    for group in alike.values():
        most = max(group, key=lambda trouble: trouble.tries)
        yield Cause(
            kind=CauseKind.RETRYING,
            message=f"retrying: {words.first_line(most.text, 400)}",
            lane=of,
            detail=f"{words.runs(len(group))}, up to {most.tries} tries",
        )


def _outnumbered(snapshot: Snapshot) -> Iterator[Cause]:
    progress = snapshot.progress
    if progress.waiting and not progress.held and snapshot.slots and snapshot.taken >= snapshot.slots:
        yield Cause(
            kind=CauseKind.SLOTS_TAKEN,
            message="other batches hold all slots",
            way_out="`forebay lanes` shows which; `forebay change` gives this one a class or a weight",
        )


def _unmoved(snapshot: Snapshot, unmoved_s: float) -> Iterator[Cause]:
    if unmoved_s < UNMOVED_S:
        return
    alive, since = snapshot.progress.alive, f"for {words.duration(unmoved_s)}"
    if alive:
        yield Cause(
            kind=CauseKind.AT_STRIPE,
            message="waiting for Stripe, which has ended none of its runs for a while; a query may take 90 minutes",
            detail=f"{words.runs(alive)}, {since}",
        )
        return
    yield Cause(
        kind=CauseKind.UNKNOWN,
        message="nothing of it has changed for a while, and nothing says why",
        detail=since,
        way_out="look at `forebay lanes`, `forebay doctor` and the logs of the workers",
    )
