"""A batch of which all has settled is closed: in the destination, in the ledger, and to people."""

from collections.abc import Callable
from pathlib import Path

import pytest

from forebay.governor.states import RunState
from forebay.scheduler.closing.advance import advance
from forebay.scheduler.closing.services import LockLost
from forebay.store.ledger.batch_policy import Checks, Notify
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import FailureRecord
from forebay.store.local import LocalStore
from tests.scheduler.closing.conftest import NO_ACCESS, SQL_ERROR, TOLD, House, closing, day, item, policy

ACCOUNTS = ("acct_a", "acct_b", "acct_c")


class Interrupted(LocalStore):
    """Something happens between the batch's manifest and its closing."""

    def __init__(self, root: Path, happens: Callable[[], object]) -> None:
        super().__init__(root)
        self._happens = happens

    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        if key.endswith("_batch.json"):
            self._happens()


def two_by_three(house: House, **more: object) -> None:
    """Two queries of three accounts."""
    items = [item(name, account) for name in ("fees", "refunds") for account in ACCOUNTS]
    house.open(items, policy(accounts=ACCOUNTS, notify=TOLD, **more))


def test_a_batch_that_landed_whole_is_closed_with_its_counts(house: House) -> None:
    two_by_three(house)
    closed = house.finish()
    assert closed.outcome == "landed"
    assert (closed.runs, closed.landed, closed.failed, closed.records) == (6, 6, 0, 12)
    assert (closed.coverage.expected, closed.coverage.landed, closed.coverage.missing) == (3, 3, ())
    assert house.closing_queue.all() == [], "nobody looks at it any more"


def test_its_manifest_stands_beside_its_results(house: House) -> None:
    two_by_three(house)
    closed = house.finish()
    content = house.read("b1/_batch.json")
    assert (content["batch"], content["definition"], content["outcome"]) == ("b1", "month_end", "landed")
    assert content["coverage"] == closed.coverage.model_dump(mode="json")
    assert "b1/acct_a/fees.csv" in house.files


def test_its_manifest_names_each_result_that_is_there(house: House) -> None:
    house.results["acct_b/fees"] = NO_ACCESS
    two_by_three(house, publish="per_item")
    house.finish()
    results = house.read("b1/_batch.json")["results"]
    assert [each["key"] for each in results] == [path for path in house.files if path.endswith(".csv")]
    assert {(each["account"], each["name"]) for each in results} == {
        (account, name) for account in ACCOUNTS for name in ("fees", "refunds")
    } - {("acct_b", "fees")}
    for each in results:
        stored = house.read(each["manifest"])["object"]
        assert {name: each[name] for name in ("key", "bytes", "sha256")} == {
            name: stored[name] for name in ("key", "bytes", "sha256")
        }


def test_it_is_not_closed_before_all_has_settled(house: House) -> None:
    two_by_three(house)
    house.round()
    assert house.ledger.closing("b1") is None
    assert house.closing_queue.all() == ["b1"]


def test_accounts_without_access_are_reported_once_with_the_cause(house: House) -> None:
    for account in ACCOUNTS[:2]:
        for name in ("fees", "refunds"):
            house.results[f"{account}/{name}"] = NO_ACCESS
    two_by_three(house)
    closed = house.finish()
    assert closed.outcome == "partial"
    (group,) = closed.failures
    assert (group.error_class, group.count, group.accounts) == ("auth", 4, ("acct_a", "acct_b"))
    assert closed.coverage.missing == ("acct_a", "acct_b")
    (message,) = house.told
    assert len([line for line in message.lines if "auth" in line]) == 1


def test_an_account_that_is_empty_is_not_missing(house: House) -> None:
    house.results |= {"acct_b/fees": "n\n", "acct_b/refunds": "n\n"}
    two_by_three(house)
    coverage = house.finish().coverage
    assert (coverage.landed, coverage.empty, coverage.missing) == (3, ("acct_b",), ())


def test_where_all_failed_the_outcome_is_failed(house: House) -> None:
    house.results |= {"fees": SQL_ERROR, "refunds": SQL_ERROR}
    two_by_three(house)
    assert house.finish().outcome == "failed"


def test_a_canceled_batch_is_closed_as_canceled_and_nobody_is_told(house: House) -> None:
    two_by_three(house)
    house.steering.cancel("b1")
    assert house.finish().outcome == "canceled"
    assert house.told == []


def test_people_are_told_of_what_they_asked_for(house: House) -> None:
    house.open([item("fees")], policy(notify=Notify(command=("true",), on=("failed",))))
    house.finish()
    assert house.told == []


