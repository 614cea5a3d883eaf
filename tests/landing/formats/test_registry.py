import hashlib

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from forebay.config.result_format import ResultFormat
from forebay.landing.errors import UnknownResult
from forebay.landing.formats.containers import CONTAINERS
from forebay.landing.formats.format import Limits
from forebay.landing.formats.registry import FORMATS, format_named
from tests.landing.conftest import zipped
from tests.landing.formats.conftest import Store


def test_each_format_that_can_be_asked_for_is_there_and_no_other():
    assert set(FORMATS) == set(ResultFormat)


def test_a_format_of_a_newer_forebay_is_refused_with_those_that_are_known():
    with pytest.raises(UnknownResult, match=r"no format 'orc'; there is auto, csv, zip, csv\.gz, csv\.zst, parquet$"):
        format_named("orc")


@pytest.mark.parametrize("content_type", ["csv", "zip"])
@pytest.mark.parametrize("name", [name for name in ResultFormat if name is not ResultFormat.PARQUET])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(csv=st.binary(max_size=2000), piece=st.integers(1, 700), large=st.integers(1, 2000))
def test_whatever_the_csv_what_landed_holds_the_same_bytes(
    stored: Store, name: str, content_type: str, csv: bytes, piece: int, large: int
):
    assume(content_type == "zip" or not csv.startswith((b"PK\x03\x04", b"<")))  # taken for what they look like
    delivered = zipped(csv) if content_type == "zip" else csv

    result = stored(format_named(name), delivered, content_type, limits=Limits(large_csv_bytes=large), piece=piece)

    container = CONTAINERS[result.output.format]
    assert container.csv_in
    assert result.output.key == f"batch/acct_1/fees.{container.suffix}"
    assert b"".join(container.csv_in(iter([result.data]), len(csv))) == csv
    assert (result.content.bytes, result.content.sha256) == (len(csv), hashlib.sha256(csv).hexdigest())
    assert (result.output.bytes, result.output.sha256) == (len(result.data), hashlib.sha256(result.data).hexdigest())
