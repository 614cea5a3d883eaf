"""Windows that run again at the same place: what was there stays until all of the new is, and nothing of it is left."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.config.write_mode import WriteMode
from forebay.governor.keys import closing_lock
from forebay.governor.states import RunState
from forebay.landing.manifest import SUFFIX
from forebay.scheduler.batches.absent import absent
from forebay.scheduler.batches.landed import landed
from forebay.scheduler.batches.landed_runs import count_landed
from forebay.scheduler.closing.reviewing import Reviewer
from forebay.store.ledger.batch_policy import Checks, Splitting
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.outcomes import Closing, Release
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from tests.deaths.mortal import Death
from tests.landing.verifying.trees import found
from tests.scheduler.closing.closing_stories import Mortal, assert_objects_stand_beside
from tests.scheduler.closing.conftest import SQL_ERROR, TOO_BIG, House, day, item, policy

ACCOUNTS = ("acct_a", "acct_b")
FOLDER = "daily/window=2026-01-02"
LAYOUT = f"{FOLDER}/account={{account}}/{{name}}"
TEXT = "SELECT 'fees' AS q, id FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}"
SPLIT = Splitting(
    on="created", min="12h", max_parts=2, timezone="UTC", **day(1).model_dump(), texts={"fees": TEXT}, values={}
)


def begin(
    house: House, batch: str, csv: str | dict[str, Any], *, write: WriteMode = WriteMode.REPLACE, **more: Any
) -> None:
    """Two accounts' fees of one day, which land as this; `more` is asked of the batch."""
    house.results.clear()
    house.results |= csv if isinstance(csv, dict) else {"fees": csv}
    wanted = policy(
        **{"definition": "daily", "kind": "extract", "window": day(1), "accounts": ACCOUNTS, "canary": False, **more}
    )
    sql = TEXT.replace("{{ window.start }}", "TIMESTAMP '2026-01-02 00:00:00'")
    sql = sql.replace("{{ window.end }}", "TIMESTAMP '2026-01-03 00:00:00'")
    asked = (None,) if more.get("fan_out") == "organization" else ACCOUNTS
    items = [Item(name="fees", sql=sql, account=account) for account in asked]
    house.open(items, wanted, batch, layout=LAYOUT, write=write)


def finish(house: House, batch: str) -> Closing:
    for _ in range(6):
        house.work()
        house.round()
        if closing := house.ledger.closing(batch):
            return closing
    raise AssertionError(f"{batch} does not close")


def run(house: House, batch: str, csv: str | dict[str, Any], **more: Any) -> Closing:
    begin(house, batch, csv, **more)
    return finish(house, batch)


def seen(house: House) -> dict[str, str]:
    """What who reads manifests sees: by account, or part."""
    manifests = {path: house.read(path) for path in house.files if path.endswith(SUFFIX) and path.startswith(FOLDER)}
    return {
        path.removeprefix(f"{FOLDER}/account=").removesuffix(SUFFIX): house.text(manifest["object"]["key"])
        for path, manifest in manifests.items()
    }


def whole(csv: str) -> dict[str, str]:
    return {f"{account}/fees": csv for account in ACCOUNTS}


def named(house: House) -> list[tuple[str, str | None]]:
    return [(each["account"], each["batch"]) for each in house.read(f"{FOLDER}/_batch.json")["results"]]


OLD, NEW = "n\n1\n", "n\n1\n2\n"
CHECKED = {"checks": Checks(columns=("n",))}


@pytest.mark.parametrize("more", [{}, CHECKED, {"publish": "all_or_nothing"}], ids=["at once", "checked", "together"])
def test_a_repeated_window_replaces_it_and_leaves_nothing_behind(house: House, more: dict[str, Any]) -> None:
    run(house, "daily.w", OLD, **more)
    assert seen(house) == whole(OLD)
    closing = run(house, "daily.w.r2", NEW, **more)
    assert (closing.outcome, closing.coverage.landed, closing.coverage.missing) == ("landed", 2, ())
    assert seen(house) == whole(NEW)
    assert len(house.files) == 5, "two objects, two manifests, one of the batch"
    assert house.read(f"{FOLDER}/_batch.json")["batch"] == "daily.w.r2"
    assert named(house) == [("acct_a", None), ("acct_b", None)]
    assert found(LocalStore(house.world.destination)) == []


