"""A closer that dies at any of its operations on a store or on Redis leaves nothing that the next one does not mend."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from forebay.governor.errors import GovernorError
from forebay.governor.keys import closing_lock
from forebay.landing.manifest import SUFFIX
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.reviewing import Reviewer
from forebay.scheduler.splitting.splitter import Splitter
from forebay.store.errors import StoreError
from forebay.store.ledger.batch_policy import Checks, Splitting
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Release
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from tests.scheduler.closing.conftest import SQL_ERROR, TOLD, TOO_BIG, House, day, item, policy
from tests.scheduler.closing.death import Death, MortalRedis, MortalStore

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("no_power_cut")]

NEVER = 10**9
MOST_LOOKS = 12


@pytest.fixture
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here and the disk does not: what is written is there for the next one, forced to disk or not."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@dataclass
class Mortal:
    """The batches and the closer of a process that may die."""

    house: House
    death: Death

    def __post_init__(self) -> None:
        house, world = self.house, self.house.world
        self.client = MortalRedis(house.rt.redis, self.death)
        root = world.destination.parent / "ledger"
        self.ledger = Ledger(MortalStore(LocalStore(root), self.death))  # type: ignore[arg-type]
        self.destination: Any = MortalStore(LocalStore(world.destination), self.death)
        self.retrier = Retrier(self.ledger, self.client)

    def round(self) -> None:
        splitter = Splitter(self.ledger, self.client, self.house.rt.config, lambda _: self.destination)
        services = self.house.services(
            ledger=self.ledger, redis=self.client, store=lambda _: self.destination, split=splitter.split
        )
        closer = Closer(services)
        try:
            closer.round(self.house.later_ms())
        except GovernorError:
            assert self.death.struck  # it could not even ask what is due


@dataclass(frozen=True)
class Story:
    """What is open when closers come, and how it is seen to have ended: `begin` gets the batch's id."""

    begin: Callable[[House, str], None]
    outcome: str
    messages: int = 1
    quarantined: tuple[str, ...] = ()


def begin_tied_out(house: House, batch: str) -> None:
    house.results |= {"fees": "id,amount\na,10.5\nb,19.5\n", "fees.tie": "records,amount\n2,30\n"}
    items = [item("fees", "acct_a"), item("fees.tie", "acct_a", ties="fees")]
    checks = Checks(tie_out=True, columns="contract")
    house.open(items, policy(publish="all_or_nothing", checks=checks, notify=TOLD), batch)


def begin_badly_checked(house: House, batch: str) -> None:
    house.results |= {"fees": "n\n1\n", "refunds": "other\n1\n"}
    house.open([item("fees"), item("refunds")], policy(checks=Checks(columns=("n",)), notify=TOLD), batch)


def begin_in_parts(house: House, batch: str) -> None:
    """A canary goes before, and the other is cut."""
    text = "SELECT 'big' AS q, id FROM charges WHERE created >= {{ window.start }} AND created < {{ window.end }}"
    whole = text.replace("{{ window.start }}", "TIMESTAMP '2026-01-02 00:00:00'")
    whole = whole.replace("{{ window.end }}", "TIMESTAMP '2026-01-03 00:00:00'")
    split = Splitting(
        on="created", min="12h", max_parts=2, timezone="UTC", **day(1).model_dump(), texts={"big": text}, values={}
    )

    def big(sql: str) -> str | httpx.Response:
        start, end = (datetime.fromisoformat(text) for text in re.findall(r"TIMESTAMP '(.+?)'", sql))
        return TOO_BIG if end - start > timedelta(hours=12) else "n\n1\n"

    house.results["big"] = big
    items = [item("first"), Item(name="big", sql=whole, account=None)]
    house.open(items, policy(canary=True, split=split, window=day(1), notify=TOLD), batch)


