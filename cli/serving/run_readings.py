"""Reads runs of a batch for the page and the API: a page of them, the states of all, one with its story."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby, takewhile
from typing import Any

from forebay.cli.deployment import Deployment
from forebay.cli.following.run_details import Manifests, PartsProgress, RunDetails
from forebay.cli.output import events, words
from forebay.cli.serving.grid_rows import columns_of
from forebay.config.printable import printable
from forebay.governor.states import RunState, unpack
from forebay.scheduler.batches.lookup import finest
from forebay.scheduler.batches.progress import RunRow
from forebay.store.ledger.records import Batch, FailureRecord
from forebay.web.api.readings import Facts, LaneStates, PackedStates, RunsWanted
from forebay.web.errors import NothingThere

#: So many runs are looked through a request: their names are in the ledger, and so are the states of those that Redis
#: does not know. `next` goes on behind them.
MOST_LOOKED_THROUGH = 20_000
_READ_AT_ONCE = 500
#: What a byte of waiting runs becomes where they were canceled, which touches no run's state.
_CANCELED = bytes(
    (high or RunState.CANCELED.nibble) << 4 | (low or RunState.CANCELED.nibble)
    for high in range(16)
    for low in range(16)
)


class RunReadings:
    """The runs of the batches of one deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def page(self, batch: Batch, wanted: RunsWanted) -> Facts:
        """Lists runs at or past a position; `next` is where the next page begins, if there is one."""
        found: list[Facts] = []
        after = batch.size
        for looked, (position, row) in enumerate(self._rows(batch, wanted)):
            if len(found) == wanted.limit or looked == MOST_LOOKED_THROUGH:
                after = position
                break
            if _is_like(row, wanted):
                found.append({"position": position, **_line(row)})
        return {"runs": found, "next": after if after < batch.size else None, "size": batch.size}

    def states(self, batch: Batch) -> PackedStates:
        """Reads the states of all its runs, half a byte each."""
        view, lanes = self._deployment.reader.view, []
        for flow in batch.flows:
            seen = view.flow(flow.lane, batch.id)
            packed = view.packed_states(flow.lane, batch.id, flow.size) if seen else b""
            packed = packed.translate(_CANCELED) if seen and seen.canceling else packed
            lanes.append(LaneStates(lane=flow.lane, runs=flow.size, packed=packed))
        return PackedStates(lanes=tuple(lanes), columns=self._columns(batch))

    def one(self, batch: Batch, lane: str, index: int) -> Facts:
        """Names all that is known of a run. Raises `NothingThere`."""
        position, row = run_at(self._deployment, batch, lane, index)
        parts = finest(self._deployment.ledger, batch).get((lane, index))
        progress = PartsProgress(batch=parts.id, progress=self._deployment.reader.progress(parts)) if parts else None
        manifests = Manifests(batch, self._deployment.store)
        details = RunDetails(row, manifests, progress)
        past = list(self._deployment.ledger.past_failures(batch.id, lane, index))
        return {
            "batch": batch.id,
            "index": index,
            "position": position,
            "output": batch.output,
            **details.facts(with_sql=True),
            "reason": None if details.manifest else details.outcome or None,
            "attempts": [{**events.failure(each), "at": each.at.isoformat()} for each in past],
            "request_ids": list(details.manifest.request_ids) if details.manifest else [],
            "story": _story(batch, details, past),
            "trouble_of_destination": manifests.trouble or None,
            "command": f"forebay show {batch.id} {details.name}",
        }

    def _rows(self, batch: Batch, wanted: RunsWanted) -> Iterator[tuple[int, RunRow]]:
        """Yields the runs that may be meant; of those in other states no more than half a byte is read."""
        reader, limit = self._deployment.reader, wanted.limit + 1
        for stretch in self._stretches(batch, wanted):
            for start in range(stretch.start, stretch.stop, min(limit, _READ_AT_ONCE)):
                stop = min(stretch.stop, start + min(limit, _READ_AT_ONCE))
                yield from enumerate(reader.rows(batch, start, stop), start=start)

    def _stretches(self, batch: Batch, wanted: RunsWanted) -> Iterator[range]:
        """Yields runs of positions that lie together and are in a state that is wanted."""
        if not wanted.states:
            yield range(wanted.start, batch.size)
            return
        first = 0
        for lane in self.states(batch).lanes:
            here = range(max(wanted.start, first), first + lane.runs)
            if not lane.packed:
                yield here  # Redis does not know them: the ledger is asked of each
            else:
                states = unpack(lane.packed)
                meant = (at for at in here if states[at - first] in wanted.states)
                for _, group in groupby(enumerate(meant), key=lambda pair: pair[1] - pair[0]):
                    together = [at for _, at in group]
                    yield range(together[0], together[-1] + 1)
            first += lane.runs

    def _columns(self, batch: Batch) -> int:
        """Finds how many runs are a row of the grid; 0 where that is for the page to choose."""
        if len(batch.flows) != 1:
            return 0
        return columns_of([*self._deployment.ledger.items(batch.id, batch.flows[0].lane, 0, _READ_AT_ONCE)])


