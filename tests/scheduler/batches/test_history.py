"""What a definition's last batches came to, and how many parts its next window needs by that."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from forebay.config.stripe import MAX_QUERY_S, MAX_RESULT_BYTES
from forebay.landing.manifest import SUFFIX, CsvPart, Manifest, ObjectPart, write_manifest
from forebay.landing.result_paths import object_stem
from forebay.scheduler.batches.history import (
    GOOD,
    NEAR,
    History,
    PastBatches,
    PastRun,
    parts_wanted,
)
from forebay.store.ledger.batch_policy import Policy, Span
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing, Coverage, Outcome
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.local import LocalStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class World:
    """A ledger and a destination with batches that ended."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(LocalStore(folder / "ledger"))
        self.store = LocalStore(folder / "out")
        self.history = History(self.ledger, lambda _: self.store)

    def batch(
        self,
        batch_id: str,
        runs: dict[tuple[str, str | None], tuple[int, float]],
        *,
        outcome: Outcome | None = "landed",
        window: Span | None = None,
    ) -> None:
        items = [("l", Item(name=name, sql="SELECT 1", account=account)) for name, account in runs]
        definition = batch_id.split(".")[0].split("-2026")[0]
        policy = Policy(definition=definition, kind="extract", spec_sha256="0", window=window)
        terms = BatchTerms(id=batch_id, output="out", source="test", policy=policy)
        self.ledger.write_batch(terms, items, connection="c", created_at=NOW)
        for (name, account), (size, seconds) in runs.items():
            write_manifest(self.store, object_stem(batch_id, account, name), manifest(name, account, size, seconds))
        if outcome:
            self.ledger.record_closing(
                batch_id,
                Closing(
                    at=NOW,
                    outcome=outcome,
                    runs=len(runs),
                    landed=len(runs),
                    failed=0,
                    canceled=0,
                    stored_bytes=0,
                    records=0,
                    coverage=Coverage(expected=1, landed=1),
                ),
                after=0,
            )


def manifest(name: str, account: str | None, size: int, seconds: float) -> Manifest:
    return Manifest(
        batch="b",
        lane="l",
        run="b/0",
        name=name,
        account=account,
        attempt=0,
        query_run="q",
        sql_sha256="0",
        object=ObjectPart(key="k", url="u", format="csv", bytes=size, sha256="0"),
        csv=CsvPart(bytes=size, sha256="0", records=1, columns=("n",)),
        compress=True,
        submitted_at=NOW,
        ended_at=NOW + timedelta(seconds=seconds),
        landed_at=NOW,
        livemode=False,
        api_version="v",
        request_ids=(),
    )


