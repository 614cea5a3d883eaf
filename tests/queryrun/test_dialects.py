import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.stripe import API_VERSIONS, Api
from forebay.queryrun.dialects import DIALECTS, api_of


def test_each_api_that_a_connection_may_name_has_a_dialect():
    assert set(DIALECTS) == set(Api) == set(API_VERSIONS)


def test_no_two_dialects_create_in_one_place():
    assert len({dialect.create_path for dialect in DIALECTS.values()}) == len(DIALECTS)


@given(st.text(), st.booleans())
def test_no_two_dialects_write_the_same_create(sql: str, compress: bool):
    """The body is all that tells their idempotency keys apart."""
    bodies = {dialect.body(sql=sql, compress=compress) for dialect in DIALECTS.values()}
    assert len(bodies) == len(DIALECTS)


@pytest.mark.parametrize(
    ("query_run", "api"),
    [
        ("qryrun_1", Api.REPORTING),
        ("qryrun_test_1", Api.REPORTING),
        ("qrun_1", Api.DATA),
        ("qrun_test_1", Api.DATA),
        ("qry_1", None),
        ("", None),
    ],
)
def test_the_id_of_a_query_run_tells_who_made_it(query_run: str, api: Api | None):
    assert api_of(query_run) is api