def test_no_word_of_the_engine_reaches_people(house: House) -> None:
    """It may quote the rows that it stumbled over."""
    house.results["fees"] = SQL_ERROR
    house.open([item("fees")], policy(notify=TOLD))
    closed = house.finish()
    assert closed.failures[0].message == "No."
    (message,) = house.told
    assert "1 failed: sql (fees)" in message.lines
    assert "No." not in message.text


def test_a_retried_batch_is_closed_again(house: House) -> None:
    house.results["acct_a/fees"] = SQL_ERROR
    two_by_three(house)
    assert house.finish().outcome == "partial"
    house.results.clear()

    house.retrier.retry("b1")

    assert house.ledger.closing("b1") is None, "a closing that was is none"
    assert house.finish().outcome == "landed"
    assert house.read("b1/_batch.json")["outcome"] == "landed"
    assert [message.subject for message in house.told] == ["month_end (b1): partial", "month_end (b1): landed"]


def test_who_slept_while_another_closed_it_covers_nothing(house: House) -> None:
    two_by_three(house)
    house.work()
    newer = closing(outcome="partial")
    asleep = house.services(keep=lambda: house.ledger.record_closing("b1", newer, after=0))

    with pytest.raises(LockLost):
        advance(asleep, house.ledger.batch("b1"))

    assert house.ledger.closing("b1") == newer


def test_a_run_that_landed_has_not_failed_whatever_a_sleeper_wrote(house: House) -> None:
    two_by_three(house)
    house.work()
    late = FailureRecord(
        attempt=0, error_class=FailureClass.SQL, code=None, message="", query_run=None, request_id=None, at=closing().at
    )
    house.ledger.record_failure("b1", "default:test", 0, late)

    closed = house.finish()

    assert (closed.outcome, closed.failures) == ("landed", ())


def test_a_crash_between_the_closing_and_the_word_to_people_tells_them_later(house: House) -> None:
    two_by_three(house)
    house.work()
    house.ledger.record_closing("b1", closing(outcome="partial"), after=0)
    house.round()
    house.closing_queue.add("b1", 0)
    house.round()
    assert [message.subject for message in house.told] == ["month_end (b1): partial"]


def test_a_batch_that_redis_lost_is_closed_all_the_same(house: House) -> None:
    two_by_three(house)
    house.work()
    house.rt.redis.flushall()
    house.world.reconciler.all()
    assert house.finish().outcome == "landed"


def test_a_closed_batch_stays_closed_after_a_loss(house: House) -> None:
    two_by_three(house)
    house.finish()
    house.rt.redis.flushall()
    house.world.reconciler.all()
    assert house.closing_queue.all() == []


def test_a_batch_that_redis_does_not_know_is_left_to_rebuild(house: House) -> None:
    two_by_three(house)
    house.rt.redis.flushall()
    house.closing_queue.add("b1", 0)
    house.round()
    assert house.closing_queue.all() == ["b1"]


class TestQuarantine:
    def test_results_land_in_quarantine_and_nowhere_else(self, house: House) -> None:
        two_by_three(house, publish="all_or_nothing")
        house.work()
        assert len(house.files) == 12
        assert all(path.startswith("_quarantine/b1/acct_") for path in house.files)

    def test_the_closing_moves_them_to_their_places(self, house: House) -> None:
        two_by_three(house, publish="all_or_nothing")
        assert house.finish().outcome == "landed"
        assert len(house.files) == 13
        assert not any(path.startswith("_quarantine") for path in house.files)
        manifest = house.read("b1/acct_a/fees.manifest.json")
        assert manifest["object"]["key"] == "b1/acct_a/fees.csv"
        assert manifest["object"]["url"].endswith("/out/b1/acct_a/fees.csv")
        assert house.text("b1/acct_a/fees.csv") == "n\n1\n2\n"

    def test_of_all_or_nothing_one_failure_is_nothing(self, house: House) -> None:
        house.results["acct_a/fees"] = SQL_ERROR
        two_by_three(house, publish="all_or_nothing")
        assert house.finish().outcome == "failed"
        assert all(path.startswith("_quarantine/b1/") for path in house.files)
        assert house.read("_quarantine/b1/_batch.json")["outcome"] == "failed"

    def test_once_the_failure_is_mended_everything_is_published(self, house: House) -> None:
        house.results["acct_a/fees"] = SQL_ERROR
        two_by_three(house, publish="all_or_nothing")
        house.finish()
        house.results.clear()
        house.retrier.retry("b1")
        assert house.finish().outcome == "landed"
        assert not any(path.startswith("_quarantine") for path in house.files)
        assert len(house.files) == 13

    def test_what_fails_its_checks_stays_and_the_others_are_published(self, house: House) -> None:
        house.results["acct_b/fees"] = "other\n1\n"
        two_by_three(house, checks=Checks(columns=("n",)))
        closed = house.finish()
        assert closed.outcome == "checks_failed"
        (bad,) = [check for check in closed.checks if not check.ok]
        assert (bad.check, bad.name, bad.account, bad.finding) == ("columns", "fees", "acct_b", "missing n; new other")
        quarantined = [path for path in house.files if path.startswith("_quarantine")]
        assert quarantined == [
            "_quarantine/b1/_batch.json",
            "_quarantine/b1/acct_b/fees.csv",
            "_quarantine/b1/acct_b/fees.manifest.json",
        ]
        assert "b1/acct_a/fees.csv" in house.files
        assert house.read("_quarantine/b1/_batch.json")["checks"]

    def test_of_all_or_nothing_one_failed_check_is_nothing(self, house: House) -> None:
        house.results["acct_b/fees"] = "other\n1\n"
        two_by_three(house, publish="all_or_nothing", checks=Checks(columns=("n",)))
        assert house.finish().outcome == "checks_failed"
        assert all(path.startswith("_quarantine") for path in house.files)

    def test_a_rebuild_finds_what_is_in_quarantine(self, house: House) -> None:
        house.results["acct_b/fees"] = "other\n1\n"
        two_by_three(house, checks=Checks(columns=("n",)))
        house.finish()
        house.rt.redis.flushall()
        house.world.reconciler.all()
        assert house.states() == [RunState.LANDED] * 6
        assert house.work() == 0


