"""`forebay adopt` lands what others started, and begins nothing that could not land."""

import os
from pathlib import Path

import httpx
import pytest
import redis

from forebay.store.ledger.fetched import Fetched
from tests.cli.conftest import Forebay, finish, manifests, start
from tests.cli.definitions import ledger
from tests.cli.stripe import EndlessStripe


def test_what_is_adopted_is_a_batch_of_which_nothing_is_created(
    folder: Path, deployed: redis.Redis, stripe: EndlessStripe, forebay: Forebay
) -> None:
    said = forebay("adopt", "qryrun_a1", "qryrun_b2", "qryrun_a1", "--to", "lake", "--timeout", "0", "--json")

    assert said.code == 5, said.err
    submitted = said.events[0]
    assert (submitted["event"], submitted["runs"], submitted["output"]) == ("submitted", 2, str(folder / "lake"))
    items = list(ledger(folder).items(submitted["batch"], submitted["lanes"][0]))
    assert [(item.name, item.sql, item.fetched) for item in items] == [
        (each, "", Fetched(query_run=each, elsewhere=True)) for each in ("qryrun_a1", "qryrun_b2")
    ]
    assert stripe.created == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("qr_1",), 2, "'qr_1' is no id of a QueryRun: they begin with qryrun_ or qrun_"),
        (("qrun_forebay_x",), 2, "Stripe knows no qrun_forebay_x for this key, or not any more"),
        (("qryrun_1/../2",), 2, "is no id of a QueryRun"),
        (("qryrun_1", "qryrun_2", "--name", "fees"), 2, "--name goes with one QueryRun"),
        (("qryrun_1", "--name", ""), 2, "--name"),
        (("qryrun_1", "--to", "ftp://x"), 2, "the place for results"),
        (("qryrun_1", "--connection", "other"), 2, "other"),
        (("qryrun_forebay_x",), 2, "Stripe knows no qryrun_forebay_x for this key, or not any more"),
        ((), 2, "QUERYRUN"),
    ],
)
def test_what_cannot_be_adopted_is_said_in_a_sentence_and_nothing_is_begun(
    folder: Path, deployed: redis.Redis, forebay: Forebay, arguments: tuple[str, ...], code: int, words: str
) -> None:
    said = forebay("adopt", *arguments)
    assert said.code == code and words in said.err, said.err
    assert list(ledger(folder).names.like("")) == []


def test_without_a_key_it_ends_as_others_do(
    folder: Path, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_API_KEY")
    assert forebay("adopt", "qryrun_1").code == 4


def another_program(url: str, sql: str) -> str:
    """Starts a query as somebody would who knows nothing of Forebay."""
    headers = {
        "Authorization": f"Bearer {os.environ['STRIPE_API_KEY']}",
        "Stripe-Version": "2026-04-22.preview",
        "Idempotency-Key": sql,
    }
    created = httpx.post(f"{url}/v2/data/reporting/query_runs", headers=headers, json={"sql": sql})
    assert created.is_success, created.text
    query_run: str = created.json()["id"]
    return query_run


@pytest.mark.system
@pytest.mark.timeout(180)
def test_a_run_of_another_program_is_followed_to_its_end_and_lands_with_a_key_that_can_only_read(
    folder: Path, stripe_url: str
) -> None:
    query_run = another_program(stripe_url, "SELECT id FROM charges ORDER BY id LIMIT 30 -- sandbox: duration=1")
    forbidden = {"faults": [{"name": "forbidden", "operation": "create"}]}
    assert httpx.post(f"{stripe_url}/sandbox/control", json=forbidden).is_success

    said = finish(start("adopt", query_run, "--name", "fees", "--to", "lake", "--json"))

    assert (said.code, said.events[-1]["landed"]) == (0, 1), said.err
    read = manifests(folder / "lake")["fees"]
    assert (read["query_run"], read["started_elsewhere"], read["refetched_from"]) == (query_run, True, None)
    assert (read["sql"], read["sql_sha256"], read["csv"]["records"]) == (None, None, 30)
    counts = httpx.get(f"{stripe_url}/sandbox/counts").json()
    assert counts["requests"]["create"] == {"200": 1}, "that of the other program"

    again = finish(start("refetch", said.events[0]["batch"], "--format", "zip", "--to", "again", "--json"))
    assert again.code == 0, again.err
    fetched = manifests(folder / "again")["fees"]
    assert (fetched["started_elsewhere"], fetched["refetched_from"]) == (True, read["run"])
    assert (fetched["csv"], fetched["query_run"], fetched["sql"]) == (read["csv"], query_run, None)
    verified = finish(start("verify", again.events[0]["batch"]))
    assert verified.code == 0, verified.out + verified.err


@pytest.mark.system
@pytest.mark.timeout(180)
def test_one_that_fails_while_it_is_followed_is_run_by_nobody_again_and_afterwards_it_cannot_be_adopted(
    folder: Path, stripe_url: str
) -> None:
    broken = another_program(stripe_url, "SELECT id FROM refunds -- sandbox: duration=10 fail=internal_error")

    followed = finish(start("adopt", broken, "--json"))

    assert followed.code == 1, followed.err
    assert [event["query_run"] for event in followed.events if event["event"] == "failed"] == [broken]
    assert httpx.get(f"{stripe_url}/sandbox/counts").json()["totals"]["runs"] == 1
    failed = finish(start("adopt", broken))
    assert failed.code == 2 and f"{broken} ended as failed at Stripe, so it has no result" in failed.err