def test_until_the_new_one_is_checked_the_former_is_there(house: House) -> None:
    run(house, "daily.w", OLD, **CHECKED)
    assert run(house, "daily.w.r2", "other\n1\n", **CHECKED).outcome == "checks_failed"
    assert seen(house) == whole(OLD)
    assert house.read(f"{FOLDER}/_batch.json")["batch"] == "daily.w"
    assert f"_quarantine/daily.w.r2/account=acct_a/fees{SUFFIX}" in house.files
    Reviewer(house.ledger, house.rt.redis).release(
        "daily.w.r2", Release(at=datetime(2099, 1, 1, tzinfo=UTC), by="ada", reason="it is wanted")
    )
    assert finish(house, "daily.w.r2").outcome == "landed"
    assert seen(house) == whole("other\n1\n")
    assert len(house.files) == 5


def test_what_the_repeat_did_not_land_stays_of_before_and_is_told_apart(house: House) -> None:
    run(house, "daily.w", OLD)
    closing = run(house, "daily.w.r2", {"fees": NEW, "acct_b/fees": SQL_ERROR})
    assert (closing.outcome, closing.coverage.missing) == ("partial", ("acct_b",))
    assert seen(house) == {"acct_a/fees": NEW, "acct_b/fees": OLD}
    assert named(house) == [("acct_a", None), ("acct_b", "daily.w")]
    assert found(LocalStore(house.world.destination)) == []


def test_what_readers_take_for_a_batchs_own_is_its_own(house: House) -> None:
    run(house, "daily.w", OLD)
    begin(house, "daily.w.r2", NEW)
    store, former, repeat = (
        LocalStore(house.world.destination),
        house.ledger.batch("daily.w"),
        house.ledger.batch("daily.w.r2"),
    )
    assert (count_landed(store, former), count_landed(store, repeat)) == (2, 0)
    house.work()
    assert (count_landed(store, former), count_landed(store, repeat)) == (0, 2)
    assert {manifest.batch for _, manifest in landed(store, repeat)} == {"daily.w.r2"}
    assert absent(house.ledger, store, former).missing == (), "it is there, in a newer version"


def test_a_redis_that_was_lost_does_not_take_the_former_results_for_those_of_the_repeat(house: House) -> None:
    run(house, "daily.w", OLD)
    begin(house, "daily.w.r2", NEW)
    house.rt.redis.flushall()
    house.world.reconciler.all()
    assert RunState.LANDED not in house.states("daily.w.r2")
    finish(house, "daily.w.r2")
    assert seen(house) == whole(NEW)


def test_a_batch_that_was_overtaken_closes_with_what_is_there(house: House) -> None:
    begin(house, "daily.w", OLD)
    house.work()
    run(house, "daily.w.r2", NEW)
    closing = finish(house, "daily.w")
    assert (closing.outcome, closing.coverage.landed, closing.coverage.missing) == ("landed", 2, ())
    assert seen(house) == whole(NEW)


def too_big(then: str) -> Any:
    """Its result is too big for a window of a day."""

    def answer(sql: str) -> str | httpx.Response:
        start, end = (datetime.fromisoformat(text) for text in re.findall(r"TIMESTAMP '(.+?)'", sql))
        return TOO_BIG if end - start > timedelta(hours=12) else then

    return answer


def test_parts_replace_a_whole_and_a_whole_replaces_parts(house: House) -> None:
    run(house, "daily.w", OLD, split=SPLIT)
    run(house, "daily.w.r2", {"acct_a/fees": too_big(NEW), "fees": NEW}, split=SPLIT)
    parts = {"acct_a/fees.part-01": NEW, "acct_a/fees.part-02": NEW, "acct_b/fees": NEW}
    assert seen(house) == parts
    assert len(house.files) == 2 * 3 + 1
    run(house, "daily.w.r3", {"acct_a/fees": too_big(OLD), "fees": OLD}, split=SPLIT)
    assert seen(house) == dict.fromkeys(parts, OLD)
    assert len(house.files) == 2 * 3 + 1
    run(house, "daily.w.r4", NEW)
    assert seen(house) == whole(NEW)
    assert len(house.files) == 5
    assert found(LocalStore(house.world.destination)) == []


