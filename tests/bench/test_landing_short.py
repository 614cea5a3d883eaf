"""The bench of landings in a short form: each of Forebay's jobs lands what the host has, and is measured."""

from pathlib import Path

import pytest

from bench.landing import (
    ACCOUNTS,
    BY_ACCOUNT,
    ORGANIZATION,
    STORED,
    best,
    contenders,
    csv_bytes,
    make,
    measure,
    serving,
)


def test_the_csv_is_as_large_as_asked_for_and_always_the_same() -> None:
    made = b"".join(csv_bytes(1))
    assert len(made) >= 1_000_000
    assert made == b"".join(csv_bytes(1))


@pytest.mark.parametrize("to", ["folder", "S3"])
def test_each_job_of_ours_lands(tmp_path: Path, to: str) -> None:
    files = tmp_path / "files"
    files.mkdir()
    make(files, 1)
    with serving("host", str(files)) as host, serving("sink") as sink:
        urls = (f"http://127.0.0.1:{port}" for port in (host, sink))
        ours = [one for one in contenders(*urls, tmp_path, files) if one.name == "Forebay" and one.job.endswith(to)]
        runs = [measure(one, tmp_path) for one in ours]
        landed = [path.name for path in (tmp_path / "out").iterdir()]

    jobs = ["csv → csv", *(f"zip → {stored}" for stored in STORED), *(f"{ORGANIZATION} → {to}" for to in BY_ACCOUNT)]
    assert [one.job for one in ours] == [f"{job}, {to}" for job in jobs]
    assert all(run.cpu_s > 0 for run in runs)
    assert best(runs).memory_mb == min(run.memory_mb for run in runs)
    assert len(landed) == (ACCOUNTS if to == "folder" else 0)


def test_who_does_not_land_is_said_with_its_words(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    make(files, 1)
    with serving("host", str(files)) as host:
        ours = next(contenders(f"http://127.0.0.1:{host}", "http://127.0.0.1:1", tmp_path, files))
        (files / "result.csv").unlink()
        with pytest.raises(RuntimeError, match=r"(?s)Forebay \(csv → csv, folder\) ended with 1: .*TransferBroken"):
            measure(ours, tmp_path)
