"""Batches and extracts of the spec by name: `plan`, `run` and `submit`."""

import json
from pathlib import Path

import pytest
import redis

from forebay.cli.options import BatchOptions
from forebay.cli.submitting.request import read_request
from forebay.landing.result_paths import folder_of
from tests.cli.conftest import Forebay, files, finish, start
from tests.cli.definitions import batch_of, land, ledger
from tests.store.batch_ids import batch_ids


def test_submit_makes_a_batch_of_a_definition_with_its_policy(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    batch = ledger(spec).batch(batch_of(forebay("submit", "close", "--param", "currency=eur")))

    assert batch.id.startswith("close-2")
    assert batch.source == "batch close"
    assert batch.output == str(spec / "results")
    assert [(flow.lane, flow.size) for flow in batch.flows] == [("acme:test", 12)]
    assert batch.policy
    assert batch.policy.accounts == ("acct_1", "acct_2", "acct_3")
    first = next(ledger(spec).items(batch.id, "acme:test"))
    assert (first.name, first.sql) == ("fees.month-2026-09", "SELECT '2026-09', 'eur' FROM fees")


def test_a_second_batch_shares_and_a_fresh_one_does_not(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    first, second, fresh = (batch_of(forebay("submit", "close", *more)) for more in ((), (), ("--fresh",)))

    def shares(batch: str) -> list[str | None]:
        return [item.share for item in ledger(spec).items(batch, "acme:test")]

    assert shares(first) == [None] * 12
    assert shares(second) == [f"{first}/{index}" for index in range(12)]
    assert shares(fresh) == [None] * 12


def test_a_window_is_one_batch_however_often_it_is_asked_for(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    first = batch_of(forebay("submit", "daily", "--window", "2026-03-29"))

    assert first == "daily.20260328T2300Z-20260329T2200Z"  # a day of 23 hours
    again = forebay("submit", "daily", "--window", "2026-03-29T15:00", "--fresh")
    assert batch_of(again) == first
    assert "accepted already, 20" in again.err
    assert "nothing of it is run again" in again.err
    assert len(list(batch_ids(ledger(spec)))) == 1
    (item,) = ledger(spec).items(first, "acme:test")
    assert "TIMESTAMP '2026-03-28 23:00:00'" in item.sql


def test_whoever_knows_better_submits_what_lacks_columns_by_its_text(
    spec: Path, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("sql: SELECT 1,", "sql: SELECT 1 AS x, checks: {columns: [id]},"))
    refused = forebay("submit", "capped")
    monkeypatch.setenv("FOREBAY_CHECK_SQL", "false")

    assert (refused.code, list(batch_ids(ledger(spec)))) == (2, [])
    assert batch_of(forebay("submit", "capped")).startswith("capped-")


def test_no_gap_is_filled_by_a_select_without_the_columns_that_are_checked_for(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(f"{text}    checks: {{columns: [id, amount]}}\n")

    refused = forebay("backfill", "daily", "--from", "2026-10-01", "--to", "2026-10-03", "--yes")

    assert (refused.code, list(batch_ids(ledger(spec)))) == (2, [])
    assert "daily checks for columns id, amount, and this SELECT gives id" in refused.err


def test_over_budget_is_six_and_nothing_is_written(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    batch_of(forebay("submit", "capped"))

    said = forebay("submit", "capped", "--json")

    assert said.code == 6
    (error,) = said.events
    assert error["error"]["class"] == "budget"
    assert "takes 3 runs, 3 of today (UTC) are taken" in error["error"]["message"]
    assert len(list(batch_ids(ledger(spec)))) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("submit", "clos"),
            "there is no file clos, and the spec has no definition of that name, did you mean 'close'?",
        ),
        (("submit", "CLOSE"), "did you mean 'close'?"),
        (("submit", "nothing"), "there is no file nothing\n"),
        (("submit", "querys/*.sql"), "no file matches querys/*.sql, did you mean 'queries'?"),
        (("submit", "close", "queries/fees.sql"), "close is a definition of the spec"),
        (("submit", "close", "--account", "acct_1"), "close says itself which accounts"),
        (("submit", "close", "--window", "2026-10-01"), "close is a batch"),
        (("submit", "close", "--again"), "close is a batch, which runs anew each time"),
        (("submit", "close", "--param", "curency=eur"), "did you mean 'currency'"),
        (("submit", "close", "--param", "currency"), "write name=value"),
        (("submit", "queries/fees.sql", "--fresh"), "go with a batch or an extract"),
        (("submit", "daily", "--window", "2025-12-31"), "lies before the start of daily"),
        (("submit", "daily", "--window", "2999-01-01"), "is not over before"),
        (("submit", "daily", "--window", "soon"), "write a date such as"),
        (("plan", "close", "clos"), "there is no extract or batch 'clos', did you mean 'close'?"),
        (("plan", "xyz"), "there is no extract or batch 'xyz' (known here: daily, close, capped)"),
        (("plan", "--param", "currency=eur"), "are about one definition: name it"),
        (("submit", "close", "--param", "currency=eur", "--param", "currency=usd"), "currency is given twice"),
        (("submit", "missing.sql"), "there is no file missing.sql"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_leaves_nothing(
    spec: Path, deployed: redis.Redis, forebay: Forebay, arguments: tuple[str, ...], words: str
) -> None:
    before = files(spec)

    said = forebay(*arguments)

    assert said.code == 2
    assert words in said.err
    assert files(spec) == before
    assert deployed.keys("fb:*") == []


def test_a_file_goes_before_a_definition_of_its_name(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    (spec / "close").write_text("SELECT 1")

    batch = ledger(spec).batch(batch_of(forebay("submit", "close")))

    assert batch.policy is None


def test_without_a_name_it_is_all_of_the_spec(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    text = (spec / "forebay.yaml").read_text()
    later = "  later: {sql: SELECT 1, window: {every: 1d, start: 2999-01-01}}\n"
    (spec / "forebay.yaml").write_text(text + later)
    before = files(spec)

    said = forebay("plan")

    assert said.code == 0
    for words in (
        "batch close: 12 runs",
        "batch capped: 3 runs",
        "extract daily, window ",
        " 00:00 (Europe/Berlin)",
        "16 runs in all, 4.00 EUR",
    ):
        assert words in said.out
    assert "extract later: no window of later is over yet; its first one begins at 2999-01-01" in said.out
    assert files(spec) == before

    *plans, result = forebay("plan", "--json").events
    assert [found["name"] for found in plans] == ["daily", "later", "close", "capped"]
    assert (plans[1]["runs"], result["runs"], result["cost"]) == (0, 16, "4.00")
    assert forebay("plan", "later").code == 2, "who names it wants to know"


def test_a_window_that_was_accepted_with_more_runs_is_told_as_it_was(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("  daily:", "  daily:\n    accounts: shops"))
    forebay("submit", "daily", "--window", "2026-10-01")
    (spec / "forebay.yaml").write_text(text)

    said = forebay("plan", "daily", "--window", "2026-10-01")

    assert "daily, window 2026-10-01: 1 run (" in said.out
    assert "0 of 3 runs landed, and nothing is run again" in said.out


def test_who_names_accounts_and_gets_the_whole_organization_is_told(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("  daily:", "  daily:\n    accounts: shops"))
    first = forebay("submit", "daily", "--window", "2026-10-01")
    assert "organization" not in first.err
    land(spec, batch_of(first))

    second = forebay("submit", "daily", "--window", "2026-10-02")

    assert ledger(spec).batch(batch_of(second)).flows[0].size == 1
    assert "daily asks the whole organization, accounts that its group does not name among them: all acc" in second.err
    assert "fan_out: per_account asks each account" in second.err


def test_submits_of_two_processes_at_once_share_and_no_more_are_accepted_than_the_budget_has(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    cached = [start("submit", "close", "--json") for _ in range(2)]
    capped = [start("submit", "capped", "--json") for _ in range(2)]

    assert [finish(process).code for process in cached] == [0, 0]
    assert sorted(finish(process).code for process in capped) == [0, 6]
    runs: dict[tuple[str | None, str], list[str]] = {}
    for batch in (batch for batch in batch_ids(ledger(spec)) if batch.startswith("close-")):
        for index, item in enumerate(ledger(spec).items(batch, "acme:test")):
            runs.setdefault((item.account, item.sql), []).append(item.share or f"{batch}/{index}")
    assert [len(of_one) for of_one in runs.values()] == [2] * 12
    assert all(len(set(of_one)) == 1 for of_one in runs.values()), "two idempotency keys would be two QueryRuns"
    assert len([batch for batch in batch_ids(ledger(spec)) if batch.startswith("capped-")]) == 1


def test_a_window_that_has_ended_runs_again_where_a_person_says_so_and_goes_to_the_same_place(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    window = ("daily", "--window", "2026-10-01")
    first = batch_of(forebay("submit", *window, "--again"))
    assert first == "daily.20260930T2200Z-20261001T2200Z", "it never ran"
    early = forebay("submit", *window, "--again")
    assert early.code == 2
    assert f"{first} has not ended, so it is not run again" in early.err
    land(spec, first)
    assert "nothing of it is run again without --again" in forebay("submit", *window).err

    assert forebay("plan", *window, "--again", "--json").events[0]["batch"] == f"{first}.r2"
    second = ledger(spec).batch(batch_of(forebay("submit", *window, "--again")))

    assert second.id == f"{first}.r2"
    assert folder_of(second) == folder_of(ledger(spec).batch(first)) == "daily/window=2026-10-01/"
    assert second.write == "replace"
    assert [item.nonce is not None for item in ledger(spec).items(second.id, "acme:test")] == [True]
    land(spec, second.id)
    assert batch_of(forebay("submit", *window, "--again")) == f"{first}.r3"


def test_where_results_are_to_stay_a_repeat_is_refused_before_anything_is_accepted(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("  daily:", "  daily:\n    write: fail_if_exists"))
    window = ("daily", "--window", "2026-10-01")
    first = batch_of(forebay("submit", *window))
    land(spec, first)
    said = forebay("submit", *window, "--again")
    assert said.code == 2
    assert "results/daily/window=2026-10-01/ has results, and write: fail_if_exists lets them stay" in said.err
    assert list(batch_ids(ledger(spec))) == [first]
    assert forebay("submit", *window).code == 0, "the same batch is no other one"


def test_without_a_window_it_is_the_newest_that_is_over(spec: Path, forebay: Forebay) -> None:
    said = forebay("plan", "daily", "--json").events[0]

    assert said["batch"].startswith("daily.20")
    assert json.dumps(said)


def test_a_definition_is_not_held_in_memory(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = read_request(BatchOptions(queries=["close"], cap=5))

    assert (request.size, request.lanes, request.account) == (12, {"acme:test": 12}, "acct_1")
    assert request.new.connection.cap == 5
