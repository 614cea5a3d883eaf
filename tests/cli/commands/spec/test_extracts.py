"""Extracts on the command line: how windows stand, filling gaps, and holding them."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.cli.output import events as events_of_the_command
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.view import View
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay
from tests.cli.stripe import EndlessStripe
from tests.cli.worker import Hand
from tests.scheduler.closing.conftest import closing

SPEC = """
version: 1
connections:
  default: {{mode: test, key: secret://env/STRIPE_API_KEY, api_base: "{url}"}}
defaults: {{output: results}}
extracts:
  daily:
    sql: "SELECT id FROM charges WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}"
    window: {{every: 1d, start: {start:%Y-%m-%d}}}
    schedule: {{when: at_end, late_after: 30d}}
"""


#: The batch of a window, by the number of its day: 0 is the first.
WindowOf = Callable[[int], str]


@pytest.fixture
def first_day(today: datetime) -> datetime:
    return today - timedelta(days=3)


@pytest.fixture
def spec(folder: Path, stripe: EndlessStripe, first_day: datetime) -> Path:
    """A daily extract of which three windows are over."""
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, start=first_day))
    return folder


@pytest.fixture
def window(first_day: datetime) -> WindowOf:
    def batch_of(day: int) -> str:
        start = first_day + timedelta(days=day)
        return f"daily.{start:%Y%m%dT%H%MZ}-{start + timedelta(days=1):%Y%m%dT%H%MZ}"

    return batch_of


def ledger(folder: Path) -> Ledger:
    return Ledger(LocalStore(folder / ".forebay" / "ledger"))


class Deployment:
    """Workers and closer by hand, in a thread of their own, until it is stopped."""

    def __init__(self, client: redis.Redis, folder: Path) -> None:
        self.client, self.ledger, self.order = client, ledger(folder), []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work)

    order: list[str]

    def __enter__(self) -> "Deployment":
        Heartbeats(self.client).beat("here", 60)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        hand = Hand(self.client)
        services = ClosingServices(
            ledger=self.ledger, redis=self.client, store=lambda url: LocalStore(Path(url)), tell=lambda *_: None
        )
        closer = Closer(services)
        while not self._stopping.wait(0.02):
            for custody in hand.start(1):
                self.order.append(custody.flow)
                hand.land(custody)
            closer.round(View(self.client).now_ms() + 3_600_000)


def test_windows_without_a_batch_are_missing_and_the_way_to_fill_them_is_said(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    said = forebay("extracts", "daily")
    assert said.code == 0
    assert said.out.count("missing") == 3
    assert said.err == "daily: 3 to fill → forebay backfill daily\n"
    everything = forebay("extracts")
    assert "3 missing" in everything.out and "daily" in everything.out


def test_as_json_each_window_is_a_line(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    events = forebay("extracts", "--json", "--limit", "2").events
    assert [event["event"] for event in events] == ["window", "window", "result"]
    assert events[0]["state"] == "missing" and events[0]["batch"] is None
    assert events[-1]["extracts"] == [{"extract": "daily", "gaps": 2, "paused": None}]


def test_a_backfill_fills_the_newest_gaps_first_and_nothing_twice(
    spec: Path, deployed: redis.Redis, forebay: Forebay, window: WindowOf
) -> None:
    with Deployment(deployed, spec) as workers:
        said = forebay("backfill", "daily")
    assert said.code == 0, said.err
    assert "daily: 3 of 3 windows filled" in said.out
    assert workers.order == [window(2), window(1), window(0)]
    assert {ledger(spec).batch(window(day)).standing.flow_class for day in range(3)} == {"backfill"}

    again = forebay("backfill", "daily")
    assert (again.code, again.out) == (0, "daily: no gap among 3 windows\n")
    assert forebay("extracts", "daily").out.count("landed") == 3


def test_bounds_and_order_are_as_asked(
    spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime, window: WindowOf
) -> None:
    first, last = f"{first_day:%Y-%m-%d}", f"{first_day + timedelta(days=2):%Y-%m-%d}"
    with Deployment(deployed, spec) as workers:
        events = forebay("backfill", "daily", "--from", first, "--to", last, "--oldest-first", "--json").events
    assert workers.order == [window(0), window(1)]
    assert [event["event"] for event in events] == ["plan", "window", "window", "result"]
    assert [event["outcome"] for event in events[1:3]] == ["landed", "landed"]
    assert events[-1] == {
        "event": "result",
        "schema": events_of_the_command.SCHEMA,
        "exit": 0,
        "extract": "daily",
        "windows": 2,
        "filled": 2,
        "failed": 0,
    }


def test_what_was_given_up_is_repeated_as_a_batch_of_its_own(
    spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime, window: WindowOf
) -> None:
    assert forebay("submit", "daily").code == 0
    ledger(spec).record_closing(window(2), closing(outcome="canceled", landed=0, canceled=1), after=0)
    with Deployment(deployed, spec) as workers:
        said = forebay("backfill", "daily", "--from", f"{first_day + timedelta(days=2):%Y-%m-%d}")
    assert said.code == 0, said.err
    assert f"{window(2)}.r2" in workers.order
    assert forebay("extracts", "daily", "--limit", "1").out.count("landed") == 1


def test_an_extract_is_paused_with_a_reason_that_is_shown(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    said = forebay("pause", "daily", "--extract", "--reason", "the chart of accounts moves")
    assert (said.code, said.out) == (0, "daily paused\n")
    assert "the chart of accounts moves" in forebay("extracts", "daily").out
    marks = Marks(LocalStore(spec / ".forebay" / "ledger"))
    assert marks.paused("daily")

    assert forebay("resume", "daily", "--extract").out == "daily goes on\n"
    assert marks.paused("daily") is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("extracts", "dayly"), "the spec has no extract 'dayly'"),
        (("backfill", "dayly"), "the spec has no extract 'dayly'"),
        (("pause", "dayly", "--extract"), "the spec has no extract 'dayly'"),
        (("backfill", "daily", "--from", "yesterday"), "--from yesterday: write a date such as 2026-01-31"),
        (("beat",), "FOREBAY_REDIS_URL"),
    ],
)
def test_what_is_wrong_is_one_sentence(spec: Path, forebay: Forebay, words: tuple[str, ...], said: str) -> None:
    found = forebay(*words)
    assert found.code == 2
    assert said in found.err and "Traceback" not in found.err


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime
) -> None:
    said = forebay("backfill", "daily", "--dry-run")

    assert said.code == 0, said.err
    assert said.out.startswith("3 windows to fill, of 3 (3 run)\n  runs      3 on default:test, class backfill\n")
    assert f"submit    {first_day:%Y-%m-%d}" in said.out
    gap, *_, result = forebay("backfill", "daily", "--dry-run", "--json").events
    assert gap["act"] == "submit"
    assert (result["gaps"], result["runs"], result["dry_run"]) == (3, 3, True)
    assert list(ledger(spec).names.folders()) == []


def test_a_large_backfill_is_confirmed(
    folder: Path, stripe: EndlessStripe, deployed: redis.Redis, forebay: Forebay, first_day: datetime
) -> None:
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, start=first_day - timedelta(days=50)))

    said = forebay("backfill", "daily")

    assert said.code == 2
    assert "53 windows to fill, of 53 (53 run)" in said.err
    assert "the same command with --yes goes on" in said.err
    assert list(ledger(folder).names.folders()) == []


def test_what_extracts_says_is_what_backfill_does(
    folder: Path, stripe: EndlessStripe, deployed: redis.Redis, forebay: Forebay, first_day: datetime
) -> None:
    (folder / "forebay.yaml").write_text(SPEC.format(url=stripe.url, start=first_day - timedelta(days=50)))

    hint = forebay("extracts", "daily").err

    first = first_day + timedelta(days=3 - 14)
    assert hint == f"daily: 14 to fill → forebay backfill daily --from {first:%Y-%m-%d}\n"
    command = hint.strip().partition("→ forebay ")[2].split()
    assert forebay(*command, "--dry-run", "--json").events[-1]["gaps"] == 14


def test_a_paused_extract_is_not_filled_and_the_way_is_said(
    spec: Path, deployed: redis.Redis, forebay: Forebay
) -> None:
    forebay("pause", "daily", "--extract", "--reason", "month end")

    said = forebay("backfill", "daily")

    assert said.code == 2
    assert "extract daily is paused (month end (by " in said.err
    assert "forebay resume daily --extract" in said.err


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (("--from", "2026-02-01", "--to", "2026-01-01"), "--from 2026-02-01 00:00 is not before --to 2026-01-01 00:00"),
        (("--from", "2999-01-01"), "--from 2999-01-01 00:00 lies ahead: no window there is over yet"),
        (("--to", "2001-01-01"), "--to 2001-01-01 00:00 is not after the start of daily"),
    ],
)
def test_moments_between_which_no_window_can_lie_are_refused(
    spec: Path, forebay: Forebay, bounds: tuple[str, ...], words: str
) -> None:
    said = forebay("backfill", "daily", *bounds)

    assert said.code == 2
    assert words in said.err


def test_an_extract_that_the_spec_has_no_more_is_told_with_how_to_carry_on(
    spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime
) -> None:
    marks = Marks(LocalStore(spec / ".forebay" / "ledger"))
    marks.first_seen("daily", first_day)
    marks.first_seen("never_ran", first_day)
    assert forebay("submit", "daily").code == 0
    assert "spec has it no more" not in forebay("extracts").err
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("daily:", "charges_daily:"))

    said = forebay("extracts")

    assert said.code == 0
    end = first_day + timedelta(days=3)
    assert "daily: the spec has it no more; its windows stay in the ledger" in said.err
    assert "renamed_from: daily in the new one takes them over" in said.err
    assert "daily: the spec has it no more" in forebay("validate").err
    assert [each["extract"] for each in forebay("validate", "--json").events[-1]["removed"]] == ["daily"]
    assert f"up to {end:%Y-%m-%d %H:%M}Z" in said.err
    assert "never_ran" not in said.err
    assert forebay("extracts", "--json").events[-1]["removed"] == [{"extract": "daily", "end": end.isoformat()}]


def test_a_renamed_extract_takes_over_what_ran_and_runs_none_of_it_again(
    spec: Path, deployed: redis.Redis, forebay: Forebay, stripe: EndlessStripe, window: WindowOf
) -> None:
    assert forebay("submit", "daily").code == 0  # its newest window
    assert forebay("pause", "daily", "--extract", "--reason", "a look").code == 0
    text = (spec / "forebay.yaml").read_text()
    (spec / "forebay.yaml").write_text(text.replace("daily:", "charges:\n    renamed_from: daily"))

    assert "paused" in forebay("extracts").out
    assert forebay("resume", "charges", "--extract").code == 0
    said = forebay("extracts", "--json").events
    assert [event["batch"] for event in said if event["event"] == "window"] == [window(2), None, None]
    assert said[-1]["removed"] == []
    gaps = [event for event in forebay("backfill", "charges", "--dry-run", "--json").events if event["event"] == "gap"]
    assert len(gaps) == 2
    again = forebay("submit", "charges")
    assert again.code == 2
    assert f"has run as {window(2)}" in again.err
    assert list(ledger(spec).names.folders()) == [window(2)]


@pytest.mark.parametrize(
    ("definitions", "complaint"),
    [
        ("renamed_from: daily", "'daily' is in the spec, so nothing was renamed from it"),
        (
            "renamed_from: [old, other]\n  other: {sql: SELECT 1, window: {every: 1d, start: 2026-01-01}}",
            "'other' is in",
        ),
        (
            "renamed_from: old\n  other: {sql: SELECT 1, renamed_from: old, window: {every: 1d, start: 2026-01-01}}",
            "'old' is what 'daily' was renamed from",
        ),
        ("renamed_from: []", "renamed_from"),
    ],
)
def test_a_past_that_is_not_its_own_alone_is_refused(
    spec: Path, forebay: Forebay, definitions: str, complaint: str
) -> None:
    text = (spec / "forebay.yaml").read_text().rstrip()
    (spec / "forebay.yaml").write_text(f"{text}\n    {definitions}\n")

    said = forebay("validate")

    assert said.code == 2
    assert complaint in said.err
