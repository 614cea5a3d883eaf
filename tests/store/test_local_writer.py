from pathlib import Path

import pytest

from forebay.store.errors import Unavailable
from forebay.store.local_writer import LocalWriter


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_can_be_tried_again():
    with Path("/dev/full").open("wb", buffering=0) as full:
        writer = LocalWriter("key", full, Path("draft"), lambda _: None)  # type: ignore[arg-type]
        with pytest.raises(Unavailable, match="No space left"):
            writer.write(b"x")
