"""A month of schedules, told hour by hour: whatever goes down for a while, every window lands exactly once.

Three extracts, two beats. The sandbox is the judge: it knows each text that was ever run for an account. It is told
whole with FOREBAY_TEST_MONTH=whole; else only its last ten days, for few accounts, in which all of it happens too.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.definitions.expand import AS_WRITTEN, calendar_of, expand_window
from forebay.scheduler.extracts.ready import SQL as PROBE
from forebay.scheduler.extracts.ready import Ready
from forebay.scheduler.extracts.rounds import Rounds, RoundServices
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.notify import Message
from forebay.scheduler.sql.catalog import Catalogs
from forebay.scheduler.sql.data_times import DataTimes
from forebay.scheduler.windows.calendar import Window, label, window_batch_id
from forebay.store.ledger.batch_policy import Notify
from forebay.store.ledger.marks import Marks
from forebay.store.local import LocalStore
from tests.scheduler.extracts.untold import untold
from tests.servers.processes import NO_LIMITS, sandbox
from tests.system.world import World, world_of

ZONE = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
WHOLE = os.environ.get("FOREBAY_TEST_MONTH") == "whole"
pytestmark = [pytest.mark.system, pytest.mark.timeout(3600 if WHOLE else 300)]
FIRST_DAY, ACCOUNTS = (1, 40) if WHOLE else (23, 4)

SPEC = """
version: 1
connections:
  acme:
    mode: test
    key: secret://env/MONTH_KEY
    api_base: {url}
    requests: {{creates_per_s: 1000000, retrieves_per_s: 1000000, per_s: 2000000}}
accounts:
  shops: {{list: [{accounts}]}}
defaults: {{connection: acme, output: {output}, notify: {{command: [tell], on: [late]}}}}
extracts:
  pulse:
    sql: >-
      SELECT count(*) AS charges FROM charges
      WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}
    window: {{every: 1h, timezone: Europe/Berlin, start: {start}}}
    schedule: {{when: at_end, late_after: 3h, catch_up: last 48}}
  fees:
    sql: {sql}
    accounts: shops
    window: {{every: 1d, timezone: Europe/Berlin, start: {start}, lookback: {lookback}}}
    schedule: {{when: data_ready, late_after: 12h, catch_up: last 7}}
  close:
    sql: >-
      SELECT sum(net) AS net FROM balance_transactions
      WHERE created >= {{{{ window.start }}}} AND created < {{{{ window.end }}}}
    window: {{every: 1mo, timezone: Europe/Berlin, start: 2026-10-01}}
    schedule: {{when: 0 6 1 * *, late_after: 2d, catch_up: all}}
