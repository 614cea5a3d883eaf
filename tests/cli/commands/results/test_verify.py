"""`forebay verify` says what is as it landed and what is not, and ends by what it found."""

import json
import os
import signal
import time
from pathlib import Path
from typing import IO

import jsonschema
import pytest
import redis

from forebay.landing.manifest import SUFFIX
from forebay.landing.result_paths import place_stem
from forebay.store.key_rules import segment
from forebay.store.local import LocalStore, open_folder
from tests.cli.conftest import DEADLINE_S, Forebay, finish, start
from tests.cli.definitions import batch_of, ledger
from tests.landing.verifying.trees import CSV, land


@pytest.fixture
def out(folder: Path) -> LocalStore:
    """Three results in ./out."""
    store = LocalStore(folder / "out")
    for name in ("a", "b", "c"):
        land(store, f"b1/{name}", "csv.gz")
    return store


def test_a_tree_that_is_as_it_landed_is_well(out: LocalStore, forebay: Forebay) -> None:
    size = 3 * len(out.get("b1/a.csv.gz"))
    for place in ("out", "./out", out.url):
        said = forebay("verify", place)
        assert (said.code, said.err) == (0, "")
        assert said.out == f"3 results are as their manifests say ({size} B read, 6 records)\n"


def test_each_difference_has_a_line_that_says_where(out: LocalStore, forebay: Forebay) -> None:
    out.delete("b1/a.csv.gz")
    out.put("b1/b.csv.gz", b"x")
    said = forebay("verify", "out", "--parallel", "1")
    assert said.code == 3
    assert said.out.splitlines() == [
        "missing      out/b1/a.csv.gz: its manifest is there, and it is not",
        f"truncated    out/b1/b.csv.gz: 1 bytes, and its manifest says {len(out.get('b1/c.csv.gz'))}",
        f"2 differences; 1 result is as its manifest says ({1 + len(out.get('b1/c.csv.gz'))} B read, 2 records)",
    ]


def test_scripts_get_an_object_a_difference_and_one_at_the_end(out: LocalStore, forebay: Forebay) -> None:
    out.put("b1/b.csv.gz", b"x")
    said = forebay("verify", "out", "--json")
    assert said.code == 3
    (difference, result) = said.events
    assert difference["event"] == "difference"
    assert (difference["kind"], difference["key"], difference["url"]) == (
        "truncated",
        "b1/b.csv.gz",
        out.url_of("b1/b.csv.gz"),
    )
    assert (result["results"], result["well"], result["differences"], result["exit"]) == (3, 2, 1, 3)


@pytest.mark.parametrize("place", ["./nothing", "s3-like/nothing"])
def test_where_nothing_is_nothing_is_well(folder: Path, forebay: Forebay, place: str) -> None:
    said = forebay("verify", place)
    assert said.code == 2
    assert f"there is no result in {place}, so nothing was verified" in said.err
    assert not list((folder / ".forebay" / "verify").iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "name a batch, an extract or a place"),
        (("nothing",), "there is no batch 'nothing' in this ledger"),
        (("ftp://host/x",), "destinations begin with s3:// or file://"),
    ],
)
def test_what_is_not_to_be_found_is_said_in_a_sentence(
    folder: Path, forebay: Forebay, arguments: tuple[str, ...], sentence: str
) -> None:
    said = forebay("verify", *arguments)
    assert said.code == 2
    assert sentence in said.err
    assert len(said.err.splitlines()) <= 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_ends_otherwise_than_a_difference(out: LocalStore, forebay: Forebay) -> None:
    (out._root / "b1" / "a.csv.gz").chmod(0)
    said = forebay("verify", "out")
    assert said.code == 1
    assert "1 could not be read; 2 results are" in said.out


def test_the_schema_of_manifests_is_printed(out: LocalStore, forebay: Forebay) -> None:
    schema = json.loads(forebay("verify", "--schema").out)
    jsonschema.Draft202012Validator(schema).validate(json.loads(out.get(f"b1/a{SUFFIX}")))


def test_a_batch_is_held_against_the_ledger_without_redis(
    deployed: redis.Redis, queries: list[str], forebay: Forebay, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = batch_of(forebay("submit", *queries))
    monkeypatch.setenv("FOREBAY_REDIS_URL", "redis://127.0.0.1:1/0")
    store, batch = LocalStore(folder / "out"), ledger(folder).batch(batch_id)
    lane = batch.flows[0].lane
    for item in list(ledger(folder).items(batch_id, lane))[:2]:
        land(store, place_stem(batch, item))

    said = forebay("verify", batch_id)
    assert said.code == 0
    assert "1 run of batches that were canceled or are not over" in said.err

    marks = ledger(folder).open_marks
    marks.remove(segment(batch_id), marks.all()[segment(batch_id)])
    said = forebay("verify", batch_id)
    assert said.code == 3
    assert said.out.startswith(f"missing      out/{batch_id}/refunds{SUFFIX}: by the ledger it landed")


def test_all_windows_of_an_extract_are_verified(spec: Path, deployed: redis.Redis, forebay: Forebay) -> None:
    assert forebay("verify", "daily").code == 2, "it has no window yet"
    for window in ("2026-01-01", "2026-01-02"):
        batch = ledger(spec).batch(batch_of(forebay("submit", "daily", "--window", window)))
        (item,) = ledger(spec).items(batch.id, batch.flows[0].lane)
        land(open_folder(batch.output), place_stem(batch, item))
    said = forebay("verify", "daily")
    assert said.code == 0, said
    assert said.out.startswith("2 results are as their manifests say")


def write_without_end(taken: IO[bytes]) -> None:
    while True:
        taken.write(CSV)


@pytest.mark.system
def test_an_interrupted_verification_goes_on_where_it_was(out: LocalStore, forebay: Forebay, folder: Path) -> None:
    land(out, "b1/slow", "csv")
    slow = folder / "out" / "b1" / "slow.csv"
    slow.unlink()
    os.mkfifo(slow)  # whoever opens it waits
    process = start("verify", "out")
    state = folder / ".forebay" / "verify"
    deadline = time.monotonic() + DEADLINE_S
    while not state.is_dir() or sum(path.read_bytes().count(b"\n") for path in state.iterdir()) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with slow.open("wb", buffering=0) as taken:  # once somebody reads it
        process.send_signal(signal.SIGINT)
        # It never ends by itself, so it is the interruption that ends it, however late that is noticed.
        with pytest.raises(BrokenPipeError):
            write_without_end(taken)
    said = finish(process)
    assert said.code == 130
    assert "forebay verify out --resume goes on" in said.err

    slow.unlink()
    slow.write_bytes(CSV)
    said = forebay("verify", "out", "--resume")
    assert said.code == 0
    assert said.out == (
        f"4 results are as their manifests say ({len(CSV)} B read, 8 records; 3 were well before it was interrupted)\n"
    )
    assert not list(state.iterdir()), "it came to its end"


def test_who_may_write_nowhere_verifies_all_the_same(
    out: LocalStore, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREBAY_DATA_DIR", "/proc/nowhere")
    said = forebay("verify", "out")
    assert said.code == 0
    assert "--resume would begin anew" in said.err
