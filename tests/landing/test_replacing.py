"""Whoever dies, and wherever: who reads manifests sees one whole version, and who comes next leaves nothing behind."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.write_mode import WriteMode
from forebay.landing.errors import PlaceTaken
from forebay.landing.manifest import SUFFIX, Manifest, WindowPart, read_manifest, write_manifest
from forebay.landing.replacing import clear_parts, clear_whole, put_in_place, remove_left, require_free
from forebay.landing.result_paths import object_base, version_of
from forebay.store.errors import Denied, Unavailable
from forebay.store.interface import Store
from forebay.store.local import LocalStore
from tests.deaths.mortal import Death, mortal_store
from tests.landing.verifying.trees import found, manifest_of

STEM = "daily/window=2026-10-01/account=acct_1/fees"
NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
REPLACE, FAIL = WriteMode.REPLACE, WriteMode.FAIL_IF_EXISTS


def result(batch: str, hour: int = 0, *, run: str = "qryrun", attempt: int = 0) -> tuple[Manifest, bytes]:
    """Makes what a batch asked at this hour, and its CSV, which is another one for each."""
    csv = f"id\n{batch}-{run}\n".encode()
    version = version_of(f"{batch}/0", attempt, run)
    made = manifest_of(object_base(STEM, version), csv, csv, "csv")
    when = NOON + timedelta(hours=hour)
    placed = made.object.model_copy(update={"version": version})
    named = {"batch": batch, "run": f"{batch}/0", "name": "fees", "query_run": run, "attempt": attempt}
    return made.model_copy(update={**named, "object": placed, "submitted_at": when, "accepted_at": when}), csv


def land(store: Store, manifest: Manifest, csv: bytes, write: WriteMode = REPLACE) -> Manifest:
    """Does what the step does that lands a result."""
    store.put(manifest.object.key, csv)
    stands = put_in_place(store, STEM, manifest, write)
    mine = stands.object.key == manifest.object.key
    remove_left(store, stands.replaces if mine else [manifest.object.key])
    return stands


def seen(store: Store) -> bytes | None:
    """Reads what a reader of manifests sees."""
    manifest = read_manifest(store, STEM)
    return store.get(manifest.object.key) if manifest else None


def test_a_repeated_window_takes_the_place_and_nothing_of_before_is_left(store: Store) -> None:
    first, second = result("b1"), result("b1.r2", 1)
    land(store, *first)
    land(store, *second)
    assert seen(store) == second[1]
    assert list(store.list()) == sorted([second[0].object.key, STEM + SUFFIX])
    assert found(store) == []


def test_the_same_attempt_lands_twice_as_the_same_object(store: Store) -> None:
    first = result("b1")
    land(store, *first)
    land(store, *first)
    assert list(store.list()) == sorted([first[0].object.key, STEM + SUFFIX])


def test_who_was_slow_does_not_put_older_data_in_place_of_newer(store: Store) -> None:
    slow, later = result("b1"), result("b1.r2", 1)
    land(store, *later)
    assert land(store, *slow).batch == "b1.r2"
    assert seen(store) == later[1]
    assert slow[0].object.key not in list(store.list())


def test_what_a_retry_asked_later_takes_the_place_of_a_younger_batch(store: Store) -> None:
    younger, retried = result("b1.r2", 1), result("b1", 2, attempt=1)
    land(store, *younger)
    land(store, *retried)
    assert seen(store) == retried[1]


def test_what_is_to_stay_stays(store: Store) -> None:
    first, second = result("b1"), result("b1.r2", 1)
    land(store, *first, FAIL)
    with pytest.raises(PlaceTaken, match="a result of batch b1 is there already, and write: fail_if_exists"):
        land(store, *second, FAIL)
    with pytest.raises(PlaceTaken):
        require_free(store, STEM, "b1.r2")
    require_free(store, STEM, "b1")
    require_free(store, STEM.replace("fees", "refunds"), "b1.r2")
    assert seen(store) == first[1]
    assert land(store, *result("b1", 2, attempt=1), FAIL).attempt == 1, "a retry of the same batch is no other batch"


def test_of_two_at_the_same_moment_one_stays(store: Store) -> None:
    first, second = result("b1"), result("b1.r2", 1)

    class Raced:
        """A store in which the other one lands between the look and the word."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def create(self, key: str, data: bytes) -> bool:
            land(store, *first, FAIL)
            return store.create(key, data)

    with pytest.raises(PlaceTaken):
        land(Raced(), *second, FAIL)  # type: ignore[arg-type]
    assert seen(store) == first[1]


def test_a_manifest_that_nobody_understands_keeps_nobody_from_landing(store: Store) -> None:
    store.put(STEM + SUFFIX, b"{")
    first = result("b1")
    land(store, *first)
    assert seen(store) == first[1]


