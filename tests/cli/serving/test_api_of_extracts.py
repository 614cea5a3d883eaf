"""The API shows windows, gaps and accounts as the ledger has them; what needs a person stands on today's list."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import redis

from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay
from tests.cli.serving.conftest import ask
from tests.cli.stripe import EndlessStripe
from tests.store.ledger.test_use_records import USE

SPEC = """
version: 1
connections:
  acme: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}"}}
accounts:
  shops: {{list: [acct_1, acct_2, acct_3]}}
defaults: {{output: results}}
extracts:
  daily:
    accounts: shops
    sql: "SELECT id FROM charges WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}"
    window: {{every: 1d, start: {start}}}
    schedule: {{when: at_end, late_after: 30d}}
"""


#: A day by its number: 0 is that of the first window.
DayOf = Callable[[int], str]


@pytest.fixture
def day(today: datetime) -> DayOf:
    return lambda number: f"{today + timedelta(days=number - 4):%Y-%m-%d}"


@pytest.fixture
def spec(folder: Path, stripe: EndlessStripe, deployed: redis.Redis, day: DayOf) -> Path:
    """A daily extract over three accounts, of which four windows are over."""
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, start=day(0)))
    return folder


def close(folder: Path, batch: str, **how: Any) -> None:
    """Writes what a closer leaves behind."""
    counts = {"runs": 3, "landed": 3, "failed": 0, "canceled": 0, "stored_bytes": 300, "records": 3}
    whole = {"at": datetime.now(UTC), "outcome": "landed", "coverage": {"expected": 3, "landed": 3}, **counts, **how}
    assert Ledger(LocalStore(folder / ".forebay" / "ledger")).record_closing(
        batch, Closing.model_validate(whole), after=0
    )


@pytest.fixture
def windows(spec: Path, forebay: Forebay, day: DayOf) -> list[str]:
    """The first landed, the second landed in part since one account is refused; the others never ran."""
    batches = []
    for number in (0, 1):
        said = forebay("submit", "daily", "--window", day(number))
        assert said.code == 0, said.err
        batches.append(said.out.splitlines()[0])
    close(spec, batches[0])
    refused = {"error_class": "auth", "message": "no access", "count": 1, "accounts": ["acct_2"]}
    coverage = {"expected": 3, "landed": 2, "missing": ["acct_2"], "empty": ["acct_3"]}
    close(spec, batches[1], outcome="partial", landed=2, failed=1, coverage=coverage, failures=[refused])
    return batches


def test_windows_stand_as_the_command_says(
    windows: list[str], forebay: Forebay, page: httpx.Client, day: DayOf
) -> None:
    told = [each for each in forebay("extracts", "daily", "--json").events if each["event"] == "window"]
    shown = ask(page, "/extracts/daily")

    for mine, theirs in zip(shown["windows"], told, strict=True):
        assert {name: mine[name] for name in ("start", "end", "batch", "outcome", "state")} == {
            name: theirs[name] for name in ("start", "end", "batch", "outcome", "state")
        }
    assert [each["state"] for each in shown["windows"]] == ["missing", "missing", "partial", "landed"]
    assert shown["windows"][0]["label"] == day(3)
    assert shown["coverage"] == {"expected": 3, "landed": 2}


def test_gaps_are_ranges_with_the_command_that_fills_them(windows: list[str], page: httpx.Client, day: DayOf) -> None:
    shown = ask(page, "/extracts/daily")

    (gap,) = shown["gap_ranges"]
    assert (gap["start"][:10], gap["end"][:10], gap["windows"]) == (day(1), day(4), 3)
    assert shown["next"] == "forebay backfill daily"
    assert ask(page, "/extracts/daily?windows=1")["next"] == f"forebay backfill daily --from {day(3)}"


@pytest.mark.parametrize(("late_after", "promised"), [("30d", None), ("1h", 4)])
def test_how_fresh_an_extract_is_stands_against_what_was_promised(
    windows: list[str],
    spec: Path,
    request: pytest.FixtureRequest,
    day: DayOf,
    late_after: str,
    promised: int | None,
) -> None:
    """The first window alone has landed whole."""
    written = spec / "forebay.yaml"
    written.write_text(written.read_text().replace("late_after: 30d", f"late_after: {late_after}"))
    page: httpx.Client = request.getfixturevalue("page")

    shown = ask(page, "/extracts/daily")

    assert shown["landed_until"][:10] == day(1)
    assert (shown["promised_until"] or "")[:10] == (day(promised) if promised else "")
    assert shown["behind"] is (promised is not None)
    assert ("so it is behind" in page.get("/x/daily").text) is shown["behind"]
    assert "behind what was promised" in page.get("/extracts").text or not shown["behind"]


def test_each_account_stands_as_its_newest_window_ended(windows: list[str], page: httpx.Client) -> None:
    states = {each["account"]: each["extracts"][0]["state"] for each in ask(page, "/accounts")["accounts"]}

    assert states == {"acct_2": "refused", "acct_1": "landed", "acct_3": "empty"}
    assert [*states] == ["acct_2", "acct_1", "acct_3"], "what did not come stands first"


def test_an_account_that_is_refused_says_since_when(windows: list[str], page: httpx.Client) -> None:
    (daily,) = ask(page, "/accounts/acct_2")["extracts"]

    assert [each["state"] for each in daily["windows"]] == ["refused", "landed"]
    assert daily["refused_since"] == daily["missing_since"] is not None
    (daily,) = ask(page, "/accounts/acct_1")["extracts"]
    assert daily["refused_since"] is daily["missing_since"] is None


def test_what_did_not_come_needs_a_person(windows: list[str], page: httpx.Client, day: DayOf) -> None:
    attention = [each for each in ask(page, "/today")["attention"] if each["kind"] not in ("cause", "beat")]

    assert [(each["message"], each["next"]) for each in attention] == [
        (f"daily: 2 windows did not run, {day(2)} to {day(3)}", "forebay backfill daily"),
        (f"daily: window {day(1)} landed in part", f"forebay show {windows[1]}"),
    ]


def test_batches_are_those_of_an_extract(windows: list[str], page: httpx.Client) -> None:
    assert [each["batch"] for each in ask(page, "/batches?extract=daily")["batches"]] == windows[::-1]
    assert ask(page, "/batches?extract=other")["batches"] == []


def test_how_a_window_ended_is_told_with_its_batch(
    windows: list[str], deployed: redis.Redis, page: httpx.Client
) -> None:
    deployed.flushdb()  # its runs did not settle there
    shown = ask(page, f"/batches/{windows[1]}")

    assert (shown["state"], shown["definition"]) == ("partial", "daily")
    assert shown["coverage"]["missing"] == ["acct_2"]
    assert shown["failures"][0]["error_class"] == "auth"
    assert any("forebay retry" in each["how"] for each in shown["next"])


def test_today_misses_a_beat_where_windows_should_begin_by_themselves(
    windows: list[str], deployed: redis.Redis, page: httpx.Client
) -> None:
    def kinds() -> list[str]:
        return [each["kind"] for each in ask(page, "/today")["attention"]]

    assert kinds().count("beat") == 1
    Heartbeats(deployed).beat("beat@here", 60)
    assert "beat" not in kinds()


def test_today_has_results_that_stripe_is_about_to_remove(
    windows: list[str], folder: Path, page: httpx.Client, today: datetime
) -> None:
    created = (today - timedelta(days=80)).date()
    uses = Ledger(LocalStore(folder / ".forebay" / "ledger")).uses
    uses.add(replace(USE, day=created, definition="daily", outcome="sink"))

    (told,) = (each for each in ask(page, "/today")["attention"] if each["kind"] == "expiring")
    assert "1 result is at Stripe alone" in told["message"]
    assert told["message"] in page.get("/").text


def test_an_extract_says_how_its_time_is_cut_and_when_a_window_is_late(
    spec: Path, request: pytest.FixtureRequest, day: DayOf
) -> None:
    written = spec / "forebay.yaml"
    zoned = written.read_text().replace("every: 1d", "every: 1d, timezone: Europe/Berlin")
    written.write_text(zoned + "    checks: {rows: {min: 1}, columns: contract}\n")

    shown = ask(request.getfixturevalue("page"), "/extracts/daily")

    assert (shown["every"], shown["time_zone"], shown["late_after"]) == ("1d", "Europe/Berlin", "30d")
    first = datetime.fromisoformat(shown["first_start"])
    assert first.astimezone(ZoneInfo("Europe/Berlin")).isoformat()[:19] == f"{day(0)}T00:00:00"
    assert shown["checks"] == ["columns", "rows"]