def begin_retried(house: House, batch: str) -> None:
    """It was closed once, with a failure that is mended by now."""
    house.results["fees"] = SQL_ERROR
    house.open([item("fees"), item("refunds")], policy(publish="all_or_nothing", notify=TOLD), batch)
    house.work()
    house.round()
    first = house.ledger.closing(batch)
    assert first and first.outcome == "failed"
    house.results.clear()
    house.retrier.retry(batch)


def begin_released(house: House, batch: str) -> None:
    """It was closed once with what failed its checks in quarantine, and a person released that."""
    begin_badly_checked(house, batch)
    house.work()
    house.round()
    first = house.ledger.closing(batch)
    assert first and first.outcome == "checks_failed"
    release = Release(at=datetime(2099, 1, 1, tzinfo=UTC), by="ada", reason="it is wanted")
    Reviewer(house.ledger, house.rt.redis).release(batch, release)


def begin_with_a_bad_canary(house: House, batch: str) -> None:
    house.results["fees"] = SQL_ERROR
    house.open([item("fees"), item("refunds")], policy(canary=True, notify=TOLD), batch)


STORIES = {
    "tied out": Story(begin_tied_out, "landed"),
    "badly checked": Story(begin_badly_checked, "checks_failed", quarantined=("refunds",)),
    "in parts": Story(begin_in_parts, "landed"),
    "retried": Story(begin_retried, "landed", messages=2),
    "released": Story(begin_released, "landed", messages=2),
    "stopped by its canary": Story(begin_with_a_bad_canary, "stopped"),
}


@dataclass
class End:
    """How a batch ended, but for what differs each time: its id and moments."""

    closing: Any
    stop: Any
    files: dict[str, Any]
    executions: int
    messages: list[str] = field(default_factory=list)


def tell(house: House, story: Story, batch: str, death: Death) -> End:
    """The whole story of one batch; the process that dies is followed by one that does not."""
    house.told.clear()
    house.created.clear()
    story.begin(house, batch)
    mortal = Mortal(house, death)
    for _ in range(MOST_LOOKS):
        house.work()
        before = death.struck
        mortal.round()
        if death.struck and not before:
            assert_whole_or_absent(house, batch)
            house.rt.redis.delete(closing_lock(batch))  # as if the time of its lock had passed
            mortal = Mortal(house, Death(NEVER, done=False))
        elif batch not in house.closing_queue.all():
            return end_of(house, batch)
        elif house.progress(batch).paused:
            house.steering.cancel(batch)  # a person gives up
    raise AssertionError(f"it died at {death.struck!r}, and the batch comes to no end")


def end_of(house: House, batch: str) -> End:
    closing, stop = house.ledger.closing(batch), house.ledger.stop(batch)
    files = {path: content(house, path) for path in files_of(house, batch)}
    end = End(
        closing=closing and closing.model_dump(mode="json", exclude={"at"}),
        stop=stop and stop.model_dump(mode="json", exclude={"at"}),
        files=files,
        executions=len(house.created),
        messages=[message.text for message in house.told],
    )
    return End(**json.loads(json.dumps(vars(end)).replace(batch, "BATCH")))


def files_of(house: House, batch: str) -> list[str]:
    return [path for path in house.files if batch in re.split(r"[/.]", path)]


def content(house: House, path: str) -> Any:
    if not path.endswith(".json"):
        return house.text(path)
    content = house.read(path)
    if path.endswith(SUFFIX):
        return [
            content["batch"],
            content["name"],
            content["object"]["key"],
            content["object"]["url"],
            content["object"]["sha256"],
        ]
    return {name: value for name, value in content.items() if name != "at"}


def assert_objects_stand_beside(house: House, files: list[str]) -> None:
    for path in files:
        if path.endswith(SUFFIX):
            assert house.read(path)["object"]["key"] in files


