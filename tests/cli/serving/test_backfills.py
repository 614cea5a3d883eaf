"""Gaps are filled by the page as by the command: counted first, on record, and on through the death of its process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import redis

import forebay
from forebay.cli.deployment import open_deployment
from forebay.cli.following import gap_filler
from forebay.cli.serving import backfills
from forebay.cli.serving.backfills import Backfills
from forebay.cli.serving.deployment_readings import DeploymentReadings
from forebay.config.settings import Settings
from forebay.governor.deployment.deed_turn import DeedTurn
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.keys import deed_turn
from forebay.store.ledger.deeds import Deeds
from forebay.store.local import LocalStore
from tests.cli.commands.spec.test_extracts import Deployment, WindowOf, first_day, ledger, spec, window
from tests.cli.conftest import until
from tests.cli.serving.test_acts import do, outlook
from tests.cli.worker import Hand
from tests.scheduler.closing.conftest import closing
from tests.web.page_served import page_served

__all__ = ["first_day", "spec", "window"]

ACT = "/act/backfill-extract/daily"
#: A day by its number: 0 is that of the first window.
DayOf = Callable[[int], str]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again at once."""
    monkeypatch.setattr(gap_filler, "EVERY_S", 0.01)


@pytest.fixture(autouse=True)
def served(spec: Path, deployed: redis.Redis) -> Path:
    """The spec's folder, beside a Redis and a worker that lives."""
    Heartbeats(deployed).beat("here", 60)
    return spec


@pytest.fixture
def filling() -> Iterator[Backfills]:
    with open_deployment(Settings()) as deployment:
        yield Backfills(deployment)


@pytest.fixture
def day(first_day: datetime) -> DayOf:
    return lambda number: f"{first_day + timedelta(days=number):%Y-%m-%d}"


def deeds(folder: Path) -> Deeds:
    return Deeds(LocalStore(folder / ".forebay" / "ledger"))


def begun(page: httpx.Client, folder: Path, **form: str) -> str:
    """Begins one, and gives the name of its deed."""
    do(page, ACT, **form)
    (name,) = deeds(folder).going_on()
    return name


def test_what_was_begun_is_filled_shown_and_over(
    served: Path, deployed: redis.Redis, page: httpx.Client, filling: Backfills, day: DayOf, window: WindowOf
) -> None:
    name = begun(page, served, **{"from": day(1), "shown": "2"})
    at_first = page.get(f"/deeds/{name}").text
    assert "going on" in at_first and "Stop…" in at_first

    with Deployment(deployed, served) as hands:
        filling.carry_on(name)

    assert hands.order == [window(2), window(1)], "the newest first"
    told = page.get(f"/api/v1/deeds/{name}").json()
    assert (told["came"], told["done"], told["going_on"]) == ("2 of 2 windows filled", True, False)
    assert {each: told["windows"][each] for each in ("left", "running", "filled", "failed")} == {
        "left": 0,
        "running": 0,
        "filled": 2,
        "failed": 0,
    }
    assert [each["batch"] for each in told["windows"]["newest"]] == [window(2), window(1)]
    assert (told["by"], told["why"], told["asked"]) == ("ana", "Ana asked", {"from": day(1)})
    assert f'href="/b/{window(2)}"' in page.get(f"/deeds/{name}").text
    assert deeds(served).going_on() == []


def test_after_the_death_of_its_process_another_one_fills_the_rest_and_nothing_twice(
    served: Path, deployed: redis.Redis, page: httpx.Client, monkeypatch: pytest.MonkeyPatch, window: WindowOf
) -> None:
    name = begun(page, served)
    with open_deployment(Settings()) as deployment:
        dying = Backfills(deployment)
        monkeypatch.setattr(dying, "ending", lambda _: True)  # after its first round
        dying.carry_on(name)
        submitted = list(ledger(served).names.folders())
        assert submitted and deeds(served).goes_on(name)
        # One of them failed while nobody looked: it had its turn.
        hand = Hand(deployed)
        for custody in hand.start():
            if custody.flow == window(2):
                hand.fail(custody, "no such column")
            else:
                hand.land(custody)
        ended = {"at": datetime.now(UTC)}
        assert ledger(served).record_closing(window(2), closing(outcome="failed", **ended), after=0)
        for number in (0, 1):
            assert ledger(served).record_closing(window(number), closing(**ended), after=0)

        Backfills(deployment).carry_on(name)

    told = page.get(f"/api/v1/deeds/{name}").json()
    assert (told["came"], told["done"]) == ("2 of 3 windows filled", False)
    assert sorted(ledger(served).names.folders()) == sorted([window(0), window(1), window(2)])


