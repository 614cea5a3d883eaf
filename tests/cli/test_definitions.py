"""Batches and extracts of the spec by name: `plan`, `run` and `submit`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.cli.options import BatchOptions
from forebay.cli.submitting.request import read_request
from forebay.landing.manifest import write_manifest
from forebay.landing.result_paths import place_stem
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, Said, files, finish, start
from tests.cli.stripe import EndlessStripe
from tests.scheduler.batches.test_history import World, manifest
from tests.store.batch_ids import batch_ids

SPEC = """
version: 1
connections:
  acme: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}", lane: {{cap: 20, margin: 2}}}}
accounts:
  shops: {{list: [acct_1, acct_2, acct_3], whole_organization: true}}
prices: [{{from: 2026-01-01, currency: EUR, per_run: 0.25}}]
defaults: {{output: results}}
batches:
  close:
    sql: queries/*.sql
    accounts: shops
    matrix: {{month: ["2026-09", "2026-10"]}}
    params: {{currency: usd}}
    cache: {{max_age: 1d}}
  capped: {{sql: SELECT 1, accounts: shops, budget: {{runs_per_day: 4}}}}
extracts:
  daily:
    sql: "SELECT id FROM charges WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}"
    window: {{every: 1d, start: 2026-01-01, timezone: Europe/Berlin}}
"""


@pytest.fixture
def spec(folder: Path, stripe: EndlessStripe) -> Path:
    """A spec with two batches and an extract."""
    (folder / "queries").mkdir()
    (folder / "queries" / "fees.sql").write_text("SELECT {{ params.month }}, {{ params.currency }} FROM fees")
    (folder / "queries" / "payouts.sql").write_text("SELECT {{ params.month }} FROM payouts")
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url))
    return folder


def ledger(folder: Path) -> Ledger:
    return Ledger(LocalStore(folder / ".forebay" / "ledger"))


def batch_of(said: Said) -> str:
    assert said.code == 0, said.err
    return said.out.splitlines()[0]


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
        (("submit", "close", "--param", "curency=eur"), "did you mean 'currency'"),
        (("submit", "close", "--param", "currency"), "write name=value"),
        (("submit", "queries/fees.sql", "--fresh"), "go with a batch or an extract"),
        (("submit", "daily", "--window", "2025-12-31"), "lies before the start of daily"),
        (("submit", "daily", "--window", "2999-01-01"), "is not over before"),
        (("submit", "daily", "--window", "soon"), "write a date such as"),
        (("submit", "daily", "--window", "2026-10-01T00:00Z"), "leave the zone out"),
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


def test_plan_shows_what_a_batch_comes_to_and_writes_nothing(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    before = files(spec)

    said = forebay("plan", "close", "capped")

    assert said.code == 0
    for words in (
        "batch close: 12 runs (2 queries × 2 combinations × 3 accounts)",
        "each account: nothing of it has landed yet",
        "acme:test: 12 runs, 18 slots (cap 20 − margin 2)",
        "at most 10 creates/s, 10 looks/s, 20/s in all",
        "how long its queries take is not known before one batch has landed",
        "results/close-2",
        "0 of 12 runs, among themselves or with those of the last 24 h",
        "3.00 EUR for 12 runs",
        "4 runs a day, 0 of them taken today (UTC)",
        "15 runs in all, 3.75 EUR",
    ):
        assert words in said.out
    assert files(spec) == before
    assert deployed.keys("fb:*") == []


def test_plan_says_what_is_shared_and_what_the_budget_leaves(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    forebay("submit", "close")
    forebay("submit", "capped")

    said = forebay("plan", "close", "capped", "--json")

    close, capped, result = said.events
    assert (close["runs"], close["shared"], close["new_query_runs"], close["cost"]) == (12, 12, 0, "0.00")
    assert (capped["runs_per_day"], capped["accepted_today"]) == (4, 3)
    assert close["lanes"] == {"acme:test": 12}
    assert result["runs"] == 3
    assert "more than are left" in forebay("plan", "capped").out


def test_plan_skips_a_window_that_was_accepted(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    new = forebay("plan", "daily", "--window", "2026-10-01", "--json").events[0]
    batch = batch_of(forebay("submit", "daily", "--window", "2026-10-01"))
    (spec / "results" / batch).mkdir(parents=True)
    (spec / "results" / batch / "daily.manifest.json").write_text("{}")

    old = forebay("plan", "daily", "--window", "2026-10-01", "--json").events[0]

    assert (new["accepted"], new["new_query_runs"]) == (False, 1)
    assert (old["accepted"], old["landed"], old["new_query_runs"]) == (True, 1, 0)
    assert new["window"] == {"start": "2026-09-30T22:00:00Z", "end": "2026-10-01T22:00:00Z"}
    assert "accepted already as batch" in forebay("plan", "daily", "--window", "2026-10-01").out


def test_plan_says_what_is_cut_before_it_runs(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text + "    split: {on: created, min: 1h}\n")
    past = World(spec)
    past.ledger, day = ledger(spec), datetime(2026, 9, 29, 22, tzinfo=UTC)
    window = Span(start=day, end=day + timedelta(days=1))
    past.batch("daily.20260929T2200Z-20260930T2200Z", {("daily", None): (9_000_000_000, 60)}, window=window)

    said = forebay("plan", "daily", "--window", "2026-10-01")

    assert "1 run before anything is spent, into 4 parts: their last windows came near to 5 GB or 90 min" in said.out
    (planned, _) = forebay("plan", "daily", "--window", "2026-10-01", "--json").events
    assert planned["cut"] == {"runs": 1, "parts": 4}


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


def land(spec: Path, batch_id: str) -> None:
    """What workers and a closer leave behind of a small batch of `daily` that landed."""
    batch, store = ledger(spec).batch(batch_id), LocalStore(spec / "results")
    for item in ledger(spec).items(batch_id, "acme:test"):
        write_manifest(store, place_stem(batch, item), manifest(item.name, item.account, 100, 1))
    closing = Closing.model_validate(
        {"at": batch.created_at, "outcome": "landed", "coverage": {"expected": 3, "landed": 3}}
        | {"runs": 3, "landed": 3, "failed": 0, "canceled": 0, "stored_bytes": 300, "records": 3}
    )
    ledger(spec).record_closing(batch_id, closing, after=0)


def test_plan_says_that_an_organization_is_more_than_the_group(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    whole = "  whole: {sql: SELECT 1, accounts: shops, fan_out: organization}\n"
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("extracts:", f"{whole}extracts:"))

    said = forebay("plan", "whole")

    assert "batch whole: 1 run " in said.out
    assert "the whole organization: the spec says so" in said.out
    assert "accounts of the organization that the group does not name are among the results" in said.out


def test_a_name_is_planned_once(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    assert len(forebay("plan", "capped", "capped", "--json").events) == 2


def test_plan_where_nothing_has_a_name_says_what_to_do(folder: Path, forebay: Forebay) -> None:
    said = forebay("plan")

    assert said.code == 2
    assert "there is no spec with extracts or batches here: `forebay init` writes one" in said.err


def test_plan_knows_what_is_fresh_and_what_is_alike_within_a_batch(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    (spec / "queries" / "again.sql").write_text((spec / "queries" / "payouts.sql").read_text())
    assert forebay("plan", "close", "--json").events[0]["shared"] == 6
    forebay("submit", "close")

    assert forebay("plan", "close", "--json").events[0]["new_query_runs"] == 0
    assert forebay("plan", "close", "--fresh", "--json").events[0]["new_query_runs"] == 18


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


def test_without_a_window_it_is_the_newest_that_is_over(spec: Path, forebay: Forebay) -> None:
    said = forebay("plan", "daily", "--json").events[0]

    assert said["batch"].startswith("daily.20")
    assert json.dumps(said)


def test_a_definition_is_not_held_in_memory(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = read_request(BatchOptions(queries=["close"], cap=5))

    assert (request.size, request.lanes, request.account) == (12, {"acme:test": 12}, "acct_1")
    assert request.new.connection.cap == 5


def test_plan_of_an_hour_that_the_wall_shows_twice_has_its_offsets(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text().replace("every: 1d, start: 2026-01-01", "every: 1h, start: 2026-10-25")
    (spec / "forebay.yaml").write_text(text)

    said = forebay("plan", "daily", "--window", "2026-10-25T02:00")

    assert "2026-10-25 02:00+0200 … 2026-10-25 02:00+0100 (Europe/Berlin)" in said.out


def test_compile_writes_each_text_once_and_asks_nobody(spec: Path, stripe: EndlessStripe, forebay: Forebay) -> None:
    (spec / "queries" / "own.sql").write_bytes(b"SELECT {{ account }},\r\n{{ params.month }}\tFROM fees")
    before = files(spec)

    said = forebay("compile", "close")

    assert said.code == 0
    assert said.out.startswith("-- close: fees.month-2026-09, for 3 accounts\nSELECT '2026-09', 'usd' FROM fees\n\n-- ")
    assert "-- close: own.month-2026-10, for acct_2\nSELECT 'acct_2',\r\n'2026-10'\tFROM fees\n" in said.out
    assert said.out.count("SELECT") == 10
    assert files(spec) == before
    (*texts, result) = forebay("compile", "close", "--json").events
    assert (texts[0]["accounts"], result["texts"]) == (["acct_1", "acct_2", "acct_3"], 10)


def test_compile_of_one_text_is_that_text(spec: Path, forebay: Forebay) -> None:
    said = forebay("compile", "daily", "--window", "2026-03-29")

    assert said.out == (
        "SELECT id FROM charges WHERE created >= TIMESTAMP '2026-03-28 23:00:00' "
        "AND created < TIMESTAMP '2026-03-29 22:00:00'\n"
    )
    assert forebay("compile", "--window", "2026-03-29").code == 2
    assert "did you mean 'close'?" in forebay("compile", "clos").err


def test_compile_writes_files_that_hold_what_stripe_would_get(spec: Path, forebay: Forebay) -> None:
    (spec / "queries" / "own.sql").write_bytes(b"SELECT {{ account }}\r\n")

    said = forebay("compile", "--to", "sql")

    assert said.out == "12 texts in sql/\n"
    assert (spec / "sql" / "close" / "fees.month-2026-09.sql").read_text() == "SELECT '2026-09', 'usd' FROM fees"
    assert (spec / "sql" / "close" / "acct_1" / "own.month-2026-09.sql").read_bytes() == b"SELECT 'acct_1'\r\n"
    assert (spec / "sql" / "capped" / "capped.sql").read_text() == "SELECT 1"
    assert forebay("compile", "--to", "").code == 2


def test_a_budget_that_is_used_up_names_itself_everywhere(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    (spec / "forebay.yaml").write_text(SPEC.format(url=stripe.url).replace("runs_per_day: 4", "runs_per_day: 3"))
    batch_of(forebay("submit", "capped"))
    words = "capped has used up its budget of today, so no more of it begins: "

    for command in (("ls",), ("lanes",)):
        assert words in forebay(*command).err, command
        causes = [event for event in forebay(*command, "--json").events if event["event"] == "cause"]
        assert "budget" in [cause["cause"] for cause in causes], command
    said = forebay("doctor")
    assert "capped has used up its budget of today" in " ".join(said.out.split())
    checks = [event for event in forebay("doctor", "--json").events if event["event"] == "check"]
    assert [check["verdict"] for check in checks if check["check"] == "budget"] == ["warning"]
    refused = forebay("submit", "capped")
    assert (refused.code, "raise its budget, or wait for 00:00 UTC" in refused.err) == (6, True)


def test_a_budget_in_money_is_as_many_runs_as_it_is_enough_for(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    text = SPEC.format(url=stripe.url).replace("runs_per_day: 4", "cost_per_day: 1.70")
    (spec / "forebay.yaml").write_text(text)
    forebay("submit", "capped")

    assert (
        "6 runs a day (budget.cost_per_day says 1.70 EUR, enough for 6 at 0.25 each), 3 of"
        in forebay("plan", "capped").out
    )
    assert forebay("submit", "capped").code == 0
    refused = forebay("submit", "capped")
    assert (refused.code, "budget.cost_per_day says 1.70 EUR" in refused.err) == (6, True)
    assert "capped has used up its budget of today" in forebay("lanes").err


def test_a_budget_in_money_bounds_nothing_where_no_price_holds(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe
) -> None:
    text = SPEC.format(url=stripe.url).replace("runs_per_day: 4", "cost_per_day: 0.01")
    (spec / "forebay.yaml").write_text(text.replace("from: 2026-01-01", "from: 2999-01-01"))

    assert forebay("submit", "capped").code == 0
    assert "no price holds, so budget.cost_per_day bounds nothing" in forebay("plan", "capped").out


def test_a_batch_whose_parts_may_have_to_wait_names_the_budget(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text + "    split: {on: created, min: 1h}\n    budget: {runs_per_day: 1}\n")
    batch = batch_of(forebay("submit", "daily", "--window", "2026-10-01"))

    said = forebay("show", batch)

    assert "daily has used up its budget of today, so no more of it begins: 1 run a day" in said.err
