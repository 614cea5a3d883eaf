"""The short form of the suite: real processes, a fixed seed, a handful of faults; and a judge that sees wrong."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import boto3
import httpx
import pytest

from forebay.landing.manifest import read_manifest
from forebay.landing.result_paths import place_stem
from tests.chaos.judge import Judge, Verdict
from tests.chaos.kinds.catalog import chosen
from tests.chaos.load import OWN_REASONS, Load, owed
from tests.chaos.observing import Observer, Standstill
from tests.chaos.playing import Plan, Struck, play
from tests.chaos.processes import Death
from tests.chaos.run import judge, settle
from tests.chaos.stage import BUCKET, KEY, Accepted, Cast, Stage, stage

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

SEED = 7


class Played(NamedTuple):
    """What was played, and what the judge said of it."""

    stage: Stage
    struck: list[Struck]
    verdict: Verdict


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    cast = Cast(cap=12, submitters=2, downloaders=1, beat=False, seaweed=False)
    plan = Plan(
        seed=SEED,
        queries=90,
        batch=45,
        backlog=1,
        cast=cast,
        load=Load(mean_s=2, large=0.1, parts=0.0, failing=0.05),
        kinds=chosen("quick"),
        quiet_s=1,
        again=False,
    )
    with stage(tmp_path_factory.mktemp("chaos"), plan.cast, plan.load) as made, Observer(made).watching() as observer:
        struck = play(plan, made)
        settled = settle(made)
        verdict, _ = judge(made, settled=settled, standstills=observer.standstills, struck=struck)
        yield Played(made, struck, verdict)


def test_what_strikes_costs_time_and_nothing_else(played: Played) -> None:
    verdict = played.verdict

    assert verdict.violations == []
    assert verdict.runs >= 90
    assert verdict.landed and verdict.failed and verdict.canceled
    assert {each.strike.kind.name for each in played.struck} == {kind.name for kind in chosen("quick")}


def test_the_judge_sees_each_thing_that_must_never_be(played: Played) -> None:
    """Spoils what the run left, in every way that there is a rule for. Runs last: nothing is whole after it."""
    made = played.stage
    ledger = made.ledger
    batch, *_, other = (ledger.batch(each.id) for each in made.accepted if not ledger.canceled_at(each.id))
    results = made.results_of(batch)
    items = ledger.items(batch.id, batch.flows[0].lane)
    landed = [item for item in items if read_manifest(results, place_stem(batch, item))]
    results.put(place_stem(batch, landed[0]) + ".csv", b"n,product,word\n1,2,row 1\n")
    results.delete(place_stem(batch, landed[1]) + ".manifest.json")
    made.accepted.append(Accepted(id="never-written", at=time.time()))
    made.canceled.append(replace(made.canceled[0], id=other.id, at=0, held=0))
    made.cast = replace(made.cast, cap=played.verdict.peak - 1)
    headers = {"Authorization": f"Bearer {KEY}", "Stripe-Version": "2026-04-22.preview"}
    again = {"sql": landed[2].sql, "result_options": {"compress_file": True}}
    path = f"{made.stripe.url}/v2/data/reporting/query_runs"
    # One more than those of which the ledger knows that nobody knows: a create whose answer was lost counts as one.
    days = ledger.uses.days(*(datetime.now(UTC).date() + timedelta(days=days) for days in (-2, 2)))
    unknown = {use.run for _, uses in days for use in uses if not use.query_run}
    for _ in range(len(unknown) + 1):
        assert httpx.post(path, json=again, headers=headers).is_success
    made.redis.set("fb:chaos", KEY)
    (made.temporary / "left").touch()
    s3 = boto3.client("s3", endpoint_url=made.s3_endpoint, region_name="us-east-1")
    s3.create_multipart_upload(Bucket=BUCKET, Key="elsewhere/left.csv")
    made.submitters[0].deaths.append(Death(name="one", at=time.time(), code=0, last_words="goodbye"))

    judging = Judge(made, rest_s=0)
    judging.judge_runs()
    judging.judge_rest()
    judging.judge_ended({"another": 1})
    judging.judge_standstills([Standstill(since=0, until=61)])

    found = {rule: judging.verdict.count(rule) for rule in {violation.rule for violation in judging.verdict.violations}}
    assert found == {
        "wrong": 1,
        "lost": 2,
        "cancel": 1,
        "over the cap": 1,
        "doubled": 1,
        "orphan": 3,
        "secret": 1,
        "process": 2,
        "silence": 1,
        "spent": 1,
    }


def test_what_is_told_to_fail_is_owed_its_failure_and_all_else_its_rows() -> None:
    rows = Load(failing=0.3, parts=0).queries("b0", 200, random.Random(1))
    owing = [owed(row["sql"]) for row in rows]

    assert {one.failure for one in owing} == {None, *OWN_REASONS.values()}
    assert all(one.csv is None or one.csv.startswith(b"n,product,word\n1,") for one in owing)
    assert len({row["sql"] for row in rows}) == 200
