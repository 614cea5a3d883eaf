"""What requests look like: what is said is sent, and what is not said is not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from forebay_client import asking
from forebay_client.asked_queries import Query, queries
from forebay_client.errors import InputRefused


def test_queries_and_terms_are_sent_as_the_api_names_them() -> None:
    asked = asking.submission(
        [Query(sql="SELECT 1", name="one"), Query(sql="SELECT 2", account="acct_1")],
        {"key": "daily-1", "to": "s3://b/p", "flow_class": "backfill", "format": "parquet"},
    )

    assert (asked.method, asked.path, asked.repeatable) == ("POST", "/batches", True)
    assert asked.body == {
        "queries": [{"sql": "SELECT 1", "name": "one"}, {"sql": "SELECT 2", "account": "acct_1"}],
        "key": "daily-1",
        "to": "s3://b/p",
        "class": "backfill",
        "format": "parquet",
    }


def test_a_definition_is_sent_by_its_name() -> None:
    asked = asking.submission("charges_daily", {"window": date(2026, 11, 26), "params": {"min": 3}})

    assert asked.body == {"definition": "charges_daily", "window": "2026-11-26", "params": {"min": "3"}}


@pytest.mark.parametrize(
    ("what", "terms", "again"),
    [
        ({"q": "SELECT 1"}, {}, False),
        ({"q": "SELECT 1"}, {"key": "k"}, True),
        ("month_end", {}, False),
        ("month_end", {"key": "k"}, True),
        ("charges_daily", {"window": "2026-11-26"}, True),
        ("charges_daily", {"window": "2026-11-26", "again": True}, False),
    ],
)
def test_only_what_is_made_once_however_often_it_is_sent_may_be_sent_again(
    what: Any, terms: asking.Terms, *, again: bool
) -> None:
    assert asking.submission(what, terms).repeatable is again


def test_a_parameter_that_is_none_is_left_away() -> None:
    asked = asking.submission("charges_daily", {"params": {"min": 3, "max": None}})

    assert asked.body == {"definition": "charges_daily", "params": {"min": "3"}}


@pytest.mark.parametrize("name", ["", None, ".", ".."])
def test_what_would_be_the_path_of_something_else_is_no_name(name: Any) -> None:
    for ask in (asking.batch, asking.deed, lambda name: asking.extract(name, 3), lambda name: asking.window("x", name)):
        with pytest.raises(InputRefused, match="is no name of a batch, "):
            ask(name)


@pytest.mark.parametrize("what", [[], {}, "SELECT 1 FROM charges", "", ["SELECT 1"]])
def test_what_is_neither_a_name_nor_queries_is_refused(what: Any) -> None:
    with pytest.raises(InputRefused):
        asking.submission(what, {})


def test_a_term_that_is_none_is_an_error_of_the_caller() -> None:
    with pytest.raises(TypeError, match=r"takes no window_; it takes key, to, "):
        asking.submission("x", {"window_": "2026"})  # type: ignore[typeddict-unknown-key]


def test_names_of_others_stay_within_their_part_of_a_path() -> None:
    assert asking.batch("a/../b?c").path == "/batches/a%2F..%2Fb%3Fc"
    assert asking.links("b1", "acme:live", 3, 60).path == "/batches/b1/runs/acme:live/3/links"


def test_moments_are_windows() -> None:
    assert asking.window("x", datetime(2026, 11, 26, 7, tzinfo=UTC)).path.endswith("/windows/2026-11-26T07:00%2B00:00")
    assert asking.window("x", "2026-W48").path == "/extracts/x/windows/2026-W48"


def test_files_are_queries_by_their_names(tmp_path: Any) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.sql").write_text(f"SELECT '{name}'")

    assert queries(tmp_path / "*.sql") == [
        Query(sql="SELECT 'a'", name="a"),
        Query(sql="SELECT 'b'", name="b"),
    ]
    with pytest.raises(InputRefused, match="no file is like"):
        queries(tmp_path / "*.txt")
    with pytest.raises(InputRefused, match="cannot be read"):
        queries(tmp_path / "c.sql")
