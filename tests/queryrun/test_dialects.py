from forebay.config.stripe import Api
from forebay.queryrun.dialects import DIALECTS


def test_each_api_that_a_connection_may_name_has_a_dialect():
    assert set(DIALECTS) == set(Api)


def test_no_two_dialects_create_in_one_place():
    assert len({dialect.create_path for dialect in DIALECTS.values()}) == len(DIALECTS)
