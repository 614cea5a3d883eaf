"""A landed tree is verified as it is; whatever was done to it is found, and told of the object that it was done to."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing import spool
from forebay.landing.manifest import SUFFIX, write_manifest
from forebay.landing.verifying.discrepancies import Discrepant
from forebay.landing.verifying.stored_result import TreeReading
from forebay.landing.verifying.verifier import Verifier
from forebay.store.errors import Denied, Unavailable
from forebay.store.interface import Store
from forebay.store.local import LocalStore
from tests.landing.verifying.trees import CSV, FORMATS, found, land, stored_as, verified


@pytest.mark.parametrize("container", FORMATS)
def test_what_landed_is_well_in_each_format_and_each_store(store: Store, container: str) -> None:
    for stem in ("b/fees", "b/acct_1/fees", "b/acct_1/fees.of.may", "b-2/fees"):
        land(store, stem, container)
    checked, findings = verified(store)
    assert findings == []
    assert sum(each.records for each in checked) == 8
    assert len(checked) == 4


@pytest.mark.parametrize("container", FORMATS)
@given(data=st.data())
def test_a_byte_that_was_flipped_anywhere_is_found(
    tmp_path_factory: pytest.TempPathFactory, container: str, data: st.DataObject
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("flipped"))
    land(store, "b/fees", container)
    stored = bytearray(store.get(f"b/fees.{container}"))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    store.put(f"b/fees.{container}", bytes(stored))
    assert found(store) == [(Discrepant.CHANGED, f"b/fees.{container}")]


@pytest.mark.parametrize("container", FORMATS)
@given(data=st.data())
def test_an_end_that_was_cut_off_anywhere_is_found(
    tmp_path_factory: pytest.TempPathFactory, container: str, data: st.DataObject
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("cut"))
    land(store, "b/fees", container)
    stored = store.get(f"b/fees.{container}")
    store.put(f"b/fees.{container}", stored[: data.draw(st.integers(0, len(stored) - 1))])
    assert found(store) == [(Discrepant.TRUNCATED, f"b/fees.{container}")]


@pytest.mark.parametrize("container", FORMATS)
def test_what_was_appended_is_found(folder: LocalStore, container: str) -> None:
    land(folder, "b/fees", container)
    folder.put(f"b/fees.{container}", folder.get(f"b/fees.{container}") + b"3,\n")
    assert found(folder) == [(Discrepant.CHANGED, f"b/fees.{container}")]


@pytest.mark.parametrize("container", FORMATS)
@pytest.mark.parametrize(
    ("field", "value"), [("records", 3), ("records", None), ("columns", ["id"]), ("bytes", 5), ("sha256", "ab")]
)
def test_a_manifest_that_says_otherwise_of_what_is_in_an_object_contradicts_it(
    folder: LocalStore, container: str, field: str, value: object
) -> None:
    land(folder, "b/fees", container)
    manifest = json.loads(folder.get(f"b/fees{SUFFIX}"))
    manifest["csv"][field] = value
    folder.put(f"b/fees{SUFFIX}", json.dumps(manifest).encode())
    if container == "parquet" and field in ("bytes", "sha256"):
        assert found(folder) == [], "of a CSV that is not stored nobody can tell"
    else:
        assert found(folder) == [(Discrepant.CONTRADICTED, f"b/fees.{container}")]


def test_what_is_not_what_its_format_says_contradicts_its_manifest(folder: LocalStore) -> None:
    manifest = land(folder, "b/fees", "csv")
    stored = manifest.object.model_copy(update={"format": "csv.gz"})
    write_manifest(folder, "b/fees", manifest.model_copy(update={"object": stored}))
    (finding,) = verified(folder)[1]
    assert finding.kind is Discrepant.CONTRADICTED
    assert "no csv.gz of 41 bytes" in finding.message


def test_of_a_format_that_is_not_known_here_nobody_says_that_it_is_well(folder: LocalStore) -> None:
    manifest = land(folder, "b/fees", "csv")
    stored = manifest.object.model_copy(update={"format": "avro"})
    write_manifest(folder, "b/fees", manifest.model_copy(update={"object": stored}))
    assert found(folder) == [(Discrepant.UNREADABLE, "b/fees.csv")]


def test_an_object_that_is_gone_is_missing_and_one_without_a_manifest_is_extra(store: Store) -> None:
    for name in ("a", "b"):
        land(store, f"b1/acct_1/{name}")
    store.delete("b1/acct_1/a.csv")
    store.delete(f"b1/acct_1/b{SUFFIX}")
    store.put("b1/note.txt", b"by hand")
    assert found(store) == [
        (Discrepant.MISSING, "b1/acct_1/a.csv"),
        (Discrepant.EXTRA, "b1/acct_1/b.csv"),
        (Discrepant.EXTRA, "b1/note.txt"),
    ]


def test_an_object_of_another_format_beside_a_result_is_extra(folder: LocalStore) -> None:
    land(folder, "b/fees", "csv.gz")
    folder.put("b/fees.csv", CSV)
    assert found(folder) == [(Discrepant.EXTRA, "b/fees.csv")]


def test_what_a_landing_left_in_quarantine_is_no_result_and_what_waits_there_is_verified(folder: LocalStore) -> None:
    folder.put("_quarantine/b/left.csv", b"x")
    land(folder, "_quarantine/b/fees")
    folder.put("_quarantine/b/fees.csv", b"x")
    assert found(folder) == [(Discrepant.TRUNCATED, "_quarantine/b/fees.csv")]


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"format": 2}', b"\xff\xfe"])
def test_a_broken_manifest_is_told_once_and_its_object_is_not_called_extra(folder: LocalStore, broken: bytes) -> None:
    land(folder, "b/fees")
    folder.put(f"b/fees{SUFFIX}", broken)
    assert found(folder) == [(Discrepant.BROKEN, f"b/fees{SUFFIX}")]


def test_a_tree_is_well_wherever_it_was_copied_to(folder: LocalStore, tmp_path: Path) -> None:
    land(folder, "b/acct_1/fees")
    (tmp_path / "copy").mkdir()
    (tmp_path / "out" / "b").rename(tmp_path / "copy" / "b")
    assert found(LocalStore(tmp_path / "copy")) == []
    assert found(LocalStore(tmp_path / "copy" / "b" / "acct_1")) == []


def test_no_more_is_told_than_was_asked_for(folder: LocalStore) -> None:
    land(folder, "b/fees")
    land(folder, "b2/fees")
    folder.delete("b2/fees.csv")
    assert found(folder, "b/") == []
    assert found(folder, "b2/") == [(Discrepant.MISSING, "b2/fees.csv")]


class Refusing(LocalStore):
    """Some keys cannot be read; others break off."""

    def get(self, key: str) -> bytes:
        if key == f"b/denied{SUFFIX}":
            raise Denied(key)
        return super().get(key)

    def open(self, key: str) -> Iterator[bytes]:
        yield from super().open(key)
        if key == "b/broken.csv":
            raise Unavailable("reset")


def test_what_cannot_be_read_is_neither_well_nor_different(tmp_path: Path) -> None:
    store = Refusing(tmp_path)
    for name in ("broken", "denied", "well"):
        land(store, f"b/{name}")
    assert found(store) == [(Discrepant.UNREADABLE, "b/broken.csv"), (Discrepant.UNREADABLE, f"b/denied{SUFFIX}")]


class LandsAgain(LocalStore):
    """The result lands once more while it is read."""

    landed = False

    def open(self, key: str) -> Iterator[bytes]:
        if not self.landed:
            self.landed = True
            land(self, "b/fees", csv=b"id\n1\n2\n3\n")
        return super().open(key)


def test_a_result_that_lands_again_while_it_is_read_is_no_difference(tmp_path: Path) -> None:
    store = LandsAgain(tmp_path)
    land(store, "b/fees")
    checked, findings = verified(store)
    assert findings == []
    assert [each.records for each in checked] == [3]


class Counting(LocalStore):
    """Counts how many are open at once."""

    most = 0

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._open = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(3)

    def open(self, key: str) -> Iterator[bytes]:
        with self._lock:
            self._open += 1
            self.most = max(self.most, self._open)
        self._together.wait(10)
        yield from super().open(key)
        with self._lock:
            self._open -= 1


def test_as_many_are_read_at_once_as_was_asked_for_and_no_more(tmp_path: Path) -> None:
    store = Counting(tmp_path)
    for number in range(12):
        land(store, f"b/{number}")
    assert verified(store, parallel=3)[1] == []
    assert store.most == 3


class Stalling(LocalStore):
    """Reads a byte at a time; behind its first one, each result but the first stalls until the reading is to stop."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.stopping = threading.Event()
        self.was_stopped: list[bool] = []
        self.pieces: list[str] = []
        self.listed = 0

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        for key in super().list(prefix, after):
            self.listed += 1
            yield key

    def open(self, key: str) -> Iterator[bytes]:
        for place, byte in enumerate(super().get(key)):
            if place == 1 and key != "b/000.csv":
                self.was_stopped.append(self.stopping.wait(10))
            self.pieces.append(key)
            yield bytes([byte])


