"""Which results can be fetched again, by the ledger and the manifests alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.states import RunState, Step
from forebay.landing.manifest import read_manifest, write_manifest
from forebay.landing.result_paths import object_stem, quarantine_of
from forebay.scheduler.batches.refetching import (
    KEPT,
    KnownResult,
    chosen,
    fetching,
    known_results,
    told_apart,
)
from forebay.scheduler.errors import InputError
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.fetched import Fetched
from forebay.store.ledger.records import Batch, Item
from forebay.worker.steps.retry_rules import MOST_LANDINGS
from tests.worker.conftest import BATCH, FileHost, World, query_run

MADE = datetime(2026, 11, 2, 3, tzinfo=UTC)


def result(name: str, account: str | None = None, began_at: datetime = MADE) -> KnownResult:
    item = Item(name=name, sql="SELECT 1", account=account)
    return KnownResult(item=item, fetched=Fetched(query_run="qryrun_1"), began_at=began_at)


def known(world: World) -> list[KnownResult]:
    return list(known_results(world.rt.ledger, world.rt.store(str(world.destination)), world.rt.ledger.batch(BATCH)))


ASKED = Item(name="q0", sql="SELECT 0", account=None, column_types={"n": "bigint"})


def land(world: World, file_host: FileHost, asked: Item = ASKED, **terms: Policy) -> None:
    world.submit([asked], **terms)
    world.step(Step.SUBMIT, query_run())
    world.step(Step.POLL, query_run("succeeded", result=file_host.result(), created=MADE.isoformat()))
    assert world.state() is RunState.LANDED


def test_what_landed_is_known_with_all_that_its_manifest_says(world: World, file_host: FileHost) -> None:
    land(world, file_host)

    (found,) = known(world)
    assert (found.item.name, found.item.column_types, found.began_at) == ("q0", {"n": "bigint"}, MADE)
    assert (found.fetched.query_run, found.fetched.run, found.fetched.sql) == ("qryrun_1", f"{BATCH}/0", "SELECT 0")
    again = fetching(found)
    assert (again.sql, again.fetched) == ("", found.fetched), "a worker of an older release has nothing to send"


def test_a_tie_out_stays_one_so_that_no_batch_sorts_it_by_account(world: World, file_host: FileHost) -> None:
    land(world, file_host, replace(ASKED, ties="q"))

    (found,) = known(world)
    assert fetching(found).ties == "q"


def test_the_sql_of_a_manifest_that_has_none_comes_from_the_ledger(world: World, file_host: FileHost) -> None:
    land(world, file_host)
    store, stem = world.rt.store(str(world.destination)), object_stem(BATCH, None, "q0")
    manifest = read_manifest(store, stem)
    assert manifest
    write_manifest(store, stem, manifest.model_copy(update={"sql": None, "submitted_at": None}))

    (found,) = known(world)
    assert (found.fetched.sql, found.began_at) == ("SELECT 0", manifest.landed_at)


def test_what_waits_in_quarantine_is_not_led_past_its_checks(world: World, file_host: FileHost) -> None:
    asked = Policy(definition="d", kind="batch", spec_sha256="5", publish="all_or_nothing")
    land(world, file_host, policy=asked)

    assert list(world.destination.glob(f"{quarantine_of(BATCH)}*"))
    assert known(world) == []


def test_what_stripe_has_and_did_not_land_is_known_until_a_retry_takes_it_up(world: World, file_host: FileHost) -> None:
    world.open()
    world.step(Step.SUBMIT, query_run())
    file_host.body = b"broken"
    world.step(Step.POLL, query_run("succeeded", result=file_host.result()))
    for _ in range(MOST_LANDINGS):
        world.step(Step.DOWNLOAD, query_run("succeeded", result=file_host.result()))

    (found,) = known(world)
    assert (found.fetched.query_run, found.fetched.run, found.fetched.sql) == ("qryrun_1", f"{BATCH}/0", "SELECT 0")
    world.retrier.retry(BATCH)
    assert known(world) == []


def test_what_failed_at_stripe_has_no_result(world: World) -> None:
    world.open()
    world.step(Step.SUBMIT, query_run())
    broken = {"failed": {"error_code": "query_run_invalid_sql", "error_message": "No."}}
    world.step(Step.POLL, query_run("failed", status_details=broken))
    assert known(world) == []


def test_results_are_chosen_by_name_with_or_without_account() -> None:
    results = [result("fees"), result("fees", "acct_1"), result("fees", "acct_2"), result("payouts")]

    assert chosen(results, ()) == results
    assert chosen(results, ["fees"]) == results[:3]
    assert chosen(results, ["acct_1/fees", "payouts"]) == [results[1], results[3]]
    with pytest.raises(InputError, match=r"no result 'payout', did you mean 'payouts'\?"):
        chosen(results, ["payout"])


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_result_is_offered_for_as_long_as_stripe_keeps_it_and_no_longer(age: timedelta) -> None:
    assert result("q", began_at=MADE - age).has_expired(MADE) == (age >= KEPT)


def _window(batch_id: str) -> Batch:
    return Batch(
        id=batch_id,
        output="o",
        source="s",
        created_at=MADE,
        connection="c",
        flows=(),
        chunk_items=1,
        writing="w",
    )


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("aAb"), st.sampled_from([None, "acct_1"])),
            unique_by=lambda called: (called[0].lower(), called[1]),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_results_of_several_windows_never_have_one_name(windows: list[list[tuple[str, str | None]]]) -> None:
    batches = [
        (_window(f"fees.2026110{number}"), [result(name, account) for name, account in names])
        for number, names in enumerate(windows)
    ]
    told = told_apart(batches)

    keys = [(each.item.account, each.item.name) for each in told]
    files = {(account, name.lower()) for account, name in keys}
    assert len(files) == len(keys) == sum(map(len, windows)), "some disks know no upper and lower case"
    if len(windows) == 1:
        assert keys == [(account, name) for name, account in windows[0]], "one window's are called as ever"
