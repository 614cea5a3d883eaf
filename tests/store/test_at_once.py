"""Many requests to a store at once: each of them is made, and the first error is the caller's."""

import threading

import pytest

from forebay.store import at_once
from forebay.store.at_once import AT_ONCE, each_at_once
from forebay.store.errors import Unavailable


@pytest.mark.parametrize("count", [0, 1, 2, AT_ONCE, 3 * AT_ONCE + 1])
def test_each_is_done_once(count: int) -> None:
    done: list[int] = []
    each_at_once(done.append, range(count), lambda: None)
    assert sorted(done) == list(range(count))


def test_several_are_under_way_at_once() -> None:
    together = threading.Barrier(AT_ONCE, timeout=30)
    each_at_once(lambda _: together.wait() and None, range(AT_ONCE), lambda: None)
    assert not together.broken


@pytest.mark.parametrize("count", [1, 5])
def test_an_error_ends_it(count: int) -> None:
    def refuse(_: int) -> None:
        raise Unavailable("the bucket is away")

    with pytest.raises(Unavailable, match="the bucket is away"):
        each_at_once(refuse, range(count), lambda: None)


@pytest.mark.parametrize("count", [1, 2])
def test_who_waits_is_heard_of_however_few_there_are(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of gigabytes takes longer than the lock of who asked for it holds without a word."""
    monkeypatch.setattr(at_once, "_KEEP_EVERY_S", 0.01)
    heard = threading.Event()
    each_at_once(lambda _: heard.wait(30) and None, range(count), heard.set)
    assert heard.is_set()


def test_who_has_to_stop_begins_no_more() -> None:
    done: list[int] = []

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each_at_once(done.append, range(1_000), stop)
    assert len(done) <= 2 * AT_ONCE
