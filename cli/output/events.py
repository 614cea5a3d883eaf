"""`--json`: one object a line on stdout. Events while it goes on, and exactly one `result` or `error` at the end.

{"event": "submitted", "batch", "runs", "output", "lanes"}
{"event": "landed" | "failed" | "canceled", "name", "account", …}
{"event": "progress", "waiting", "alive", "slots", "ready", "landed", "failed", …}     every ten seconds
{"event": "waiting", "lane", "gate", "reason"}                                          when a lane stops sending
{"event": "trouble", "message"}                                                         when Redis does not answer
{"event": "result", "exit", "batch", "landed", "failed", …}                             always the last line
{"error": {"class", "message", "next"}}                                                 instead of a result
"""

import json
import sys
from typing import Any

from forebay.cli.exits import ErrorReport
from forebay.cli.output.audience import Settled, Snapshot
from forebay.governor.states import RunState
from forebay.landing.manifest import SUFFIX
from forebay.store.records import Batch, FailureRecord

#: Raised when a field changes its meaning or goes; new ones may come at any time.
SCHEMA = 1
PROGRESS_EVERY_S = 10.0


def emit(said: dict[str, Any]) -> None:
    """One line, out at once: a reader at the other end of a pipe waits for it."""
    sys.stdout.write(json.dumps(said, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def error(report: ErrorReport) -> None:
    """The last line of a command that failed."""
    emit({"error": report.as_json()})


def submitted(batch: Batch) -> None:
    """A batch is accepted: durable, and queued."""
    emit(
        {
            "event": "submitted",
            "schema": SCHEMA,
            "batch": batch.id,
            "runs": sum(flow.size for flow in batch.flows),
            "output": batch.output,
            "lanes": [flow.lane for flow in batch.flows],
        }
    )


def failure(record: FailureRecord) -> dict[str, Any]:
    """A failure's fields, as every command writes them."""
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

    def __init__(self, output: str) -> None:
        self._output = output.rstrip("/")
        self._next_progress_s = PROGRESS_EVERY_S
        self._gates: set[tuple[str, str]] = set()
        self._said = ""

    def show(self, snapshot: Snapshot) -> None:
        for lane, gate in snapshot.gates:
            if (lane, gate.gate) not in self._gates:
                emit({"event": "waiting", "lane": lane, "gate": gate.gate, "reason": gate.reason})
        self._gates = {(lane, gate.gate) for lane, gate in snapshot.gates}
        self._said = ""
        if snapshot.elapsed_s >= self._next_progress_s:
            self._next_progress_s = snapshot.elapsed_s + PROGRESS_EVERY_S
            emit(
                {
                    "event": "progress",
                    "elapsed_s": round(snapshot.elapsed_s, 1),
                    "slots": snapshot.slots,
                    **counts(snapshot),
                }
            )

    def settled(self, settled: Settled) -> None:
        said: dict[str, Any] = {"event": settled.state, "name": settled.item.name, "account": settled.item.account}
        if settled.failure:
            said |= failure(settled.failure)
        elif settled.state is RunState.LANDED:
            said["manifest"] = f"{self._output}/{settled.stem}{SUFFIX}"
        emit(said)

    def trouble(self, message: str) -> None:
        if message != self._said:  # the loop repeats itself as long as it lasts
            emit({"event": "trouble", "message": message})
            self._said = message

    def close(self) -> None:
        """Nothing is held."""


def counts(snapshot: Snapshot) -> dict[str, Any]:
    """The numbers of a batch."""
    progress = snapshot.progress
    ended = snapshot.closing or progress  # what landed in parts has landed
    return {
        "waiting": progress.waiting,
        "alive": progress.held,
        "ready": progress.ready,
        "landed": ended.landed,
        "failed": ended.failed,
        "canceled": ended.canceled,
        "bytes": progress.stored_bytes,
        "records": progress.records,
    }
