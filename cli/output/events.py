"""Writes `--json`: an object a line on stdout, events while it goes on, and one `result` at the end.

Of a command that failed the last line is an `error` instead, which `main.py` writes.

docs/json-events.md has a table of all events and their fields, which a test compares with what commands write.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from forebay.cli.exits import Exit
from forebay.cli.output import plain_text
from forebay.cli.output.audience import Settled, Snapshot
from forebay.cli.output.cause import Cause, News
from forebay.governor.states import RunState
from forebay.landing.manifest import SUFFIX
from forebay.store.ledger.records import Batch, FailureRecord

#: Raised when a field changes its meaning or goes; new ones may come at any time.
SCHEMA = 2
PROGRESS_EVERY_S = 10.0


def emit(event: str, /, **fields: Any) -> None:
    """Writes an event."""
    _write({"event": event, **fields})


def result(exit_code: Exit, /, **fields: Any) -> None:
    """Writes the last line of a command that came to its end."""
    emit("result", schema=SCHEMA, exit=int(exit_code), **fields)


def submitted(batch: Batch) -> None:
    """Writes that a batch is accepted: durable, and queued."""
    emit(
        "submitted",
        schema=SCHEMA,
        batch=batch.id,
        runs=batch.size,
        output=batch.output,
        lanes=[flow.lane for flow in batch.flows],
    )


def tell_cause(cause: Cause) -> None:
    """Writes why work does not get on."""
    emit("cause", **cause_facts(cause))


def cause_facts(cause: Cause) -> dict[str, Any]:
    """Names a cause's fields, as every command writes them."""
    return {
        "cause": cause.kind,
        "message": cause.message,
        "lane": cause.lane or None,
        "detail": cause.detail or None,
        "next": cause.way_out or None,
    }


def tell_causes(causes: Iterable[Cause], *, as_json: bool) -> None:
    """Tells them of a command that looks once, to people on stderr."""
    for cause in causes:
        if as_json:
            tell_cause(cause)
        else:
            plain_text.remark(cause.line)


def tell_news(news: News, causes: Iterable[Cause], elapsed_s: float, *, as_json: bool) -> None:
    """Tells those that are new, and those that are over, to whoever follows."""
    tell_causes(news.begun(causes, elapsed_s), as_json=as_json)
    for over in news.over(elapsed_s):
        if as_json:
            emit("cause_over", cause=over.kind, message=over.message, lane=over.lane or None)
        else:
            plain_text.remark(f"over: {over.message}")


def failure(record: FailureRecord) -> dict[str, Any]:
    """Names a failure's fields, as every command writes them."""
    return {
        "class": record.error_class,
        "message": record.message,
        "code": record.code,
        "query_run": record.query_run,
        "request_id": record.request_id,
        "attempt": record.attempt,
    }


class JsonEvents:
    """An audience."""

    def __init__(self) -> None:
        self._next_progress_s = defaultdict[str, float](lambda: PROGRESS_EVERY_S)
        self._news = News()

    def show(self, snapshot: Snapshot) -> None:
        tell_news(self._news, snapshot.causes, snapshot.elapsed_s, as_json=True)
        batch, elapsed_s = snapshot.batch.id, round(snapshot.elapsed_s, 1)
        if snapshot.elapsed_s >= self._next_progress_s[batch]:
            self._next_progress_s[batch] = snapshot.elapsed_s + PROGRESS_EVERY_S
            emit("progress", batch=batch, elapsed_s=elapsed_s, slots=snapshot.slots, **counts(snapshot))

    def settled(self, settled: Settled) -> None:
        how: dict[str, Any] = {}
        if settled.failure:
            how = failure(settled.failure)
        elif settled.state is RunState.LANDED and settled.stem:
            how = {"manifest": f"{settled.batch.output.rstrip('/')}/{settled.stem}{SUFFIX}"}
        item = settled.item
        emit(settled.state, batch=settled.batch.id, name=item.name, account=item.account, **how)

    def trouble(self, cause: Cause, elapsed_s: float) -> None:
        tell_causes(self._news.begun([cause], elapsed_s), as_json=True)

    def close(self) -> None:
        """Holds nothing that would have to be let go."""


def counts(snapshot: Snapshot) -> dict[str, Any]:
    """Counts a batch's runs by how they stand."""
    progress = snapshot.progress
    ended = snapshot.closing or progress  # what landed in parts has landed
    return {
        "waiting": progress.waiting,
        "starting": progress.starting,
        "alive": progress.alive,
        "ready": progress.ready,
        "landed": ended.landed,
        "failed": ended.failed,
        "canceled": ended.canceled,
        "bytes": progress.stored_bytes,
        "records": progress.records,
    }


def _write(line: dict[str, Any]) -> None:
    plain_text.write_json(line)