def test_who_has_no_turn_leaves_it_to_who_has(
    served: Path, deployed: redis.Redis, page: httpx.Client, filling: Backfills
) -> None:
    name = begun(page, served)
    other = DeedTurn(deployed, name, good_for_s=60)
    assert other.take()

    filling.carry_on(name)

    assert not list(ledger(served).names.folders())
    assert other.release()
    assert not deployed.exists(deed_turn(name))


def test_a_thread_that_cannot_start_now_is_tried_again(
    served: Path, page: httpx.Client, filling: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(page, served)
    start, refused = threading.Thread.start, 0

    def refuse_one(thread: threading.Thread) -> None:
        nonlocal refused
        if thread.name.startswith("backfill ") and not refused:
            refused += 1
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_one)

    with filling.working():
        until(lambda: refused, "it is taken up")
        filling.begun()
        until(lambda: len(list(ledger(served).names.folders())) == 3, "its windows are submitted")


@pytest.mark.parametrize("by_whom", ["another process", "nobody"])
def test_who_lost_his_turn_leaves_it_to_who_has_it_and_takes_it_again_where_nobody_does(
    served: Path,
    deployed: redis.Redis,
    page: httpx.Client,
    filling: Backfills,
    monkeypatch: pytest.MonkeyPatch,
    by_whom: str,
) -> None:
    name, rounds = begun(page, served), 0
    other = DeedTurn(deployed, name, good_for_s=60)
    monkeypatch.setattr(backfills, "LOOKS", 1)

    def ending(_: float) -> bool:
        nonlocal rounds
        rounds += 1
        if rounds == 1:  # its round took longer than its turn is good for
            deployed.delete(deed_turn(name))
            assert by_whom == "nobody" or other.take()
        elif by_whom == "nobody":
            assert not other.take()
        return rounds == 3

    monkeypatch.setattr(filling, "ending", ending)

    filling.carry_on(name)

    assert rounds == (1 if by_whom == "another process" else 3)
    assert deeds(served).goes_on(name)


def test_a_process_that_starts_takes_up_what_goes_on_and_leaves_it_when_it_ends(
    served: Path, page: httpx.Client, filling: Backfills
) -> None:
    name = begun(page, served)

    with filling.working():
        until(lambda: len(list(ledger(served).names.folders())) == 3, "its windows are submitted")

    assert deeds(served).goes_on(name)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("backfill")]


