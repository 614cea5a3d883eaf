"""A run that hit a wall is cut by the closing of its batch, which waits for its parts and counts them as the whole."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from forebay.store.ledger.batch_policy import Checks, Splitting
from forebay.store.ledger.records import Item
from tests.scheduler.closing.conftest import SQL_ERROR, TOLD, TOO_BIG, House, day, policy
from tests.scheduler.closing.test_closing import ACCOUNTS, Interrupted
from tests.store.batch_ids import batch_ids


class TestParts:
    TEXT = "SELECT 'fees' AS q, id FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}"
    SPLIT = Splitting(
        on="created", min="1h", max_parts=4, timezone="UTC", **day(1).model_dump(), texts={"fees": TEXT}, values={}
    )

    def answer(self, house: House, *, limit_h: float, then: str | httpx.Response) -> None:
        """One account's result is too big for a window of more than so many hours."""

        def answer(sql: str) -> str | httpx.Response:
            start, end = (datetime.fromisoformat(text) for text in re.findall(r"TIMESTAMP '(.+?)'", sql))
            return TOO_BIG if end - start > timedelta(hours=limit_h) else then

        house.results["acct_a/fees"] = answer

    def open(
        self,
        house: House,
        *,
        limit_h: float,
        then: str | httpx.Response = "n\n1\n",
        parts: int | None = None,
        **more: Any,
    ) -> None:
        """`parts`: into how many the first account's run is cut beforehand."""
        self.answer(house, limit_h=limit_h, then=then)
        whole = self.TEXT.replace("{{ window.start }}", "TIMESTAMP '2026-01-02 00:00:00'")
        whole = whole.replace("{{ window.end }}", "TIMESTAMP '2026-01-03 00:00:00'")
        fields = {"accounts": ACCOUNTS, "split": self.SPLIT, "window": day(1), "notify": TOLD, **more}
        items = [
            Item(name="fees", sql=whole, account=account, parts=parts if account == "acct_a" else None)
            for account in fields["accounts"]
        ]
        house.open(items, policy(**fields))

    def test_a_result_that_is_too_big_is_cut_and_its_parts_are_waited_for(self, house: House) -> None:
        self.open(house, limit_h=12)
        house.work()
        house.round()
        assert house.ledger.closing("b1") is None
        closed = house.finish()
        assert (closed.outcome, closed.landed, closed.failed, closed.records) == ("landed", 3, 0, 6)
        assert len(closed.parts) == 1
        assert closed.parts[0].startswith("b1.split-")
        assert closed.coverage.landed == 3
        assert closed.failures == ()
        assert [path for path in house.files if path.startswith("b1/acct_a/")] == [
            "b1/acct_a/fees.part-01.csv",
            "b1/acct_a/fees.part-01.manifest.json",
            "b1/acct_a/fees.part-02.csv",
            "b1/acct_a/fees.part-02.manifest.json",
        ]
        assert not any(path.startswith("_quarantine") for path in house.files)
        (message,) = house.told
        assert message.subject == "month_end (b1): landed", "one message, and none of the parts"

    def test_what_is_to_be_cut_beforehand_is_never_sent_whole(self, house: House) -> None:
        self.open(house, limit_h=6, parts=4, canary=True, stop_after=0.1)
        closed = house.finish()
        assert (closed.outcome, closed.landed, closed.records) == ("landed", 3, 8)
        assert house.created.count("fees") == 2 + 4

    def test_parts_are_checked_as_the_whole_that_they_are(self, house: House) -> None:
        self.open(house, limit_h=12, checks=Checks(rows_min=3))
        closed = house.finish()
        assert [(check.account, check.finding) for check in closed.checks] == [
            ("acct_a", "2 records, fewer than 3"),
            ("acct_b", "2 records, fewer than 3"),
            ("acct_c", "2 records, fewer than 3"),
        ]

    def test_parts_that_failed_leave_their_run_failed(self, house: House) -> None:
        self.open(house, limit_h=12, then=SQL_ERROR)
        closed = house.finish()
        assert (closed.outcome, closed.landed, closed.failed) == ("partial", 2, 1)
        assert closed.coverage.missing == ("acct_a",)
        (group,) = closed.failures
        assert (group.error_class, group.count) == ("sql", 1)
        assert "2 of its 2 parts did not land" in group.message

    def test_what_cannot_be_cut_further_stays_failed(self, house: House) -> None:
        self.open(house, limit_h=0)
        closed = house.finish()
        assert (closed.outcome, closed.failed, closed.parts) == ("partial", 1, ())
        assert house.created.count("fees") == 3 + 2 + 4

    def test_without_a_policy_for_it_nothing_is_cut(self, house: House) -> None:
        self.open(house, limit_h=12, split=None)
        assert house.finish().outcome == "partial"
        assert list(batch_ids(house.ledger)) == ["b1"]

    def test_a_retry_takes_up_the_parts_that_failed_and_nothing_else(self, house: House) -> None:
        self.open(house, limit_h=12, then=SQL_ERROR)
        (failed,) = house.finish().failures
        assert "2 of its 2 parts did not land" in failed.message
        house.created.clear()
        self.answer(house, limit_h=12, then="n\n1\n")

        report = house.retrier.retry("b1")

        assert report.retried == 2
        closed = house.finish()
        assert (closed.outcome, closed.landed, closed.records) == ("landed", 3, 6)
        assert house.created == ["fees", "fees"], "the whole is not sent against the wall again"

    def test_a_retry_while_the_batch_is_being_closed_opens_it_again(self, house: House) -> None:
        self.open(house, limit_h=12, then=SQL_ERROR)
        for _ in range(2):
            house.work()
            house.round()
        house.ledger.reopen("b1")
        house.closing_queue.add("b1", 0)
        self.answer(house, limit_h=12, then="n\n1\n")
        (parts,) = house.ledger.names.like("b1.split-")

        retry = partial(house.retrier.retry, parts)
        house.closer(store=lambda url: Interrupted(Path(url), retry)).round(house.later_ms())

        assert house.ledger.closing("b1") is None
        assert house.finish().outcome == "landed"

    def test_canceling_the_batch_cancels_the_parts_of_its_runs(self, house: House) -> None:
        self.open(house, limit_h=12)
        house.work()
        house.round()
        report = house.steering.cancel("b1")
        assert report.dropped + report.held == 2
        closed = house.finish()
        assert (closed.outcome, closed.landed, closed.failed, closed.canceled) == ("canceled", 2, 0, 1)
        assert closed.failures == ()
        assert not any("part" in path for path in house.files)
        assert house.told == []
        house.work()
        assert house.created.count("fees") == 3, "no part was sent"

    def test_parts_that_were_made_while_the_batch_was_being_canceled_are_canceled_too(self, house: House) -> None:
        self.open(house, limit_h=12)
        house.work()
        house.round()
        house.ledger.record_cancel("b1", datetime.now(UTC))
        assert house.finish().outcome == "canceled"
        (parts,) = house.ledger.names.like("b1.split-")
        assert house.ledger.canceled_at(parts)

    def test_a_run_that_will_be_cut_is_none_of_those_that_stop_a_batch(self, house: House) -> None:
        self.open(house, limit_h=12, stop_after=0.1, accounts=(*ACCOUNTS, "acct_d", "acct_e"))
        house.work_once(1)
        house.round()
        assert house.progress().failed == 1
        assert house.progress().waiting > 0
        assert house.progress().paused is None
        assert house.finish().outcome == "landed"
