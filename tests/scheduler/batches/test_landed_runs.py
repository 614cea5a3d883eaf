"""A result that was sorted by account is one again for whoever counts, and only when all of it is there."""

import pytest

from forebay.landing.manifest import ByAccountPart, CsvPart, Manifest
from forebay.scheduler.batches.landed_runs import together, wholes
from tests.scheduler.closing.test_checks import landed

WHOLE = CsvPart(bytes=30, sha256="0" * 64, records=3, columns=("who", "n"))


def of_account(account: str | None, csv: str, *, of: int = 3, query_run: str = "qryrun_1") -> Manifest:
    part = ByAccountPart(column="who", kept=False, of=of, csv=WHOLE)
    return landed(csv).model_copy(update={"account": account, "by_account": part, "query_run": query_run})


PARTS = [of_account(None, "who,n\n,3\n"), of_account("acct_1", "n\n1\n"), of_account("acct_2", "n\n2\n")]


def test_it_is_the_organizations_csv_with_the_columns_of_its_objects() -> None:
    whole = together(PARTS)

    assert (whole.account, whole.csv.records, whole.csv.bytes, whole.csv.columns) == (None, 3, 30, ("n",))
    assert whole.object.bytes == sum(part.object.bytes for part in PARTS)


def test_one_that_lacks_an_object_is_none_and_those_of_two_query_runs_are_two() -> None:
    other = [of_account(f"acct_{number}", "n\n", of=2, query_run="qryrun_2") for number in (1, 2)]

    assert wholes(PARTS[:2]) == []
    assert [whole.query_run for whole in wholes([*PARTS, *other])] == ["qryrun_1", "qryrun_2"]


def test_what_landed_as_one_stays_as_it_is() -> None:
    one = landed("n\n1\n")
    assert wholes([one]) == [one]
    assert together([one]) is one


def test_nothing_is_nothing_to_put_together() -> None:
    with pytest.raises(ValueError, match="nothing to put together"):
        together([])