def test_a_client_without_a_server_takes_up_nothing_before_it_begins_one(
    served: Path, deployed: redis.Redis, page: httpx.Client, filling: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, began, looks, going_on = begun(page, served), threading.Event(), [], Deeds.going_on

    def look(of: Deeds) -> list[str]:
        looks.append(began.is_set())
        return going_on(of)

    monkeypatch.setattr(Deeds, "going_on", look)
    with filling.working(at_once=False):
        began.set()
        filling.begun()
        until(lambda: len(list(ledger(served).names.folders())) == 3, "its windows are submitted")

    assert looks and all(looks)
    assert deeds(served).goes_on(theirs)


def test_who_forgets_to_close_a_client_has_it_left_by_any_thread_also_by_this_one(
    served: Path, filling: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving, left = ExitStack(), threading.Event()

    def collect_garbage(_: Deeds) -> list[str]:
        leaving.close()
        left.set()
        return []

    monkeypatch.setattr(Deeds, "going_on", collect_garbage)
    leaving.enter_context(filling.working(at_once=False))

    filling.begun()

    assert left.wait(30)


def test_what_a_client_that_is_closed_began_goes_on_in_the_next_that_begins_one(
    served: Path, deployed: redis.Redis, day: DayOf
) -> None:
    with forebay.Client() as client:
        first = client.backfill("daily", end=day(1)).id
        until(lambda: list(ledger(served).names.folders()), "its window is submitted")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("backfill")]
    assert deeds(served).goes_on(first)

    with forebay.Client() as client:
        second = client.backfill("daily").id
        with Deployment(deployed, served):
            until(lambda: not client.deed(first).going_on and not client.deed(second).going_on, "both are over")

        assert [client.deed(each).came for each in (first, second)] == ["1 of 1 window filled", "3 of 3 windows filled"]


def test_one_that_is_stopped_submits_nothing_further(
    served: Path, deployed: redis.Redis, page: httpx.Client, filling: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = begun(page, served)
    monkeypatch.setattr(backfills, "LOOKS", 1)
    assert "Stop the backfill of daily" in outlook(page, f"/act/stop-backfill/{name}")

    do(page, f"/act/stop-backfill/{name}")
    filling.carry_on(name)

    told = page.get(f"/api/v1/deeds/{name}").json()
    assert (told["came"], told["done"]) == ("stopped: Ana asked (by ana)", False)
    assert "It is over." in outlook(page, f"/act/stop-backfill/{name}")
    assert page.get("/act/stop-backfill/20260101T000000Z-0a0b0c").status_code == 404


def test_one_that_is_stopped_on_its_way_ends_within_a_few_rounds(
    served: Path, page: httpx.Client, filling: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = begun(page, served)
    monkeypatch.setattr(backfills, "LOOKS", 1)
    monkeypatch.setattr(filling, "ending", lambda _: bool(do(page, f"/act/stop-backfill/{name}")) and False)

    filling.carry_on(name)

    assert page.get(f"/api/v1/deeds/{name}").json()["came"] == "stopped: Ana asked (by ana)"
    assert len(list(ledger(served).names.folders())) == 3, "what was submitted goes on"


def test_one_that_is_stopped_while_it_submits_submits_none_of_the_rest(
    served: Path, page: httpx.Client, filling: Backfills, monkeypatch: pytest.MonkeyPatch, window: WindowOf
) -> None:
    name, looks, stopped = begun(page, served), 0, filling.stopped
    monkeypatch.setattr(backfills, "LOOKS", 1)

    def looked(of: str) -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            do(page, f"/act/stop-backfill/{of}")
        return stopped(of)

    monkeypatch.setattr(filling, "stopped", looked)

    filling.carry_on(name)

    assert list(ledger(served).names.folders()) == [window(2)], "what was submitted before goes on"


def test_a_budget_ends_it_with_what_is_left(
    served: Path, deployed: redis.Redis, page: httpx.Client, request: pytest.FixtureRequest
) -> None:
    written = served / "forebay.yaml"
    written.write_text(written.read_text().replace("  daily:\n", "  daily:\n    budget: {runs_per_day: 2}\n"))
    with open_deployment(Settings()) as deployment:
        name = begun(page, served)
        with Deployment(deployed, served):
            Backfills(deployment).carry_on(name)

    told = page.get(f"/api/v1/deeds/{name}").json()
    assert told["came"].startswith("2 of 3 windows filled; 1 left: ") and not told["done"]


def test_a_spec_that_lost_the_extract_meanwhile_ends_it_with_a_sentence(served: Path, page: httpx.Client) -> None:
    name = begun(page, served)
    written = served / "forebay.yaml"
    written.write_text(written.read_text().replace("  daily:\n", "  weekly:\n"))
    with open_deployment(Settings()) as deployment:
        Backfills(deployment).carry_on(name)

    (told,) = (deed for each, deed in deeds(served).newest(datetime.now(UTC)) if each == name)
    assert told.came and "the spec has no extract 'daily'" in told.came


def test_a_deed_is_shown_though_its_range_has_no_window_any_more(served: Path, page: httpx.Client, day: DayOf) -> None:
    name = begun(page, served, to=day(1))
    written = served / "forebay.yaml"
    written.write_text(written.read_text().replace(f"start: {day(0)}", f"start: {day(2)}"))
    with (
        open_deployment(Settings()) as deployment,
        page_served(DeploymentReadings(deployment)) as another,
    ):
        told = another.get(f"/api/v1/deeds/{name}")

    assert (told.status_code, told.json().get("windows")) == (200, None), told.text