def test_one_run_over_all_accounts_and_one_for_each_take_each_others_place(house: House) -> None:
    """As `fan_out: auto` does once a window has landed: rows of both would be counted twice."""
    store = LocalStore(house.world.destination)
    run(house, "daily.w", OLD)
    run(house, "daily.w.r2", NEW, fan_out="organization")
    assert {path.removeprefix(f"{FOLDER}/").partition(".")[0] for path in house.files} == {"_batch", "fees"}
    assert len(house.files) == 3
    assert absent(house.ledger, store, house.ledger.batch("daily.w")).missing == ()
    assert [each["account"] for each in house.read(f"{FOLDER}/_batch.json")["results"]] == [None]
    assert found(store) == []

    run(house, "daily.w.r3", {"fees": OLD, "acct_b/fees": SQL_ERROR})
    assert f"{FOLDER}/fees{SUFFIX}" in house.files, "it alone has the other account's rows"
    run(house, "daily.w.r4", OLD)
    assert f"{FOLDER}/fees{SUFFIX}" not in house.files
    assert seen(house) == whole(OLD)
    assert len(house.files) == 5
    assert absent(house.ledger, store, house.ledger.batch("daily.w.r2")).missing == ()


def test_what_another_layout_put_below_the_folder_of_a_window_is_left_alone(house: House) -> None:
    """As after `write: versioned` was taken back: those results are nobody's here."""
    house.results["fees"] = OLD
    wanted = policy(definition="daily", kind="extract", window=day(1))
    layout = f"{FOLDER}/batch={{batch}}/account={{account}}/{{name}}"
    house.open([item("fees", account) for account in ACCOUNTS], wanted, "daily.w", layout=layout)
    finish(house, "daily.w")
    kept = house.files
    run(house, "daily.w.r2", NEW, fan_out="organization")
    assert set(kept) < set(house.files)
    assert [each["key"] for each in house.read(f"{FOLDER}/_batch.json")["results"]] == [
        path for path in house.files if path.endswith(".csv") and path not in kept
    ]


def land_unseeing(house: House) -> None:
    """Lets runs land as if what is there came after the look that is before each create."""
    aside = house.world.destination.with_name("aside")
    (house.world.destination / "daily").rename(aside)
    house.work()
    aside.rename(house.world.destination / "daily")


def test_what_is_to_stay_keeps_the_other_in_quarantine_until_a_person_has_looked(house: House) -> None:
    run(house, "daily.w", OLD)
    begin(house, "daily.w.r2", NEW, write=WriteMode.FAIL_IF_EXISTS, publish="all_or_nothing")
    land_unseeing(house)
    closing = finish(house, "daily.w.r2")
    assert closing.outcome == "checks_failed"
    assert [(check.check, check.account, check.ok) for check in closing.checks] == [
        ("exists", "acct_a", False),
        ("exists", "acct_b", False),
    ]
    assert closing.checks[0].finding.startswith("a result of batch daily.w is there already")
    assert seen(house) == whole(OLD)
    Reviewer(house.ledger, house.rt.redis).release(
        "daily.w.r2", Release(at=datetime(2099, 1, 1, tzinfo=UTC), by="ada", reason="it is wanted")
    )
    assert finish(house, "daily.w.r2").outcome == "landed"
    assert seen(house) == whole(NEW)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("in_parts", [False, True], ids=["whole", "in parts"])