def assert_whole_or_absent(house: House, batch: str) -> None:
    """Each manifest speaks of an object beside it, and the batch's own is not there before all of the others."""
    files = files_of(house, batch)
    assert_objects_stand_beside(house, files)
    if f"{batch}/_batch.json" in files:
        content = house.read(f"{batch}/_batch.json")
        released = (content["review"] or {}).get("released")
        bad = {check["name"] for check in content["checks"] if not check["ok"] and not released}
        results = [path for path in files if path.startswith(f"{batch}/") and path.endswith(SUFFIX)]
        published = {house.read(path)["name"] for path in results}
        # More may be there than it counts: those that were released since it was written.
        assert len(published) >= content["landed"] - len(bad), "the batch's manifest came before a result's"


@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("name", STORIES)
def test_a_closer_that_dies_at_any_operation_is_made_good(house: House, name: str, done: bool) -> None:
    story = STORIES[name]
    expected = tell(house, story, "run-0-z", Death(NEVER, done=done))
    assert expected.closing["outcome"] == story.outcome
    assert bool(expected.stop) == (story.outcome == "stopped")
    assert len(expected.messages) == story.messages
    left = [path for path in expected.files if path.startswith("_quarantine/") and SUFFIX in path]
    assert left == [f"_quarantine/BATCH/{stays}{SUFFIX}" for stays in story.quarantined]

    for at in range(10_000):
        death = Death(at, done=done)
        end = tell(house, story, f"run-{at + 1}-z", death)
        if death.struck is None:
            break
        where = f"it died at operation {at}, {death.struck}"
        if death.struck.startswith("put") and "told-" in death.struck and not done:
            # Told, and it could not be noted: twice is better than never.
            assert end.messages[:-1] == expected.messages, where
        else:
            assert end.messages == expected.messages, where
        assert (end.closing, end.stop) == (expected.closing, expected.stop), where
        assert end.files == expected.files, where
        assert end.executions == expected.executions, where
    assert at > 15, "it died too seldom to have shown anything"
    assert_objects_stand_beside(house, house.files)  # no tale took anything from one before it


@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
def test_a_retry_that_dies_at_any_operation_is_made_good_by_another(house: House, done: bool) -> None:
    for at in range(10_000):
        batch, death = f"b{at}", Death(at, done=done)
        house.results["fees"] = SQL_ERROR
        house.open([item("fees"), item("refunds")], policy(notify=TOLD), batch)
        house.work()
        house.round()
        house.results.clear()
        try:
            Mortal(house, death).retrier.retry(batch)
        except (StoreError, GovernorError):
            assert death.struck
        if at % 2:
            house.round()  # a closer may come between
        house.retrier.retry(batch)
        house.work()
        house.round()
        closing = house.ledger.closing(batch)
        assert closing and closing.outcome == "landed", f"it died at operation {at}, {death.struck}"
        assert house.read(f"{batch}/_batch.json")["outcome"] == "landed"
        if death.struck is None:
            break
    assert at > 5, "it died too seldom to have shown anything"


@pytest.mark.parametrize("done", [False, True], ids=["before it", "after it"])
def test_a_release_that_dies_at_any_operation_is_made_good_by_another(house: House, done: bool) -> None:
    for at in range(10_000):
        batch, death = f"b{at}", Death(at, done=done)
        begin_badly_checked(house, batch)
        house.work()
        house.round()
        release = Release(at=datetime.now(UTC), by="ada", reason="it is wanted")
        mortal = Mortal(house, death)
        try:
            Reviewer(mortal.ledger, mortal.client).release(batch, release)
        except (StoreError, GovernorError):
            assert death.struck
        if house.ledger.closing(batch):
            Reviewer(house.ledger, house.rt.redis).release(batch, release)
        elif death.struck:
            house.closing_queue.add(batch, 0)  # as whoever looks after open batches does
        house.round()
        closing = house.ledger.closing(batch)
        assert closing and closing.outcome == "landed", f"it died at operation {at}, {death.struck}"
        if death.struck is None:
            break
    assert at > 3, "it died too seldom to have shown anything"
