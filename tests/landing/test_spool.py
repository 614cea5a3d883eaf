import os
import tempfile
from pathlib import Path

import pytest

from forebay.landing.spool import SPOOL_BYTES, opened_spool
from forebay.store.errors import Unavailable


def test_a_spool_gives_back_what_was_written_and_then_its_space():
    data = bytes(range(256)) * (SPOOL_BYTES // 128)
    with opened_spool() as spool:
        for start in range(0, len(data), 100_000):
            spool.write(data[start : start + 100_000])
        assert b"".join(spool.chunks()) == data
        assert spool.rewound().read(3) == data[:3]
        spool.empty()
        assert b"".join(spool.chunks()) == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_temporary_folder_is_no_fault_of_the_run_and_says_what_to_mend(monkeypatch: pytest.MonkeyPatch):
    full = Path("/dev/full").open("w+b")  # noqa: SIM115 - closed by whom it is given to
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
    refused = pytest.raises(Unavailable, match=r"No space left on device\): make room in it, or set TMPDIR")
    with opened_spool() as spool, refused:
        spool.write(bytes(2 * SPOOL_BYTES))
    assert full.closed


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_temporary_folder_that_is_found_full_when_its_content_is_asked_for_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    spooled = (tmp_path / "spooled").open("w+b")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: spooled)
    with opened_spool() as spool, Path("/dev/full").open("r+b") as full:
        spool.write(bytes(2 * SPOOL_BYTES))
        spool.write(b"what waits in memory for the disk")
        os.dup2(full.fileno(), spooled.fileno())
        with pytest.raises(Unavailable, match=r"No space left on device\): make room in it, or set TMPDIR"):
            spool.chunks()