def run_at(deployment: Deployment, batch: Batch, lane: str, index: int) -> tuple[int, RunRow]:
    """Reads how a run stands, with its position among all of the batch. Raises `NothingThere`."""
    if not 0 <= index < batch.size_on(lane):
        raise NothingThere(f"batch {batch.id} has no run {index} on lane {lane!r}")
    before = takewhile(lambda flow: flow.lane != lane, batch.flows)
    position = sum(flow.size for flow in before) + index
    (row,) = deployment.reader.rows(batch, position, position + 1)
    return position, row


def _is_like(row: RunRow, wanted: RunsWanted) -> bool:
    text = wanted.text.casefold()
    named = not text or text in f"{row.account or ''}/{row.name}".casefold()
    return named and (not wanted.states or row.state in wanted.states)


def _line(row: RunRow) -> Facts:
    """Names what a list says of a run; its manifest, of which each would be a request, is not read."""
    known = row.live or row.failure
    return {
        "lane": row.lane,
        "index": row.index,
        "name": row.name,
        "account": row.account,
        "state": row.state,
        "known": row.known,
        "attempt": known.attempt if known else None,
        "query_run": known.query_run if known else None,
        "trouble": row.live.trouble if row.live else None,
        "failure": events.failure(row.failure) if row.failure and row.state is RunState.FAILED else None,
    }


def _story(batch: Batch, details: RunDetails, past: list[FailureRecord]) -> list[dict[str, Any]]:
    """Tells what happened to a run in the order of time, each with the seconds since the one before."""
    manifest, live = details.manifest, details.row.live
    told: list[tuple[datetime, str, str]] = [(batch.created_at, "accepted", batch.source)]
    told += [
        (
            each.at,
            f"attempt {each.attempt + 1} failed",
            f"{each.error_class}: {words.first_line(printable(each.message))}",
        )
        for each in past
    ]
    if manifest:
        stored = manifest.object
        moments = [
            (manifest.granted_at, "given a slot", f"attempt {manifest.attempt + 1}"),
            (manifest.submitted_at, "created at Stripe", manifest.query_run),
            (manifest.ended_at, "end seen", ""),
            (manifest.fetched_at, "download began", ""),
            (manifest.landed_at, "landed", f"{words.size(stored.bytes)} as {stored.format}"),
            (manifest.published_at, "published", "its batch's checks passed, or somebody released it"),
        ]
        told += [(at, what, detail) for at, what, detail in moments if at]
    elif live:
        granted_at = datetime.fromtimestamp(live.granted_ms / 1000, batch.created_at.tzinfo)
        told.append((granted_at, "given a slot", f"attempt {live.attempt + 1}"))
    told.sort(key=lambda each: each[0])
    before, story = told[0][0], []
    for at, what, detail in told:
        after_s = round(max(0.0, (at - before).total_seconds()), 3)
        story.append({"at": at.isoformat(), "what": what, "detail": detail, "after_s": after_s})
        before = at
    return story
