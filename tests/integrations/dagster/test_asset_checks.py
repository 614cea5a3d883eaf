"""Checks of Forebay's are asset checks: what was found, over all windows of a step."""

from __future__ import annotations

import dagster as dg

from dagster_forebay import ExtractDescription
from dagster_forebay.asset_checks import check_results_of, check_specs_of
from tests.integrations.dagster.test_step_failures import status

KEY = dg.AssetKey("fees")
FEES = ExtractDescription(name="fees", every="1d", time_zone="UTC", first_start="2026-01-01T00:00:00+00:00")
CHECKED = ExtractDescription(
    name="fees", every="1d", time_zone="UTC", first_start="2026-01-01T00:00:00+00:00", checks=("rows",)
)


def finding(ok: bool) -> dict[str, object]:
    return {"check": "rows", "name": "fees", "account": None, "ok": ok, "finding": "5 records, at most 1"}


def test_an_extract_without_checks_has_none_of_its_data() -> None:
    assert [spec.name for spec in check_specs_of(FEES, KEY)] == ["account_coverage"]
    assert [spec.name for spec in check_specs_of(CHECKED, KEY)] == ["account_coverage", "data_checks"]


def test_accounts_that_are_missing_are_named() -> None:
    whole = status(coverage={"expected": 2, "landed": 2})
    lacking = status(coverage={"expected": 2, "landed": 1, "missing": ["acct_2"]})

    (result,) = check_results_of(FEES, KEY, [whole, lacking])

    assert (result.passed, result.description) == (False, "3 of 4 landed")
    assert result.metadata["missing"].value == ["acct_2"]


def test_one_check_of_many_windows_that_failed_fails() -> None:
    batches = [status(runs=1, landed=1, checks=[finding(ok)]) for ok in (True, False)]

    coverage, data = check_results_of(CHECKED, KEY, batches)

    assert (coverage.passed, data.passed, data.description) == (True, False, "1 of 2 passed")
    assert data.metadata["findings"].value == "- `rows` of fees in fees.1: 5 records, at most 1"


def test_of_a_batch_that_goes_on_nothing_is_said() -> None:
    assert [*check_results_of(CHECKED, KEY, [status(ended=False)])] == []
