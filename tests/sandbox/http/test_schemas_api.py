"""The list of tables: what it shows to whom, its filters, its pages, and the ways in which it is refused."""

from typing import Any

import pytest

from tests.sandbox.driver import LIVE_KEY, ORGANIZATION_KEY, SCHEMAS, VERSION, Api, error_of

COLUMNS = {"include[0]": "columns"}


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [schema["name"] for schema in answer.json()["data"]]


def test_a_table_is_told_with_its_columns_its_key_and_where_it_leads(api: Api) -> None:
    (charges,) = api.schemas(name="charges", **COLUMNS).json()["data"]
    columns = {column["name"]: column for column in charges.pop("columns")}
    assert charges == {
        "id": "schema_charges",
        "object": "v2.data.schema",
        "name": "charges",
        "dataset": "analytical",
        "description": "One row for each of the charges (generated data).",
        "livemode": False,
        "refreshed_at": "2026-11-01T00:00:00.000Z",
        "relevant_reports": [],
    }
    assert columns["customer_id"] == {
        "name": "customer_id",
        "type": "varchar",
        "description": "The customer id of the row.",
        "is_primary_key": False,
        "foreign_keys_from": [],
        "foreign_keys_to": [{"schema": "customers", "column": "id"}],
    }
    assert columns["id"]["is_primary_key"]
    assert {"schema": "refunds", "column": "charge_id"} in columns["id"]["foreign_keys_from"]
    assert (columns["amount"]["type"], columns["created"]["type"]) == ("bigint", "timestamp")
    assert "account" not in columns


def test_columns_are_those_that_an_account_sees_in_their_order_and_of_types_that_stripe_lists(api: Api) -> None:
    types = set()
    for table in api.schemas(limit=1000, **COLUMNS).json()["data"]:
        header = api.csv(f"SELECT * FROM {table['name']} LIMIT 0")
        assert header == ",".join(column["name"] for column in table["columns"]) + "\n"
        types |= {column["type"] for column in table["columns"]}
    assert types == {"varchar", "bigint", "boolean", "double", "timestamp", "date"}


def test_columns_are_told_of_one_table_always_and_in_a_list_where_they_are_asked_for(api: Api) -> None:
    (plain,) = api.schemas(name="charges").json()["data"]
    assert "columns" not in plain
    whole = api.schemas(f"{SCHEMAS}/{plain['id']}").json()
    assert whole["columns"] == api.schemas(name="charges", **COLUMNS).json()["data"][0]["columns"]
    assert error_of(api.schemas(f"{SCHEMAS}/schema_nothing"))["code"] == "not_found"


def test_pages_lead_to_each_other_and_keep_what_was_asked_for(api: Api) -> None:
    everything = names(api.schemas(limit=1000))
    first = api.schemas(**COLUMNS)
    assert names(first) == everything[:10] == sorted(everything)[:10]
    assert first.json()["previous_page_url"] is None
    seen, page = names(first), first.json()
    while page["next_page_url"]:
        assert page["next_page_url"].startswith(f"{SCHEMAS}?include")
        page = api.schemas(page["next_page_url"]).json()
        assert all(schema["columns"] for schema in page["data"])
        seen += [schema["name"] for schema in page["data"]]
    assert seen == everything
    assert (
        api.schemas(page["previous_page_url"]).json()["data"][-1]["name"] == everything[len(everything) // 10 * 10 - 1]
    )


def test_as_many_tables_are_told_as_stripe_has(api: Api) -> None:
    api.control(made_up_tables=300)
    assert len(names(api.schemas(limit=1000))) > 350
    assert names(api.schemas(name="made_up_table_0300")) == ["made_up_table_0300"]
    assert api.counts()["requests"]["list_schemas"] == {"200": 2}


def test_tables_are_refreshed_with_the_data_or_when_a_setting_says(api: Api) -> None:
    api.control(data_load_time="2026-10-25")
    assert api.schemas().json()["data"][0]["refreshed_at"] == "2026-10-25T00:00:00.000Z"
    api.control(schemas_refreshed_at="2026-11-29T09:00:00+01:00")
    assert api.schemas().json()["data"][0]["refreshed_at"] == "2026-11-29T08:00:00.000Z"


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "x"},
        {"page": "nonsense"},
        {"page": "6Zmk"},
        {"dataset": "operational"},
        {"include[0]": "rows"},
        {"types[0]": "a"},
    ],
)
def test_what_it_does_not_know_is_refused(api: Api, params: dict[str, Any]) -> None:
    answer = api.schemas(**params)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "invalid_fields")


def test_tables_are_told_in_either_mode_and_to_an_organization(api: Api) -> None:
    assert api.schemas(key=LIVE_KEY).json()["data"][0]["livemode"]
    assert names(api.schemas(key=ORGANIZATION_KEY)) == names(api.schemas(key="rk_test_readonly_x"))


def test_versions_are_those_of_the_successor(api: Api) -> None:
    assert api.schemas(version="2026-09-30.preview").status_code == 200
    refused = api.schemas(version=VERSION)
    assert (refused.status_code, "2026-10-28.preview" in error_of(refused)["message"]) == (400, True)


@pytest.mark.parametrize(
    ("setting", "key", "status", "code"),
    [
        ("listed", "sk_test_invalid", 401, None),
        ("listed", "rk_test_noaccess_x", 403, "query_run_api_inaccessible"),
        ("listed", "rk_test_noschemas_x", 403, "permission_denied"),
        ("disabled", "rk_test_x", 403, "query_run_api_inaccessible"),
        ("forbidden", "rk_test_x", 403, "permission_denied"),
        ("missing", "rk_test_x", 404, "not_found"),
    ],
)
def test_whoever_may_not_is_refused(api: Api, setting: str, key: str, status: int, code: str | None) -> None:
    api.control(schemas=setting)
    for path in (SCHEMAS, f"{SCHEMAS}/schema_charges"):
        answer = api.schemas(path, key=key)
        assert (answer.status_code, error_of(answer).get("code")) == (status, code)


def test_its_limiter_is_its_own(api: Api) -> None:
    api.control(endpoint_rate_per_s=1)
    assert [api.schemas().status_code, api.schemas().status_code, api.retrieve("qryrun_x").status_code] == [
        200,
        429,
        404,
    ]


def test_a_list_can_be_endless_empty_or_elsewhere(api: Api) -> None:
    api.fault("page_endless", operation="list_schemas")
    assert api.schemas(limit=1000).json()["next_page_url"].startswith(SCHEMAS)
    api.fault("page_empty", operation="list_schemas")
    assert names(api.schemas()) == []
    api.fault("page_elsewhere", operation="list_schemas")
    assert api.schemas().json()["next_page_url"].startswith("http://elsewhere.invalid/v2/data/schemas?")
