"""Makes what Forebay has checked of results, and whether every account has its own, asset checks of Dagster.

They are evaluated where the window is landed, by Forebay: nothing is read twice. A check of Dagster has one answer a
step, so that of a range is for all of its windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from dagster_forebay.extract_description import ExtractDescription
from forebay_client import BatchStatus

DATA_CHECKS, ACCOUNT_COVERAGE = "data_checks", "account_coverage"
_FINDINGS_SHOWN = 50


def check_specs_of(extract: ExtractDescription, key: dg.AssetKey) -> Sequence[dg.AssetCheckSpec]:
    """Gives the checks of an extract's asset; checks of its data only where the spec has any."""
    specs = [
        dg.AssetCheckSpec(
            ACCOUNT_COVERAGE,
            asset=key,
            description="Each account that is asked has its results; where only one is, each query.",
        )
    ]
    if extract.checks:
        said = ", ".join(extract.checks)
        specs.append(
            dg.AssetCheckSpec(DATA_CHECKS, asset=key, description=f"What the spec has checked of results: {said}.")
        )
    return specs


def check_results_of(
    extract: ExtractDescription, key: dg.AssetKey, ended: Iterable[BatchStatus]
) -> Iterator[dg.AssetCheckResult]:
    """Yields the results of an asset's checks over windows that ended, well or not; nothing where none did."""
    batches = [status for status in ended if status.ended]
    if not batches:
        return
    yield _coverage(key, batches)
    if extract.checks:
        yield _data_checks(key, batches)


def _coverage(key: dg.AssetKey, batches: Sequence[BatchStatus]) -> dg.AssetCheckResult:
    counts = [_expected_and_landed(status) for status in batches]
    expected, landed = sum(each[0] for each in counts), sum(each[1] for each in counts)
    missing = sorted({account for status in batches if status.coverage for account in status.coverage.missing})
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ACCOUNT_COVERAGE,
        passed=landed >= expected,
        description=f"{landed} of {expected} landed",
        metadata={"expected": expected, "landed": landed, "missing": missing[:_FINDINGS_SHOWN]},
    )


def _expected_and_landed(status: BatchStatus) -> tuple[int, int]:
    """Counts accounts; where the extract asks for none, whose connection it is, runs."""
    if status.coverage and status.coverage.expected:
        return status.coverage.expected, status.coverage.landed
    return status.runs, status.landed


def _data_checks(key: dg.AssetKey, batches: Sequence[BatchStatus]) -> dg.AssetCheckResult:
    checks = [(status.id, check) for status in batches for check in status.checks]
    failed = [(batch, check) for batch, check in checks if not check.ok]
    lines = [f"- `{check.check}` of {check.name} in {batch}: {check.finding}" for batch, check in failed]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=DATA_CHECKS,
        passed=not failed,
        description=f"{len(checks) - len(failed)} of {len(checks)} passed",
        metadata={
            "checks": len(checks),
            "failed": len(failed),
            "findings": dg.MetadataValue.md("\n".join(lines[:_FINDINGS_SHOWN])),
        },
    )
