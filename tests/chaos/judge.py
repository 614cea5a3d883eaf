"""Judges a run by the sandbox's books, by what lies in the stores, and by what is left behind.

The product is asked for nothing but which batches its ledger holds: what landed is compared with what the query's
text alone says must land (`load.owed`).
"""

import base64
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3

from forebay.governor.keys import LANES, LaneKeys
from forebay.governor.states import Step
from forebay.landing.errors import BadManifest
from forebay.landing.manifest import Manifest, read_manifest
from forebay.landing.result_paths import place_stem
from forebay.store.drafts import FOLDER as DRAFTS
from forebay.store.interface import Store
from forebay.store.ledger.records import Batch, Item
from forebay.worker.sweeper import is_result
from tests.chaos.kinds.releases import PREVIOUS
from tests.chaos.load import owed
from tests.chaos.observing import MUST_EXPLAIN_S, Standstill
from tests.chaos.stage import BUCKET, KEY, WEBHOOK_SECRET, Stage
from tests.chaos.valkey import PASSWORD
from tests.store.batch_ids import batch_ids

#: Keys that may stay: what lanes know, their last hour, what events told, the history of flows, the broker's bindings.
STAYING = (
    "fb:lanes", "fb:batches", "fb:reconciled", "fb:key-owners", "fb:ledger", "fb:data-seen",
    "fb:alive:", "fb:hosts:", "fb:broker:_kombu.binding", ":cfg", ":stats", ":budgets", ":flow:",
    ":states:", ":durations", ":share:", ":feed", ":unheard", ":early", ":totals",
    ":history",
)  # fmt: skip
#: What kombu keeps of messages that a killed worker had taken and not yet acknowledged: hints, at most so many a kill.
UNACKED, UNACKED_A_KILL = "fb:broker:unacked", 32
#: What settles last has this long to be cleared away: closers come by, queues are drained.
REST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must never be."""

    rule: str
    """lost, doubled, wrong, reason, over the cap, cancel, orphan, secret, process, silence, driver."""
    evidence: str
    at: float | None = None


@dataclass(slots=True)
class Verdict:
    """What became of a run's queries, and all that must never be."""

    batches: int = 0
    runs: int = 0
    landed: int = 0
    failed: int = 0
    canceled: int = 0
    peak: int = 0
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Ends of processes that said why."""

    def add(self, rule: str, evidence: str, at: float | None = None) -> None:
        """Notes a violation."""
        self.violations.append(Violation(rule=rule, evidence=evidence, at=at))

    def count(self, rule: str) -> int:
        """Counts violations of a rule."""
        return sum(violation.rule == rule for violation in self.violations)


class Judge:
    """Looks at a stage that has come to rest; its workers are still there."""

    def __init__(self, stage: Stage, *, rest_s: float = REST_S) -> None:
        self._stage = stage
        self._rest_s = rest_s
        self.verdict = Verdict()
        self._retried = {said.words[1] for said in stage.said if said.words[0] == "retry"}
        self._executions: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for run in stage.stripe.runs():
            self._executions[run["sql_sha256"]].append(run)

    @property
    def executions(self) -> list[dict[str, Any]]:
        """Lists every run that the sandbox had."""
        return [run for runs in self._executions.values() for run in runs]

    def judge_runs(self) -> None:
        """Judges cap, executions, results and cancels."""
        self._judge_books()
        ledger = self._stage.ledger
        batches = {batch_id: ledger.batch(batch_id) for batch_id in batch_ids(ledger)}
        for accepted in self._stage.accepted:
            if accepted.id not in batches:
                self.verdict.add("lost", f"batch {accepted.id} was accepted and is not in the ledger", accepted.at)
        canceled = {cancel.id for cancel in self._stage.canceled}
        known: set[str] = set()
        for batch in batches.values():
            self.verdict.batches += 1
            called_off = batch.id in canceled or ledger.canceled_at(batch.id) is not None
            for lane, index, item in self._items(batch):
                known.add(_digest(item))
                self._judge_run(batch, lane, index, item, canceled=called_off)
        for digest in self._executions.keys() - known:
            self.verdict.add("doubled", f"a query that no batch of the ledger has was executed: {digest[:12]}")
        self._judge_cancels(batches)
        self._judge_spent()

    def judge_rest(self) -> None:
        """Judges what is left in Redis and at S3, once nothing is owed any more."""
        deadline = time.monotonic() + self._rest_s
        while (left := list(self._left_in_redis())) and time.monotonic() < deadline:
            time.sleep(0.5)
        for evidence in left:
            self.verdict.add("orphan", evidence)
        self._judge_uploads()

    def judge_ended(self, codes: dict[str, int | None]) -> None:
        """Judges what is left once the processes have ended: exit codes, temporary files, secrets."""
        for name, code in codes.items():
            if code != 0:
                self.verdict.add("process", f"{name} ended with {code} when it was asked to end")
        for service in (*self._stage.services, *self._stage.guests):
            for death in service.deaths:
                self._judge_death(death.name, death.code, death.last_words, death.at)
        self._stage.on_disk.sweep(datetime.now(UTC), is_result)
        places = (self._stage.temporary, self._stage.disk / DRAFTS)
        left = [str(path.relative_to(self._stage.folder)) for place in places for path in place.rglob("*")]
        if left:
            self.verdict.add("orphan", f"temporary files: {left[:5]}, {len(left)} in all")
        self._judge_secrets()

    def judge_standstills(self, standstills: list[Standstill]) -> None:
        """Judges each minute without progress that nobody explained."""
        for still in standstills:
            if still.seconds > MUST_EXPLAIN_S and not still.explained:
                slow = f"processes ran {still.slowdown:g} times slower than alone"
                self.verdict.add("silence", f"{still.seconds:.0f} s without progress or a word; {slow}", still.since)

    def _judge_books(self) -> None:
        counts = self._stage.stripe.counts()
        self.verdict.peak = max((scope["peak_alive"] for scope in counts["scopes"].values()), default=0)
        if self.verdict.peak > self._stage.cast.cap:
            self.verdict.add("over the cap", f"{self.verdict.peak} alive at a cap of {self._stage.cast.cap}")
        if (most := counts["idempotency"]["max_executions_per_key"]) > 1:
            self.verdict.add("doubled", f"a key was executed {most} times")
        if counts["downloads_with_api_key"]:
            self.verdict.add("secret", f"the API key went to the file host {counts['downloads_with_api_key']} times")

    def _judge_spent(self) -> None:
        """Holds what was spent by the ledger against what was executed; of some creates it knows that nobody knows."""
        if os.environ.get(PREVIOUS):
            return  # that release may keep no uses
        today = datetime.now(UTC).date()
        days = self._stage.ledger.uses.days(today - timedelta(days=2), today + timedelta(days=2))
        uses = [use for _, found in days for use in found]
        noted, unknown = (
            {use.query_run for use in uses if use.query_run},
            {use.run for use in uses if not use.query_run},
        )
        executed = {run["id"] for run in self.executions}
        for query_run in sorted(noted - executed):
            self.verdict.add("spent", f"{query_run} is among what was spent, and nobody executed it")
        if len(missing := sorted(executed - noted)) > len(unknown):
            self.verdict.add("spent", f"{missing} were executed, and are not among what was spent")

    def _items(self, batch: Batch) -> Iterator[tuple[str, int, Item]]:
        for flow in batch.flows:
            for index, item in enumerate(self._stage.ledger.items(batch.id, flow.lane)):
                yield flow.lane, index, item

    def _judge_run(self, batch: Batch, lane: str, index: int, item: Item, *, canceled: bool) -> None:
        runs = self._executions[_digest(item)]
        self.verdict.runs += 1
        name = f"{batch.id} {item.name}"
        # A failure of Stripe's own may be tried again, under a new key, and any other if somebody asked for it.
        once = all(run["error_code"] == "internal_error" for run in runs[:-1]) or batch.id in self._retried
        if sum(run["status"] != "failed" for run in runs) > 1 or not once:
            said = [(run["id"], run["status"], run["error_code"]) for run in runs]
            self.verdict.add("doubled", f"{name} was executed as {said}", _epoch_s(runs[-1]["created"]))
        try:
            manifest = read_manifest(self._stage.results_of(batch), place_stem(batch, item))
        except BadManifest as error:
            self.verdict.add("wrong", f"{name}: {error}")
            return
        failure = None if manifest else self._stage.ledger.failure(batch.id, lane, index)
        expected = owed(item.sql)
        if manifest:
            self.verdict.landed += 1
            self._judge_result(name, self._stage.results_of(batch), manifest, expected.csv)
        elif failure and failure.error_class == expected.failure:
            self.verdict.failed += 1
        elif canceled:
            self.verdict.canceled += 1
        elif failure and expected.failure:
            self.verdict.add("reason", f"{name} failed as it had to, of {failure.error_class}: {failure.message}")
        else:
            said = f"{failure.error_class}: {failure.message}" if failure else "neither landed nor failed"
            last = _epoch_s(runs[-1]["created"]) if runs else None
            self.verdict.add("lost", f"{name}: {said}; executions {[run['status'] for run in runs]}", last)

    def _judge_result(self, name: str, results: Store, manifest: Manifest, expected: bytes | None) -> None:
        if expected is None:
            self.verdict.add("wrong", f"{name} landed and had to fail")
        elif results.get(manifest.object.key) != expected:
            at = manifest.landed_at.timestamp()
            self.verdict.add("wrong", f"{name} landed with other bytes than its query's", at)

    def _judge_cancels(self, batches: dict[str, Batch]) -> None:
        """A create that came after the confirmation is one that was sent before: no more than the command said."""
        for cancel in self._stage.canceled:
            digests = [_digest(item) for _, _, item in self._items(batches[cancel.id])]
            runs = [run for digest in digests for run in self._executions[digest]]
            late = [run for run in runs if _epoch_s(run["created"]) > cancel.at]
            if len(late) > cancel.held:
                evidence = f"{len(late)} creates of {cancel.id} after its cancel was confirmed, {cancel.held} were held"
                self.verdict.add("cancel", evidence, _epoch_s(late[0]["created"]))

    def _left_in_redis(self) -> Iterator[str]:
        client = self._stage.redis
        for lane in client.smembers(LANES):
            keys = LaneKeys(str(lane))
            for key in (keys.slots, *map(keys.due, Step)):
                if left := client.zrange(key, 0, 4):
                    yield f"{key} still has {left}"
        for key in {*client.scan_iter(count=1000), *self._stage.servers.broker.client.scan_iter(count=1000)}:
            if not any(part in key for part in STAYING) and not key.startswith(UNACKED):
                yield f"Redis key {key}"
        ends = sum(service.killed + len(service.deaths) for service in self._stage.services)
        if (unacked := self._stage.servers.broker.client.hlen(UNACKED)) > UNACKED_A_KILL * ends:
            yield f"{unacked} messages are in the hands of workers that are gone, after {ends} ends"

    def _judge_uploads(self) -> None:
        """Nothing tells a killed writer's upload from a living one's but its age: three days later all are swept."""
        self._stage.results.sweep(datetime.now(UTC) + timedelta(hours=73), is_result)
        s3 = boto3.client("s3", endpoint_url=self._stage.s3_endpoint, region_name="us-east-1")
        for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
            self.verdict.add("orphan", f"an unfinished upload of {upload['Key']}")

    def _judge_death(self, name: str, code: int, last_words: str, at: float) -> None:
        if code == 0:
            self.verdict.add("process", f"{name} ended by itself, as if that were well: {last_words[-300:]!r}", at)
        elif not last_words.strip():
            self.verdict.add("process", f"{name} ended with {code} and said nothing", at)
        else:
            self.verdict.notes.append(f"{name} ended with {code}: {last_words.strip().splitlines()[-1][:200]}")

    def _judge_secrets(self) -> None:
        for place, text in self._everything():
            for secret in SECRETS:
                if secret in text:
                    at = text.index(secret)
                    self.verdict.add("secret", f"{place} has {secret[:12]!r}…: {text[max(0, at - 80) : at]!r}")

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        yield "Redis", self._stage.servers.written()
        for path in self._stage.folder.glob("*.log"):
            yield path.name, path.read_bytes()
        for said in self._stage.said:
            yield f"forebay {said.words[0]}", (said.out + said.err).encode()
        s3 = boto3.client("s3", endpoint_url=self._stage.s3_endpoint, region_name="us-east-1")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="ledger/"):
            for entry in page.get("Contents", ()):
                yield entry["Key"], s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()


def _in_base64(text: bytes) -> Iterator[bytes]:
    """Encodes it as it stands in a longer text, at each of the three places in a group: kombu's bodies are base64."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text)
        whole = (before + len(text)) // 3 * 4
        yield encoded[-(-before * 8 // 6) + (1 if before else 0) : whole]


#: The key, what signs webhooks and what signs a URL, as they stand and in base64.
SECRETS = (
    KEY.encode(),
    WEBHOOK_SECRET.encode(),
    PASSWORD.encode(),
    b"signature=",
    *_in_base64(KEY.encode()),
    *_in_base64(b"&signature="),
)


def _digest(item: Item) -> str:
    return sha256(item.sql.encode()).hexdigest()


def _epoch_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
