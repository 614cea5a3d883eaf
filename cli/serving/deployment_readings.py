"""Reads for the page and the API what the commands show, by the same functions: the readings of one deployment.

`forebay web` hands them to `web/`, which knows no deployment. Safe to share between threads.
"""

import logging
import time
from collections.abc import Collection
from datetime import UTC, datetime
from threading import Lock

from forebay.cli.deployment import Deployment
from forebay.cli.errors import CliError
from forebay.cli.following.absence import COME_BACK_S
from forebay.cli.following.batch_exit import exit_of, has_ended
from forebay.cli.following.batch_facts import batch_counts, batch_facts, listed_facts
from forebay.cli.following.batch_list import BatchList, known_standing, standing_of
from forebay.cli.following.causes import deployment_causes, lost
from forebay.cli.following.evidence import evidence, standstill
from forebay.cli.following.lane_facts import hour_facts, lane_facts
from forebay.cli.output import closings, remedies
from forebay.cli.output.batch_state import BatchState
from forebay.cli.output.cause import Cause
from forebay.cli.output.events import cause_facts
from forebay.cli.serving.account_readings import AccountReadings
from forebay.cli.serving.cost_readings import costs_of
from forebay.cli.serving.deed_readings import DeedReadings
from forebay.cli.serving.extract_readings import ExtractReadings
from forebay.cli.serving.failure_readings import failure_groups
from forebay.cli.serving.manifest_readings import ManifestReadings
from forebay.cli.serving.problem_statuses import problem_of
from forebay.cli.serving.run_readings import RunReadings
from forebay.cli.serving.todays_list import todays_list
from forebay.cli.serving.troubled_batches import TroubledBatches
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import BEAT, Heartbeats
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.lane_history import LaneHistories
from forebay.governor.seen import LaneView
from forebay.metrics.unlanded_results import ExpiringReader
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.extracts.schedules import Schedule
from forebay.web.api.readings import BatchesWanted, CostsWanted, Facts, PackedStates, RequestProblem, RunsWanted

log = logging.getLogger(__name__)

#: With a filter so many batches are looked through at most: each is read from the ledger.
MOST_SEARCHED = 2_000


