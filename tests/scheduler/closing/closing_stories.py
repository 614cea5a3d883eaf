"""Tells whole stories of batches that are closed, by a closer that may die on the way and one that comes after it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from forebay.governor.errors import GovernorError
from forebay.governor.keys import closing_lock
from forebay.landing.manifest import SUFFIX
from forebay.scheduler.batches.landed import landed
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.reviewing import Reviewer
from forebay.scheduler.closing.services import LockLost
from forebay.scheduler.notify import Message
from forebay.scheduler.splitting.splitter import Splitter
from forebay.store.ledger.batch_policy import Checks, Notify, Splitting
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Release
from forebay.store.ledger.records import Item
from forebay.store.local import LocalStore
from tests.deaths.mortal import Death, MortalRedis, mortal_store
from tests.scheduler.closing.conftest import SQL_ERROR, TOLD, TOO_BIG, House, day, item, policy

MOST_LOOKS = 12
SORTED = ByAccount(column="who", expected=("acct_a", "acct_b", "acct_c"))


@dataclass
class Mortal:
    """The batches and the closer of a process that may die."""

    house: House
    death: Death

    def __post_init__(self) -> None:
        house, world = self.house, self.house.world
        self.client = MortalRedis(house.rt.redis, self.death)
        root = world.destination.parent / "ledger"
        self.ledger = Ledger(mortal_store(LocalStore(root), self.death))
        self.destination = mortal_store(LocalStore(world.destination), self.death)
        self.retrier = Retrier(self.ledger, self.client)

    def round(self) -> None:
        splitter = Splitter(self.ledger, self.client, self.house.rt.config, lambda _: self.destination)
        services = self.house.services(
            ledger=self.ledger,
            redis=self.client,
            store=lambda _: self.destination,
            split=splitter.split,
            tell=self._tell,
        )
        closer = Closer(services)
        try:
            closer.round(self.house.later_ms())
        except GovernorError:
            assert self.death.struck  # it could not even ask what is due

    def _tell(self, _: Notify, message: Message) -> None:
        self.death.pass_by("tell people", lambda: self.house.told.append(message), LockLost, changes=True)


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


def begin_sorted(house: House, batch: str) -> None:
    """One result over the organization lands as an object for each account, and its tie-out as one."""
    house.results |= {"fees": "who,amount\nacct_b,1\nacct_a,2\nacct_b,3\n", "fees.tie": "records,amount\n3,6\n"}
    asked = policy(
        accounts=SORTED.expected, fan_out="organization", checks=Checks(accounts=True, tie_out=True), notify=TOLD
    )
    house.open([item("fees"), item("fees.tie", ties="fees")], asked, batch, by_account=SORTED)


def begin_badly_sorted(house: House, batch: str) -> None:
    house.results |= {"fees": "who,amount\nacct_b,1\n,2\n"}
    asked = policy(accounts=SORTED.expected, fan_out="organization", checks=Checks(accounts=True), notify=TOLD)
    house.open([item("fees")], asked, batch, by_account=SORTED)


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
    "sorted by account": Story(begin_sorted, "landed"),
    "badly sorted": Story(
        begin_badly_sorted, "checks_failed", quarantined=("acct_a/fees", "acct_b/fees", "acct_c/fees", "fees")
    ),
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
    house.results.clear()
    story.begin(house, batch)
    mortal = Mortal(house, death)
    for _ in range(MOST_LOOKS):
        house.work()
        was_struck = death.struck
        landed_before = set() if was_struck else places(house, batch)
        mortal.round()
        if death.struck and not was_struck:
            assert_whole_or_absent(house, batch)
            assert landed_before <= places(house, batch), "a result is not to be found"
            house.rt.redis.delete(closing_lock(batch))  # as if the time of its lock had passed
            mortal = Mortal(house, Death())
        elif batch not in house.closing_queue.all():
            return end_of(house, batch)
        elif house.progress(batch).paused:
            house.steering.cancel(batch)  # a person gives up
    raise AssertionError("the batch comes to no end")


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
    for result in content.get("results", ()):
        del result["landed_at"]
    return {name: value for name, value in content.items() if name != "at"}


def places(house: House, batch: str) -> set[str]:
    """Finds what readers find of it, wherever it is now."""
    return {place for place, _ in landed(LocalStore(house.world.destination), house.ledger.batch(batch))}


def assert_objects_stand_beside(house: House, files: list[str]) -> None:
    """Each manifest speaks of an object that is there, whole, and as far out of quarantine as itself."""
    for path in files:
        if path.endswith(SUFFIX):
            told = house.read(path)["object"]
            assert told["key"] in files
            assert (house.world.destination / told["key"]).stat().st_size == told["bytes"]
            assert told["key"].startswith("_quarantine/") == path.startswith("_quarantine/")


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
        assert {result["key"] for result in content["results"]} <= set(files), (
            "the batch's manifest came before a result"
        )
        # More may be there than it counts: those that were released since it was written.
        assert len(published) >= content["landed"] - len(bad), "the batch's manifest came before a result's"