def test_who_stops_listening_stops_the_reading(tmp_path: Path) -> None:
    store = Stalling(tmp_path)
    for number in range(30):
        land(store, f"b/{number:03}")
    verifier = Verifier(TreeReading(store=store), parallel=3)
    store.stopping = verifier._stopping
    outcomes = verifier.verify([""])
    next(outcomes)
    outcomes.close()

    assert store.listed <= 2 * (2 * 3 + 1), "two keys of each that is begun or waits for its turn, and of the next one"
    assert all(store.was_stopped)
    read = Counter(store.pieces)
    assert read.pop("b/000.csv") == len(CSV)
    assert all(pieces <= 2 for pieces in read.values()), "and of the others no more than was begun"


def test_the_bytes_of_a_large_object_are_told_as_they_are_read(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    csv = b"id\n" + b"1234567\n" * 500_000
    land(store, "b/fees", csv=csv)
    told: list[int] = []
    list(Verifier(TreeReading(store=store), report=told.append).verify([""]))
    assert len(told) >= 4
    assert told == sorted(told)
    assert told[-1] == len(stored_as(csv, "csv"))


def test_a_manifest_in_the_place_of_another_is_found_by_the_object_that_both_name(store: Store) -> None:
    land(store, "b/fees", "csv")
    store.put("b/charges.manifest.json", store.get("b/fees.manifest.json"))
    _, findings = verified(store)
    assert [(each.kind, each.message) for each in findings] == [
        (Discrepant.CONTRADICTED, "another manifest names the same object: one of the two took another one's place")
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_where_the_temporary_folder_is_full_a_result_could_not_be_read(
    folder: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(folder, "b/fees", "parquet")
    land(folder, "b/others", "csv")
    full = partial(Path("/dev/full").open, "w+b", buffering=0)
    monkeypatch.setattr(spool, "SpooledTemporaryFile", lambda **_: full())
    checked, findings = verified(folder)
    assert len(checked) == 2
    (finding,) = findings
    assert finding.kind is Discrepant.UNREADABLE
    assert "make room in it, or set TMPDIR" in finding.message
