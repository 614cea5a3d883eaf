"""Redis goes away, before a command begins or in its midst: each says so, and its code says when that was."""

import shutil
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.cli.exits import NOT_CONNECTED
from forebay.cli.main import COMMANDS
from tests.cli.commands.spec.test_extracts import Deployment, WindowOf, first_day, ledger, spec, window
from tests.cli.conftest import Forebay, Said, finish, start, until
from tests.cli.worker import LANE, Hand
from tests.scheduler.closing.conftest import closing
from tests.servers.way_to import WayTo, way_to

__all__ = ["first_day", "spec", "window"]

#: A command of each kind that ends by itself.
ENDING = [
    "submit q/*.sql --to other",
    "run q/*.sql --to other --timeout 0.1",
    "watch {batch} --timeout 0.1",
    "ls",
    "show {batch}",
    "retry {batch} --failed",
    "adopt qryrun_1 --timeout 0.1",
    "check {window} --timeout 0.1",
    "release {window} --reason reviewed --timeout 0.1",
    "cancel {batch} --yes",
    "change {batch} --weight 2",
    "pause {batch}",
    "resume {batch}",
    f"pause {LANE}",
    f"resume {LANE}",
    "pause daily --extract",
    "resume daily --extract",
    "lanes",
    f"lanes set {LANE} --cap 5",
    "extracts daily",
    "backfill daily --dry-run",
    "doctor",
    "rebuild",
    "prune --older-than 900d --yes",
    "worker --check",
    "beat --check",
]
#: These stay, and have tests of their own of what they do in the midst.
STAYING = ["worker", "beat", "listen sqs://events"]
#: `web` and `metrics` have their settings, and so this too, in tests of their own; `refetch` goes the way of `adopt`:
#: nothing landed here. `shadow` accepts and follows two batches the way that `run` does one.
ELSEWHERE = ["web", "metrics", "refetch", "shadow"]
#: These ask nothing of Redis.
WITHOUT = {"init", "validate", "plan", "compile", "schema", "costs", "verify", "load-sql", "demo", "sandbox"}


class Story:
    """A deployment in which each command has something to do, however often it begins anew."""

    def __init__(
        self, folder: Path, client: redis.Redis, forebay: Forebay, way: WayTo, first_day: datetime, window: str
    ) -> None:
        self._folder, self._client, self._forebay, self._way, self._window = folder, client, forebay, way, window
        (folder / "q").mkdir()
        for name in ("charges", "fees"):
            (folder / "q" / f"{name}.sql").write_text(f"SELECT count(*) FROM {name}")
        self._batch = forebay("submit", "q/*.sql", "--to", "out").out.strip()
        hand = Hand(client)
        hand.fail(hand.start()[0], "no such column")
        assert forebay("submit", "daily", "--window", f"{first_day:%Y-%m-%d}").code == 0
        reviewable = closing(outcome="checks_failed", in_quarantine=1)
        assert ledger(folder).record_closing(window, reviewable, after=0)
        shutil.copytree(folder / ".forebay", folder / "as it began")
        raw: Any = client
        self._held = {key: raw.dump(key) for key in raw.scan_iter()}

    def tell(self, words: str, *, cut_after: int | None = None) -> Said:
        shutil.rmtree(self._folder / ".forebay")
        shutil.copytree(self._folder / "as it began", self._folder / ".forebay")
        self._client.flushall()
        for key, value in self._held.items():
            self._client.restore(key, 0, value)
        self._way.lead(cut_after=cut_after)
        return self._forebay(*words.format(batch=self._batch, window=self._window).split())


@pytest.fixture
def way(spec: Path, deployed: redis.Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[WayTo]:
    """The way to Redis, which a test cuts."""
    with way_to(valkey_url) as way:
        monkeypatch.setenv("FOREBAY_REDIS_URL", way.url)
        yield way


@pytest.fixture
def story(
    way: WayTo, spec: Path, deployed: redis.Redis, forebay: Forebay, first_day: datetime, window: WindowOf
) -> Story:
    return Story(spec, deployed, forebay, way, first_day, window(0))


def test_every_command_is_one_of_these() -> None:
    named = {words.split()[0] for words in (*ENDING, *STAYING, *ELSEWHERE)}
    assert named | WITHOUT == COMMANDS.keys()
    assert not named & WITHOUT


@pytest.mark.parametrize("words", ENDING)
def test_gone_before_it_is_named_and_nothing_is_done(story: Story, way: WayTo, words: str) -> None:
    said = story.tell(words, cut_after=0)

    assert said.code == 2
    told = said.err + said.out
    assert f"Redis at {way.url} cannot be reached" in told
    assert NOT_CONNECTED in told
    assert "Traceback" not in told


@pytest.mark.system
@pytest.mark.parametrize("words", STAYING)
def test_gone_before_one_that_stays_ends_at_once(way: WayTo, words: str) -> None:
    way.lead(cut_after=0)

    said = finish(start(*words.split()))

    assert said.code == 2
    assert f"Redis at {way.url} cannot be reached" in said.err
    assert NOT_CONNECTED in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("words", ENDING)
def test_gone_in_the_midst_it_is_named_with_the_code_of_that(story: Story, way: WayTo, words: str) -> None:
    assert story.tell(words).code in (0, 1, 5), "there is something to do for it"
    requests = way.requests
    for cut_after in (requests // 2, requests - 1):
        said = story.tell(words, cut_after=cut_after)
        if not way.is_cut:  # it took a request less this time, and was spared
            continue
        told = f"{cut_after} of {requests}: {said.code} {said.err}{said.out}"
        assert "Redis" in said.err + said.out, told
        assert "internal" not in said.err, told
        assert "Traceback" not in said.err, told
        if words == "doctor":
            assert said.code in (1, 2), told  # it says of each check what came of it
        elif "trying again" in said.err:
            assert said.code == 5, told  # it follows a batch, which does not depend on that
        else:
            assert said.code in (2, 10), told  # a check before the start, or work under way


@pytest.mark.system
@pytest.mark.parametrize("mode", [(), ("--json",)], ids=["plain", "json"])
def test_a_backfill_says_so_and_goes_on_when_redis_is_back(
    way: WayTo, spec: Path, deployed: redis.Redis, mode: tuple[str, ...]
) -> None:
    process = start("backfill", "daily", *mode)
    told = process.stdout if mode else process.stderr
    assert told
    try:
        until(lambda: len(list(ledger(spec).names.folders())) == 3, "all are submitted")
        way.lead(cut_after=0)
        assert any("Redis does not answer" in line and "trying again" in line for line in told)
        way.lead()
        with Deployment(deployed, spec):
            said = finish(process)
        assert said.code == 0, said.err
    finally:
        process.kill()
        process.communicate()


@pytest.mark.system
def test_a_backfill_that_is_ended_meanwhile_says_why_nothing_moved(way: WayTo, spec: Path) -> None:
    process = start("backfill", "daily")
    assert process.stderr
    try:
        until(lambda: len(list(ledger(spec).names.folders())) == 3, "all are submitted")
        way.lead(cut_after=0)
        assert any("trying again" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        said = finish(process)
        assert said.code == 143
        assert "what was submitted is safe, but Redis does not answer" in said.err
        assert "the same command goes on with the rest" in said.err
    finally:
        process.kill()
        process.communicate()
