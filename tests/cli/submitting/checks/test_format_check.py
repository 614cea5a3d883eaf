"""What `doctor` says of formats that need something."""

import pytest
import redis

from forebay.landing import parquet_extra
from tests.cli.conftest import Forebay
from tests.cli.submitting.checks.test_events_check import rows


def test_a_format_that_needs_nothing_is_no_row(deployed: redis.Redis, forebay: Forebay) -> None:
    assert "format" not in rows(forebay("doctor", "--json"))


def test_the_extra_of_a_format_that_is_asked_for_is_looked_for(
    deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_FORMAT", "parquet")
    assert rows(forebay("doctor", "--json"))["format"] == ("ok", "the extra parquet is installed here")

    monkeypatch.setattr(parquet_extra, "NEEDED", ("pyarrow_that_nobody_has",))
    said = forebay("doctor")
    assert said.code == 2
    assert "format parquet needs pyarrow_that_nobody_has" in said.out
    assert "pip install 'forebay[parquet]', here and where the workers run" in said.out
