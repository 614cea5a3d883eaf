"""Today has what ended badly, however many batches came after it; what ended well is read once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from forebay.cli.deployment import Deployment, open_deployment
from forebay.cli.following import batch_list
from forebay.cli.serving import todays_list, troubled_batches
from forebay.cli.serving.troubled_batches import TroubledBatches
from forebay.config.settings import Settings
from forebay.web.api.readings import Facts
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand


@pytest.fixture
def deployment(deployed: redis.Redis) -> Iterator[Deployment]:
    with open_deployment(Settings()) as opened:
        yield opened


def submitted(forebay: Forebay, queries: list[str]) -> str:
    said = forebay("submit", *queries)
    assert said.code == 0, said.err
    return said.out.strip()


def end_all(client: redis.Redis, failing: str | None = None) -> None:
    hand = Hand(client)
    for _ in range(3):
        custody = hand.begin_one()
        if custody.flow == failing:
            hand.fail(custody, "no such column")
        else:
            hand.land(custody)


def test_one_that_failed_is_there_behind_as_many_as_there_are_that_landed(
    deployment: Deployment, deployed: redis.Redis, queries: list[str], forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = submitted(forebay, queries)
    end_all(deployed, failing=failed)
    landed = []
    for _ in range(3):
        landed.append(submitted(forebay, queries))
        end_all(deployed)
    read: list[str] = []
    find = batch_list.find_batch
    monkeypatch.setattr(batch_list, "find_batch", lambda ledger, name: read.append(name) or find(ledger, name))
    troubled = TroubledBatches(deployment)

    assert [(each["batch"], each["state"]) for each in troubled.read(datetime.now(UTC))] == [(failed, "failed")]
    assert sorted(read) == sorted([failed, *landed])
    read.clear()
    assert [each["batch"] for each in troubled.read(datetime.now(UTC))] == [failed]
    assert read == [failed], "what ended well is not read again"
    assert not troubled.is_cut


def test_what_is_older_than_a_week_is_not_looked_at(
    deployment: Deployment, deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    failed = submitted(forebay, queries)
    end_all(deployed, failing=failed)

    assert TroubledBatches(deployment).read(datetime.now(UTC) + timedelta(days=8)) == []


def test_no_more_are_read_than_a_bound_and_that_is_told(
    deployment: Deployment, queries: list[str], forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubled_batches, "MOST_READ", 2)
    names = [submitted(forebay, queries) for _ in range(3)]
    troubled = TroubledBatches(deployment)

    assert {each["batch"] for each in troubled.read(datetime.now(UTC))} < set(names)
    assert troubled.is_cut


def test_of_very_many_those_are_counted_that_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(todays_list, "MOST_BATCHES", 2)
    batches: list[Facts] = [{"batch": f"b{number}", "state": "failed"} for number in range(5)]

    told = todays_list.todays_list([], batches, [], [], datetime.now(UTC).date(), beat_missed=False)

    assert [each["batch"] for each in told] == ["b0", "b1", None]
    assert told[-1]["message"].startswith("3 more batches") and told[-1]["next"] == "forebay ls --since 7d"
