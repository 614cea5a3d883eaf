"""Records what Stripe answers to the questions that its documents leave open: `forebay doctor --record`.

Says first what it is going to do, and asks. Its runs are counted in the lane (`held_slot.py`); what it saw becomes
answers (`questions.py`) and a report (`record_report.py`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import getproxies

import httpx

from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.errors import PreflightFailed
from forebay.cli.exits import Exit
from forebay.cli.output import events, plain_text
from forebay.cli.output.confirm import confirm
from forebay.cli.recording import record_report
from forebay.cli.recording.asker import RecordingAim
from forebay.cli.recording.gathering import Gatherer, planned_runs
from forebay.cli.recording.held_slot import HeldSlot
from forebay.cli.recording.observations import Observations
from forebay.cli.recording.result_file import ResultHost
from forebay.cli.submitting.checks import key_check
from forebay.config.connections import Connection
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.governor import Governor
from forebay.governor.seen import LaneView
from forebay.landing.result_hosts import way_to_results
from forebay.queryrun.bounded_http import BoundedHttp
from forebay.scheduler.batches.opening import lane_limits
from forebay.store.ledger.failures import FailureClass
from forebay.worker.steps.retry_rules import SURELY_OVER_MS

_FILE_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
#: Creates, looks and pages beside events, which are asked for once a second until one comes.
_REQUESTS = 45


def record(connection: str | None, account: str | None, *, yes: bool, as_json: bool, with_accounts: bool) -> Exit:
    """Asks, and writes the report into the working folder.

    Raises `ConfigError`, `NotConfirmed`, and `PreflightFailed` where nothing can be asked now.
    """
    settings = Settings()
    config = load_config(settings)
    found = key_check.find_key(config, connection, account)
    if found.connection is None or not found.taken:
        raise found.row.error()
    chosen = found.connection
    if not as_json:
        plain_text.say(*_announced(chosen, found.account))
    if not confirm("Ask Stripe?", yes=yes, as_json=as_json):
        return Exit.OK
    with open_deployment(settings, config) as deployment:
        asked = RecordingAim(account=found.account, sql_bytes=settings.max_sql_bytes)
        seen, kept = _gather(deployment, chosen, asked, quiet=as_json)
    answers = record_report.answered(seen)
    report = record_report.as_json(
        seen, answers, chosen, at=datetime.now(UTC), account=found.account if with_accounts else None
    )
    kept_until = datetime.now(UTC) + timedelta(milliseconds=SURELY_OVER_MS) if kept else None
    path = Path(record_report.FILE)
    record_report.write(report, path)
    code = Exit.SOME_FAILED if seen.stopped else Exit.OK
    if as_json:
        for answer in report["answers"]:
            events.emit("answer", **answer)
        events.result(
            code,
            runs=len(seen.runs),
            requests=seen.requests,
            report=str(path),
            stopped=seen.stopped or None,
            slot_kept_until=kept_until.isoformat(timespec="seconds") if kept_until else None,
        )
        return code
    plain_text.say(*record_report.lines(answers))
    if seen.stopped:
        plain_text.say(f"not all was asked: {seen.stopped}")
    if kept_until:
        plain_text.say(f"one slot of the lane stays taken until {kept_until:%H:%M} UTC: {kept}")
    plain_text.say(f"{len(seen.runs)} runs and {seen.requests} requests; the report is {path}")
    return code


def _announced(connection: Connection, account: str | None) -> Iterator[str]:
    whom = f" about {account}" if account else ""
    runs = planned_runs(connection, account)
    yield (
        f"This asks Stripe, by connection {connection.name} ({connection.mode} mode){whom}, what its documents leave "
        f"open: up to {runs} runs of cheap SQL, one after the other in one slot of the lane, and some {_REQUESTS} "
        "requests within its budgets; up to 30 more where no event comes."
    )
    yield "Nothing of your data is written, and the report holds no key, no URL and no row."
    yield "From February 2027 on Stripe charges for runs: these, too."


def _gather(
    deployment: Deployment, connection: Connection, asked: RecordingAim, *, quiet: bool
) -> tuple[Observations, str]:
    lane = connection.lane(asked.account)
    governor = Governor(deployment.redis, lane)
    governor.configure(lane_limits(connection))
    deployment.reconciler.lanes([lane])
    _refuse_paused(deployment.reader.view.lane(lane))
    http = BoundedHttp(timeout=_FILE_TIMEOUT, proxy=way_to_results(connection, getproxies()))
    with http, key_check.client_of(connection) as client, HeldSlot(governor) as slot:
        host = ResultHost(http, connection.download_hosts)
        tell = (lambda _: None) if quiet else plain_text.remark
        seen = Gatherer(client, slot, host, asked, tell=tell).gather()
    return seen, slot.kept


def _refuse_paused(lane: LaneView) -> None:
    if lane.paused:
        raise PreflightFailed(
            f"lane {lane.lane} is paused: {lane.paused.reason}",
            way_out=f"`forebay resume {lane.lane}`, and then the same",
            exit_code=Exit.USAGE,
            kind=FailureClass.QUOTA_CONCURRENCY,
        )