class DeploymentReadings:
    """What is to be seen of a deployment. Raises what the readers of the commands raise; `problem` says it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._extracts = ExtractReadings(deployment)
        self._accounts = AccountReadings(deployment, self._extracts)
        self._runs = RunReadings(deployment)
        self._manifests = ManifestReadings(deployment)
        self._deeds = DeedReadings(deployment, self._extracts, lambda: datetime.now(UTC))
        self._expiring, self._troubled = ExpiringReader(deployment.ledger.uses), TroubledBatches(deployment)
        self._one_reads = Lock()
        self._returning = Lock()
        self._came_back_s = float("-inf")

    def today(self) -> Facts:
        """Gathers what needs a person, and a line for each extract and lane."""
        extracts, lanes = self._extracts.all(), self._lanes()
        now = datetime.now(UTC)
        with self._one_reads:
            expiring, troubled = self._expiring.read(now), self._troubled.read(now)
        return {
            "attention": todays_list(
                extracts, troubled, lanes["causes"], expiring, now.date(), beat_missed=self._beat_is_missed()
            ),
            "cut": self._troubled.is_cut,
            "extracts": extracts,
            "lanes": lanes["lanes"],
        }

    def batches(self, wanted: BatchesWanted) -> Facts:
        """Lists batches, newest first."""
        filtered = wanted.state or wanted.since or wanted.text or wanted.extract
        listing = BatchList(self._deployment, wanted.limit, most_read=MOST_SEARCHED if filtered else None)
        rows: list[Facts] = []
        more = False
        for listed in listing.newest(wanted.since, wanted.text):
            if wanted.state and listed.state != wanted.state:
                continue
            policy = listed.standing.batch.policy if listed.standing else None
            definition = policy.definition if policy else None
            if wanted.extract and definition != wanted.extract:
                continue
            if len(rows) == wanted.limit:
                more = True
                break
            flow_class = listed.standing.batch.standing.flow_class if listed.standing else None
            rows.append({**listed_facts(listed), "definition": definition, "class": flow_class})
        return {"batches": rows, "more": more, "cut": listing.is_cut, "elsewhere": listing.elsewhere}

    def batch(self, batch_id: str) -> Facts:
        """Names all that is known of a batch as a whole, and what is in its way."""
        batch = find_batch(self._deployment.ledger, batch_id)
        standing = standing_of(self._deployment, batch)
        progress, closing = standing.progress, standing.closing
        failures = closings.facts(closing).get("failures", [])
        ways = [*closings.review_ways(batch, closing)] if closing else []
        if standing.stop and not standing.stop.resumed and progress.paused and not progress.done:
            ways += closings.ways_on(batch, standing.stop)
        if closing:
            ways += [
                ("failed", line) for line in remedies.lines(batch, (each.error_class for each in closing.failures))
            ]
        return {
            "batch": batch.id,
            **batch_facts(standing),
            **batch_counts(standing),
            "ended": has_ended(standing),
            "exit": exit_of(standing),
            "key": batch.caller_key.text if batch.caller_key else None,
            "source": batch.source,
            "connection": batch.connection,
            "definition": batch.policy.definition if batch.policy else None,
            "class": batch.standing.flow_class,
            "output": batch.output,
            "places": closings.places(batch, closing),
            "format": batch.result_format,
            "bytes": progress.stored_bytes,
            "records": closing.records if closing else progress.records,
            "lanes": [{"lane": flow.lane, "runs": flow.size} for flow in batch.flows],
            "failures": failures,
            "remembered": standing.remembered,
            "causes": [cause_facts(cause) for cause in self._in_the_way(standing.state, batch.id)],
            "next": [{"what": what, "how": how} for what, how in ways],
            "command": f"forebay show {batch.id}",
        }

    def runs(self, batch_id: str, wanted: RunsWanted) -> Facts:
        """Lists runs of a batch in their order."""
        return self._runs.page(find_batch(self._deployment.ledger, batch_id), wanted)

    def states(self, batch_id: str) -> PackedStates:
        """Reads the states of all its runs, half a byte each."""
        return self._runs.states(find_batch(self._deployment.ledger, batch_id))

    def run(self, batch_id: str, lane: str, index: int) -> Facts:
        """Names all that is known of a run, with its story."""
        return self._runs.one(find_batch(self._deployment.ledger, batch_id), lane, index)

    def failures(self, batch_id: str) -> Facts:
        """Groups the failures of a batch that still stand by their causes."""
        return failure_groups(self._deployment, batch_id)

    def manifests(self, batch_id: str, start: int, limit: int) -> Facts:
        """Reads the manifests of those of so many runs, from a position on, that have landed."""
        return self._manifests.page(find_batch(self._deployment.ledger, batch_id), start, limit)

    def over(self, batch_ids: Collection[str]) -> Collection[str]:
        """Finds those of which it is worth while to say now how they stand."""
        return {batch_id for batch_id in batch_ids if self._is_over(batch_id)}

    def _is_over(self, batch_id: str) -> bool:
        try:
            standing = known_standing(self._deployment, find_batch(self._deployment.ledger, batch_id))
        except Exception:  # noqa: BLE001 - whoever waits reads it himself, and is told what is wrong
            return True
        return standing is None or exit_of(standing) is not None

    def lanes(self) -> Facts:
        """Shows each lane with its last hour, and why nothing moves where nothing does."""
        facts = self._lanes()
        histories = LaneHistories(self._deployment.redis).read([lane["lane"] for lane in facts["lanes"]])
        return {
            **facts,
            "lanes": [{**lane, "last_hour": hour_facts(histories[lane["lane"]])} for lane in facts["lanes"]],
        }

    def _lanes(self) -> Facts:
        view = self._deployment.reader.view
        closing_queue, seen = ClosingQueue(self._deployment.redis).all(), view.each_lane()
        return {
            "lanes": [lane_facts(view, lane, closing_queue) for lane in seen if isinstance(lane, LaneView)],
            "causes": [cause_facts(cause) for cause in standstill(self._deployment, seen)],
        }

    def extracts(self) -> Facts:
        """Shows each extract with its newest windows, and those that the spec has no more."""
        return {"extracts": self._extracts.all(), "removed": self._extracts.removed()}

    def extract(self, name: str, windows: int) -> Facts:
        """Shows an extract with so many of its newest windows."""
        return self._extracts.one(name, windows)

    def window(self, extract: str, text: str) -> Facts:
        """Shows the window of an extract that a date or a time is in."""
        return self._extracts.window(extract, text)

    def costs(self, wanted: CostsWanted) -> Facts:
        """Sums up what was spent."""
        return costs_of(self._deployment, wanted)

    def accounts(self) -> Facts:
        """Shows each account of the extracts, and how it stands in the newest window of each that came to an end."""
        return {"accounts": self._accounts.all()}

    def account(self, account: str, windows: int) -> Facts:
        """Shows how an account stood in so many of the newest windows of each extract."""
        return self._accounts.one(account, windows)

    def deed(self, name: str) -> Facts:
        """Shows what somebody did by the page, and how far it is where it goes on."""
        return self._deeds.one(name)

    def deeds(self, limit: int) -> Facts:
        """Lists what people did by the page, newest first."""
        return self._deeds.newest(limit)

    def problem(self, error: Exception) -> RequestProblem:
        """Says an exception in the words of the commands; a Redis of this machine that is gone is begun anew."""
        if isinstance(error, RedisUnavailable) and self._deployment.attached:
            self._come_back()
        return problem_of(error)

    def _come_back(self) -> None:
        if not self._returning.acquire(blocking=False):
            return  # somebody does
        try:
            if time.monotonic() - self._came_back_s >= COME_BACK_S:
                self._deployment.come_back()
                self._came_back_s = time.monotonic()
        except (GovernorError, CliError):
            log.warning("the local services did not come back", extra={"event": "services_away"})
        finally:
            self._returning.release()

    def _beat_is_missed(self) -> bool:
        """Tells whether windows should begin by themselves and nobody is alive who begins them.

        On a machine with a Redis of its own people run what they want when they want it.
        """
        written = self._deployment.config.written
        if written is None or self._deployment.attached is not None:
            return False
        if not any(Schedule.of(extract).when != "manual" for extract in written.spec.extracts.values()):
            return False
        return not any(node.startswith(BEAT) for node in Heartbeats(self._deployment.redis).alive())

    def _in_the_way(self, state: BatchState, batch_id: str) -> list[Cause]:
        if state.settled:
            return []
        batch = find_batch(self._deployment.ledger, batch_id)
        of_batch = lost(batch) if state is BatchState.LOST else ()
        seen = evidence(self._deployment, batch=batch_id, waits=batch.policy).of(batch_id)
        return [*deployment_causes(seen), *of_batch]
