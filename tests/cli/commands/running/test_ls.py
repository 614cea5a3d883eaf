"""The list names what it cannot read and what Redis has lost, and goes on; filters find the rest."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.cli.commands.running import ls
from forebay.governor.keys import BATCHES, LaneKeys
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, Said
from tests.cli.loaded_modules import loaded_by
from tests.cli.worker import LANE, Hand

LEDGER = Path(".forebay/ledger")


def _submit(forebay: Forebay, queries: list[str], *arguments: str) -> str:
    said = forebay("submit", *queries, *arguments)
    assert said.code == 0, said.err
    return said.out.strip()


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    return _submit(forebay, queries)


def _settle(client: redis.Redis, *, failing: int = 0) -> None:
    hand = Hand(client)
    for number in range(3):
        custody = hand.begin_one()
        if number < failing:
            hand.fail(custody, "line 1:8: no such column")
        else:
            hand.land(custody)


def _states(said: Said) -> dict[str, str]:
    return {event["batch"]: event["state"] for event in said.events if event["event"] == "batch"}


def test_a_batch_that_redis_lost_is_listed_as_lost_with_the_way_out(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    deployed.flushall()

    for command in (("ls",), ("show", batch)):
        said = forebay(*command)
        assert "lost" in said.out
        assert "Redis has lost its data" in said.err
        assert "forebay rebuild" in said.err
    assert _states(forebay("ls", "--json")) == {batch: "lost"}
    causes = [event["cause"] for event in forebay("ls", "--json").events if event["event"] == "cause"]
    assert causes[0] == "batch_lost"


def test_one_of_many_that_redis_lost_is_found_by_its_mark(
    batch: str, deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    other = _submit(forebay, queries, "--to", "other")
    deployed.zrem(BATCHES, batch)
    deployed.delete(LaneKeys(LANE).flow(batch))

    assert _states(forebay("ls", "--json", "--limit", "1")) == {other: "queued"}
    assert _states(forebay("ls", "--json")) == {other: "queued", batch: "lost"}


def test_what_settled_before_redis_lost_it_is_not_said_to_be_lost(
    batch: str, deployed: redis.Redis, folder: Path, forebay: Forebay
) -> None:
    _settle(deployed, failing=1)
    for name in ("fees", "refunds"):
        (folder / "out" / batch / f"{name}.manifest.json").parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / batch / f"{name}.manifest.json").write_text("{}")
    deployed.flushall()

    (listed, *_) = forebay("ls", "--json").events
    assert (listed["state"], listed["landed"], listed["failed"]) == ("partial", 2, 1)


def test_of_a_batch_that_redis_does_not_know_the_ledger_tells_the_failures(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    _settle(deployed, failing=1)
    deployed.flushall()

    (failed, *_) = forebay("show", batch, "--failed", "--json").events
    assert (failed["state"], failed["failure"]["message"]) == ("failed", "line 1:8: no such column")


@pytest.mark.parametrize("record", ["{", json.dumps({"format": 99}), "[]"])
def test_a_record_that_cannot_be_read_is_named_and_the_others_are_listed(
    batch: str, deployed: redis.Redis, queries: list[str], forebay: Forebay, record: str
) -> None:
    other = _submit(forebay, queries, "--to", "other")
    (LEDGER / "batches" / batch / "batch.json").write_text(record)

    said = forebay("ls")
    assert said.code == 1
    assert f"{batch}: ledger record" in said.err
    assert other in said.out
    assert _states(forebay("ls", "--json")) == {other: "queued", batch: "unreadable"}


def test_a_destination_that_cannot_be_read_is_named_by_show_and_its_runs_are_shown(
    batch: str, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    _settle(deployed)
    record = LEDGER / "batches" / batch / "batch.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "output": "s3://somebody-elses/results"}))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    said = forebay("show", batch)

    assert said.code == 1
    assert said.out.count("landed") == 4
    assert "the destination s3://somebody-elses/results cannot be read" in said.err
    assert (forebay("ls").code, _states(forebay("ls", "--json"))) == (0, {batch: "landed"})
    deployed.flushall()
    assert (forebay("ls").code, _states(forebay("ls", "--json"))) == (1, {batch: "unreadable"})


def test_plain_batches_end_in_the_words_in_which_those_of_the_spec_end(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    assert _states(forebay("ls", "--json")) == {batch: "queued"}
    hand = Hand(deployed)
    hand.land(hand.begin_one())
    assert _states(forebay("ls", "--json")) == {batch: "running"}
    for _ in range(2):
        hand.land(hand.begin_one())
    assert _states(forebay("ls", "--json")) == {batch: "landed"}
    assert f"{batch}  landed, 3 runs" in forebay("show", batch).out


def test_the_list_says_how_many_more_there_are_and_how_to_see_them(
    batch: str, queries: list[str], forebay: Forebay
) -> None:
    newer = _submit(forebay, queries, "--to", "other")

    said = forebay("ls", "--limit", "1")
    assert (newer in said.out, batch in said.out) == (True, False)
    assert "1 more: forebay ls --limit 5" in said.err
    assert "more" not in forebay("ls", "--limit", "2").err
    assert [forebay("ls", "--json", "--limit", limit).events[-1]["more"] for limit in "12"] == [True, False]


def test_the_way_to_more_keeps_what_was_asked_for(batch: str, queries: list[str], forebay: Forebay) -> None:
    assert batch != _submit(forebay, queries, "--to", "other")

    told = forebay("ls", "--limit", "1", "--state", "queued", "--since", "2026-01-01T00:00:00+00:00", "--name", "q/*")

    assert "more: forebay ls --limit 5 --state queued --since 2026-01-01T00:00:00+00:00 --name 'q/*'," in told.err


def test_filters_find_by_state_name_and_age(
    batch: str, deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    other = _submit(forebay, queries, "--to", "other")
    assert forebay("cancel", batch).code == 0
    deployed.zadd(BATCHES, {other: (datetime.now(UTC) - timedelta(days=2)).timestamp() * 1000})

    def found(*arguments: str) -> set[str]:
        return {*_states(forebay("ls", "--json", *arguments))}

    assert found("--state", "canceling") == {batch}
    assert found("--state", "queued") == {other}
    assert found("--since", "1d") == {batch}
    assert found("--since", "3d", "--name", other[-5:].upper()) == {other}
    assert "none of 2 batches is like that" in forebay("ls", "--state", "failed").err


@pytest.mark.parametrize("wanted", [("--name", "nowhere"), ("--state", "failed")])
def test_a_search_ends_at_its_bound_and_says_so(
    batch: str, queries: list[str], forebay: Forebay, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, str]
) -> None:
    assert batch != _submit(forebay, queries, "--to", "other")
    monkeypatch.setattr(ls, "MOST_SEARCHED", 1)

    assert forebay("ls", *wanted).err == "only the newest 1 of 2 batches were looked through\n"
    assert forebay("ls", *wanted, "--json").events[-1]["more"] is True
    monkeypatch.setattr(ls, "MOST_SEARCHED", 2)
    assert forebay("ls", *wanted).err == "none of 2 batches is like that\n"


def test_what_was_canceled_is_counted(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> None:
    batch = _submit(forebay, queries, "--cap", "1")
    assert "canceled" not in forebay("ls").out
    assert forebay("cancel", batch).code == 0

    assert "canceled" in forebay("ls").out.splitlines()[0]
    assert forebay("ls", "--json").events[0]["canceled"] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("--state", "land"), "did you mean 'landed'?"), (("--since", "yesterday"), "neither an age such as 12h or 7d")],
)
def test_a_filter_that_is_none_is_refused(
    deployed: redis.Redis, forebay: Forebay, arguments: tuple[str, ...], sentence: str
) -> None:
    said = forebay("ls", *arguments, "--json")
    assert said.code == 2
    assert sentence in said.events[0]["error"]["message"]


def test_without_a_batch_it_says_where_those_of_the_demo_are(
    deployed: redis.Redis, folder: Path, forebay: Forebay
) -> None:
    assert "demo" not in forebay("ls").err
    (folder / ".forebay/demo/ledger").mkdir(parents=True)
    assert "FOREBAY_DATA_DIR=.forebay/demo" in forebay("ls").err


def test_a_batch_of_another_ledger_is_counted(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    deployed.zadd(BATCHES, {"elsewhere": 1})
    assert "1 batch of this Redis: in another ledger" in forebay("ls").err
    assert Ledger(LocalStore(LEDGER)).batch(batch)


@pytest.mark.parametrize("said", ["batch", "no batches yet"])
def test_it_loads_nothing_of_what_a_ledger_in_a_folder_and_a_look_do_without(
    deployed: redis.Redis, request: pytest.FixtureRequest, said: str
) -> None:
    expected = request.getfixturevalue("batch") if said == "batch" else said
    loaded = loaded_by("ls")

    assert expected in loaded.said
    needless = {
        "antlr4", "boto3", "botocore", "celery", "duckdb", "httpx", "kombu", "s3transfer", "sqlglot", "starlette",
        "urllib3", "yaml",
    }  # fmt: skip
    assert needless & loaded.modules == set()
    assert len(loaded.modules) <= 790
