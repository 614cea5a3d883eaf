"""`forebay refetch` fetches what Stripe still has, and says first what it has not; no query is run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import redis

from forebay.landing.result_paths import folder_of
from forebay.store.ledger.records import Item
from tests.cli.conftest import Forebay, Said, finish, manifests, start
from tests.cli.definitions import batch_of, land, ledger
from tests.cli.stripe import EndlessStripe


def items(folder: Path, said: Said) -> list[Item]:
    (submitted,) = [event for event in said.events if event["event"] == "submitted"]
    return [item for lane in submitted["lanes"] for item in ledger(folder).items(submitted["batch"], lane)]


@pytest.fixture
def windows(spec: Path, deployed: redis.Redis, forebay: Forebay) -> list[str]:
    """Two windows of an extract that landed."""
    batches = [batch_of(forebay("submit", "daily", "--window", f"2026-01-0{day}")) for day in (2, 3)]
    for batch in batches:
        land(spec, batch)
    return batches


def age(spec: Path, batch: str, days: int) -> None:
    """Lets a batch's results be so old."""
    for path in (spec / "results" / folder_of(ledger(spec).batch(batch))).glob("*.manifest.json"):
        began_at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        path.write_text(json.dumps({**json.loads(path.read_text()), "submitted_at": began_at}))


def test_all_windows_of_an_extract_are_one_batch_and_each_keeps_its_window_in_its_name(
    spec: Path, windows: list[str], forebay: Forebay, endless: EndlessStripe
) -> None:
    endless.created.clear()
    for batch in windows:
        age(spec, batch, 10)
    said = forebay("refetch", "daily", "--to", "lake", "--format", "csv.gz", "--timeout", "0", "--json")

    assert said.code == 5, said.err
    fetched = items(spec, said)
    assert [item.name for item in fetched] == [f"daily.{batch.partition('.')[2]}" for batch in windows]
    assert all(item.fetched and item.sql == "" for item in fetched)
    record = ledger(spec).batch(said.events[0]["batch"])
    assert (record.output, record.result_format) == (str(spec / "lake"), "csv.gz")
    assert (record.source, record.policy) == ("refetch daily", None)
    assert endless.created == []


def test_one_window_is_named_as_ever_and_goes_where_it_landed(spec: Path, windows: list[str], forebay: Forebay) -> None:
    age(spec, windows[0], 10)
    said = forebay("refetch", windows[0], "daily", "--timeout", "0", "--json")

    assert [item.name for item in items(spec, said)] == ["daily"]
    assert ledger(spec).batch(said.events[0]["batch"]).output == str(spec / "results")


def test_what_has_expired_is_said_before_it_begins(spec: Path, windows: list[str], forebay: Forebay) -> None:
    age(spec, windows[0], 91)
    age(spec, windows[1], 89)
    said = forebay("refetch", "daily", "--timeout", "0", "--json")

    expired, submitted, *_ = said.events
    assert (expired["event"], submitted["event"], submitted["runs"]) == ("expired", "submitted", 1)
    assert set(expired) == {"event", "name", "account", "query_run", "began_at"}
    people = forebay("refetch", "daily", "--timeout", "0")
    assert "1 of 2 results is not at Stripe any more, which keeps them for 90 days: daily." in people.err

    age(spec, windows[1], 90)
    all_of_it = forebay("refetch", "daily")
    assert all_of_it.code == 2
    assert "nothing is left to fetch: 2 of 2 results are not at Stripe any more" in all_of_it.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dialy",), "there is no batch 'dialy'"),
        (("daily", "dayly"), "there is no result 'dayly', did you mean"),
        (("daily", "--to", "ftp://x"), "the place for results"),
        (("daily", "--to", ""), "the place for results"),
        (("close",), "there is no batch 'close'"),
    ],
)
def test_what_is_not_to_be_found_is_said_in_a_sentence_and_nothing_is_begun(
    spec: Path, windows: list[str], forebay: Forebay, arguments: tuple[str, ...], words: str
) -> None:
    before = len(list(ledger(spec).names.like("")))
    said = forebay("refetch", *arguments)
    assert (said.code, words in said.err) == (2, True), said.err
    assert len(list(ledger(spec).names.like(""))) == before


def test_of_a_batch_of_which_nothing_landed_there_is_nothing(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    batch = batch_of(forebay("submit", "daily", "--window", "2026-01-02"))
    said = forebay("refetch", batch)
    assert said.code == 2
    assert f"there is no result of {batch} whose QueryRun is known: nothing landed, or it was removed" in said.err


@pytest.mark.system
@pytest.mark.timeout(180)
def test_it_lands_the_same_query_runs_with_a_key_that_can_only_read(folder: Path, stripe_url: str) -> None:
    for name in ("charges", "refunds"):
        (folder / f"{name}.sql").write_text(f"SELECT id, amount FROM {name} ORDER BY id LIMIT 50")
    ran = finish(start("run", "charges.sql", "refunds.sql", "--to", "first", "--json"))
    assert ran.code == 0, ran.err
    first, batch = manifests(folder / "first"), ran.events[0]["batch"]
    forbidden = {"faults": [{"name": "forbidden", "operation": "create"}]}
    assert httpx.post(f"{stripe_url}/sandbox/control", json=forbidden).is_success

    said = finish(start("refetch", batch, "--to", "second", "--format", "csv.gz", "--json"))

    assert (said.code, said.events[-1]["landed"]) == (0, 2), said.err
    second = manifests(folder / "second")
    assert {name: (each["query_run"], each["csv"], each["sql"]) for name, each in second.items()} == {
        name: (each["query_run"], each["csv"], each["sql"]) for name, each in first.items()
    }
    assert [each["refetched_from"] for each in second.values()].count(f"{batch}/0") == 1
    counts = httpx.get(f"{stripe_url}/sandbox/counts").json()
    assert (counts["totals"]["runs"], counts["requests"]["create"]) == (2, {"200": 2})

    one = finish(start("refetch", said.events[0]["batch"], "charges", "--to", "third", "--json"))
    assert one.code == 0 and manifests(folder / "third")["charges"]["query_run"] == first["charges"]["query_run"]
    aged = next((folder / "first").rglob("charges.manifest.json"))
    aged.write_text(json.dumps({**first["charges"], "submitted_at": "2026-01-01T00:00:00Z"}))
    some = finish(start("refetch", batch, "--to", "fourth", "--json"))
    assert (some.code, some.events[-1]["exit"], some.events[-1]["landed"]) == (1, 1, 1)

    assert httpx.post(f"{stripe_url}/sandbox/reset").is_success
    gone = finish(start("refetch", batch))
    assert gone.code == 2 and "nothing is left to fetch: 2 of 2 results are not at Stripe any more" in gone.err