def part(batch: str, number: int, of: int) -> tuple[str, Manifest]:
    manifest, _ = result(batch)
    window = WindowPart(number=number, of=of, start=NOON, end=NOON, batch=f"{batch}.split")
    stem = f"{STEM}.part-{number:02}"
    key = f"{object_base(stem, manifest.object.version)}.csv"
    placed = manifest.object.model_copy(update={"key": key})
    return stem, manifest.model_copy(update={"object": placed, "part": window})


def land_parts(store: Store, batch: str, of: int) -> None:
    for number in range(1, of + 1):
        stem, manifest = part(batch, number, of)
        store.put(manifest.object.key, b"id\n")
        write_manifest(store, stem, manifest)


def test_a_whole_takes_the_place_of_parts_and_rows_are_nowhere_twice(store: Store) -> None:
    land_parts(store, "b1", 3)
    # It is called like a part, and is none.
    write_manifest(store, f"{STEM}.part-mine", result("b1")[0])
    store.put(result("b1")[0].object.key, b"")
    second = result("b1.r2", 1)
    land(store, *second)
    assert seen(store) == second[1]
    left = [key for key in store.list() if ".part-0" in key]
    assert left == []
    assert store.size(f"{STEM}.part-mine{SUFFIX}")


def test_parts_find_what_is_to_go_before_them(store: Store) -> None:
    land_parts(store, "b1", 2)
    gone = clear_parts(store, STEM, "b2", REPLACE)
    assert gone == tuple(part("b1", number, 2)[1].object.key for number in (1, 2))
    assert clear_parts(store, STEM, "b2", REPLACE) == ()
    first = result("b1")
    land(store, *first)
    assert clear_whole(store, STEM, "b1", REPLACE) == (), "its own"
    with pytest.raises(PlaceTaken):
        clear_whole(store, STEM, "b2", FAIL)
    assert clear_whole(store, STEM, "b2", REPLACE) == (first[0].object.key,)
    land_parts(store, "b1", 1)
    with pytest.raises(PlaceTaken):
        clear_parts(store, STEM, "b2", FAIL)
    with pytest.raises(PlaceTaken):
        require_free(store, STEM, "b2")


def test_where_nothing_may_be_deleted_results_land_all_the_same_and_know_what_they_replaced(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)

    class KeepsAll:
        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def delete_all(self, keys: object) -> None:
            raise Denied("no right to delete")

    first, second, third = result("b1"), result("b1.r2", 1), result("b1.r3", 2)
    for each in (first, second, third):
        land(KeepsAll(), *each)  # type: ignore[arg-type]
    manifest = read_manifest(store, STEM)
    assert manifest and manifest.replaces == (second[0].object.key, first[0].object.key)
    assert seen(store) == third[1]
    fourth = result("b1.r4", 3)
    land(store, *fourth)
    assert list(store.list()) == sorted([fourth[0].object.key, STEM + SUFFIX])


@pytest.mark.parametrize("done", [False, True], ids=["before", "right after"])
def test_a_reader_sees_one_whole_version_wherever_a_landing_dies_and_the_next_one_sweeps(
    store: Store, done: bool
) -> None:
    first, second, third = result("b1"), result("b1.r2", 1), result("b1.r3", 2)
    death = Death()
    land(store, *first)
    land(mortal_store(store, death), *second)
    spots = death.spots()
    assert len(spots) >= 4, "object, look, manifest, removal"
    for again, of_which in ((second, "the same attempt"), (third, "the next one")):
        for spot in spots:
            store.delete_all(list(store.list()))
            land(store, *first)
            with suppress(Unavailable):  # that something is left to be removed is no error of the landing
                land(mortal_store(store, Death(spot, done=done)), *second)
            assert seen(store) in (first[1], second[1]), spot
            land(store, *again)
            assert seen(store) == again[1]
            expected = sorted([again[0].object.key, STEM + SUFFIX])
            left = [key for key in store.list() if key not in expected]
            # Who died with an object in hand, and never came back, left that; `verify` tells of it.
            assert set(left) <= ({second[0].object.key} if of_which == "the next one" else set()), spot


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=6))
def test_the_last_that_was_asked_stands_in_whatever_order_and_however_often_they_land(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], again: list[int]
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    results = [result(f"b1.r{number}", number) for number in range(4)]
    for number in (*order, *again):
        land(store, *results[number])
    assert seen(store) == results[3][1]
    assert list(store.list()) == sorted([results[3][0].object.key, STEM + SUFFIX])
    assert found(store) == []


runs = st.tuples(st.from_regex(r"[a-z0-9./-]{1,9}", fullmatch=True), st.integers(0, 99), st.text("qr_1", min_size=1))


@given(runs, runs)
def test_landings_have_one_name_each(one: tuple[str, int, str], other: tuple[str, int, str]) -> None:
    assert (version_of(*one) == version_of(*other)) is (one == other)