def test_a_closer_that_dies_as_it_replaces_shows_one_whole_version_and_the_next_ends_it(
    house: House, monkeypatch: pytest.MonkeyPatch, done: bool, in_parts: bool
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    newer: dict[str, Any] = {"acct_a/fees": too_big(NEW), "fees": NEW} if in_parts else {"fees": NEW}
    expected = {"acct_a/fees.part-01": NEW, "acct_a/fees.part-02": NEW, "acct_b/fees": NEW} if in_parts else whole(NEW)

    def tell(number: int, death: Death) -> None:
        clear(house)
        run(house, f"daily.w{number}", OLD, split=SPLIT, **CHECKED)
        begin(house, f"daily.w{number}.r2", newer, split=SPLIT, **CHECKED)
        mortal = Mortal(house, death)
        for _ in range(8):
            house.work()
            was_struck = death.struck
            mortal.round()
            if death.struck and not was_struck:
                now = seen(house)
                assert_objects_stand_beside(house, house.files)
                for account in ACCOUNTS:
                    mine = {place: csv for place, csv in now.items() if place.startswith(account)}
                    assert set(mine.values()) in ({OLD}, {NEW}, set()), "rows of two versions"
                    assert len(mine) < 3, "a whole beside its parts"
                    if not in_parts:
                        assert mine, "nothing was there for a moment"
                house.rt.redis.delete(closing_lock(f"daily.w{number}.r2"))  # as if the time of its lock had passed
                mortal = Mortal(house, Death())
            if house.ledger.closing(f"daily.w{number}.r2"):
                break
        assert seen(house) == expected, death.spot
        assert house.ledger.closing(f"daily.w{number}.r2")

    calm = Death()
    tell(0, calm)
    assert len(house.files) == 2 * len(expected) + 1
    for number, spot in enumerate(calm.changes(), 1):
        tell(number, Death(spot, done=done))
        named_now = {house.read(path)["object"]["key"] for path in house.files if path.endswith(SUFFIX)}
        objects = {path for path in house.files if not path.endswith(".json")}
        # Where places are several, an object may be left that no manifest names any more: `verify` tells of it.
        assert objects == named_now or in_parts, spot


def clear(house: House) -> None:
    for path in house.files:
        LocalStore(Path(house.world.destination)).delete(path)


def test_what_is_to_stay_is_seen_by_who_asks_in_another_way(house: House) -> None:
    run(house, "daily.w", OLD)
    closing = run(house, "daily.w.r2", NEW, write=WriteMode.FAIL_IF_EXISTS, fan_out="organization")
    assert (closing.outcome, closing.failed) == ("failed", 1)
    assert seen(house) == whole(OLD)
    clear(house)
    run(house, "daily.x", OLD, fan_out="organization")
    closing = run(house, "daily.x.r2", NEW, write=WriteMode.FAIL_IF_EXISTS)
    assert (closing.outcome, closing.failed) == ("failed", 2)
    assert house.created.count("fees") == 2 + 1, "neither of the others was asked"


def test_a_batch_by_itself_is_as_it_ever_was(house: House) -> None:
    house.open([item("fees")], policy(), "b1")
    house.finish()
    assert house.files == ["b1/_batch.json", "b1/fees.csv", f"b1/fees{SUFFIX}"]


SORTED = ByAccount(column="who", expected=ACCOUNTS)


def begin_sorted(house: House, batch: str, csv: str, write: WriteMode = WriteMode.REPLACE) -> None:
    """Asks for the day once for the whole organization, whose result is sorted by account."""
    house.results.clear()
    house.results["fees"] = csv
    checks = Checks(accounts=True)
    asked: dict[str, Any] = {"definition": "daily", "kind": "extract", "window": day(1), "accounts": ACCOUNTS}
    wanted = policy(fan_out="organization", checks=checks, **asked)
    house.open([item("fees")], wanted, batch, layout=LAYOUT, write=write, by_account=SORTED)


def run_sorted(house: House, batch: str, csv: str) -> Closing:
    begin_sorted(house, batch, csv)
    return finish(house, batch)


def test_a_repeat_that_is_sorted_replaces_each_account_and_takes_away_who_is_not_in_it_any_more(house: House) -> None:
    first = run_sorted(house, "daily.w", "who,n\nacct_a,1\nacct_x,2\n")
    store = LocalStore(house.world.destination)
    assert count_landed(store, house.ledger.batch("daily.w")) == 1, "one run, whatever it landed as"
    assert (first.coverage.unexpected, first.coverage.empty) == (("acct_x",), ("acct_b",))
    assert seen(house) == {"acct_a/fees": "n\n1\n", "acct_b/fees": "n\n", "acct_x/fees": "n\n2\n"}

    again = run_sorted(house, "daily.w.r2", "who,n\nacct_b,3\n")
    assert (again.outcome, again.coverage.landed, again.coverage.unexpected) == ("landed", 2, ())
    assert seen(house) == {"acct_a/fees": "n\n", "acct_b/fees": "n\n3\n"}
    assert len(house.files) == 5, "two objects, two manifests, one of the batch"
    assert named(house) == [("acct_a", None), ("acct_b", None)]
    assert found(store) == []


def test_a_repeat_that_may_replace_nothing_and_is_sorted_waits_for_a_person(house: House) -> None:
    run_sorted(house, "daily.w", "who,n\nacct_x,2\n")
    before = seen(house)
    begin_sorted(house, "daily.w.r2", "who,n\nacct_b,3\n", WriteMode.FAIL_IF_EXISTS)
    land_unseeing(house)
    closing = finish(house, "daily.w.r2")

    assert closing.outcome == "checks_failed"
    assert [(check.check, check.ok) for check in closing.checks] == [("accounts", True), ("exists", False)]
    assert seen(house) == before
