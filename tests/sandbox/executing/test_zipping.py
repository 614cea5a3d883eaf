"""The zip64 form, which only a result of gigabytes would have; the threshold is lowered instead."""

import zipfile
from pathlib import Path

import pytest

from forebay.sandbox.executing import zipping
from forebay.sandbox.setting_choices import ZipSizes


@pytest.mark.parametrize("sizes", list(ZipSizes))
@pytest.mark.parametrize("threshold", [0, 2**40])
def test_a_zip_is_readable_in_each_of_its_four_forms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: ZipSizes, threshold: int
) -> None:
    monkeypatch.setattr(zipping, "_ZIP64_FROM_BYTES", threshold)
    source, target = tmp_path / "r.csv", tmp_path / "r.zip"
    source.write_bytes(b"a,b\n" * 300_000)
    zipping.zip_csv(source, target, level=6, sizes=sizes, keep_going=lambda written: True)
    assert zipfile.ZipFile(target).testzip() is None
    assert b"".join(zipping.unzip_csv(target)) == source.read_bytes()


def test_zipping_stops_when_it_is_told_to(tmp_path: Path) -> None:
    source, target = tmp_path / "r.csv", tmp_path / "r.zip"
    source.write_bytes(bytes(range(256)) * 8000)
    zipping.zip_csv(source, target, level=0, sizes=ZipSizes.KNOWN, keep_going=lambda written: written < 1000)
    assert target.stat().st_size < 600_000
