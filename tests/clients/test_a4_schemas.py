"""The sandbox's catalogue of tables, held to the types and errors of stripe==16.1.0a4."""

import pytest

from tests.clients.a4 import A4, Refused
from tests.clients.judging import faults
from tests.sandbox.driver import Api

SCHEMAS = "v2.data.schemas"
TYPE = "stripe.v2.data._schema.Schema"
#: Text for models, which Stripe has of some tables only, and the sandbox of none.
NEVER = frozenset({"extended_description"})


def test_every_field_of_each_table_is_there_with_its_type_over_all_pages(a4: A4, api: Api) -> None:
    described = a4.described(TYPE)

    tables = a4.pages(api.url, f"{SCHEMAS}.list", {"include": ["columns"], "limit": 20})

    assert len(tables) > 20
    assert {table.kind for table in tables} == {TYPE}
    for table in tables:
        assert list(faults(table.fields, described, absent=NEVER)) == [], table.fields["name"]


def test_columns_are_there_where_they_are_asked_for(a4: A4, api: Api) -> None:
    (table,) = a4.pages(api.url, f"{SCHEMAS}.list", {"name": "charges", "dataset": "analytical"})

    whole = a4.call(api.url, f"{SCHEMAS}.retrieve", table.fields["id"])

    assert list(faults(table.fields, a4.described(TYPE), absent=NEVER | {"columns"})) == []
    assert list(faults(whole.fields, a4.described(TYPE), absent=NEVER)) == []
    assert {name: value for name, value in whole.fields.items() if name != "columns"} == table.fields


def test_a_table_that_is_not_there_is_an_invalid_request(a4: A4, api: Api) -> None:
    with pytest.raises(Refused) as caught:
        a4.call(api.url, f"{SCHEMAS}.retrieve", "nosuch")

    assert (caught.value.kind, caught.value.status, caught.value.code) == ("InvalidRequestError", 404, "not_found")


@pytest.mark.parametrize("access", ["forbidden", "disabled"])
def test_a_catalogue_that_the_key_may_not_see_is_a_permission_error(a4: A4, api: Api, access: str) -> None:
    api.control(schemas=access)

    with pytest.raises(Refused) as caught:
        a4.pages(api.url, f"{SCHEMAS}.list")

    assert (caught.value.kind, caught.value.status) == ("PermissionError", 403)


def test_a_request_limit_is_a_rate_limit_error(a4: A4, api: Api) -> None:
    api.fault("rate_limited", reason="endpoint-rate")

    with pytest.raises(Refused) as caught:
        a4.pages(api.url, f"{SCHEMAS}.list")

    assert (caught.value.kind, caught.value.status) == ("RateLimitError", 429)
