"""What the client gives: read from what the API says, whatever it says more, and with nothing secret in its repr."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from forebay_client import BatchStatus, CostLine, LandedResult, SignedLink
from tests.client.told import batch_facts

MANIFEST = {
    "name": "q 1",
    "account": "acct_1",
    "object": {"url": "file:///srv/out/b1/q%201.csv", "format": "csv", "bytes": 9, "sha256": "ab"},
    "csv": {"records": 2, "columns": ["id", "n"]},
}
RUN = {"lane": "acme:test", "index": 3, "name": "q 1", "account": "acct_1"}


def test_a_field_that_this_release_does_not_know_is_kept_and_in_no_ones_way() -> None:
    status = BatchStatus.of(batch_facts(mood="good"))

    assert status.facts["mood"] == "good"
    assert "mood" not in repr(status)


def test_values_are_frozen_and_equal_by_what_they_say() -> None:
    status = BatchStatus.of(batch_facts())

    with pytest.raises(FrozenInstanceError):
        status.landed = 3  # type: ignore[misc]
    assert status == BatchStatus.of(batch_facts(mood="good"))


def test_a_result_in_a_folder_has_a_path_and_one_in_a_bucket_none() -> None:
    result = LandedResult.of("b1", RUN, MANIFEST)

    assert (result.name, result.account, result.index, result.records) == ("q 1", "acct_1", 3, 2)
    assert result.path == "/srv/out/b1/q 1.csv"
    assert replace(result, url="s3://bucket/b1/q%201.csv").path is None


def test_a_link_is_in_no_repr() -> None:
    facts = {"url": "https://b/q?sig=SECRET", "object": "s3://b/q", "format": "csv", "bytes": 1, "sha256": "ab"}
    link = SignedLink.of(facts, "2026-11-27T07:00:00+00:00")

    assert link.url.endswith("SECRET")
    assert "SECRET" not in repr(link)
    assert link.expires_at == datetime(2026, 11, 27, 7, tzinfo=UTC)


def test_a_cost_is_exact_and_unknown_where_no_price_holds() -> None:
    facts = {"day": "2026-11-26", "runs": 3, "failed": 0, "bytes": 9, "seconds": 1.5, "cost": "0.10", "currency": "usd"}

    line = CostLine.read(("day",), facts)

    assert (line.of, str(line.cost)) == ({"day": "2026-11-26"}, "0.10")
    assert CostLine.read((), {**facts, "cost": None}).cost is None
