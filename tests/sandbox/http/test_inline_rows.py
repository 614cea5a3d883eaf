"""Rows in the answer itself, page by page, over HTTP."""

import csv
import io
from typing import Any

import httpx
import pytest

from tests.sandbox.driver import DataApi, error_of

SQL = "SELECT id, amount, description FROM charges ORDER BY id LIMIT 25"


def asked(api: DataApi, run: dict[str, Any], **params: Any) -> httpx.Response:
    url = f"{api.runs}/{run['id']}"
    return api.http.get(url, params={"include[0]": "result.inline", **params}, headers=api.headers())


def inline(api: DataApi, run: dict[str, Any], **params: Any) -> Any:
    answer = asked(api, run, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]["inline"]


def test_ten_rows_are_shown_where_they_are_asked_for_and_the_file_beside(data_api: DataApi) -> None:
    run = data_api.run(SQL)
    assert "inline" not in run["result"]
    result = asked(data_api, run).json()["result"]
    assert result["inline"]["columns"] == result["file"]["columns"]
    assert (len(result["inline"]["rows"]), result["row_count"]) == (10, "25")
    assert result["inline"]["rows"][0]["data"].keys() == {"id", "amount", "description"}


@pytest.mark.parametrize("compress", [False, True])
def test_all_pages_together_are_the_file(data_api: DataApi, *, compress: bool) -> None:
    run = data_api.run(SQL, compress=compress)
    page = inline(data_api, run, limit=7)
    rows, pages = list(page["rows"]), 1
    while url := page["next_page_url"]:
        page = data_api.http.get(url, headers=data_api.headers()).json()["result"]["inline"]
        rows, pages = rows + page["rows"], pages + 1
    whole = data_api.http.get(f"/sandbox/runs/{run['id']}/csv").text
    expected = [{name: value or None for name, value in row.items()} for row in csv.DictReader(io.StringIO(whole))]
    assert ([row["data"] for row in rows], pages) == (expected, 4)


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ("text", {"n": "7", "half": "0.5", "yes": "true", "no": "false", "money": "1.50", "word": "7", "none": None}),
        ("native", {"n": 7, "half": 0.5, "yes": True, "no": False, "money": "1.50", "word": "7", "none": None}),
    ],
)
def test_values_are_text_or_of_their_columns_type(data_api: DataApi, values: str, row: dict[str, Any]) -> None:
    data_api.control(inline_values=values)
    run = data_api.run(
        "SELECT 7 AS n, CAST(0.5 AS DOUBLE) AS half, true AS yes, false AS no, "
        "CAST('1.50' AS DECIMAL(10, 2)) AS money, '7' AS word, CAST(NULL AS BIGINT) AS none"
    )

    (shown,) = inline(data_api, run)["rows"]

    assert shown["data"] == row


def test_a_page_leads_back(data_api: DataApi) -> None:
    run = data_api.run(SQL)
    first = inline(data_api, run)
    assert first["previous_page_url"] is None
    second = data_api.http.get(first["next_page_url"], headers=data_api.headers()).json()["result"]["inline"]
    back = data_api.http.get(second["previous_page_url"], headers=data_api.headers()).json()["result"]["inline"]
    assert back["rows"] == first["rows"]


def test_a_result_without_rows_is_a_page_without_rows(data_api: DataApi) -> None:
    page = inline(data_api, data_api.run("SELECT id FROM charges WHERE amount < 0"))
    assert (page["rows"], page["next_page_url"]) == ([], None)


def test_of_two_columns_of_one_name_the_map_has_the_last(data_api: DataApi) -> None:
    assert inline(data_api, data_api.run("SELECT 1 AS a, 2 AS a"))["rows"] == [{"data": {"a": "2"}}]


def test_a_null_alone_in_its_line_is_a_row(data_api: DataApi) -> None:
    assert inline(data_api, data_api.run("SELECT NULL AS a"))["rows"] == [{"data": {"a": None}}]


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"page": "x"}])
def test_a_limit_or_a_page_that_is_none_is_refused(data_api: DataApi, params: dict[str, Any]) -> None:
    answer = asked(data_api, data_api.run(), **params)
    (name,) = params
    assert (answer.status_code, error_of(answer)["message"].startswith(name)) == (400, True)


def test_a_run_without_a_result_shows_no_rows(data_api: DataApi) -> None:
    running = data_api.create("SELECT 1 -- sandbox: duration=60").json()
    assert "result" not in asked(data_api, running).json()