def test_bytes_and_durations_are_summed_over_accounts_and_the_largest_query_counts(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.batch(
        "fees.20261001T0000Z-20261002T0000Z",
        {("a", "acct_1"): (10, 5), ("a", "acct_2"): (20, 7), ("b", "acct_1"): (15, 20)},
    )

    assert world.history.batches("fees") == PastBatches(batches=1, bytes=30, seconds=20, run_s=32 / 3, run_rows=1)


def test_the_last_three_landed_batches_count_and_no_others(tmp_path: Path) -> None:
    world = World(tmp_path)
    for day in range(1, 6):
        world.batch(f"fees.2026100{day}T0000Z-2026100{day + 1}T0000Z", {("a", None): (day, day)})
    world.batch("fees.20261006T0000Z-20261007T0000Z", {("a", None): (999, 999)}, outcome="partial")
    world.batch("fees.20261007T0000Z-20261008T0000Z", {("a", None): (999, 999)}, outcome=None)
    world.batch("fees-daily-20261122-070000-aaaaa", {("a", None): (999, 999)})
    world.batch("other.20261006T0000Z-20261007T0000Z", {("a", None): (999, 999)})

    assert world.history.batches("fees") == PastBatches(batches=3, bytes=5, seconds=5, run_s=4, run_rows=1)


def test_without_anything_landed_there_is_no_past(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.history.batches("fees") is None

    world.batch("fees.20261001T0000Z-20261002T0000Z", {("a", None): (1, 1)}, outcome="failed")
    assert world.history.batches("fees") is None


def october(day: int) -> Span:
    start = datetime(2026, 10, day, tzinfo=UTC)
    return Span(start=start, end=start + timedelta(days=1))


def two_days(world: World) -> list[str]:
    ids = [f"fees.2026100{day}T0000Z-2026100{day + 1}T0000Z" for day in (1, 2)]
    for day, batch_id in enumerate(ids, start=1):
        runs = {("a", "acct_1"): (day, 10 * day), ("a", "acct_2"): (7, 8)}
        world.batch(batch_id, runs, window=october(day))  # type: ignore[arg-type]
    return ids


def test_each_run_has_its_own_past_window_by_window(tmp_path: Path) -> None:
    world = World(tmp_path)
    two_days(world)

    assert world.history.runs("fees") == {
        ("acct_1", "a"): [
            PastRun(window=october(2), bytes=2, seconds=20),
            PastRun(window=october(1), bytes=1, seconds=10),
        ],
        ("acct_2", "a"): [PastRun(window=october(day), bytes=7, seconds=8) for day in (2, 1)],
    }


def test_a_run_that_landed_in_parts_came_to_all_of_them_and_what_was_delivered_counts(tmp_path: Path) -> None:
    world = World(tmp_path)
    batch_id = "fees.20261001T0000Z-20261002T0000Z"
    world.batch(batch_id, {("b", None): (1, 1)}, window=october(1))
    for number, delivered in ((1, 30), (2, 12)):
        part = manifest("a", None, 1000, 5).model_copy(update={"delivered_bytes": delivered})
        write_manifest(world.store, f"{batch_id}/a.part-0{number}", part)

    assert world.history.runs("fees")[None, "a"] == [PastRun(window=october(1), bytes=42, seconds=10)]


def test_what_cannot_be_read_tells_nothing_and_keeps_nobody_from_going_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    older, _ = two_days(world)
    world.store.put(f"{older}/acct_1/a{SUFFIX}", b"no manifest")

    assert world.history.runs("fees")["acct_1", "a"] == [PastRun(window=october(2), bytes=2, seconds=20)]
    assert world.history.runs("none") == {}


NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def days(count: float) -> Span:
    return Span(start=NOON, end=NOON + timedelta(days=count))


def landed(*, gigabytes: float = 0, minutes: float = 0, length: float = 1) -> PastRun:
    return PastRun(window=days(length), bytes=int(gigabytes * 1e9), seconds=minutes * 60)


def test_a_window_without_a_past_runs_whole() -> None:
    assert parts_wanted([], days(1)) == 1


def test_a_window_that_fits_runs_whole() -> None:
    assert parts_wanted([landed(gigabytes=3.9, minutes=70)], days(1)) == 1


def test_one_that_came_near_to_either_wall_is_cut() -> None:
    assert parts_wanted([landed(gigabytes=4.2)], days(1)) == 2
    assert parts_wanted([landed(minutes=80)], days(1)) == 2


def test_what_landed_in_parts_counts_as_their_sum() -> None:
    assert parts_wanted([landed(gigabytes=20, minutes=30)], days(1)) == 8


def test_the_heaviest_of_the_last_windows_counts() -> None:
    assert parts_wanted([landed(gigabytes=1), landed(gigabytes=10), landed(gigabytes=2)], days(1)) == 4


def test_a_longer_window_is_heavier_by_its_length() -> None:
    assert parts_wanted([landed(gigabytes=3, length=28)], days(31)) == 1
    assert parts_wanted([landed(gigabytes=3.9, length=28)], days(31)) == 2
    assert parts_wanted([landed(gigabytes=1, length=1)], days(7)) == 3


@given(
    st.lists(st.builds(landed, gigabytes=st.floats(0, 100), minutes=st.floats(0, 5000), length=st.floats(0.1, 40))),
    st.floats(0.1, 40),
)
def test_parts_of_a_window_as_dense_as_any_before_stay_well_below_the_walls(past: list[PastRun], length: float) -> None:
    wanted = parts_wanted(past, days(length))
    allowed = NEAR if wanted == 1 else GOOD
    for landed in past:
        share = days(length).end - NOON
        scale = share / (landed.window.end - landed.window.start) / wanted
        assert landed.bytes * scale <= MAX_RESULT_BYTES * allowed * 1.001
        assert landed.seconds * scale <= MAX_QUERY_S * allowed * 1.001
