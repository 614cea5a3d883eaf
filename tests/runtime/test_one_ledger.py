"""A Redis works for one ledger at one place: copies, others and what was left behind are found out, and moves go on."""

from collections.abc import Callable

import pytest
import redis

from forebay.governor.deployment.ledger_stamp import LedgerStamp, LedgerStamps
from forebay.runtime.one_ledger import LedgerElsewhere, OneLedger
from forebay.store.errors import Denied
from forebay.store.interface import Store
from forebay.store.ledger.place import LedgerPlace
from tests.store.memory import MemoryStore

Open = Callable[[str], OneLedger]


@pytest.fixture
def stores() -> dict[str, MemoryStore]:
    return {url: MemoryStore(url=url) for url in ("s3://old", "s3://new")}


@pytest.fixture
def ledger(valkey: redis.Redis, stores: dict[str, MemoryStore]) -> Open:
    def opened(url: str) -> Store:
        return stores[url]

    return lambda url: OneLedger(valkey, stores[url], opened)


def copied(stores: dict[str, MemoryStore]) -> None:
    """As `aws s3 sync` does."""
    stores["s3://new"].objects = dict(stores["s3://old"].objects)


def test_where_all_is_well_no_store_is_asked(ledger: Open, stores: dict[str, MemoryStore]) -> None:
    ledger("s3://old").check()
    ledger("s3://old").claim()
    stores["s3://old"].asked.clear()

    ledger("s3://old").claim()
    ledger("s3://old").check()

    assert not stores["s3://old"].asked


def test_another_ledger_is_refused_with_both_names(ledger: Open) -> None:
    ledger("s3://old").claim()
    for ask in (ledger("s3://new").check, ledger("s3://new").claim, ledger("s3://new").move):
        with pytest.raises(LedgerElsewhere, match=r"s3://old, and FOREBAY_LEDGER names another one, s3://new"):
            ask()


def test_a_copy_is_refused_until_somebody_says_that_it_was_moved(ledger: Open, stores: dict[str, MemoryStore]) -> None:
    ledger("s3://old").claim()
    copied(stores)
    for ask in (ledger("s3://new").check, ledger("s3://new").claim):
        with pytest.raises(LedgerElsewhere, match="forebay rebuild --moved"):
            ask()

    assert ledger("s3://new").move() == "s3://old"

    ledger("s3://new").claim()
    for ask in (ledger("s3://old").check, ledger("s3://old").claim):
        with pytest.raises(LedgerElsewhere, match="Redis works for the ledger at s3://new"):
            ask()
    assert ledger("s3://new").move() is None


def test_what_was_moved_and_left_nothing_behind_goes_on_by_itself(
    ledger: Open, stores: dict[str, MemoryStore], valkey: redis.Redis
) -> None:
    ledger("s3://old").claim()
    copied(stores)
    stores["s3://old"].objects.clear()

    ledger("s3://new").check()

    stamp = LedgerStamps(valkey).read()
    assert stamp == LedgerStamp(LedgerPlace(stores["s3://new"]).id() or "", "s3://new")


def test_an_old_place_that_cannot_be_read_counts_as_there(
    ledger: Open, stores: dict[str, MemoryStore], valkey: redis.Redis
) -> None:
    ledger("s3://old").claim()
    copied(stores)

    def denied(_: str) -> Store:
        raise Denied("not yours")

    with pytest.raises(LedgerElsewhere, match="forebay rebuild --moved"):
        OneLedger(valkey, stores["s3://new"], denied).check()


def test_what_was_left_behind_is_nobodys_even_where_redis_lost_its_data(
    ledger: Open, stores: dict[str, MemoryStore], valkey: redis.Redis
) -> None:
    ledger("s3://old").claim()
    copied(stores)
    ledger("s3://new").move()
    LedgerPlace(stores["s3://old"]).leave("s3://new")
    valkey.flushall()

    with pytest.raises(LedgerElsewhere, match="is at s3://new"):
        ledger("s3://old").claim()
    copied(stores)  # once more, with the word that it moved: that is no word about the new place
    ledger("s3://new").claim()


def test_two_that_begin_at_once_agree(ledger: Open, stores: dict[str, MemoryStore]) -> None:
    ledger("s3://old").claim()
    made = LedgerPlace(stores["s3://old"])
    assert made.make_id() == made.id()
    ledger("s3://old").claim()
