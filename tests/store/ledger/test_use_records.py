"""What was spent stands in the ledger, each use of a QueryRun once, whoever writes, packs or reads meanwhile."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.store.errors import BadRecord
from forebay.store.interface import Store
from forebay.store.ledger.use_records import Use, UseRecords, run_mark
from tests.store.memory import MemoryStore

DAY, NEXT = date(2026, 11, 28), date(2026, 11, 29)
LATER = datetime(2026, 12, 5, 12, tzinfo=UTC)
USE = Use(
    day=DAY,
    definition="fees",
    connection="acme",
    account="acct_1",
    query_run="qryrun_1",
    run=run_mark("b1/0"),
    attempt=0,
    outcome="landed",
    ms=1500,
    rows=12,
    bytes=3456,
    shared=False,
)
NUMBERS = st.none() | st.integers(0, 10**12)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
USES = st.builds(
    Use,
    day=st.sampled_from([DAY, NEXT]),
    definition=st.none() | WORDS.filter(lambda word: word != "-"),
    connection=WORDS,
    account=st.none() | WORDS.filter(lambda word: word != "-"),
    query_run=WORDS,
    run=WORDS.map(run_mark),
    attempt=st.integers(0, 3),
    outcome=st.sampled_from(["landed", "canceled", "quota.rate", "too_big"]),
    ms=NUMBERS,
    rows=NUMBERS,
    bytes=NUMBERS,
    shared=st.booleans(),
)


def read(records: UseRecords, since: date = DAY, until: date = NEXT + timedelta(days=1)) -> list[Use]:
    return [use for _, uses in records.days(since, until) for use in uses]


def test_of_all_days_that_can_be_those_are_held_that_are_there(store: Store) -> None:
    records = UseRecords(store)
    records.add(USE)
    records.add(replace(USE, day=NEXT))

    tracemalloc.start()
    try:
        found = read(records, date.min, date.max)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found == [USE, replace(USE, day=NEXT)]
    assert peak < 20 << 20, "whoever may look may ask for three million days"


def test_a_use_that_is_written_twice_is_one(store: Store) -> None:
    records = UseRecords(store)
    others = [replace(USE, run=run_mark("b2/0"), shared=True), replace(USE, day=NEXT, account=None, definition=None)]
    for use in (USE, USE, *others):
        records.add(use)

    assert sorted(read(records), key=repr) == sorted([USE, *others], key=repr)
    assert read(records, until=NEXT) == [use for use in read(records) if use.day == DAY]
    assert [use for _, uses in records.days(DAY, NEXT, "fees") for use in uses] == read(records, until=NEXT)
    assert [use for _, uses in records.days(DAY, NEXT, "fee") for use in uses] == []


@settings(max_examples=50)
@given(uses=st.lists(USES, max_size=5))
def test_what_is_written_is_read_packed_or_not(uses: list[Use]) -> None:
    records = UseRecords(MemoryStore())
    for use in uses:
        records.add(use)
    loose = read(records)

    packed = records.pack(LATER)

    assert set(loose) == set(uses) == set(read(records))
    assert packed == len(loose) == len(set(uses))


def test_who_dies_between_a_pack_and_the_removal_of_what_it_holds_counts_nothing_twice() -> None:
    store = MemoryStore()
    records = UseRecords(store)
    records.add(USE)
    before = dict(store.objects)
    records.pack(LATER)
    store.objects |= before  # as if it had died
    records.add(replace(USE, run=run_mark("late/0")))

    assert len(read(records)) == 2
    records.pack(LATER)
    assert len(read(records)) == 2
    assert not [key for key in store.objects if key.startswith("uses/")]


def test_what_is_packed_while_somebody_reads_is_not_missed() -> None:
    class Meanwhile(MemoryStore):
        """Its uses are packed right after they were listed, or right before."""

        def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
            keys = [*super().list(prefix, after)]
            if self.packs and prefix.startswith(self.packs):
                self.packs = ""
                UseRecords(self).pack(LATER)
            return iter(keys)

        packs = ""

    for at in ("uses/", "uses-packed/"):
        store = Meanwhile()
        records = UseRecords(store)
        records.add(USE)
        store.packs = at
        assert read(records) == [USE], at


def test_a_day_is_packed_when_hardly_anything_more_can_come_of_it(store: Store) -> None:
    records = UseRecords(store)
    records.add(USE)

    assert records.pack(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == 0
    assert records.pack(datetime(2026, 12, 1, 0, 0, tzinfo=UTC)) == 1


def test_a_year_of_four_thousand_runs_a_day_costs_few_requests() -> None:
    store = MemoryStore()
    records = UseRecords(store)
    for number in range(4_000):
        records.add(replace(USE, query_run=f"qryrun_{number}"))
    assert store.asked["put"] == 4_000
    store.asked.clear()

    records.pack(LATER)
    assert sum(store.asked.values()) <= 11, store.asked  # folders, 4 pages, one pack, 4 removals
    pack = next(data for key, data in store.objects.items() if key.startswith("uses-packed/"))
    assert len(pack) < 4_000 * 25
    store.asked.clear()
    assert len(read(records, DAY, NEXT)) == 4_000
    assert sum(store.asked.values()) <= 5, store.asked


def test_what_is_not_ours_or_of_a_newer_release_is_passed_over_and_a_damaged_pack_is_named(store: Store) -> None:
    records = UseRecords(store)
    records.add(USE)
    for key in ("uses/notes/a", "uses/20261128/fees/acme/acct_1/qryrun_1/other", "uses/20261128/readme", "uses/x"):
        store.put(key, b"")

    assert read(records) == [USE]
    store.put("uses-packed/20261128/a.gz", b"damaged")
    with pytest.raises(BadRecord, match=r"uses-packed/20261128/a\.gz"):
        read(records)


def test_days_before_one_are_pruned_and_no_others(store: Store) -> None:
    records = UseRecords(store)
    for use in (USE, replace(USE, day=NEXT)):
        records.add(use)
    records.pack(LATER)
    records.add(replace(USE, run=run_mark("late/0")))

    assert records.prune(NEXT) == 2
    assert read(records) == [replace(USE, day=NEXT)]
