"""The bench of landings' memory in a short form: what it sends is what it says, and each of its jobs lands."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from bench import landing_memory
from bench.landing import serving
from bench.landing_bodies import HEADER, body_named


def test_a_zip_that_is_made_while_it_is_read_is_one_for_whoever_reads_zips() -> None:
    body, plain = body_named("/zip/30"), b"".join(body_named("/csv/30").pieces)
    zipped = b"".join(body.pieces)

    assert len(zipped) == body.size
    assert 20_000_000 < len(plain) < 31_000_000
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        assert archive.read("result.csv") == plain
    assert len(plain) / len(zipped) > 5


def test_what_is_sent_is_csv_of_so_many_bytes() -> None:
    body = body_named("/csv/1")
    plain = b"".join(body.pieces)

    assert len(plain) == body.size
    assert plain.startswith(HEADER)
    assert {len(row) for row in csv.reader(io.StringIO(plain.decode()))} == {8}


NAMES = [
    "csv → csv, folder",
    "zip → zip, folder",
    "zip → csv.gz, folder",
    "csv → csv, S3",
    "zip → zip, S3",
    "zip → csv.gz, S3",
    "zip → csv, S3",
    "zip → csv.zst, S3",
    "zip → parquet, S3",
]


def test_each_way_to_land_is_measured() -> None:
    assert [job.name for job in landing_memory.jobs(1, 1, 1)] == NAMES


@pytest.mark.parametrize("name", ["csv → csv, folder", "zip → csv.gz, S3"])
def test_a_job_lands_a_small_result_and_a_large_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(landing_memory, "SMALL_MB", 1)
    (job,) = (job for job in landing_memory.jobs(30, 30, 30) if job.name == name)
    with serving("maker") as maker, serving("sink") as sink:
        row = landing_memory.row(job, f"http://127.0.0.1:{maker}", f"http://127.0.0.1:{sink}", tmp_path)

    assert row[:2] == [name, "30"]
    assert 20 < float(row[-2]) <= float(row[-1]) + 5
