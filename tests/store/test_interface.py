"""What every store must do, run on both kinds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.store.errors import BadKey, NotFound
from forebay.store.interface import Store
from forebay.store.probing import PROBE, PROBE_AGE, probe_key

MIB = 1 << 20
PART = 5 * MIB


def test_what_is_put_can_be_read_sized_listed_and_deleted(store: Store):
    store.put("a/b.json", b"{}")
    assert store.get("a/b.json") == b"{}"
    assert b"".join(store.open("a/b.json")) == b"{}"
    assert store.size("a/b.json") == 2
    assert list(store.list()) == ["a/b.json"]
    store.delete("a/b.json")
    assert store.size("a/b.json") is None
    assert list(store.list()) == []


def test_a_second_put_replaces_the_first(store: Store):
    store.put("key", b"first, and longer")
    store.put("key", b"second")
    assert store.get("key") == b"second"


def test_reading_what_is_not_there_raises_not_found(store: Store):
    with pytest.raises(NotFound, match="missing"):
        store.get("missing")
    with pytest.raises(NotFound):
        next(store.open("missing"))
    assert store.size("missing") is None


def test_a_folder_is_no_object_and_an_object_no_folder(store: Store):
    store.put("a/b", b"x")
    assert store.size("a") is None
    assert store.size("a/b/c") is None
    with pytest.raises(NotFound):
        store.get("a")
    with pytest.raises(NotFound):
        store.get("a/b/c")
    assert list(store.list("a/b/")) == []


def test_deleting_what_is_not_there_is_no_error(store: Store):
    store.delete("missing")
    store.delete("not/even/a/folder")


def test_create_writes_once_and_then_says_no(store: Store):
    assert store.create("batch.json", b"first")
    assert not store.create("batch.json", b"second")
    assert store.get("batch.json") == b"first"


def test_of_many_creates_at_once_exactly_one_succeeds(store: Store):
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: store.create("key", b"%d" % n), range(8)))
    assert outcomes.count(True) == 1
    assert store.get("key") == b"%d" % outcomes.index(True)


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1])
def test_sizes_around_the_part_boundary_come_back_whole(store: Store, size: int):
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    with store.writer("big", content_type="text/csv") as writer:
        for start in range(0, size, 700_001):
            writer.write(data[start : start + 700_001])
        writer.commit()
    assert store.size("big") == size
    assert b"".join(store.open("big")) == data


def test_one_write_of_many_parts_comes_back_whole(store: Store):
    data = bytes(range(251)) * (3 * PART // 250)
    with store.writer("big") as writer:
        writer.write(data)
        writer.commit()
    assert store.get("big") == data


@pytest.mark.parametrize("size", [0, 10, 2 * PART + 1])
def test_leaving_without_a_commit_leaves_nothing(store: Store, size: int):
    with store.writer("big") as writer:
        writer.write(bytes(size))
    assert store.size("big") is None
    assert list(store.list()) == []


@pytest.mark.parametrize("size", [10, 2 * PART + 1])
def test_an_exception_mid_way_leaves_the_old_object_as_it_was(store: Store, size: int):
    store.put("big", b"old")

    def interrupted() -> None:
        with store.writer("big") as writer:
            writer.write(bytes(size))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.get("big") == b"old"


def test_an_uncommitted_object_is_not_to_be_seen(store: Store):
    with store.writer("folder/big") as writer:
        writer.write(bytes(2 * PART + 1))
        assert list(store.list()) == []
        assert store.size("folder/big") is None
        writer.commit()
        assert list(store.list()) == ["folder/big"]


def test_nothing_may_be_written_after_the_commit(store: Store):
    with store.writer("key") as writer:
        writer.commit()
        with pytest.raises(ValueError, match="closed"):
            writer.write(b"more")
        with pytest.raises(ValueError, match="closed"):
            writer.commit()


@pytest.mark.parametrize("size", [0, 1, PART, 2 * PART + 1])
def test_a_copy_has_the_same_bytes_and_the_original_stays(store: Store, size: int):
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    with store.writer("from/here") as writer:
        writer.write(data)
        writer.commit()
    store.put("to/there", b"an older one")
    store.copy("from/here", "to/there")
    assert store.get("to/there") == data
    assert store.get("from/here") == data


def test_a_copy_of_nothing_is_not_found_and_leaves_the_target_alone(store: Store):
    store.put("there", b"old")
    with pytest.raises(NotFound, match="missing"):
        store.copy("missing", "there")
    assert store.get("there") == b"old"


def test_a_copy_may_be_repeated(store: Store):
    store.put("a", b"x")
    store.copy("a", "b")
    store.copy("a", "b")
    assert list(store.list()) == ["a", "b"]


def test_keys_are_listed_in_the_order_of_their_bytes(store: Store):
    keys = ["a", "a!/x", "a-b/x", "a.b", "a/b", "a/b.c", "aa", "b/ä/x", "b/z", "ä"]
    if store.url.startswith("file:"):
        keys.remove("a")  # a file can't have the name of a folder
    for key in reversed(keys):
        store.put(key, b"")
    assert list(store.list()) == sorted(keys, key=str.encode)
    assert list(store.list("a/")) == ["a/b", "a/b.c"]
    assert list(store.list("a/b.")) == ["a/b.c"]
    assert list(store.list("nothing/")) == []


def test_folders_are_listed_without_what_is_in_them(store: Store):
    for key in ["batches/1/batch.json", "batches/1/x/y", "batches/2/batch.json", "batches/file", "other/x"]:
        store.put(key, b"")
    assert list(store.folders("batches/")) == ["1", "2"]
    assert list(store.folders()) == ["batches", "other"]
    assert list(store.folders("nothing/")) == []


def test_folders_can_be_asked_for_by_how_they_begin(store: Store):
    for key in ["batches/fees.1/x", "batches/fees.2/y/z", "batches/fees/x", "batches/fees2.1/x", "batches/fees.txt"]:
        store.put(key, b"")
    assert list(store.folders("batches/fees.")) == ["fees.1", "fees.2"]
    assert list(store.folders("batches/fees.2")) == ["fees.2"]
    assert list(store.folders("batch")) == ["batches"]
    assert list(store.folders("batches/none.")) == []


def test_a_key_with_odd_characters_keeps_them(store: Store):
    key = "a b+c&d=e/ümlaut%3A%/'quotes\"/?#.csv"
    store.put(key, b"x")
    assert store.get(key) == b"x"
    assert list(store.list()) == [key]
    assert store.url_of(key).startswith(store.url + "/")


@pytest.mark.parametrize(
    "key", ["", "/abs", "a//b", "a/", "..", "a/../b", "./a", "a\\b", "a\nb", ".forebay-tmp-x", "x" * 901]
)
def test_keys_that_could_not_be_the_same_on_both_are_refused(store: Store, key: str):
    with pytest.raises(BadKey):
        store.put(key, b"")
    with pytest.raises(BadKey):
        store.get(key)


def test_a_probe_passes_and_leaves_nothing(store: Store):
    store.probe()
    assert list(store.list()) == []


def test_what_is_left_of_a_killed_probe_is_swept_after_an_hour_and_a_living_one_is_not(store: Store):
    store.put(probe_key(), PROBE)
    store.put("kept", PROBE)
    now = datetime.now(UTC)
    assert store.sweep(now, lambda key: False) == 0
    assert store.sweep(now + PROBE_AGE * 2, lambda key: False) == 1
    assert list(store.list()) == ["kept"]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(writes=st.lists(st.integers(0, 3 * MIB), max_size=6))
def test_however_it_is_cut_the_object_is_what_was_written(store: Store, writes: list[int]):
    pieces = [bytes([number]) * size for number, size in enumerate(writes)]
    with store.writer("key") as writer:
        for piece in pieces:
            writer.write(piece)
        writer.commit()
    assert store.get("key") == b"".join(pieces)


def test_a_listing_begins_behind_a_key_and_folders_too(store: Store):
    for key in ["a/1", "a/2", "a/3/x", "a/3/y", "a/4.z/x", "b/1"]:
        store.put(key, b"")
    assert list(store.list("a/", after="a/2")) == ["a/3/x", "a/3/y", "a/4.z/x"]
    assert list(store.list("a/", after="a/20")) == ["a/3/x", "a/3/y", "a/4.z/x"]
    assert list(store.list("a/", after="a/9")) == []
    assert list(store.folders("a/", after="a/3")) == ["3", "4.z"]
    assert list(store.folders("a/", after="a/4")) == ["4.z"]
    assert list(store.folders("a/4", after="a/4.zz")) == []
    assert list(store.folders("", after="b")) == ["b"]


def test_many_objects_are_removed_at_once_and_those_that_are_not_there_are_no_error(store: Store):
    keys = [f"many/{number:02}" for number in range(25)]
    for key in [*keys, "other"]:
        store.put(key, b"")
    store.delete_all([*keys, "many/never"])
    store.delete_all([])
    assert list(store.list()) == ["other"]