class TestTieOut:
    @pytest.mark.parametrize(
        ("tie", "ok"), [("records,amount\n2,30\n", True), ("records,amount\n2,30.01\n", False), ("records\n3\n", False)]
    )
    def test_a_result_is_compared_with_its_tie_out(self, house: House, tie: str, ok: bool) -> None:
        house.results |= {"fees": "id,amount\na,10.5\nb,19.5\n", "fees.tie": tie}
        items = [item("fees", "acct_a"), item("fees.tie", "acct_a", ties="fees")]
        house.open(items, policy(accounts=("acct_a",), checks=Checks(tie_out=True)))
        closed = house.finish()
        assert (closed.outcome == "landed") == ok
        assert [check.check for check in closed.checks] == ["tie_out"]
        assert ("b1/acct_a/fees.csv" in house.files) == ok
        assert ("b1/acct_a/fees.tie.csv" in house.files) == ok, "it goes with what it ties out"
        assert closed.coverage.landed == 1
        assert closed.records == 2, "a tie-out's own row is no record of the batch"

    def test_without_its_tie_out_nothing_is_proven(self, house: House) -> None:
        house.results |= {"fees.tie": SQL_ERROR}
        house.open([item("fees"), item("fees.tie", ties="fees")], policy(checks=Checks(tie_out=True)))
        assert house.finish().outcome == "checks_failed"


class TestTheLastWindow:
    CHECKS = Checks(columns="contract", rows_max_change=0.5)

    def window(self, house: House, number: int, result: str) -> str:
        house.results["fees"] = result
        batch = f"daily.2026010{number}"
        wanted = policy(definition="daily", kind="extract", window=day(number), checks=self.CHECKS)
        house.open([item("fees")], wanted, batch)
        house.work()
        house.round()
        closing = house.ledger.closing(batch)
        assert closing
        return closing.outcome

    def test_the_first_one_has_nothing_to_be_compared_with(self, house: House) -> None:
        assert self.window(house, 1, "n\n1\n2\n") == "landed"

    def test_the_same_columns_and_a_small_change_are_well(self, house: House) -> None:
        self.window(house, 1, "n\n1\n2\n")
        assert self.window(house, 2, "n\n1\n2\n3\n") == "landed"

    @pytest.mark.parametrize("result", ["m\n1\n2\n", "n\n1\n2\n3\n4\n", "n\n"])
    def test_other_columns_or_a_large_change_are_not(self, house: House, result: str) -> None:
        self.window(house, 1, "n\n1\n2\n")
        assert self.window(house, 2, result) == "checks_failed"

    def test_a_window_that_failed_its_checks_is_no_contract(self, house: House) -> None:
        self.window(house, 1, "n\n1\n2\n")
        self.window(house, 2, "m\n1\n2\n")
        assert self.window(house, 3, "n\n1\n2\n") == "landed"

    def test_a_later_window_is_no_contract(self, house: House) -> None:
        self.window(house, 3, "m\n1\n2\n")
        assert self.window(house, 2, "n\n1\n2\n") == "landed"
