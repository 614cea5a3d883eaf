"""Results of before that would be counted with new ones, though they lie at other places."""

from datetime import UTC, datetime, timedelta
from typing import Any

from forebay.landing.manifest import ByAccountPart, CsvPart, Manifest
from forebay.scheduler.closing.overtaken import overtaken
from tests.landing.verifying.trees import manifest_of

NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)


def result(account: str | None, hour: int = 0, name: str = "fees", **more: Any) -> Manifest:
    csv = b"id\n1\n"
    return manifest_of(f"b/{account}/{name}", csv, csv, "csv", account=account).model_copy(
        update={"submitted_at": NOON + timedelta(hours=hour), **more}
    )


def of_before(*results: Manifest) -> dict[str, Manifest]:
    return {f"{each.account}/{each.name}": each for each in results}


BEFORE = of_before(result("a"), result("b"), result("a", name="refunds"))


def test_one_over_all_accounts_overtakes_each_of_its_query() -> None:
    assert list(overtaken([result(None, 1)], BEFORE, whole=True, complete={"fees"})) == ["a/fees", "b/fees"]


def test_one_that_is_sorted_leaves_out_who_has_no_records_any_more() -> None:
    part = ByAccountPart(
        column="account", kept=False, of=1, csv=CsvPart(bytes=1, sha256="", records=1, columns=("id",))
    )
    mine = [result("a", 1, by_account=part)]
    assert list(overtaken(mine, BEFORE, whole=True, complete={"fees"})) == ["b/fees"]


def test_one_of_an_account_leaves_the_others_as_they_were() -> None:
    assert list(overtaken([result("a", 1)], BEFORE, whole=False, complete={"fees"})) == []


def test_all_of_the_accounts_overtake_the_one_over_all() -> None:
    whole = of_before(result(None))
    mine = [result("a", 1), result("b", 1)]
    assert list(overtaken(mine, whole, whole=False, complete={"fees"})) == ["None/fees"]
    assert list(overtaken(mine, whole, whole=False, complete=())) == []


def test_what_was_asked_later_stays() -> None:
    later = of_before(result("b", 2))
    assert list(overtaken([result(None, 1)], later, whole=True, complete={"fees"})) == []
