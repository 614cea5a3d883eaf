from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from forebay.config.document import values
from forebay.config.document.cron import check_cron
from forebay.config.document.values import CatchUp
from forebay.config.document.zones import check_zone

_TYPES = ["PeriodText", "Share", "LocalMoment", "Every", "When", "CatchUpText", "Zone", "Account", "SecretText"]


@pytest.mark.parametrize("name", _TYPES)
def test_what_the_schema_shows_as_an_example_is_taken(name: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(getattr(values, name))

    for example in adapter.json_schema()["examples"]:
        adapter.validate_python(example, strict=True)


@pytest.mark.parametrize("name", [*_TYPES, "Name", "KeyText", "SqlText", "Param"])
@given(given=st.one_of(st.text(max_size=30), st.text("0123456789mhdw-*/ %:T", max_size=20), st.integers(), st.none()))
def test_whatever_is_written_is_taken_or_refused_in_one_sentence(name: str, given: object) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(getattr(values, name))

    try:
        adapter.validate_python(given, strict=True)
    except ValidationError as error:
        sentences = [said["msg"] for said in error.errors()]
    else:
        return
    assert len(sentences) == 1


@given(st.integers(1, 999999))
def test_a_rule_for_catching_up_is_read_as_it_is_written(most: int) -> None:
    assert CatchUp.parse(str(CatchUp(most))) == CatchUp(most)


def test_catching_up_with_none_runs_the_newest() -> None:
    assert CatchUp.parse("none") == CatchUp(1)
    assert CatchUp.parse("all") == CatchUp(None)
    assert str(CatchUp(None)) == "all"


@given(st.lists(st.text("0123456789*/-,LWMON#", min_size=1, max_size=5), min_size=5, max_size=5).map(" ".join))
def test_a_cron_line_that_is_taken_has_a_next_moment(line: str) -> None:
    try:
        check_cron(line)
    except ValueError:
        return

    assert next(CronSim(line, datetime(2026, 6, 1, tzinfo=UTC)), None) is not None


def test_a_cron_line_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bad day|never comes"):
        check_cron("0 0 31 2,4 *")


@pytest.mark.parametrize(
    ("name", "meant"), [("europe/berlin", "Europe/Berlin"), ("America/New York", "America/New_York")]
)
def test_a_zone_that_is_nearly_one_is_named(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
        check_zone(name)


@pytest.mark.parametrize("name", ["", "/etc/passwd", "Europe", "a\0b", "x" * 5000])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        check_zone(name)