"""
FEES = "FROM balance_transactions WHERE created >= {{ window.start }} AND created < {{ window.end }}"
OLD = {"sql": f"SELECT sum(fee) AS fee {FEES}", "lookback": "1d"}
NEW = {"sql": f"SELECT currency, sum(fee) AS fee {FEES} GROUP BY currency", "lookback": "3d"}


def berlin(day: int, hour: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE).astimezone(UTC)


START, END = berlin(FIRST_DAY), berlin(1, 18, month=11)


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody is away for some hours."""

    who: str
    since: datetime
    until: datetime

    def now(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


STORY = [
    Away("one beat", berlin(4), berlin(6)),
    Away("workers", berlin(9, 20), berlin(10, 9)),
    Away("Stripe", berlin(13, 23), berlin(14, 6)),
    Away("both beats", berlin(20, 1), berlin(21, 20)),
    # The clock is set back in the night to the 25th, while only one beat is there.
    Away("one beat", berlin(24, 10), berlin(25, 15)),
    Away("both beats", berlin(27, 1), berlin(27, 20)),
    Away("workers", berlin(28, 22), berlin(29, 9)),
    Away("Stripe", berlin(29, 20), berlin(30, 2)),
    Away("new data", berlin(30, 20), berlin(31, 16)),
]
SPEC_CHANGES = berlin(16, 12) if WHOLE else berlin(26, 12)


class Story:
    """What is told: the world, hour by hour, with what goes away in it."""

    def __init__(self, world: World, specs: dict[str, Config], folder: Path) -> None:
        self.world, self.specs, self._folder = world, specs, folder
        self._rounds: dict[tuple[int, str], Rounds] = {}

    def away(self, who: str) -> bool:
        return any(part.who == who and part.now(self.world.now) for part in STORY)

    @property
    def config(self) -> Config:
        return self.specs["new" if self.world.now >= SPEC_CHANGES else "old"]

    def tell(self) -> None:
        while self.world.now < END:
            self.world.advance(HOUR)
            self._hour()

    def _hour(self) -> None:
        world = self.world
        world.workers_down = self.away("workers")
        world.stripe_down(self.away("Stripe"))
        if not self.away("new data"):
            world.control(data_load_time=(world.now - 3 * HOUR).isoformat())
        # A window may have to wait for the one before it, and for what Stripe says of its data.
        idle = 0
        while idle < 2:
            idle = 0 if self.beats() else idle + 1
            world.work()

    def beats(self) -> list[str]:
        """Whoever is there looks at each extract; the batches that were submitted."""
        here = 0 if self.away("both beats") else 1 if self.away("one beat") else 2
        return [
            batch
            for name in ("pulse", "fees", "close")
            for beat in range(here)
            for batch in self.beat(beat).make(name, self.world.now).submitted
        ]

    def beat(self, number: int) -> Rounds:
        """One of the two; it starts anew with the changed spec."""
        key = (number, self.config.written.sha256 if self.config.written else "")
        if key not in self._rounds:
            rt = self.world.rt
            reconciler = Reconciler(rt.ledger, rt.redis, self.config, rt.store)
            submitter = Submitter(rt.ledger, rt.redis, reconciler, now=lambda: self.world.now)
            probes = str(self._folder / "probes")
            self._rounds[key] = Rounds(
                RoundServices(
                    config=self.config,
                    ledger=rt.ledger,
                    marks=Marks(LocalStore(self._folder)),
                    submitter=submitter,
                    closing_queue=ClosingQueue(rt.redis),
                    ready=Ready(rt.ledger, submitter, rt.store(probes), probes),
                    times=DataTimes(Catalogs(LocalStore(self._folder)), untold),
                    seen=rt.seen_data,
                    wanted=AS_WRITTEN,
                    tell=self._tell,
                    restore=reconciler.bring_back,
                )
            )
        return self._rounds[key]

    def _tell(self, notify: Notify, message: Message) -> None:
        self.world.told.append((self.world.now, message))


@pytest.fixture
def story(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setenv("MONTH_KEY", "sk_org_test_month")
    options = ["--accounts", str(ACCOUNTS), "--duration", "fixed:0", "--cap", "1000"]
    options += [*NO_LIMITS]
    with sandbox(tmp_path / "sandbox.log", *options) as url:
        specs = {name: spec(tmp_path / f"{name}.yaml", url, **said) for name, said in (("old", OLD), ("new", NEW))}
        with world_of(specs["new"], url, redis_url=valkey_url, ledger=tmp_path / "ledger", now=START) as world:
            yield Story(world, specs, tmp_path / "ledger")


def spec(path: Path, url: str, *, sql: str, lookback: str) -> Config:
    path.write_text(
        SPEC.format(
            url=url,
            accounts=", ".join(f"acct_sandbox{number:04d}" for number in range(1, ACCOUNTS + 1)),
            output=path.parent / "out",
            start=f"2026-10-{FIRST_DAY:02d}",
            sql=sql,
            lookback=lookback,
        )
    )
    return load_config(Settings(_env_file=None, spec=path))


def test_every_window_of_the_month_lands_exactly_once(story: Story) -> None:
    story.tell()

    asked = Counter[tuple[str, Window, str]]()
    strange = story.world.executions()
    for version in ("old", "new"):
        for name in ("pulse", "fees", "close"):
            for window in windows(story.specs[version], name):
                for item in expand_window(story.specs[version], name, window).items():
                    text = (item.account or "org_sandbox", hashlib.sha256(item.sql.encode()).hexdigest())
                    asked[name, window, text[0]] += strange.pop(text, 0)
    assert set(asked.values()) == {1}, [what for what, times in asked.items() if times != 1]
    probes = [strange.pop(text) for text in list(strange) if text[1] == hashlib.sha256(PROBE.encode()).hexdigest()]
    assert sum(probes) == len(list(story.world.rt.ledger.names.like("data-ready."))) > 0
    assert not strange
    late = {told.facts["extract"] + told.facts["window"] for _, told in story.world.told}
    assert late == set(late_windows(story))
    assert len(story.world.told) == len(late), "people were told twice"


def late_windows(story: Story) -> Iterator[str]:
    """Those that landed past their deadline, by the ledger alone."""
    config = story.specs["new"]
    assert config.written
    for name in ("pulse", "fees", "close"):
        schedule = Schedule.of(config.written.spec.extracts[name])
        for window in windows(config, name):
            closing = story.world.rt.ledger.closing(window_batch_id(name, window))
            deadline = schedule.deadline(window)
            if closing is None or (deadline and closing.at > deadline):
                yield name + label(window, schedule.calendar.zone)


def windows(config: Config, name: str) -> Iterator[Window]:
    assert config.written
    return calendar_of(config.written, name).ended(END)
