"""What two batches landed is compared item by item, by manifests first; each verdict, and no value in any."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.config.stripe import Api
from forebay.landing.result_paths import place_stem, shadow_report_key
from forebay.landing.verifying.discrepancies import Discrepancy
from forebay.scheduler.comparing.landed_pairs import compare_batches
from forebay.scheduler.comparing.shadow_report import (
    Comparison,
    FailedSide,
    LandedSide,
    ShadowReport,
    Verdict,
    write_report,
)
from forebay.store.interface import Store
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, FailureRecord, Item
from forebay.store.local import LocalStore
from tests.landing.verifying.trees import land, verified

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LANE = "acme:test"
CSV = b"id,amount\nch_a,1.50\nch_b,2.25\n"


class Pair:
    """Two batches of one item, and what a test lands of it."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.store = Ledger(LocalStore(folder / "ledger")), LocalStore(folder / "out")
        self.item = Item(name="fees", sql="SELECT 1", account="acct_1")
        self.batches = {api: self._batch(api) for api in Api}

    def _batch(self, api: Api) -> Batch:
        layout = "_shadow/{batch}/{account}/{name}"
        terms = BatchTerms(id=f"shadow-fees.{api}", output="out", source="a test", layout=layout)
        pairs = [(LANE, self.item)]
        return self.ledger.write_batch(terms, pairs, connection="acme", api=api, created_at=NOW).batch

    def land(self, api: Api, csv: bytes = CSV, container: str = "csv", **more: object) -> None:
        batch = self.batches[api]
        land(
            self.store, place_stem(batch, self.item), container, csv, **{"batch": batch.id, "account": "acct_1", **more}
        )

    def fail(self, api: Api, code: str = "internal_error") -> None:
        failure = FailureRecord(
            attempt=2,
            error_class=FailureClass.PROVIDER,
            code=code,
            message="Cannot cast 'secret row' to bigint",
            query_run=None,
            request_id=None,
            at=NOW,
        )
        self.ledger.record_failure(self.batches[api].id, LANE, 0, failure)

    def compared(self) -> Comparison:
        (found,) = compare_batches(self.ledger, self.open, self.batches)
        return found

    def open(self, _url: str) -> Store:
        return self.store


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.mark.parametrize(
    ("csv", "verdict"),
    [
        (CSV, Verdict.EQUAL),
        (CSV.replace(b"\n", b"\r\n"), Verdict.WRITTEN),
        (b'\xef\xbb\xbf"id","amount"\n"ch_a","1.50"\n"ch_b","2.25"\n', Verdict.WRITTEN),
        (b"id,amount\nch_b,2.25\nch_a,1.50\n", Verdict.ORDER),
        (b"id,amount\nch_a,1.5000\nch_b,2.2500\n", Verdict.FORM),
        (b"amount,id\n1.50,ch_a\n2.25,ch_b\n", Verdict.COLUMNS),
        (b"id,amount,fee\nch_a,1.50,x\nch_b,2.25,x\n", Verdict.COLUMNS),
        (b"id,amount\nch_a,1.51\nch_b,2.25\n", Verdict.DIFFERENT),
        (b"id,amount\nch_a,1.50\n", Verdict.DIFFERENT),
        (b"id,amount,fee\nch_a,1.51,x\nch_b,2.25,x\n", Verdict.DIFFERENT),
    ],
)
def test_what_landed_on_both_sides_has_a_verdict(pair: Pair, csv: bytes, verdict: Verdict) -> None:
    pair.land(Api.REPORTING)
    pair.land(Api.DATA, csv)
    found = pair.compared()
    assert found.verdict is verdict
    assert (found.name, found.account) == ("fees", "acct_1")
    assert (found.rows is None) == (verdict is Verdict.EQUAL)
    assert found.verdict.is_difference == (verdict is not Verdict.EQUAL)


def test_what_is_stored_otherwise_is_the_same_csv(pair: Pair) -> None:
    pair.land(Api.REPORTING)
    pair.land(Api.DATA, container="csv.zip")
    assert pair.compared().verdict is Verdict.EQUAL


def test_a_failure_of_one_side_is_told_by_class_and_code_and_not_by_its_words(pair: Pair) -> None:
    pair.land(Api.REPORTING)
    pair.fail(Api.DATA)
    found = pair.compared()
    assert found.verdict is Verdict.ONE_SIDE
    assert isinstance(found.reporting, LandedSide)
    assert found.data == FailedSide(error_class="provider", code="internal_error")
    assert "secret" not in found.model_dump_json()


def test_two_failures_are_no_difference(pair: Pair) -> None:
    pair.fail(Api.REPORTING)
    pair.fail(Api.DATA, "query_run_invalid_sql")
    found = pair.compared()
    assert found.verdict is Verdict.FAILED
    assert not found.verdict.is_difference


@pytest.mark.parametrize(
    "other", [lambda pair: None, lambda pair: pair.land(Api.DATA), lambda pair: pair.fail(Api.DATA)]
)
def test_what_neither_landed_nor_failed_is_not_compared(pair: Pair, other: Callable[[Pair], None]) -> None:
    other(pair)
    assert pair.compared().verdict is Verdict.NOT_COMPARED


def test_what_was_asked_with_another_text_is_not_compared(pair: Pair) -> None:
    pair.land(Api.REPORTING)
    pair.land(Api.DATA, sql_sha256="mended")
    found = pair.compared()
    assert (found.verdict, found.note) == (
        Verdict.NOT_COMPARED,
        "the two were asked with other texts: one of them was mended",
    )


def test_bytes_that_differ_and_cannot_be_read_are_a_difference(pair: Pair) -> None:
    pair.land(Api.REPORTING)
    pair.land(Api.DATA, b"id\n\xff\xfe\n")
    found = pair.compared()
    assert (found.verdict, found.rows) == (Verdict.DIFFERENT, None)
    assert found.note.startswith("what differs could not be read: ")


@pytest.mark.parametrize(
    ("reporting", "data", "moved"), [(NOW, NOW, False), (NOW, NOW + timedelta(hours=3), True), (None, NOW, None)]
)
def test_whether_data_moved_in_between_is_known_where_both_tell(
    pair: Pair, reporting: datetime | None, data: datetime, moved: bool | None
) -> None:
    pair.land(Api.REPORTING, refreshed_at=reporting)
    pair.land(Api.DATA, refreshed_at=data)
    assert pair.compared().data_moved is moved


def test_the_report_has_no_value_and_lies_where_verifying_finds_nothing_strange(pair: Pair) -> None:
    pair.land(Api.REPORTING, b"id,amount\nch_secret,1.50\n")
    pair.land(Api.DATA, b"id,amount\nch_secret,1.77\n")
    report = ShadowReport(
        shadow="shadow-fees",
        definition="fees",
        window=None,
        compared_at=NOW,
        connection="acme",
        batches={api: batch.id for api, batch in pair.batches.items()},
        items=(pair.compared(),),
    )
    key = write_report(pair.store, report)
    assert key == shadow_report_key("shadow-fees") == "_shadow/shadow-fees.json"
    text = pair.store.get(key).decode()
    assert not [value for value in ("ch_secret", "1.50", "1.77") if value in text]
    assert (report.equal, report.differences) == (0, 1)
    found: list[Discrepancy] = verified(pair.store)[1]
    assert found == []
